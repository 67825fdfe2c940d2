"""Procrastinate's jobs, put in and taken out in our own transactions by its SQL functions."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection, bindparam, text
from sqlalchemy.types import ARRAY, BigInteger

TASK: Final = "firmline.unit"
"""The one task: do what is planned to a unit."""
LOCK: Final = 0x464C_6E71
"""Of PostgreSQL's advisory lock, while Procrastinate's tables are made; ours."""
_PUT: Final = text(
    """
    SELECT procrastinate_defer_jobs_v1(ARRAY(
        SELECT ROW(
            'station:' || (job ->> 'station'), CAST(:task AS varchar), CAST(:priority AS integer),
            NULL, NULL,
            jsonb_build_object('campaign', CAST(:campaign AS text), 'serial', job ->> 'serial'),
            NULL
        )::procrastinate_job_to_defer_v1
        FROM jsonb_array_elements(CAST(:jobs AS jsonb)) AS job
    ))
    """
)
_NOTE: Final = text(
    """
    UPDATE campaign_units SET job = jobs.id, state = 'queued', why = '', changed_at = now()
    FROM procrastinate_jobs AS jobs
    WHERE jobs.id = ANY(:ids) AND campaign_units.campaign = :campaign
      AND campaign_units.serial = jobs.args ->> 'serial'
    """
).bindparams(bindparam("ids", type_=ARRAY(BigInteger)))
_TAKE: Final = text(
    "SELECT procrastinate_cancel_job_v1(job, true, false) FROM unnest(:jobs) AS job"
).bindparams(bindparam("jobs", type_=ARRAY(BigInteger)))
_BACK: Final = text("SELECT procrastinate_retry_job_v2(:job, NULL, NULL, NULL, NULL)")


def queue_of(station: str) -> str:
    """The queue of a station."""
    return f"station:{station}"


def prepare_queue(connection: Connection) -> None:
    """Make Procrastinate's tables where there are none."""
    connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
    if connection.execute(text("SELECT to_regclass('procrastinate_jobs')")).scalar() is not None:
        return
    from procrastinate.schema import SchemaManager  # noqa: PLC0415 - seldom used

    schema = SchemaManager.get_schema()
    connection.exec_driver_sql(schema.replace("%", "%%"))  # the driver takes % for a placeholder


def put_jobs(
    connection: Connection, *, campaign: str, priority: int, units: Sequence[tuple[str, str]]
) -> None:
    """Queue units, and note their jobs in their lines.

    Args:
        connection: In whose transaction.
        campaign: Of which campaign.
        priority: Higher ones are taken first.
        units: Serial numbers, and at which stations.
    """
    if not units:
        return
    jobs = [{"serial": serial, "station": station} for serial, station in units]
    values = {
        "task": TASK,
        "priority": priority,
        "campaign": campaign,
        "jobs": json.dumps(jobs),
    }
    ids = connection.execute(_PUT, values).scalar_one()
    connection.execute(_NOTE, {"ids": ids, "campaign": campaign})


def cancel_jobs(connection: Connection, jobs: Sequence[int]) -> None:
    """Take jobs out; where a station has one already, it is asked to give it back."""
    if jobs:
        connection.execute(_TAKE, {"jobs": list(jobs)})


def put_back(connection: Connection, job: int) -> None:
    """Queue a job again that a worker has left unfinished."""
    connection.execute(_BACK, {"job": job})


def status_of(connection: Connection, job: int) -> str:
    """The status of a job, as Procrastinate calls it; empty: there is none."""
    query = text("SELECT status::text FROM procrastinate_jobs WHERE id = :job FOR UPDATE")
    return connection.execute(query, {"job": job}).scalar() or ""
