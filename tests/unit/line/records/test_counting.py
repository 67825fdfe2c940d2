"""What statistics ask of every store: memory, SQLite and PostgreSQL alike."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import event

from firmline.errors import Code, StoreError
from firmline.line.outcomes import StepOutcome
from firmline.line.records.address import DatabaseAddress
from firmline.line.records.base import EVERY_RUN, Records, RunFilter
from firmline.line.records.counting import count_runs
from firmline.line.records.memory import MemoryRecords
from firmline.line.records.open import open_records
from firmline.line.records.sql import SqlRecords
from firmline.line.records.values import Cause, Entry, Measurement, Row, Unit
from firmline.line.statistics.counts import Cell, Verdict, retests
from firmline.line.statistics.grouping import By
from firmline.line.statistics.yields import yields
from unit.line.records_world import BEGIN, TAG_7, diagnosis, phase, reworked, row, run, whole_run

MINUTE = timedelta(minutes=1)
PASS, FAIL, ERROR = StepOutcome.PASS, StepOutcome.FAIL, StepOutcome.ERROR
ENDS = (PASS, PASS, PASS, FAIL, FAIL, ERROR, StepOutcome.TIMEOUT, StepOutcome.ABORTED)
FILTERS = [
    EVERY_RUN,
    RunFilter(batch="batch-1"),
    RunFilter(station="south"),
    RunFilter(station="north", slot=2),
    RunFilter(recipe="other"),
    RunFilter(product="lamp"),
    RunFilter(serial="SN-3"),
    RunFilter(since=BEGIN + timedelta(hours=2)),
    RunFilter(since=BEGIN + timedelta(hours=1), until=BEGIN + timedelta(hours=3), station="north"),
    RunFilter(batch="none"),
]


def shift(seed: int = 11, runs: int = 120) -> list[Row[Entry]]:
    """Runs on few units, so that most are tried again; with tries of phases, and diagnoses."""
    draw = Random(seed)
    rows: list[Row[Entry]] = []
    sequence = {"north": 0, "south": 0}
    for number in range(runs):
        station = draw.choice(("north", "south"))
        first = sequence[station] + 1
        unit = Unit(product=draw.choice(("tag", "lamp")), serial=f"SN-{draw.randrange(40)}")
        at = BEGIN + MINUTE * (number - number % 2) * 2
        ended = replace(
            run(first, unit, at=at, outcome=draw.choice(ENDS), slot=draw.randrange(1, 4)),
            batch=draw.choice(("", "batch-1", "batch-2")),
            code=draw.choice(("", "DFU-LINK-004", "DFU-PKG-003")),
            is_golden=draw.random() < 0.1,
        )
        if draw.random() < 0.3:
            ended = replace(ended, recipe=replace(ended.recipe, name="other"), lots=())
        told: list[Entry] = [
            replace(
                phase(first, position=position, at=at),
                name=draw.choice(("find", "update")),
                outcome=draw.choice((*ENDS, StepOutcome.SKIP)),
                measurements=(
                    Measurement(name="rate", number=draw.gauss(9, 1), unit="kB/s", outcome=PASS),
                    Measurement(name="rssi", outcome=StepOutcome.SKIP),
                ),
            )
            for position in range(1, draw.randrange(1, 5))
        ]
        told += [
            replace(diagnosis(first), causes=draw.choice(((), (cause("a"), cause("b")))))
            for _ in range(draw.randrange(3))
        ]
        draw.shuffle(told)
        rows += [row(station, first + n, each) for n, each in enumerate([*told, ended], 1)]
        if number % 9 == 4:
            back = reworked(unit, at=at + MINUTE)
            rows.append(row(station, rows[-1].key.sequence + 1, back))
        sequence[station] = rows[-1].key.sequence
    return rows


def cause(name: str) -> Cause:
    return Cause(cause=name, family="supply", probability=0.5)


@pytest.mark.slow
@pytest.mark.parametrize("wanted", FILTERS, ids=str)
def test_every_store_counts_as_the_one_in_memory_does(records: Records, wanted: RunFilter) -> None:
    rows, plain = shift(), MemoryRecords()
    plain.write(rows)
    records.write(rows)
    for by_hour in (False, True):
        expected, found = (each.counts(wanted, by_hour=by_hour) for each in (plain, records))
        assert set(found.runs) == set(expected.runs)
        assert by_hour or found.runs == records.ends(wanted)
        assert len(found.runs) == len(expected.runs)
        assert set(found.retested) == set(expected.retested)
        assert len(found.retested) == len(expected.retested)
        assert (found.first_at, found.last_at) == (expected.first_at, expected.last_at)
    assert set(records.troubles(wanted)) == set(plain.troubles(wanted))
    assert records.readings(wanted) == plain.readings(wanted)
    assert records.judged(wanted) == plain.judged(wanted)
    assert records.readings(wanted, most=5) == plain.readings(wanted, most=5)
    assert records.judged(wanted, most=5) == plain.judged(wanted)[-5:]
    for newest, most in ((1000, 100), (1000, 2), (9, 100)):
        again = plain.passed_again(wanted, newest=newest, most=most)
        assert records.passed_again(wanted, newest=newest, most=most) == again


def test_the_drawn_shift_has_everything() -> None:
    plain = MemoryRecords()
    plain.write(shift())
    counts = plain.counts(by_hour=False)
    assert {each.is_golden for each in counts.runs} == {True, False}
    assert {each.by_second for each in counts.retested} == {None, False, True}
    assert any(each.by_second != each.at_last for each in counts.retested)
    assert max(each.runs for each in counts.retested) > 1
    troubles = plain.troubles()
    assert {each.phase for each in troubles} == {"", "find", "update"}
    assert {each.cause for each in troubles} == {"", "a"}
    assert any(each.runs > 1 for each in plain.troubles()) or len(troubles) > 30
    again = plain.passed_again(most=3)
    assert again.number > len(again.units) == 3


def passes(*at_min: int, station: str = "north", **more: object) -> list[Row[Entry]]:
    """Runs of one unit that passed, so many minutes after the beginning."""
    ended = (replace(run(1 + at, at=BEGIN + MINUTE * at), **more) for at in at_min)  # type: ignore[arg-type]
    return [row(station, 1 + at, each) for at, each in zip(at_min, ended, strict=True)]


def test_a_unit_that_passed_at_two_stations_is_found_from_either(records: Records) -> None:
    records.write([*passes(0), *passes(5, station="south")])
    for wanted in (EVERY_RUN, RunFilter(station="north"), RunFilter(since=BEGIN + MINUTE)):
        found = records.passed_again(wanted, most=20)
        assert (found.units, found.number) == ((TAG_7,), 1)
    assert records.passed_again(RunFilter(station="west"), most=20).number == 0


@pytest.mark.parametrize(("back_at_min", "number"), [(-1, 1), (3, 0), (6, 0)])
def test_a_unit_that_came_back_from_rework_begins_anew(
    records: Records, back_at_min: int, number: int
) -> None:
    back = row("rework", 1, reworked(at=BEGIN + MINUTE * back_at_min))
    records.write([*passes(0), *passes(5, station="south"), back])
    assert records.passed_again(most=20).number == number


def test_another_recipe_a_golden_sample_and_a_failure_are_no_second_pass(records: Records) -> None:
    other = replace(run(1).recipe, name="final")
    records.write(
        [
            *passes(0),
            *passes(1, recipe=other),
            *passes(2, is_golden=True),
            *passes(3, outcome=FAIL),
            *passes(4, unit=Unit(product="lamp", serial=TAG_7.serial)),
        ]
    )
    assert records.passed_again(most=20).units == ()


def test_those_that_passed_again_last_are_named_first(records: Records) -> None:
    for number in range(4):
        unit = Unit(product="tag", serial=f"SN-{number}")
        records.write(passes(10 * number, 10 * number + 1, unit=unit))
    found = records.passed_again(most=2)
    assert ([each.serial for each in found.units], found.number) == (["SN-3", "SN-2"], 4)
    found = records.passed_again(newest=3, most=2)
    assert ([each.serial for each in found.units], found.number) == (["SN-3", "SN-2"], 2)


def test_nothing_is_counted_where_nothing_is(records: Records) -> None:
    counts = records.counts(by_hour=True)
    assert (counts.runs, counts.retested) == ((), ())
    assert (counts.first_at, counts.last_at) == (None, None)
    assert (records.troubles(), records.readings(), records.judged()) == ((), (), ())


def test_runs_are_counted_where_and_when_they_were_made(records: Records) -> None:
    records.write([row("north", 1, run(1)), row("north", 2, run(1, at=BEGIN + MINUTE))])
    (count,) = records.counts(by_hour=False).runs
    assert count.cell == Cell(batch="2026-47", station="north", slot=1)
    assert (count.outcome, count.runs, count.is_golden) == (PASS, 2, False)
    counts = records.counts(by_hour=True)
    assert (counts.first_at, counts.last_at) == (BEGIN, BEGIN + MINUTE)
    (count,) = records.counts(by_hour=True).runs
    assert count.cell == Cell(hour=BEGIN.replace(minute=0, second=0, microsecond=0))


def test_attempts_come_in_the_order_in_which_they_began(records: Records) -> None:
    records.write([row("south", 1, run(1, at=BEGIN + MINUTE, slot=2))])
    records.write([row("south", 2, run(2, at=BEGIN, outcome=FAIL))])
    records.write([row("south", 3, run(3, at=BEGIN - MINUTE, outcome=ERROR))])
    records.write([row("south", 4, replace(run(4, at=BEGIN - MINUTE), is_golden=True))])
    place = Cell(batch="2026-47", station="south", slot=1)
    failed = Verdict(place, False, True)
    passed = Verdict(replace(place, slot=2), True, True)
    assert set(records.counts(by_hour=False).retested) == set(retests([(failed, passed)]))
    late = records.counts(RunFilter(since=BEGIN + MINUTE), by_hour=False).retested
    assert late == retests([(replace(failed, is_wanted=False), passed)])
    early = records.counts(RunFilter(until=BEGIN + MINUTE), by_hour=False).retested
    assert early == retests([(failed, replace(passed, is_wanted=False))])
    assert records.counts(RunFilter(slot=3), by_hour=False).retested == ()


def test_what_comes_in_while_it_is_counted_is_not_counted_by_half(records: Records) -> None:
    if not isinstance(records, SqlRecords):
        return
    records.write([row("north", 1, run(1, outcome=FAIL))])
    late = [row("south", 1, run(1, at=BEGIN + MINUTE * 90))]  # the same unit, in another hour

    def write(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if late and "FROM runs" in statement:
            records.write([late.pop()])

    with records.database.reading() as connection:
        event.listen(connection, "after_cursor_execute", write)
        counts = count_runs(connection, EVERY_RUN, by_hour=True)
    assert not late
    told = yields(counts, By.HOUR)
    assert (told.whole.runs, told.whole.units, told.whole.second.count) == (1, 1, 0)
    told = yields(records.counts(by_hour=True), By.HOUR)
    assert (told.whole.runs, told.whole.units, told.whole.second.count) == (2, 1, 1)


def test_another_recipe_begins_a_units_attempts_anew(records: Records) -> None:
    other = replace(run(2, at=BEGIN + MINUTE), recipe=replace(run(2).recipe, name="rework"))
    newer = replace(run(3, at=BEGIN + MINUTE), recipe=replace(run(3).recipe, version="4"))
    records.write([row("north", 1, run(1)), row("north", 2, other)])
    assert records.counts(by_hour=False).retested == ()
    records.write([row("north", 3, newer)])
    assert len(records.counts(by_hour=False).retested) == 2, "a newer version is the same recipe"


def test_the_step_that_decides_is_the_first_whose_last_try_went_wrong(records: Records) -> None:
    tries = [("find", ERROR), ("find", PASS), ("update", FAIL), ("verify", FAIL)]
    told: list[Entry] = [
        replace(phase(1, position=position), name=name, outcome=outcome)
        for position, (name, outcome) in enumerate(tries, 1)
    ]
    ended = replace(run(1, outcome=FAIL), code="DFU-LINK-004")
    records.write(row("north", 1 + n, each) for n, each in enumerate([*told, ended], 1))
    (trouble,) = records.troubles()
    assert (trouble.unit, trouble.outcome, trouble.runs) == (("tag", "SN-0007"), FAIL, 1)
    assert (trouble.phase, trouble.cause, trouble.code) == ("update", "", "DFU-LINK-004")


def test_the_cause_is_that_of_the_last_diagnosis(records: Records) -> None:
    records.write(whole_run())
    records.write([row("north", 9, replace(diagnosis(1), causes=(cause("found-out"),)))])
    assert [each.cause for each in records.troubles()] == ["found-out"]


def test_readings_are_those_of_the_last_try_and_of_runs_with_a_verdict(records: Records) -> None:
    records.write(whole_run())
    again = replace(phase(1, position=2).measurements[0], number=7.5)
    records.write([row("north", 7, replace(phase(1, position=2), measurements=(again,)))])
    stopped = whole_run("south", at=BEGIN + MINUTE, outcome=ERROR)
    records.write(stopped)
    (reading,) = records.readings()
    assert (reading.step, reading.name, reading.unit) == ("update", "rate", "kB/s")
    assert (reading.value, reading.least, reading.most) == (7.5, 8.0, 1e300)
    assert (reading.at, reading.cell.station) == (BEGIN, "north")
    (judged,) = records.judged()
    assert judged.factors["lot of battery"] == "CR-11"
    assert judged.factors["slot"] == "north/1"
    assert not judged.passed


def test_an_outcome_that_is_none_is_told(tmp_path: Path) -> None:
    address = DatabaseAddress(path=tmp_path / "shift.db")
    records = open_records(address, create=True)
    records.write(whole_run())
    with records.database.writing() as connection:
        connection.exec_driver_sql("UPDATE runs SET outcome = 'maybe'")
    for ask in (lambda: records.counts(by_hour=False), records.troubles):
        with pytest.raises(StoreError, match="maybe") as caught:
            ask()
        assert caught.value.code is Code.DATABASE_DAMAGED
    records.close()
