"""What people do to campaigns: make, release, start, pause, resume, abort, move, cancel, again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC
from typing import Final, Self

from sqlalchemy import Connection, func, select

from firmline.errors import Code, InputError, shortened
from firmline.line.audit.chain import CONSOLE, Actor, Detail, deed
from firmline.line.audit.sql import enter
from firmline.line.campaigns.campaign import Campaign
from firmline.line.campaigns.decision import NOT_OPEN, CampaignState, UnitState, may_start
from firmline.line.campaigns.plan import Planned
from firmline.line.queue.course import abort, look_on, pause, queue_planned
from firmline.line.queue.jobs import cancel_jobs, prepare_queue, put_jobs
from firmline.line.queue.lines import (
    Line,
    campaign_of,
    locked,
    note,
    set_campaign,
    set_unit,
    unit_line,
    units_in,
)
from firmline.line.queue.stations import is_online
from firmline.line.records.address import DatabaseAddress
from firmline.line.records.database import Database
from firmline.line.records.planning_tables import campaign_units, campaigns

MOST_NAME: Final = 80
"""Characters of a person's name; ours."""


class CampaignBook:
    """The campaigns of a line.

    Args:
        database: In which; its tables and those of the queue are there.
        role: What whoever does something here is allowed, as the audit trail tells it.
    """

    def __init__(self, database: Database, *, role: str = CONSOLE) -> None:
        self.database = database
        self._role = role

    @classmethod
    def open(cls, address: DatabaseAddress) -> Self:
        """Open the campaigns of a line, and make their tables where there are none.

        Raises:
            StoreError: The database cannot be used.
        """
        database = Database.open(address, create=True)
        with database.writing() as connection:
            prepare_queue(connection)
        return cls(database)

    def close(self) -> None:
        """Let go of the database."""
        self.database.close()

    def make(
        self, campaign: Campaign, units: Sequence[Planned], *, document: str, who: str
    ) -> None:
        """Keep a new campaign; nothing is begun before it is released and started.

        Args:
            campaign: What is planned.
            units: Its units.
            document: Its file as it is.
            who: Who makes it.

        Raises:
            InputError: ``CAMPAIGN_EXISTS``.
        """
        who = _person(who)
        name = campaign.name
        with self.database.writing() as connection:
            known = select(campaigns.c.name).where(campaigns.c.name == name)
            if connection.execute(known).first() is not None:
                raise InputError(Code.CAMPAIGN_EXISTS, f"There is a campaign {name} already.")
            now = func.now()
            connection.execute(
                campaigns.insert().values(
                    name=name,
                    document=document,
                    made_by=who,
                    made_at=now,
                    released_by="",
                    state=str(CampaignState.MADE),
                    opened=NOT_OPEN,
                    reason="",
                    changed_at=now,
                    looked_at=now,
                )
            )
            connection.execute(
                campaign_units.insert().values(changed_at=now),
                [_unit(campaign, position, unit) for position, unit in enumerate(units)],
            )
            note(connection, name, who=who, what="made", why=f"{len(units)} units")
            self._enter(connection, name, "made", who=who, units=len(units))

    def release(self, name: str, *, who: str) -> None:
        """A second person says that it may be started.

        Raises:
            InputError: ``CAMPAIGN_RELEASE``: who made it may not. ``CAMPAIGN_STATE``.
        """
        who = _person(who)
        with self._held(name, CampaignState.MADE, to="released", who=who) as (connection, line):
            if not may_start(line["made_by"], who):
                raise InputError(
                    Code.CAMPAIGN_RELEASE,
                    f"{shortened(who)} made the campaign {name}, and cannot release it as well.",
                )
            set_campaign(connection, name, state=CampaignState.RELEASED, released_by=who)
            note(connection, name, who=who, what="released")

    def start(self, name: str, *, who: str) -> None:
        """Open the canary.

        Raises:
            InputError: ``CAMPAIGN_STATE``.
        """
        with self._held(name, CampaignState.RELEASED, to="started", who=who) as (connection, _line):
            set_campaign(connection, name, state=CampaignState.RUNNING)
            note(connection, name, who=who, what="started")
            look_on(connection, name)

    def pause(self, name: str, *, who: str, why: str = "") -> None:
        """Begin no unit any more; what is at work comes to its end.

        Raises:
            InputError: ``CAMPAIGN_STATE``.
        """
        with self._held(name, CampaignState.RUNNING, to="paused", who=who) as (connection, line):
            pause(connection, line, who=who, why=why)

    def resume(self, name: str, *, who: str) -> None:
        """Go on; a campaign whose threshold cannot be reached pauses again at once.

        Raises:
            InputError: ``CAMPAIGN_STATE``.
        """
        with self._held(name, CampaignState.PAUSED, to="resumed", who=who) as (connection, line):
            set_campaign(connection, name, state=CampaignState.RUNNING, reason="")
            note(connection, name, who=who, what="resumed")
            queue_planned(connection, line, up_to_group=line["opened"])
            look_on(connection, name)

    def abort(self, name: str, *, who: str, why: str = "") -> None:
        """End it for good.

        Raises:
            InputError: ``CAMPAIGN_STATE``: it is over.
        """
        not_over = [state for state in CampaignState if not state.is_over]
        with self._held(name, *not_over, to="aborted", who=who) as (connection, line):
            abort(connection, line, who=who, why=why)

    def move(self, name: str, serials: Sequence[str], *, to: str, who: str) -> None:
        """Bind units to another station: their jobs are cancelled first, in one transaction.

        Raises:
            InputError: ``UNIT_NOT_PLANNED``, or ``CAMPAIGN_STATE``: a unit was begun already.
        """
        with self.database.writing() as connection:
            campaign = campaign_of(locked(connection, name)["document"])
            for serial in dict.fromkeys(serials):
                unit = unit_line(connection, name, serial)
                state = UnitState(unit["state"])
                if state.is_settled or state is UnitState.WORKING:
                    raise _not_now(serial, unit, "moved")
                set_unit(connection, name, serial, state=state, station=to)
                if state is UnitState.QUEUED:
                    cancel_jobs(connection, [unit["job"]])
                    put_jobs(
                        connection, campaign=name, priority=campaign.priority, units=[(serial, to)]
                    )
                why = f"from {unit['station']} to {to}"
                note(connection, name, who=who, what="moved", why=why, serial=serial)
            self._enter(connection, name, "moved", who=who, units=len({*serials}), to=to)

    def cancel(self, name: str, serials: Sequence[str], *, who: str, why: str = "") -> None:
        """Take units out of the campaign.

        One that was begun is taken out only where its station is offline: somebody has looked.

        Raises:
            InputError: ``UNIT_NOT_PLANNED``, or ``CAMPAIGN_STATE``.
        """
        with self.database.writing() as connection:
            locked(connection, name)
            for serial in dict.fromkeys(serials):
                unit = unit_line(connection, name, serial)
                state = UnitState(unit["state"])
                is_at_work = state is UnitState.WORKING and is_online(connection, unit["station"])
                if state.is_settled or is_at_work:
                    raise _not_now(serial, unit, "cancelled")
                if unit["job"]:
                    cancel_jobs(connection, [unit["job"]])
                set_unit(connection, name, serial, state=UnitState.CANCELLED, why=why, job=0)
                note(connection, name, who=who, what="cancelled", why=why, serial=serial)
            look_on(connection, name)
            self._enter(connection, name, "cancelled", who=who, units=len({*serials}))

    def again(self, name: str, serials: Sequence[str], *, who: str) -> int:
        """Queue units again that were held; none named: all of them. How many there were.

        Raises:
            InputError: ``UNIT_NOT_PLANNED``, or ``CAMPAIGN_STATE``: a unit is not held.
        """
        with self.database.writing() as connection:
            line = locked(connection, name)
            if CampaignState(line["state"]).is_over:
                raise _wrong_state(name, line, "gone on with")
            held = {unit["serial"]: unit for unit in units_in(connection, name, UnitState.HELD)}
            for serial in serials:
                if serial not in held:
                    raise _not_now(serial, unit_line(connection, name, serial), "queued again")
            chosen = list(dict.fromkeys(serials)) or list(held)
            for serial in chosen:
                set_unit(connection, name, serial, state=UnitState.PLANNED, job=0)
                note(connection, name, who=who, what="again", serial=serial)
            if line["state"] == CampaignState.RUNNING:
                queue_planned(connection, line, up_to_group=line["opened"])
                look_on(connection, name)
            self._enter(connection, name, "again", who=who, units=len(chosen))
            return len(chosen)

    @contextmanager
    def _held(
        self, name: str, *states: CampaignState, to: str, who: str
    ) -> Iterator[tuple[Connection, Line]]:
        with self.database.writing() as connection:
            line = locked(connection, name)
            if line["state"] not in states:
                raise _wrong_state(name, line, to)
            yield connection, line
            self._enter(connection, name, to, who=who, made_by=line["made_by"])

    def _enter(
        self, connection: Connection, name: str, what: str, *, who: str, **details: Detail
    ) -> None:
        """Enter in the audit trail what somebody did, as the last of it; times are the server's."""
        at = connection.execute(select(func.now())).scalar_one().astimezone(UTC)
        by = Actor(name=_person(who), role=self._role)
        enter(connection, deed(f"campaign.{what}", name, at=at, by=by, details=details))


def _person(who: str) -> str:
    """A name as it is kept.

    Raises:
        InputError: ``USAGE``: it is none.
    """
    name = " ".join(who.split())
    if not (1 <= len(name) <= MOST_NAME and name.isprintable()):
        raise InputError(
            Code.USAGE,
            f"{shortened(who)!r} is no name of a person.",
            hint=f"Give --by a name of up to {MOST_NAME} characters.",
        )
    return name


def _unit(campaign: Campaign, position: int, unit: Planned) -> dict[str, object]:
    return {
        "campaign": campaign.name,
        "product": campaign.product,
        "serial": unit.serial,
        "position": position,
        "group_place": unit.group,
        "station": unit.station,
        "state": str(UnitState.PLANNED),
        "job": 0,
        "after": 0,
        "why": "",
    }


def _wrong_state(name: str, line: Line, to: str) -> InputError:
    return InputError(
        Code.CAMPAIGN_STATE, f"The campaign {name} cannot be {to}: it is {line['state']}."
    )


def _not_now(serial: str, unit: Line, to: str) -> InputError:
    where = f" at {unit['station']}" if unit["state"] in {"queued", "working"} else ""
    return InputError(
        Code.CAMPAIGN_STATE,
        f"The unit {shortened(serial)} cannot be {to}: it is {unit['state']}{where}.",
    )
