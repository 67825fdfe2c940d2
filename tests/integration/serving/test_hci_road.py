"""Units behind a Bluetooth controller in another process: scan, inspect, update, and its death."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
import threading
import tty
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from firmline.errors import Code, ExitCode
from integration.serving.command import Run
from integration.serving.served import APPLICATION, Serving, connect, make_update
from unit.cli.program import PATIENCE_S, SCRIPT, environment

pytestmark = pytest.mark.slow
HOME = "C6:05:04:03:02:01"


@contextmanager
def served(place: str, folder: Path) -> Iterator[tuple[Serving, Path, str]]:
    """A served unit; the package it takes, and how a target names it."""
    package, key_file = make_update(folder)
    with Serving("--on", place, "--key-file", str(key_file), cwd=folder) as serving:
        yield serving, package, f"hci:{serving.first['hci']}"


@pytest.mark.parametrize("place", ["hci-tcp:0", "hci-unix:socket"])
def test_a_unit_behind_a_controller_is_seen_read_and_updated(place: str, tmp_path: Path) -> None:
    with served(place, tmp_path) as (serving, package, radio):
        seen = Run("scan", "--on", radio, "--duration", "1", cwd=tmp_path)
        assert (seen.code, seen.errors) == (0, "")
        (unit,) = seen.result["units"]
        assert (unit["address"], unit["rssi_dbm"]) == (HOME, -50)

        read = Run("inspect", f"{radio}/{HOME}", cwd=tmp_path)
        assert (read.code, read.errors) == (0, "")
        facts = {fact["fact"]: fact for fact in read.result["facts"]}
        assert facts["softdevice_fwid"]["value"] == "0x0103"
        assert facts["softdevice_fwid"]["how"] == "remote_version"

        words = ("update", package, "--to", f"{radio}/{HOME}", "--btsnoop", "air.btsnoop")
        done = Run(*words, cwd=tmp_path)
        assert (done.code, done.errors) == (0, "")
        assert (done.result["outcome"], done.result["bytes"]) == ("updated", len(APPLICATION))
        result = serving.end()
    assert result["firmware_revision"] == f"2+{zlib.crc32(APPLICATION):08x}"
    packets = (tmp_path / "air.btsnoop").read_bytes()
    assert packets.startswith(b"btsnoop\0\0\0\0\x01\0\0\x03\xea")
    # Some packet of the image, as it is: the first ones may be small, to learn the flash by.
    assert any(APPLICATION[at : at + 200] in packets for at in range(500))


def test_two_radios_at_once_update_a_unit_each(tmp_path: Path) -> None:
    neighbour = "C6:05:04:03:02:61"
    reference = Run("sim", "units", "ble-reference", cwd=tmp_path).result["file"]
    (tmp_path / "neighbour.toml").write_text(reference.replace(HOME, neighbour))
    with served("hci-tcp:0", tmp_path) as (one, package, radio):
        words = ("--unit", "neighbour.toml", "--on", "hci-unix:socket")
        key = str(tmp_path / "private.key")
        with Serving(*words, "--key-file", key, cwd=tmp_path) as other:
            there = ("--to", f"{radio}/{HOME}", "--to", f"hci:{other.first['hci']}/{neighbour}")
            done = Run("update", package, *there, cwd=tmp_path)
            results = [one.end(), other.end()]
    assert (done.code, done.errors) == (0, "")
    assert (done.result["units"], done.result["updated"]) == (2, 2)
    new = f"2+{zlib.crc32(APPLICATION):08x}"
    assert [result["firmware_revision"] for result in results] == [new, new]


def test_the_death_of_the_controller_in_mid_update_is_told_at_once(tmp_path: Path) -> None:
    with served("hci-tcp:0", tmp_path) as (serving, package, radio):
        process = subprocess.Popen(
            [SCRIPT, "update", package, "--to", f"{radio}/{HOME}", "--json", "--btsnoop", "b"],
            cwd=tmp_path,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert process.stdout is not None
        for line in process.stdout:
            if json.loads(line)["type"] == "object_created":
                break
        serving.process.send_signal(signal.SIGKILL)
        rest, errors = process.communicate(timeout=PATIENCE_S)
    result = json.loads(rest.splitlines()[-1])
    assert process.returncode == ExitCode.LINK
    assert (result["outcome"], result["code"]) == ("failed", Code.CONTROLLER_LOST)
    assert b"Traceback" not in errors
    assert errors.count(b"\n") == 3, "what, what next, and whose fault it is"
    assert os.path.getsize(tmp_path / "b") > 1000  # noqa: PTH202 - nothing but the size


def test_an_interrupted_update_gives_the_controller_back(tmp_path: Path) -> None:
    with served("hci-tcp:0", tmp_path) as (serving, package, radio):
        process = subprocess.Popen(
            [SCRIPT, "update", package, "--to", f"{radio}/{HOME}", "--json"],
            cwd=tmp_path,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert process.stdout is not None
        for line in process.stdout:
            if json.loads(line)["type"] == "object_created":
                break
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=PATIENCE_S)
        serving.until("left")
        seen = Run("scan", "--on", radio, "--duration", "1", cwd=tmp_path)
    assert process.returncode == 130
    assert b"Traceback" not in errors
    assert [unit["name"] for unit in seen.result["units"]] == ["DfuTarg"]


@contextmanager
def at_a_serial_port(address: str) -> Iterator[str]:
    """A pseudo-terminal that leads to ``HOST:PORT``, as a UART leads to a dongle."""
    ours, theirs = pty.openpty()
    tty.setraw(theirs)
    controller = connect(address)
    socket_there = controller.fileno()
    ended = threading.Event()

    def carry() -> None:
        while not ended.is_set():
            readable, _, _ = select.select([ours, socket_there], [], [], 0.05)
            if ours in readable:
                controller.sendall(os.read(ours, 4096))
            if socket_there in readable:
                os.write(ours, controller.recv(4096))

    carrier = threading.Thread(target=carry)
    carrier.start()
    try:
        yield os.ttyname(theirs)
    finally:
        ended.set()
        carrier.join()
        controller.close()
        os.close(ours)
        os.close(theirs)


def test_a_controller_at_a_serial_port_serves_one_command_after_the_other(tmp_path: Path) -> None:
    with served("hci-tcp:0", tmp_path) as (serving, _, _):
        address = serving.first["hci"].removeprefix("tcp-client:")
        with at_a_serial_port(address) as port:
            for _ in range(2):
                done = Run("inspect", f"hci:serial:{port},1000000/{HOME}", cwd=tmp_path)
                assert (done.code, done.errors) == (0, "")
                facts = {fact["fact"]: fact["value"] for fact in done.result["facts"]}
                assert facts["softdevice_fwid"] == "0x0103"


def test_nobody_at_the_socket_is_one_sentence(tmp_path: Path) -> None:
    done = Run(
        "update", make_update(tmp_path)[0], "--to", f"hci:unix-client:x/{HOME}", cwd=tmp_path
    )
    assert done.code == ExitCode.LINK
    assert done.errors.startswith("error: There is no Bluetooth controller at unix-client:x")
    assert Code.CONTROLLER_NOT_FOUND in done.errors
