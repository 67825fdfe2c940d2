"""Opening a store of records by its address; only here SQLAlchemy and psycopg come in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from firmline.line.records.address import DatabaseAddress
from firmline.links.extras import extra_missing

if TYPE_CHECKING:
    from firmline.line.records.sql import SqlRecords


def open_records(address: DatabaseAddress, *, create: bool) -> SqlRecords:
    """Open the records at this address.

    Args:
        address: A file of SQLite, or a database of PostgreSQL.
        create: Whether they are made where there are none.

    Raises:
        StoreError: The database cannot be used.
        TransportError: ``LINK_EXTRA_MISSING``: the extra firmline[line] is not installed.
    """
    try:
        from firmline.line.records.sql import SqlRecords  # noqa: PLC0415 - heavy

        if address.path is None:
            import psycopg  # noqa: F401, PLC0415 - heavy, and here to be missed in time
    except ModuleNotFoundError as problem:
        if (problem.name or "").partition(".")[0] not in {"sqlalchemy", "alembic", "psycopg"}:
            raise
        raise extra_missing("line", f"Records need {problem.name}") from None
    return SqlRecords.open(address, create=create)
