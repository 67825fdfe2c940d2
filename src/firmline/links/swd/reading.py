"""Reading out a unit through a debug probe."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Final, TypeAlias

from firmline.errors import Code, InputError, TransportError, TransportReason
from firmline.formats.flash.dump import FLASH_END, FlashDump
from firmline.formats.flash.information import (
    FICR,
    NRF52_PARTS,
    UICR,
    UICR_SIZE,
    Ficr,
    ficr_of,
)
from firmline.formats.flash.reading import dump_of
from firmline.formats.flash.registers import GPREGRET, RESETREAS
from firmline.formats.spans import Span, join_spans
from firmline.links.swd.port import MemoryPort
from firmline.links.swd.probe import open_port

OpenPort: TypeAlias = Callable[[str], AbstractContextManager[MemoryPort]]

FICR_SIZE: Final = 0x200
"""Up to the end of what is looked at, and what names the chip."""
PAGE: Final = 0x1000
_WORD: Final = 4


def read_unit_over_swd(number: str, *, open_with: OpenPort = open_port) -> FlashDump:
    """Read a unit's registers, FICR, UICR and flash, in this order.

    Args:
        number: Of the probe, or a part of it; empty: the one that is plugged in.
        open_with: What opens a probe.

    Raises:
        InputError: ``DUMP_OTHER_CHIP`` or ``DUMP_BLANK``.
        TransportError: ``LINK_EXTRA_MISSING``, ``SWD_PROBE``, ``SWD_PROTECTED`` or ``SWD_FAILED``.
    """
    with open_with(number) as port:
        return read_unit(port)


def read_unit(port: MemoryPort) -> FlashDump:
    """Read the unit behind a probe; raises as :func:`read_unit_over_swd`."""
    if port.is_protected():
        raise TransportError(
            Code.SWD_PROTECTED,
            f"The chip at {port.name} refuses the debug port (APPROTECT): its memory cannot be"
            " read.",
            reason=TransportReason.REFUSED,
            hint="Do not unlock it: that erases everything, the evidence first. Diagnose with a"
            " trace, or a report with the flag wire_access_refused.",
        )
    pieces = [
        (RESETREAS, port.read(RESETREAS, _WORD)),
        (GPREGRET, port.read(GPREGRET, 2 * _WORD)),
        (FICR, port.read(FICR, FICR_SIZE)),
    ]
    size = _flash_size(pieces[-1][1], port.name)
    pieces.append((UICR, port.read(UICR, UICR_SIZE)))
    flash, notes = _flash(port, size)
    spans = join_spans([*pieces, *flash], name=port.name)
    dump = dump_of(spans, name=port.name)
    return replace(dump, notes=(*dump.notes, *notes), has_unread=dump.has_unread or bool(notes))


def _flash_size(ficr: bytes, name: str) -> int:
    """How much flash the chip says it has.

    Raises:
        InputError: ``DUMP_OTHER_CHIP``: it is no nRF52.
    """
    told = ficr_of(FlashDump(name=name, spans=(Span(address=FICR, data=ficr),))) or Ficr()
    size = told.flash_size
    if told.part not in NRF52_PARTS or size is None or not 0 < size <= FLASH_END:
        what = "names no chip" if told.part is None else f"says 0x{told.part:X}"
        raise InputError(
            Code.DUMP_OTHER_CHIP,
            f"The chip at {name} is no nRF52: its FICR {what}.",
            hint="Connect the probe to the unit's own nRF52.",
        )
    return size


def _flash(port: MemoryPort, size: int) -> tuple[list[tuple[int, bytes]], list[str]]:
    """The flash, page by page, and what of it could not be read.

    Raises:
        TransportError: ``SWD_FAILED``: none of it could be.
    """
    pieces: list[tuple[int, bytes]] = []
    refused: list[int] = []
    for address in range(0, size, PAGE):
        try:
            pieces.append((address, port.read(address, PAGE)))
        except TransportError:
            if not pieces:  # not one page: the contact is at fault, and no page
                raise
            refused.append(address)
    if not refused:
        return pieces, []
    note = (
        f"{len(refused)} pages from 0x{refused[0]:X} on could not be read: they may be protected"
        " (ACL), or the contact was lost."
    )
    return pieces, [note]
