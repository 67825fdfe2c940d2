"""The first tables: the ledger, and what hangs on it."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

WORD = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def _columns(words: str = "", numbers: str = "", times: str = "", floats: str = "") -> list[Any]:
    kinds: list[tuple[str, Any, bool]] = [
        (words, WORD, False),
        (numbers, sa.BigInteger(), False),
        (times, sa.DateTime(timezone=True), False),
        (floats, sa.Double(), True),
    ]
    return [
        sa.Column(name, kind, nullable=is_nullable)
        for names, kind, is_nullable in kinds
        for name in names.split()
    ]


def _flag(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean(), nullable=False)


def _table(name: str, *columns: sa.Column[Any], of: str = "", is_part: bool = False) -> None:
    """A table keyed by station and sequence, of whose parts a row has several."""
    key = [*_columns("station", "sequence")]
    if is_part:
        key.append(sa.Column("position", sa.Integer(), nullable=False, autoincrement=False))
    constraints: list[Any] = [
        sa.PrimaryKeyConstraint(*(column.name for column in key), name=f"pk_{name}")
    ]
    if of:
        constraints.append(
            sa.ForeignKeyConstraint(
                ["station", "sequence"],
                [f"{of}.station", f"{of}.sequence"],
                name=f"fk_{name}_{of}",
                ondelete="CASCADE",
            )
        )
    op.create_table(name, *key, *columns, *constraints, sqlite_with_rowid=False)


def _index(table: str, *columns: str) -> None:
    op.create_index(f"ix_{table}_{'_'.join(columns)}", table, list(columns))


def upgrade() -> None:
    """Make the tables."""
    _table("records", sa.Column("digest", sa.LargeBinary(), nullable=False))
    _runs()
    _phases()
    _diagnoses()


def _runs() -> None:
    _table("runs_begun", *_columns("product serial", "slot", "at"), of="records")
    _index("runs_begun", "serial")
    _table(
        "runs",
        *_columns("product serial", "run slot", "began_at ended_at"),
        *_columns("outcome code message recipe recipe_version recipe_sha256"),
        *_columns("firmline operator batch address"),
        _flag("is_golden"),
        of="records",
    )
    _index("runs", "began_at", "station", "sequence")
    _index("runs", "serial", "began_at")
    _index("runs", "batch", "began_at")
    _index("runs", "station", "run")
    _table("lots", *_columns("part lot"), of="runs", is_part=True)
    _index("lots", "lot")


def _phases() -> None:
    _table(
        "phases",
        *_columns("name outcome code message", "run position", "began_at ended_at"),
        of="records",
    )
    _index("phases", "station", "run")
    _table(
        "measurements",
        *_columns("name text unit equals outcome"),
        *_columns(floats="number least most marginal_least marginal_most"),
        _flag("is_marginal"),
        of="phases",
        is_part=True,
    )
    _table("attachments", *_columns("name sha256 media_type", "size"), of="phases", is_part=True)
    _index("attachments", "sha256")


def _diagnoses() -> None:
    _table("diagnoses", *_columns("firmline next_test", "run", "at"), of="records")
    _index("diagnoses", "station", "run")
    _table(
        "causes",
        *_columns("cause family"),
        sa.Column("probability", sa.Double(), nullable=False),
        of="diagnoses",
        is_part=True,
    )
    _index("causes", "cause")
