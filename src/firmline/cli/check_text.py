"""What a unit would say to a package: in words, and in JSON fields."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from firmline.cli.facts_text import fact_fields, fact_lines
from firmline.cli.failures import next_thing
from firmline.cli.flash_map_text import map_lines
from firmline.cli.style import paint, printable
from firmline.device.acceptance.capacity import Capacity
from firmline.device.acceptance.checks import CheckResult
from firmline.device.acceptance.chip_unknown import CHIP_FREE
from firmline.device.acceptance.flash_map import RegionKind
from firmline.device.acceptance.unit_terms import TERMS, AssumedUnit
from firmline.device.acceptance.verdict import Aftermath, ImageVerdict, Verdict
from firmline.device.description import UnitDescription
from firmline.errors import FirmlineError
from firmline.events import FactFound, UnitMode
from firmline.formats.known_softdevices import describe_fwid
from firmline.formats.lint import Finding
from firmline.formats.manifest import KIND_TITLES
from firmline.formats.package import Package
from firmline.protocol.answers import Answer, encode_answer
from firmline.protocol.codes import Opcode
from firmline.values import FwVersion, ImageKind

_WIDTH: Final = 17
"""Of the longest name of a check."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckReport:
    """What is to be said of a package.

    Attributes:
        package: The package.
        unit: The unit it was put before, and what that rests on; None: there is none.
        verdict: What the unit says; None without a unit.
        findings: What is probably a mistake, whatever the unit says.
        facts: What was read of the unit; none where it was described.
        undecided_for: Why nobody can tell what the unit says; None: it can be told.
    """

    package: Package
    unit: AssumedUnit | None
    verdict: Verdict | None
    findings: tuple[Finding, ...]
    facts: tuple[FactFound, ...] = ()
    undecided_for: FirmlineError | None = None

    @property
    def accepted(self) -> bool | None:
        """Whether the unit takes the package; None: there is no unit, or nobody can tell."""
        if self.verdict is None or self.undecided_for is not None:
            return None
        return self.verdict.accepted

    @property
    def images(self) -> tuple[ImageVerdict, ...]:
        """The verdicts on the images; none without a unit."""
        return self.verdict.images if self.verdict is not None else ()

    @property
    def knows_chip(self) -> bool:
        """Whether there is a unit whose flash is known."""
        return self.unit is not None and "chip" not in self.unit.unknown

    def lacks(self, image: ImageVerdict, check: CheckResult) -> str | None:
        """The term that is missing for a check; one that says no needs none, but for the chip."""
        in_package = self.package.image(image.kind)
        if not self.knows_chip and check.check not in CHIP_FREE:
            return "chip"
        if not check.ok or in_package is None or self.unit is None:
            return None
        return self.unit.lacks(check.check, in_package)

    @property
    def not_checked(self) -> list[tuple[ImageVerdict, CheckResult, str]]:
        """The checks that the unit as it is known cannot answer, and the term that is missing."""
        return [
            (image, check, term)
            for image in self.images
            for check in image.checks
            if (term := self.lacks(image, check)) is not None
        ]

    @property
    def leaves_no_application(self) -> bool:
        """Whether a unit that ran an application runs none any more."""
        after = self.verdict.aftermath if self.verdict is not None else None
        had_one = self.unit is not None and self.unit.description.application_size > 0
        return had_one and after is not None and after.mode is UnitMode.BOOTLOADER

    def known(self, term: str, version: FwVersion | None) -> FwVersion | None:
        """A version afterwards: what the package brings, or what was said of the unit."""
        brought = {
            "app-version": ImageKind.APPLICATION,
            "bootloader-version": ImageKind.BOOTLOADER,
        }[term]
        kinds = {image.kind for image in self.package.images}
        is_new = brought in kinds or (
            brought is ImageKind.BOOTLOADER and ImageKind.SOFTDEVICE_BOOTLOADER in kinds
        )
        was_said = self.unit is not None and term not in self.unit.unknown
        return version if is_new or was_said else None

    @property
    def answer(self) -> FirmlineError | None:
        """The unit's first refusal, as an error."""
        return next((image.answer for image in self.images if image.answer is not None), None)


def report_fields(report: CheckReport, beside: FirmlineError | None = None) -> dict[str, Any]:
    """The fields of the result line (``design/command-line.md``), and those beside it.

    Args:
        report: What is to be said.
        beside: What ``--strict`` has against a package that the unit may accept, or why nobody can
            tell whether it does.
    """
    verdict, answer = report.verdict, report.answer or beside
    refusal = verdict.refusal if verdict is not None and report.accepted is False else None
    return {
        "accepted": report.accepted,
        "checks": [
            {"image": image.kind.value, **_check_fields(check)}
            for image in report.images
            for check in image.checks
            if report.lacks(image, check) is None
        ],
        "result_code": refusal.result_code if refusal is not None else None,
        "ext_error": refusal.ext_error if refusal is not None else None,
        "code": str(answer.code) if answer is not None else None,
        "next": next_thing(answer) if answer is not None else "",
        "not_checked": [
            {"image": image.kind.value, "check": check.check, "missing": term}
            for image, check, term in report.not_checked
        ],
        "facts": fact_fields(report.facts),
        "assumed": list(report.unit.assumed) if report.unit is not None else [],
        "images": [_image_fields(image) for image in report.images] if report.knows_chip else [],
        "afterwards": _aftermath_fields(report),
        "findings": [
            {"slug": finding.slug.value, "message": printable(finding.message)}
            for finding in report.findings
        ],
    }


def _check_fields(check: CheckResult) -> dict[str, Any]:
    return {
        "check": check.check,
        "ok": check.ok,
        "why": check.why,
        "result_code": check.result_code,
        "ext_error": check.ext_error,
    }


def _image_fields(image: ImageVerdict) -> dict[str, Any]:
    place, capacity = image.place, image.capacity
    return {
        "kind": image.kind.value,
        "accepted": image.accepted,
        "assumes_installed": image.assumes_installed,
        "address": place.address if place is not None else None,
        "keeps_application": place.keeps_application if place is not None else None,
        "keeps_softdevice": place.keeps_softdevice if place is not None else None,
        "flash_map": [
            {
                "region": region.kind.value,
                "start": region.start,
                "end": region.end,
                "used": region.used,
            }
            for region in image.regions
        ],
        "capacity": {
            "room": capacity.room,
            "beside_application": capacity.beside,
            "application_kept": capacity.twice,
            "bootloader": capacity.bootloader,
            "bootloader_beside_application": capacity.bootloader_beside,
            "softdevice": capacity.softdevice,
            "softdevice_fits": capacity.softdevice_fits,
            "over_softdevice": capacity.over_softdevice,
        },
    }


def _aftermath_fields(report: CheckReport) -> dict[str, Any] | None:
    """What is not known of the unit, and is not in the package either, is null."""
    after = report.verdict.aftermath if report.verdict is not None else None
    if after is None:
        return None
    return {
        "mode": after.mode.value,
        "application_version": report.known("app-version", after.application_version),
        "bootloader_version": report.known("bootloader-version", after.bootloader_version),
        "softdevice": str(after.softdevice) if after.softdevice is not None else None,
    }


def report_lines(report: CheckReport) -> Iterator[str]:
    """The whole report, for people."""
    if report.unit is not None and report.verdict is not None:
        if report.facts:
            yield "read from the unit:"
            yield from fact_lines(report.facts)
        yield f"unit: {unit_text(report.unit)}"
        for sentence in report.unit.assumed:
            yield f"  assumed: {sentence}"
        for image in report.images:
            yield ""
            yield from _image_lines(report, image)
        yield ""
        if report.knows_chip:
            yield from _capacity_lines(report.images[0].capacity, report.unit.description)
            yield ""
    for finding in report.findings:
        yield f"{paint('warning:', fg='yellow')} {printable(finding)}"
    if report.findings:
        yield ""
    yield from _end_lines(report)


def unit_text(unit: AssumedUnit) -> str:
    """A unit in one line; of what is not known of it nothing is said."""
    described, unknown = unit.description, unit.unknown
    knows_chip = "chip" not in unknown
    parts = [described.chip.name, described.profile.name] if knows_chip else ["chip not known"]
    if "hw-version" not in unknown:
        parts.append(f"hardware {described.profile.hw_version}")
    if described.softdevice is None:
        parts.append("no SoftDevice")
    else:
        parts.append(f"SoftDevice {describe_fwid(described.softdevice.fwid)}")
    if not knows_chip:
        if "app-version" not in unknown:
            parts.append(f"application {int(described.application_version)}")
    elif described.application_size:
        version = "" if "app-version" in unknown else f" {int(described.application_version)}"
        parts.append(f"application{version} of {described.application_size:,} bytes")
    else:
        parts.append("no application")
    if "bootloader-version" not in unknown:
        parts.append(f"bootloader {int(described.bootloader_version)}")
    return ", ".join(parts)


def _image_lines(report: CheckReport, image: ImageVerdict) -> Iterator[str]:
    title = KIND_TITLES[image.kind]
    supposing = ", supposing what comes before it were installed" if image.assumes_installed else ""
    if report.accepted is None:
        word = paint("not known", fg="yellow")
    elif image.accepted:
        word = paint("fits", fg="green")
    else:
        word = paint("refused", fg="red", bold=True)
    yield f"{title}: {word}{supposing}"
    for check in image.checks:
        term = report.lacks(image, check)
        if term is not None:
            sentence = f"Not checked: add {term}= to --for ({TERMS[term]})."
            yield f"  {'?':<4} {check.check:<{_WIDTH}} {sentence}"
            continue
        mark = paint(f"{'ok':<4}", fg="green") if check.ok else paint(f"{'NO':<4}", fg="red")
        yield f"  {mark} {check.check:<{_WIDTH}} {check.why}{_answer_text(check)}"
    if not report.knows_chip:
        return
    yield f"  {_survival(image)}"
    for line in map_lines(image.regions):
        yield f"    {line}"


def _answer_text(check: CheckResult) -> str:
    """What the unit answers, as it stands on the wire."""
    if check.result_code is None:
        return ""
    answer = Answer(
        opcode=Opcode.OBJECT_EXECUTE, result=check.result_code, ext_error=check.ext_error
    )
    return f" It answers {encode_answer(answer).hex(' ').upper()}."


def _survival(image: ImageVerdict) -> str:
    place = image.place
    if place is None:
        return "flash as it is: there is no place for this image"
    where = f"flash when it has come: it lies at 0x{place.address:X}"
    if not place.keeps_softdevice:
        return f"{where}; SoftDevice and application are gone from its first page on"
    if not place.keeps_application:
        return (
            f"{where}, in the place of the application, which is gone from its first page on"
            " (single bank): if the update stops, the unit waits in its bootloader"
        )
    if not any(region.kind is RegionKind.BANK_0 for region in image.regions):
        return f"{where}; there is no application to keep"
    return f"{where}; the installed application stays until it is complete (dual bank)"


def _capacity_lines(capacity: Capacity, unit: UnitDescription) -> Iterator[str]:
    link = "Bluetooth LE" if unit.profile.is_ble else "this link"
    yield f"what this unit can ever take ({capacity.room:,} bytes above its SoftDevice):"
    yield (
        f"  application: up to {capacity.room:,} bytes; the old one stays while a new one of its"
        f" size comes up to {capacity.twice:,}, and beside the installed one there are"
        f" {capacity.beside:,}"
    )
    yield (
        f"  bootloader: up to {capacity.bootloader:,} bytes; an application up to"
        f" {capacity.bootloader_beside:,} stays meanwhile"
    )
    if not capacity.softdevice:
        return
    if capacity.softdevice_fits and capacity.softdevice <= capacity.room:
        yield f"  SoftDevice: one as large as its own ({capacity.softdevice:,} bytes) fits"
    elif capacity.softdevice_fits:
        yield (
            "  SoftDevice: only with its bootloader, in a package that asks for none"
            " (--sd-req 0x00): it then comes in the place of the old one, and the application is"
            " lost"
        )
    else:
        yield (
            f"  SoftDevice: never over {link}: one as large as its own has about"
            f" {capacity.softdevice:,} bytes, and it may not come in the place of the old one,"
            " which the bootloader's radio needs"
        )


def _end_lines(report: CheckReport) -> Iterator[str]:
    verdict = report.verdict
    if verdict is None:
        count = len(report.findings)
        found = "nothing that looks like a mistake" if not count else f"{count} warnings"
        yield f"The package agrees with itself; {found if count != 1 else 'one warning'}."
        yield (
            "  Whether a unit accepts it was not asked: describe one with --for or --unit, or read"
            " one with --to."
        )
    elif report.accepted is None:
        words = paint("Neither accepted nor refused", fg="yellow", bold=True)
        yield f"{words}; not known: {_missing_terms(report)}."
    elif not verdict.accepted:
        yield from _refusal_lines(report, verdict)
    else:
        missing = _missing_terms(report)
        known = f", as far as it is known; not known: {missing}" if missing else ""
        yield f"{paint('Accepted', fg='green', bold=True)}{known}."
        if verdict.aftermath is not None:
            yield f"  afterwards: {_aftermath_text(report, verdict.aftermath)}"
        if report.leaves_no_application:
            yield (
                f"{paint('warning:', fg='yellow')} the unit takes it and then runs no application"
                " until it is sent one."
            )


def _missing_terms(report: CheckReport) -> str:
    return ", ".join(sorted({term for _, _, term in report.not_checked}))


def _refusal_lines(report: CheckReport, verdict: Verdict) -> Iterator[str]:
    refused = next(image for image in verdict.images if not image.accepted)
    check = refused.refusal.check if refused.refusal is not None else ""
    code = f" [{refused.answer.code}]" if refused.answer is not None else ""
    words = paint("Not accepted", fg="red", bold=True)
    yield f"{words}: the {KIND_TITLES[refused.kind]} fails at {check}{code}."
    if report.answer is not None:
        yield f"  {paint('next:', bold=True)} {next_thing(report.answer)}"


def _aftermath_text(report: CheckReport, after: Aftermath) -> str:
    softdevice = "no SoftDevice" if after.softdevice is None else describe_fwid(after.softdevice)
    application = report.known("app-version", after.application_version)
    bootloader = report.known("bootloader-version", after.bootloader_version)
    if after.mode is UnitMode.APPLICATION:
        runs = (
            "the application runs" if application is None else f"application {application:d} runs"
        )
    else:
        runs = "no application runs, and the unit waits in its bootloader"
    tail = "" if bootloader is None else f", bootloader {bootloader:d}"
    return f"{runs}, with {softdevice}{tail}"
