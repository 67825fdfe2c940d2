"""The command that makes a package, recovered from the package.

Rules of this module: a command is named only if it makes this very package. So the options are read
from the init packets, the package is built of them a second time, with the signatures that it has,
and compared byte for byte: images and init packets. The names of its entries, and the time and the
packing of the zip file, do not count.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, replace

from firmline.errors import InputError
from firmline.formats.firmware import FirmwareImage, parse_firmware
from firmline.formats.init_command import SIGNATURE_SIZE, BootValidationType, FwType, InitCommand
from firmline.formats.inner_package import InnerPackage, inner_package, package_levels
from firmline.formats.keys import PublicKey
from firmline.formats.package import Package
from firmline.formats.package_build import PackageSpec, build_package
from firmline.formats.zigbee_ota import ANY_IMAGE_TYPE, ANY_MANUFACTURER
from firmline.formats.zigbee_package import ZigbeeSpec, build_zigbee_package
from firmline.values import Fwid, FwVersion, ImageKind


class _NeverSignedError(Exception):
    """These bytes are signed nowhere in the package."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Recorded:
    """Whoever signed a package, as far as it was that package (:class:`~.keys.Signer`).

    Attributes:
        signatures: By what was signed.
    """

    signatures: Mapping[bytes, bytes]

    @property
    def public_key(self) -> PublicKey:
        """Not known, and not asked for while a package is built."""
        raise _NeverSignedError

    def sign(self, data: bytes) -> bytes:
        """The signature that there is."""
        try:
            return self.signatures[data]
        except KeyError:
            raise _NeverSignedError from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """What a package was made of.

    Attributes:
        spec: What the options of ``pkg generate`` mean; its images are named as files.
        zigbee: What the Zigbee options mean; None for a package without them.
    """

    spec: PackageSpec
    zigbee: ZigbeeSpec | None = None

    def build(self) -> Package:
        """The package.

        Raises:
            InputError: As :func:`~firmline.formats.package_build.build_package` and
                :func:`~firmline.formats.zigbee_package.build_zigbee_package`.
        """
        if self.zigbee is None:
            return build_package(self.spec)
        return build_zigbee_package(self.spec, self.zigbee)[0]


def generate_command(package: Package, zip_name: str) -> str | None:
    """The command line that makes this package, from files named as its entries.

    SoftDevice and bootloader are one entry together; their files get names of their own, as the
    image in a Zigbee file does.

    Args:
        package: The package.
        zip_name: What the command is to call it.

    Returns:
        None for a package that ``pkg generate`` cannot make.
    """
    recipe = find_recipe(package)
    if recipe is None:
        return None
    words = ["firmline", "pkg", "generate", *_spec_words(recipe.spec)]
    if recipe.zigbee is not None:
        words += _zigbee_words(recipe.zigbee)
    # What begins with a dash would be read as an option.
    return shlex.join([*words, f"./{zip_name}" if zip_name.startswith("-") else zip_name])


def find_recipe(package: Package) -> Recipe | None:
    """What to make this package of; None if ``pkg generate`` cannot make it."""
    try:
        inner = inner_package(package)
        if inner is None:
            recipe: Recipe | None = Recipe(spec=_spec(package, _signer(package)))
        else:
            recipe = _zigbee_recipe(package, inner)
        if recipe is None or not _can_be_asked_for(recipe.spec):
            return None
        is_same = _contents(recipe.build()) == _contents(package)
    except (InputError, _NeverSignedError):
        return None
    return recipe if is_same else None


def _contents(package: Package) -> list[tuple[ImageKind, bytes, bytes]]:
    return [(image.kind, image.firmware, image.init_packet.encoded) for image in package.images]


def _signer(package: Package) -> _Recorded | None:
    """The signatures of a package and of the one inside; None if nothing is signed."""
    found = {}
    for image in (image for level in package_levels(package) for image in level.images):
        packet = image.init_packet
        if packet.signature is not None:
            found[packet.signed_bytes] = packet.signature
        for entry, part in zip(packet.command.boot_validations, image.boot_parts, strict=False):
            is_signature = entry.type is BootValidationType.VALIDATE_ECDSA_P256_SHA256
            if is_signature and len(entry.data) == SIGNATURE_SIZE:
                found[part.data] = entry.data
    return _Recorded(signatures=found) if found else None


def _can_be_asked_for(spec: PackageSpec) -> bool:
    """Whether the options of ``pkg generate`` can say it, and are let."""
    has_versions = (
        spec.hw_version is not None
        and (spec.application is None or spec.application_version is not None)
        and (spec.bootloader is None or spec.bootloader_version is not None)
    )
    return (spec.is_debug or has_versions) and bool(spec.sd_req)


def _spec(package: Package, signer: _Recorded | None) -> PackageSpec:
    """What the init packets say; whether it gives the same package is seen by building it."""
    first = package.images[0].init_packet.command
    images = _images(package)
    checks = {
        part.kind: entry.type
        for image in package.images
        for entry, part in zip(
            image.init_packet.command.boot_validations, image.boot_parts, strict=False
        )
    }
    sd_req, sd_id = _softdevices(package)
    default = BootValidationType.VALIDATE_GENERATED_CRC
    return PackageSpec(
        application=images.get(ImageKind.APPLICATION),
        softdevice=images.get(ImageKind.SOFTDEVICE),
        bootloader=images.get(ImageKind.BOOTLOADER),
        hw_version=first.hw_version,
        application_version=_version(package, (ImageKind.APPLICATION,)),
        bootloader_version=_version(
            package, (ImageKind.BOOTLOADER, ImageKind.SOFTDEVICE_BOOTLOADER)
        ),
        sd_req=sd_req,
        sd_id=sd_id,
        app_boot_validation=checks.get(ImageKind.APPLICATION, default),
        sd_boot_validation=checks.get(ImageKind.SOFTDEVICE, default),
        is_debug=first.is_debug,
        external_app=first.kind is FwType.EXTERNAL_APPLICATION,
        signing_key=signer,
    )


def _images(package: Package) -> dict[ImageKind, FirmwareImage]:
    """Each program, as it is read from a file."""
    taken = {image.bin_name.lower() for image in package.images}
    found = {}
    for image in package.images:
        parts = image.boot_parts
        for part in parts:
            name = image.bin_name if len(parts) == 1 else _free_name(part.kind, taken)
            found[part.kind] = parse_firmware(part.data, name=name, kind=part.kind)
    return found


def _free_name(kind: ImageKind, taken: set[str]) -> str:
    stem = kind.value
    while f"{stem}.bin" in taken:
        stem += "_"
    return f"{stem}.bin"


def _version(package: Package, kinds: tuple[ImageKind, ...]) -> FwVersion | None:
    commands = [image.init_packet.command for image in package.images if image.kind in kinds]
    return commands[0].fw_version if commands else None


def _softdevices(package: Package) -> tuple[tuple[Fwid, ...], tuple[Fwid, ...]]:
    """``--sd-req`` and ``--sd-id``."""
    commands: list[InitCommand] = [image.init_packet.command for image in package.images]
    sd_req = tuple(Fwid(fwid) for fwid in commands[0].sd_req)
    if len(commands) == 1:
        return sd_req, ()
    # nrfutil and firmline append --sd-id to the requirements of the first image.
    sd_id = tuple(Fwid(fwid) for fwid in commands[-1].sd_req)
    if sd_id and sd_req[-len(sd_id) :] == sd_id:
        sd_req = sd_req[: -len(sd_id)] or sd_id
    return sd_req, sd_id


def _zigbee_recipe(package: Package, inner: InnerPackage) -> Recipe | None:
    """Likewise, of both packages; None where the Zigbee options cannot say it."""
    (image,) = inner.package.images
    (outer,) = package.images
    command, ota = outer.init_packet.command, inner.ota
    low, high = ota.hw_versions or (0, 0)
    if command.hw_version is None or command.fw_version is None or low > high:
        return None
    # The name of the image's own file is not in the package.
    named = replace(image, bin_name=f"{image.kind.value}.bin")
    return Recipe(
        spec=_spec(Package(images=(named,)), _signer(package)),
        zigbee=ZigbeeSpec(
            ota_hw_version=command.hw_version,
            ota_fw_version=command.fw_version,
            manufacturer=ota.manufacturer,
            image_type=ota.image_type,
            comment=ota.comment,
            hw_versions=ota.hw_versions,
        ),
    )


def _spec_words(spec: PackageSpec) -> list[str]:
    words = []
    if spec.softdevice is not None:
        words += ["--softdevice", spec.softdevice.source_name]
        words += ["--sd-boot-validation", spec.sd_boot_validation.name]
    if spec.bootloader is not None:
        words += ["--bootloader", spec.bootloader.source_name]
        words += _option("--bootloader-version", spec.bootloader_version)
    if spec.application is not None:
        words += ["--application", spec.application.source_name]
        words += _option("--application-version", spec.application_version)
        words += ["--app-boot-validation", spec.app_boot_validation.name]
    if spec.external_app:
        words.append("--external-app")
    words += _option("--hw-version", spec.hw_version)
    if spec.sd_id:
        words += ["--sd-id", _fwids(spec.sd_id)]
    words += ["--sd-req", _fwids(spec.sd_req)]
    if spec.is_debug:
        words.append("--debug-mode")
    if spec.signing_key is not None:
        words += ["--key-file", "private.key"]
    return words


def _zigbee_words(zigbee: ZigbeeSpec) -> list[str]:
    words = ["--zigbee", "True"]
    if zigbee.manufacturer != ANY_MANUFACTURER:
        words += ["--zigbee-manufacturer-id", f"0x{zigbee.manufacturer:04X}"]
    if zigbee.image_type != ANY_IMAGE_TYPE:
        words += ["--zigbee-image-type", f"0x{zigbee.image_type:04X}"]
    if zigbee.comment:
        words += ["--zigbee-comment", zigbee.comment]
    words += ["--zigbee-ota-hw-version", str(zigbee.ota_hw_version)]
    words += ["--zigbee-ota-fw-version", str(zigbee.ota_fw_version)]
    low, high = zigbee.hw_versions or (None, None)
    words += _option("--zigbee-ota-min-hw-version", low)
    words += _option("--zigbee-ota-max-hw-version", high)
    return words


def _option(name: str, number: int | None) -> list[str]:
    """A debug package may name no version."""
    return [] if number is None else [name, str(number)]


def _fwids(fwids: tuple[Fwid, ...]) -> str:
    return ",".join(f"0x{fwid:02X}" for fwid in fwids)
