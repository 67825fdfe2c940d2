"""A station as an operator runs it: units are scanned, and what becomes of them is in the records.

Virtual units live fifty times faster than we do.
"""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

import firmline
from firmline.errors import Code
from firmline.line.station.withdrawal import LOOK_S, LOOKS
from integration.cli.line_world import END_S, RECIPE, make_line
from unit.cli.program import SCRIPT, Ran, environment, run_process

pytestmark = pytest.mark.slow
ROAD = "sim:ble-reference?key=line.key&speed=50"
MEASURE = """
[[steps]]
kind = "measure"
[[steps.limits]]
measurement = "attempts"
at_most = 3
"""
MEASURED = RECIPE + MEASURE


@pytest.fixture(autouse=True)
def line(folder: Path) -> None:
    make_line(folder)
    (folder / "recipe.toml").write_text(MEASURED, "utf-8")


def station(folder: Path, said: str, *more: str, on: str = ROAD) -> Ran:
    return run_process(
        *("line", "run", "recipe.toml", "--on", on, "--db", "line.db", "--json", *more),
        cwd=folder,
        stdin=said,
    )


class Opened:
    """A station that runs.

    Attributes:
        process: It.
        keys: What is said to it.
        out: What it prints for programs.
        err: What it prints for people.
    """

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        self.process = process
        self.keys, self.out, self.err = process.stdin, process.stdout, process.stderr

    def scan(self, serial: str) -> None:
        self.keys.write(f"{serial}\n")
        self.keys.flush()

    def told(self) -> Iterator[dict[str, Any]]:
        return map(json.loads, self.out)


@contextmanager
def opened(folder: Path, *more: str, on: str = ROAD) -> Iterator[Opened]:
    with subprocess.Popen(
        (SCRIPT, "line", "run", "recipe.toml", "--on", on, "--db", "line.db", "--json", *more),
        cwd=folder,
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        station = Opened(process)
        assert next(station.told())["type"] == "ready"
        yield station


def ends(ran: Ran) -> list[tuple[str, str, str]]:
    """Serial number, outcome and code of the runs that ended."""
    return [
        (line["serial"], line["outcome"], line["code"])
        for line in ran.json_lines
        if line["type"] == "slot" and line["outcome"] and line["state"] != "running"
    ]


def exported(folder: Path) -> list[dict[str, Any]]:
    ran = run_process("line", "export", "--db", "line.db", "--json", cwd=folder)
    return [line for line in ran.json_lines if line["type"] == "run"]


def test_units_that_are_scanned_are_updated_and_recorded(folder: Path) -> None:
    ran = station(folder, "SN-0001\nSN-0002\n", "--batch", "B7", on=f"2x{ROAD}")
    assert ran.code == 0, ran.err
    assert sorted(ends(ran)) == [("SN-0001", "pass", ""), ("SN-0002", "pass", "")]
    runs = exported(folder)
    assert {(run["unit"]["serial"], run["outcome"], run["batch"]) for run in runs} == {
        ("SN-0001", "pass", "B7"),
        ("SN-0002", "pass", "B7"),
    }
    names = [phase["name"] for phase in runs[0]["phases"]]
    assert names == ["scan", "find", "inspect", "preflight", "update", "verify", "measure"]
    (trace,) = runs[0]["phases"][4]["attachments"]
    kept = folder / "line.db.attachments" / trace["sha256"][:2] / trace["sha256"][2:]
    last = json.loads(kept.read_text("utf-8").splitlines()[-1])
    assert (last["type"], last["outcome"]) == ("update_finished", "updated")
    assert not list((folder / "line.db.at-work").rglob("*.json*"))


def test_a_unit_that_has_passed_does_not_run_again(folder: Path) -> None:
    station(folder, "SN-0001\n")
    ran = station(folder, "SN-0001\n")
    assert [line["code"] for line in ran.json_lines if line["type"] == "refused"] == ["DFU-STN-006"]
    assert len(exported(folder)) == 1


def test_what_is_no_unit_of_the_product_is_refused_and_the_station_goes_on(folder: Path) -> None:
    ran = station(folder, "XX-1\nSN-0001\nSN-0001\nok\nstop 9\n\n")
    refused = [line["code"] for line in ran.json_lines if line["type"] == "refused"]
    assert refused == ["DFU-STN-016", "DFU-STN-004", "DFU-STN-007"]
    assert ends(ran) == [("SN-0001", "pass", "")]


def test_a_unit_that_fails_is_diagnosed_and_goes_to_rework_behind_its_strikes(folder: Path) -> None:
    other_key = "sim:ble-reference?speed=50"
    first = station(folder, "SN-0001\nSN-0002\n", on=other_key)
    assert ends(first) == [("SN-0001", "fail", "DFU-UNIT-005")]
    refused = [line["code"] for line in first.json_lines if line["type"] == "refused"]
    assert refused == ["DFU-STN-007"], "the slot waits until somebody has seen it"
    run = exported(folder)[0]
    assert run["diagnoses"][-1]["causes"][0]["cause"] == "pkg-key-mismatch"
    outcomes = [phase["outcome"] for phase in run["phases"]]
    assert outcomes[-3:] == ["fail", "skip", "skip"]
    station(folder, "SN-0001\n", on=other_key)
    third = station(folder, "SN-0001\n", on=other_key)
    refused = [line["code"] for line in third.json_lines if line["type"] == "refused"]
    assert (ends(third), refused) == ([], ["DFU-STN-005"])
    mended = station(folder, "rework SN-0001 right key\nSN-0001\n")
    assert ends(mended) == [("SN-0001", "pass", "")]
    assert [run["attempt"] for run in exported(folder)] == [1, 2, 3]


def test_where_nobody_is_scans_wait_for_a_slot_and_failures_block_none(folder: Path) -> None:
    ran = station(folder, "SN-0001\nSN-0002\n", "--unattended", on="sim:ble-reference?speed=50")
    assert [serial for serial, outcome, _ in ends(ran) if outcome == "fail"] == [
        "SN-0001",
        "SN-0002",
    ]


def test_a_scan_while_the_records_are_locked_names_its_unit_and_begins_nothing(
    folder: Path,
) -> None:
    with opened(folder, on=f"2x{ROAD}") as running:
        with closing(sqlite3.connect(folder / "line.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            running.scan("SN-0001")
            assert running.err.readline().endswith(f"[{Code.DATABASE_LOCKED}]\n")
            running.scan("SN-0002")
            refused = next(told for told in running.told() if told["type"] == "refused")
        _, err = running.process.communicate(timeout=END_S)
    assert refused["code"] == Code.DATABASE_LOCKED
    assert refused["message"].startswith("SN-0002 was not begun: the records in "), refused
    assert running.process.returncode == 0, err
    assert [(run["unit"]["serial"], run["outcome"]) for run in exported(folder)] == [
        ("SN-0001", "pass")
    ]


def test_a_unit_that_another_station_of_the_file_has_is_refused_until_it_is_given_back(
    folder: Path,
) -> None:
    with opened(folder, "--station", "south", on=ROAD.replace("speed=50", "speed=2")) as south:
        south.scan("SN-0001")
        next(told for told in south.told() if told["type"] == "slot" and told["share"])
        north = station(folder, "SN-0001\n")
        (refused,) = [told for told in north.json_lines if told["type"] == "refused"]
        assert (refused["code"], ends(north)) == (Code.UNIT_AT_WORK, [])
        assert "at the station south since 20" in refused["message"]
        south.process.kill()
        south.process.wait()
    back = station(folder, "rework SN-0001\nSN-0001\n")
    assert ends(back) == [("SN-0001", "pass", "")]


def stopped_in_the_middle(folder: Path, number: signal.Signals, *, speed: int) -> tuple[int, str]:
    """A station that gets a signal while it sends an image; its exit code, and what it said."""
    road = ROAD.replace("speed=50", f"speed={speed}")
    with opened(folder, on=road) as running:
        running.scan("SN-0001")
        next(told for told in running.told() if told["type"] == "slot" and told["share"])
        running.process.send_signal(number)
        said = running.err.read()
    return running.process.returncode, said


def test_a_station_that_was_killed_knows_what_was_half_done(folder: Path) -> None:
    stopped_in_the_middle(folder, signal.SIGKILL, speed=50)
    ran = station(folder, "SN-0001\n")
    cut = [line for line in ran.json_lines if line["type"] == "cut_off"]
    assert [(line["serial"], line["step"]) for line in cut] == [("SN-0001", "update")]
    assert ends(ran) == [("SN-0001", "pass", "")]
    first, second = exported(folder)
    assert (first["outcome"], first["code"]) == ("aborted", "DFU-STN-015")
    assert first["phases"][-1]["attachments"], "what had happened until then is kept"
    assert first["recipe"] == second["recipe"]


def test_a_station_that_is_interrupted_ends_in_order(folder: Path) -> None:
    code, said = stopped_in_the_middle(folder, signal.SIGINT, speed=2)
    assert (code, "Traceback" in said) == (130, False)
    (run,) = exported(folder)
    assert (run["outcome"], run["code"]) == ("aborted", "DFU-STN-014")


CUSTOM = """
[[steps]]
kind = "custom"
name = "led"
call = "fixture:check_led"
arguments = { colour = "green" }
[[steps.limits]]
measurement = "led_current"
unit = "mA"
in_range = [3, 6]
"""
FIXTURE = """
def check_led(step):
    print("not the answer")
    assert step.arguments["colour"] == "green"
    if step.serial_number == "SN-0002":
        raise ValueError("no lamp")
    return {"led_current": 4.1 if step.serial_number == "SN-0001" else 9.9, "seen": step.product}
"""


def test_a_step_of_the_customers_is_called_and_judged_by_its_limits(folder: Path) -> None:
    (folder / "fixture.py").write_text(FIXTURE, "utf-8")
    (folder / "recipe.toml").write_text(MEASURED + CUSTOM, "utf-8")
    ran = station(folder, "SN-0001\nSN-0002\nSN-0003\n", on=f"3x{ROAD}")
    assert sorted(ends(ran)) == [
        ("SN-0001", "pass", ""),
        ("SN-0002", "error", "DFU-STN-012"),
        ("SN-0003", "fail", "DFU-STN-010"),
    ]
    by_serial = {run["unit"]["serial"]: run["phases"][-1] for run in exported(folder)}
    measured = {row["name"]: row["number"] for row in by_serial["SN-0001"]["measurements"]}
    assert measured == {"led_current": 4.1, "seen": None}
    assert "no lamp" in by_serial["SN-0002"]["message"]


@pytest.mark.parametrize("command", ["", "tee printed.txt"])
def test_a_label_is_printed_of_a_unit_that_passed(folder: Path, command: str) -> None:
    label = '\n[[steps]]\nkind = "label"\ntext = "{product} {serial_number}"\n'
    (folder / "recipe.toml").write_text(MEASURED + label, "utf-8")
    more = ("--label-command", command) if command else ()
    ran = station(folder, "SN-0001\n", *more)
    assert ends(ran) == [("SN-0001", "pass", "")], ran.err
    place = folder / ("printed.txt" if command else "line.db.labels/SN-0001.txt")
    assert place.read_text("utf-8") == "Tag SN-0001\n"


def test_two_programs_are_not_one_station(folder: Path) -> None:
    with subprocess.Popen(
        [SCRIPT, "line", "run", "recipe.toml", "--on", ROAD, "--db", "line.db"],
        cwd=folder,
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
    ) as process:
        until = time.monotonic() + 20
        while not (folder / "line.db.station-1.lock").exists() and time.monotonic() < until:
            time.sleep(0.05)
        time.sleep(0.5)
        ran = station(folder, "")
        assert process.stdin is not None
        process.stdin.close()
    assert (ran.code, "DFU-STN-001" in ran.err) == (2, True)


@pytest.mark.parametrize(
    ("on", "code"),
    [
        ("serial:COM7", "DFU-STN-002"),
        ("usb:", "DFU-STN-002"),
        ("sim:uart-reference", "DFU-STN-002"),
        ("ble:AA:BB:CC:DD:EE:FF", "DFU-ARG-007"),
        ("sim:nobody", "DFU-ARG-008"),
        ("0xble", "DFU-ARG-001"),
        ("65xble", "DFU-ARG-001"),
    ],
)
def test_a_slot_that_cannot_do_what_the_recipe_asks_is_told_first(
    folder: Path, on: str, code: str
) -> None:
    ran = station(folder, "SN-0001\n", on=on)
    assert (ran.code, code in ran.err) == (2, True), ran.err
    assert not (folder / "line.db").exists()


def test_a_folder_holds_units_of_which_each_is_another(folder: Path) -> None:
    box = folder / "box"
    box.mkdir()
    text = (Path(firmline.__file__).parent / "data/units/ble-reference.toml").read_text("utf-8")
    (box / "SN-0001.toml").write_text(text, "utf-8")
    (box / "SN-0002.toml").write_text(text.replace("fwid = 0x0103", "fwid = 0x00B7"), "utf-8")
    on = "2xsim:box?key=line.key&speed=50"
    ran = station(folder, "SN-0001\nSN-0002\nSN-0003\n", "--unattended", on=on)
    assert sorted(ends(ran)) == [
        ("SN-0001", "pass", ""),
        ("SN-0002", "fail", "DFU-UNIT-107"),
        ("SN-0003", "fail", "DFU-LINK-003"),
    ]


def test_a_package_that_is_taken_out_while_the_station_runs_goes_to_no_further_unit(
    folder: Path,
) -> None:
    with opened(folder) as running:
        (folder / "dfu.zip").rename(folder / "old.zip")
        time.sleep(LOOK_S * (LOOKS + 2))
        out, err = running.process.communicate("SN-0001\n", timeout=60)
    assert running.process.returncode == 0, err
    refused = [each for each in map(json.loads, out.splitlines()) if each["type"] == "refused"]
    assert [each["code"] for each in refused] == ["DFU-RCP-007"]
    assert exported(folder) == []


@pytest.mark.parametrize("command", [("run",), ("worker", "--queue", "postgresql://line@centre/q")])
def test_a_station_keeps_no_records_on_a_server(folder: Path, command: tuple[str, ...]) -> None:
    server = "postgresql://line@centre/line"
    ran = run_process(*("line", *command, "recipe.toml", "--on", ROAD, "--db", server), cwd=folder)
    assert (ran.code, "scanning must not depend on a network" in ran.err) == (2, True)
    assert not list(folder.glob("postgresql*"))
