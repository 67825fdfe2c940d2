"""How firmware writes flash: itself, standing still, or through the SoftDevice's queue.

Builds for UART and USB, and every boot, drive the flash controller (NVMC) themselves: the processor
stands still for each operation (:class:`Nvmc`). In DFU mode a BLE build hands its work to the
SoftDevice (:mod:`firmline.device.flash_queue`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from firmline.device.flash import WORD_SIZE, FlashOperation, NorFlash, PowerCut
from firmline.device.physics.physics import Physics


class QueueFullError(Exception):
    """The SoftDevice's queue takes no more: what was to be written is lost."""


class Storage(Protocol):
    """What firmware writes flash through."""

    def erase(self, address: int, pages: int = 1) -> None:
        """Erase whole pages.

        Raises:
            QueueFullError: Nothing was taken.
        """

    def write(self, address: int, data: bytes) -> None:
        """Program whole words of erased flash; as :meth:`erase`."""

    def write_over(self, address: int, data: bytes) -> None:
        """Program whole words that may hold something; as :meth:`erase`."""


@dataclass(frozen=True, slots=True)
class _Run:
    """Operations the processor has done ahead of the world's time."""

    start_s: float
    each_s: float
    size: int
    address: int
    before: bytes


class Nvmc:
    """The flash controller, driven by the processor itself.

    Args:
        flash: What it writes.
        physics: What that costs; ``None``: lock step, nothing.
    """

    def __init__(self, flash: NorFlash, physics: Physics | None = None) -> None:
        self._flash = flash
        self._physics = physics
        self._ahead: list[_Run] = []

    def erase(self, address: int, pages: int = 1) -> None:
        """Erase whole pages; see :class:`Storage`."""
        size = self._flash.page_size
        carried = self._carried(FlashOperation.ERASE, address, pages, size)
        if carried:
            self._flash.erase(address, carried)
        self._fail_unless(carried == pages)

    def write(self, address: int, data: bytes) -> None:
        """Program whole words; see :class:`Storage`."""
        words = len(data) // WORD_SIZE
        carried = self._carried(FlashOperation.WRITE, address, words, WORD_SIZE)
        # Whole data go as they are: flash itself refuses what is no run of words.
        self._flash.write(address, data if carried == words else data[: carried * WORD_SIZE])
        self._fail_unless(carried == words)

    def write_over(self, address: int, data: bytes) -> None:
        """Program whole words over others; see :class:`Storage`."""
        words = len(data) // WORD_SIZE
        carried = self._carried(FlashOperation.WRITE, address, words, WORD_SIZE)
        self._flash.write_over(address, data[: carried * WORD_SIZE])
        self._fail_unless(carried == words)

    def forget_the_past(self) -> None:
        """The world's time has caught up with the processor's."""
        self._ahead.clear()

    def roll_back(self, now_s: float) -> None:
        """The chip is reset from outside at this time: what would have come later was not done."""
        for run in reversed(self._ahead):
            done = int((now_s - run.start_s) / run.each_s) if now_s > run.start_s else 0
            begin = min(done * run.size, len(run.before))
            self._flash.load(run.address + begin, run.before[begin:])
        self._ahead.clear()

    def _carried(self, operation: FlashOperation, address: int, count: int, size: int) -> int:
        """How many of the operations the supply carries; they are remembered for a roll-back."""
        physics = self._physics
        if physics is None or not count:
            return count
        each_s = physics.duration_of(operation)
        cut_in = self._flash.faults.cut_in
        # Time stands still where the power is cut: no operation behind it has taken any.
        done = physics.operate(operation, count if cut_in is None else min(count, cut_in))
        before = self._flash.read(address, done * size)
        self._ahead.append(_Run(physics.cpu_s - done * each_s, each_s, size, address, before))
        return done

    @staticmethod
    def _fail_unless(everything_done: bool) -> None:
        if not everything_done:
            raise PowerCut
