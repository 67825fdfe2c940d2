"""What differs from a good unit: for people, and for programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from firmline.cli.style import paint, printable
from firmline.cli.wrapping import wrapped
from firmline.diagnosis.autopsy.examination import Autopsy
from firmline.diagnosis.autopsy.golden import Comparison, Region

TITLES: Final = {
    Region.MBR: "MBR",
    Region.SOFTDEVICE: "SoftDevice",
    Region.APPLICATION: "application",
    Region.FREE: "unused",
    Region.DATA: "application data",
    Region.BOOTLOADER: "bootloader",
    Region.MBR_PARAMETERS: "MBR parameters, settings backup",
    Region.SETTINGS: "bootloader settings",
    Region.BEHIND: "behind the settings",
    Region.FICR: "FICR",
    Region.UICR: "UICR",
}
_WIDTH: Final = max(map(len, TITLES.values()))
_INDENT: Final = 13


def comparison_fields(compared: Sequence[Comparison], good: Autopsy) -> dict[str, object]:
    """The comparison, for programs."""
    return {
        "file": printable(good.body.dump.name),
        "regions": [
            {
                "region": each.region.value,
                "start": each.start,
                "end": each.end,
                "compared": each.compared,
                "different": each.different,
                "first": each.first,
                "pieces": each.pieces,
                "fields": list(each.fields),
                "expected": each.expected,
                "suspect": each.is_suspect,
            }
            for each in compared
        ],
        "suspect": any(each.is_suspect for each in compared),
        "faults": [each.slug for each in good.faults],
    }


def comparison_lines(compared: Sequence[Comparison], unit: Autopsy, good: Autopsy) -> Iterator[str]:
    """The comparison, line by line."""
    yield ""
    yield paint(f"Against the good unit ({printable(good.body.dump.name)})", bold=True)
    for note in good.body.dump.notes:
        yield from wrapped(f"  {printable(note)}", indent=2)
    yield from wrapped(f"  {_other_chip(unit, good)}", indent=2) if _other_chip(unit, good) else ()
    for fault in good.faults:
        yield from wrapped(
            f"  The good unit is not right itself: {printable(fault.text)}", indent=4
        )
    for each in compared:
        mark = "DIFFERS" if each.is_suspect else "differs" if each.different else "same"
        if not each.compared:
            mark = "-"
        place = f"0x{each.start:X} to 0x{each.end:X}"
        label = paint(f"{mark:<9}", fg="red" if each.is_suspect else None)
        told = f"  {label}{TITLES[each.region]:<{_WIDTH}}  {place}"
        if each.different:
            yield told
            yield from wrapped(f"{' ' * _INDENT}{_told(each)}", indent=_INDENT)
        else:
            yield f"{told}, {_told(each)}"
    suspects = [TITLES[each.region] for each in compared if each.is_suspect]
    yield ""
    if suspects:
        yield from wrapped(f"Good units do not differ in: {', '.join(suspects)}.", indent=0)
    else:
        yield "Nothing differs in which units of one build agree, as far as both dumps go."


def _other_chip(unit: Autopsy, good: Autopsy) -> str:
    """That the good unit has another chip; empty: it has not, or nothing tells."""
    names = [{row.name for row in each.body.chips} for each in (unit, good)]
    if not all(names) or names[0] & names[1]:
        return ""
    mine, other = (" or ".join(sorted(each)) for each in names)
    return f"It is no unit of the same build: its chip is {other}, and the other's is {mine}."


def _told(each: Comparison) -> str:
    if not each.compared:
        return "not in both dumps"
    part = "" if each.compared == each.end - each.start else f" of {each.compared:,} in both dumps"
    if not each.different:
        return f"{each.compared:,} bytes" + (" in both dumps" if part else "")
    pieces = "1 piece" if each.pieces == 1 else f"{each.pieces} pieces"
    fields = f": {', '.join(each.fields)}" if each.fields else ""
    why = f"; to be expected, {each.expected}" if each.expected else ""
    size = "1 byte" if each.different == 1 else f"{each.different:,} bytes"
    return f"{size}{part} in {pieces}, from 0x{each.first or 0:X} on{fields}{why}"
