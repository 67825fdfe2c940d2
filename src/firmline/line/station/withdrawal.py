"""Whether a station's recipe is still released: what is taken out of its folder was withdrawn.

The folder is looked at in a thread of its own, because a share that does not answer must hold up
nobody who scans. A folder that cannot be reached says nothing; nor does another folder in its place
that is empty, as the place of a share is that is not mounted.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from firmline.errors import Code, InputError, shortened
from firmline.line.loading import CheckedRecipe

LOOK_S: Final = 2.0
"""Between looks, seconds; ours."""
LOOKS: Final = 2
"""So many looks in a row have to see the same: who saves a file anew removes it for a moment."""


@dataclass(frozen=True, slots=True)
class _File:
    """A file as it was when the station began.

    Attributes:
        path: Where.
        sha256: Of its bytes; empty: any will do.
    """

    path: Path
    sha256: str = ""


class ReleaseWatch:
    """Knows whether a recipe is released, by looks that somebody else takes.

    Args:
        checked: The recipe that the station carries out.
    """

    def __init__(self, checked: CheckedRecipe) -> None:
        self._folder = checked.path.absolute().parent
        self._place = _identity(self._folder)
        self._files = tuple(_files(checked, self._folder))
        self._known: dict[Path, tuple[int, int]] = {}
        self._seen: list[str] = []
        self._why = ""

    @property
    def withdrawn(self) -> InputError | None:
        """Why no further unit may get it; ``None``: it is released, as far as is known."""
        return InputError(Code.RECIPE_WITHDRAWN, self._why) if self._why else None

    def look(self) -> None:
        """Look once. What was seen several times in a row counts."""
        try:
            if self._is_unmounted():
                return
            why = self._found()
        except OSError:  # it cannot be reached: nobody knows
            return
        self._seen = [*self._seen, why][-LOOKS:]
        if self._seen == [why] * LOOKS:
            self._why = why

    def _is_unmounted(self) -> bool:
        is_empty = not any(self._folder.iterdir())
        return is_empty and _identity(self._folder) != self._place

    def _found(self) -> str:
        """What is not as it was; empty: nothing.

        Raises:
            OSError: The folder cannot be reached.
        """
        for file in self._files:
            shown = shortened(file.path)
            if not file.path.exists():
                return f"{shown} is not there any more: it was withdrawn, and no unit gets it."
            if file.sha256 and not self._is_same(file):
                return (
                    f"{shown} is another file by now: the one that this station has was withdrawn."
                )
        return ""

    def _is_same(self, file: _File) -> bool:
        """Whether a file holds what it held; it is read only where its time or size says more."""
        state = file.path.stat()
        mark = (state.st_mtime_ns, state.st_size)
        if self._known.get(file.path) == mark:
            return True
        is_same = hashlib.sha256(file.path.read_bytes()).hexdigest() == file.sha256
        if is_same:
            self._known[file.path] = mark
        return is_same


@contextmanager
def watching(checked: CheckedRecipe, *, look_s: float = LOOK_S) -> Iterator[ReleaseWatch]:
    """Look again and again meanwhile; nobody waits for a look that hangs.

    Args:
        checked: The recipe that the station carries out.
        look_s: Between looks, seconds.
    """
    watch, ending = ReleaseWatch(checked), threading.Event()

    def run() -> None:
        while not ending.wait(look_s):
            watch.look()

    threading.Thread(target=run, daemon=True, name="releases").start()
    try:
        yield watch
    finally:
        ending.set()


def _identity(folder: Path) -> tuple[int, int] | None:
    """Which folder it is, whatever its name; ``None``: it cannot be reached."""
    try:
        state = folder.stat()
    except OSError:
        return None
    return state.st_dev, state.st_ino


def _files(checked: CheckedRecipe, folder: Path) -> Iterator[_File]:
    """The recipe, which may be worked on, and its packages, which may not."""
    yield _File(checked.path.absolute())
    for (reference, _), content in zip(checked.packages, checked.contents, strict=True):
        yield _File(folder / reference.file, hashlib.sha256(content).hexdigest())
