"""Saying what went wrong: one sentence with its code, and the next thing to do."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Final

import click

from firmline.cli.style import paint, printable
from firmline.errors import FirmlineError, next_thing

__all__ = ["UPDATE_GOES_ON", "next_thing", "print_failed_result", "problem_fields", "say"]

UPDATE_GOES_ON: Final = "Run the same command again; an update goes on where the unit says it is."


def say(error: FirmlineError) -> None:
    """Print an error for people, on standard error."""
    message = printable(error.message)
    click.echo(f"{paint('error:', fg='red', bold=True)} {message} [{error.code}]", err=True)
    click.echo(f"  {paint('next:', bold=True)} {next_thing(error)}", err=True)


def problem_fields(problems: Iterable[FirmlineError]) -> list[dict[str, str]]:
    """What went wrong beside the work itself: files of evidence that broke off, by their codes."""
    return [
        {"code": str(each.code), "message": printable(each.message), "next": next_thing(each)}
        for each in problems
    ]


def print_failed_result(error: FirmlineError, **more: object) -> None:
    """Print the result line of a command that failed before it had a result of its own.

    It has the fields that programs rely on in the result of an update; other commands' results name
    no outcome.
    """
    fields: dict[str, object] = {
        "outcome": "failed",
        "code": str(error.code),
        "message": printable(error.message),
        "proof": None,
        "next": next_thing(error),
        "bytes": 0,
        "bytes_held": 0,
        "bytes_sent": 0,
        "seconds": 0.0,
        "transfer_seconds": 0.0,
        "limit_share": None,
        "problems": [],
        "diagnosis": None,
    }
    click.echo(json.dumps({"type": "result", **fields, **more}))
