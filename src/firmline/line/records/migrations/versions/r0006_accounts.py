"""Accounts, keys of stations and programs, sessions, and tries with wrong passwords."""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

WORD: Final = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def _word(name: str) -> sa.Column[str]:
    return sa.Column(name, WORD, nullable=False)


def _time(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _table(name: str, key: str, *columns: sa.Column[Any]) -> None:
    op.create_table(
        name,
        _word(key),
        *columns,
        sa.PrimaryKeyConstraint(key, name=f"pk_{name}"),
        sqlite_with_rowid=False,
    )


def upgrade() -> None:
    """Make the tables."""
    _table(
        "line_accounts",
        "name",
        *(_word("role"), _word("password"), _time("made_at")),
        sa.Column("is_disabled", sa.Boolean(), nullable=False),
    )
    _table(
        "line_keys",
        "id",
        *(_word("name"), _word("role"), _word("digest"), _time("made_at")),
        *(_time("expires_at", nullable=True), _time("revoked_at", nullable=True)),
    )
    _table("line_sessions", "digest", _word("account"), _time("began_at"), _time("expires_at"))
    _table(
        "line_tries", "name", sa.Column("tries", sa.BigInteger(), nullable=False), _time("last_at")
    )
