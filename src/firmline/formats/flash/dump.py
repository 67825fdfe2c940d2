"""A dump of a unit as a value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from firmline.formats.firmware import MAX_IMAGE_SIZE
from firmline.formats.spans import Span, clip_spans, read_spans

FLASH_END: Final = MAX_IMAGE_SIZE
"""The end of the largest flash, that of an nRF52840."""
INFORMATION: Final = range(0x1000_0000, 0x1000_2000)
"""FICR, and UICR behind it."""
RAM: Final = range(0x2000_0000, 0x2004_0000)
REGISTERS: Final = range(0x4000_0000, 0x5000_0000)
EXTERNAL_FLASH: Final = range(0x1200_0000, 0x2000_0000)
"""Flash behind the QSPI of an nRF52840 (its product specification, memory map)."""
_WORD: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class FlashDump:
    """What was read out of one unit.

    Attributes:
        name: Of the file or the probe, for messages.
        spans: Flash, FICR, UICR and registers, sorted; what is not in them is not known.
        notes: What was done with it, or could not be used; one sentence each.
        has_unread: Whether pieces are missing because they could not be read.
        is_placed: Whether it is known where it lies; of plain bytes nothing may tell.
    """

    name: str
    spans: tuple[Span, ...]
    notes: tuple[str, ...] = ()
    has_unread: bool = False
    is_placed: bool = True

    @property
    def flash(self) -> tuple[Span, ...]:
        """What it holds of the flash."""
        return clip_spans(self.spans, 0, FLASH_END)

    def read(self, address: int, size: int) -> bytes:
        """``size`` bytes; what is not in the dump reads as erased flash."""
        return read_spans(self.spans, address, size)

    def held(self, start: int, end: int) -> int:
        """How many bytes of ``[start, end)`` it holds."""
        return sum(len(span.data) for span in clip_spans(self.spans, start, end))

    def word(self, address: int) -> int | None:
        """The little-endian word at an address; ``None``: it is not in the dump."""
        if self.held(address, address + _WORD) != _WORD:
            return None
        return int.from_bytes(self.read(address, _WORD), "little")
