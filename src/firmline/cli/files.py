"""Reading the user's files with bounds, and writing new ones whole or not at all."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

from firmline.errors import Code, InputError

MAX_SIZE = 64 * 1024 * 1024
"""Largest file that is read, bytes: a hex file of the largest flash is 12 MB."""


def read_file(path: Path, *, what: str) -> bytes:
    """The bytes of a file.

    Args:
        path: Which.
        what: What the user meant it to be, for the message.

    Raises:
        InputError: ``FILE_MISSING``, ``FILE_UNREADABLE``, ``FILE_EMPTY`` or ``FILE_TOO_LARGE``.
    """
    try:
        if path.is_dir():
            raise InputError(Code.FILE_UNREADABLE, f"The {what} {path} is a folder, not a file.")
        with path.open("rb") as file:
            content = file.read(MAX_SIZE + 1)
    except FileNotFoundError:
        raise InputError(Code.FILE_MISSING, f"The {what} {path} does not exist.") from None
    except (OSError, ValueError) as problem:
        raise InputError(
            Code.FILE_UNREADABLE, f"The {what} {path} cannot be read: {_reason(problem)}."
        ) from None
    if not content:
        raise InputError(Code.FILE_EMPTY, f"The {what} {path} is empty.")
    if len(content) > MAX_SIZE:
        raise InputError(
            Code.FILE_TOO_LARGE, f"The {what} {path} is larger than {MAX_SIZE // 2**20} MiB."
        )
    return content


def write_file(path: Path, content: bytes, *, private: bool = False, replace: bool = True) -> None:
    """Write a file under a temporary name beside it, then rename: whole or not at all.

    Args:
        path: Which.
        content: What.
        private: Only its owner may read it (mode 0600).
        replace: Whether a file that is already there may be replaced.

    Raises:
        InputError: ``FILE_EXISTS`` or ``FILE_NOT_WRITABLE``.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        descriptor = os.open(
            temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600 if private else 0o666
        )
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if replace:
            temporary.replace(path)
        else:
            _move_without_replacing(temporary, path)
    except FileExistsError:
        raise InputError(
            Code.FILE_EXISTS, f"{path} is already there and was left as it is."
        ) from None
    except (OSError, ValueError) as problem:
        raise InputError(
            Code.FILE_NOT_WRITABLE, f"{path} cannot be written: {_reason(problem)}."
        ) from None
    finally:
        with contextlib.suppress(OSError, ValueError):
            temporary.unlink()


def _move_without_replacing(source: Path, target: Path) -> None:
    """A hard link fails where the name is taken, a rename would not; not all file systems link."""
    try:
        os.link(source, target)
    except FileExistsError:
        raise
    except OSError:
        if target.exists():
            raise FileExistsError from None
        source.replace(target)


def _reason(problem: OSError | ValueError) -> str:
    if isinstance(problem, OSError) and problem.strerror:
        return problem.strerror.lower()
    return str(problem)
