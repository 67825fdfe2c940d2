"""A station's desk: what it had taken is its own when it is back, and nothing is told twice."""

from __future__ import annotations

import pytest

from firmline.line.campaigns.decision import UnitState
from firmline.line.queue.campaigns import CampaignBook
from firmline.line.queue.desk import Desk
from firmline.line.queue.told import Job
from unit.line.campaigns_world import FAIL, PASS
from unit.line.queue.desk_world import ask, fetch, states, told

pytestmark = pytest.mark.slow


def taken(book: CampaignBook, station: str = "north") -> Job:
    job = fetch(book.database, station)
    assert job is not None
    return job


def test_what_a_killed_station_had_taken_it_takes_again(running: CampaignBook) -> None:
    desk = Desk(running.database, "north")
    job = taken(running)
    ticket = desk.begin(job, after=17)
    assert ticket is not None
    assert not ticket.is_resumed
    assert desk.reclaim() == 1
    again = taken(running)
    assert again == job
    ticket = desk.begin(again, after=99)
    assert ticket is not None
    assert (ticket.is_resumed, ticket.after) == (True, 17)


def test_what_it_has_in_hand_is_left_alone(running: CampaignBook) -> None:
    job = taken(running)
    assert Desk(running.database, "north").reclaim(alive=[job.number]) == 0


def test_another_station_takes_nothing_of_it(running: CampaignBook) -> None:
    taken(running)
    assert Desk(running.database, "south").reclaim() == 0


@pytest.mark.parametrize("status", ["succeeded", "failed", "aborted"])
def test_a_job_that_ended_without_its_unit_is_put_anew(running: CampaignBook, status: str) -> None:
    desk = Desk(running.database, "north")
    job = taken(running)
    assert desk.begin(job, after=17) is not None
    query = (
        "SELECT procrastinate_finish_job_v1(:job, CAST(:status AS procrastinate_job_status), false)"
    )
    ask(running.database, query, job=job.number, status=status)
    assert desk.reclaim() == 1
    serials = {}
    while (found := fetch(running.database, "north")) is not None:
        serials[found.serial] = found
    again = serials[job.serial]
    assert again.number != job.number
    ticket = desk.begin(again, after=99)
    assert ticket is not None
    assert (ticket.is_resumed, ticket.after) == (True, 17)
    assert desk.begin(job, after=99) is None, "the old job does nothing any more"


def test_a_report_that_is_sent_again_changes_nothing(running: CampaignBook) -> None:
    desk = Desk(running.database, "north")
    job = taken(running)
    desk.begin(job, after=0)
    desk.report(job, [told(FAIL)], state=UnitState.QUEUED)
    desk.report(job, [told(FAIL)], state=UnitState.QUEUED)
    query = "SELECT count(*) FROM procrastinate_jobs WHERE args->>'serial' = :serial"
    assert ask(running.database, query, serial=job.serial) == [(2,)]
    assert ask(running.database, "SELECT count(*) FROM campaign_attempts") == [(1,)]


def test_a_retest_is_a_job_of_its_own_at_the_same_station(running: CampaignBook) -> None:
    desk = Desk(running.database, "north")
    job = taken(running)
    desk.begin(job, after=0)
    desk.report(job, [told(FAIL)], state=UnitState.QUEUED)
    ask(running.database, "DELETE FROM procrastinate_jobs WHERE id < 3 RETURNING id")
    again = taken(running)
    assert (again.serial, again.number > job.number) == (job.serial, True)
    desk.begin(again, after=5)
    desk.report(again, [told(PASS, run=2)], state=UnitState.PASSED)
    assert states(running)[job.serial] is UnitState.PASSED


def test_a_retest_of_a_paused_campaign_waits(running: CampaignBook) -> None:
    desk = Desk(running.database, "north")
    job = taken(running)
    desk.begin(job, after=0)
    running.pause("spring", who="ann")
    desk.report(job, [told(FAIL)], state=UnitState.QUEUED)
    assert states(running)[job.serial] is UnitState.PLANNED
    assert fetch(running.database, "north") is None


def test_what_is_at_work_when_a_campaign_is_aborted_comes_to_its_end(
    running: CampaignBook,
) -> None:
    desk = Desk(running.database, "north")
    job = taken(running)
    desk.begin(job, after=0)
    running.abort("spring", who="ann")
    assert desk.reclaim() == 1
    again = taken(running)
    assert desk.begin(again, after=0) is not None, "a half-done unit is still finished"
    desk.report(again, [told(PASS)], state=UnitState.PASSED)
    assert states(running)[job.serial] is UnitState.PASSED
