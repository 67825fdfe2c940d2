"""``firmline update --prn, --mtu, --pause``: slower than it has to be, to tell causes apart."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from firmline.cli.sending_options import Sending
from firmline.errors import Code
from firmline.protocol.pacing import AHEAD, NO_PAUSES
from unit.cli.makers import package
from unit.cli.program import Program, assert_failed


def test_a_pause_is_kept_and_nothing_is_sent_ahead_then() -> None:
    paced = Sending(pause_s=0.4).pacing(AHEAD)
    assert paced.after_free_s == 0.4
    assert not paced.streams
    assert paced.waits_for_idle
    assert Sending().pacing(AHEAD) is AHEAD
    assert Sending(pause_s=0.0).pacing(NO_PAUSES) == NO_PAUSES


@pytest.mark.parametrize(
    "words", [["--mtu", "22"], ["--mtu", "518"], ["--prn", "70000"], ["--pause", "nan"]]
)
def test_what_cannot_be_is_refused(firmline: Program, words: list[str]) -> None:
    Path("dfu.zip").write_bytes(b"x")
    told = firmline("update", "dfu.zip", "--to", "sim:ble-reference", *words)
    assert told.code == 2
    assert told.err.count("error:") == 1


def test_a_serial_port_has_no_mtu(firmline: Program) -> None:
    Path("dfu.zip").write_bytes(b"x")
    told = firmline("update", "dfu.zip", "--to", "sim:uart-reference", "--mtu", "23")
    assert_failed(told, Code.OPTION_CONFLICT)


@pytest.mark.parametrize("command", ["ble", "serial", "usb-serial"])
def test_the_commands_of_nrfutil_can_leave_a_unit_as_its_first_fault_did(
    firmline: Program, command: str
) -> None:
    assert "--no-recovery" in firmline("dfu", command, "--help").out


@pytest.mark.slow
def test_packets_are_made_for_the_smallest_mtu(firmline: Program) -> None:
    Path("dfu.zip").write_bytes(package())
    told = firmline(
        *("update", "dfu.zip", "--to", "sim:ble-reference?physics=off"),
        *("--mtu", "23", "--trace", "t.jsonl"),
    )
    assert told.out
    lines = Path("t.jsonl").read_text(encoding="utf-8").splitlines()
    sent = [each for each in map(json.loads, lines) if each["type"] == "packets_sent"]
    assert sent
    assert sent[0]["count"] == -(-sent[0]["size"] // 20)
