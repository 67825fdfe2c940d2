"""Units with bonds behind a controller: the bond of one run is good for the next one."""

from __future__ import annotations

import json
import signal
import subprocess
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from firmline.errors import Code, ExitCode
from integration.serving.command import Run
from integration.serving.served import APPLICATION, Serving, make_update
from unit.cli.program import PATIENCE_S, SCRIPT, environment

pytestmark = pytest.mark.slow
HOME, OPEN = "C6:05:04:03:03:E1", "C6:05:04:03:02:01"
IMPATIENT = ("--timeout", "connect=3")
NEW = f"2+{zlib.crc32(APPLICATION):08x}"


@pytest.fixture
def package(tmp_path: Path) -> Path:
    return make_update(tmp_path)[0]


@contextmanager
def served(folder: Path, unit: str = "bonded-buttonless") -> Iterator[tuple[Serving, str]]:
    """A served unit, and how a target names it. Its bonds are as new as the process."""
    words = ("--unit", unit, "--on", "hci-tcp:0", "--key-file", "private.key")
    with Serving(*words, cwd=folder) as serving:
        yield serving, f"hci:{serving.first['hci']}/{HOME}"


def killed_in_the_second_object(package: Path, target: str, folder: Path) -> list[dict[str, Any]]:
    """Update, and kill the process where no step of its own can follow; what it said."""
    process = subprocess.Popen(
        [SCRIPT, "update", package, "--to", target, "--json"],
        cwd=folder,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    said = []
    for line in process.stdout:
        said.append(json.loads(line))
        if said[-1]["type"] == "object_created" and said[-1].get("offset"):
            process.send_signal(signal.SIGKILL)
    process.stdout.close()
    assert process.wait(PATIENCE_S) == -signal.SIGKILL
    return said


def bonds_of(events: list[dict[str, Any]]) -> list[tuple[bool, bool]]:
    return [
        (event["new_bond"], event["replaced_bond"])
        for event in events
        if event["type"] == "link_encrypted"
    ]


def test_a_unit_that_a_killed_run_left_in_its_bootloader_is_resumed_by_the_next(
    tmp_path: Path, package: Path, own_state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with served(tmp_path) as (serving, target):
        said = killed_in_the_second_object(package, target, tmp_path)
        assert bonds_of(said) == [(True, False), (False, False)]
        serving.until("left")

        with monkeypatch.context() as another:
            another.setenv("FIRMLINE_STATE", str(tmp_path / "another"))
            refused = Run("update", package, "--to", target, *IMPATIENT, cwd=tmp_path)
        assert refused.code == ExitCode.LINK
        assert refused.result["code"] == Code.BOND_MISSING, refused.lines
        assert bonds_of(refused.lines) == []

        done = Run("update", package, "--to", target, "--btsnoop", "air", cwd=tmp_path)
        assert (done.code, done.errors) == (0, "")
        assert done.result["outcome"] == "updated"
        assert set(bonds_of(done.lines)) == {(False, False)}
        resumed = {
            event["object_type"]: event["offset"]
            for event in done.lines
            if event["type"] == "resumed"
        }
        (*_, begun) = [event["offset"] for event in said if event["type"] == "object_created"]
        assert resumed["data"] >= begun > 0  # what it sent of that object may have been on its way
        assert serving.end()["firmware_revision"] == NEW
    (bond,) = json.loads((own_state / "bonds.json").read_text())["bonds"].values()
    told = json.dumps([*said, *done.lines]).lower()
    assert bond["ltk"] not in told
    packets = (tmp_path / "air").read_bytes()
    key = bytes.fromhex(bond["ltk"])
    assert key not in packets
    assert key[::-1] not in packets


def test_a_unit_that_was_programmed_anew_is_paired_with_anew(tmp_path: Path, package: Path) -> None:
    for expected in ([(True, False), (False, False)], [(True, True), (False, False)]):
        with served(tmp_path) as (serving, target):
            done = Run("update", package, "--to", target, cwd=tmp_path)
            assert (done.code, done.errors) == (0, "")
            assert bonds_of(done.lines) == expected
            assert serving.end()["firmware_revision"] == NEW


def test_without_a_place_for_bonds_a_unit_that_wants_one_stays_in_its_application(
    tmp_path: Path, package: Path, own_state: Path
) -> None:
    own_state.mkdir(parents=True)
    (own_state / "bonds.json").write_text("{")
    with served(tmp_path) as (serving, target):
        done = Run("update", package, "--to", target, cwd=tmp_path)
        assert done.code == ExitCode.LINK
        assert done.result["code"] == Code.BONDS_UNUSABLE
        assert "is damaged" in done.result["message"]
        assert serving.end()["resets"] == 0
    assert (own_state / "bonds.json").read_text() == "{"


@pytest.mark.usefixtures("package")
def test_without_a_place_for_bonds_other_units_are_reached(tmp_path: Path, own_state: Path) -> None:
    own_state.parent.mkdir(exist_ok=True)
    own_state.touch()
    with served(tmp_path, "ble-reference") as (_, target):
        done = Run("inspect", target.replace(HOME, OPEN), cwd=tmp_path)
    assert (done.code, done.errors) == (0, "")
    assert {fact["fact"] for fact in done.result["facts"]} >= {"softdevice_fwid"}
