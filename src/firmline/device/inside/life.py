"""The life of a unit: power that comes and goes, resets, and what is undone by them.

Whatever runs on the processor goes through :meth:`Life.powered`, since the supply may fail at any
operation. A reset from outside comes at the world's time: what the processor has done ahead of it
is rolled back.
"""

from __future__ import annotations

from collections.abc import Callable

from firmline.device.flash import FlashRuleError, PowerCut
from firmline.device.inside.core import Core
from firmline.device.inside.link import Link
from firmline.device.inside.programs import Programs
from firmline.device.radio_face import ResetKind, Restarted


class Life:
    """Power and resets of one unit.

    Args:
        core: What all parts share.
        link: What a reset ends without a word.
        serial_number: What the application says.
        gpregret: What an earlier run has left in GPREGRET before the first boot.
        lost_buffers: How many receive buffers are lost when the bootloader first starts.
        greets: Whether the application of a unit without a radio prints what it is.

    Attributes:
        programs: What runs.
        starts_s: When the supply is back; ``None``: it is there, or does not come back by itself.
    """

    def __init__(
        self,
        core: Core,
        link: Link,
        *,
        serial_number: str,
        gpregret: int,
        lost_buffers: int,
        greets: bool,
    ) -> None:
        self.programs = Programs(
            core,
            link,
            serial_number=serial_number,
            lost_buffers=lost_buffers,
            greets=greets,
            on_reset=lambda: self.restart(ResetKind.SOFT),
        )
        self.starts_s: float | None = None
        self._core = core
        self._link = link
        self._left_in_gpregret = core.faults.left_in_gpregret(gpregret)
        self._was_on = False

    def power_on(self, now_s: float) -> None:
        """Power comes to a unit that does not run: registers are zero, and the chip boots."""
        core = self._core
        core.board.registers.clear()
        core.board.registers.note(ResetKind.POWER)
        core.board.registers.gpregret, self._left_in_gpregret = self._left_in_gpregret, 0
        if not self._was_on:
            self._was_on = True
            core.faults.switch_on()
        core.faults.reset(ResetKind.POWER, now_s)
        self.powered(self._boot)

    def reset(self, kind: ResetKind, now_s: float) -> None:
        """A reset from outside; only a soft one keeps the registers (FORMAT.md, section 4.2)."""
        physics = self._core.time.physics
        self._interrupt()
        if kind is not ResetKind.SOFT:
            self._core.board.registers.clear()
        if kind is ResetKind.POWER and physics is not None:
            physics.supply.interrupt(now_s)
        self.powered(lambda: self.restart(kind))

    def bite(self) -> None:
        """Nobody has reloaded the watchdog in time."""
        self._interrupt()
        self._core.faults.bite()
        self._core.board.registers.clear()
        self.powered(lambda: self.restart(ResetKind.WATCHDOG))

    def start_again(self) -> None:
        """The supply is back."""
        self.starts_s = None
        self.powered(lambda: self.restart(ResetKind.POWER))

    def powered(self, action: Callable[[], None]) -> None:
        """Run what a power cut or a fault of the processor may end."""
        try:
            action()
        except PowerCut:
            self._lose_power()
        except FlashRuleError as fault:
            self._core.log.record("hard_fault", reason=str(fault))
            self.powered(lambda: self.restart(ResetKind.SOFT))

    def restart(self, kind: ResetKind) -> None:
        """The chip resets and boots; to be run where power is looked after.

        Raises:
            PowerCut: The power goes in the middle of it.
        """
        self._core.log.record("reset", kind=kind.value)
        self._go_silent(kind)
        self._boot()

    def _interrupt(self) -> None:
        """What the processor has done ahead of this moment does not happen."""
        core = self._core
        physics, now_s = core.time.physics, core.time.now_s
        if physics is None or physics.cpu_s <= now_s:
            return
        core.board.nvmc.roll_back(now_s)
        core.outbox.roll_back()
        core.log.roll_back()
        physics.cpu_s = now_s

    def _lose_power(self) -> None:
        """Power goes; RAM and registers are lost. It is back at once, or when the supply is."""
        core = self._core
        core.board.registers.clear()
        physics = core.time.physics
        if physics is None:
            self.powered(lambda: self.restart(ResetKind.POWER))
            return
        core.faults.lose_power()
        self.starts_s = physics.supply.brown_out(physics.cpu_s)
        core.log.record("power_lost", lowest_v=round(physics.supply.lowest, 3))
        self.programs.stop()
        self._go_silent(ResetKind.POWER)

    def _go_silent(self, kind: ResetKind) -> None:
        """The radio dies, and with it what was connected."""
        core = self._core
        self._link.close(core.time.cpu_s)
        core.board.registers.note(kind)
        core.faults.reset(kind, core.time.cpu_s)
        core.outbox.say(Restarted(kind=kind))

    def _boot(self) -> None:
        self.starts_s = None
        self.programs.boot()
