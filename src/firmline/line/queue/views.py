"""Campaigns as people look at them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from firmline.line.campaigns.campaign import Campaign
from firmline.line.campaigns.decision import CampaignState, UnitState
from firmline.line.queue.lines import campaign_of, found
from firmline.line.queue.stations import StationView, all_stations
from firmline.line.records.database import Database
from firmline.line.records.planning_tables import campaign_events, campaign_units, campaigns


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupView:
    """A group of a campaign.

    Attributes:
        name: Its name.
        is_open: Whether it was opened.
        success_percent: Its threshold.
        states: How many of its units are in which state.
    """

    name: str
    is_open: bool
    success_percent: float
    states: Mapping[UnitState, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignView:
    """A campaign as it stands.

    Attributes:
        campaign: What was planned.
        state: Its state.
        reason: Why it is in that state, one sentence; empty: nothing to say.
        made_by: Who made it.
        released_by: Who released it; empty: nobody.
        changed_at: When its state changed last.
        groups: Its groups.
        stations: The stations that have its units.
    """

    campaign: Campaign
    state: CampaignState
    reason: str
    made_by: str
    released_by: str
    changed_at: datetime
    groups: tuple[GroupView, ...]
    stations: tuple[StationView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitView:
    """A unit of a campaign.

    Attributes:
        serial: Its serial number.
        group: The name of its group.
        station: Where it is worked on.
        state: Its state.
        why: One sentence; empty: nothing to say.
    """

    serial: str
    group: str
    station: str
    state: UnitState
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EventView:
    """Something that happened to a campaign.

    Attributes:
        at: When, by the server's clock.
        who: Who did it: a person, a station, or firmline itself.
        what: What it was.
        why: Why; empty: nobody said.
        serial: To which unit; empty: to the campaign.
    """

    at: datetime
    who: str
    what: str
    why: str
    serial: str


def all_campaigns(database: Database) -> tuple[CampaignView, ...]:
    """All campaigns, the newest first."""
    with database.reading() as connection:
        names = connection.execute(
            select(campaigns.c.name).order_by(campaigns.c.made_at.desc(), campaigns.c.name)
        ).scalars()
        listed = list(names)
    return tuple(campaign_view(database, name) for name in listed)


def campaign_view(database: Database, name: str) -> CampaignView:
    """A campaign as it stands.

    Raises:
        InputError: ``CAMPAIGN_UNKNOWN``.
    """
    columns = campaign_units.c
    with database.reading() as connection:
        line = found(connection, name)
        counted = connection.execute(
            select(columns.group_place, columns.state, columns.station, func.count())
            .where(columns.campaign == name)
            .group_by(columns.group_place, columns.state, columns.station)
        ).all()
        stations = all_stations(connection)
    campaign = campaign_of(line["document"])
    states: list[Counter[UnitState]] = [Counter() for _ in campaign.groups]
    mine = set()
    for place, state, station, count in counted:
        states[place][UnitState(state)] += count
        mine.add(station)
    return CampaignView(
        campaign=campaign,
        state=CampaignState(line["state"]),
        reason=line["reason"],
        made_by=line["made_by"],
        released_by=line["released_by"],
        changed_at=line["changed_at"],
        groups=tuple(
            GroupView(
                name=group.name,
                is_open=place <= line["opened"],
                success_percent=group.success_percent,
                states=states[place],
            )
            for place, group in enumerate(campaign.groups)
        ),
        stations=tuple(each for each in stations if each.name in mine),
    )


def units_of(database: Database, name: str) -> tuple[UnitView, ...]:
    """The units of a campaign, in its order.

    Raises:
        InputError: ``CAMPAIGN_UNKNOWN``.
    """
    columns = campaign_units.c
    with database.reading() as connection:
        groups = campaign_of(found(connection, name)["document"]).groups
        lines = connection.execute(
            select(campaign_units).where(columns.campaign == name).order_by(columns.position)
        ).mappings()
        return tuple(
            UnitView(
                serial=line["serial"],
                group=groups[line["group_place"]].name,
                station=line["station"],
                state=UnitState(line["state"]),
                why=line["why"],
            )
            for line in lines
        )


def events_of(database: Database, name: str) -> tuple[EventView, ...]:
    """What happened to a campaign, in order.

    Raises:
        InputError: ``CAMPAIGN_UNKNOWN``.
    """
    columns = campaign_events.c
    with database.reading() as connection:
        found(connection, name)
        lines = connection.execute(
            select(campaign_events).where(columns.campaign == name).order_by(columns.number)
        ).mappings()
        return tuple(_event(dict(line)) for line in lines)


def stations_of_line(database: Database) -> tuple[StationView, ...]:
    """Every station that was ever there or has work, by name."""
    with database.reading() as connection:
        return all_stations(connection)


def _event(line: Mapping[str, Any]) -> EventView:
    return EventView(**{name: line[name] for name in ("at", "who", "what", "why", "serial")})
