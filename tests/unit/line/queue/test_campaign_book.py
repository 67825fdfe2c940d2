"""Campaigns in PostgreSQL: what people do to them, and how they go on by themselves."""

from __future__ import annotations

import pytest

from firmline.errors import Code, InputError
from firmline.line.audit.base import every_entry
from firmline.line.audit.chain import verify
from firmline.line.audit.sql import SqlAudit
from firmline.line.campaigns.decision import CampaignState, UnitState
from firmline.line.queue.campaigns import CampaignBook
from firmline.line.queue.desk import Desk
from firmline.line.queue.views import campaign_view, events_of, units_of
from firmline.line.records.values import RecipeUsed
from unit.line.campaigns_world import FAIL, HEAD, PASS, RECIPE, REST, WHOLE
from unit.line.queue.conftest import make
from unit.line.queue.desk_world import ask, do, fetch, look, states, told

pytestmark = pytest.mark.slow


def state(book: CampaignBook, name: str = "spring") -> CampaignState:
    return campaign_view(book.database, name).state


def jobs(book: CampaignBook) -> list[tuple[str, str, str]]:
    """Queue, serial number and status of all jobs, in order."""
    query = "SELECT queue_name, args->>'serial', status::text FROM procrastinate_jobs ORDER BY id"
    return [(str(a), str(b), str(c)) for a, b, c in ask(book.database, query)]


def test_nothing_is_begun_before_two_persons_have_said_so(book: CampaignBook) -> None:
    make(book)
    with pytest.raises(InputError) as caught:
        book.start("spring", who="ann")
    assert caught.value.code is Code.CAMPAIGN_STATE
    with pytest.raises(InputError) as caught:
        book.release("spring", who="Ann ")
    assert caught.value.code is Code.CAMPAIGN_RELEASE
    assert (state(book), jobs(book)) == (CampaignState.MADE, [])
    book.release("spring", who="bob")
    assert jobs(book) == []
    book.start("spring", who="ann")
    assert jobs(book) == [
        ("station:north", "SN-0001", "todo"),
        ("station:north", "SN-0002", "todo"),
    ]
    assert [event.what for event in events_of(book.database, "spring")] == [
        *("made", "released", "started"),
        "opened a group",
    ]


def test_what_people_do_is_in_the_audit_trail_and_what_is_refused_is_not(
    running: CampaignBook,
) -> None:
    with pytest.raises(InputError):
        running.release("spring", who="bob")
    running.move("spring", ["SN-0001"], to="south", who="ann")
    running.cancel("spring", ["SN-0002"], who="ann")
    running.pause("spring", who="bob", why="lunch")
    running.abort("spring", who="bob")
    entries = [*every_entry(SqlAudit(running.database))]
    assert verify(entries).holds
    assert [(entry.deed.actor.name, entry.deed.action) for entry in entries] == [
        ("ann", "campaign.made"),
        ("bob", "campaign.released"),
        ("ann", "campaign.started"),
        ("ann", "campaign.moved"),
        ("ann", "campaign.cancelled"),
        ("bob", "campaign.paused"),
        ("bob", "campaign.aborted"),
    ]
    assert {entry.deed.subject for entry in entries} == {"spring"}


def test_a_name_is_used_once(book: CampaignBook) -> None:
    make(book)
    with pytest.raises(InputError) as caught:
        make(book)
    assert caught.value.code is Code.CAMPAIGN_EXISTS


def test_a_campaign_that_is_not_there_is_told(book: CampaignBook) -> None:
    with pytest.raises(InputError) as caught:
        book.start("autumn", who="ann")
    assert caught.value.code is Code.CAMPAIGN_UNKNOWN


def test_the_canary_opens_the_rest_and_the_rest_ends_it(running: CampaignBook) -> None:
    assert do(running, "north", PASS, UnitState.PASSED) == "SN-0001"
    assert states(running)["SN-0003"] is UnitState.PLANNED
    do(running, "north", PASS, UnitState.PASSED)
    assert states(running)["SN-0003"] is UnitState.QUEUED
    for station in ("north", "south", "north"):
        do(running, station, PASS, UnitState.PASSED)
    assert state(running) is CampaignState.DONE
    assert set(states(running).values()) == {UnitState.PASSED}


def test_a_canary_that_fails_pauses_and_going_on_does_not_help(running: CampaignBook) -> None:
    do(running, "north", FAIL, UnitState.FAILED)
    assert state(running) is CampaignState.PAUSED
    assert "100 %" in campaign_view(running.database, "spring").reason
    assert states(running)["SN-0002"] is UnitState.PLANNED
    running.resume("spring", who="ann")
    assert state(running) is CampaignState.PAUSED
    assert fetch(running.database, "north") is None


def test_a_rule_that_is_met_aborts_for_good(running: CampaignBook) -> None:
    do(running, "north", FAIL, UnitState.FAILED)
    ask(running.database, "UPDATE campaigns SET state = 'running' RETURNING name")
    desk = Desk(running.database, "north")
    ask(
        running.database,
        "INSERT INTO campaign_attempts VALUES ('spring', 'SN-0002', 'north', 9, now(), 'fail',"
        " 'DFU-LINK-004', 'weak-cell', 'supply') RETURNING run",
    )
    look(running, desk)
    assert state(running) is CampaignState.ABORTED
    assert "family:supply" in campaign_view(running.database, "spring").reason
    assert set(states(running).values()) == {UnitState.FAILED, UnitState.CANCELLED}
    with pytest.raises(InputError) as caught:
        running.resume("spring", who="ann")
    assert caught.value.code is Code.CAMPAIGN_STATE


def test_a_pause_takes_back_what_was_not_begun(running: CampaignBook) -> None:
    first = fetch(running.database, "north")
    assert first is not None
    desk = Desk(running.database, "north")
    assert desk.begin(first, after=7) is not None
    running.pause("spring", who="ann", why="lunch")
    assert states(running)["SN-0001"] is UnitState.WORKING
    assert states(running)["SN-0002"] is UnitState.PLANNED
    desk.report(first, [told(PASS)], state=UnitState.PASSED)
    running.resume("spring", who="ann")
    assert states(running)["SN-0002"] is UnitState.QUEUED
    assert campaign_view(running.database, "spring").reason == ""


def test_a_unit_that_waits_is_moved_in_one_go(running: CampaignBook) -> None:
    running.move("spring", ["SN-0002"], to="south", who="ann")
    assert jobs(running) == [
        ("station:north", "SN-0001", "todo"),
        ("station:north", "SN-0002", "cancelled"),
        ("station:south", "SN-0002", "todo"),
    ]
    found = fetch(running.database, "south")
    assert found is not None
    assert Desk(running.database, "south").begin(found, after=0) is not None


def test_a_unit_that_was_begun_stays_at_its_station(running: CampaignBook) -> None:
    job = fetch(running.database, "north")
    assert job is not None
    Desk(running.database, "north").begin(job, after=0)
    with pytest.raises(InputError, match="working at north") as caught:
        running.move("spring", ["SN-0002", job.serial], to="south", who="ann")
    assert caught.value.code is Code.CAMPAIGN_STATE
    assert ("station:south", "SN-0002", "todo") not in jobs(running), "all, or none"


def test_a_job_that_was_moved_while_its_station_had_it_does_nothing(
    running: CampaignBook,
) -> None:
    job = fetch(running.database, "north")
    assert job is not None
    running.move("spring", [job.serial], to="south", who="ann")
    assert Desk(running.database, "north").begin(job, after=0) is None
    again = fetch(running.database, "south")
    assert again is not None
    assert again.serial == job.serial


def test_a_unit_is_taken_out_and_one_at_work_only_behind_an_offline_station(
    running: CampaignBook,
) -> None:
    running.cancel("spring", ["SN-0002"], who="ann")
    job = fetch(running.database, "north")
    assert job is not None
    desk = Desk(running.database, "north")
    desk.begin(job, after=0)
    desk.beat(recipe=RECIPE, slots=1)
    with pytest.raises(InputError):
        running.cancel("spring", ["SN-0001"], who="ann")
    ask(
        running.database,
        "UPDATE stations_seen SET seen_at = now() - interval '1 minute' RETURNING station",
    )
    running.cancel("spring", ["SN-0001"], who="ann", why="burnt down")
    assert states(running)["SN-0001"] is UnitState.CANCELLED
    desk.report(job, [], state=UnitState.PASSED)
    assert states(running)["SN-0001"] is UnitState.CANCELLED, "it came too late"


def test_what_waits_behind_an_offline_station_is_shown(running: CampaignBook) -> None:
    (station,) = campaign_view(running.database, "spring").stations[:1]
    assert (station.name, station.is_online) == ("north", False)
    assert station.sentence == "north is offline: 2 wait behind it."
    Desk(running.database, "north").beat(recipe=RECIPE, slots=8)
    station = campaign_view(running.database, "spring").stations[0]
    assert (station.is_online, station.sentence, station.slots) == (True, "", 8)
    Desk(running.database, "north").leave()
    assert not campaign_view(running.database, "spring").stations[0].is_online


def test_held_units_wait_for_somebody_to_say_again(running: CampaignBook) -> None:
    job = fetch(running.database, "north")
    assert job is not None
    desk = Desk(running.database, "north")
    desk.report(job, [], state=UnitState.HELD, why="It is not here.")
    assert units_of(running.database, "spring")[0].why == "It is not here."
    look(running, desk)
    assert state(running) is CampaignState.RUNNING
    with pytest.raises(InputError):
        running.again("spring", ["SN-0002"], who="ann")
    assert running.again("spring", [], who="ann") == 1
    assert states(running)["SN-0001"] is UnitState.QUEUED


def test_a_unit_has_a_job_in_one_campaign_at_a_time(running: CampaignBook) -> None:
    other = (HEAD + REST).replace('name = "spring"', 'name = "autumn"')
    other = other.replace("SN-0003", "SN-0001")
    make(running, other)
    running.release("autumn", who="bob")
    running.start("autumn", who="ann")
    found = {unit.serial: unit for unit in units_of(running.database, "autumn")}
    assert found["SN-0001"].state is UnitState.HELD
    assert "spring" in found["SN-0001"].why
    assert found["SN-0004"].state is UnitState.QUEUED


def test_work_of_a_higher_priority_is_taken_first(running: CampaignBook) -> None:
    text = WHOLE.replace('name = "spring"', 'name = "urgent"').replace(
        "priority = 5", "priority = 9"
    )
    make(running, text.replace("SN-", "UR-"))
    running.release("urgent", who="bob")
    running.start("urgent", who="ann")
    found = [fetch(running.database, "north") for _ in range(3)]
    assert [job.serial for job in found if job] == ["UR-0001", "UR-0002", "SN-0001"]


def test_a_run_that_is_told_twice_counts_once(running: CampaignBook) -> None:
    do(running, "north", FAIL, UnitState.QUEUED)
    count = "SELECT count(*) FROM campaign_attempts"
    assert ask(running.database, count) == [(1,)]


def test_only_the_current_wave_is_queued(book: CampaignBook) -> None:
    big = HEAD + REST.replace(
        '["SN-0003", "SN-0004", "SN-0005"]',
        str([f"SN-{each}" for each in range(100)]).replace("'", '"'),
    )
    big = big.replace(
        "[[groups]]",
        '[[groups]]\nname = "canary"\nunits = ["A"]\nsuccess_percent = 100\n[[groups]]',
    )
    big = big.replace(", ", ",\n")
    make(book, big)
    book.release("spring", who="bob")
    book.start("spring", who="ann")
    assert len(jobs(book)) == 1
    do(book, "north", PASS, UnitState.PASSED)
    assert len(jobs(book)) == 101


def test_a_station_with_another_recipe_is_told_of_what_the_campaign_wants(
    running: CampaignBook,
) -> None:
    job = fetch(running.database, "north")
    assert job is not None
    ticket = Desk(running.database, "north").look_at(job)
    assert ticket is not None
    assert ticket.recipe == RecipeUsed(name="tag", version="7", sha256="a" * 64)
    assert not ticket.is_resumed
    assert Desk(running.database, "south").look_at(job) is None
