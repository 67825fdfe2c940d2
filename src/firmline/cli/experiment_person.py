"""The person at the bench: is told one sentence at a time, and presses Enter when it is done.

Everything goes to standard error, so that the result is all that is printed.
"""

from __future__ import annotations

import sys
from typing import Final

import click

from firmline.cli.style import paint, printable
from firmline.errors import Code, InputError
from firmline.updater.experiments.runs import Ended, RunEnd

MAX_LINE: Final = 1000
"""Longest answer that is read, bytes; ours."""
STOP: Final = frozenset({"q", "quit", "stop"})
_ENDS: Final = {
    **dict.fromkeys(("p", "pass", "passed", "y", "yes"), RunEnd.PASS),
    **dict.fromkeys(("f", "fail", "failed", "n", "no"), RunEnd.FAIL),
    **dict.fromkeys(("s", "skip", "skipped"), RunEnd.NOT_COUNTED),
}


class StoppedByPersonError(Exception):
    """Somebody has had enough; what was learned so far stays."""


def say(text: str) -> None:
    """A line for the person."""
    click.echo(text, err=True)


def wait_for(sentence: str) -> None:
    """Say what is to be done, and wait for Enter.

    Raises:
        StoppedByPersonError: They stop.
        InputError: ``NOBODY_TO_ASK``.
    """
    say(paint(printable(sentence), bold=True))
    _line("Enter when done, q to stop")


def outcome_of(sentence: str) -> Ended:
    """Ask how a run has ended that somebody else has carried out.

    Raises:
        StoppedByPersonError: They stop.
        InputError: ``NOBODY_TO_ASK``.
    """
    say(paint(printable(sentence), bold=True))
    while True:
        end = _ENDS.get(_line("p passed, f failed, s skip this run, q stop"))
        if end is RunEnd.NOT_COUNTED:
            return Ended(end=end, message="left out by the person")
        if end is not None:
            return Ended(end=end, message="as the person says")
        say("  That is none of these.")


def accepts(warning: str) -> bool:
    """Say what would be lost, and ask whether that is accepted; nobody there accepts nothing."""
    say(warning)
    try:
        return _line("Type yes to go on, or Enter to stop") == "yes"
    except (StoppedByPersonError, InputError):
        return False


def _line(what: str) -> str:
    click.echo(f"  {what}: ", nl=False, err=True)
    stream = getattr(sys.stdin, "buffer", None)  # a program may have none
    line = b"" if stream is None else stream.readline(MAX_LINE)
    if not line:
        say("")
        raise InputError(
            Code.NOBODY_TO_ASK, "Somebody has to answer here, and standard input is at its end."
        )
    words: str = line.decode(errors="replace").strip().lower()
    if words in STOP:
        raise StoppedByPersonError
    return words
