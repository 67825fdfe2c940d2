"""Reading the user's files with bounds, and writing new ones whole or not at all.

What a command has read it does not write over, whichever options named the two.
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from firmline.errors import Code, InputError, shortened

if TYPE_CHECKING:
    from firmline.tokens.uri import TokenUri

MAX_SIZE = 64 * 1024 * 1024
"""Largest file that is read, bytes: a hex file of the largest flash is 12 MB."""
MAX_KEY_SIZE: Final = 64 * 1024
"""How much of a file is looked at for a key, bytes."""
PRIVATE_KEY_MARK: Final = b"PRIVATE KEY-----"
"""In the first line of every PEM file with a private key (RFC 7468)."""
PRIVATE_KEY_DER: Final = re.compile(
    rb"\x30(?:[\x00-\x7f]|\x81.|\x82..)\x02\x01(?:\x00\x30|\x01\x04)", re.DOTALL
)
"""A sequence of a version and an algorithm (RFC 5958) or an octet string (RFC 5915)."""
OPEN_FILES: Final = (Path("/dev/fd"), Path("/proc/self/fd"))
"""Where a process finds its own open files."""
_INPUTS: Final = "firmline.cli.files.inputs"
"""Where click's context, which lives as long as the command, keeps what was read."""


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
        remember_input(path)
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


def remember_input(path: Path) -> None:
    """Keep a file that this command reads, or was told to read, from being written over.

    It is remembered as long as the command runs (:func:`write_file` refuses it then), and whatever
    name it is given: a link, another spelling, ``/dev/stdin``. A file that is not there is none.
    """
    found = _identity(path)
    if found is not None:
        _inputs().add(found)


def keep_apart(output: Path, *inputs: Path | TokenUri | None) -> None:
    """Refuse to write over a file that the same command reads: a lost key cannot be made again.

    :func:`write_file` refuses what was read in any case. This says so before the work is done and
    anybody is asked for a password.

    Args:
        output: What will be written.
        inputs: What will be read; ``None`` for an option that was not given. The files that the URI
            of a token's key names are remembered since it was read.

    Raises:
        InputError: ``OPTION_CONFLICT``.
    """
    named = {_identity(path) for path in inputs if isinstance(path, Path)}
    if _identity(output) in (_inputs() | named) - {None}:
        raise InputError(
            Code.OPTION_CONFLICT,
            f"{shortened(output)} is read by this command, and would be replaced by what it"
            " writes.",
            hint="Give the output another name.",
        )


def keep_outputs_apart(output: Path, other: Path) -> None:
    """Refuse two outputs of which one would take the other's place, or lie inside it.

    Raises:
        InputError: ``OPTION_CONFLICT``.
    """
    try:
        place, taken = (Path(os.path.realpath(path)) for path in (output, other))
    except (OSError, ValueError):
        return  # no such name can be written at all, which says more
    if place == taken or taken in place.parents:
        raise InputError(
            Code.OPTION_CONFLICT,
            f"This command writes {shortened(other)}, and {shortened(output)} would take its place"
            " or lie inside it.",
            hint="Give each output a place of its own.",
        )


def write_file(path: Path, content: bytes, *, private: bool = False, replace: bool = True) -> None:
    """Write a file under a temporary name beside it, then rename: whole or not at all.

    A symbolic link that may be replaced is followed, as every other tool does. Devices and folders
    are refused; a rename onto ``/dev/null`` would put a file in its place. So is every file that
    this command has read, and a private key that is not replaced by another.

    Args:
        path: Which.
        content: What.
        private: Only its owner may read it (mode 0600).
        replace: Whether a file that is already there may be replaced.

    Raises:
        InputError: ``FILE_EXISTS``, ``FILE_NOT_WRITABLE`` or ``OPTION_CONFLICT``.
    """
    with file_to_be(path, content, private=private, replace=replace):
        pass


def check_writable(path: Path) -> None:
    """See that a file can be written, before hours are spent on what goes into it.

    It is tried out beside it, as a disk may be full or write-protected.

    Raises:
        InputError: ``FILE_NOT_WRITABLE``.
    """
    with _told(path):
        if path.exists() and not path.is_file():
            raise _no_file(path, path)
        with tempfile.TemporaryFile(dir=path.parent, prefix=".firmline-") as file:
            file.write(b" ")
            file.flush()


def spare_private_key(path: Path) -> None:
    """Refuse to write over a private key: nobody could make it again.

    PEM is known by its first line wherever that stands in the first 64 KiB, DER (SEC1, PKCS#8) by
    its first bytes.

    Raises:
        InputError: ``FILE_EXISTS``.
    """
    if not path.is_file():
        return
    with path.open("rb") as file:
        content = file.read(MAX_KEY_SIZE)
    if PRIVATE_KEY_MARK in content or PRIVATE_KEY_DER.match(content):
        raise InputError(
            Code.FILE_EXISTS,
            f"{shortened(path)} holds a private key, which nobody could make again, and was left as"
            " it is.",
            hint="Give the output another name.",
        )


@contextmanager
def file_to_be(
    path: Path, content: bytes, *, private: bool = False, replace: bool = True
) -> Iterator[None]:
    """As :func:`write_file`, but the file gets its name only when the body has succeeded.

    So two files come together: until the second is written, nothing of the first is seen.
    """
    with _told(path):
        target = Path(os.path.realpath(path)) if replace else path
        if target.exists() and not target.is_file():
            raise _no_file(path, target)
        if replace:
            keep_apart(path)
        if replace and not private:
            spare_private_key(target)
        # A name of its own: the target's may be as long as the file system allows already.
        temporary = target.with_name(f".firmline-{os.urandom(8).hex()}.part")
    try:
        with _told(path):
            _write_new(temporary, content, mode=0o600 if private else 0o666)
        yield
        with _told(path):
            if replace:
                temporary.replace(target)
            else:
                move_without_replacing(temporary, target)
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Say why a file cannot be written."""
    try:
        yield
    except FileExistsError:
        raise InputError(
            Code.FILE_EXISTS, f"{shortened(path)} is already there and was left as it is."
        ) from None
    except FileNotFoundError:
        folder = shortened(path.parent)
        is_there = path.parent.is_dir()  # such as /proc, which takes no new files
        why = f"no file can be made in {folder}" if is_there else f"there is no folder {folder}"
        raise _not_writable(path, why) from None
    except (OSError, ValueError) as problem:
        raise _not_writable(path, _reason(problem)) from None


def _write_new(path: Path, content: bytes, *, mode: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def move_without_replacing(source: Path, target: Path) -> None:
    """Give a file another name; a hard link fails where that is taken, a rename would not.

    Not all file systems link.

    Raises:
        FileExistsError: The name is taken.
        OSError: It cannot be renamed.
    """
    try:
        os.link(source, target)
    except FileExistsError:
        raise
    except OSError:
        if os.path.lexists(target):
            raise FileExistsError from None
        source.replace(target)


def _identity(path: Path) -> tuple[int, int] | None:
    """What tells a file from every other, whatever it is called; None for one that is not there."""
    try:
        found = path.stat()
    except (OSError, ValueError):
        return None
    return found.st_dev, found.st_ino


def _inputs() -> set[tuple[int, int]]:
    """The files that the running command reads; it forgets them when it ends."""
    context = click.get_current_context(silent=True)
    if context is None:
        return set()  # no command: whoever calls knows what it reads
    inputs: set[tuple[int, int]] = context.meta.setdefault(_INPUTS, set())
    return inputs


def _no_file(path: Path, target: Path) -> InputError:
    name = shortened(path)
    if target.is_dir():
        return InputError(
            Code.FILE_NOT_WRITABLE,
            f"{name} cannot be written: it is a folder.",
            hint=f"Name a file in it: {shortened(path / 'NAME')}.",
        )
    return InputError(
        Code.FILE_NOT_WRITABLE,
        f"{name} cannot be written: it is a device or a pipe.",
        hint="Name a plain file: it is written beside that, and put in its place when it is whole.",
    )


def _not_writable(path: Path, why: str) -> InputError:
    return InputError(Code.FILE_NOT_WRITABLE, f"{shortened(path)} cannot be written: {why}.")


def _reason(problem: OSError | ValueError) -> str:
    if isinstance(problem, OSError) and problem.strerror:
        return problem.strerror.lower()
    return str(problem)
