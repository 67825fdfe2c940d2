"""Lines of the tables of planned work: read, locked and changed inside somebody's transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import Connection, func, select, update

from firmline.errors import Code, InputError, shortened
from firmline.line.campaigns.campaign import Campaign
from firmline.line.campaigns.decision import AttemptTold, CampaignState, UnitState, UnitTold
from firmline.line.campaigns.reading import read_campaign
from firmline.line.records.encoding import read_outcome
from firmline.line.records.planning_tables import (
    campaign_attempts,
    campaign_events,
    campaign_units,
    campaigns,
)

Line = Mapping[str, Any]
MACHINE: Final = "firmline"
"""Who did what nobody asked for."""


def locked(connection: Connection, name: str) -> Line:
    """The line of a campaign, which nobody else changes until the transaction ends.

    Raises:
        InputError: ``CAMPAIGN_UNKNOWN``.
    """
    return _campaign(connection, name, with_lock="update")


def shared(connection: Connection, name: str) -> Line:
    """The line of a campaign, which nobody changes until the transaction ends.

    Raises:
        InputError: ``CAMPAIGN_UNKNOWN``.
    """
    return _campaign(connection, name, with_lock="share")


def found(connection: Connection, name: str) -> Line:
    """The line of a campaign.

    Raises:
        InputError: ``CAMPAIGN_UNKNOWN``.
    """
    return _campaign(connection, name, with_lock="")


def _campaign(connection: Connection, name: str, *, with_lock: str) -> Line:
    query = select(campaigns).where(campaigns.c.name == name)
    if with_lock:
        query = query.with_for_update(read=with_lock == "share")
    line = connection.execute(query).mappings().one_or_none()
    if line is None:
        raise InputError(
            Code.CAMPAIGN_UNKNOWN, f"There is no campaign with the name {shortened(name)!r}."
        )
    return dict(line)


@lru_cache(maxsize=64)
def campaign_of(document: str) -> Campaign:
    """The campaign that a line holds as it was made."""
    return read_campaign(document, where="the campaign")


def units_told(connection: Connection, name: str) -> list[UnitTold]:
    """What has become of all units of a campaign."""
    columns = campaign_attempts.c
    attempts: dict[str, list[AttemptTold]] = {}
    query = (
        select(campaign_attempts)
        .where(columns.campaign == name)
        .order_by(columns.at, columns.station, columns.run)
    )
    for line in connection.execute(query).mappings():
        told = AttemptTold(
            outcome=read_outcome(line["outcome"], whose=f"An attempt of campaign {name}"),
            code=line["code"],
            cause=line["cause"],
            family=line["family"],
        )
        attempts.setdefault(line["serial"], []).append(told)
    units = campaign_units.c
    listed = connection.execute(
        select(units.serial, units.group_place, units.state).where(units.campaign == name)
    )
    return [
        UnitTold(group=group, state=UnitState(state), attempts=tuple(attempts.get(serial, ())))
        for serial, group, state in listed
    ]


def units_in(
    connection: Connection, name: str, *states: UnitState, up_to_group: int | None = None
) -> Sequence[Line]:
    """The lines of units in these states, in the order of the campaign, locked."""
    columns = campaign_units.c
    query = (
        select(campaign_units)
        .where(columns.campaign == name, columns.state.in_([str(state) for state in states]))
        .order_by(columns.position)
        .with_for_update()
    )
    if up_to_group is not None:
        query = query.where(columns.group_place <= up_to_group)
    return [dict(line) for line in connection.execute(query).mappings()]


def unit_line(connection: Connection, name: str, serial: str) -> Line:
    """The line of a unit, locked.

    Raises:
        InputError: ``UNIT_NOT_PLANNED``.
    """
    columns = campaign_units.c
    query = (
        select(campaign_units)
        .where(columns.campaign == name, columns.serial == serial)
        .with_for_update()
    )
    line = connection.execute(query).mappings().one_or_none()
    if line is None:
        raise InputError(
            Code.UNIT_NOT_PLANNED,
            f"The campaign {shortened(name)} has no unit {shortened(serial)}.",
        )
    return dict(line)


def set_unit(
    connection: Connection,
    name: str,
    *serials: str,
    state: UnitState,
    why: str = "",
    **more: int | str,
) -> None:
    """Change the lines of units."""
    columns = campaign_units.c
    connection.execute(
        update(campaign_units)
        .where(columns.campaign == name, columns.serial.in_(serials))
        .values(state=str(state), why=why, changed_at=func.now(), **more)
    )


def set_campaign(
    connection: Connection, name: str, *, state: CampaignState, **more: int | str
) -> None:
    """Change the line of a campaign."""
    connection.execute(
        update(campaigns)
        .where(campaigns.c.name == name)
        .values(state=str(state), changed_at=func.now(), **more)
    )


def note(
    connection: Connection, name: str, *, who: str, what: str, why: str = "", serial: str = ""
) -> None:
    """Keep that something happened to a campaign, or to a unit of it."""
    connection.execute(
        campaign_events.insert().values(
            campaign=name, serial=serial, at=func.now(), who=who, what=what, why=why
        )
    )
