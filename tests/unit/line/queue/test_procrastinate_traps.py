"""The traps of Procrastinate that our tables go around: each is there, and we do not fall in."""

from __future__ import annotations

import pytest
from sqlalchemy.exc import IntegrityError

from firmline.errors import StoreError
from firmline.line.queue.campaigns import CampaignBook
from firmline.line.queue.desk import Desk
from unit.line.queue.desk_world import ask, fetch

pytestmark = pytest.mark.slow
PUT = (
    "SELECT procrastinate_defer_jobs_v1(ARRAY[ROW(:queue, 'firmline.unit', 0, :lock, :once, '{}',"
    " NULL)::procrastinate_job_to_defer_v1])"
)


def put(book: CampaignBook, station: str, *, lock: str | None, once: str | None = None) -> None:
    ask(book.database, PUT, queue=f"station:{station}", lock=lock, once=once)


def status(book: CampaignBook, station: str) -> str | None:
    """Of the first job that a station can fetch; ``None``: it gets none."""
    query = "SELECT status::text FROM procrastinate_fetch_job_v2(ARRAY[:queue]::varchar[], NULL)"
    ((found,),) = ask(book.database, query, queue=f"station:{station}")
    return found if found is None else str(found)


def test_a_job_behind_an_offline_station_blocks_one_with_its_lock_elsewhere(
    book: CampaignBook,
) -> None:
    put(book, "offline", lock="SN-0001")
    put(book, "here", lock="SN-0001")
    assert status(book, "here") is None, "the trap: it waits for ever"


def test_our_jobs_have_no_lock_and_are_not_blocked(running: CampaignBook) -> None:
    running.move("spring", ["SN-0002"], to="south", who="ann")
    assert ask(running.database, "SELECT count(lock) FROM procrastinate_jobs") == [(0,)]
    assert fetch(running.database, "south") is not None


def test_a_queueing_lock_lets_a_second_job_in_when_the_first_is_taken(book: CampaignBook) -> None:
    put(book, "here", lock=None, once="SN-0001")
    assert status(book, "here") == "doing"
    put(book, "here", lock=None, once="SN-0001")
    assert status(book, "here") == "doing", "the trap: the unit is in work twice"


def test_our_index_lets_no_unit_be_active_twice(running: CampaignBook) -> None:
    query = (
        "INSERT INTO campaign_units SELECT 'spring', product, 'copy', 9, 0, station, 'planned', 0,"
        " 0, '', now() FROM campaign_units WHERE serial = 'SN-0001' RETURNING serial"
    )
    ask(running.database, query)
    with pytest.raises(StoreError) as caught:
        ask(
            running.database,
            "INSERT INTO campaigns SELECT 'twin', document, made_by, now(), '', 'made', -1, '',"
            " now(), now() FROM campaigns; INSERT INTO campaign_units SELECT 'twin', product,"
            " serial, 9, 0, station, 'working', 0, 0, '', now() FROM campaign_units WHERE serial ="
            " 'SN-0001' RETURNING serial",
        )
    assert isinstance(caught.value.__cause__, IntegrityError)


def test_a_stalled_job_stays_where_it_is_until_its_station_reclaims_it(
    running: CampaignBook,
) -> None:
    job = fetch(running.database, "north")
    assert job is not None
    ask(running.database, "DELETE FROM procrastinate_workers RETURNING id")
    ask(running.database, "SELECT procrastinate_prune_stalled_workers_v1(0)")
    query = "SELECT status::text FROM procrastinate_jobs WHERE id = :job"
    assert ask(running.database, query, job=job.number) == [("doing",)], "the trap"
    assert Desk(running.database, "north").reclaim() == 1
    assert ask(running.database, query, job=job.number) == [("todo",)]
