"""Planned work is done by a station: a worker on virtual units, with a real server."""

from __future__ import annotations

import json
import signal
import subprocess
import threading
import time
from pathlib import Path

import pytest

from integration.cli.planned_line import ROAD, PlannedLine, kill
from postgresql_server import Server
from unit.cli.program import run_process

pytestmark = pytest.mark.slow


@pytest.fixture
def line(folder: Path, postgresql_url: str) -> PlannedLine:
    return PlannedLine(folder, postgresql_url)


def until_begun(process: subprocess.Popen[str]) -> str:
    """Wait until a worker sends an image; to which unit."""
    assert process.stdout is not None
    for text in process.stdout:
        told = json.loads(text)
        if told["type"] == "slot" and told["share"]:
            return str(told["serial"])
    raise AssertionError(process.stderr.read() if process.stderr else "")


def test_a_campaign_is_done_by_a_worker_where_nobody_is(line: PlannedLine) -> None:
    line.plan(["SN-0001"], ["SN-0002", "SN-0003"])
    ran = line.unattended("north", on=f"2x{ROAD}")
    assert ran.code == 0, ran.err
    assert {state for state, _ in line.units().values()} == {"passed"}
    assert line.shown()["state"] == "done"
    assert line.runs("north") == {(f"SN-000{each}", "pass"): 1 for each in (1, 2, 3)}


def test_what_an_operator_scans_counts_for_its_campaign(line: PlannedLine) -> None:
    line.plan(["SN-0001"], ["SN-0002"])
    with line.begun("north") as process:
        assert process.stdin is not None
        until = time.monotonic() + 60
        while not line.shown()["stations"][0]["online"] and time.monotonic() < until:
            time.sleep(0.5)
        time.sleep(1)  # its job is on its way
        process.stdin.write("SN-0001\nSN-0009\n")
        process.stdin.flush()
        until = time.monotonic() + 60
        while line.units()["SN-0001"][0] != "passed" and time.monotonic() < until:
            time.sleep(0.5)
        process.stdin.write("quit\n")
        out, err = process.communicate(timeout=60)
    assert line.units()["SN-0001"] == ("passed", ""), out + err
    assert line.units()["SN-0002"][0] in {"queued", "planned"}


def test_a_unit_that_is_not_there_is_held_and_has_not_failed(line: PlannedLine) -> None:
    line.plan(["SN-0001", "SN-0002"], [])
    (line.folder / "units").mkdir()
    kind = run_process("sim", "units", "ble-reference", cwd=line.folder).out
    (line.folder / "units" / "SN-0001.toml").write_text(kind, "utf-8")
    with line.begun("north", "--unattended", on=f"sim:units?{ROAD.partition('?')[2]}") as process:
        until = time.monotonic() + 60
        while line.units()["SN-0002"][0] != "held" and time.monotonic() < until:
            time.sleep(0.5)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
    assert line.units()["SN-0002"] == ("held", "It was not here.")
    assert line.runs("north").keys() <= {("SN-0001", "pass"), ("SN-0001", "aborted")}


def test_a_unit_that_fails_is_tried_as_often_as_the_recipe_says(line: PlannedLine) -> None:
    line.plan(["SN-0001", "SN-0002"], ["SN-0003"], percent=100)
    ran = line.unattended("north", on="2xsim:ble-reference?speed=50")
    assert ran.code == 0, ran.err
    assert line.shown()["state"] == "paused"
    states = {serial: state for serial, (state, _) in line.units().items()}
    assert states["SN-0003"] == "planned"
    assert "passed" not in states.values()
    assert all(count <= 2 for count in line.runs("north").values())


def test_a_station_with_another_recipe_begins_nothing(line: PlannedLine) -> None:
    line.plan(["SN-0001"], [])
    recipe = line.folder / "recipe.toml"
    recipe.write_text(recipe.read_text("utf-8").replace("version = 1", "version = 2"), "utf-8")
    ran = line.unattended("north")
    assert ran.code == 0, ran.err
    state, why = line.units()["SN-0001"]
    assert (state, "the campaign wants tag 1" in why) == ("held", True)
    assert not line.runs("north")


def test_a_worker_that_is_killed_goes_on_with_its_half_done_unit(line: PlannedLine) -> None:
    line.plan(["SN-0001"], [])
    with line.begun("north", "--unattended", on=ROAD.replace("speed=50", "speed=5")) as process:
        until_begun(process)
        kill(process)
    assert line.units()["SN-0001"][0] == "working"
    ran = line.unattended("north")
    assert ran.code == 0, ran.err
    assert line.units()["SN-0001"][0] == "passed"
    assert line.runs("north") == {("SN-0001", "aborted"): 1, ("SN-0001", "pass"): 1}


def test_a_worker_that_is_ended_goes_on_when_it_is_back(line: PlannedLine) -> None:
    line.plan(["SN-0001"], [])
    with line.begun("north", "--unattended", on=ROAD.replace("speed=50", "speed=5")) as process:
        until_begun(process)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert (process.returncode, "Traceback" in said) == (130, False), said
    assert line.units()["SN-0001"][0] == "working"
    line.unattended("north")
    assert line.units()["SN-0001"][0] == "passed"


def test_two_programs_do_not_take_the_work_of_one_station(line: PlannedLine) -> None:
    line.plan(["SN-0001"], [])
    with line.begun("north", "--unattended", on=ROAD.replace("speed=50", "speed=5")) as process:
        until_begun(process)
        with subprocess.Popen(
            [*_script(line, "other.db")],
            cwd=line.folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as other:
            assert other.stderr is not None
            ending = threading.Timer(60, other.terminate)
            ending.start()
            said = other.stderr.readline()  # however busy this computer is
            ending.cancel()
            other.send_signal(signal.SIGTERM)
            other.communicate(timeout=60)
        kill(process)
    assert "DFU-PLAN-009" in said


def _script(line: PlannedLine, db: str) -> list[str]:
    from unit.cli.program import SCRIPT  # noqa: PLC0415

    command = line.command("north", "--unattended")
    command[command.index("--db") + 1] = db
    return [str(SCRIPT), *command]


def test_a_worker_goes_on_while_the_server_is_gone_and_when_it_is_back(folder: Path) -> None:
    server = Server(is_durable=True)
    try:
        line = PlannedLine(folder, server.new_place())
        line.plan(["SN-0001"], ["SN-0002"])
        with line.begun("north", "--unattended", on=ROAD.replace("speed=50", "speed=10")) as worker:
            until_begun(worker)
            server.stop("immediate")
            time.sleep(4)  # the run ends meanwhile, and cannot be told
            server.start()
            until = time.monotonic() + 60
            while line.shown()["state"] != "done" and time.monotonic() < until:
                time.sleep(0.5)
            worker.send_signal(signal.SIGTERM)
            _, said = worker.communicate(timeout=60)
        assert {state for state, _ in line.units().values()} == {"passed"}, said
        assert line.runs("north") == {("SN-0001", "pass"): 1, ("SN-0002", "pass"): 1}
        assert "DFU-REC-003" in said
        assert "Traceback" not in said
    finally:
        server.remove()


def test_a_worker_needs_a_server(folder: Path, postgresql_url: str) -> None:
    line = PlannedLine(folder, postgresql_url)
    line.url = "queue.db"
    ran = line.unattended("north")
    assert (ran.code, "DFU-PLAN-007" in ran.err) == (2, True)
    line.url = postgresql_url
    ran = line.worker("north", "--once")
    assert (ran.code, "DFU-ARG-006" in ran.err) == (2, True)
