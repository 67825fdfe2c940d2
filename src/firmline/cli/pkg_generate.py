"""``firmline pkg generate``: nrfutil's command, without its traps."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from firmline.cli.files import keep_apart, read_file, write_file
from firmline.cli.lint_options import lint_options, take_lint, tell_findings
from firmline.cli.parameters import (
    DottedVersion,
    FilePath,
    FwidList,
    Number,
    OnceCommand,
    Version,
    option_name,
    required,
)
from firmline.cli.secrets_input import load_signing_key
from firmline.cli.style import printable
from firmline.errors import Code, InputError
from firmline.formats.firmware import FirmwareImage, parse_firmware
from firmline.formats.init_command import BootValidationType
from firmline.formats.manifest import KIND_TITLES
from firmline.formats.package import write_package
from firmline.formats.package_build import PackageSpec, build_package
from firmline.values import Fwid, FwVersion, ImageKind

VALIDATIONS = click.Choice([kind.name for kind in BootValidationType])
VALIDATION_NAMES = ", ".join(kind.name for kind in BootValidationType)
FILE = FilePath()


class Fwids(FwidList):
    """FWIDs; a comma without a number beside it is told as such."""

    def convert(
        self,
        value: Any,  # noqa: ANN401 - click's signature
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> tuple[Fwid, ...]:
        """Parse the text of an option."""
        parts = value.split(",") if isinstance(value, str) else []
        if len(parts) > 1 and not all(part.strip() for part in parts):
            where = "after" if not parts[-1].strip() else "before"
            raise InputError(
                Code.NUMBER_MALFORMED,
                f"{option_name(param)} {value[:40]!r} lacks a number {where} a comma.",
                hint="Write FWIDs with single commas between them, such as 0x101,0x103; without"
                " blanks.",
            )
        return super().convert(value, param, ctx)


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


@click.command(cls=OnceCommand)
@click.argument("zipfile", metavar="ZIP", type=FILE)
@click.option(
    "--application",
    metavar="FILE",
    type=FILE,
    help="Application (Intel HEX, S-records, ELF or bin).",
)
@click.option("--application-version", type=Version(), help="Its version, a whole number.")
@click.option(
    "--application-version-string",
    type=DottedVersion(),
    help="Its version as X.Y.Z, stored as X*10000 + Y*100 + Z.",
)
@click.option("--bootloader", metavar="FILE", type=FILE, help="Bootloader (likewise).")
@click.option("--bootloader-version", type=Version(), help="Its version, a whole number.")
@click.option("--softdevice", metavar="FILE", type=FILE, help="SoftDevice (likewise).")
@click.option(
    "--hw-version",
    type=Number(),
    help="The hardware it is for, as the bootloader was built; e.g. 52.",
)
@click.option(
    "--sd-req",
    type=Fwids(),
    help="SoftDevices that a unit may have now, FWIDs or names (s132-6.1.1), comma-separated;"
    " 0x00: it has none.",
)
@click.option(
    "--sd-id",
    type=Fwids(),
    help="FWID of the SoftDevice in this package; needed when an application comes with it.",
)
@click.option(
    "--app-boot-validation",
    metavar="CHECK",
    type=VALIDATIONS,
    default=BootValidationType.VALIDATE_GENERATED_CRC.name,
    show_default=True,
    help=f"How the bootloader checks the application at every boot: {VALIDATION_NAMES}.",
)
@click.option(
    "--sd-boot-validation",
    metavar="CHECK",
    type=VALIDATIONS,
    default=BootValidationType.VALIDATE_GENERATED_CRC.name,
    show_default=True,
    help=f"How the bootloader checks the SoftDevice at every boot: {VALIDATION_NAMES}.",
)
@click.option(
    "--debug-mode", is_flag=True, help="Only for debug bootloaders: skips version checks."
)
@click.option("--external-app", is_flag=True, help="The application is for another chip.")
@click.option(
    "--key-file",
    metavar="FILE",
    type=FILE,
    help="Private key (PEM) that signs it; see firmline keys.",
)
@lint_options
def generate(zipfile: Path, **options: Any) -> None:  # noqa: ANN401 - the fields of Options
    """Make the DFU package ZIP.

    An application, a SoftDevice, a bootloader, or what goes together of them: each with its option.
    Numbers are decimal (52) or hexadecimal (0x34). The same inputs give the same bytes.
    """
    lint = take_lint(options)
    chosen = Options(**options)
    _check(chosen)
    inputs = (chosen.application, chosen.bootloader, chosen.softdevice, chosen.key_file)
    keep_apart(zipfile, *inputs, lint.previous)
    spec = _spec(chosen)
    package = build_package(spec)
    content = write_package(package)
    _say_what_matters(spec)
    tell_findings(spec, package, lint)
    write_file(zipfile, content)
    click.echo(f"Package: {printable(zipfile)} ({len(content):,} bytes)")


def _check(options: Options) -> None:
    """What must be given together."""
    if not (options.application or options.bootloader or options.softdevice):
        raise required("--application", "a package needs an image (or --bootloader, --softdevice)")
    _check_versions(options)
    if options.sd_req is None:
        raise required("--sd-req", "the bootloader compares it with the unit's SoftDevice")
    if options.application and options.softdevice and options.sd_id is None:
        raise required("--sd-id", "the application in this package will meet the SoftDevice in it")


def _check_versions(options: Options) -> None:
    """No version without its image; a debug package needs none, as its bootloader skips them."""
    if options.application_version is not None and options.application_version_string is not None:
        raise InputError(
            Code.OPTION_CONFLICT,
            "--application-version and --application-version-string both name a version.",
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
    return parse_firmware(
        read_file(path, what=f"{KIND_TITLES[kind]} file"), name=path.name, kind=kind
    )


def _say_what_matters(spec: PackageSpec) -> None:
    """What the user may not know of the package just made."""
    for image in (spec.application, spec.softdevice, spec.bootloader):
        for note in image.notes if image else ():
            click.echo(f"note: {printable(note)}", err=True)
    if spec.sd_id and spec.softdevice is None:
        click.echo("note: --sd-id was not used: there is no SoftDevice in the package.", err=True)
