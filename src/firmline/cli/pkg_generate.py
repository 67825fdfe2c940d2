"""``firmline pkg generate``: nrfutil's command, without its traps."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import click

from firmline.cli.files import keep_apart, write_file
from firmline.cli.generate_options import Options, check_options, package_spec
from firmline.cli.image_options import (
    DEFAULT_VALIDATION,
    FILE,
    NUMBER,
    VALIDATION_NAMES,
    VALIDATIONS,
    VERSION,
    tell_notes,
)
from firmline.cli.lint_options import lint_options, take_lint, tell_findings
from firmline.cli.numbers import DottedVersion
from firmline.cli.parameters import FwidList, KeyName, OnceCommand, OrNone, option_name
from firmline.cli.style import printable
from firmline.cli.timestamp import Timestamp
from firmline.cli.zigbee_options import (
    build_zigbee,
    take_zigbee,
    zigbee_file,
    zigbee_options,
)
from firmline.errors import Code, InputError
from firmline.formats.package import Package, write_package
from firmline.formats.package_build import PackageSpec, build_package
from firmline.formats.package_zip import EARLIEST
from firmline.values import Fwid


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


@click.command(cls=OnceCommand)
@click.argument("zipfile", metavar="ZIP", type=FILE)
@click.option(
    "--application",
    metavar="FILE",
    type=FILE,
    help="Application (Intel HEX, S-records, ELF or bin).",
)
@click.option("--application-version", type=VERSION, help="Its version, a whole number.")
@click.option(
    "--application-version-string",
    type=DottedVersion(),
    help="Its version as X.Y.Z, stored as X*10000 + Y*100 + Z.",
)
@click.option("--bootloader", metavar="FILE", type=FILE, help="Bootloader (likewise).")
@click.option("--bootloader-version", type=VERSION, help="Its version, a whole number.")
@click.option("--softdevice", metavar="FILE", type=FILE, help="SoftDevice (likewise).")
@click.option(
    "--hw-version",
    type=NUMBER,
    help="The hardware it is for, as the bootloader was built; e.g. 52.",
)
@click.option(
    "--sd-req",
    type=OrNone(Fwids()),
    help="FWIDs of the SoftDevices that a unit may have now, comma-separated; 0x00: it has none.",
)
@click.option(
    "--sd-id",
    type=OrNone(Fwids()),
    help="FWID of the SoftDevice in this package; needed when an application comes with it.",
)
@click.option(
    "--app-boot-validation",
    metavar="CHECK",
    type=VALIDATIONS,
    default=DEFAULT_VALIDATION.name,
    show_default=True,
    help=f"How the bootloader checks the application at every boot: {VALIDATION_NAMES}.",
)
@click.option(
    "--sd-boot-validation",
    metavar="CHECK",
    type=VALIDATIONS,
    default=DEFAULT_VALIDATION.name,
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
    type=KeyName(),
    help="Private key that signs it: a PEM file (see firmline keys), or the pkcs11: URI of a key on"
    " a token.",
)
@click.option(
    "--unsigned-request",
    metavar="DIR",
    type=FILE,
    help="Do not sign: write what is to be signed elsewhere into the new folder DIR; then pkg"
    " attach-signature.",
)
@click.option(
    "--timestamp",
    type=Timestamp(),
    default=EARLIEST,
    help="Time of the files in ZIP: seconds since 1970, an ISO 8601 time, or now. Without it 1980,"
    " so that the same inputs give the same bytes.",
)
@zigbee_options
@lint_options
def generate(zipfile: Path, timestamp: datetime, **options: Any) -> None:  # noqa: ANN401 - the fields of Options
    """Make the DFU package ZIP.

    An application, a SoftDevice, a bootloader, or what goes together of them: each with its option.
    Numbers are decimal (52) or hexadecimal (0x34). The same inputs give the same bytes.
    """
    zigbee, lint = take_zigbee(options), take_lint(options)
    chosen = Options(**options)
    check_options(chosen)
    inputs = (chosen.application, chosen.bootloader, chosen.softdevice, chosen.key_file)
    keep_apart(zipfile, *inputs, lint.previous)
    spec = package_spec(chosen)
    package, ota = (build_package(spec), None) if zigbee is None else build_zigbee(spec, zigbee)
    content = write_package(package, time=timestamp)
    _say_what_matters(spec)
    tell_findings(spec, package, lint, is_signed_later=spec.signed_later)
    if chosen.unsigned_request is not None:
        _write_unsigned(zipfile, content, package, folder=chosen.unsigned_request, time=timestamp)
        return
    with zigbee_file(ota, zipfile, *inputs):
        write_file(zipfile, content)
    click.echo(f"Package: {printable(zipfile)} ({len(content):,} bytes)")


def _write_unsigned(
    zipfile: Path, content: bytes, package: Package, *, folder: Path, time: datetime
) -> None:
    """The package without its signatures, and what is to be signed elsewhere."""
    from firmline.cli.request_files import (  # noqa: PLC0415 - few packages are signed later
        new_request,
        say_what_to_sign,
    )

    with new_request(folder, content, package, time=time, beside=zipfile) as names:
        write_file(zipfile, content)
    click.echo(f"Unsigned package: {printable(zipfile)} ({len(content):,} bytes)")
    say_what_to_sign(folder, names)


def _say_what_matters(spec: PackageSpec) -> None:
    """What the user may not know of the package just made."""
    tell_notes((spec.application, spec.softdevice, spec.bootloader))
    if spec.sd_id and spec.softdevice is None:
        click.echo("note: --sd-id was not used: there is no SoftDevice in the package.", err=True)
