"""A flash map for people: as lines of text, and as a picture (SVG)."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Final

from firmline.device.acceptance.flash_map import Region, RegionKind

TITLES: Final = {
    RegionKind.MBR: "MBR",
    RegionKind.SOFTDEVICE: "SoftDevice",
    RegionKind.BANK_0: "bank 0: installed application",
    RegionKind.BANK_1: "bank 1: the image that comes",
    RegionKind.IN_PLACE: "the image that comes, in place of the old",
    RegionKind.FREE: "free",
    RegionKind.DATA: "application's data",
    RegionKind.BOOTLOADER: "bootloader",
    RegionKind.MBR_PARAMETERS: "MBR parameters, settings backup",
    RegionKind.SETTINGS: "bootloader settings",
}
_COLOURS: Final = {
    RegionKind.MBR: "#b8b8b8",
    RegionKind.SOFTDEVICE: "#8fb3d9",
    RegionKind.BANK_0: "#8fcf9f",
    RegionKind.BANK_1: "#f2c26b",
    RegionKind.IN_PLACE: "#f2c26b",
    RegionKind.FREE: "#ffffff",
    RegionKind.DATA: "#e4dcf0",
    RegionKind.BOOTLOADER: "#d9a0a0",
    RegionKind.MBR_PARAMETERS: "#cfcfcf",
    RegionKind.SETTINGS: "#cfcfcf",
}
_BAR: Final = 32
"""Characters of the bar of the largest region."""
_KIB: Final = 1024
_COLUMN, _ADDRESSES, _GAP, _MARGIN, _HEAD = 430, 80, 40, 20, 40
_LEAST_HEIGHT, _HEIGHT = 22, 420
"""Of the picture, in pixels."""


def map_lines(regions: Sequence[Region]) -> list[str]:
    """One line for each region, lowest address first."""
    digits = len(f"{regions[-1].end:X}")
    largest = max(region.size for region in regions)
    return [
        f"0x{region.start:0{digits}X} to 0x{region.end:0{digits}X} {region.size / _KIB:7.1f} kB  "
        f"{_bar(region, largest):{_BAR}}  {_label(region)}".rstrip()
        for region in regions
    ]


def _bar(region: Region, largest: int) -> str:
    length = max(1, round(_BAR * region.size / largest))
    return ("." if region.kind is RegionKind.FREE else "#") * length


def _label(region: Region) -> str:
    title = TITLES[region.kind]
    return title if region.used in (0, region.size) else f"{title}, {region.used:,} bytes"


def map_svg(maps: Sequence[tuple[str, Sequence[Region]]]) -> str:
    """A picture with one column for each map.

    Small regions are drawn higher than they are: otherwise nobody would see them.

    Args:
        maps: The title of each map, and its regions.
    """
    width = 2 * _MARGIN + len(maps) * _COLUMN + (len(maps) - 1) * _GAP
    height = max(sum(_heights(regions)) for _, regions in maps) + _HEAD + _MARGIN
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}"'
        f' height="{height}" font-family="sans-serif" font-size="12">'
    )
    lines = [head, "<title>Flash map</title>", _rectangle(0, 0, width, height, "#ffffff")]
    for number, (title, regions) in enumerate(maps):
        lines += _column(title, regions, left=_MARGIN + number * (_COLUMN + _GAP))
    return "\n".join([*lines, "</svg>\n"])


def _heights(regions: Sequence[Region]) -> list[int]:
    total = sum(region.size for region in regions)
    return [max(_LEAST_HEIGHT, round(_HEIGHT * region.size / total)) for region in regions]


def _column(title: str, regions: Sequence[Region], *, left: int) -> list[str]:
    """The highest address is at the top, as in the datasheets."""
    lines = [f'<text x="{left}" y="{_HEAD - 16}" font-weight="bold">{escape(title)}</text>']
    top, box, right = _HEAD, left + _ADDRESSES, left + _COLUMN
    for region, height in reversed(list(zip(regions, _heights(regions), strict=True))):
        middle, bottom = top + height // 2 + 4, top + height - 2
        size, address = f"{region.size / _KIB:.1f} kB", f"0x{region.start:X}"
        lines.append(_rectangle(box, top, right - box, height, _COLOURS[region.kind]))
        lines.append(f'<text x="{box + 8}" y="{middle}">{escape(_label(region))}</text>')
        lines.append(f'<text x="{right - 8}" y="{middle}" text-anchor="end">{size}</text>')
        lines.append(f'<text x="{box - 6}" y="{bottom}" text-anchor="end">{address}</text>')
        top += height
    return lines


def _rectangle(left: int, top: int, width: int, height: int, colour: str) -> str:
    return (
        f'<rect x="{left}" y="{top}" width="{width}" height="{height}" fill="{colour}"'
        ' stroke="#444444"/>'
    )
