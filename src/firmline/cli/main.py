"""The program ``firmline``: finds the command, and turns every error into one sentence.

Nothing heavy is imported here, and commands are imported when they are called, so that
``firmline --version`` and ``--help`` answer at once.
"""

from __future__ import annotations

import errno
import gc
import os
import sys
from io import TextIOWrapper
from pathlib import Path
from typing import Final, NoReturn

import click

from firmline import __version__
from firmline.cli.failures import UPDATE_GOES_ON, print_failed_result, say
from firmline.cli.interruption import interruptions
from firmline.cli.lazy import Command, LazyGroup, Section
from firmline.errors import Code, ExitCode, FirmlineError, InputError, StoreError

NAME: Final = "firmline"
COMPLETION_VARIABLE: Final = "_FIRMLINE_COMPLETE"
"""Set by shells that were told to complete words, as click describes it."""
SECTIONS = (
    Section(
        "Start here",
        Command("demo", "firmline.cli.demo.command:demo", "See a shift at a production line."),
    ),
    Section(
        "Make and look at packages",
        Command("keys", "firmline.cli.keys:keys", "Make signing keys, show their public halves."),
        Command("pkg", "firmline.cli.pkg:pkg", "Make DFU packages, show what is inside."),
        Command(
            "settings",
            "firmline.cli.settings:settings",
            "Make bootloader settings pages, show those in a file.",
        ),
    ),
    Section(
        "Update units",
        Command("update", "firmline.cli.update:update", "Send a package to units, see it run."),
        Command("dfu", "firmline.cli.dfu:dfu", "The same with nrfutil's options."),
        Command("scan", "firmline.cli.scan:scan", "List what is in the air."),
        Command("inspect", "firmline.cli.inspect:inspect", "Read what is on a unit."),
        Command("bonds", "firmline.cli.bonds:bonds", "List or forget bonds with units."),
        Command("trace", "firmline.cli.trace:trace", "Read what an update or an inspection kept."),
    ),
    Section(
        "Run a production line",
        Command("line", "firmline.cli.line:line", "Write and check recipes, read records."),
    ),
    Section(
        "When an update fails",
        Command("diagnose", "firmline.cli.diagnose:diagnose", "Rank the causes, plan the tests."),
        Command("autopsy", "firmline.cli.autopsy:autopsy", "Say what a unit's flash tells."),
    ),
    Section(
        "Work with virtual units",
        Command("sim", "firmline.cli.sim:sim", "Replay recordings, cut the power everywhere."),
    ),
)
OBJECTS_BETWEEN_COLLECTIONS: Final = 20_000
"""Instead of 700: imports make tens of thousands of objects that all stay."""
EPILOG = """\b
Examples:
  firmline keys generate private.key
  firmline pkg generate --hw-version 52 --sd-req 0x103 --application app.hex
      --application-version 5 --key-file private.key dfu.zip
  firmline pkg check dfu.zip --for chip=nrf52832-512k,softdevice=s112-7.2.0
  firmline update dfu.zip --to 'sim:ble-reference?key=private.key'

Exit codes: 0 done, 2 usage or bad input file, 3 link trouble, 4 the unit refused,
5 the end was not seen or a signature does not hold, 70 a defect of firmline, 130 interrupted."""


@click.group(
    cls=LazyGroup,
    sections=SECTIONS,
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, message="firmline %(version)s")
@click.option(
    "-v",
    "--verbose",
    count=True,
    expose_value=False,
    help="Taken for the sake of nrfutil's users; what matters is said in any case.",
)
def cli() -> None:
    """Make, check and send firmware updates for nRF5x units.

    Takes nrfutil's words, never makes a bad package, says why a unit refuses one, and calls a unit
    updated only when its new application was seen running.
    """


@cli.command("version", hidden=True)
def version() -> None:
    """Print the version, as nrfutil's command does."""
    click.echo(f"firmline {__version__}")


def main() -> NoReturn:
    """Run the program; never returns."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        # Started with a stream closed, the program would take its number for a file of its own.
        if getattr(sys, name) is None:
            nowhere = Path(os.devnull).open(mode, encoding="utf-8")  # noqa: SIM115 - stays open
            setattr(sys, name, nowhere)
    if isinstance(sys.stdout, TextIOWrapper):
        # A name that this terminal's encoding lacks is no reason to fail.
        sys.stdout.reconfigure(errors="backslashreplace")
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run one command line; the exit code."""
    as_json = "--json" in arguments
    code: int = ExitCode.DONE
    try:
        code = _call(arguments)
        sys.stdout.flush()
    except (click.Abort, KeyboardInterrupt):
        return _interrupted(arguments, as_json=as_json)
    except click.exceptions.NoArgsIsHelpError as question:
        question.show()
        return ExitCode.INPUT
    except BrokenPipeError:
        _let_go_of_output()
    except Exception as problem:  # noqa: BLE001 - the one place that turns a defect into a sentence
        if os.environ.get("FIRMLINE_DEBUG"):
            from traceback import print_exception  # noqa: PLC0415 - for developers only

            print_exception(problem)
        if isinstance(problem.__cause__, KeyboardInterrupt):  # class bodies wrap what they raise
            return _interrupted(arguments, as_json=as_json)
        return _fail(_as_error(problem), as_json=as_json)
    return code


def _call(arguments: list[str]) -> int:
    """Find the command and call it; the exit code that it chose.

    Not click's own ``main``: that ends the process by itself where the reader of our output leaves.
    """
    instruction = os.environ.get(COMPLETION_VARIABLE)
    if instruction:
        from click.shell_completion import shell_complete  # noqa: PLC0415 - for shells only

        return shell_complete(cli, {}, NAME, COMPLETION_VARIABLE, instruction)
    try:
        with cli.make_context(NAME, list(arguments)) as context:
            cli.invoke(context)
    except click.exceptions.Exit as chosen:
        return chosen.exit_code
    return ExitCode.DONE


def _as_error(problem: Exception) -> FirmlineError:
    """Whatever was raised, as one of ours."""
    match problem:
        case FirmlineError():
            return problem
        case click.ClickException():
            from firmline.cli.usage_hints import usage_error  # noqa: PLC0415 - failures only

            return usage_error(problem, program=NAME)
        case OSError(errno=errno.ENOSPC):
            return StoreError(
                Code.OUTPUT_NOT_WRITABLE, "There is no space left for what is printed."
            )
        case OSError(errno=errno.EBADF | errno.EIO):
            return StoreError(
                Code.OUTPUT_NOT_WRITABLE,
                "What is to be printed cannot be written anywhere.",
                hint="Send standard output to a terminal, a file or another program.",
            )
        case _:
            return _defect(problem)


def _defect(problem: Exception) -> FirmlineError:
    return FirmlineError(
        Code.DEFECT,
        f"firmline itself failed: {type(problem).__name__}: {problem}",
        hint="Run the same command with FIRMLINE_DEBUG=1 in the environment, and report what it"
        " prints.",
    )


def _fail(error: FirmlineError, *, as_json: bool) -> int:
    """Say what went wrong and what to do next; the exit code."""
    try:
        say(error)
        if as_json:
            print_failed_result(error)
    except OSError:  # nobody reads it, or there is no space for it
        _let_go_of_output()
    return error.exit_code


def _interrupted(arguments: list[str], *, as_json: bool) -> int:
    interruptions.over()
    hint = UPDATE_GOES_ON if arguments[:1] in (["update"], ["dfu"]) else ""
    _fail(InputError(Code.INTERRUPTED, "The command was interrupted.", hint=hint), as_json=as_json)
    return ExitCode.INTERRUPTED


def _let_go_of_output() -> None:
    """Whoever read our output has gone (``| head``): nothing more to say, and nobody to say it to.

    Standard output is pointed elsewhere, or the interpreter would complain at exit.
    """
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
