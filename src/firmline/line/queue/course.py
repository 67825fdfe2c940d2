"""The course of a campaign: what was decided is done, inside a transaction that holds its line."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, func, select, update

from firmline.line.campaigns.decision import Action, CampaignState, Decision, UnitState, decide
from firmline.line.queue.jobs import cancel_jobs, put_jobs
from firmline.line.queue.lines import (
    MACHINE,
    Line,
    campaign_of,
    locked,
    note,
    set_campaign,
    set_unit,
    units_in,
    units_told,
)
from firmline.line.records.planning_tables import ACTIVE, campaign_units

AT_ONCE: Final = 5_000
"""Serial numbers in one statement; ours."""


def look_on(connection: Connection, name: str) -> Decision | None:
    """Decide what a campaign does next, and do it, until there is nothing to do.

    Returns:
        The last decision; ``None``: it does not run.
    """
    while True:
        line = locked(connection, name)
        if line["state"] != CampaignState.RUNNING:
            return None
        campaign = campaign_of(line["document"])
        decision = decide(campaign, opened=line["opened"], units=units_told(connection, name))
        match decision.action:
            case Action.OPEN:
                _open(connection, line, decision)
            case Action.PAUSE:
                pause(connection, line, who=MACHINE, why=decision.reason)
            case Action.ABORT:
                abort(connection, line, who=MACHINE, why=decision.reason)
            case Action.DONE:
                set_campaign(connection, name, state=CampaignState.DONE, reason=decision.reason)
                note(connection, name, who=MACHINE, what="done", why=decision.reason)
            case Action.GO_ON:
                pass
        if decision.action is not Action.OPEN:
            return decision


def _open(connection: Connection, line: Line, decision: Decision) -> None:
    name = line["name"]
    set_campaign(
        connection,
        name,
        state=CampaignState.RUNNING,
        opened=decision.group,
        reason=decision.reason,
    )
    note(connection, name, who=MACHINE, what="opened a group", why=decision.reason)
    queue_planned(connection, line, up_to_group=decision.group)


def queue_planned(connection: Connection, line: Line, *, up_to_group: int) -> None:
    """Queue the units of the groups that are open; who has a job elsewhere is held."""
    name = line["name"]
    campaign = campaign_of(line["document"])
    units = units_in(connection, name, UnitState.PLANNED, up_to_group=up_to_group)
    taken = _taken(connection, campaign.product, [unit["serial"] for unit in units])
    for serial, other in taken.items():
        why = f"It has a job in the campaign {other}."
        set_unit(connection, name, serial, state=UnitState.HELD, why=why, job=0)
    put_jobs(
        connection,
        campaign=name,
        priority=campaign.priority,
        units=[(unit["serial"], unit["station"]) for unit in units if unit["serial"] not in taken],
    )


def _taken(connection: Connection, product: str, serials: list[str]) -> dict[str, str]:
    """Which of these units have a job already, and in which campaign."""
    columns = campaign_units.c
    found: dict[str, str] = {}
    for begin in range(0, len(serials), AT_ONCE):
        query = select(columns.serial, columns.campaign).where(
            columns.product == product,
            columns.serial.in_(serials[begin : begin + AT_ONCE]),
            columns.state.in_(ACTIVE),
        )
        found |= {line.serial: line.campaign for line in connection.execute(query)}
    return found


def pause(connection: Connection, line: Line, *, who: str, why: str) -> None:
    """Take back what was not begun; what is at work comes to its end."""
    name = line["name"]
    _take_back(connection, name, to=UnitState.PLANNED, why="")
    set_campaign(connection, name, state=CampaignState.PAUSED, reason=why)
    note(connection, name, who=who, what="paused", why=why)


def abort(connection: Connection, line: Line, *, who: str, why: str) -> None:
    """End it for good; what is at work comes to its end."""
    name = line["name"]
    _take_back(connection, name, to=UnitState.CANCELLED, why="The campaign was aborted.")
    _set_all(
        connection,
        name,
        (UnitState.PLANNED, UnitState.HELD),
        to=UnitState.CANCELLED,
        why="The campaign was aborted.",
    )
    set_campaign(connection, name, state=CampaignState.ABORTED, reason=why)
    note(connection, name, who=who, what="aborted", why=why)


def _take_back(connection: Connection, name: str, *, to: UnitState, why: str) -> None:
    cancel_jobs(connection, [unit["job"] for unit in units_in(connection, name, UnitState.QUEUED)])
    _set_all(connection, name, (UnitState.QUEUED,), to=to, why=why)


def _set_all(
    connection: Connection,
    name: str,
    states: tuple[UnitState, ...],
    *,
    to: UnitState,
    why: str,
) -> None:
    columns = campaign_units.c
    connection.execute(
        update(campaign_units)
        .where(columns.campaign == name, columns.state.in_([str(state) for state in states]))
        .values(state=str(to), why=why, job=0, changed_at=func.now())
    )
