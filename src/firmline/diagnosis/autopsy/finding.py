"""What was found in a dump, and the evidence that it is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from firmline.diagnosis.catalogue import catalogue
from firmline.diagnosis.evidence import Evidence, Origin


class Weight(StrEnum):
    """How much a finding says."""

    FAULT = "fault"
    """Something is wrong."""
    REMARK = "remark"
    """Something is unusual, or tells of what happened."""
    RIGHT = "right"
    """It was looked at, and is as it should be."""


class Place(StrEnum):
    """What a finding is about."""

    CHIP = "chip"
    MBR = "mbr"
    SOFTDEVICE = "softdevice"
    APPLICATION = "application"
    BOOTLOADER = "bootloader"
    SETTINGS = "settings"
    UICR = "uicr"
    REGISTERS = "registers"
    BOOT = "boot"
    """What the unit does with all of it when it starts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One finding.

    Attributes:
        slug: Its name, which never changes.
        place: What it is about.
        weight: How much it says.
        text: What is there, and what it means; one or two sentences.
        causes: Slugs of the causes that it supports.
        evidence: What it comes to for the ranking.
    """

    slug: str
    place: Place
    weight: Weight
    text: str
    causes: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = ()

    def __post_init__(self) -> None:
        """See that its causes are of the catalogue.

        Raises:
            ValueError: One is not.
        """
        strangers = set(self.causes) - set(catalogue())
        if strangers:
            problem = f"no causes of the catalogue: {strangers}"
            raise ValueError(problem)


def fault(
    slug: str, place: Place, text: str, *causes: str, evidence: tuple[Evidence, ...] = ()
) -> Finding:
    """Something that is wrong."""
    return Finding(
        slug=slug, place=place, weight=Weight.FAULT, text=text, causes=causes, evidence=evidence
    )


def remark(
    slug: str, place: Place, text: str, *causes: str, evidence: tuple[Evidence, ...] = ()
) -> Finding:
    """Something that tells of what happened."""
    return Finding(
        slug=slug, place=place, weight=Weight.REMARK, text=text, causes=causes, evidence=evidence
    )


def right(slug: str, place: Place, text: str, *, evidence: tuple[Evidence, ...] = ()) -> Finding:
    """Something that is as it should be."""
    return Finding(slug=slug, place=place, weight=Weight.RIGHT, text=text, evidence=evidence)


def flag(value: str, where: str, *, seen: bool = True) -> Evidence:
    """A flag of the vocabulary that the memory shows, or shows not to be so."""
    return Evidence(field="flags", value=value, origin=Origin.UNIT, where=where, seen=seen)


def fact(field: str, value: str, where: str) -> Evidence:
    """A value of another field that the memory shows."""
    return Evidence(field=field, value=value, origin=Origin.UNIT, where=where)
