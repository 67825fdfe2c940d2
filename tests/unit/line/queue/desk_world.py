"""A station at its desk, for tests: it takes jobs as a worker does, and tells how runs went."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import text

from firmline.line.campaigns.decision import AttemptTold, UnitState
from firmline.line.queue.campaigns import CampaignBook
from firmline.line.queue.desk import Desk
from firmline.line.queue.told import Job, RunTold
from firmline.line.queue.views import units_of
from firmline.line.records.database import Database

BEGIN = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


def ask(database: Database, query: str, **values: object) -> list[tuple[Any, ...]]:
    with database.writing() as connection:
        return [tuple(line) for line in connection.execute(text(query), values)]


def fetch(database: Database, station: str) -> Job | None:
    """Take a job as Procrastinate's worker does."""
    query = "SELECT id, args FROM procrastinate_fetch_job_v2(ARRAY[:queue]::varchar[], :worker)"
    with database.writing() as connection:
        worker = connection.execute(
            text("SELECT worker_id FROM procrastinate_register_worker_v1()")
        ).scalar()
        line = connection.execute(
            text(query), {"queue": f"station:{station}", "worker": worker}
        ).one()
    if line[0] is None:
        return None
    return Job(number=line[0], campaign=line[1]["campaign"], serial=line[1]["serial"])


def told(attempt: AttemptTold, *, run: int = 1) -> RunTold:
    return RunTold(run=run, at=BEGIN + timedelta(seconds=run), attempt=attempt)


def states(book: CampaignBook, name: str = "spring") -> dict[str, UnitState]:
    return {unit.serial: unit.state for unit in units_of(book.database, name)}


def do(book: CampaignBook, station: str, attempt: AttemptTold, state: UnitState) -> str:
    """A station does the next job of its queue, and the campaign looks on; which unit it was."""
    job = fetch(book.database, station)
    assert job is not None
    desk = Desk(book.database, station)
    assert desk.begin(job, after=0) is not None
    desk.report(job, [told(attempt)], state=state)
    look(book, desk)
    return job.serial


def look(book: CampaignBook, desk: Desk) -> None:
    """As if a while had passed."""
    ask(book.database, "UPDATE campaigns SET looked_at = '2020-01-01' RETURNING name")
    desk.look()
