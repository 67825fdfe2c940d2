"""Lint of a finished package: its images, and what their init packets ask for.

Rules of this module: where a package carries another one to other units, programs, versions and
what is asked for are looked at in the inner one; signatures and the debug flag in both.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain

from firmline.formats.init_command import BootValidationType, FwType, InitCommand
from firmline.formats.inner_package import package_levels
from firmline.formats.known_keys import known_keys
from firmline.formats.known_softdevices import describe_fwid, known_softdevice
from firmline.formats.lint.finding import Finding, Slug
from firmline.formats.lint.parts import Part, Start, application_starts
from firmline.formats.lint.sources import lint_part
from firmline.formats.lint.vectors import begins_at
from firmline.formats.manifest import KIND_TITLES
from firmline.formats.package import Package, PackageImage
from firmline.formats.softdevice import SOFTDEVICE_START, SoftDeviceInfo, softdevice_in_image
from firmline.values import ImageKind

_SYSTEM = (ImageKind.SOFTDEVICE_BOOTLOADER, ImageKind.SOFTDEVICE)


def lint_package(
    package: Package, *, previous: Package | None = None, application_start: int | None = None
) -> tuple[Finding, ...]:
    """What is probably a mistake in a package.

    Args:
        package: The package.
        previous: The last release, to compare versions with.
        application_start: Where a unit will put the application, if that is known; else it follows
            from the SoftDevices that the package names.

    Raises:
        InputError: As :func:`~firmline.formats.inner_package.inner_package`.
    """
    devices = package_levels(package)[-1]
    info = _softdevice(devices)
    # Known is where a unit has its application that takes the package, not one behind it.
    start = application_start if devices is package else None
    images = [
        lint_part(part, info) for image in devices.images for part in _parts(image, info, start)
    ]
    return (*chain.from_iterable(images), *lint_init_packets(package, previous=previous))


def lint_init_packets(
    package: Package,
    *,
    previous: Package | None = None,
    application_address: int | None = None,
    is_signed_later: bool = False,
) -> tuple[Finding, ...]:
    """What is probably a mistake in what the init packets of a package ask for.

    Args:
        package: The package.
        previous: The last release, to compare versions with.
        application_address: What the application is linked for, if its file said so.
        is_signed_later: It has no signature yet, because it is on its way to be signed.

    Raises:
        InputError: As :func:`~firmline.formats.inner_package.inner_package`.
    """
    levels = package_levels(package)
    devices = levels[-1]
    images = [image for level in levels for image in level.images]
    return (
        *_own_softdevice(devices),
        *_boot_validation(devices),
        *_unchecked_application(devices),
        *_removed_softdevice(devices, application_address),
        *(_versions(devices, package_levels(previous)[-1]) if previous is not None else ()),
        *_signatures(images, is_signed_later=is_signed_later),
        *_debug(images),
    )


def _softdevice(package: Package) -> SoftDeviceInfo | None:
    image = next((image for image in package.images if image.kind in _SYSTEM), None)
    return None if image is None else softdevice_in_image(image.firmware[: image.sd_size])


def _parts(
    image: PackageImage, info: SoftDeviceInfo | None, application_start: int | None
) -> Iterator[Part]:
    """The programs in an image; one for another chip is none of ours."""
    command = image.init_packet.command
    match image.kind:
        case ImageKind.APPLICATION if command.kind is FwType.APPLICATION:
            starts = application_starts(command.sd_req, info)
            if application_start is not None:
                starts = (Start(address=application_start, because="this unit has it there"),)
            yield Part(kind=image.kind, name=image.bin_name, data=image.firmware, starts=starts)
        case ImageKind.SOFTDEVICE | ImageKind.BOOTLOADER:
            yield Part(kind=image.kind, name=image.bin_name, data=image.firmware)
        case ImageKind.SOFTDEVICE_BOOTLOADER:
            size = image.sd_size
            for kind, data in (
                (ImageKind.SOFTDEVICE, image.firmware[:size]),
                (ImageKind.BOOTLOADER, image.firmware[size:]),
            ):
                yield Part(
                    kind=kind, name=f"the {KIND_TITLES[kind]} in {image.bin_name}", data=data
                )
        case _:
            return


def _own_softdevice(package: Package) -> Iterator[Finding]:
    info = _softdevice(package)
    for image in package.images:
        sd_req = image.init_packet.command.sd_req
        if info is not None and image.kind in _SYSTEM and info.fwid not in sd_req:
            yield Finding(
                slug=Slug.SD_REQ_MISSES_OWN_SOFTDEVICE,
                message=f"the package brings the SoftDevice {describe_fwid(info.fwid)}, which is"
                " not among those that it requires.",
            )


def _boot_validation(package: Package) -> Iterator[Finding]:
    for image in package.images:
        if _has_no_validation(image):
            kind = ImageKind.SOFTDEVICE if image.kind in _SYSTEM else image.kind
            yield Finding(
                slug=Slug.NO_BOOT_VALIDATION,
                message=f"the {KIND_TITLES[kind]} is not checked when it is started"
                " (NO_VALIDATION).",
            )


def _has_no_validation(image: PackageImage) -> bool:
    """Whether the first entry says so; without entries bootloaders make a CRC (spec section 7).

    A bootloader is never checked at boot (spec section 16.1 W9), so its entry does not matter.
    """
    command = image.init_packet.command
    if image.kind is ImageKind.BOOTLOADER or command.kind is FwType.EXTERNAL_APPLICATION:
        return False
    validations = command.boot_validations
    return bool(validations) and validations[0].type is BootValidationType.NO_VALIDATION


def _unchecked_application(package: Package) -> Iterator[Finding]:
    image = package.image(ImageKind.APPLICATION)
    if image is None or not _has_no_validation(image):
        return
    fwids = dict.fromkeys(chain.from_iterable(i.init_packet.command.sd_req for i in package.images))
    ends = {fwid: known.end for fwid in fwids if (known := known_softdevice(fwid)) is not None}
    if (info := _softdevice(package)) is not None:
        ends[info.fwid] = info.size_word
    known_ends = {fwid: end for fwid, end in ends.items() if end is not None}
    if len(set(known_ends.values())) > 1:
        names = ", ".join(f"{describe_fwid(fwid)} at 0x{end:X}" for fwid, end in known_ends.items())
        yield Finding(
            slug=Slug.UNCHECKED_APPLICATION,
            message="the application is not checked when it is started, and the SoftDevices of the"
            f" package end at different places: {names}.",
        )


def _removed_softdevice(package: Package, address: int | None) -> Iterator[Finding]:
    """An application that runs without a SoftDevice is linked where that would begin."""
    image = package.image(ImageKind.APPLICATION)
    if image is None or image.init_packet.command.kind is not FwType.APPLICATION:
        return
    sd_req = image.init_packet.command.sd_req
    if sd_req and sd_req[0] != 0:
        return
    start = Start(address=SOFTDEVICE_START, because="")
    if not begins_at(image.firmware, address, start):
        yield Finding(
            slug=Slug.REMOVES_SOFTDEVICE,
            message="the application asks for no SoftDevice (0x00 first): a unit that takes it over"
            " UART or USB loses the SoftDevice it has, and runs it from 0x1000, for which it is not"
            " linked.",
        )


def _versions(package: Package, previous: Package) -> Iterator[Finding]:
    old = _versions_of(previous)
    for kind, version in _versions_of(package).items():
        if kind in old and version <= old[kind]:
            relation = "the same as" if version == old[kind] else f"below {old[kind]},"
            yield Finding(
                slug=Slug.VERSION_NOT_RAISED,
                message=f"the {KIND_TITLES[kind]} has version {version}, {relation} that of the"
                " last release.",
            )


def _versions_of(package: Package) -> dict[ImageKind, int]:
    """The versions that bootloaders compare; a SoftDevice's init packet names none of its own."""
    versions: dict[ImageKind, int] = {}
    for image in package.images:
        version = image.init_packet.command.fw_version
        if version is not None and image.kind is not ImageKind.SOFTDEVICE:
            both = image.kind is ImageKind.SOFTDEVICE_BOOTLOADER
            versions[ImageKind.BOOTLOADER if both else image.kind] = int(version)
    return versions


def _signatures(images: Sequence[PackageImage], *, is_signed_later: bool) -> Iterator[Finding]:
    packets = [image.init_packet for image in images]
    if not is_signed_later and any(packet.signature is None for packet in packets):
        yield Finding(
            slug=Slug.NOT_SIGNED,
            message="the package is not signed; units built as the SDK's examples refuse it.",
        )
    for known in known_keys():
        if not known.is_secret and any(
            packet.signature is not None and known.key.verify(packet.signed_bytes, packet.signature)
            for packet in packets
        ):
            yield Finding(
                slug=Slug.EXAMPLE_KEY,
                message=f"the package is signed with the {known.name}, which is nobody's own.",
            )


def _debug(images: Sequence[PackageImage]) -> Iterator[Finding]:
    commands: list[InitCommand] = [image.init_packet.command for image in images]
    if any(command.is_debug for command in commands):
        yield Finding(
            slug=Slug.DEBUG_FLAG,
            message="a debug package skips version checks on debug bootloaders; do not ship it.",
        )
