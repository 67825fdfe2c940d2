"""Facts as data: every table of firmline, each row with its source.

Rules of this room: TOML files with one table per thing, read once and handed out as plain values.
Adding a chip, a SoftDevice or a cause is adding a row.
"""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any, Final

_FOLDER: Final = Path(__file__).parent
"""Read by its path: importlib.resources costs more to import than most tables to read."""


@cache
def load_table(name: str) -> dict[str, Any]:
    """The content of ``data/<name>.toml``."""
    return tomllib.loads(load_text(f"{name}.toml"))


def load_text(*path: str) -> str:
    """The text of a file of this folder."""
    return _FOLDER.joinpath(*path).read_text(encoding="utf-8")


def names_in(folder: str) -> list[str]:
    """The names, without ``.toml``, of the files in a folder of this folder, sorted."""
    return sorted(entry.stem for entry in (_FOLDER / folder).glob("*.toml"))
