"""NOR flash as the chip has it, and stricter: it refuses what hardware would spoil silently.

One *operation* is the erasure of one page or the programming of one aligned 32-bit word
(FORMAT.md, section 5): the unit in which power cuts and wear are counted. Programming can only
clear bits; a program that would have to set one is a defect of whoever writes, and raises.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

WORD_SIZE = 4
ERASED = 0xFF


class FlashOperation(StrEnum):
    """The two things flash can do."""

    ERASE = "erase"
    WRITE = "write"


class FlashRuleError(Exception):
    """Flash was used against its rules: outside it, unaligned, or without an erase."""


class NorFlash:
    """The flash of one unit.

    Args:
        size: Bytes; a multiple of ``page_size``.
        page_size: Bytes.
        on_operation: Told of every run of operations: which, the address, and how many pages or
            words.

    Attributes:
        operations: Operations done so far (pages erased plus words programmed).
        on_operation: As the argument; may be set later.
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
        self._bytes = bytearray([ERASED]) * size
        self.on_operation = on_operation

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
        self._bytes[address : address + size] = bytes([ERASED]) * size
        self._count(FlashOperation.ERASE, address, pages)

    def write(self, address: int, data: bytes) -> None:
        """Program whole words; every word counts, also one that changes nothing."""
        self._check_range(address, len(data))
        if address % WORD_SIZE or len(data) % WORD_SIZE:
            raise FlashRuleError(
                f"{len(data)} bytes at 0x{address:X} are not a run of aligned words."
            )
        old = int.from_bytes(self._bytes[address : address + len(data)], "little")
        new = int.from_bytes(data, "little")
        if new & ~old:
            raise FlashRuleError(
                f"Writing {len(data)} bytes at 0x{address:X} would have to set bits that are"
                " cleared: the page was not erased."
            )
        self._bytes[address : address + len(data)] = data
        self._count(FlashOperation.WRITE, address, len(data) // WORD_SIZE)

    def write_over(self, address: int, data: bytes) -> None:
        """Program words that may hold something already, as the chip does: bits are only cleared.

        For what a host can bring about (FORMAT.md, section 5); ours is :meth:`write`.
        """
        old = self.read(address, len(data))
        self.write(address, bytes(before & new for before, new in zip(old, data, strict=True)))

    def load(self, address: int, data: bytes) -> None:
        """Put bytes there as a programmer with a debug probe would; not an operation."""
        self._check_range(address, len(data))
        self._bytes[address : address + len(data)] = data

    def _check_range(self, address: int, size: int) -> None:
        if address < 0 or size < 0 or address + size > self.size:
            raise FlashRuleError(
                f"{size} bytes at 0x{address:X} are not all inside {self.size} bytes of flash."
            )

    def _count(self, operation: FlashOperation, address: int, count: int) -> None:
        self.operations += count
        if self.on_operation and count:
            self.on_operation(operation, address, count)
