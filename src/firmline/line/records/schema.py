"""The tables of a database: made where there are none, and known by their version.

What another program made is left alone, and so is what a newer firmline made.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, Connection, Engine, MetaData, String, Table, inspect, select

from firmline.errors import Code, StoreError
from firmline.line.records.engine import APPLICATION_ID, writing
from firmline.line.records.problems import store_error
from firmline.line.records.tables import VERSION_TABLE, tables

VERSION: Final = "0001"
version_table: Final = Table(
    VERSION_TABLE, MetaData(), Column("version_num", String(32), primary_key=True)
)


def prepare(engine: Engine, where: str, *, create: bool) -> None:
    """Make the tables where there are none, or see that they are those of this program.

    Args:
        engine: Of the database.
        where: Its address, for messages.
        create: Whether tables may be made in an empty database.

    Raises:
        StoreError: ``DATABASE_FOREIGN`` or ``DATABASE_NEWER``; nothing was changed then.
    """
    with engine.begin() as connection:
        is_new = _is_new(connection, where)
    if is_new and not create:
        raise store_error(Code.DATABASE_FOREIGN, where)
    if not is_new:
        return
    if engine.dialect.name == "sqlite":
        _use_wal(engine)
    with writing(engine).begin() as connection:
        if _is_new(connection, where):  # another process may have been quicker
            _make(connection)


def _is_new(connection: Connection, where: str) -> bool:
    """Whether there is nothing of anybody's yet."""
    present = set(inspect(connection).get_table_names())
    if VERSION_TABLE not in present:
        is_sqlite = connection.dialect.name == "sqlite"
        if present if is_sqlite else present & set(tables.tables):
            raise store_error(Code.DATABASE_FOREIGN, where)
        return True
    version = connection.execute(select(version_table)).scalar()
    if version != VERSION:
        raise StoreError(
            Code.DATABASE_NEWER,
            f"The records in {where} were written by a newer firmline.",
            database=where,
            version=version,
        )
    return False


def _use_wal(engine: Engine) -> None:
    """Kept in the file: every later connection uses the log as well."""
    with engine.connect() as connection:
        connection.connection.cursor().execute("PRAGMA journal_mode = WAL")


def _make(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION_ID}")
    tables.create_all(connection)
    version_table.create(connection)
    connection.execute(version_table.insert(), {"version_num": VERSION})
