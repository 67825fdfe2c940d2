"""Indexes that hold what statistics count, and what SQLite has to know to use the right ones."""

from __future__ import annotations

from typing import Final

from alembic import op

revision = "0002"
down_revision = "0001"

SHAPES: Final = {
    ("runs", "ix_runs_began_at_station_sequence"): "1000000 1 1 1",
    ("runs", "ix_runs_batch_began_at"): "1000000 10000 1",
    ("runs", "ix_runs_station_run"): "1000000 100000 1",
    ("runs", "ix_runs_units"): "1000000 1 1 1 1 1 1 1 1 1 1",
    ("runs", "ix_runs_cells"): "1000000 10000 1000 100 80 80 80 80 1",
    ("runs", "runs"): "1000000 100000 1",
    ("runs_begun", "runs_begun"): "1000000 100000 1",
    ("phases", "ix_phases_station_run"): "8000000 800000 8",
    ("phases", "phases"): "8000000 800000 1",
    ("measurements", "measurements"): "8000000 800000 4 1",
    ("attachments", "attachments"): "1000000 100000 1 1",
    ("diagnoses", "ix_diagnoses_station_run"): "100000 10000 2",
    ("diagnoses", "diagnoses"): "100000 10000 1",
    ("causes", "causes"): "500000 50000 5 1",
    ("lots", "lots"): "2000000 200000 2 1",
}
"""How many lines a table has, and how many of them share the first columns of an index: as
``ANALYZE`` would find it at ten stations with a million runs.

Without it SQLite looks through everything that a station has ever written for the phases of one
run (it takes the primary key, of which one column is known, before an index of which two are). It
may be written by hand: sqlite.org, "The Query Planner", section "ANALYZE"; and ``ANALYZE`` itself
replaces it. PostgreSQL sees to its own.
"""


def upgrade() -> None:
    """Replace the index by serial number, and add one."""
    op.drop_index("ix_runs_serial_began_at", "runs")
    op.create_index(
        "ix_runs_units",
        "runs",
        [
            *("serial", "product", "recipe", "began_at", "station", "sequence"),
            *("outcome", "is_golden", "slot", "batch"),
        ],
    )
    op.create_index(
        "ix_runs_cells",
        "runs",
        ["batch", "station", "slot", "outcome", "is_golden", "product", "recipe", "began_at"],
    )
    if op.get_bind().dialect.name == "sqlite":
        _tell_shapes()


def _tell_shapes() -> None:
    """Only a table that ``ANALYZE`` has made takes them."""
    connection = op.get_bind()
    connection.exec_driver_sql("ANALYZE sqlite_master")
    connection.exec_driver_sql("DELETE FROM sqlite_stat1")
    for (table, index), shape in SHAPES.items():
        connection.exec_driver_sql(
            "INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES (?, ?, ?)", (table, index, shape)
        )
    connection.exec_driver_sql("ANALYZE sqlite_master")
