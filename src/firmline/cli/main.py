"""The program ``firmline``: finds the command, and turns every error into one sentence.

Nothing heavy is imported here, and commands are imported when they are called, so that
``firmline --version`` and ``--help`` answer at once.
"""

from __future__ import annotations

import json
import os
import sys
from typing import NoReturn

import click

from firmline import __version__
from firmline.cli.failures import print_failed_result, say
from firmline.cli.lazy import Command, LazyGroup, Section
from firmline.errors import Code, ExitCode, FirmlineError, InputError

SECTIONS = (
    Section(
        "Start here",
        Command("demo", "firmline.cli.demo:demo", "See one update, from a key to a running unit."),
    ),
    Section(
        "Make and look at packages",
        Command("keys", "firmline.cli.keys:keys", "Make signing keys, show their public halves."),
        Command("pkg", "firmline.cli.pkg:pkg", "Make DFU packages, show what is inside."),
    ),
    Section(
        "Update units",
        Command("update", "firmline.cli.update:update", "Send a package to one unit."),
    ),
)
EPILOG = """\b
Examples:
  firmline keys generate private.key
  firmline pkg generate --hw-version 52 --sd-req 0x103 --application app.hex
      --application-version 5 --key-file private.key dfu.zip
  firmline update dfu.zip --to 'sim:ble-reference?key=private.key'

Exit codes: 0 done, 2 usage or bad input file, 3 link trouble, 4 the unit refused,
5 the end was not seen, 70 a defect of firmline, 130 interrupted."""


@click.group(
    cls=LazyGroup,
    sections=SECTIONS,
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, message="firmline %(version)s")
def cli() -> None:
    """Make, check and send firmware updates for nRF5x units.

    A drop-in for nrfutil that never makes a bad package, says why a unit refuses one, and calls a
    unit updated only when its new application was seen running.
    """


def main() -> NoReturn:
    """Run the program; never returns."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run one command line; the exit code."""
    as_json = "--json" in arguments
    try:
        # Without standalone mode click returns the exit code of a command that chose one.
        code = cli.main(arguments, prog_name="firmline", standalone_mode=False)
        sys.stdout.flush()
    except (click.Abort, KeyboardInterrupt):
        return _interrupted(as_json=as_json)
    except BrokenPipeError:
        return _reader_left()
    except Exception as problem:
        if os.environ.get("FIRMLINE_DEBUG"):
            raise
        return _fail(_as_error(problem), as_json=as_json)
    return int(code or ExitCode.DONE)


def _as_error(problem: Exception) -> FirmlineError:
    """Whatever was raised, as one of ours."""
    match problem:
        case FirmlineError():
            return problem
        case click.ClickException():
            return _usage_error(problem)
        case _:
            return _defect(problem)


def _usage_error(problem: click.ClickException) -> InputError:
    context = getattr(problem, "ctx", None)
    command = context.command_path if context else "firmline"
    message = " ".join(problem.format_message().split())
    return InputError(Code.USAGE, message, hint=f"See {command} --help.")


def _defect(problem: Exception) -> FirmlineError:
    return FirmlineError(
        Code.DEFECT,
        f"firmline itself failed: {type(problem).__name__}: {problem}",
        hint="Run the same command with FIRMLINE_DEBUG=1 in the environment, and report what it"
        " prints.",
    )


def _fail(error: FirmlineError, *, as_json: bool) -> int:
    """Say what went wrong and what to do next; the exit code."""
    say(error)
    if as_json:
        print_failed_result(error)
    return error.exit_code


def _interrupted(*, as_json: bool) -> int:
    click.echo("interrupted", err=True)
    if as_json:
        click.echo(json.dumps({"type": "result", "outcome": "failed", "message": "interrupted"}))
    return ExitCode.INTERRUPTED


def _reader_left() -> int:
    """Whoever read our output has gone (``| head``): nothing more to say, and nobody to say it to.

    Standard output is pointed elsewhere, or the interpreter would complain at exit.
    """
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return ExitCode.DONE
