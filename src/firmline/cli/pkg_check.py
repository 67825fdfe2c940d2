"""``firmline pkg check``: would a unit accept this package, and is anything in it a mistake?"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from firmline.cli.failures import say
from firmline.cli.files import keep_outputs_apart, read_file, write_file
from firmline.cli.inspection_options import InspectionOptions, inspection_options
from firmline.cli.parameters import FilePath, OnceCommand, key_source
from firmline.errors import Code, ExitCode, InputError

if TYPE_CHECKING:
    from firmline.cli.check_text import CheckReport
    from firmline.cli.inspection_options import Inspected
    from firmline.device.acceptance.unit_terms import AssumedUnit
    from firmline.events import FactFound
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
@click.option(
    "--to",
    "target_text",
    metavar="URI",
    help="A unit that is read as firmline inspect does; --for adds what it does not say.",
)
@inspection_options
@click.option("--svg", metavar="FILE", type=FilePath(), help="Write the flash map as a picture.")
@click.option(
    "--previous",
    metavar="OLD.zip",
    type=FilePath(),
    help="The package of the last release: its versions have to be lower.",
)
@click.option("--strict", is_flag=True, help="Warnings are errors: exit code 2.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def check(
    *,
    zipfile: Path,
    terms: str | None,
    unit: str | None,
    target_text: str | None,
    svg: Path | None,
    previous: Path | None,
    strict: bool,
    as_json: bool,
    **reading: Any,  # noqa: ANN401 - the options of an inspection, as they are
) -> None:
    """Say whether a unit would accept the DFU package ZIP, and what in it is probably a mistake.

    Every check of the unit's bootloader is run, in its order: the first that says no is what the
    unit would answer with, and those behind it are shown too. Exit code 4: not accepted.

    Without --for, --unit and --to the package alone is looked at, and no unit is asked. Where the
    unit's chip is not known and nothing else says no, nobody can tell: exit code 2.
    """
    from firmline.cli.check_text import report_fields, report_lines  # noqa: PLC0415

    choice = UnitChoice(
        terms=terms,
        unit=unit,
        target_text=target_text,
        reading=InspectionOptions(**reading),
    )
    choice.check()
    if svg is not None and choice.reading.trace is not None:
        keep_outputs_apart(svg, choice.reading.trace)
    try:
        report = _report(zipfile, choice, previous=previous)
    except _NotReadError as broken:
        _say_not_read(broken.inspected, as_json=as_json)
        raise click.exceptions.Exit(broken.inspected.exit_code) from None
    if svg is not None:
        _write_picture(svg, report)
    refused = report.undecided_for or (_strict_refusal(report) if strict else None)
    if as_json:
        click.echo(json.dumps({"type": "result", **report_fields(report, refused)}))
    else:
        for line in report_lines(report):
            click.echo(line)
    if report.accepted is False:
        raise click.exceptions.Exit(ExitCode.REFUSED)
    if refused is not None:
        say(refused)  # not raised: the one result line has been printed
        raise click.exceptions.Exit(refused.exit_code)


class _NotReadError(Exception):
    """The unit was not read to the end; what was found until then is there."""

    def __init__(self, inspected: Inspected) -> None:
        super().__init__()
        self.inspected = inspected


def _say_not_read(inspected: Inspected, *, as_json: bool) -> None:
    """Why a unit was not read to the end, and what was found until then."""
    from firmline.cli import facts_text  # noqa: PLC0415 - failures only
    from firmline.cli.failures import print_failed_result, problem_fields  # noqa: PLC0415

    result, problems = inspected.result, inspected.problems
    if result.error is None:
        raise ValueError("The unit was read to the end.")
    with suppress(BrokenPipeError):  # the exit code still says how it ended
        if as_json:
            read = facts_text.result_fields(result)
            found = {name: read[name] for name in ("facts", "left_in")}
            print_failed_result(result.error, **found, problems=problem_fields(problems))
        else:
            for line in facts_text.report_lines(result):
                click.echo(line)
    for problem in (result.error, *problems):
        say(problem)


def _strict_refusal(report: CheckReport) -> InputError | None:
    """What ``--strict`` has against a package that a unit may well accept."""
    from firmline.cli.lint_options import refusal  # noqa: PLC0415

    if report.leaves_no_application:
        return InputError(
            Code.LINT_FINDINGS,
            "With --strict this package does not pass: the unit would run no application"
            " afterwards.",
            hint="Send the application in the same package, or have it ready.",
        )
    if report.findings:
        return refusal(report.findings, consequence="this package does not pass")
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitChoice:
    """Which unit a package is put before, as the options say.

    Attributes:
        terms: ``--for``.
        unit: ``--unit``.
        target_text: ``--to``.
        reading: How the unit of ``--to`` is read.
    """

    terms: str | None
    unit: str | None
    target_text: str | None
    reading: InspectionOptions

    def check(self) -> None:
        """Refuse options that mean nothing together.

        Raises:
            InputError: ``OPTION_CONFLICT``.
        """
        if self.unit is not None and self.terms is not None:
            raise InputError(Code.OPTION_CONFLICT, "--for and --unit both describe the unit.")
        if self.unit is not None and self.target_text is not None:
            raise InputError(Code.OPTION_CONFLICT, "--unit and --to both say which unit it is.")
        if self.target_text is None and self.reading.given:
            raise InputError(
                Code.OPTION_CONFLICT,
                "The options that read a unit (--enter, --probes, --key-file, --hw-version,"
                " --stay, --discard-progress, --trace) go with --to only.",
                hint="Name the unit to read with --to URI, or leave them out.",
            )
        self.reading.check()


def _report(zipfile: Path, choice: UnitChoice, *, previous: Path | None) -> CheckReport:
    from firmline.cli.check_text import CheckReport  # noqa: PLC0415
    from firmline.cli.lint_options import read_previous  # noqa: PLC0415
    from firmline.device.acceptance.chip_unknown import sure_refusal, undecided  # noqa: PLC0415
    from firmline.device.acceptance.unit_facts import chip_missing  # noqa: PLC0415
    from firmline.device.acceptance.verdict import judge  # noqa: PLC0415
    from firmline.formats.lint import lint_package  # noqa: PLC0415
    from firmline.formats.package import read_package  # noqa: PLC0415

    package = read_package(read_file(zipfile, what="package"), name=str(zipfile))
    # Everything is read before a unit is: its trace replaces no file that was read.
    last_release = read_previous(previous)
    described, facts = _unit(package, choice)
    verdict = None if described is None else judge(package, described.description)
    knows_chip = described is None or "chip" not in described.unknown
    undecided_for = None
    if verdict is not None and not knows_chip:
        refused = sure_refusal(verdict)
        if refused is None:
            undecided_for = chip_missing(facts)
        verdict = refused or undecided(verdict)
    findings = lint_package(
        package,
        previous=last_release,
        application_start=verdict.application_start if verdict and knows_chip else None,
    )
    return CheckReport(
        package=package,
        unit=described,
        verdict=verdict,
        findings=findings,
        facts=facts,
        undecided_for=undecided_for,
    )


def _unit(package: Package, choice: UnitChoice) -> tuple[AssumedUnit | None, tuple[FactFound, ...]]:
    """The unit that is meant, if there is one, and what was read of it."""
    if choice.target_text is None:
        return _unit_that_is_described(package, choice.terms, choice.unit), ()
    return _unit_that_is_read(package, choice)


def _unit_that_is_read(
    package: Package, choice: UnitChoice
) -> tuple[AssumedUnit, tuple[FactFound, ...]]:
    """The unit that ``--to`` names: what was read of it, completed by ``--for``."""
    from firmline.cli.inspection_options import inspect_unit  # noqa: PLC0415
    from firmline.cli.secrets_input import load_public_key  # noqa: PLC0415
    from firmline.device.acceptance.chip_unknown import with_stand_in, without_chip  # noqa: PLC0415
    from firmline.device.acceptance.unit_facts import (  # noqa: PLC0415
        inferred,
        key_of_facts,
        likely_build,
        require,
        terms_of_facts,
    )
    from firmline.device.acceptance.unit_terms import (  # noqa: PLC0415
        complete,
        read_terms,
        split_terms,
    )

    given = {} if choice.terms is None else split_terms(choice.terms)
    given_key = load_public_key(key_source(given["key"])) if "key" in given else None
    inspected = inspect_unit(choice.target_text or "", choice.reading)
    if inspected.result.error is not None:
        raise _NotReadError(inspected)
    for problem in inspected.problems:
        raise problem
    facts = inspected.result.facts
    key = key_of_facts(facts, probes_key=inspected.probes_key, given=given_key, package=package)
    known = terms_of_facts(facts, given)
    lacks_chip = "chip" not in known and "softdevice" in known
    if lacks_chip:
        known = with_stand_in(known)
    require(known, facts)
    unit = complete(read_terms(known, build=likely_build(facts)), package, public_key=key)
    if lacks_chip:
        return without_chip(unit), facts
    return replace(unit, assumed=unit.assumed + inferred(facts, given)), facts


def _unit_that_is_described(
    package: Package, terms: str | None, unit: str | None
) -> AssumedUnit | None:
    """The unit that the user describes, one way or the other; None: no unit is meant."""
    from firmline.cli.secrets_input import load_public_key  # noqa: PLC0415
    from firmline.cli.unit_choice import load_unit  # noqa: PLC0415
    from firmline.device.acceptance.unit_terms import (  # noqa: PLC0415
        AssumedUnit,
        complete,
        read_terms,
        split_terms,
    )

    if terms is not None:
        found = split_terms(terms)
        key = load_public_key(key_source(found["key"])) if "key" in found else None
        return complete(read_terms(found), package, public_key=key)
    if unit is not None:
        return AssumedUnit(description=load_unit(unit), unknown=frozenset(), assumed=())
    return None


def _write_picture(path: Path, report: CheckReport) -> None:
    from firmline.cli.flash_map_text import map_svg  # noqa: PLC0415
    from firmline.formats.manifest import KIND_TITLES  # noqa: PLC0415

    if report.verdict is None:
        raise InputError(
            Code.OPTION_MISSING,
            "--for, --unit or --to is missing: --svg shows the flash of a unit.",
        )
    if not report.knows_chip:
        raise InputError(
            Code.OPTION_MISSING,
            "The unit does not say its chip: --svg shows its flash.",
            hint="Add --for chip=..., such as chip=nrf52832-512k.",
        )
    maps = [(KIND_TITLES[image.kind], image.regions) for image in report.verdict.images]
    write_file(path, map_svg(maps).encode())
