"""The memory of a virtual unit as a dump, and a dump of a real unit as a virtual one's memory."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from firmline.device.chips import Chip, chip, chip_names
from firmline.device.description import UnitDescription
from firmline.device.faults.plan import BootloaderMissing, FaultPlan
from firmline.device.flash import ERASED
from firmline.device.information import ficr_image
from firmline.device.unit import VirtualUnit
from firmline.errors import Code, InputError
from firmline.formats.flash.dump import FlashDump
from firmline.formats.flash.information import (
    ERASED_WORD,
    FICR,
    UICR,
    UICR_SIZE,
    ficr_of,
    uicr_of,
)
from firmline.formats.flash.registers import GPREGRET, GPREGRET2, RESETREAS, registers_of
from firmline.formats.key_search import find_any_keys
from firmline.formats.spans import Span, clip_spans
from firmline.values import BleAddress

_WORD: Final = 4


def dump_unit(unit: VirtualUnit) -> FlashDump:
    """What a debug probe reads out of a virtual unit: flash, FICR, UICR and registers."""
    board = unit.board
    words = {
        RESETREAS: board.registers.resetreas,
        GPREGRET: board.registers.gpregret,
        GPREGRET2: board.registers.gpregret2,
    }
    spans = [
        Span(address=0, data=board.flash.read(0, board.flash.size)),
        Span(address=FICR, data=ficr_image(board.chip, unit.address, unit.serial_number)),
        Span(address=UICR, data=board.uicr),
        Span(address=RESETREAS, data=words[RESETREAS].to_bytes(_WORD, "little")),
        Span(
            address=GPREGRET,
            data=b"".join(words[each].to_bytes(_WORD, "little") for each in (GPREGRET, GPREGRET2)),
        ),
    ]
    return FlashDump(name=unit.name, spans=tuple(spans))


def load_dump(unit: VirtualUnit, dump: FlashDump) -> None:
    """Make the flash of a unit that is switched off what a dump says; the rest of it is erased.

    UICR is the dump's where it has any.

    Raises:
        InputError: ``IMAGE_TOO_LARGE``: it has bytes outside the chip's flash; ``IMAGE_NO_CODE``:
            it has none inside.
    """
    flash = unit.board.flash
    inside = dump.flash
    if not inside:
        raise InputError(Code.IMAGE_NO_CODE, f"{dump.name} holds nothing of the flash of a unit.")
    _check_size(dump, unit.board.chip)
    flash.load(0, bytes([ERASED]) * flash.size)
    for span in inside:
        flash.load(span.address, span.data)
    if dump.held(UICR, UICR + UICR_SIZE):
        unit.board.uicr = dump.read(UICR, UICR_SIZE)


def describe_dump(description: UnitDescription, dump: FlashDump) -> UnitDescription:
    """What a unit is made of that shall be the one a dump was read from.

    Chip, address, place of the bootloader, trusted key and GPREGRET are the dump's where it tells
    them. Of how its bootloader was built a dump tells nothing: that is the description's.

    What is wrong with the description's unit stays wrong with it.

    Args:
        description: The unit that comes nearest.
        dump: The dump; it is loaded when the unit is made.

    Raises:
        InputError: ``IMAGE_TOO_LARGE``.
    """
    row = chip_of(dump) or description.chip
    _check_size(dump, row)
    profile = description.profile
    uicr, left = uicr_of(dump), registers_of(dump).gpregret
    start = None if uicr is None else uicr.bootloader_address
    top = row.flash_size - 2 * row.page_size
    if start is not None and start != ERASED_WORD and 0 < start < top and not start % row.page_size:
        profile = replace(profile, bootloader_size=top - start)
    ficr = ficr_of(dump)
    address = None if ficr is None else ficr.address
    region = range(top - profile.bootloader_size, top)
    keys = find_any_keys(clip_spans(dump.flash, region.start, region.stop))
    return replace(
        description,
        chip=row,
        profile=profile,
        address=description.address if address is None else BleAddress.parse(address),
        public_key=keys[0].key if len(keys) == 1 else description.public_key,
        gpregret=description.gpregret if left is None else left,
        softdevice=None,
        application_size=0,
        faults=_faults(description.faults, dump, region),
        dump=dump,
    )


def _faults(plan: FaultPlan, dump: FlashDump, region: range) -> FaultPlan:
    """The plan, and a bootloader that is missing where the dump shows it.

    A dump that leaves the region out, and names a bootloader in UICR or has none, may be one of the
    images that were programmed beside it.
    """
    uicr, size = uicr_of(dump), len(region)
    is_named = uicr is None or uicr.bootloader_address != ERASED_WORD
    is_blank = not dump.read(region.start, size).strip(bytes([ERASED]))
    is_held = dump.held(region.start, region.stop) == size
    if not is_blank or (is_named and not is_held):
        return plan
    return replace(plan, faults=(*plan.faults, BootloaderMissing()))


def chip_of(dump: FlashDump) -> Chip | None:
    """The chip that the FICR in a dump names; ``None``: it names none that is known."""
    ficr = ficr_of(dump)
    if ficr is None or ficr.part is None:
        return None
    alike = [row for row in map(chip, chip_names()) if row.part == ficr.part]
    fitting = [row for row in alike if ficr.flash_size in (None, row.flash_size)]
    return fitting[0] if len(fitting) == 1 else None


def _check_size(dump: FlashDump, row: Chip) -> None:
    for span in dump.flash:
        if span.end > row.flash_size:
            raise InputError(
                Code.IMAGE_TOO_LARGE,
                f"{dump.name} reaches to 0x{span.end:X}, and the flash of {row.name} ends at"
                f" 0x{row.flash_size:X}.",
                hint="Serve a unit with the chip that the dump was read from (--unit).",
            )
