"""``firmline settings generate``: nrfutil's command, with a backup address that works."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from firmline.cli.files import keep_apart, read_file, write_file
from firmline.cli.image_options import (
    DEFAULT_VALIDATION,
    FILE,
    NUMBER,
    VALIDATION_NAMES,
    VALIDATIONS,
    VERSION,
    application_version,
    read_image,
    tell_notes,
)
from firmline.cli.lint_options import strict_option, tell_warnings
from firmline.cli.numbers import DottedVersion
from firmline.cli.parameters import KeyName, KeySource, OnceCommand, required
from firmline.cli.secrets_input import load_signing_key
from firmline.cli.settings_text import image_lines
from firmline.cli.style import printable
from firmline.errors import Code, InputError
from firmline.formats.families import Family, families, find_family
from firmline.formats.firmware import find_softdevice
from firmline.formats.init_command import BootValidationType, boot_signature_needs_key
from firmline.formats.lint import Finding, Slug, lint_sources
from firmline.formats.settings_file import (
    SettingsSpec,
    build_settings_page,
    format_settings_hex,
)
from firmline.formats.settings_page import PAGE_SIZES, SettingsPage
from firmline.formats.settings_place import (
    SettingsPlaces,
    check_settings_images,
    place_settings,
)
from firmline.values import FwVersion, ImageKind

if TYPE_CHECKING:
    from firmline.formats.keys import Signer

ECDSA: Final = BootValidationType.VALIDATE_ECDSA_P256_SHA256
FAMILY_NAMES = ", ".join(family.name for family in families())


class FamilyName(click.ParamType[Family]):
    """A chip family, in upper or lower case."""

    name = "family"

    def convert(
        self,
        value: Any,  # noqa: ANN401 - click's signature
        param: click.Parameter | None,  # noqa: ARG002 - click's signature
        ctx: click.Context | None,  # noqa: ARG002 - click's signature
    ) -> Family:
        """Parse the text of an option."""
        return value if isinstance(value, Family) else find_family(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The options of the command, as parsed."""

    family: Family | None
    application: Path | None
    application_version: FwVersion | None
    application_version_string: FwVersion | None
    bootloader_version: FwVersion | None
    bl_settings_version: int | None
    start_address: int | None
    no_backup: bool
    backup_address: int | None
    app_boot_validation: str | None
    sd_boot_validation: str | None
    softdevice: Path | None
    key_file: KeySource | None

    @property
    def version(self) -> FwVersion | None:
        """The application's, as :func:`~firmline.cli.image_options.application_version`."""
        return application_version(
            self.application_version,
            self.application_version_string,
            application=self.application,
        )

    @property
    def needs_key(self) -> bool:
        """Whether a boot check is a signature."""
        return ECDSA.name in (self.app_boot_validation, self.sd_boot_validation)


@click.command(cls=OnceCommand)
@click.argument("hexfile", metavar="HEX", type=FILE)
@click.option(
    "--family",
    type=FamilyName(),
    help=f"The chip, which decides where the page lies: {FAMILY_NAMES}.  [required]",
)
@click.option(
    "--application",
    metavar="FILE",
    type=FILE,
    help="The application in flash (Intel HEX, S-records, ELF or bin); left out if there is none.",
)
@click.option("--application-version", type=VERSION, help="Its version, a whole number.")
@click.option(
    "--application-version-string",
    type=DottedVersion(),
    help="Its version as X.Y.Z, stored as X*10000 + Y*100 + Z.",
)
@click.option(
    "--bootloader-version",
    type=VERSION,
    help="The bootloader's version, a whole number.  [required]",
)
@click.option(
    "--bl-settings-version",
    type=NUMBER,
    help="Layout of the page: 1 for bootloaders of SDK 12.0 to 15.2, 2 since SDK 15.3.  [required]",
)
@click.option(
    "--start-address",
    type=NUMBER,
    help="Where the page lies, if not in the last page of the flash.",
)
@click.option(
    "--no-backup",
    is_flag=True,
    help="Leave the backup page out; bootloaders before SDK 15.1 have none.",
)
@click.option(
    "--backup-address",
    type=NUMBER,
    help="Where the backup page lies, if not 0x1000 below the page.",
)
@click.option(
    "--app-boot-validation",
    metavar="CHECK",
    type=VALIDATIONS,
    help=f"How the bootloader checks the application at every boot: {VALIDATION_NAMES}."
    f"  [default: {DEFAULT_VALIDATION.name}; version 2 only]",
)
@click.option(
    "--sd-boot-validation",
    metavar="CHECK",
    type=VALIDATIONS,
    help="How the bootloader checks the SoftDevice at every boot; likewise.",
)
@click.option(
    "--softdevice",
    metavar="FILE",
    type=FILE,
    help="The SoftDevice in flash, where it is to be checked at boot.",
)
@click.option(
    "--key-file",
    metavar="FILE",
    type=KeyName(),
    help="Private key for checks by ECDSA: a PEM file, or the pkcs11: URI of a key on a token.",
)
@strict_option
def generate(
    hexfile: Path,
    *,
    strict: bool,
    **options: Any,  # noqa: ANN401 - the fields of Options
) -> None:
    """Make the bootloader settings page HEX, with its backup.

    It tells a bootloader which application is there, so that a unit programmed with a probe starts
    it at once. Numbers are decimal (5) or hexadecimal (0x7F000). The same inputs give the same
    bytes.
    """
    chosen = Options(**options)
    family, version, bootloader_version = _check(chosen)
    keep_apart(hexfile, chosen.application, chosen.softdevice, chosen.key_file)
    places = place_settings(
        family,
        address=chosen.start_address,
        backup_address=chosen.backup_address,
        has_backup=not chosen.no_backup,
    )
    spec = _spec(chosen, version, bootloader_version)
    check_settings_images(places, application=spec.application, softdevice=spec.softdevice)
    page = build_settings_page(spec)
    content = format_settings_hex(
        page, address=places.address, backup_address=places.backup_address
    ).encode()
    _say_what_matters(spec, chosen)
    tell_warnings(_findings(spec, family), strict=strict)
    write_file(hexfile, content)
    click.echo(f"Settings page: {printable(hexfile)} ({len(content):,} bytes)")
    _print_page(page, places)


def _print_page(page: SettingsPage, places: SettingsPlaces) -> None:
    backup = places.backup_address
    click.echo()
    click.echo(f"0x{places.address:08X}, settings page ({places.family.name})")
    click.echo(f"  {'backup':<18} {'none' if backup is None else f'0x{backup:08X}'}")
    for line in image_lines(page):
        click.echo(line)


def _check(options: Options) -> tuple[Family, int, FwVersion]:
    """What must be given, together or at all."""
    if options.family is None:
        raise required("--family", f"it says where the page lies ({FAMILY_NAMES})")
    if options.bootloader_version is None:
        raise required(
            "--bootloader-version", "a bootloader refuses updates of itself that are not above it"
        )
    version = options.bl_settings_version
    if version is None:
        raise required(
            "--bl-settings-version", "1 is for bootloaders of SDK 12.0 to 15.2, 2 since SDK 15.3"
        )
    if version not in PAGE_SIZES:
        raise InputError(
            Code.SETTINGS_VERSION,
            f"There is no settings page of version {version}, only of 1 and 2.",
        )
    if options.no_backup and options.backup_address is not None:
        raise InputError(
            Code.OPTION_CONFLICT,
            "--backup-address places the backup that --no-backup leaves out.",
            hint="Leave one of the two out.",
        )
    _check_application(options)
    _check_validations(options, version)
    return options.family, version, options.bootloader_version


def _check_application(options: Options) -> None:
    """No application without a version, no version without an application."""
    if options.version is None and options.application is not None:
        raise required(
            "--application-version", "the bootloader compares the next update's version with it"
        )


def _check_validations(options: Options, version: int) -> None:
    """No boot check without an image, and none that the layout cannot hold."""
    if options.needs_key and options.key_file is None:
        raise boot_signature_needs_key()
    checks = (
        (
            "--app-boot-validation",
            options.app_boot_validation,
            "--application",
            options.application,
        ),
        ("--sd-boot-validation", options.sd_boot_validation, "--softdevice", options.softdevice),
    )
    for option, check, image_option, image in checks:
        if check is not None and version == 1:
            raise InputError(
                Code.OPTION_CONFLICT,
                f"{option} needs --bl-settings-version 2: version 1 holds no boot validation.",
                hint=f"Leave {option} out for a bootloader of SDK 15.2 or older.",
            )
        if check is not None and image is None:
            raise required(image_option, f"{option} says how this image is checked")


def _spec(options: Options, version: int, bootloader_version: FwVersion) -> SettingsSpec:
    return SettingsSpec(
        version=version,
        bootloader_version=bootloader_version,
        application=read_image(options.application, ImageKind.APPLICATION),
        application_version=options.version or FwVersion(0),
        softdevice=read_image(options.softdevice, ImageKind.SOFTDEVICE),
        app_boot_validation=_validation(options.app_boot_validation),
        sd_boot_validation=_validation(options.sd_boot_validation),
        signing_key=_key(options),
    )


def _key(options: Options) -> Signer | None:
    """The key, if a boot check needs one; else its password is not asked for."""
    if options.key_file is None:
        return None
    if options.needs_key:
        return load_signing_key(options.key_file)
    if isinstance(options.key_file, Path):
        read_file(options.key_file, what="key file")
    return None


def _validation(name: str | None) -> BootValidationType:
    return DEFAULT_VALIDATION if name is None else BootValidationType[name]


def _say_what_matters(spec: SettingsSpec, options: Options) -> None:
    """What the user may not know of the page just made."""
    tell_notes((spec.application, spec.softdevice))
    if spec.version == 1 and not options.no_backup:
        click.echo(
            "note: bootloaders before SDK 15.1 keep no backup page; leave it out for them with"
            " --no-backup.",
            err=True,
        )
    if options.key_file is not None and not options.needs_key:
        click.echo(
            f"note: --key-file was not used: no boot check is {ECDSA.name}.",
            err=True,
        )


def _findings(spec: SettingsSpec, family: Family) -> tuple[Finding, ...]:
    """What is probably a mistake in the images; the application runs beside this SoftDevice."""
    info = find_softdevice(spec.softdevice) if spec.softdevice is not None else None
    findings = lint_sources(
        application=spec.application,
        softdevice=spec.softdevice,
        application_sd_req=() if info is None else (info.fwid,),
        page_size=family.page_size,
    )
    # What programs the unit writes the UICR, too.
    return tuple(finding for finding in findings if finding.slug is not Slug.UICR_INSIDE)
