"""NOR flash as the chip has it, and stricter: it refuses what hardware would spoil silently.

One *operation* is the erasure of one page or the programming of one aligned 32-bit word
(FORMAT.md, section 5): the unit in which power cuts and wear are counted. Programming can only
clear bits; a program that would have to set one is a defect of whoever writes, and raises.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

WORD_SIZE = 4
ERASED = 0xFF


class FlashOperation(StrEnum):
    """The two things flash can do."""

    ERASE = "erase"
    WRITE = "write"


class FlashRuleError(Exception):
    """Flash was used against its rules: outside it, unaligned, or without an erase."""


class FlashProtectedError(FlashRuleError):
    """Protected flash was to be changed: the processor meets a hard fault instead."""


class PowerCut(Exception):  # noqa: N818 - not an error of ours: the supply is gone
    """The power went at this operation; whatever ran, runs no more."""


class FlashFault(StrEnum):
    """What can be wrong with flash; the values are the names of faults."""

    CUT = "power-cut"
    DROP = "dropped-operation"
    WEAR = "worn-page"


def _nobody(_fault: FlashFault) -> None:
    """Nobody is told."""


@dataclass(slots=True)
class ArmedFaults:
    """Faults that wait for an operation (FORMAT.md, section 4.2); both count on their own.

    Attributes:
        cut_in: At the N-th operation from now the power goes instead; ``None``: not armed.
        drop_in: The N-th operation from now is silently not done; ``None``: not armed.
        next_cuts: Where further cuts follow, each counted from the one before it.
        next_drops: The same for drops.
        on_strike: Told when one of them strikes.
    """

    cut_in: int | None = None
    drop_in: int | None = None
    next_cuts: tuple[int, ...] = ()
    next_drops: tuple[int, ...] = ()
    on_strike: Callable[[FlashFault], None] = _nobody

    def arm(self, *, cuts: Iterable[int], drops: Iterable[int]) -> None:
        """Arm any number of both, at operations counted from now."""
        self.cut_in, self.next_cuts = _in_turn(cuts)
        self.drop_in, self.next_drops = _in_turn(drops)

    def free_operations(self) -> int | None:
        """How many operations pass before the first fault; ``None``: all."""
        waiting = [count for count in (self.cut_in, self.drop_in) if count is not None]
        return min(waiting) - 1 if waiting else None

    def pass_by(self, count: int) -> None:
        """So many operations were done."""
        if self.cut_in is not None:
            self.cut_in -= count
        if self.drop_in is not None:
            self.drop_in -= count

    def strike(self) -> None:
        """The next operation meets its fault: it is dropped, unless the power goes.

        Raises:
            PowerCut: The power goes; the operation does not count for the drop.
        """
        if self.cut_in == 1:
            self.cut_in, self.next_cuts = _next_of(self.next_cuts)
            self.on_strike(FlashFault.CUT)
            raise PowerCut
        self.drop_in, self.next_drops = _next_of(self.next_drops)
        self.on_strike(FlashFault.DROP)
        if self.cut_in is not None:
            self.cut_in -= 1


def _in_turn(operations: Iterable[int]) -> tuple[int | None, tuple[int, ...]]:
    """The first of some operations, and how far each of the others is from the one before it."""
    turns = sorted(set(operations))
    return _next_of((*turns[:1], *(late - early for early, late in pairwise(turns))))


def _next_of(distances: tuple[int, ...]) -> tuple[int | None, tuple[int, ...]]:
    return (distances[0], distances[1:]) if distances else (None, ())


class NorFlash:
    """The flash of one unit.

    Args:
        size: Bytes; a multiple of ``page_size``.
        page_size: Bytes.
        on_operation: Told of every run of operations: which, the address, and how many pages or
            words.

    Attributes:
        operations: Operations done so far (pages erased plus words programmed).
        faults: Faults that wait for an operation.
    """

    def __init__(
        self,
        *,
        size: int,
        page_size: int,
        on_operation: Callable[[FlashOperation, int, int], None] | None = None,
    ) -> None:
        self.size = size
        self.page_size = page_size
        self.operations = 0
        self.faults = ArmedFaults()
        self.on_operation = on_operation
        self._bytes = bytearray([ERASED]) * size
        self._protected: list[range] = []
        self._is_faulty = False
        self._worn: dict[int, bytes] = {}

    def drop_operation(self, number: int) -> None:
        """Arm a silent loss; from then on words may be programmed that were never erased."""
        self.faults.drop_in = number
        self.tolerate()

    def tolerate(self) -> None:
        """From now on words may be programmed that are not erased: it is not their writer's fault.

        Bits are only cleared, as always.
        """
        self._is_faulty = True

    def wear_out(self, address: int, erased: bytes) -> None:
        """From now on an erasure leaves a page with this content.

        Args:
            address: Where the page begins.
            erased: What it then holds, a whole page.
        """
        self._check_range(address, self.page_size)
        self._worn[address] = erased
        self.tolerate()

    def read(self, address: int, size: int) -> bytes:
        """``size`` bytes from ``address``."""
        self._check_range(address, size)
        return bytes(self._bytes[address : address + size])

    def read_word(self, address: int) -> int:
        """The little-endian word at ``address``."""
        return int.from_bytes(self.read(address, WORD_SIZE), "little")

    def erase(self, address: int, pages: int = 1) -> None:
        """Erase whole pages, beginning with the one that starts at ``address``."""
        size = pages * self.page_size
        self._check_range(address, size)
        if address % self.page_size:
            raise FlashRuleError(f"0x{address:X} is not the beginning of a page.")
        self._run(FlashOperation.ERASE, address, pages, self._erase_pages)

    def write(self, address: int, data: bytes) -> None:
        """Program whole words; every word counts, also one that changes nothing."""
        old, new = self._before_and_after(address, data)
        if new & ~old and not self._is_faulty:
            raise FlashRuleError(
                f"Writing {len(data)} bytes at 0x{address:X} would have to set bits that are"
                " cleared: the page was not erased."
            )
        self._program(address, new & old, len(data))

    def write_over(self, address: int, data: bytes) -> None:
        """Program words that may hold something already, as the chip does: bits are only cleared.

        For what a host can bring about (FORMAT.md, section 5); ours is :meth:`write`.
        """
        old, new = self._before_and_after(address, data)
        self._program(address, new & old, len(data))

    def protect(self, address: int, size: int) -> None:
        """Refuse to erase or program these bytes until :meth:`unprotect` (BPROT, ACL)."""
        self._protected.append(range(address, address + size))

    def unprotect(self) -> None:
        """Every reset takes all protection away."""
        self._protected.clear()

    def is_protected(self, address: int, size: int) -> bool:
        """Whether any of these bytes is protected."""
        end = address + size
        return any(address < area.stop and area.start < end for area in self._protected)

    def load(self, address: int, data: bytes) -> None:
        """Put bytes there as a programmer with a debug probe would; not an operation."""
        self._check_range(address, len(data))
        self._bytes[address : address + len(data)] = data

    def reprogram(self, address: int, data: bytes) -> None:
        """Erase whole pages and write them, as a programmer does; worn pages keep their bits."""
        self.load(address, data)
        for page, erased in self._worn.items():
            if address <= page < address + len(data):
                offset = page - address
                wanted = data[offset : offset + self.page_size]
                kept = bytes(want & stuck for want, stuck in zip(wanted, erased, strict=True))
                self.load(page, kept)

    def _check_range(self, address: int, size: int) -> None:
        if address < 0 or size < 0 or address + size > self.size:
            raise FlashRuleError(
                f"{size} bytes at 0x{address:X} are not all inside {self.size} bytes of flash."
            )

    def _before_and_after(self, address: int, data: bytes) -> tuple[int, int]:
        """What a run of words holds, and what is to be programmed, as numbers."""
        self._check_range(address, len(data))
        if address % WORD_SIZE or len(data) % WORD_SIZE:
            raise FlashRuleError(
                f"{len(data)} bytes at 0x{address:X} are not a run of aligned words."
            )
        old = int.from_bytes(self._bytes[address : address + len(data)], "little")
        return old, int.from_bytes(data, "little")

    def _program(self, address: int, value: int, size: int) -> None:
        result = value.to_bytes(size, "little")

        def program(_address: int, first: int, count: int) -> None:
            start, end = first * WORD_SIZE, (first + count) * WORD_SIZE
            self._bytes[address + start : address + end] = result[start:end]

        self._run(FlashOperation.WRITE, address, size // WORD_SIZE, program)

    def _erase_pages(self, address: int, first: int, count: int) -> None:
        start = address + first * self.page_size
        size = count * self.page_size
        self._bytes[start : start + size] = bytes([ERASED]) * size
        for page, content in self._worn.items():
            if start <= page < start + size:
                self._bytes[page : page + self.page_size] = content
                self.faults.on_strike(FlashFault.WEAR)

    def _run(
        self,
        operation: FlashOperation,
        address: int,
        count: int,
        perform: Callable[[int, int, int], None],
    ) -> None:
        """Do ``count`` operations in runs, each up to the next fault that waits."""
        allowed = self._before_protected(operation, address, count)
        self._run_allowed(operation, address, allowed, perform)
        if allowed < count:
            raise FlashProtectedError(f"Flash behind 0x{address:X} is protected.")

    def _before_protected(self, operation: FlashOperation, address: int, count: int) -> int:
        """How many operations come before the first that protected flash forbids."""
        size = self.page_size if operation is FlashOperation.ERASE else WORD_SIZE
        starts = [
            max(0, area.start - address) // size
            for area in self._protected
            if address < area.stop and area.start < address + count * size
        ]
        return min(starts, default=count)

    def _run_allowed(
        self,
        operation: FlashOperation,
        address: int,
        count: int,
        perform: Callable[[int, int, int], None],
    ) -> None:
        done = 0
        while done < count:
            free = self.faults.free_operations()
            run = count - done if free is None else min(free, count - done)
            if run:
                perform(address, done, run)
                self._note(operation, address, done, run)
                self.faults.pass_by(run)
                done += run
            if done < count:
                self.faults.strike()
                done += 1

    def _note(self, operation: FlashOperation, address: int, first: int, count: int) -> None:
        self.operations += count
        if self.on_operation is not None:
            size = self.page_size if operation is FlashOperation.ERASE else WORD_SIZE
            self.on_operation(operation, address + first * size, count)
