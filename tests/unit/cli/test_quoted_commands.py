"""Every command that the data tells somebody to type can be typed: the real parser takes it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from firmline.cli.main import cli
from house_tree import SOURCE

DATA = SOURCE / "data"
QUOTED = re.compile(r"firmline ((?:[^.;,:()\"]|[.,:](?=[^\s\"])|:(?= -))*)")
"""Up to the end of its part of the sentence."""
PLACEHOLDER = re.compile(r"[A-Z][A-Z0-9._/|]*|[\w./]+\.\w+|swd:|[\w-]+=\d+")
"""What is to be filled in, a file's name, a probe, a time-out."""
FILLED = {"URI": "sim:ble-reference", "ADDRESS": "C6:05:04:03:02:01"}


def quoted() -> Iterator[tuple[str, str]]:
    for path in sorted(DATA.rglob("*.toml")):
        text = path.read_text(encoding="utf-8").replace('\\"', "'")
        for line in text.splitlines():
            if not line.startswith("#"):
                for found in QUOTED.findall(line):
                    yield path.name, found.strip()


def command_of(words: list[str]) -> tuple[click.Command, list[str]]:
    """The command that the first words name, and the words behind it."""
    command: click.Command = cli
    context = click.Context(cli)
    while words and isinstance(command, click.Group):
        below = command.get_command(context, words[0])
        if below is None:
            break
        command, words = below, words[1:]
    return command, words


def arguments_of(command: click.Command, words: list[str]) -> list[str]:
    """The words that belong to the command line; prose goes on behind it."""
    takes_value = {
        name: not parameter.is_flag and not parameter.count
        for parameter in command.params
        if isinstance(parameter, click.Option)
        for name in (*parameter.opts, *parameter.secondary_opts)
    }
    arguments: list[str] = []
    is_value = False
    for word in words:
        if not (is_value or word.startswith("-") or PLACEHOLDER.fullmatch(word)):
            break
        is_value = word.startswith("-") and takes_value.get(word, False)
        arguments.append(FILLED.get(word, word))
    return arguments


@pytest.mark.parametrize(("file", "text"), sorted(set(quoted())))
def test_what_is_to_be_typed_is_understood(file: str, text: str, tmp_path: Path) -> None:
    words = text.split()
    command, rest = command_of(words)
    if command is cli:  # the program itself is spoken of, or a command that there is not
        is_prose = file != "diagnostic_tests.toml" and not arguments_of(cli, words[1:])
        assert is_prose, f"{file}: firmline has no command {words[0]!r}"
        return
    arguments = arguments_of(command, rest)
    for name in ("ZIP", "FILE", "TRACE", "dump.hex"):
        (tmp_path / name).write_bytes(b"x")
    filled = [str(tmp_path / each) if (tmp_path / each).is_file() else each for each in arguments]
    try:
        command.make_context("it", filled)
    except (click.MissingParameter, click.BadOptionUsage):
        assert file != "diagnostic_tests.toml", "a step of a plan has to be typed as it stands"


def test_the_commands_of_the_plan_are_among_them() -> None:
    texts = [text for file, text in quoted() if file == "diagnostic_tests.toml"]
    assert "update ZIP --to URI --mtu 23 --no-recovery --trace FILE" in texts
    assert len(texts) >= 10


def test_an_option_that_there_is_not_is_found(tmp_path: Path) -> None:
    with pytest.raises(AssertionError):
        test_what_is_to_be_typed_is_understood("x", "sacn --duration 5", tmp_path)
    with pytest.raises(click.NoSuchOption):
        test_what_is_to_be_typed_is_understood("x", "scan --no-such 5", tmp_path)
