"""Stations as the centre sees them: when each was there last, and what waits behind it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, func, select, text
from sqlalchemy.dialects.postgresql import insert

from firmline import __version__
from firmline.line.campaigns.decision import UnitState
from firmline.line.records.planning_tables import ACTIVE, campaign_units, stations_seen
from firmline.line.records.values import RecipeUsed

BEAT_S: Final = 2.0
"""How often a station says that it is there, seconds; ours."""
OFFLINE_S: Final = 10.0
"""How long after its last word a station is taken for offline, seconds; ours: five beats."""
READY, LEFT = "ready", "left"


@dataclass(frozen=True, slots=True, kw_only=True)
class StationView:
    """A station, and its planned work.

    Attributes:
        name: Its name.
        seen_at: When it was there last; ``None``: never.
        is_online: Whether it is there.
        firmline: Version of its program.
        recipe: What it does; ``None``: unknown.
        slots: How many slots it has.
        queued: Units that wait for it.
        working: Units that it has begun.
    """

    name: str
    seen_at: datetime | None
    is_online: bool
    firmline: str = ""
    recipe: RecipeUsed | None = None
    slots: int = 0
    queued: int = 0
    working: int = 0

    @property
    def sentence(self) -> str:
        """What somebody has to know of it; empty: nothing."""
        if self.is_online or not (self.queued or self.working):
            return ""
        parts = [f"{self.queued} wait behind it"] if self.queued else []
        parts += [f"{self.working} are half done"] if self.working else []
        return f"{self.name} is offline: {' and '.join(parts)}."


def beat(connection: Connection, station: str, *, recipe: RecipeUsed, slots: int) -> None:
    """A station says that it is there."""
    values = {
        "station": station,
        "seen_at": func.now(),
        "firmline": __version__,
        "recipe": recipe.name,
        "recipe_version": recipe.version,
        "recipe_sha256": recipe.sha256,
        "slots": slots,
        "state": READY,
    }
    statement = insert(stations_seen).values(**values)
    del values["station"]
    connection.execute(statement.on_conflict_do_update(index_elements=["station"], set_=values))


def leave(connection: Connection, station: str) -> None:
    """A station has ended in order."""
    connection.execute(
        stations_seen.update().where(stations_seen.c.station == station).values(state=LEFT)
    )


_IS_ONLINE: Final = text("state = 'ready' AND seen_at > now() - make_interval(secs => :limit)")


def is_online(connection: Connection, station: str) -> bool:
    """Whether a station is there, by the server's clock."""
    query = select(stations_seen.c.station).where(
        stations_seen.c.station == station, _IS_ONLINE.bindparams(limit=OFFLINE_S)
    )
    return connection.execute(query).first() is not None


def all_stations(connection: Connection) -> tuple[StationView, ...]:
    """Every station that was ever there or has work, by name."""
    columns = campaign_units.c
    waiting: dict[str, dict[str, int]] = {}
    counted = connection.execute(
        select(columns.station, columns.state, func.count())
        .where(columns.state.in_(ACTIVE))
        .group_by(columns.station, columns.state)
    )
    for station, state, count in counted:
        waiting.setdefault(station, {})[state] = count
    online = set(
        connection.execute(
            select(stations_seen.c.station).where(_IS_ONLINE.bindparams(limit=OFFLINE_S))
        ).scalars()
    )
    known = {
        line["station"]: dict(line) for line in connection.execute(select(stations_seen)).mappings()
    }
    return tuple(
        _view(name, known.get(name), waiting.get(name, {}), is_online=name in online)
        for name in sorted(known.keys() | waiting.keys())
    )


def _view(
    name: str, line: Mapping[str, Any] | None, waiting: Mapping[str, int], *, is_online: bool
) -> StationView:
    queued, working = waiting.get(UnitState.QUEUED, 0), waiting.get(UnitState.WORKING, 0)
    if line is None:
        return StationView(name=name, seen_at=None, is_online=False, queued=queued, working=working)
    return StationView(
        name=name,
        seen_at=line["seen_at"],
        is_online=is_online,
        firmline=line["firmline"],
        recipe=RecipeUsed(
            name=line["recipe"], version=line["recipe_version"], sha256=line["recipe_sha256"]
        ),
        slots=line["slots"],
        queued=queued,
        working=working,
    )
