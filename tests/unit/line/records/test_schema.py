"""The tables: what the migrations make is what the program speaks to, on both databases."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.command import upgrade
from alembic.migration import MigrationContext
from sqlalchemy import Engine, MetaData, inspect
from sqlalchemy.schema import CreateIndex, CreateTable

from firmline.errors import Code, StoreError
from firmline.line.records.address import DatabaseAddress, parse_address
from firmline.line.records.base import every_run
from firmline.line.records.engine import open_engine, writing
from firmline.line.records.open import open_records
from firmline.line.records.schema import VERSION, _config, prepare
from firmline.line.records.tables import VERSION_TABLE, tables
from unit.line.records_world import whole_run

LATER = f'''"""A change that some later version makes."""

import sqlalchemy as sa
from alembic import op

revision = "later"
down_revision = "{VERSION}"


def upgrade():
    op.add_column("runs", sa.Column("weather", sa.Text(), nullable=True))
    op.execute("UPDATE runs SET weather = 'fine'")
'''  # noqa: S608 - a migration, no query of ours
MISTAKE = "    op.drop_table('nothing')\n"
DATABASES = ["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)]


@pytest.fixture(params=DATABASES)
def address(request: pytest.FixtureRequest, tmp_path: Path) -> DatabaseAddress:
    """An empty database of each kind."""
    if request.param == "sqlite":
        return DatabaseAddress(path=tmp_path / "shift.db")
    return parse_address(request.getfixturevalue("postgresql_url"))


@pytest.fixture
def engine(address: DatabaseAddress) -> Iterator[Engine]:
    made = open_engine(address, create=True)
    yield made
    made.dispose()


@pytest.fixture
def later(tmp_path: Path) -> tuple[str, ...]:
    """The migrations of a program that is newer by one."""
    folder = tmp_path / "later"
    folder.mkdir()
    (folder / "later.py").write_text(LATER, "utf-8")
    return (str(folder),)


def columns_of_runs(engine: Engine) -> set[str]:
    return {column["name"] for column in inspect(engine).get_columns("runs")}


def statements(engine: Engine) -> list[str]:
    """What would make the tables that are there, as the database itself tells."""
    found = MetaData()
    found.reflect(engine)
    made = []
    for table in found.sorted_tables:
        if table.name != VERSION_TABLE:
            made.append(str(CreateTable(table).compile(engine)))
            made += [str(CreateIndex(index).compile(engine)) for index in table.indexes]
    return sorted("\n".join(sorted(text.replace(",", "").splitlines())) for text in made)


def test_the_migrations_make_the_tables_that_the_program_speaks_to(
    engine: Engine, address: DatabaseAddress
) -> None:
    prepare(engine, "here", create=True, path=address.path)
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "compare_type": True,
                "compare_server_default": True,
                "version_table": VERSION_TABLE,
            },
        )
        assert compare_metadata(context, tables) == []
    migrated = statements(engine)
    with engine.begin() as connection:
        tables.drop_all(connection)
        tables.create_all(connection)
    assert statements(engine) == migrated
    assert len(migrated) > len(tables.tables)


def test_a_table_that_differed_would_be_seen(engine: Engine, address: DatabaseAddress) -> None:
    prepare(engine, "here", create=True, path=address.path)
    before = statements(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP INDEX ix_lots_lot")
    assert statements(engine) != before


def test_the_newest_migration_is_the_one_that_opening_looks_for(
    engine: Engine, address: DatabaseAddress
) -> None:
    prepare(engine, "here", create=True, path=address.path)
    with engine.connect() as connection:
        found = connection.exec_driver_sql(f"SELECT version_num FROM {VERSION_TABLE}")  # noqa: S608 - a constant
        assert found.scalars().all() == [VERSION]


def test_older_records_are_brought_up_to_date_behind_a_copy(
    engine: Engine, address: DatabaseAddress, later: tuple[str, ...]
) -> None:
    records = open_records(address, create=True)
    records.write(whole_run())
    before = [*every_run(records)]
    records.close()
    prepare(engine, "here", create=False, path=address.path, more=later)
    assert "weather" in columns_of_runs(engine)
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT weather FROM runs").scalars().all() == ["fine"]
    prepare(engine, "here", create=False, path=address.path, more=later)
    if address.path is None:
        return
    (copy,) = address.path.parent.glob("*.backup")
    assert copy.name == f"shift.db.{VERSION}.backup"
    old = open_records(DatabaseAddress(path=copy), create=False)
    assert [*every_run(old)] == before
    old.close()


@pytest.mark.slow
def test_records_of_the_first_version_get_their_indexes(
    engine: Engine, address: DatabaseAddress
) -> None:
    config = _config(())
    with writing(engine).begin() as connection:
        config.attributes["connection"] = connection
        upgrade(config, "0001")
    before = {each["name"] for each in inspect(engine).get_indexes("runs")}
    assert "ix_runs_serial_began_at" in before
    records = open_records(address, create=False)
    after = {each["name"] for each in inspect(engine).get_indexes("runs")}
    assert after - before == {"ix_runs_units", "ix_runs_cells"}
    assert before - after == {"ix_runs_serial_began_at"}
    records.write(whole_run())
    assert records.counts(by_hour=False).runs[0].runs == 1
    records.close()
    if address.path is not None:
        assert address.path.with_name("shift.db.0001.backup").is_file()


def test_sqlite_looks_for_the_phases_of_a_run_by_the_run(tmp_path: Path) -> None:
    address = DatabaseAddress(path=tmp_path / "shift.db")
    open_records(address, create=True).close()
    with closing(sqlite3.connect(tmp_path / "shift.db")) as database:
        for table in ("phases", "diagnoses"):
            query = f"SELECT * FROM {table} WHERE station = ? AND run = ?"  # noqa: S608 - ours
            plan = database.execute(f"EXPLAIN QUERY PLAN {query}", ("north", 1)).fetchall()
            assert f"USING INDEX ix_{table}_station_run (station=? AND run=?)" in plan[0][3]


def test_a_program_that_is_older_than_the_records_leaves_them_alone(
    engine: Engine, address: DatabaseAddress, later: tuple[str, ...]
) -> None:
    prepare(engine, "here", create=True, path=address.path, more=later)
    with pytest.raises(StoreError, match="newer firmline") as caught:
        open_records(address, create=True)
    assert caught.value.code is Code.DATABASE_NEWER
    assert "weather" in columns_of_runs(engine)


def test_a_migration_that_fails_has_never_begun(
    engine: Engine, address: DatabaseAddress, later: tuple[str, ...]
) -> None:
    prepare(engine, "here", create=True, path=address.path)
    file = Path(later[0]) / "later.py"
    file.write_text(LATER + MISTAKE, "utf-8")
    with pytest.raises(Exception, match="nothing"):
        prepare(engine, "here", create=False, path=address.path, more=later)
    assert "weather" not in columns_of_runs(engine)
    open_records(address, create=False).close()


def test_copies_are_never_written_over(tmp_path: Path, later: tuple[str, ...]) -> None:
    address = DatabaseAddress(path=tmp_path / "shift.db")
    (tmp_path / "shift.db.0003.backup").write_bytes(b"evidence")
    open_records(address, create=True).close()
    engine = open_engine(address, create=False)
    prepare(engine, "here", create=False, path=address.path, more=later)
    engine.dispose()
    assert (tmp_path / "shift.db.0003.backup").read_bytes() == b"evidence"
    with closing(sqlite3.connect(tmp_path / "shift.db.0003-1.backup")) as copy:
        assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_without_a_copy_nothing_is_changed(
    tmp_path: Path, later: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    address = DatabaseAddress(path=tmp_path / "shift.db")
    open_records(address, create=True).close()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    engine = open_engine(address, create=False)
    with pytest.raises(StoreError, match="No space left") as caught:
        prepare(engine, "here", create=False, path=address.path, more=later)
    assert caught.value.code is Code.DATABASE_FULL
    assert "weather" not in columns_of_runs(engine)
    engine.dispose()
    assert not [*tmp_path.glob("*.backup")]
    assert not [*tmp_path.glob(".*.part")]
