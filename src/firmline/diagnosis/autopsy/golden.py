"""What differs between a unit and one that is known to be good, region by region."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from firmline.diagnosis.autopsy.body import Body
from firmline.formats.flash.dump import FLASH_END
from firmline.formats.flash.information import FICR, UICR, UICR_SIZE
from firmline.formats.settings_page import SettingsPage
from firmline.formats.softdevice import SOFTDEVICE_START


class Region(StrEnum):
    """A piece of the memory, by the good unit's layout."""

    MBR = "mbr"
    SOFTDEVICE = "softdevice"
    APPLICATION = "application"
    FREE = "free"
    DATA = "application_data"
    BOOTLOADER = "bootloader"
    MBR_PARAMETERS = "mbr_parameters"
    SETTINGS = "bootloader_settings"
    BEHIND = "behind"
    FICR = "ficr"
    UICR = "uicr"


EXPECTED: Final = {
    Region.DATA: "every unit has data of its own there",
    Region.MBR_PARAMETERS: "the settings' backup, which tells of each unit's own updates",
    Region.SETTINGS: "each unit's own updates, peer and name",
    Region.FICR: "every chip has a number and an address of its own",
    Region.FREE: "what an earlier update has left behind the application",
}
"""Regions in which good units differ, and why."""
_TELLING: Final = ("bank_0", "validations", "app_version", "bootloader_version", "sd_size")
"""Fields of the settings that say what is installed, in which units of one build agree."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One region of two units.

    Attributes:
        region: Which.
        start: Its first address.
        end: The first address behind it.
        compared: Bytes that both dumps hold.
        different: Bytes of these that differ.
        first: The first address at which they do; ``None``: nowhere.
        pieces: In how many pieces, apart by 16 bytes and more.
        fields: Of settings: in which fields, by name.
        expected: Why good units may differ there; empty: they do not.
    """

    region: Region
    start: int
    end: int
    compared: int
    different: int
    first: int | None
    pieces: int
    fields: tuple[str, ...] = ()
    expected: str = ""

    @property
    def is_suspect(self) -> bool:
        """Whether it differs where good units do not."""
        return self.different > 0 and not self.expected


_APART: Final = 16


def compare(unit: Body, good: Body) -> tuple[Comparison, ...]:
    """Every region, lowest address first.

    Args:
        unit: The unit that fails.
        good: One of the same build that does not; regions are those of its layout.
    """
    found = []
    for region, start, end in regions(good):
        if start < end:
            found.append(_compared(unit, good, region, start, end))
    return tuple(found)


def regions(body: Body) -> tuple[tuple[Region, int, int], ...]:
    """What lies where, up to the end of the flash, then FICR and UICR."""
    layout = body.layout
    size = body.settings.bank_0.size if body.settings is not None else 0
    bootloader, backup, settings = layout.bootloader, layout.backup, layout.settings
    behind = bootloader or backup or layout.flash_end or FLASH_END
    application = min(layout.application or SOFTDEVICE_START, behind)
    end = min(application + layout.aligned(size), behind)
    data = max(end, layout.data or behind)
    pieces = [
        (Region.MBR, 0, SOFTDEVICE_START),
        (Region.SOFTDEVICE, SOFTDEVICE_START, application),
        (Region.APPLICATION, application, end),
        (Region.FREE, end, data),
        (Region.DATA, data, behind),
    ]
    if bootloader is not None:
        pieces.append((Region.BOOTLOADER, bootloader, backup or layout.flash_end or FLASH_END))
    if backup is not None and settings is not None:
        pieces.append((Region.MBR_PARAMETERS, backup, settings))
        pieces.append((Region.SETTINGS, settings, settings + layout.page_size))
        pieces.append((Region.BEHIND, settings + layout.page_size, layout.flash_end or 0))
    return (*pieces, (Region.FICR, FICR, UICR), (Region.UICR, UICR, UICR + UICR_SIZE))


def _compared(unit: Body, good: Body, region: Region, start: int, end: int) -> Comparison:
    mine, other = _known(unit, start, end), _known(good, start, end)
    compared = different = pieces = 0
    first, last = None, -_APART
    if mine == other:
        compared = sum(each is not None for each in mine)
    else:
        for offset, (one, two) in enumerate(zip(mine, other, strict=True)):
            if one is None or two is None:
                continue
            compared += 1
            if one != two:
                different += 1
                first = start + offset if first is None else first
                pieces += offset - last >= _APART
                last = offset
    fields = _fields(unit, good, region) if different else ()
    return Comparison(
        region=region,
        start=start,
        end=end,
        compared=compared,
        different=different,
        first=first,
        pieces=pieces,
        fields=fields,
        expected="" if _is_telling(fields) else EXPECTED.get(region, ""),
    )


def _is_telling(fields: tuple[str, ...]) -> bool:
    return any(name in _TELLING for name in fields)


def _known(body: Body, start: int, end: int) -> list[int | None]:
    """Every byte, or ``None`` where nothing says what it is."""
    if body.dump.held(start, end) == end - start:
        return list(body.dump.read(start, end - start))
    if body.layout.skips_erased and end <= FLASH_END:
        return list(body.dump.read(start, end - start))
    known: list[int | None] = [None] * (end - start)
    for span in body.dump.spans:
        low, high = max(span.address, start), min(span.end, end)
        if low < high:
            known[low - start : high - start] = span.data[low - span.address : high - span.address]
    return known


def _fields(unit: Body, good: Body, region: Region) -> tuple[str, ...]:
    """In which fields the settings differ; empty: they are no settings on one of the two."""
    match region:
        case Region.SETTINGS:
            mine, other = unit.primary, good.primary
        case Region.MBR_PARAMETERS:
            mine, other = unit.backup, good.backup
        case _:
            return ()
    if mine is None or other is None:
        return ()
    return tuple(
        name
        for name in SettingsPage.__dataclass_fields__
        if name != "crc" and getattr(mine, name) != getattr(other, name)
    )
