"""Units behind a dongle in another process: scan, inspect, update, and its death."""

from __future__ import annotations

import os
import signal
import subprocess
import tty
import zlib
from pathlib import Path

import pytest

from firmline.errors import Code, ExitCode
from integration.serving.command import Run
from integration.serving.served import APPLICATION, Serving, make_update
from unit.cli.program import PATIENCE_S, SCRIPT, environment

pytestmark = pytest.mark.slow
HOME = "C6:05:04:03:02:01"


def test_a_unit_behind_a_dongle_is_seen_read_and_updated(tmp_path: Path) -> None:
    package, key_file = make_update(tmp_path)
    words = ("--on", "nrfconn", "--key-file", str(key_file))
    with Serving(*words, cwd=tmp_path) as serving:
        radio = f"nrfconn:{serving.first['nrfconn']}"
        seen = Run("scan", "--on", radio, "--duration", "1", cwd=tmp_path)
        assert (seen.code, seen.errors) == (0, "")
        (unit,) = seen.result["units"]
        assert (unit["address"], unit["rssi_dbm"]) == (HOME, -50)

        read = Run("inspect", f"{radio}/{HOME}", cwd=tmp_path)
        assert (read.code, read.errors) == (0, "")
        facts = {fact["fact"]: fact for fact in read.result["facts"]}
        assert facts["serial_number"]["value"] == "FL-0001"

        done = Run("update", package, "--to", f"{radio}/{HOME}", cwd=tmp_path)
        assert (done.code, done.errors) == (0, "")
        assert (done.result["outcome"], done.result["bytes"]) == ("updated", len(APPLICATION))
        result = serving.end()
    assert result["firmware_revision"] == f"2+{zlib.crc32(APPLICATION):08x}"


def test_an_update_ends_in_one_sentence_when_its_dongle_is_gone(tmp_path: Path) -> None:
    package, key_file = make_update(tmp_path)
    words = ("--on", "nrfconn", "--key-file", str(key_file))
    with Serving(*words, cwd=tmp_path) as serving:
        target = f"nrfconn:{serving.first['nrfconn']}/{HOME}"
        with subprocess.Popen(
            [SCRIPT, "update", package, "--to", target],
            cwd=tmp_path,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as update:
            serving.until("runs", mode="bootloader")
            serving.process.send_signal(signal.SIGKILL)
            _, errors = update.communicate(timeout=PATIENCE_S)
    assert update.returncode == ExitCode.LINK
    assert Code.LINK_LOST in errors.decode() or Code.PORT_FAILED in errors.decode()
    assert "Traceback" not in errors.decode()


@pytest.mark.parametrize("command", ["scan", "update"])
def test_a_port_where_nobody_answers_is_no_dongle(tmp_path: Path, command: str) -> None:
    package, _ = make_update(tmp_path)
    ours, theirs = os.openpty()
    tty.setraw(theirs)
    port = f"nrfconn:{os.ttyname(theirs)}"
    words = {
        "scan": ("scan", "--on", port),
        "update": ("update", package, "--to", f"{port}/{HOME}"),
    }[command]
    try:
        ran = Run(*words, cwd=tmp_path)
    finally:
        os.close(ours)
        os.close(theirs)
    assert ran.code == ExitCode.LINK
    assert Code.DONGLE_SILENT in ran.errors
