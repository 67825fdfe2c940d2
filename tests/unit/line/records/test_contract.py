"""What every store of records does: memory, SQLite and PostgreSQL alike."""

from __future__ import annotations

from datetime import timedelta
from threading import Thread

import pytest

from firmline.errors import Code, StoreError
from firmline.line.outcomes import StepOutcome
from firmline.line.records.base import Records, RunFilter, Written, every_run
from firmline.line.records.values import Row, RowKey, Run, Unit
from unit.line.records_world import (
    BEGIN,
    TAG_7,
    begun,
    diagnosis,
    phase,
    reworked,
    row,
    run,
    whole_run,
)

MINUTE = timedelta(minutes=1)
RUN_1 = RowKey(station="north", sequence=1)


def names(runs: object) -> list[tuple[str, int]]:
    return [(each.key.station, each.entry.number) for each in runs]  # type: ignore[attr-defined]


def test_what_was_written_is_read_as_it_was(records: Records) -> None:
    rows = whole_run()
    assert records.write(rows) == Written(new=4, known=0)
    assert [*records.phases(RUN_1)] == [rows[1]]
    assert [*every_run(records)] == [rows[2]]
    assert [*records.diagnoses(RUN_1)] == [rows[3]]


def test_nothing_is_there_at_first(records: Records) -> None:
    assert [*every_run(records)] == []
    assert records.history("SN-0007") == ()
    assert records.phases(RUN_1) == ()
    assert records.diagnoses(RUN_1) == ()
    assert records.half_done() == ()
    assert records.newest("north") == 0
    assert records.write([]) == Written(new=0, known=0)


def test_rows_that_are_sent_again_double_nothing(records: Records) -> None:
    rows = whole_run()
    records.write(rows[:3])
    assert records.write(rows) == Written(new=1, known=3)
    assert records.write([*rows, *rows]) == Written(new=0, known=8)
    assert len([*every_run(records)]) == 1
    assert len(records.phases(RUN_1)) == 1


def test_the_same_number_of_two_stations_is_two_rows(records: Records) -> None:
    records.write([*whole_run("north"), *whole_run("south", at=BEGIN + MINUTE)])
    assert names(every_run(records)) == [("north", 1), ("south", 1)]


def test_a_number_that_is_taken_by_another_record_is_refused(records: Records) -> None:
    records.write(whole_run())
    other = [row("north", 5, begun(at=BEGIN + MINUTE)), row("north", 3, run(1, slot=2))]
    with pytest.raises(StoreError, match="number 3 of station north") as caught:
        records.write(other)
    assert caught.value.code is Code.RECORD_CONFLICT
    assert records.newest("north") == 4, "nothing of the batch was kept"


def test_a_batch_that_contradicts_itself_is_refused(records: Records) -> None:
    with pytest.raises(StoreError, match="number 1 of station north"):
        records.write([row("north", 1, begun()), row("north", 1, begun(slot=2))])
    assert records.half_done() == ()


def test_rows_of_a_run_may_arrive_in_any_order(records: Records) -> None:
    rows = whole_run()
    for each in reversed(rows):
        records.write([each])
    assert [*records.phases(RUN_1)] == [rows[1]]
    assert [attempt.run for attempt in records.history("SN-0007")[0].attempts] == [rows[2]]
    assert records.half_done() == ()


def test_the_first_attempt_is_kept_apart_from_retests(records: Records) -> None:
    retest = whole_run("south", 10, at=BEGIN + MINUTE, outcome=StepOutcome.PASS)
    records.write(retest)
    records.write(whole_run("north", at=BEGIN, outcome=StepOutcome.FAIL))
    (history,) = records.history("SN-0007")
    assert history.unit == TAG_7
    assert [attempt.number for attempt in history.attempts] == [1, 2]
    assert history.first.name == RUN_1
    assert history.first.run is not None
    assert history.first.run.entry.outcome is StepOutcome.FAIL
    assert [attempt.name.station for attempt in history.retests] == ["south"]


def test_a_run_without_an_end_is_half_done_and_counts_as_an_attempt(records: Records) -> None:
    records.write([row("north", 1, begun()), row("north", 2, phase(1))])
    assert [each.key for each in records.half_done()] == [RUN_1]
    assert [each.key for each in records.half_done(station="north")] == [RUN_1]
    assert records.half_done(station="south") == ()
    records.write(whole_run("south", at=BEGIN + MINUTE))
    (history,) = records.history("SN-0007")
    assert [(each.number, each.run is None) for each in history.attempts] == [(1, True), (2, False)]
    records.write([row("north", 3, run(1, outcome=StepOutcome.ABORTED))])
    assert records.half_done() == ()


def test_a_serial_number_of_two_products_is_two_units(records: Records) -> None:
    lamp = Unit(product="lamp", serial="SN-0007")
    records.write([*whole_run(), *whole_run("north", 5, lamp, at=BEGIN + MINUTE)])
    assert [each.unit for each in records.history("SN-0007")] == [lamp, TAG_7]
    assert [each.unit for each in records.history("SN-0007", product="tag")] == [TAG_7]
    assert records.history("sn-0007") == ()


def test_the_last_diagnosis_is_the_one_that_counts(records: Records) -> None:
    later = row("north", 9, diagnosis(1, at=BEGIN + MINUTE, next_test=""))
    records.write([later, *whole_run()])
    assert [each.key.sequence for each in records.diagnoses(RUN_1)] == [4, 9]


@pytest.mark.slow
def test_many_runs_and_units_are_asked_for_at_once(records: Records) -> None:
    units = [Unit(product="tag", serial=f"SN-{number:04}") for number in range(500)]
    rows = [whole_run("north", 1 + 4 * n, unit) for n, unit in enumerate(units)]
    records.write(each for run_rows in rows for each in run_rows)
    keys = [each[0].key for each in rows]
    assert [each.entry.run for each in records.phases(*keys)] == [key.sequence for key in keys]
    assert [each.entry.run for each in records.diagnoses(*keys[::-1])] == [
        key.sequence for key in keys
    ]
    assert [each.unit for each in records.history(*(unit.serial for unit in units))] == units
    assert [*records.phases(), *records.diagnoses(), *records.history()] == []


def test_phases_come_in_the_order_of_the_run(records: Records) -> None:
    records.write([row("north", 2 + n, phase(1, position=p)) for n, p in enumerate((3, 1, 2))])
    assert [each.entry.position for each in records.phases(RUN_1)] == [1, 2, 3]
    assert records.phases(RowKey(station="south", sequence=1)) == ()


def ten_runs() -> list[Row[Run]]:
    """At two stations with two slots, in three batches, one a minute, two at the same moment."""
    made = []
    for number in range(10):
        entry = run(
            number + 1,
            Unit(product="tag", serial=f"SN-{number % 7}"),
            at=BEGIN + MINUTE * (number - number % 2),
            slot=1 + number % 3,
            batch=f"batch-{number % 4}" if number % 4 else "",
        )
        key = RowKey(station=("Zeta", "alpha")[number % 2], sequence=number + 1)
        made.append(Row(key=key, entry=entry))
    return made


@pytest.mark.slow
@pytest.mark.parametrize("newest_first", [False, True], ids=["oldest first", "newest first"])
@pytest.mark.parametrize("size", [1, 3, 9, 10, 11])
def test_pages_hold_every_run_once_and_in_order(
    records: Records, size: int, newest_first: bool
) -> None:
    made = ten_runs()
    records.write(reversed(made))
    read: list[Row[Run]] = []
    after, pages = None, 0
    while True:
        page = records.runs(after=after, size=size, newest_first=newest_first)
        read += page.runs
        pages += 1
        assert len(page.runs) <= size
        after = page.after
        if after is None:
            break
    expected = made[::-1] if newest_first else made
    assert read == expected, "capital letters come first, as Python sorts, on every database"
    assert pages == -(-10 // size)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("wanted", "numbers"),
    [
        (RunFilter(batch="batch-1"), [2, 6, 10]),
        (RunFilter(station="Zeta"), [1, 3, 5, 7, 9]),
        (RunFilter(station="alpha", slot=1), [4, 10]),
        (RunFilter(serial="SN-0"), [1, 8]),
        (RunFilter(product="lamp"), []),
        (RunFilter(since=BEGIN + MINUTE * 8), [9, 10]),
        (RunFilter(until=BEGIN + MINUTE * 2), [1, 2]),
        (RunFilter(since=BEGIN + MINUTE, until=BEGIN + MINUTE * 4, slot=3), [3]),
    ],
)
def test_runs_are_found_by_what_they_are(
    records: Records, wanted: RunFilter, numbers: list[int]
) -> None:
    records.write(ten_runs())
    assert [each.entry.number for each in every_run(records, wanted)] == numbers
    page = records.runs(wanted, size=1)
    assert [each.entry.number for each in page.runs] == numbers[:1]


@pytest.mark.slow
def test_many_rows_are_one_batch(records: Records) -> None:
    rows = [row("north", 1 + n, run(1 + n, at=BEGIN + MINUTE * n)) for n in range(1100)]
    assert records.write(rows) == Written(new=1100, known=0)
    assert records.write(rows) == Written(new=0, known=1100)
    assert [*every_run(records)] == rows
    assert records.newest("north") == 1100


def test_texts_are_kept_letter_by_letter(records: Records) -> None:
    serial = "\N{CYRILLIC CAPITAL LETTER ZHE}'; DROP TABLE runs; --%_\\ \N{ROCKET}"
    records.write([row("north", 1, begun(Unit(product="tag", serial=serial)))])
    assert records.history(serial)[0].unit.serial == serial


@pytest.mark.slow
def test_threads_write_beside_each_other(records: Records) -> None:
    problems: list[BaseException] = []

    def write(station: str) -> None:
        try:
            for first in range(1, 41, 4):
                rows = whole_run(station, first)
                records.write(rows)
                records.write([*rows, *whole_run("both", first)])
                records.history("SN-0007")
        except BaseException as problem:  # noqa: BLE001 - told below
            problems.append(problem)

    threads = [Thread(target=write, args=(f"station-{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    assert len([*every_run(records)]) == 50


def test_the_newest_time_of_a_station_is_that_of_its_newest_run(records: Records) -> None:
    assert records.newest_time("north") is None
    records.write([row("north", 1, begun()), row("south", 1, begun(at=BEGIN + timedelta(days=9)))])
    assert records.newest_time("north") == BEGIN
    later = BEGIN + timedelta(hours=2)
    records.write([row("north", 2, begun(at=later))])
    assert records.newest_time("north") == later
    rows = whole_run(station="west")
    records.write(rows)
    assert records.newest_time("west") == max(
        each.entry.ended_at for each in rows if isinstance(each.entry, Run)
    )


def test_a_rework_parts_the_attempts_of_its_unit(records: Records) -> None:
    first = whole_run("north", 1, at=BEGIN)
    second = whole_run("south", 1, at=BEGIN + 2 * MINUTE)
    back = row("bench", 2, reworked(at=BEGIN + MINUTE))
    other = row("bench", 1, reworked(Unit(product="lamp", serial="SN-0007"), at=BEGIN))
    records.write([other, *second, back, *first])
    (history,) = records.history("SN-0007")
    assert history.reworks == (back,)
    assert [attempt.number for attempt in history.attempts] == [1, 2]
    assert [attempt.number for attempt in history.since_rework] == [2]
    assert history.first.number == 1, "the first-pass yield still counts the first attempt"
    assert records.newest_time("bench") == BEGIN + MINUTE


def test_the_last_of_several_reworks_counts(records: Records) -> None:
    runs = [
        each
        for number in range(3)
        for each in whole_run("north", 1 + 4 * number, at=BEGIN + 2 * number * MINUTE)
    ]
    backs = [
        row("bench", 1, reworked(at=BEGIN + 3 * MINUTE)),
        row("bench", 2, reworked(at=BEGIN + MINUTE)),
    ]
    records.write([*runs, *backs])
    (history,) = records.history("SN-0007", product="tag")
    assert [each.key.sequence for each in history.reworks] == [2, 1]
    assert [attempt.number for attempt in history.since_rework] == [3]


def test_a_rework_of_a_unit_without_runs_is_kept_until_they_arrive(records: Records) -> None:
    records.write([row("bench", 1, reworked(at=BEGIN + MINUTE))])
    assert records.history("SN-0007") == ()
    records.write(whole_run())
    (history,) = records.history("SN-0007")
    assert history.since_rework == ()
