"""One program at a time is a station: two would give two records one number."""

from __future__ import annotations

from pathlib import Path

from filelock import FileLock, Timeout

from firmline.errors import Code, InputError, StoreError, shortened


def alone(database: Path, station: str) -> FileLock:
    """Keeps other programs from being this station; the system lets go of it with the process.

    Args:
        database: The file of its records.
        station: Its name.

    Raises:
        InputError: ``STATION_BUSY``.
        StoreError: ``DATABASE_READ_ONLY``: there is no place for it.
    """
    lock = FileLock(f"{database}.{station}.lock", timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise InputError(
            Code.STATION_BUSY,
            f"The station {station} is at work already, with {shortened(database)}.",
        ) from None
    except OSError as problem:
        raise StoreError(
            Code.DATABASE_READ_ONLY,
            f"Nothing can be written beside {shortened(database)}:"
            f" {(problem.strerror or str(problem)).lower()}.",
        ) from problem
    return lock
