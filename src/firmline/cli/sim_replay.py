"""``firmline sim replay``: recorded sessions of the real bootloader against the virtual one."""

from __future__ import annotations

import gzip
import io
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click

from firmline.cli.files import read_file
from firmline.cli.parameters import FilePath, OnceCommand
from firmline.cli.style import printable
from firmline.device.replay.comparison import Disagreement
from firmline.device.replay.machine import replay
from firmline.device.replay.session import read_session
from firmline.errors import Code, ExitCode, InputError, shortened

MAX_UNPACKED_SIZE: Final = 256 * 1024 * 1024
"""Most bytes that a transcript may unpack to; ours: the largest recorded has 8 MB."""
MAX_SHOWN: Final = 120
"""Characters of a value that are printed."""


@click.command("replay", cls=OnceCommand)
@click.argument("files", metavar="FILES...", type=FilePath(), nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def replay_sessions(files: tuple[Path, ...], as_json: bool) -> None:
    """Replay recorded sessions (.jsonl, .jsonl.gz) against the virtual bootloader.

    Says how many agree and, for each that does not, the first difference; exit code 5 where there
    is one.
    """
    count = 0
    disagreements: list[dict[str, object]] = []
    for path in files:
        in_file = 0
        for name, difference in _replay_file(path):
            in_file += 1
            if difference is not None:
                disagreements.append(_fields(name, difference))
                if not as_json:
                    _print_difference(name, difference)
        count += in_file
        if not as_json:
            click.echo(f"{printable(path)}: {in_file} sessions")
    agree = count - len(disagreements)
    if as_json:
        result = {
            "type": "result",
            "sessions": count,
            "agree": agree,
            "disagree": disagreements,
        }
        click.echo(json.dumps(result))
    else:
        click.echo(f"{agree} of {count} sessions agree.")
    if disagreements:
        raise click.exceptions.Exit(ExitCode.UNVERIFIED)


def _replay_file(path: Path) -> Iterator[tuple[str, Disagreement | None]]:
    """Each session's id and its first difference."""
    for number, line in enumerate(_lines(path), 1):
        try:
            session = read_session(_parse(line))
            yield session.id, replay(session)
        except InputError as error:
            raise InputError(
                error.code, f"{shortened(path)}, line {number}: {error.message}", hint=error.hint
            ) from None


def _lines(path: Path) -> Iterator[bytes]:
    content = read_file(path, what="transcript")
    if content.startswith(b"\x1f\x8b"):
        content = _unpack(content, path)
    lines = [line for line in content.splitlines() if line.strip()]
    if not lines:
        raise InputError(Code.TRANSCRIPT_MALFORMED, f"{shortened(path)} holds no session.")
    yield from lines


def _unpack(content: bytes, path: Path) -> bytes:
    try:
        with gzip.open(io.BytesIO(content)) as file:
            unpacked = file.read(MAX_UNPACKED_SIZE + 1)
    except (OSError, EOFError, zlib.error):
        raise InputError(
            Code.TRANSCRIPT_MALFORMED, f"{shortened(path)} is a damaged or incomplete gzip file."
        ) from None
    if len(unpacked) > MAX_UNPACKED_SIZE:
        raise InputError(
            Code.FILE_TOO_LARGE,
            f"{shortened(path)} unpacks to more than {MAX_UNPACKED_SIZE // 2**20} MiB.",
        )
    return unpacked


def _parse(line: bytes) -> object:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        raise InputError(
            Code.TRANSCRIPT_MALFORMED, "The transcript cannot be read: the line is not JSON."
        ) from None


def _fields(name: str, difference: Disagreement) -> dict[str, object]:
    return {
        "id": name,
        "step": difference.step,
        "what": difference.what,
        "expected": str(difference.expected),
        "got": str(difference.got),
    }


def _print_difference(name: str, difference: Disagreement) -> None:
    where = "at the end" if difference.step is None else f"at step {difference.step}"
    click.echo(f"{printable(name)}: differs {where}, in {difference.what}")
    click.echo(f"  recorded  {printable(str(difference.expected)[:MAX_SHOWN])}")
    click.echo(f"  virtual   {printable(str(difference.got)[:MAX_SHOWN])}")
