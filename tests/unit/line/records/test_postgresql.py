"""Records in PostgreSQL: what only a server does, and what is told when it does not answer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from threading import Thread

import psycopg
import pytest

from firmline.errors import Code, StoreError
from firmline.line.records.address import parse_address
from firmline.line.records.base import every_run
from firmline.line.records.open import open_records
from firmline.line.records.sql import SqlRecords
from postgresql_server import Server
from unit.line.records_world import whole_run

pytestmark = pytest.mark.slow


def opened(url: str, *, create: bool = True, wait_s: float = 0.3) -> SqlRecords:
    return SqlRecords.open(parse_address(url), create=create, wait_s=wait_s)


def problem_of_opening(url: str, *, create: bool = True) -> StoreError:
    with pytest.raises(StoreError) as caught:
        opened(url, create=create)
    assert "s3cret" not in f"{caught.value.message} {caught.value.context}"
    assert "\n" not in caught.value.message
    return caught.value


@pytest.fixture
def records(postgresql_url: str) -> Iterator[SqlRecords]:
    with closing(opened(postgresql_url)) as made:
        yield made


def test_records_are_there_for_the_next_who_opens_them(postgresql_url: str) -> None:
    with closing(opened(postgresql_url)) as records:
        records.write(whole_run())
    with closing(open_records(parse_address(postgresql_url), create=False)) as again:
        assert len([*every_run(again)]) == 1


def test_an_empty_database_is_no_records_to_read(postgresql_url: str) -> None:
    assert problem_of_opening(postgresql_url, create=False).code is Code.DATABASE_FOREIGN


def test_a_database_that_is_not_there_is_told(postgresql: Server) -> None:
    assert problem_of_opening(postgresql.url("nothing")).code is Code.DATABASE_GONE


def test_a_server_that_is_not_there_is_told() -> None:
    url = "postgresql://line:s3cret@/records?host=%2Fnonexistent"
    assert problem_of_opening(url).code is Code.DATABASE_GONE


def test_a_user_who_is_refused_is_told(postgresql: Server) -> None:
    problem = problem_of_opening(postgresql.url("postgres", user="stranger"))
    assert problem.code is Code.DATABASE_REFUSED


def test_a_user_without_rights_is_told(postgresql_url: str) -> None:
    with closing(opened(postgresql_url)), psycopg.connect(postgresql_url, autocommit=True) as owner:
        owner.execute("DROP ROLE IF EXISTS reader")
        owner.execute("CREATE ROLE reader LOGIN")
    reader = postgresql_url.replace("firmline:s3cret", "reader:s3cret")
    assert problem_of_opening(reader).code is Code.DATABASE_REFUSED


def test_other_programs_tables_beside_ours_do_no_harm_and_under_our_names_they_do(
    postgresql: Server,
) -> None:
    beside, same = postgresql.new_place(), postgresql.new_place()
    with psycopg.connect(beside) as other:
        other.execute("CREATE TABLE procrastinate_jobs (id bigint)")
    opened(beside).close()
    with psycopg.connect(same) as other:
        other.execute("CREATE TABLE runs (id bigint)")
    assert problem_of_opening(same).code is Code.DATABASE_FOREIGN


def test_a_server_that_takes_no_writes_is_told(postgresql_url: str, records: SqlRecords) -> None:
    records.write(whole_run())
    with psycopg.connect(postgresql_url, autocommit=True) as owner:
        owner.execute("ALTER ROLE firmline SET default_transaction_read_only = on")
        try:
            with closing(opened(postgresql_url, create=False)) as copy:
                assert len([*every_run(copy)]) == 1
                with pytest.raises(StoreError) as caught:
                    copy.write(whole_run("south"))
        finally:
            owner.execute("SET default_transaction_read_only = off")
            owner.execute("ALTER ROLE firmline RESET default_transaction_read_only")
    assert caught.value.code is Code.DATABASE_READ_ONLY


def test_locked_records_are_told_and_nothing_is_lost(
    postgresql_url: str, records: SqlRecords
) -> None:
    with psycopg.connect(postgresql_url) as other:
        other.execute("LOCK TABLE records IN EXCLUSIVE MODE")
        with pytest.raises(StoreError) as caught:
            records.write(whole_run())
        assert caught.value.code is Code.DATABASE_LOCKED
        assert [*every_run(records)] == []
        other.rollback()
    assert records.write(whole_run()).new == 4


def test_stations_that_open_an_empty_database_at_once_make_its_tables_once(
    postgresql_url: str,
) -> None:
    problems: list[BaseException] = []

    def open_one() -> None:
        try:
            opened(postgresql_url, wait_s=10).close()
        except BaseException as problem:  # noqa: BLE001 - told below
            problems.append(problem)

    threads = [Thread(target=open_one) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []


def test_the_same_rows_from_two_sides_at_once_are_kept_once(postgresql_url: str) -> None:
    rows = [row for number in range(50) for row in whole_run("north", 1 + 4 * number)]
    new: list[int] = []

    def send(rows_of_it: list[object]) -> None:
        with closing(opened(postgresql_url, wait_s=20)) as records:
            new.append(records.write(rows_of_it).new)  # type: ignore[arg-type]

    opened(postgresql_url).close()
    threads = [Thread(target=send, args=(order,)) for order in (rows, rows[::-1]) * 3]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(new) == len(rows)
    assert len(new) == 6


def test_a_server_that_dies_loses_nothing_that_was_written_and_is_used_again() -> None:
    server = Server(is_durable=True)
    try:
        with closing(opened(server.new_place())) as records:
            records.write(whole_run())
            server.stop("immediate")
            with pytest.raises(StoreError) as caught:
                records.write(whole_run("south"))
            assert caught.value.code is Code.DATABASE_GONE
            assert "s3cret" not in str(caught.value)
            server.start()
            assert records.write([*whole_run(), *whole_run("south")]).known == 4
            assert len([*every_run(records)]) == 2
    finally:
        server.remove()
