"""What ``firmline pkg generate`` was asked for: what must come together, and what to make of it.

Rules of this module: the command itself, with the help of each option, is
:mod:`firmline.cli.pkg_generate`; here are the options as values, the rules between them, and the
:class:`~firmline.formats.package_build.PackageSpec` that they mean.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from firmline.cli.image_options import application_version, read_image, without_image
from firmline.cli.parameters import KeySource, required
from firmline.cli.secrets_input import load_signing_key
from firmline.errors import Code, InputError
from firmline.formats.init_command import ANY_SOFTDEVICE, BootValidationType
from firmline.formats.package_build import PackageSpec
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

    @property
    def version(self) -> FwVersion | None:
        """The application's, as :func:`~firmline.cli.image_options.application_version`."""
        return application_version(
            self.application_version,
            self.application_version_string,
            application=self.application,
        )


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
    version = options.version
    if options.bootloader_version is not None and options.bootloader is None:
        raise without_image("--bootloader-version", "--bootloader")
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


def package_spec(options: Options) -> PackageSpec:
    """The package that the options ask for; reads the images and the key.

    Raises:
        InputError: A file, image or key code.
    """
    return PackageSpec(
        application=read_image(options.application, ImageKind.APPLICATION),
        softdevice=read_image(options.softdevice, ImageKind.SOFTDEVICE),
        bootloader=read_image(options.bootloader, ImageKind.BOOTLOADER),
        hw_version=options.hw_version,
        application_version=options.version,
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
