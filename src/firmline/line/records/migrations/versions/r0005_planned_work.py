"""Planned work: campaigns, their units, attempts and events, and when a station was last seen."""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

WORD: Final = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_WHOLES: Final = {"opened", "position", "group_place", "job", "after", "run", "slots"}
_TIMES: Final = {"made_at", "changed_at", "at", "looked_at", "seen_at"}


def _column(name: str) -> sa.Column[Any]:
    kind: Any = WORD
    if name in _WHOLES:
        kind = sa.BigInteger()
    elif name in _TIMES:
        kind = sa.DateTime(timezone=True)
    return sa.Column(name, kind, nullable=False)


def _table(name: str, columns: str, *constraints: sa.Constraint, key: str) -> None:
    op.create_table(
        name,
        *map(_column, columns.split()),
        sa.PrimaryKeyConstraint(*key.split(), name=f"pk_{name}"),
        *constraints,
        sqlite_with_rowid=False,
    )


def upgrade() -> None:
    """Make the tables."""
    _table(
        "campaigns",
        "name document made_by made_at released_by state opened reason changed_at looked_at",
        key="name",
    )
    _units()
    _table(
        "campaign_attempts",
        "campaign serial station run at outcome code cause family",
        sa.ForeignKeyConstraint(
            ["campaign", "serial"],
            ["campaign_units.campaign", "campaign_units.serial"],
            name="fk_campaign_attempts_campaign_units",
        ),
        key="campaign serial station run",
    )
    _events()
    _table(
        "stations_seen",
        "station seen_at firmline recipe recipe_version recipe_sha256 slots state",
        key="station",
    )


def _units() -> None:
    _table(
        "campaign_units",
        "campaign product serial position group_place station state job after why changed_at",
        sa.ForeignKeyConstraint(
            ["campaign"], ["campaigns.name"], name="fk_campaign_units_campaigns"
        ),
        key="campaign serial",
    )
    is_active = sa.text("state IN ('queued', 'working')")
    op.create_index(
        "ix_campaign_units_active",
        "campaign_units",
        ["product", "serial"],
        unique=True,
        sqlite_where=is_active,
        postgresql_where=is_active,
    )
    for first in ("station", "campaign"):
        op.create_index(f"ix_campaign_units_{first}_state", "campaign_units", [first, "state"])


def _events() -> None:
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "campaign_events",
        sa.Column("number", number, nullable=False, autoincrement=True),
        *map(_column, ("campaign", "serial", "at", "who", "what", "why")),
        sa.PrimaryKeyConstraint("number", name="pk_campaign_events"),
    )
    op.create_index("ix_campaign_events_campaign_number", "campaign_events", ["campaign", "number"])
