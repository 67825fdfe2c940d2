"""One unit after another on the same flash, each with the content that was set up for it.

A sweep boots tens of thousands of units, and each touches a few pages of a flash of up to 1 MB:
only what was touched is put back.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from firmline.device.board import Board
from firmline.device.cuts.flows import FlowSetup
from firmline.device.cuts.recording import Place
from firmline.device.flash import WORD_SIZE, ArmedFaults, FlashOperation, NorFlash, PowerCut
from firmline.device.unit import VirtualUnit


class WatchedFlash(NorFlash):
    """Flash that remembers where the power last went, and which pages were touched.

    Attributes:
        cut_at: The operation that a power cut has met; ``None``: none has yet.
        touched: First addresses of the pages that may have changed.
    """

    def __init__(self, *, size: int, page_size: int) -> None:
        super().__init__(size=size, page_size=page_size)
        self.cut_at: Place | None = None
        self.touched: set[int] = set()

    def erase(self, address: int, pages: int = 1) -> None:
        """Erase whole pages (:meth:`NorFlash.erase`)."""
        size = self.page_size
        with self._watching(FlashOperation.ERASE, address, size, pages * size):
            super().erase(address, pages)

    def write(self, address: int, data: bytes) -> None:
        """Program whole words (:meth:`NorFlash.write`)."""
        with self._watching(FlashOperation.WRITE, address, WORD_SIZE, len(data)):
            super().write(address, data)

    def write_over(self, address: int, data: bytes) -> None:
        """Program words that may hold something already (:meth:`NorFlash.write_over`)."""
        with self._watching(FlashOperation.WRITE, address, WORD_SIZE, len(data)):
            super().write_over(address, data)

    def touch(self, address: int, size: int) -> None:
        """Bytes are about to change; what lies outside the flash is refused later."""
        first = max(0, address - address % self.page_size)
        self.touched.update(range(first, min(address + size, self.size), self.page_size))

    @contextmanager
    def _watching(self, kind: FlashOperation, address: int, step: int, size: int) -> Iterator[None]:
        before = self.operations
        self.touch(address, size)
        try:
            yield
        except PowerCut:
            self.cut_at = Place(kind, address + (self.operations - before) * step)
            raise


class Bench:
    """Where units with prepared flash are switched on, one after another.

    Args:
        setup: What they are.
        content: All of their flash at first.

    Attributes:
        flash: The flash of the unit that was made last.
    """

    def __init__(self, setup: FlowSetup, content: bytes) -> None:
        row, profile = setup.unit.chip, setup.unit.profile
        self._setup = setup
        self._content = bytearray(content)
        self.flash = WatchedFlash(size=row.flash_size, page_size=row.page_size)
        self.flash.load(0, content)
        self._board = Board.of(row, profile, self.flash, setup.unit.public_key)

    def read(self, address: int, size: int) -> bytes:
        """What the next unit will find there."""
        return bytes(self._content[address : address + size])

    def put(self, address: int, data: bytes) -> None:
        """Change what the next units will find."""
        self._content[address : address + len(data)] = data
        self.flash.touch(address, len(data))

    def unit(self) -> VirtualUnit:
        """A unit, switched off, with the prepared content; those before it are gone."""
        flash, page = self.flash, self.flash.page_size
        for start in flash.touched:
            flash.load(start, bytes(self._content[start : start + page]))
        flash.touched.clear()
        flash.cut_at = None
        flash.faults = ArmedFaults()
        self._board.registers.clear()
        description = self._setup.unit
        return VirtualUnit(
            name=description.name,
            address=description.address,
            serial_number=description.serial_number,
            board=self._board,
        )
