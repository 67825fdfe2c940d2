"""The autopsy: everything that a dump tells of one unit."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from firmline.device.chips import Chip
from firmline.diagnosis.autopsy.body import Body, lay_open
from firmline.diagnosis.autopsy.finding import Finding, Place, Weight
from firmline.diagnosis.autopsy.images import image_findings
from firmline.diagnosis.autopsy.pages import settings_findings
from firmline.diagnosis.autopsy.start import Outcome, start
from firmline.diagnosis.autopsy.surroundings import (
    chip_findings,
    register_findings,
    start_findings,
    uicr_findings,
)
from firmline.diagnosis.evidence import Incident
from firmline.diagnosis.vocabulary import vocabulary
from firmline.formats.flash.dump import FlashDump
from firmline.formats.flash.registers import Registers

NO_REGISTERS = Registers()


@dataclass(frozen=True, slots=True, kw_only=True)
class Autopsy:
    """What a dump tells.

    Attributes:
        body: What was read, decoded.
        outcome: What the bootloader does with it; ``None``: the dump does not hold what that takes.
        findings: Everything that was found, by its place in the unit.
    """

    body: Body
    outcome: Outcome | None
    findings: tuple[Finding, ...]

    @property
    def faults(self) -> tuple[Finding, ...]:
        """What is wrong."""
        return tuple(each for each in self.findings if each.weight is Weight.FAULT)

    @property
    def remarks(self) -> tuple[Finding, ...]:
        """What is unusual, or tells of what happened."""
        return tuple(each for each in self.findings if each.weight is Weight.REMARK)

    @property
    def missing(self) -> tuple[Finding, ...]:
        """What the dump does not hold."""
        return tuple(each for each in self.findings if each.slug.endswith("-not-in-dump"))

    @property
    def incident(self) -> Incident:
        """What it comes to for the ranking."""
        unused = [*self.body.dump.notes, *(each.text for each in self.missing)]
        return Incident(unused=tuple(unused)).with_more(
            evidence for finding in self.findings for evidence in finding.evidence
        )


def examine(
    dump: FlashDump, *, registers: Registers = NO_REGISTERS, given: Chip | None = None
) -> Autopsy:
    """Examine the memory of a unit.

    Args:
        dump: What was read.
        registers: What was read of the registers besides; the dump's own come behind.
        given: The chip, where somebody says so.
    """
    body = lay_open(dump, registers=registers, given=given)
    outcome = start(body)
    found = [
        *chip_findings(body),
        *image_findings(body),
        *settings_findings(body),
        *uicr_findings(body),
        *register_findings(body),
        *start_findings(outcome),
    ]
    order = list(Place)
    found.sort(key=lambda finding: order.index(finding.place))
    return Autopsy(body=body, outcome=outcome, findings=tuple(found))


def combined(incident: Incident, autopsies: Iterable[Autopsy]) -> Incident:
    """What was seen of a failure, and what the memory of its unit shows besides.

    Of a field that takes one value, what was seen of the failure stands: the memory tells how the
    unit was left, and not what failed first.
    """
    for autopsy in autopsies:
        told = autopsy.incident
        known = incident.by_field()
        more = [
            each
            for each in told.evidence
            if vocabulary()[each.field].many or each.field not in known
        ]
        incident = incident.with_more(more, told.unused)
    return incident
