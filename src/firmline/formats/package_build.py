"""Building a package from firmware images and options, by nrfutil's rules.

The rules (spec nrfutil-peer, "Format facts"; checked against packages made by nrfutil 6.1.7):

* SoftDevice and bootloader together become one image; its version is the bootloader's.
* A SoftDevice alone has the version 0xFFFFFFFF.
* ``sd_id`` is appended to ``sd_req`` of the SoftDevice's packet, and is ``sd_req`` of the
  application's, which meets the new SoftDevice.
* A bootloader is checked by CRC at boot, always. ECDSA is a signature over the part's own bytes.
* Bootloader and application without a SoftDevice do not go into one package.

Unlike nrfutil: ``sd_req`` keeps its order, two inputs of one name get names of their own, and a
package is reproducible byte by byte, where the signer's signatures are (RFC 6979).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from firmline.errors import Code, InputError
from firmline.formats.firmware import FirmwareImage
from firmline.formats.init_command import boot_signature_needs_key
from firmline.formats.init_packet import (
    BootValidation,
    BootValidationType,
    FwType,
    InitCommand,
    InitPacket,
    decode_init_packet,
    encode_init_command,
    encode_init_packet,
    hash_firmware,
)
from firmline.formats.keys import Signer
from firmline.formats.package import Package, PackageImage, boot_parts
from firmline.formats.placement import check_images
from firmline.values import U32_MAX, Fwid, FwVersion, ImageKind

_SOFTDEVICE_VERSION = FwVersion(U32_MAX)  # nrfutil's for a SoftDevice alone
_SD_BL_NAME = "sd_bl"  # nrfutil's for SoftDevice + bootloader
_EXTENSION = re.compile(r"\.[^.]*$")
_MAX_STEM_LENGTH = 100  # ours; leaves room for a suffix in every file system


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageSpec:
    """What a package is to be made of.

    Attributes:
        application: The application, if any.
        softdevice: The SoftDevice, if any.
        bootloader: The bootloader, if any.
        hw_version: The hardware the package is for; None leaves it out (debug bootloaders only).
        application_version: The application's version; None leaves it out.
        bootloader_version: The bootloader's version; None leaves it out.
        sd_req: SoftDevices the images may meet; repeated ones count once.
        sd_id: The SoftDevice in this package, for the application in it.
        app_boot_validation: How the application is checked at boot.
        sd_boot_validation: How the SoftDevice is checked at boot.
        is_debug: Ask debug bootloaders to skip the version checks.
        external_app: The application is for another chip behind the unit.
        signing_key: Signs the init packets; None leaves them unsigned.
        signed_later: Leave also the boot validations that are signatures empty, for
            :mod:`firmline.formats.signing_request`; no unit takes such a package.
    """

    application: FirmwareImage | None = None
    softdevice: FirmwareImage | None = None
    bootloader: FirmwareImage | None = None
    hw_version: int | None = None
    application_version: FwVersion | None = None
    bootloader_version: FwVersion | None = None
    sd_req: tuple[Fwid, ...] = ()
    sd_id: tuple[Fwid, ...] = ()
    app_boot_validation: BootValidationType = BootValidationType.VALIDATE_GENERATED_CRC
    sd_boot_validation: BootValidationType = BootValidationType.VALIDATE_GENERATED_CRC
    is_debug: bool = False
    external_app: bool = False
    signing_key: Signer | None = None
    signed_later: bool = False

    @property
    def application_sd_req(self) -> tuple[Fwid, ...]:
        """What the application requires: the SoftDevice that comes with it, else ``sd_req``."""
        return self.sd_id if self.softdevice is not None and self.sd_id else self.sd_req


def build_package(spec: PackageSpec) -> Package:
    """Compose and sign a package; no two entries share a name.

    Raises:
        InputError: ``PACKAGE_COMBINATION``, ``KEY_REQUIRED`` (ECDSA boot validation without a key),
            ``IMAGE_NOT_A_SOFTDEVICE``, ``IMAGE_OVERLAPS_SOFTDEVICE``, ``INIT_PACKET_MALFORMED``
            (more than 16 SoftDevices), ``INIT_PACKET_TOO_LARGE`` or ``NUMBER_OUT_OF_RANGE``.
    """
    _check_combination(spec)
    check_images(
        application=None if spec.external_app else spec.application,
        softdevice=spec.softdevice,
        application_sd_req=spec.application_sd_req,
    )
    images = []
    taken: set[str] = set()
    if spec.softdevice is not None or spec.bootloader is not None:
        images.append(_system_image(spec, taken))
    if spec.application is not None:
        images.append(_application_image(spec, spec.application, taken))
    return Package(images=tuple(images))


def _check_combination(spec: PackageSpec) -> None:
    if spec.application is None and spec.softdevice is None and spec.bootloader is None:
        raise InputError(Code.PACKAGE_COMBINATION, "A package needs at least one image.")
    if spec.bootloader is not None and spec.application is not None and spec.softdevice is None:
        raise InputError(
            Code.PACKAGE_COMBINATION,
            "A bootloader and an application without a SoftDevice do not go into one package.",
            hint="Make two packages and send the bootloader's first.",
        )
    if spec.external_app and spec.application is None:
        raise InputError(
            Code.PACKAGE_COMBINATION, "An external application is wanted, but none is given."
        )
    if spec.external_app and (spec.softdevice is not None or spec.bootloader is not None):
        raise InputError(
            Code.PACKAGE_COMBINATION,
            "An external application goes into a package of its own: the unit does not install it.",
            hint="Make two packages.",
        )


def _application_image(
    spec: PackageSpec, application: FirmwareImage, taken: set[str]
) -> PackageImage:
    firmware = application.data
    command = InitCommand(
        kind=FwType.EXTERNAL_APPLICATION if spec.external_app else FwType.APPLICATION,
        fw_version=spec.application_version,
        hw_version=spec.hw_version,
        sd_req=_unique(spec.application_sd_req),
        app_size=len(firmware),
        hash=hash_firmware(firmware),
        is_debug=spec.is_debug,
        boot_validations=_validations(ImageKind.APPLICATION, firmware, spec, sd_size=0),
    )
    stem = _stem(application.source_name, ImageKind.APPLICATION, taken)
    return _image(ImageKind.APPLICATION, firmware, command, stem, spec.signing_key)


def _system_image(spec: PackageSpec, taken: set[str]) -> PackageImage:
    softdevice, bootloader = spec.softdevice, spec.bootloader
    sd_data = softdevice.data if softdevice is not None else b""
    bl_data = bootloader.data if bootloader is not None else b""
    if softdevice is not None and bootloader is not None:
        kind, fw_type, source = ImageKind.SOFTDEVICE_BOOTLOADER, FwType.SOFTDEVICE_BOOTLOADER, ""
    elif softdevice is not None:
        kind, fw_type, source = ImageKind.SOFTDEVICE, FwType.SOFTDEVICE, softdevice.source_name
    else:
        name = bootloader.source_name if bootloader is not None else ""
        kind, fw_type, source = ImageKind.BOOTLOADER, FwType.BOOTLOADER, name
    firmware = sd_data + bl_data
    command = InitCommand(
        kind=fw_type,
        fw_version=spec.bootloader_version if bootloader is not None else _SOFTDEVICE_VERSION,
        hw_version=spec.hw_version,
        sd_req=_unique(spec.sd_req + (spec.sd_id if softdevice is not None else ())),
        sd_size=len(sd_data),
        bl_size=len(bl_data),
        hash=hash_firmware(firmware),
        is_debug=spec.is_debug,
        boot_validations=_validations(kind, firmware, spec, sd_size=len(sd_data)),
    )
    stem = _stem(source or _SD_BL_NAME, kind, taken)
    return _image(kind, firmware, command, stem, spec.signing_key)


def _validations(
    kind: ImageKind, firmware: bytes, spec: PackageSpec, *, sd_size: int
) -> tuple[BootValidation, ...]:
    """One for each part of an image."""
    wanted = {
        ImageKind.APPLICATION: spec.app_boot_validation,
        ImageKind.SOFTDEVICE: spec.sd_boot_validation,
        ImageKind.BOOTLOADER: BootValidationType.VALIDATE_GENERATED_CRC,
    }
    parts = boot_parts(kind, firmware, sd_size=sd_size)
    return tuple(_validation(wanted[part.kind], part.data, spec) for part in parts)


def _validation(kind: BootValidationType, part: bytes, spec: PackageSpec) -> BootValidation:
    if kind is not BootValidationType.VALIDATE_ECDSA_P256_SHA256:
        return BootValidation(type=kind)
    if spec.signed_later:
        return BootValidation(type=kind)
    if spec.signing_key is None:
        raise boot_signature_needs_key()
    return BootValidation(type=kind, data=spec.signing_key.sign(part))


def _image(
    kind: ImageKind, firmware: bytes, command: InitCommand, stem: str, key: Signer | None
) -> PackageImage:
    return PackageImage(
        kind=kind,
        firmware=firmware,
        init_packet=sign_init_command(command, key),
        bin_name=f"{stem}.bin",
        dat_name=f"{stem}.dat",
    )


def sign_init_command(command: InitCommand, key: Signer | None) -> InitPacket:
    """An init packet from its values, signed if there is a key.

    Raises:
        InputError: As :func:`~firmline.formats.init_packet.encode_init_command` and
            :func:`~firmline.formats.init_packet.encode_init_packet`.
    """
    encoded = encode_init_command(command)
    signature = key.sign(encoded) if key is not None else None
    return decode_init_packet(encode_init_packet(encoded, signature))


def _unique(fwids: tuple[Fwid, ...]) -> tuple[Fwid, ...]:
    return tuple(dict.fromkeys(fwids))


def _stem(source_name: str, kind: ImageKind, taken: set[str]) -> str:
    """The name of an image's entries without extension: the input's own, unless it is taken."""
    base = re.split(r"[/\\]", source_name)[-1]
    kept = "".join(mark if mark.isprintable() and mark != ":" else "_" for mark in base)
    stem = _EXTENSION.sub("", kept)[:_MAX_STEM_LENGTH] or kind.value
    if stem.lower() in taken:  # some file systems ignore case, and packages are unpacked on them
        stem = f"{stem}_{kind}"
    taken.add(stem.lower())
    return stem
