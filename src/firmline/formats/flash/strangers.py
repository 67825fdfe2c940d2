"""Dumps of chips that are no nRF52 or nRF51, by where their memory lies.

Sources: memory maps of the makers' product specifications and reference manuals. Plain bytes have
no addresses; of them the vector table tells what they are linked for.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from firmline.formats.flash.vector_table import stack_and_reset
from firmline.formats.spans import Span, read_spans

_NORDIC_NEWER: Final = "an nRF53, nRF91 or nRF54"
_AREAS: Final = (
    (range(0x00FF_0000, 0x0100_0000), f"{_NORDIC_NEWER}, whose FICR and UICR lie at 0xFF0000"),
    (range(0x0100_0000, 0x0110_0000), "the network core of an nRF53, whose flash is at 0x1000000"),
    (range(0x0800_0000, 0x0900_0000), "an STM32 or a relative of it, whose flash is at 0x8000000"),
    (range(0x1000_2000, 0x1100_0000), "an RP2040 or RP2350, whose flash is at 0x10000000"),
    (range(0x0040_0000, 0x0080_0000), "a SAM or an ESP32, whose flash is at 0x400000"),
    (range(0x6000_0000, 0x8000_0000), "a chip with flash at 0x60000000, such as an i.MX RT"),
)
_RAM: Final = range(0x2000_0000, 0x3000_0000)
_LARGEST_RAM_END: Final = 0x2004_0000
_RESETS: Final = (
    (range(0x0800_0000, 0x0900_0000), "an STM32 or a relative of it (its code runs at 0x8000000)"),
    (range(0x1000_0000, 0x1100_0000), "an RP2040 or RP2350 (its code runs at 0x10000000)"),
)


def stranger(spans: tuple[Span, ...]) -> str | None:
    """What chip the memory is of, where it is no nRF52 or nRF51, in words; ``None``: it may be one.

    Args:
        spans: Sorted, as every reader returns them.
    """
    for area, what in _AREAS:
        if _touch(spans, area):
            return what
    if not any(span.address == 0 for span in spans):
        return None
    stack, reset = stack_and_reset(read_spans(spans, 0, 8))
    if stack not in _RAM or stack % 4:
        return None
    for area, what in _RESETS:
        if reset in area:
            return what
    if stack > _LARGEST_RAM_END and reset % 2:
        return f"{_NORDIC_NEWER}, or another chip with more RAM than an nRF52 (stack 0x{stack:X})"
    return None


def _touch(spans: Iterable[Span], area: range) -> bool:
    return any(span.address < area.stop and area.start < span.end for span in spans)
