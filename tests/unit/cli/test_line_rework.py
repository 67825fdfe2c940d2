"""``firmline line rework``: a unit that was mended may run again."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from firmline.errors import Code, ExitCode
from firmline.line.records.address import DatabaseAddress
from firmline.line.records.open import open_records
from firmline.line.records.values import Unit
from firmline.line.station.alone import alone
from unit.cli.program import Program, assert_failed
from unit.line.records_world import BEGIN, TAG_7, row, run, whole_run

LAMP_7 = Unit(product="lamp", serial="SN-0007")
FUTURE = BEGIN + timedelta(days=36_500)


@pytest.fixture
def shift(folder: Path) -> Path:
    path = folder / "shift.db"
    with closing(open_records(DatabaseAddress(path=path), create=True)) as records:
        records.write(whole_run("north"))
    return path


def history(path: Path, unit: Unit = TAG_7) -> tuple[int, list[str]]:
    """How many attempts there are since the rework, and the notes of all reworks."""
    with closing(open_records(DatabaseAddress(path=path), create=False)) as records:
        (found,) = records.history(unit.serial, product=unit.product)
    return len(found.since_rework), [each.entry.note for each in found.reworks]


def test_what_a_unit_failed_before_counts_no_more(firmline: Program, shift: Path) -> None:
    ran = firmline("line", "rework", "SN-0007", "--db", "shift.db", "--note", "new clip")
    assert (ran.code, ran.out) == (0, "SN-0007 is back from rework, and may run again.\n")
    assert history(shift) == (0, ["new clip"])


def test_it_is_told_with_the_unit(firmline: Program, shift: Path) -> None:
    firmline(
        "line", "rework", "SN-0007", "--db", str(shift), "--operator", "Jana", "--note", "clip"
    )
    said = firmline("line", "export", "--db", "shift.db", "--serial", "SN-0007").out
    (line,) = [each for each in said.splitlines() if "rework" in each]
    assert line.endswith("rework  tag SN-0007, at rework, Jana: clip")
    told = firmline("line", "export", "--db", "shift.db", "--serial", "SN-0007", "--json").out
    (back,) = [each for each in map(json.loads, told.splitlines()) if each["type"] == "rework"]
    assert (back["unit"], back["note"]) == ({"product": "tag", "serial": "SN-0007"}, "clip")


def test_programs_get_one_object(firmline: Program, shift: Path) -> None:
    ran = firmline(
        "line", "rework", "SN-0007", "--db", str(shift), "--json", "--station", "bench-2"
    )
    assert json.loads(ran.out) == {
        "type": "result",
        "product": "tag",
        "serial": "SN-0007",
        "station": "bench-2",
        "note": "",
    }


def test_a_second_one_is_a_second_record(firmline: Program, shift: Path) -> None:
    for note in ("clip", "cell"):
        firmline("line", "rework", "SN-0007", "--db", "shift.db", "--note", note)
    assert history(shift) == (0, ["clip", "cell"])


def test_a_computer_whose_clock_is_behind_takes_back_no_later_run(
    firmline: Program, shift: Path
) -> None:
    with closing(open_records(DatabaseAddress(path=shift), create=False)) as records:
        records.write([row("north", 9, run(9, at=FUTURE))])
    firmline("line", "rework", "SN-0007", "--db", "shift.db")
    assert history(shift) == (0, [""])


def test_a_unit_that_nobody_knows_is_refused(firmline: Program, shift: Path) -> None:
    ran = firmline("line", "rework", "SN-9999", "--db", str(shift))
    assert_failed(ran, Code.UNIT_NOT_KNOWN, ExitCode.INPUT)


def test_of_two_products_with_one_number_one_has_to_be_named(
    firmline: Program, shift: Path
) -> None:
    with closing(open_records(DatabaseAddress(path=shift), create=False)) as records:
        records.write(whole_run("south", unit=LAMP_7))
    ran = firmline("line", "rework", "SN-0007", "--db", "shift.db")
    assert_failed(ran, Code.UNIT_NOT_KNOWN, ExitCode.INPUT)
    assert "lamp, tag" in ran.err
    ran = firmline("line", "rework", "SN-0007", "--db", "shift.db", "--product", "lamp")
    assert ran.code == 0
    assert history(shift, LAMP_7) == (0, [""])
    assert history(shift) == (1, [])


def test_the_name_of_a_station_at_work_is_refused(firmline: Program, shift: Path) -> None:
    lock = alone(shift, "north")
    try:
        ran = firmline("line", "rework", "SN-0007", "--db", "shift.db", "--station", "north")
    finally:
        lock.release()
    assert_failed(ran, Code.STATION_BUSY, ExitCode.INPUT)
    assert history(shift) == (1, [])


@pytest.mark.slow
@pytest.mark.usefixtures("shift")
@pytest.mark.parametrize("name", ["../north", "", "a b"])
def test_a_name_that_no_station_can_have_is_refused(firmline: Program, name: str) -> None:
    ran = firmline("line", "rework", "SN-0007", "--db", "shift.db", "--station", name)
    assert_failed(ran, Code.USAGE, ExitCode.INPUT)


def test_a_database_that_is_not_there_is_not_made(firmline: Program, folder: Path) -> None:
    ran = firmline("line", "rework", "SN-0007", "--db", "nothing.db")
    assert ran.code != 0
    assert not (folder / "nothing.db").exists()
