"""What ``firmline pkg generate`` was asked for: what must come together, and what to make of it.

Rules of this module: the command itself, with the help of each option, is
:mod:`firmline.cli.pkg_generate`; here are the options as values, the rules between them, and the
:class:`~firmline.formats.package_build.PackageSpec` that they mean.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from firmline.cli.files import read_file
from firmline.cli.parameters import KeySource, required
from firmline.cli.secrets_input import load_signing_key
from firmline.errors import Code, InputError
from firmline.formats.firmware import FirmwareImage, parse_firmware
from firmline.formats.init_command import BootValidationType
from firmline.formats.manifest import KIND_TITLES
from firmline.formats.package_build import ANY_SOFTDEVICE, PackageSpec
from firmline.values import Fwid, FwVersion, ImageKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The options of the command, as parsed."""

    application: Path | None
    application_version: FwVersion | None
    application_version_string: FwVersion | None
    bootloader: Path | None
    bootloader_version: FwVersion | None
    softdevice: Path | None
    hw_version: int | None
    sd_req: tuple[Fwid, ...] | None
    sd_id: tuple[Fwid, ...] | None
    app_boot_validation: str
    sd_boot_validation: str
    debug_mode: bool
    external_app: bool
    key_file: KeySource | None
    unsigned_request: Path | None


def check_options(options: Options) -> None:
    """What must be given together.

    Raises:
        InputError: ``OPTION_MISSING`` or ``OPTION_CONFLICT``.
    """
    if not (options.application or options.bootloader or options.softdevice):
        raise required("--application", "a package needs an image (or --bootloader, --softdevice)")
    _check_versions(options)
    if options.key_file and options.unsigned_request:
        raise InputError(
            Code.OPTION_CONFLICT,
            "--unsigned-request leaves the signing to a key elsewhere, and --key-file signs now.",
            hint="Leave out one of the two.",
        )
    if options.sd_req is None and not (options.debug_mode or options.external_app):
        raise required("--sd-req", "the bootloader compares it with the unit's SoftDevice")
    if options.application and options.softdevice and options.sd_id is None:
        raise required("--sd-id", "the application in this package will meet the SoftDevice in it")


def _check_versions(options: Options) -> None:
    """No version without its image; a debug package needs none, as its bootloader skips them."""
    numbers = {options.application_version, options.application_version_string} - {None}
    if len(numbers) > 1:
        raise InputError(
            Code.OPTION_CONFLICT,
            "--application-version and --application-version-string name two versions.",
        )
    version = _application_version(options)
    if version is not None and options.application is None:
        raise _without_image("an application version", "--application")
    if options.bootloader_version is not None and options.bootloader is None:
        raise _without_image("--bootloader-version", "--bootloader")
    if options.debug_mode:
        return
    if options.hw_version is None:
        raise required("--hw-version", "the bootloader refuses a package without it")
    if options.application and version is None:
        raise required(
            "--application-version", "the bootloader refuses an application without a version"
        )
    if options.bootloader and options.bootloader_version is None:
        raise required(
            "--bootloader-version", "the bootloader refuses a new bootloader without a version"
        )


def _without_image(given: str, image: str) -> InputError:
    """The error for a version of something that is not in the package; nrfutil refuses it, too."""
    return InputError(
        Code.OPTION_CONFLICT,
        f"With {given} an image is wanted, but {image} is missing.",
        hint=f"Add {image}, or leave out its version.",
    )


def _application_version(options: Options) -> FwVersion | None:
    if options.application_version is not None:
        return options.application_version
    return options.application_version_string


def package_spec(options: Options) -> PackageSpec:
    """The package that the options ask for; reads the images and the key.

    Raises:
        InputError: A file, image or key code.
    """
    return PackageSpec(
        application=_image(options.application, ImageKind.APPLICATION),
        softdevice=_image(options.softdevice, ImageKind.SOFTDEVICE),
        bootloader=_image(options.bootloader, ImageKind.BOOTLOADER),
        hw_version=options.hw_version,
        application_version=_application_version(options),
        bootloader_version=options.bootloader_version,
        sd_req=(ANY_SOFTDEVICE,) if options.sd_req is None else options.sd_req,
        sd_id=options.sd_id or (),
        app_boot_validation=BootValidationType[options.app_boot_validation],
        sd_boot_validation=BootValidationType[options.sd_boot_validation],
        is_debug=options.debug_mode,
        external_app=options.external_app,
        signing_key=load_signing_key(options.key_file) if options.key_file else None,
        signed_later=options.unsigned_request is not None,
    )


def _image(path: Path | None, kind: ImageKind) -> FirmwareImage | None:
    if path is None:
        return None
    return parse_firmware(
        read_file(path, what=f"{KIND_TITLES[kind]} file"), name=path.name, kind=kind
    )
