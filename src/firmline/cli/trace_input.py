"""What commands about traces read and write; ``-`` is standard input, and standard output."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from firmline.cli.files import MAX_SIZE, read_file
from firmline.cli.style import printable
from firmline.errors import Code, InputError, shortened

STANDARD_INPUT: Final = Path("-")
STANDARD_OUTPUT: Final = STANDARD_INPUT


def read_trace_file(path: Path) -> bytes:
    """The bytes of a trace, or of what stands for one, as :func:`read_file_or_input`."""
    return read_file_or_input(path, what="trace")


def read_file_or_input(path: Path, *, what: str) -> bytes:
    """The bytes of a file, or of standard input.

    Args:
        path: Which.
        what: What the user meant it to be, for messages.

    Raises:
        InputError: ``FILE_MISSING``, ``FILE_UNREADABLE``, ``FILE_EMPTY`` or ``FILE_TOO_LARGE``.
    """
    if path != STANDARD_INPUT:
        return read_file(path, what=what)
    try:
        content = sys.stdin.buffer.read(MAX_SIZE + 1)
    except OSError as problem:
        raise InputError(
            Code.FILE_UNREADABLE, f"Standard input cannot be read: {problem.strerror}."
        ) from None
    if not content:
        raise InputError(Code.FILE_EMPTY, f"The {what} from standard input is empty.")
    if len(content) > MAX_SIZE:
        raise InputError(
            Code.FILE_TOO_LARGE,
            f"The {what} from standard input is larger than {MAX_SIZE // 2**20} MiB.",
        )
    return content


def check_standard_output(*, is_text: bool, as_json: bool) -> None:
    """See that a file can be sent to standard output.

    Args:
        is_text: Whether people can read it.
        as_json: Whether a result has to be printed there, too.

    Raises:
        InputError: ``OPTION_CONFLICT`` or ``USAGE``.
    """
    if as_json:
        raise InputError(
            Code.OPTION_CONFLICT,
            "--json prints its result where - sends the file: to standard output.",
            hint="Leave --json out, or name a file.",
        )
    if not is_text and sys.stdout.isatty():
        raise InputError(
            Code.USAGE,
            "What is to be written is no text, and standard output is a terminal.",
            hint="Name a file, or send it on: ... - | wireshark -k -i -",
        )


def name_of(path: Path) -> str:
    """What messages call it."""
    return "Standard input" if path == STANDARD_INPUT else printable(shortened(path))
