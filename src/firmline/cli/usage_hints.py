"""What to type instead, where a command line does not fit: a unit that was named the wrong way."""

from __future__ import annotations

import re
from typing import Final

import click

from firmline.errors import Code, InputError

TARGET_OPTIONS: Final = frozenset({"--to", "--on", "--target", "--uri"})
"""Words for a unit or a radio that one command knows and another one does not."""
TARGET_NAMES: Final = frozenset({"target_text", "target_texts"})
"""What the parameter is called in the commands that take a target."""
NAMES_A_UNIT: Final = {"serial": ("-p", "-snr"), "usb-serial": ("-p", "-snr"), "ble": ("-a", "-n")}
"""What nrfutil's commands have instead."""
_TARGET: Final = re.compile(r"\((?:ble|hci|nrfconn|serial|sim|usb):")
"""A target where click names the word that it did not expect."""


def usage_error(problem: click.ClickException, *, program: str) -> InputError:
    """What click has against a command line, in one sentence, with the next thing to do."""
    context = getattr(problem, "ctx", None)
    command = context.command_path if context else program
    instead = _instead(problem, context, command) if context else ""
    # What click takes for a likely slip is another option altogether.
    is_slip = bool(instead) and isinstance(problem, click.NoSuchOption)
    told = " ".join((problem.message if is_slip else problem.format_message()).split())
    return InputError(Code.USAGE, told, hint=f"{instead} See {command} --help.".lstrip())


def _instead(problem: click.ClickException, context: click.Context, command: str) -> str:
    """How this command wants its unit named; empty where that is not what is wrong."""
    match problem:
        case click.NoSuchOption(option_name=name) if name in TARGET_OPTIONS:
            return _right_form(context.command, command)
        case click.MissingParameter(param=click.Option(name=name)) if name in TARGET_NAMES:
            return _right_form(context.command, command)
        case click.UsageError() if _TARGET.search(problem.message):
            return _right_form(context.command, command)
        case _:
            return ""


def _right_form(command: click.Command, path: str) -> str:
    target = next((param for param in command.params if param.name in TARGET_NAMES), None)
    match target:
        case click.Argument():
            return f"The target stands there without an option: {path} {target.metavar}."
        case click.Option():
            option = max(target.opts, key=len)
            return f"Here {option} names it: {path} ... {option} {target.metavar}."
    options = NAMES_A_UNIT.get(command.name or "")
    if options is None:
        return ""
    return f"Here {' or '.join(options)} names the unit, as with nrfutil; update takes --to."
