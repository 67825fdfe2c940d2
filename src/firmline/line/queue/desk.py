"""What a station asks of the queue: may I begin this unit, here is how it went, what was mine."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from firmline.errors import InputError
from firmline.line.campaigns.decision import CampaignState, UnitState
from firmline.line.queue.course import look_on
from firmline.line.queue.jobs import put_back, put_jobs, status_of
from firmline.line.queue.lines import (
    Line,
    campaign_of,
    found,
    note,
    set_unit,
    shared,
    unit_line,
)
from firmline.line.queue.stations import beat, leave
from firmline.line.queue.told import Job, RunTold, Ticket
from firmline.line.records.database import Database
from firmline.line.records.planning_tables import (
    ACTIVE,
    campaign_attempts,
    campaign_units,
    campaigns,
)
from firmline.line.records.values import RecipeUsed

LOOK_S: Final = 1.0
"""Between two looks at a campaign, seconds; ours: it reads what became of all its units."""
TODO: Final = "todo"
DOING: Final = "doing"


class Desk:
    """The queue, for one station.

    Args:
        database: Where the queue is.
        station: The station's name.
    """

    def __init__(self, database: Database, station: str) -> None:
        self._database = database
        self.station = station

    def look_at(self, job: Job) -> Ticket | None:
        """What a job is for, without beginning it; ``None``: it was cancelled, moved, or is done.

        Raises:
            StoreError: The queue cannot be asked now.
        """
        with self._database.reading() as connection, suppress(InputError):
            unit = unit_line(connection, job.campaign, job.serial)
            if self._is_mine(unit, job):
                return Ticket(
                    job=job,
                    recipe=campaign_of(found(connection, job.campaign)["document"]).recipe,
                    after=unit["after"],
                    is_resumed=unit["state"] == UnitState.WORKING,
                )
        return None

    def begin(self, job: Job, *, after: int) -> Ticket | None:
        """Note that a unit is begun, before it is; ``None``: it is not to be begun any more.

        Args:
            job: By which job.
            after: The newest record of the station.
        """
        with self._database.writing() as connection, suppress(InputError):
            line = shared(connection, job.campaign)
            unit = unit_line(connection, job.campaign, job.serial)
            is_resumed = unit["state"] == UnitState.WORKING
            may = is_resumed or line["state"] == CampaignState.RUNNING
            if not (may and self._is_mine(unit, job)):
                return None
            if not is_resumed:
                set_unit(connection, job.campaign, job.serial, state=UnitState.WORKING, after=after)
            return Ticket(
                job=job,
                recipe=campaign_of(line["document"]).recipe,
                after=unit["after"] if is_resumed else after,
                is_resumed=is_resumed,
            )
        return None

    def report(self, job: Job, runs: Sequence[RunTold], *, state: UnitState, why: str = "") -> None:
        """Tell how runs ended, and what the unit is now; told twice, it is told once.

        Args:
            job: By which job.
            runs: The runs on the unit, by this station.
            state: ``QUEUED``: it is tried again.
            why: One sentence, of a unit that is held or has failed.
        """
        name, serial = job.campaign, job.serial
        with self._database.writing() as connection:
            line = shared(connection, name)
            for run in runs:
                statement = insert(campaign_attempts).values(
                    campaign=name,
                    serial=serial,
                    station=self.station,
                    run=run.run,
                    at=run.at,
                    outcome=str(run.attempt.outcome),
                    code=run.attempt.code,
                    cause=run.attempt.cause,
                    family=run.attempt.family,
                )
                connection.execute(statement.on_conflict_do_nothing())
            unit = unit_line(connection, name, serial)
            if not self._is_mine(unit, job):
                return
            is_again = state is UnitState.QUEUED
            if is_again and line["state"] != CampaignState.RUNNING:
                over = CampaignState(line["state"]).is_over
                state = UnitState.CANCELLED if over else UnitState.PLANNED
                is_again = False
            set_unit(
                connection,
                name,
                serial,
                state=UnitState.PLANNED if is_again else state,
                why=why,
                job=0,
            )
            if is_again:
                priority = campaign_of(line["document"]).priority
                put_jobs(
                    connection, campaign=name, priority=priority, units=[(serial, self.station)]
                )
            what = f"{state}" if not runs else f"{runs[-1].attempt.outcome}, {state}"
            note(connection, name, who=self.station, what=what, why=why, serial=serial)

    def reclaim(self, *, alive: Sequence[int] = ()) -> int:
        """Queue again what this station had taken and does not have in hand any more.

        Only the station itself may: nobody else knows how far a unit has come. Nobody else uses
        its queue meanwhile: the station holds its lock.

        Args:
            alive: Jobs that it has in hand.

        Returns:
            How many there were.
        """
        columns = campaign_units.c
        with self._database.writing() as connection:
            lines = connection.execute(
                select(campaign_units)
                .where(columns.station == self.station, columns.state.in_(ACTIVE))
                .order_by(columns.campaign, columns.serial)
                .with_for_update()
            ).mappings()
            count = 0
            for unit in [dict(line) for line in lines]:
                if unit["job"] in alive:
                    continue
                status = status_of(connection, unit["job"])
                if status == DOING:
                    put_back(connection, unit["job"])
                    status = status_of(connection, unit["job"])
                elif status == TODO:
                    continue
                if status != TODO:
                    self._put_anew(connection, unit)
                count += 1
            return count

    def beat(self, *, recipe: RecipeUsed, slots: int) -> None:
        """Say that the station is there, and let campaigns go on that wait for nothing else."""
        with self._database.writing() as connection:
            beat(connection, self.station, recipe=recipe, slots=slots)
        self.look()

    def look(self, *, wait_s: float = LOOK_S) -> None:
        """Let campaigns go on at which nobody has looked for so long, seconds."""
        asked = self._now()
        columns = campaigns.c
        is_due = text(
            "looked_at < CAST(:asked AS timestamptz) - make_interval(secs => :wait)"
        ).bindparams(asked=asked, wait=wait_s)
        due = (
            select(columns.name)
            .where(columns.state == CampaignState.RUNNING, is_due)
            .order_by(columns.name)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        while True:
            with self._database.writing() as connection:
                name = connection.execute(due).scalar()
                if name is None:
                    return
                connection.execute(
                    update(campaigns)
                    .where(columns.name == name)
                    .values(looked_at=text("clock_timestamp()"))
                )
                look_on(connection, name)

    def _put_anew(self, connection: Connection, unit: Line) -> None:
        """A job that has ended without its unit, as that of a worker which was stopped."""
        document = found(connection, unit["campaign"])["document"]
        put_jobs(
            connection,
            campaign=unit["campaign"],
            priority=campaign_of(document).priority,
            units=[(unit["serial"], self.station)],
        )
        if unit["state"] == UnitState.WORKING:  # it stays begun
            set_unit(connection, unit["campaign"], unit["serial"], state=UnitState.WORKING)

    def left(self) -> int:
        """How many units have a job at this station, when every campaign has gone on."""
        self.look(wait_s=0)
        columns = campaign_units.c
        query = select(func.count()).where(
            columns.station == self.station, columns.state.in_(ACTIVE)
        )
        with self._database.reading() as connection:
            return connection.execute(query).scalar_one()

    def leave(self) -> None:
        """The station has ended in order."""
        with self._database.writing() as connection:
            leave(connection, self.station)

    def _now(self) -> datetime:
        with self._database.reading() as connection:
            now: datetime = connection.execute(select(func.clock_timestamp())).scalar_one()
        return now

    def _is_mine(self, unit: Line, job: Job) -> bool:
        return (
            unit["job"] == job.number
            and unit["station"] == self.station
            and unit["state"] in ACTIVE
        )
