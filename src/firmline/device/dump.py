"""Giving a virtual unit the flash of a real one, from a dump of it."""

from __future__ import annotations

from typing import Final

from firmline.device.flash import ERASED
from firmline.device.unit import VirtualUnit
from firmline.errors import Code, InputError
from firmline.formats.firmware import parse_memory
from firmline.formats.spans import Span

INFORMATION_REGISTERS: Final = range(0x1000_0000, 0x1000_2000)
"""FICR and UICR (nRF52 product specifications, memory map): debug probes dump them too."""


def load_dump(unit: VirtualUnit, content: bytes, *, name: str) -> None:
    """Make the flash of a unit that is switched off what a dump says; the rest of it is erased.

    Args:
        unit: The unit; which code its bootloader runs does not depend on the dump.
        content: Intel HEX, S-records, ELF, or plain bytes from address 0.
        name: Of the file, for messages.

    Raises:
        InputError: ``IMAGE_...``: it cannot be read, or has bytes outside the chip's flash.
    """
    flash = unit.board.flash
    spans = parse_memory(content, name=name)
    if spans is None:
        spans = (Span(address=0, data=content),)
    inside = [span for span in spans if span.address not in INFORMATION_REGISTERS]
    for span in inside:
        if span.end > flash.size:
            raise InputError(
                Code.IMAGE_TOO_LARGE,
                f"{name} reaches to 0x{span.end:X}, and the flash of {unit.board.chip.name} ends at"
                f" 0x{flash.size:X}.",
                hint="Serve a unit with the chip that the dump was read from (--unit).",
            )
    if not inside:
        raise InputError(Code.IMAGE_NO_CODE, f"{name} holds nothing of the flash of a unit.")
    flash.load(0, bytes([ERASED]) * flash.size)
    for span in inside:
        flash.load(span.address, span.data)
