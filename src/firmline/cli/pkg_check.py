"""``firmline pkg check``: would a unit accept this package?"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from firmline.cli.files import keep_apart, read_file, write_file
from firmline.cli.parameters import FilePath, OnceCommand
from firmline.errors import Code, ExitCode, InputError

if TYPE_CHECKING:
    from firmline.device.acceptance.unit_terms import AssumedUnit
    from firmline.formats.package import Package


@click.command(cls=OnceCommand)
@click.argument("zipfile", metavar="ZIP", type=FilePath())
@click.option(
    "--for",
    "terms",
    metavar="TERMS",
    help="The unit in one line, such as"
    " chip=nrf52832-512k,softdevice=s132-6.1.1,app-version=3,hw-version=52,key=public.pem.",
)
@click.option(
    "--unit", metavar="NAME|FILE", help="The unit as firmline sim units knows it, or a unit file."
)
@click.option("--svg", metavar="FILE", type=FilePath(), help="Write the flash map as a picture.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def check(
    zipfile: Path, terms: str | None, unit: str | None, svg: Path | None, as_json: bool
) -> None:
    """Say whether a unit would accept the DFU package ZIP.

    Every check of the unit's bootloader is run, in its order: the first that says no is what the
    unit would answer with, and those behind it are shown too. Exit code 4: not accepted.
    """
    from firmline.cli.check_text import Report, report_fields, report_lines  # noqa: PLC0415
    from firmline.cli.flash_map_text import map_svg  # noqa: PLC0415
    from firmline.device.acceptance.verdict import judge  # noqa: PLC0415
    from firmline.formats.manifest import KIND_TITLES  # noqa: PLC0415
    from firmline.formats.package import read_package  # noqa: PLC0415

    package = read_package(read_file(zipfile, what="package"), name=str(zipfile))
    described = _unit(package, terms, unit)
    report = Report(package=package, unit=described, verdict=judge(package, described.description))
    if svg is not None:
        keep_apart(svg, zipfile)
        maps = [(KIND_TITLES[image.kind], image.regions) for image in report.verdict.images]
        write_file(svg, map_svg(maps).encode())
    if as_json:
        click.echo(json.dumps({"type": "result", **report_fields(report)}))
    else:
        for line in report_lines(report):
            click.echo(line)
    if not report.verdict.accepted:
        raise click.exceptions.Exit(ExitCode.REFUSED)


def _unit(package: Package, terms: str | None, unit: str | None) -> AssumedUnit:
    """The unit that the user describes, one way or the other."""
    from firmline.cli.secrets_input import load_public_key  # noqa: PLC0415
    from firmline.cli.unit_choice import load_unit  # noqa: PLC0415
    from firmline.device.acceptance.unit_terms import (  # noqa: PLC0415
        AssumedUnit,
        complete,
        read_terms,
        split_terms,
    )

    if terms is not None and unit is not None:
        raise InputError(Code.OPTION_CONFLICT, "--for and --unit both describe the unit.")
    if terms is not None:
        found = split_terms(terms)
        key = load_public_key(Path(found["key"])) if "key" in found else None
        return complete(read_terms(found), package, public_key=key)
    if unit is not None:
        return AssumedUnit(description=load_unit(unit), unknown=frozenset(), assumed=())
    raise InputError(
        Code.OPTION_MISSING,
        "--for or --unit is missing: whether a package is accepted depends on the unit.",
    )
