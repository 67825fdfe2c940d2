"""What the files of evidence have in common: they are written while a unit is at work.

One that cannot be begun stops the command before it does anything to a unit. One that breaks off in
the middle (a full disk) does not: the unit is worth more. It is remembered in ``problem``.
"""

from __future__ import annotations

import errno
import itertools
import os
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, Final

import click

from firmline.cli.files import keep_apart, move_without_replacing, spare_private_key
from firmline.cli.style import printable
from firmline.errors import Code, InputError, StoreError, shortened

_NEW_FILE: Final = 0o666
"""Rights of a new file, of which the user's mask takes its own away."""


class EvidenceFile:
    """A file that is written as things happen.

    Args:
        path: Where.
        what: What it is, for messages.
        option: That names it.

    Raises:
        InputError: ``OPTION_CONFLICT``: the command has read that file.
    """

    def __init__(self, path: Path, *, what: str, option: str) -> None:
        self.problem: StoreError | None = None
        self._path = path
        self._what = what
        self._option = option
        keep_apart(path)

    @property
    def kept(self) -> Path | None:
        """Where it is; ``None``: it broke off."""
        return None if self.problem is not None else self._path

    def _make_way(self, mark: bytes) -> None:
        """Put an earlier file of this kind aside under the next free name, and say so.

        It may be the only evidence there is. It is renamed and not copied, so that neither a full
        disk nor the end of this process can cost it. Pipes, devices and empty files hold none.

        Args:
            mark: How such a file begins.

        Raises:
            InputError: ``FILE_EXISTS``: what is there is no such file, or a private key.
            OSError: It cannot be read or renamed.
        """
        path = self._path
        spare_private_key(path)
        place = Path(os.path.realpath(path))
        if not place.is_file() or not place.stat().st_size:
            return
        with place.open("rb") as file:
            begin = file.read(len(mark))
        if not mark.startswith(begin):
            raise InputError(
                Code.FILE_EXISTS,
                f"{shortened(path)} is already there, is no {self._what}, and was left as it is.",
                hint=f"Give {self._option} another name.",
            )
        told = printable(shortened(path.with_name(_put_aside(place).name)))
        was = printable(shortened(path))
        click.echo(f"The earlier {self._what} {was} is now {told}.", err=True)

    @staticmethod
    def _opener(path: str, flags: int) -> int:
        """Open without waiting: a pipe that nobody reads is refused (ENXIO), not waited for."""
        file = os.open(path, flags | getattr(os, "O_NONBLOCK", 0), _NEW_FILE)
        if hasattr(os, "O_NONBLOCK"):  # whoever reads the pipe slowly is waited for
            os.set_blocking(file, True)
        return file

    def _finish(self, file: IO[Any]) -> None:
        """Bring everything to the disk, and close."""
        try:
            try:
                os.fsync(file.fileno())
            finally:
                file.close()
        except OSError as problem:
            if problem.errno != errno.EINVAL:  # a pipe has no disk to bring it to
                self.problem = self.problem or self._not_writable(problem)

    def _not_writable(self, problem: OSError | ValueError) -> StoreError:
        reason = getattr(problem, "strerror", None) or str(problem)
        if isinstance(problem, OSError) and problem.errno == errno.ENXIO:
            reason = "nobody reads that pipe"
        return StoreError(
            Code.TRACE_NOT_WRITABLE,
            f"The {self._what} {shortened(self._path)} cannot be written: {reason.lower()}.",
            hint=f"Give {self._option} a file that can be written, on a disk with room, or leave it"
            " out.",
        )


def _put_aside(place: Path) -> Path:
    """Rename a file to ``NAME-earlier-N``; say to what."""
    for number in itertools.count(1):
        aside = place.with_name(f"{place.stem}-earlier-{number}{place.suffix}")
        if os.path.lexists(aside):
            continue
        with suppress(FileExistsError):  # another process has taken that name just now
            move_without_replacing(place, aside)
            place.unlink(missing_ok=True)  # before it is opened anew: both are one file
            return aside
    raise AssertionError  # numbers do not end
