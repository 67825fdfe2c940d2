"""An autopsy: for people, and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Final

from firmline.cli.diagnosis_text import cause_fields, cause_lines, evidence_fields
from firmline.cli.settings_text import image_lines, page_fields, state_lines
from firmline.cli.style import paint, printable
from firmline.cli.wrapping import wrapped
from firmline.diagnosis.autopsy.examination import Autopsy
from firmline.diagnosis.autopsy.finding import Finding, Place, Weight
from firmline.diagnosis.autopsy.pages import page_difference
from firmline.diagnosis.ranking import rank
from firmline.formats.flash.registers import REASONS
from firmline.formats.settings_page import PAGE_SIZES

TITLES: Final = {
    Place.CHIP: "Chip",
    Place.MBR: "MBR",
    Place.SOFTDEVICE: "SoftDevice",
    Place.APPLICATION: "Application",
    Place.BOOTLOADER: "Bootloader",
    Place.SETTINGS: "Settings",
    Place.UICR: "UICR",
    Place.REGISTERS: "Registers",
    Place.BOOT: "At its start",
}
_MARKS: Final = {Weight.FAULT: "!", Weight.REMARK: "-", Weight.RIGHT: "."}
_COLOURS: Final = {Weight.FAULT: "red", Weight.REMARK: "yellow", Weight.RIGHT: None}
_INDENT: Final = 4


# JSON.


def autopsy_fields(autopsy: Autopsy) -> dict[str, object]:
    """The result line, without the comparison."""
    body, layout = autopsy.body, autopsy.body.layout
    incident = autopsy.incident
    addresses = {found.address for found in body.pages}
    return {
        "type": "result",
        "source": printable(body.dump.name),
        "chip": [row.name for row in body.chips],
        "layout": {
            "flash_end": layout.flash_end,
            "page_size": layout.page_size,
            "application": layout.application,
            "bootloader": layout.bootloader,
            "bootloader_told_by": layout.bootloader_told_by or None,
            "settings": layout.settings,
            "backup": layout.backup,
            "whole": layout.is_whole,
        },
        "softdevice": _softdevice_fields(autopsy),
        "settings_pages": [page_fields(found, addresses) for found in body.pages],
        "settings_differ_in": list(page_difference(body)),
        "uicr": _uicr_fields(autopsy),
        "ficr": _ficr_fields(autopsy),
        "registers": _register_fields(autopsy),
        "starts": None if autopsy.outcome is None else autopsy.outcome.into.value,
        "bootloader_assumed": _assumed_fields(autopsy),
        "findings": [_finding_fields(each) for each in autopsy.findings],
        "notes": [printable(each) for each in body.dump.notes],
        "causes": [cause_fields(each) for each in rank(incident).causes],
        "evidence": [evidence_fields(each) for each in incident.evidence],
        "unused": [printable(each) for each in incident.unused],
    }


def _softdevice_fields(autopsy: Autopsy) -> dict[str, object] | None:
    info = autopsy.body.layout.softdevice
    if info is None:
        return None
    return {
        "fwid": f"0x{info.fwid:04X}",
        "family": info.family,
        "version": info.version_text,
        "end": info.size_word,
    }


def _uicr_fields(autopsy: Autopsy) -> dict[str, object] | None:
    uicr = autopsy.body.uicr
    if uicr is None:
        return None
    return {
        "bootloader_address": uicr.bootloader_address,
        "mbr_parameters_address": uicr.mbr_parameters_address,
        "approtect": uicr.approtect,
        "protection": None if uicr.protection is None else uicr.protection.name.lower(),
        "reset_pin": uicr.reset_pin,
    }


def _ficr_fields(autopsy: Autopsy) -> dict[str, object] | None:
    ficr = autopsy.body.ficr
    if ficr is None:
        return None
    return {
        "part": ficr.part,
        "variant": ficr.variant,
        "flash_size": ficr.flash_size,
        "page_size": ficr.page_size,
        "ram_size": ficr.ram_size,
        "device_id": None if ficr.device_id is None else f"{ficr.device_id:016X}",
        "address": ficr.address,
    }


def _register_fields(autopsy: Autopsy) -> dict[str, object]:
    registers = autopsy.body.registers
    value = registers.resetreas
    return {
        "resetreas": value,
        "reset_reasons": None
        if value is None
        else [(bit.name or "").lower() for bit in REASONS if value & bit],
        "gpregret": registers.gpregret,
        "gpregret2": registers.gpregret2,
    }


def _assumed_fields(autopsy: Autopsy) -> dict[str, object] | None:
    """Which bootloader was asked, from what that was taken, and what others would do."""
    outcome = autopsy.outcome
    if outcome is None:
        return None
    others = {sdk: into.value for sdk, into in outcome.others}
    return {"sdk": outcome.profile.sdk, "why": outcome.why, "others": others}


def _finding_fields(finding: Finding) -> dict[str, object]:
    return {
        "finding": finding.slug,
        "place": finding.place.value,
        "weight": finding.weight.value,
        "text": printable(finding.text),
        "causes": list(finding.causes),
        "evidence": [evidence_fields(each) for each in finding.evidence],
    }


# People.


def autopsy_lines(autopsy: Autopsy) -> Iterator[str]:
    """The autopsy, line by line."""
    yield f"{paint('Autopsy', bold=True)} of {printable(autopsy.body.dump.name)}"
    for note in autopsy.body.dump.notes:
        yield from wrapped(f"  {printable(note)}", indent=2)
    for place, findings in groupby(autopsy.findings, key=lambda each: each.place):
        yield ""
        yield paint(TITLES[place], bold=True)
        for finding in findings:
            yield from _finding_lines(finding)
        if place is Place.SETTINGS:
            yield from _page_lines(autopsy)
    yield ""
    yield from _conclusion(autopsy)


def _finding_lines(finding: Finding) -> Iterator[str]:
    mark = paint(_MARKS[finding.weight], fg=_COLOURS[finding.weight])
    first, *rest = wrapped(f"    {printable(finding.text)}", indent=_INDENT)
    yield f"  {mark} {first.strip()}"
    yield from rest
    if finding.causes and finding.weight is Weight.FAULT:
        yield f"{' ' * _INDENT}supports {', '.join(finding.causes)}"


def _page_lines(autopsy: Autopsy) -> Iterator[str]:
    """Every field of the page that counts, and of the other where it says something else."""
    body = autopsy.body
    titles = ((body.layout.settings, body.primary, "settings page"), (
        body.layout.backup, body.backup, "backup"))  # fmt: skip
    shown = None
    for address, page, title in titles:
        if address is None or page is None:
            continue
        if not page.crc_ok and page.version not in PAGE_SIZES:
            yield f"    0x{address:X}, {title}: its bytes are none, nor were they made of one"
            continue
        yield f"    0x{address:X}, {title}" + (": the same" if page == shown else "")
        if page != shown:
            yield from (f"    {line}" for line in (*image_lines(page), *state_lines(page)))
        shown = page


RETAINED: Final = frozenset({"gpregret", "gpregret2"})
"""Findings on what a program has left for the next start."""


def _conclusion(autopsy: Autopsy) -> Iterator[str]:
    flags = autopsy.incident.by_field().get("flags")
    if not autopsy.faults:
        if flags:
            yield "Nothing that was read keeps the unit from working, but it tells of what"
            yield "happened: the causes follow from that."
        elif any(each.slug in RETAINED for each in autopsy.remarks):
            yield "Nothing that was read keeps the unit from working; what its registers tell of"
            yield "the time before is above."
        elif autopsy.missing:
            yield "Nothing is wrong in what the dump holds; see above for what it does not."
        else:
            yield "Nothing is wrong in what was read. What fails lies elsewhere: give the trace of"
            yield "an update to firmline diagnose, together with this dump (--dump)."
    if flags:
        yield paint("Causes, by this alone", bold=True)
        yield from cause_lines(rank(autopsy.incident))
        yield "  With what was seen of the failure: firmline diagnose TRACE --dump DUMP."
