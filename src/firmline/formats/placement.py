"""Where images lie in flash beside each other, and what can therefore not be right.

Rules of this module: only what is certain is refused. Plain bytes have no address, so nothing is
said of where they lie. A SoftDevice always occupies flash from 0x1000 to at least the end of its
information structure (spec sections 6 and 16.2 S3); how much more is known from its own file, or
for some FWIDs from ``data/softdevices.toml``. An application behind it is right, wherever it lies.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from firmline.errors import Code, InputError
from firmline.formats.firmware import FirmwareImage, find_softdevice
from firmline.formats.known_softdevices import PAGE_SIZE, describe_fwid, known_softdevice
from firmline.formats.softdevice import (
    SMALLEST_SOFTDEVICE_END,
    SOFTDEVICE_START,
    SoftDeviceInfo,
    softdevice_in_image,
)


class _Occupied(NamedTuple):
    """Flash behind which an application has to begin."""

    end: int
    by: str
    is_exact: bool
    hint: str


def check_images(
    *,
    application: FirmwareImage | None,
    softdevice: FirmwareImage | None,
    application_sd_req: Sequence[int],
    page_size: int = PAGE_SIZE,
) -> None:
    """Refuse a SoftDevice that is none, and an application that cannot run beside its SoftDevice.

    Args:
        application: For this chip; None if there is none, or if it is for another chip.
        softdevice: The SoftDevice that comes with it, if any.
        application_sd_req: FWIDs that the application's init packet requires. Empty, or 0 first: it
            needs no SoftDevice.
        page_size: Of the chip's flash, in bytes.

    Raises:
        InputError: ``IMAGE_NOT_A_SOFTDEVICE``, ``PACKAGE_COMBINATION`` (the application requires
            another SoftDevice than the one that comes with it) or ``IMAGE_OVERLAPS_SOFTDEVICE``.
    """
    if softdevice is not None:
        _check_softdevice(softdevice, application, page_size)
    if application is None:
        return
    _check_no_softdevice_inside(application)
    required = () if not application_sd_req or application_sd_req[0] == 0 else application_sd_req
    info = find_softdevice(softdevice) if softdevice is not None else None
    if softdevice is not None and info is not None and required and info.fwid not in required:
        names = " or ".join(describe_fwid(fwid) for fwid in required)
        raise InputError(
            Code.PACKAGE_COMBINATION,
            f"{softdevice.source_name} is the SoftDevice with FWID {describe_fwid(info.fwid)}, but"
            f" the application in the same package requires {names}: a unit would take the one and"
            " refuse the other.",
            hint=f"Name it with --sd-id {info.fwid}, or give the SoftDevice that is meant.",
        )
    _check_place(application, _occupied(softdevice, info, required))


def softdevice_end(softdevice: FirmwareImage) -> int:
    """The first address behind a SoftDevice, by its bytes and by its own word where it has one."""
    end = SOFTDEVICE_START + len(softdevice.data)
    info = find_softdevice(softdevice)
    return end if info is None else max(end, info.size_word)


def _check_softdevice(
    softdevice: FirmwareImage, application: FirmwareImage | None, page_size: int
) -> None:
    name, info = softdevice.source_name, find_softdevice(softdevice)
    end = SOFTDEVICE_START + len(softdevice.data)
    if softdevice.address not in (None, SOFTDEVICE_START):
        why = f"it begins at 0x{softdevice.address:X}, and every SoftDevice at 0x1000"
    elif info is None:
        if application is None or application.data != softdevice.data:
            return
        why = f"it holds the same bytes as the application, {application.source_name}"
    elif softdevice.address is None and softdevice_in_image(softdevice.data) is None:
        why = "it begins with the MBR, so a unit would not find the SoftDevice in it"
    elif end > info.size_word + -info.size_word % page_size:
        why = f"it reaches to 0x{end:X}, and the SoftDevice in it ends at 0x{info.size_word:X}"
    else:
        return
    raise InputError(
        Code.IMAGE_NOT_A_SOFTDEVICE,
        f"{name} is not a SoftDevice alone: {why}.",
        hint="Give the SoftDevice's own hex file as its maker ships it; the MBR in it is left out.",
    )


def _check_no_softdevice_inside(application: FirmwareImage) -> None:
    inside = find_softdevice(application)
    if inside is not None:
        raise InputError(
            Code.IMAGE_OVERLAPS_SOFTDEVICE,
            f"{application.source_name} is meant to be an application, but it contains a SoftDevice"
            f" in front of it, FWID {describe_fwid(inside.fwid)}.",
            hint="Give the application's own hex file, not the merged one for a programmer.",
        )


def _check_place(application: FirmwareImage, occupied: _Occupied) -> None:
    address = application.address
    if address is None or address >= occupied.end:
        return
    raise InputError(
        Code.IMAGE_OVERLAPS_SOFTDEVICE,
        f"{application.source_name} begins at 0x{address:X}, inside {occupied.by}, which reaches"
        f" {'' if occupied.is_exact else 'at least '}to 0x{occupied.end:X}.",
        hint=occupied.hint,
    )


def _occupied(
    softdevice: FirmwareImage | None, info: SoftDeviceInfo | None, required: Sequence[int]
) -> _Occupied:
    """The flash that is taken; a SoftDevice's own word counts for more than the table's."""
    found = [] if info is not None else [_by_requirement(required)]
    if softdevice is not None:
        fwid = f", FWID {describe_fwid(info.fwid)}" if info is not None else ""
        by = f"the SoftDevice in {softdevice.source_name}{fwid}"
        hint = "Link the application for the SoftDevice that comes with it."
        is_exact = info is not None
        found.append(_Occupied(softdevice_end(softdevice), by, is_exact, hint))
    return max(found, key=lambda place: place.end)


def _by_requirement(required: Sequence[int]) -> _Occupied:
    """What is occupied whichever of these SoftDevices a unit has."""
    hint = (
        "Give the application's own file, not one merged with the SoftDevice, and link it behind"
        " the SoftDevice that --sd-req names; for units without a SoftDevice give --sd-req 0x00."
    )
    if not required:
        return _Occupied(SOFTDEVICE_START, "the MBR", is_exact=True, hint=hint)
    rows = [row for fwid in required if (row := known_softdevice(fwid)) is not None]
    known = [(end, row) for row in rows if (end := row.occupied_to) is not None]
    if known:
        end, row = min(known, key=lambda each: each[0])
        return _Occupied(end, f"the SoftDevice {row}", row.end is not None, hint)
    by = f"the SoftDevice that it requires, {describe_fwid(required[0])}"
    return _Occupied(SMALLEST_SOFTDEVICE_END, by, is_exact=False, hint=hint)
