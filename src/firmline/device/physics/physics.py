"""One unit's physics: the time its processor has reached, and the supply it draws from."""

from __future__ import annotations

from typing import Final

from firmline.device.flash import FlashOperation, PowerCut
from firmline.device.physics.supply import Load, Supply
from firmline.device.physics.timing import Timing

NEVER: Final = float("inf")


class Physics:
    """What everything a unit does costs.

    The processor works through what it is given at once and lets its own time run ahead of the
    world's: an input that comes while it is busy is taken up at ``cpu_s``, and what it says then is
    said at that time.

    Args:
        timing: How long things take.
        supply: What it is fed by.

    Attributes:
        cpu_s: The time the processor has reached.
    """

    def __init__(self, timing: Timing, supply: Supply) -> None:
        self.timing = timing
        self.supply = supply
        self.cpu_s = 0.0

    def reach(self, now_s: float) -> None:
        """An input or a timer comes at this time; a busy processor takes it up later."""
        self.cpu_s = max(self.cpu_s, now_s)

    def wait(self, duration_s: float) -> None:
        """The processor sleeps."""
        self.cpu_s += duration_s

    def compute(self, duration_s: float) -> None:
        """The processor computes.

        Raises:
            PowerCut: The supply does not carry it.
        """
        self.use(Load.CPU, self.cpu_s, self.cpu_s + duration_s)
        self.cpu_s += duration_s

    def use(self, load: Load, start_s: float, end_s: float) -> None:
        """Something draws a load, beside the processor's own time.

        Raises:
            PowerCut: The supply does not carry it; ``cpu_s`` is the time of the brown-out.
        """
        failed_s = self.supply.draw(load, start_s, end_s)
        if failed_s is not None:
            self.cpu_s = failed_s
            raise PowerCut

    def operate(self, operation: FlashOperation, count: int) -> int:
        """The processor stands still for flash operations; how many of them the supply carries."""
        each_s = self.duration_of(operation)
        start_s = self.hold_back(self.cpu_s)
        if start_s == NEVER:
            self.cpu_s = NEVER
            return 0
        failed_s = self.supply.draw(Load.FLASH, start_s, start_s + count * each_s)
        if failed_s is None:
            self.cpu_s = start_s + count * each_s
            return count
        self.cpu_s = failed_s
        return min(int((failed_s - start_s) / each_s), count - 1)

    def duration_of(self, operation: FlashOperation) -> float:
        """Seconds of one flash operation."""
        if operation is FlashOperation.ERASE:
            return self.timing.erase_page_s
        return self.timing.write_word_s

    def hold_back(self, start_s: float) -> float:
        """When flash may be used, if the power-fail comparator has a say; ``NEVER``: not at all."""
        threshold = self.supply.source.power_fail_v
        if not threshold:
            return start_s
        self.supply.draw(Load.SLEEP, start_s, start_s)
        wait_s = self.supply.time_to(threshold)
        return NEVER if wait_s is None else start_s + wait_s
