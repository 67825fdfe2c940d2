"""A copy of SQLite's file, made before its tables are changed."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, suppress
from itertools import count
from pathlib import Path

from firmline.errors import Code, StoreError, shortened


def back_up(path: Path, *, version: str) -> Path:
    """Copy a database beside itself, with what is in its log; nothing is replaced.

    Args:
        path: The file.
        version: Of its tables, which the copy's name tells.

    Returns:
        The copy: ``shift.db.0001.backup``, or one with a number if that is there already.

    Raises:
        StoreError: ``DATABASE_FULL``: no copy can be made, so the tables are left as they are.
    """
    names = (f"{path.name}.{version}{f'-{number}' if number else ''}.backup" for number in count())
    target = next(place for name in names if not (place := path.with_name(name)).exists())
    temporary = path.with_name(f".{os.urandom(8).hex()}.part")
    try:
        with (
            closing(sqlite3.connect(path.absolute().as_uri() + "?mode=ro", uri=True)) as source,
            closing(sqlite3.connect(temporary)) as copy,
        ):
            source.backup(copy)
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        temporary.rename(target)
    except (sqlite3.Error, OSError) as problem:
        raise StoreError(
            Code.DATABASE_FULL,
            f"{shortened(path)} has to be copied before it is brought up to date, and no copy can"
            f" be written beside it: {problem}.",
        ) from problem
    finally:
        with suppress(OSError):
            temporary.unlink()
    return target
