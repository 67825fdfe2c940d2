"""The options of lint: what is found is told, or with ``--strict`` refused before it is made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from firmline.cli.files import read_file
from firmline.cli.parameters import FilePath
from firmline.cli.style import printable
from firmline.errors import Code, InputError
from firmline.formats.lint import Finding, lint_init_packets, lint_sources
from firmline.formats.package import Package, read_package
from firmline.formats.package_build import PackageSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class LintOptions:
    """The options of lint, as parsed.

    Attributes:
        strict: Refuse what has a finding.
        previous: The package of the last release.
    """

    strict: bool
    previous: Path | None


def strict_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command ``--strict``."""
    return click.option(
        "--strict", is_flag=True, help="Warnings are errors: no file is written where there is one."
    )(command)


def lint_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of lint."""
    previous = click.option(
        "--previous",
        metavar="OLD.zip",
        type=FilePath(),
        help="The package of the last release: its versions have to be lower.",
    )
    return strict_option(previous(command))


def take_lint(options: dict[str, Any]) -> LintOptions:
    """Take the options of lint out of those of a command."""
    return LintOptions(strict=options.pop("strict"), previous=options.pop("previous"))


def tell_findings(
    spec: PackageSpec, package: Package, wanted: LintOptions, *, is_signed_later: bool = False
) -> None:
    """Say what is probably a mistake in a package that is about to be written.

    Args:
        spec: What it was made from.
        package: The package.
        wanted: The options.
        is_signed_later: It has no signature yet, because it is on its way to be signed.

    Raises:
        InputError: ``LINT_FINDINGS``, with ``--strict``; or as
            :func:`~firmline.formats.package.read_package`, for the last release.
    """
    previous = read_previous(wanted.previous)
    findings = (
        *lint_sources(
            application=None if spec.external_app else spec.application,
            softdevice=spec.softdevice,
            bootloader=spec.bootloader,
            application_sd_req=spec.application_sd_req,
        ),
        *lint_init_packets(
            package,
            previous=previous,
            application_address=spec.application.address if spec.application else None,
            is_signed_later=is_signed_later,
        ),
    )
    tell_warnings(findings, strict=wanted.strict)


def tell_warnings(findings: tuple[Finding, ...], *, strict: bool) -> None:
    """Say what is probably a mistake in what is about to be written.

    Raises:
        InputError: ``LINT_FINDINGS``, if there is any and it is asked to be strict.
    """
    for finding in findings:
        click.echo(f"warning: {printable(str(finding))}", err=True)
    if findings and strict:
        raise refusal(findings, consequence="nothing is written")


def read_previous(path: Path | None) -> Package | None:
    """The package of the last release, if one is named.

    Raises:
        InputError: As :func:`~firmline.formats.package.read_package`, or a code of a file.
    """
    if path is None:
        return None
    return read_package(read_file(path, what="package of the last release"), name=str(path))


def refusal(findings: tuple[Finding, ...], *, consequence: str) -> InputError:
    """The error for findings under ``--strict``."""
    count = "one finding" if len(findings) == 1 else f"{len(findings)} findings"
    return InputError(
        Code.LINT_FINDINGS,
        f"With --strict {consequence}, because of {count}:"
        f" {', '.join(dict.fromkeys(finding.slug for finding in findings))}.",
        hint=findings[0].next_step,
    )
