"""The tables, as SQLAlchemy knows them; the migrations make the same, which a test proves.

``records`` is the ledger: one line for every row that was ever kept, with its digest. All others
hold what the rows tell and hang on it. A phase names its run by number without a foreign key:
rows arrive in any order. Rows are only ever inserted.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Double,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
)
from sqlalchemy.types import TypeDecorator

VERSION_TABLE: Final = "firmline_records_version"
"""Where the version of the tables is kept; by its name a database is known as one of ours."""
NAMES: Final = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
    "fk": "fk_%(table_name)s_%(referred_table_name)s",
}


class UtcTime(TypeDecorator[datetime]):
    """An aware time: PostgreSQL keeps the moment, SQLite a text in UTC that sorts as time does."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """To the database; values of records are in UTC already."""
        return value.replace(tzinfo=None) if value and dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """From the database: in UTC, whatever the session's time zone is."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if dialect.name == "sqlite" else value.astimezone(UTC)


WORD: Final = Text().with_variant(Text(collation="C"), "postgresql")
"""A text that sorts as Python sorts it, whatever the locale of the server is."""
tables: Final = MetaData(naming_convention=NAMES)


def _word(name: str) -> Column[str]:
    return Column(name, WORD, nullable=False)


def _time(name: str) -> Column[datetime]:
    return Column(name, UtcTime, nullable=False)


def _whole(name: str) -> Column[int]:
    return Column(name, BigInteger, nullable=False)


def _number(name: str) -> Column[float | None]:
    return Column(name, Double, nullable=True)


def _key(
    *more: str, of: str
) -> tuple[Column[str] | Column[int] | PrimaryKeyConstraint | ForeignKeyConstraint, ...]:
    """The columns of the key, and that they hang on another table."""
    return (
        _word("station"),
        _whole("sequence"),
        *(Column(name, Integer, nullable=False, autoincrement=False) for name in more),
        PrimaryKeyConstraint("station", "sequence", *more),
        ForeignKeyConstraint(
            ["station", "sequence"], [f"{of}.station", f"{of}.sequence"], ondelete="CASCADE"
        ),
    )


def _place() -> Iterator[Column[Any]]:
    """On which unit, and in which slot of its station."""
    yield _word("product")
    yield _word("serial")
    yield _whole("slot")


def _course() -> Iterator[Column[Any]]:
    """When a run or a phase of it was, and how it ended."""
    yield _time("began_at")
    yield _time("ended_at")
    yield _word("outcome")
    yield _word("code")
    yield _word("message")


records = Table(
    "records",
    tables,
    _word("station"),
    _whole("sequence"),
    Column("digest", LargeBinary, nullable=False),
    PrimaryKeyConstraint("station", "sequence"),
    sqlite_with_rowid=False,
)
runs_begun = Table(
    "runs_begun",
    tables,
    *_key(of="records"),
    _time("at"),
    *_place(),
    Index(None, "serial"),
    sqlite_with_rowid=False,
)
runs = Table(
    "runs",
    tables,
    *_key(of="records"),
    _whole("run"),
    *_place(),
    *_course(),
    _word("recipe"),
    _word("recipe_version"),
    _word("recipe_sha256"),
    _word("firmline"),
    _word("operator"),
    _word("batch"),
    _word("address"),
    Column("is_golden", Boolean, nullable=False),
    Index(None, "began_at", "station", "sequence"),
    Index(None, "batch", "began_at"),
    Index(None, "station", "run"),
    # With all that is counted: by unit, its attempts in order; and by where the runs were made.
    Index(
        "ix_runs_units",
        *("serial", "product", "recipe", "began_at", "station", "sequence"),
        *("outcome", "is_golden", "slot", "batch"),
    ),
    Index(
        "ix_runs_cells",
        *("batch", "station", "slot", "outcome", "is_golden", "product", "recipe", "began_at"),
    ),
    sqlite_with_rowid=False,
)
reworks = Table(
    "reworks",
    tables,
    *_key(of="records"),
    _time("at"),
    _word("product"),
    _word("serial"),
    _word("operator"),
    _word("note"),
    Index(None, "serial"),
    sqlite_with_rowid=False,
)
lots = Table(
    "lots",
    tables,
    *_key("position", of="runs"),
    _word("part"),
    _word("lot"),
    Index(None, "lot"),
    sqlite_with_rowid=False,
)
phases = Table(
    "phases",
    tables,
    *_key(of="records"),
    _whole("run"),
    _whole("position"),
    _word("name"),
    *_course(),
    Index(None, "station", "run"),
    sqlite_with_rowid=False,
)
measurements = Table(
    "measurements",
    tables,
    *_key("position", of="phases"),
    _word("name"),
    _number("number"),
    _word("text"),
    _word("unit"),
    _number("least"),
    _number("most"),
    _number("marginal_least"),
    _number("marginal_most"),
    _word("equals"),
    _word("outcome"),
    Column("is_marginal", Boolean, nullable=False),
    sqlite_with_rowid=False,
)
attachments = Table(
    "attachments",
    tables,
    *_key("position", of="phases"),
    _word("name"),
    _word("sha256"),
    _whole("size"),
    _word("media_type"),
    Index(None, "sha256"),
    sqlite_with_rowid=False,
)
diagnoses = Table(
    "diagnoses",
    tables,
    *_key(of="records"),
    _whole("run"),
    _time("at"),
    _word("firmline"),
    _word("next_test"),
    Index(None, "station", "run"),
    sqlite_with_rowid=False,
)
causes = Table(
    "causes",
    tables,
    *_key("position", of="diagnoses"),
    _word("cause"),
    _word("family"),
    Column("probability", Double, nullable=False),
    Index(None, "cause"),
    sqlite_with_rowid=False,
)
# Digests and the time as the texts that the chain covers. Triggers of the migration refuse to
# change an entry, to remove one, and to add one that does not follow from the last.
audit_trail = Table(
    "audit_trail",
    tables,
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    _word("at"),
    _word("actor"),
    _word("role"),
    _word("action"),
    _word("subject"),
    _word("details"),
    _word("previous"),
    _word("digest"),
    sqlite_with_rowid=False,
)
# Accounts, keys and sessions change; the audit trail tells how they did. Secrets are not in them.
line_accounts = Table(
    "line_accounts",
    tables,
    Column("name", WORD, primary_key=True),
    _word("role"),
    _word("password"),
    _time("made_at"),
    Column("is_disabled", Boolean, nullable=False),
    sqlite_with_rowid=False,
)
line_keys = Table(
    "line_keys",
    tables,
    Column("id", WORD, primary_key=True),
    _word("name"),
    _word("role"),
    _word("digest"),
    _time("made_at"),
    Column("expires_at", UtcTime, nullable=True),
    Column("revoked_at", UtcTime, nullable=True),
    sqlite_with_rowid=False,
)
line_sessions = Table(
    "line_sessions",
    tables,
    Column("digest", WORD, primary_key=True),
    _word("account"),
    _time("began_at"),
    _time("expires_at"),
    sqlite_with_rowid=False,
)
line_tries = Table(
    "line_tries",
    tables,
    Column("name", WORD, primary_key=True),
    _whole("tries"),
    _time("last_at"),
    sqlite_with_rowid=False,
)
# What other programs are told of the ends of runs: a line is there until it has arrived.
line_webhooks = Table(
    "line_webhooks",
    tables,
    Column("id", WORD, primary_key=True),
    _word("url"),
    _word("secret"),
    _word("wants"),
    _time("made_at"),
    sqlite_with_rowid=False,
)
line_deliveries = Table(
    "line_deliveries",
    tables,
    _word("hook"),
    _word("station"),
    _whole("sequence"),
    _time("began_at"),
    _whole("tries"),
    _time("next_at"),
    Column("is_dead", Boolean, nullable=False),
    _word("problem"),
    PrimaryKeyConstraint("hook", "station", "sequence"),
    Index(None, "is_dead", "next_at"),
    sqlite_with_rowid=False,
)
