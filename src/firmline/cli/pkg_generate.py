"""``firmline pkg generate``: nrfutil's command, without its traps."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from firmline.cli.files import read_file, write_file
from firmline.cli.parameters import DottedVersion, FwidList, Number, Version, required
from firmline.cli.secrets_input import load_signing_key
from firmline.errors import Code, InputError
from firmline.formats.firmware import FirmwareImage, parse_firmware
from firmline.formats.init_command import BootValidationType
from firmline.formats.package import write_package
from firmline.formats.package_build import PackageSpec, build_package
from firmline.values import Fwid, FwVersion, ImageKind

VALIDATIONS = click.Choice([kind.name for kind in BootValidationType])
FILE = click.Path(path_type=Path)


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
    key_file: Path | None


@click.command()
@click.argument("zipfile", metavar="ZIP", type=FILE)
@click.option("--application", metavar="FILE", type=FILE, help="Application (hex, bin, ELF).")
@click.option("--application-version", type=Version(), help="Its version, one number.")
@click.option(
    "--application-version-string",
    type=DottedVersion(),
    help="Its version as X.Y.Z, stored as X*10000 + Y*100 + Z.",
)
@click.option("--bootloader", metavar="FILE", type=FILE, help="Bootloader (hex, bin, ELF).")
@click.option("--bootloader-version", type=Version(), help="Its version, one number.")
@click.option("--softdevice", metavar="FILE", type=FILE, help="SoftDevice (hex, bin).")
@click.option("--hw-version", type=Number(), help="The hardware it is for; must match exactly.")
@click.option(
    "--sd-req",
    type=FwidList(),
    help="FWIDs of the SoftDevices it may meet, comma-separated; 0x00: none needed.",
)
@click.option(
    "--sd-id",
    type=FwidList(),
    help="FWID of the SoftDevice in this package, for the application in it.",
)
@click.option(
    "--app-boot-validation",
    type=VALIDATIONS,
    default=BootValidationType.VALIDATE_GENERATED_CRC.name,
    show_default=True,
    help="How the bootloader checks the application at every boot.",
)
@click.option(
    "--sd-boot-validation",
    type=VALIDATIONS,
    default=BootValidationType.VALIDATE_GENERATED_CRC.name,
    show_default=True,
    help="How the bootloader checks the SoftDevice at every boot.",
)
@click.option("--debug-mode", is_flag=True, help="Debug bootloaders skip the version checks.")
@click.option("--external-app", is_flag=True, help="The application is for another chip.")
@click.option("--key-file", metavar="FILE", type=FILE, help="Private key that signs it (PEM).")
def generate(zipfile: Path, **options: Any) -> None:  # noqa: ANN401 - the fields of Options
    """Make the DFU package ZIP.

    The same inputs give the same bytes. Numbers are decimal or 0x hexadecimal.
    """
    chosen = Options(**options)
    _check(chosen)
    spec = _spec(chosen)
    content = write_package(build_package(spec))
    write_file(zipfile, content)
    _say_what_matters(spec)
    click.echo(f"Package: {zipfile} ({len(content):,} bytes)")


def _check(options: Options) -> None:
    """What must be given together; a debug package skips the versions, as its bootloader does."""
    if not (options.application or options.bootloader or options.softdevice):
        raise required("--application", "a package needs an image (or --bootloader, --softdevice)")
    if options.application_version is not None and options.application_version_string is not None:
        raise InputError(
            Code.OPTION_CONFLICT,
            "--application-version and --application-version-string both name a version.",
        )
    if options.sd_req is None:
        raise required("--sd-req", "the bootloader compares it with the unit's SoftDevice")
    if options.application and options.softdevice and options.sd_id is None:
        raise required("--sd-id", "the application in this package will meet the SoftDevice in it")
    if options.debug_mode:
        return
    if options.hw_version is None:
        raise required("--hw-version", "the bootloader refuses a package without it")
    if options.application and _application_version(options) is None:
        raise required(
            "--application-version", "the bootloader refuses an application without a version"
        )
    if options.bootloader and options.bootloader_version is None:
        raise required(
            "--bootloader-version", "the bootloader refuses a new bootloader without a version"
        )


def _application_version(options: Options) -> FwVersion | None:
    if options.application_version is not None:
        return options.application_version
    return options.application_version_string


def _spec(options: Options) -> PackageSpec:
    return PackageSpec(
        application=_image(options.application, ImageKind.APPLICATION),
        softdevice=_image(options.softdevice, ImageKind.SOFTDEVICE),
        bootloader=_image(options.bootloader, ImageKind.BOOTLOADER),
        hw_version=options.hw_version,
        application_version=_application_version(options),
        bootloader_version=options.bootloader_version,
        sd_req=options.sd_req or (),
        sd_id=options.sd_id or (),
        app_boot_validation=BootValidationType[options.app_boot_validation],
        sd_boot_validation=BootValidationType[options.sd_boot_validation],
        is_debug=options.debug_mode,
        external_app=options.external_app,
        signing_key=load_signing_key(options.key_file) if options.key_file else None,
    )


def _image(path: Path | None, kind: ImageKind) -> FirmwareImage | None:
    if path is None:
        return None
    return parse_firmware(read_file(path, what=f"{kind} file"), name=path.name, kind=kind)


def _say_what_matters(spec: PackageSpec) -> None:
    """What the user may not know of the package just made."""
    for image in (spec.application, spec.softdevice, spec.bootloader):
        for note in image.notes if image else ():
            click.echo(f"note: {note}", err=True)
    if spec.signing_key is None:
        click.echo(
            "warning: the package is not signed (no --key-file); units built as the SDK's examples"
            " refuse it.",
            err=True,
        )
    if spec.is_debug:
        click.echo(
            "warning: a debug package skips version checks on debug bootloaders; do not ship it.",
            err=True,
        )
