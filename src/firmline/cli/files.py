"""Reading the user's files with bounds, and writing new ones whole or not at all."""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path
from typing import Final

from firmline.errors import Code, InputError, shortened

MAX_SIZE = 64 * 1024 * 1024
"""Largest file that is read, bytes: a hex file of the largest flash is 12 MB."""
OPEN_FILES: Final = (Path("/dev/fd"), Path("/proc/self/fd"))
"""Where a process finds its own open files."""


def read_file(path: Path, *, what: str) -> bytes:
    """The bytes of a regular file, or of a pipe that this process was started with.

    A named pipe or a device may have nothing to say for ever, so it is refused. ``/dev/stdin`` and
    ``/dev/fd/N`` may be pipes: so a shell passes ``cat FILE |`` and ``<(...)``, and whoever fills
    them was started together with us.

    Args:
        path: Which.
        what: What the user meant it to be, for the message.

    Raises:
        InputError: ``FILE_MISSING``, ``FILE_UNREADABLE``, ``FILE_EMPTY`` or ``FILE_TOO_LARGE``.
    """
    name = shortened(path)
    try:
        _check_kind(path, what=what, name=name)
        with path.open("rb") as file:
            content = file.read(MAX_SIZE + 1)
    except FileNotFoundError:
        raise InputError(Code.FILE_MISSING, f"The {what} {name} does not exist.") from None
    except (OSError, ValueError) as problem:
        raise InputError(
            Code.FILE_UNREADABLE, f"The {what} {name} cannot be read: {_reason(problem)}."
        ) from None
    if not content:
        raise InputError(Code.FILE_EMPTY, f"The {what} {name} is empty.")
    if len(content) > MAX_SIZE:
        raise InputError(
            Code.FILE_TOO_LARGE, f"The {what} {name} is larger than {MAX_SIZE // 2**20} MiB."
        )
    return content


def _check_kind(path: Path, *, what: str, name: str) -> None:
    mode = path.stat().st_mode
    if stat.S_ISDIR(mode):
        raise InputError(Code.FILE_UNREADABLE, f"The {what} {name} is a folder, not a file.")
    if stat.S_ISREG(mode) or (stat.S_ISFIFO(mode) and _is_open_already(path)):
        return
    raise InputError(
        Code.FILE_UNREADABLE, f"The {what} {name} is a pipe or a device, not a plain file."
    )


def _is_open_already(path: Path) -> bool:
    """Whether a path names a descriptor that this process was started with."""
    return path == Path("/dev/stdin") or path.parent in OPEN_FILES


def keep_apart(output: Path, *inputs: Path | None) -> None:
    """Refuse to write over a file that the same command reads: a lost key cannot be made again.

    Args:
        output: What will be written.
        inputs: What is read; ``None`` for an option that was not given.

    Raises:
        InputError: ``OPTION_CONFLICT``.
    """
    for path in inputs:
        if path is not None and _is_same_file(output, path):
            raise InputError(
                Code.OPTION_CONFLICT,
                f"{shortened(output)} is read by this command, and would be replaced by what it"
                " writes.",
                hint="Give the output another name.",
            )


def write_file(path: Path, content: bytes, *, private: bool = False, replace: bool = True) -> None:
    """Write a file under a temporary name beside it, then rename: whole or not at all.

    A symbolic link that may be replaced is followed, as every other tool does. Devices and folders
    are refused; a rename onto ``/dev/null`` would put a file in its place.

    Args:
        path: Which.
        content: What.
        private: Only its owner may read it (mode 0600).
        replace: Whether a file that is already there may be replaced.

    Raises:
        InputError: ``FILE_EXISTS`` or ``FILE_NOT_WRITABLE``.
    """
    try:
        target = Path(os.path.realpath(path)) if replace else path
        if target.exists() and not target.is_file():
            raise _not_writable(path, "a folder or a device has that name")
        _write_whole(target, content, mode=0o600 if private else 0o666, replace=replace)
    except FileExistsError:
        raise InputError(
            Code.FILE_EXISTS, f"{shortened(path)} is already there and was left as it is."
        ) from None
    except FileNotFoundError:
        raise _not_writable(path, f"there is no folder {shortened(path.parent)}") from None
    except (OSError, ValueError) as problem:
        raise _not_writable(path, _reason(problem)) from None


def _write_whole(target: Path, content: bytes, *, mode: int, replace: bool) -> None:
    # A name of its own: the target's may be as long as the file system allows already.
    temporary = target.with_name(f".firmline-{os.urandom(8).hex()}.part")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if replace:
            temporary.replace(target)
        else:
            _move_without_replacing(temporary, target)
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


def _move_without_replacing(source: Path, target: Path) -> None:
    """A hard link fails where the name is taken, a rename would not; not all file systems link."""
    try:
        os.link(source, target)
    except FileExistsError:
        raise
    except OSError:
        if os.path.lexists(target):
            raise FileExistsError from None
        source.replace(target)


def _is_same_file(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except (OSError, ValueError):
        return False


def _not_writable(path: Path, why: str) -> InputError:
    return InputError(Code.FILE_NOT_WRITABLE, f"{shortened(path)} cannot be written: {why}.")


def _reason(problem: OSError | ValueError) -> str:
    if isinstance(problem, OSError) and problem.strerror:
        return problem.strerror.lower()
    return str(problem)
