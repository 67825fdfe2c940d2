"""Lint of the files that a package or a settings page is made from."""

from __future__ import annotations

from collections.abc import Sequence

from firmline.formats.firmware import FirmwareImage, find_softdevice
from firmline.formats.known_softdevices import PAGE_SIZE
from firmline.formats.lint.contents import lint_contents
from firmline.formats.lint.finding import Finding, Slug
from firmline.formats.lint.parts import Part, Start, application_starts
from firmline.formats.lint.vectors import lint_vectors
from firmline.formats.softdevice import SoftDeviceInfo
from firmline.values import ImageKind


def lint_sources(
    *,
    application: FirmwareImage | None = None,
    softdevice: FirmwareImage | None = None,
    bootloader: FirmwareImage | None = None,
    application_sd_req: Sequence[int] = (),
    page_size: int = PAGE_SIZE,
) -> tuple[Finding, ...]:
    """What is probably a mistake in these files.

    Args:
        application: For this chip; None if there is none, or if it is for another chip.
        softdevice: The SoftDevice that comes with it, if any.
        bootloader: The bootloader that comes with it, if any.
        application_sd_req: FWIDs that the application's init packet requires.
        page_size: Of the chip's flash, in bytes.
    """
    info = find_softdevice(softdevice) if softdevice is not None else None
    starts = application_starts(application_sd_req, info, page_size=page_size)
    findings: list[Finding] = []
    for image, kind in (
        (softdevice, ImageKind.SOFTDEVICE),
        (bootloader, ImageKind.BOOTLOADER),
        (application, ImageKind.APPLICATION),
    ):
        if image is not None:
            findings += lint_part(_part(image, kind, starts), info)
    return tuple(findings)


def lint_part(part: Part, softdevice: SoftDeviceInfo | None) -> list[Finding]:
    """What is probably a mistake in one program.

    Args:
        part: The program.
        softdevice: What the SoftDevice of the same package says of itself, if anything.
    """
    found = []
    if part.kind is ImageKind.SOFTDEVICE and softdevice is None:
        message = (
            f"{part.name} does not look like a SoftDevice: the information that every SoftDevice"
            " carries about itself is missing."
        )
        found.append(Finding(slug=Slug.NOT_A_SOFTDEVICE, message=message))
    return [*found, *lint_vectors(part), *lint_contents(part)]


def _part(image: FirmwareImage, kind: ImageKind, starts: tuple[Start, ...]) -> Part:
    return Part(
        kind=kind,
        name=image.source_name,
        data=image.data,
        address=image.address,
        memory=image.memory,
        padding=image.padding,
        starts=starts if kind is ImageKind.APPLICATION else (),
    )
