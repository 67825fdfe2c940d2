"""A Bumble program, in a process of its own, updates the served BLE unit."""

from __future__ import annotations

import json
import subprocess
import sys
import zlib
from pathlib import Path

import pytest

from integration.serving.served import APPLICATION, Serving, make_update
from unit.cli.program import PATIENCE_S, environment

pytestmark = pytest.mark.slow

PROGRAM = Path(__file__).with_name("bumble_program.py")


@pytest.mark.parametrize("place", ["hci-tcp:0", "hci-unix:socket"])
def test_a_bumble_program_updates_the_unit(place: str, tmp_path: Path) -> None:
    package, key_file = make_update(tmp_path)
    with Serving("--on", place, "--key-file", str(key_file), cwd=tmp_path) as serving:
        # Twice: the unit takes a version that is the same, from a client that came anew.
        for _ in range(2):
            done = subprocess.run(
                [sys.executable, PROGRAM, serving.first["hci"], package],
                cwd=tmp_path,
                env=environment(),
                capture_output=True,
                timeout=2 * PATIENCE_S,
                check=False,
            )
            assert (done.returncode, done.stderr.decode()) == (0, "")
            assert [json.loads(line) for line in done.stdout.splitlines()] == [
                {"what": "found", "address": "C6:05:04:03:02:01"},
                {"what": "indicated", "data": "200101"},
                {"what": "found", "address": "C6:05:04:03:02:02"},
                {"what": "sent", "size": len(APPLICATION), "mtu": 247},
                {"what": "back"},
            ]
            serving.until("left")
        result = serving.end()
    assert result["firmware_revision"] == f"2+{zlib.crc32(APPLICATION):08x}"
    assert (result["mode"], result["clients"]) == ("application", 2)
    assert not (tmp_path / "socket").exists()
