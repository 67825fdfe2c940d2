"""What differs between a unit and one that is known to be good, region by region."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from firmline.diagnosis.autopsy.body import Body
from firmline.formats.flash.dump import FLASH_END
from firmline.formats.flash.information import FICR, UICR, UICR_SIZE
from firmline.formats.settings_page import SettingsPage
from firmline.formats.softdevice import SOFTDEVICE_START
from firmline.formats.spans import clip_spans


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
_CHUNK: Final = 256
"""Bytes that are compared at once."""


def compare(unit: Body, good: Body) -> tuple[Comparison, ...]:
    """Every region, lowest address first.

    Args:
        unit: The unit that fails.
        good: One of the same build that does not; regions are those of its layout, unless only the
            failing unit's dump holds what tells them.
    """
    found = []
    for region, start, end in regions(good if good.settings or not unit.settings else unit):
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
    known = [
        range(max(mine.start, other.start), min(mine.stop, other.stop))
        for mine in _known(unit, start, end)
        for other in _known(good, start, end)
    ]
    compared = sum(map(len, known))
    different = pieces = 0
    first, last = None, -_APART
    for address in _differences(unit, good, known):
        different += 1
        first = address if first is None else first
        pieces += address - last >= _APART
        last = address
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


def _differences(unit: Body, good: Body, places: list[range]) -> Iterator[int]:
    """The addresses at which two units differ, the lowest first."""
    for place in places:
        for at in range(place.start, place.stop, _CHUNK):
            size = min(_CHUNK, place.stop - at)
            mine, other = unit.dump.read(at, size), good.dump.read(at, size)
            if mine != other:
                both = enumerate(zip(mine, other, strict=True), at)
                yield from (address for address, (one, two) in both if one != two)


def _known(body: Body, start: int, end: int) -> list[range]:
    """Where something says what lies there, the lowest first."""
    if body.layout.skips_erased and end <= FLASH_END:
        return [range(start, end)]
    return [range(span.address, span.end) for span in clip_spans(body.dump.spans, start, end)]


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
