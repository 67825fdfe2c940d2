"""The tables of planned work: campaigns, their units, what happened to them, and the stations.

Unlike records these lines change: they say how far the work has come. What a campaign decided and
why is only ever inserted, into ``campaign_events``.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    column,
)

from firmline.line.records.tables import WORD, UtcTime, tables

ACTIVE: Final = ("queued", "working")
"""The states of a unit that has a job."""


def _word(name: str) -> Column[str]:
    return Column(name, WORD, nullable=False)


def _whole(name: str) -> Column[int]:
    return Column(name, BigInteger, nullable=False)


def _time(name: str) -> Column[datetime]:
    return Column(name, UtcTime, nullable=False)


_is_active = column("state").in_(ACTIVE)
campaigns = Table(
    "campaigns",
    tables,
    _word("name"),
    _word("document"),
    _word("made_by"),
    _time("made_at"),
    _word("released_by"),
    _word("state"),
    _whole("opened"),
    _word("reason"),
    _time("changed_at"),
    _time("looked_at"),
    PrimaryKeyConstraint("name"),
    sqlite_with_rowid=False,
)
campaign_units = Table(
    "campaign_units",
    tables,
    _word("campaign"),
    _word("product"),
    _word("serial"),
    _whole("position"),
    _whole("group_place"),
    _word("station"),
    _word("state"),
    _whole("job"),
    _whole("after"),
    _word("why"),
    _time("changed_at"),
    PrimaryKeyConstraint("campaign", "serial"),
    ForeignKeyConstraint(["campaign"], ["campaigns.name"]),
    # A unit has a job in one campaign at a time, whatever the queue itself would allow.
    Index(
        "ix_campaign_units_active",
        "product",
        "serial",
        unique=True,
        sqlite_where=_is_active,
        postgresql_where=_is_active,
    ),
    Index(None, "station", "state"),
    Index(None, "campaign", "state"),
    sqlite_with_rowid=False,
)
campaign_attempts = Table(
    "campaign_attempts",
    tables,
    _word("campaign"),
    _word("serial"),
    _word("station"),
    _whole("run"),
    _time("at"),
    _word("outcome"),
    _word("code"),
    _word("cause"),
    _word("family"),
    PrimaryKeyConstraint("campaign", "serial", "station", "run"),
    ForeignKeyConstraint(
        ["campaign", "serial"], ["campaign_units.campaign", "campaign_units.serial"]
    ),
    sqlite_with_rowid=False,
)
campaign_events = Table(
    "campaign_events",
    tables,
    Column(
        "number",
        BigInteger().with_variant(Integer, "sqlite"),
        nullable=False,
        autoincrement=True,
    ),
    _word("campaign"),
    _word("serial"),
    _time("at"),
    _word("who"),
    _word("what"),
    _word("why"),
    PrimaryKeyConstraint("number"),
    Index(None, "campaign", "number"),
)
stations_seen = Table(
    "stations_seen",
    tables,
    _word("station"),
    _time("seen_at"),
    _word("firmline"),
    _word("recipe"),
    _word("recipe_version"),
    _word("recipe_sha256"),
    _whole("slots"),
    _word("state"),
    PrimaryKeyConstraint("station"),
    sqlite_with_rowid=False,
)
