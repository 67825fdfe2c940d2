"""Webhooks, and what is to be told to them."""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

WORD: Final = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def _word(name: str) -> sa.Column[Any]:
    return sa.Column(name, WORD, nullable=False)


def _time(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False)


def _whole(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.BigInteger(), nullable=False)


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "line_webhooks",
        *(_word("id"), _word("url"), _word("secret"), _word("wants"), _time("made_at")),
        sa.PrimaryKeyConstraint("id", name="pk_line_webhooks"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "line_deliveries",
        *(_word("hook"), _word("station"), _whole("sequence"), _time("began_at")),
        *(_whole("tries"), _time("next_at")),
        sa.Column("is_dead", sa.Boolean(), nullable=False),
        _word("problem"),
        sa.PrimaryKeyConstraint("hook", "station", "sequence", name="pk_line_deliveries"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_line_deliveries_is_dead_next_at", "line_deliveries", ["is_dead", "next_at"])
