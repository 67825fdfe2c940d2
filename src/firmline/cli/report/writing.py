"""``--report``: a report is written whole, or not at all."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import click

from firmline.cli.concluded import Concluded
from firmline.cli.files import keep_apart, write_file
from firmline.cli.report.attachments import File, read_attachments
from firmline.cli.report.content import Report, compose, report_fields
from firmline.cli.style import printable
from firmline.diagnosis.reading import Kind, Source
from firmline.errors import Code, InputError, shortened


def _page(report: Report) -> str:
    from firmline.cli.report.page import page  # noqa: PLC0415 - JSON needs no template engine

    return page(report)


def _json(report: Report) -> str:
    return json.dumps(report_fields(report), indent=1) + "\n"


ROLE: Final = "what was diagnosed"
FORMS: Final[dict[str, Callable[[Report], str]]] = {
    ".html": _page,
    ".htm": _page,
    ".json": _json,
}
"""How a report is written, by the suffix of its name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A report that somebody wants.

    Attributes:
        path: Where it is to be written.
        files: What is to be sent along.
    """

    path: Path
    files: tuple[File, ...]


def wanted_report(
    path: Path | None, attach: tuple[Path, ...], *, diagnosed: tuple[Path, ...]
) -> Wanted | None:
    """What the options ask for, with what is attached already read, before any work is done.

    Args:
        path: Of ``--report``; ``None``: no report is wanted.
        attach: Of ``--attach``.
        diagnosed: What is going to be diagnosed.

    Raises:
        InputError: ``USAGE``: the name does not say what to write. ``FILE_EXISTS``: it is there
            already. ``OPTION_CONFLICT``: there is no report that something could be attached to, or
            it would replace what it is made of. Else as
            :func:`~firmline.cli.report.attachments.read_attachments`.
    """
    if path is None:
        if attach:
            raise InputError(
                Code.OPTION_CONFLICT,
                "--attach without --report: there is nothing that it could be attached to.",
                hint="Add --report FILE.html.",
            )
        return None
    if path.suffix.lower() not in FORMS:
        raise InputError(
            Code.USAGE,
            f"The name of the report {shortened(path)} does not say what it is to be: a page"
            " (.html), or JSON (.json).",
            hint=f"Name it {shortened(path.stem or 'report')}.html.",
        )
    keep_apart(path, *diagnosed, *attach)
    if path.is_file():
        raise InputError(
            Code.FILE_EXISTS,
            f"The report {shortened(path)} is already there and was left as it is.",
            hint="Give the report another name.",
        )
    return Wanted(path=path, files=read_attachments(attach))


def write_report(
    wanted: Wanted,
    source: Source | None,
    concluded: Concluded,
    *,
    diagnosed: Sequence[tuple[File, Source]],
) -> None:
    """Write a report.

    Args:
        wanted: Where, and with what.
        source: What was diagnosed; ``None``: a person was asked, and nothing else.
        concluded: What came of it.
        diagnosed: The files that were diagnosed, and what each of them tells; they are sent along.

    Raises:
        InputError: As :func:`~firmline.cli.files.write_file`.
    """
    given = [
        replace(file, role=ROLE, is_told=each.kind is not Kind.LOG) for file, each in diagnosed
    ]
    report = compose(source, concluded, files=[*given, *wanted.files], made_at=datetime.now(UTC))
    content = FORMS[wanted.path.suffix.lower()](report).encode()
    write_file(wanted.path, content, replace=False)
    click.echo(f"Report: {printable(shortened(wanted.path))}", err=True)
