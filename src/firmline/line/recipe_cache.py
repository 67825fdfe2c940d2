"""The recipe of a station, kept where no network is needed.

Every recipe that a station has begun a shift with is copied beside its records, with its packages
and its customer's steps, each under its SHA-256. Where the folder of a recipe cannot be reached,
the share is not mounted, the cable is out, the last copy is used, and that is said. A folder that
is there decides: what was taken out of it was withdrawn.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final

from firmline.errors import Code, InputError, StoreError, shortened
from firmline.line.loading import CheckedRecipe, Reader, load_recipe
from firmline.line.recipe.steps import Custom
from firmline.line.records.attachments import AttachmentStore, write_whole

RECIPE: Final = "recipe.toml"
"""What the recipe itself is called in a copy."""
MOST_MODULES: Final = 200
"""Files of a customer's package that are copied; ours."""
SCHEMA: Final = 1
"""The form of the list of a copy."""


def cache_beside(database: Path) -> Path:
    """Folder of the copies: ``shift.db.recipes``."""
    return database.with_name(f"{database.name}.recipes")


def load_through_cache(path: Path, *, read: Reader, cache: Path, now: datetime) -> CheckedRecipe:
    """Read a recipe; where its folder cannot be reached, the copy of it that was used last.

    Args:
        path: The recipe.
        read: Reads it, and its packages.
        cache: Folder of the copies.
        now: The time, aware.

    Returns:
        It; that it is a copy stands among its remarks.

    Raises:
        InputError: Any ``FILE_*`` or ``RECIPE_*`` code.
        StoreError: The copy cannot be written, or is not what was kept.
    """
    copies = _Copies(path, cache)
    if _is_dir(path.absolute().parent):
        text = read(path, what="recipe")
        checked = load_recipe(path, read=_Read(path, text, read))
        copies.keep(checked, text, now=now)
        return checked
    copy = copies.last()
    if copy is None:
        return load_recipe(path, read=read)  # which says what is not there
    checked = load_recipe(copy.lay_out(), read=read)
    remark = (
        f"{shortened(path.absolute().parent)} cannot be reached. This is the copy of"
        f" {copy.kept_at:%Y-%m-%d %H:%M} UTC; whether it was withdrawn since, nobody here knows."
    )
    return replace(checked, remarks=(remark, *checked.remarks))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Copy:
    """A recipe as it was used.

    Attributes:
        kept_at: When.
        files: The SHA-256 of each file, by its place in the recipe's folder.
        store: Where the files are.
        folder: Where they can be laid out.
    """

    kept_at: datetime
    files: Mapping[str, str]
    store: AttachmentStore
    folder: Path

    def lay_out(self) -> Path:
        """Write all files as they lay, each compared with its hash; the recipe among them.

        Raises:
            StoreError: ``ATTACHMENT_MISSING`` or ``ATTACHMENT_DAMAGED``, or nothing can be written.
        """
        for name, sha256 in self.files.items():
            _write(self.folder / name, self.store.read(sha256))
        return self.folder / RECIPE


class _Read:
    """Reads a recipe once, so that what is copied is what was checked."""

    def __init__(self, path: Path, text: bytes, read: Reader) -> None:
        self._path = path
        self._text = text
        self._read = read

    def __call__(self, path: Path, *, what: str) -> bytes:
        return self._text if path == self._path else self._read(path, what=what)


class _Copies:
    """The copies of one recipe.

    Args:
        path: Where it lies.
        cache: Folder of all copies.
    """

    def __init__(self, path: Path, cache: Path) -> None:
        place = str(path.absolute())
        self._name = hashlib.sha256(place.encode("utf-8", "surrogateescape")).hexdigest()[:16]
        self._cache = cache
        self._list = cache / f"{self._name}.json"
        self._store = AttachmentStore(cache / "files")

    def keep(self, checked: CheckedRecipe, text: bytes, *, now: datetime) -> None:
        """Copy a recipe that was read; the list is written last, and replaces the old one whole."""
        contents = {RECIPE: text, **dict(_files(checked))}
        files = {name: self._store.keep(name, each).sha256 for name, each in contents.items()}
        told = {"schema": SCHEMA, "kept_at": now.isoformat(), "files": files}
        _write(self._list, json.dumps(told, indent=1).encode("ascii"))

    def last(self) -> _Copy | None:
        """The copy that was used last; ``None``: there is none.

        Raises:
            StoreError: ``ATTACHMENT_DAMAGED``: its list is not what was written.
        """
        try:
            content = self._list.read_bytes()
        except OSError:
            return None
        try:
            told = json.loads(content)
            kept_at = datetime.fromisoformat(told["kept_at"])
            files = {str(name): str(sha256) for name, sha256 in told["files"].items()}
            is_ours = told["schema"] == SCHEMA and all(map(_is_inside, files)) and RECIPE in files
        except (ValueError, TypeError, KeyError, AttributeError):
            is_ours = False
        if not is_ours:
            raise StoreError(
                Code.ATTACHMENT_DAMAGED, f"{shortened(self._list)} is no list of a kept recipe."
            )
        folder = self._cache / "at-work" / self._name
        return _Copy(kept_at=kept_at, files=files, store=self._store, folder=folder)


def _files(checked: CheckedRecipe) -> Iterator[tuple[str, bytes]]:
    """What a recipe names, by its place in the recipe's folder."""
    for (reference, _), content in zip(checked.packages, checked.contents, strict=True):
        yield reference.file, content
    folder = checked.path.parent
    tops = {
        step.action.module.partition(".")[0]
        for step in checked.recipe.steps
        if isinstance(step.action, Custom)
    }
    for top in sorted(tops):
        for module in _modules(folder, top):
            yield module.relative_to(folder).as_posix(), module.read_bytes()


def _modules(folder: Path, top: str) -> list[Path]:
    """The files of a customer's module, or of the package that it is; none: it is installed."""
    single = folder / f"{top}.py"
    found = [single] if single.is_file() else sorted((folder / top).rglob("*.py"))
    if len(found) > MOST_MODULES:
        raise InputError(
            Code.RECIPE_STEP_OF_CUSTOMER,
            f"{shortened(folder / top)} holds {len(found)} files, and a station copies"
            f" {MOST_MODULES}.",
            hint="Install it as a package, and leave a small module beside the recipe.",
        )
    return found


def _write(place: Path, content: bytes) -> None:
    try:
        write_whole(place, content)
    except OSError as problem:
        raise StoreError(
            Code.ATTACHMENT_NOT_KEPT,
            f"The copy of the recipe cannot be written to {shortened(place)}:"
            f" {(problem.strerror or str(problem)).lower()}.",
        ) from problem


def _is_inside(name: str) -> bool:
    """Whether a name leads nowhere but into the folder."""
    path = Path(name)
    return not path.is_absolute() and not path.drive and ".." not in path.parts


def _is_dir(folder: Path) -> bool:
    try:
        return folder.is_dir()
    except OSError:  # a share that does not answer
        return False
