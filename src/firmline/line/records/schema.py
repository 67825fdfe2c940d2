"""The tables of a database: made where there are none, and brought up to date where they are older.

What another program made is left alone, and so is what a newer firmline made. Both databases change
their tables inside a transaction: a migration is done, or has never begun.
"""

from __future__ import annotations

from enum import Enum, auto
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import Column, Connection, Engine, MetaData, String, Table, inspect, select

from firmline.errors import Code, StoreError
from firmline.line.records import planning_tables as _planning_tables  # noqa: F401 - its tables
from firmline.line.records.backup import back_up
from firmline.line.records.engine import APPLICATION_ID, writing
from firmline.line.records.problems import store_error
from firmline.line.records.tables import VERSION_TABLE, tables

if TYPE_CHECKING:
    from alembic.config import Config

VERSION: Final = "0007"
"""The newest migration; Alembic is asked only where a database has another one."""
MIGRATIONS: Final = "firmline.line.records:migrations"
LOCK: Final = 0x464C_6E65
"""Of PostgreSQL's advisory lock, which one of those who make the tables has at a time; ours."""
version_table: Final = Table(
    VERSION_TABLE, MetaData(), Column("version_num", String(32), primary_key=True)
)


class _State(Enum):
    """What was found."""

    EMPTY = auto()
    OLDER = auto()
    CURRENT = auto()


def prepare(
    engine: Engine, where: str, *, create: bool, path: Path | None, more: tuple[str, ...] = ()
) -> None:
    """Make the tables where there are none, and see that they are those of this program.

    Args:
        engine: Of the database.
        where: Its address, for messages.
        create: Whether tables may be made in an empty database.
        path: SQLite's file, which is copied before older tables are changed.
        more: Folders of further migrations, for the tests of what a later version will do.

    Raises:
        StoreError: ``DATABASE_FOREIGN`` or ``DATABASE_NEWER``; nothing was changed then.
    """
    with engine.begin() as connection:
        state = _state(connection, where, more)
    if state is _State.EMPTY and not create:
        raise store_error(Code.DATABASE_FOREIGN, where)
    if state is _State.CURRENT:
        return
    if state is _State.EMPTY and path is not None:
        _use_wal(engine)
    with writing(engine).begin() as connection:
        if path is None:
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({LOCK})")
        state = _state(connection, where, more)  # another process may have been quicker
        if state is _State.OLDER and path is not None:
            back_up(path, version=_version(connection))
        if state is not _State.CURRENT:
            _migrate(connection, more)


def _state(connection: Connection, where: str, more: tuple[str, ...]) -> _State:
    present = set(inspect(connection).get_table_names())
    if VERSION_TABLE not in present:
        # A server's database may hold other programs' tables as well, if they have other names.
        is_sqlite = connection.dialect.name == "sqlite"
        if present if is_sqlite else present & set(tables.tables):
            raise store_error(Code.DATABASE_FOREIGN, where)
        return _State.EMPTY
    version = _version(connection)
    if version == VERSION and not more:
        return _State.CURRENT
    known = _known(more)
    if version not in known:
        raise StoreError(
            Code.DATABASE_NEWER,
            f"The records in {where} were written by a newer firmline.",
            database=where,
            version=version,
        )
    return _State.CURRENT if version == known[-1] else _State.OLDER


def _version(connection: Connection) -> str:
    return str(connection.execute(select(version_table)).scalar())


def _use_wal(engine: Engine) -> None:
    """Kept in the file: every later connection uses the log as well."""
    with engine.connect() as connection:
        connection.connection.cursor().execute("PRAGMA journal_mode = WAL")


def _migrate(connection: Connection, more: tuple[str, ...]) -> None:
    from alembic.command import upgrade  # noqa: PLC0415 - heavy, and seldom used

    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION_ID}")
    config = _config(more)
    config.attributes["connection"] = connection
    upgrade(config, "head")


def _known(more: tuple[str, ...]) -> list[str]:
    """The versions that this program can bring up to date, the oldest first."""
    from alembic.script import ScriptDirectory  # noqa: PLC0415 - heavy, and seldom used

    script = ScriptDirectory.from_config(_config(more))
    return [each.revision for each in script.walk_revisions()][::-1]


def _config(more: tuple[str, ...]) -> Config:
    from alembic.config import Config  # noqa: PLC0415 - heavy, and seldom used

    config = Config()
    config.set_main_option("script_location", MIGRATIONS)
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", "\n".join((f"{MIGRATIONS}/versions", *more)))
    return config
