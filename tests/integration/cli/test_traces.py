"""Traces of real updates: they tell what was seen live, before the next step, and no secret."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from firmline.errors import Code
from firmline.formats.trace import read_traces
from firmline.links.bumble.connection import BumbleConnection
from firmline.protocol.channels import Channel
from unit.cli.makers import KEY, package
from unit.cli.program import Program

UNIT = "sim:ble-reference?key=private.key"
PASSWORD = "correct horse 7"  # noqa: S105 - of a key that lives as long as the test
LIVE = (
    "outcome",
    "code",
    "message",
    "bytes",
    "bytes_held",
    "bytes_sent",
    "seconds",
    "transfer_seconds",
)


@pytest.fixture(autouse=True)
def files(folder: Path) -> Path:
    (folder / "dfu.zip").write_bytes(package())
    (folder / "private.key").write_bytes(KEY.format_pem())
    (folder / "locked.key").write_bytes(KEY.format_pem(password=PASSWORD.encode()))
    return folder


@pytest.mark.slow
@pytest.mark.parametrize(
    "unit",
    ["ble-reference", "other-softdevice", "uart-reference", "weak-coin-cell", "wrong-address"],
)
def test_a_trace_comes_to_what_was_seen_live(unit: str, firmline: Program) -> None:
    uri = f"sim:{unit}?key=private.key"
    live = firmline("update", "dfu.zip", "--to", uri, "--trace", "t.jsonl", "--json")
    shown = firmline("trace", "show", "t.jsonl", "--json").json_lines[0]
    assert {name: shown[name] for name in LIVE} == {name: live.result[name] for name in LIVE}
    assert shown["complete"]
    assert sum(phase["seconds"] for phase in shown["phases"]) == pytest.approx(
        live.result["seconds"], abs=0.001
    )


def test_what_is_printed_live_is_the_trace(firmline: Program, files: Path) -> None:
    live = firmline("update", "dfu.zip", "--to", UNIT, "--trace", "t.jsonl", "--json")
    (files / "live.jsonl").write_text(live.out, "utf-8")
    (traced,) = read_traces((files / "t.jsonl").read_bytes(), name="t")
    (printed,) = read_traces((files / "live.jsonl").read_bytes(), name="live")
    assert traced.entries[1:] == printed.entries
    shown = [
        firmline("trace", "show", name, "--json").json_lines[0]
        for name in ("t.jsonl", "live.jsonl")
    ]
    for fields in shown:
        del fields["started_at"], fields["firmline"]
    assert shown[0] == shown[1]


def test_every_line_is_on_the_disk_before_the_next_step(
    firmline: Program, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is asked of the unit stands in the trace before the unit hears it."""
    path = files / "t.jsonl"
    asked: list[str] = []
    write = BumbleConnection.write

    async def watched(self: Any, channel: Channel, data: bytes) -> None:
        last = json.loads(path.read_text("ascii").splitlines()[-1])
        if channel is not Channel.PACKET:
            assert (last["type"], last["data"]) == ("request_sent", data.hex())
            asked.append(last["request"])
        else:
            assert last["type"] in ("object_created", "crc_checked")
        await write(self, channel, data)

    monkeypatch.setattr(BumbleConnection, "write", watched)
    assert firmline("update", "dfu.zip", "--to", UNIT, "--trace", "t.jsonl").code == 0
    assert asked[0] == "enter_bootloader"
    assert "object_execute" in asked


@pytest.mark.parametrize(
    "words",
    [
        ("update", "dfu.zip", "--to", "sim:ble-reference?key=locked.key"),
        ("inspect", "sim:ble-reference?key=locked.key", "--key-file", "locked.key"),
        ("update", "dfu.zip", "--to", "sim:other-key?speed=1000000&password=" + PASSWORD),
        ("update", "dfu.zip", "--to", f"ble:C6:05:04:03:02:01?passkey={PASSWORD}"),
        ("inspect", f"hci:ws://me:{PASSWORD}@host:1/C6:05:04:03:02:01"),
    ],
)
def test_no_trace_holds_a_secret(
    words: tuple[str, ...], firmline: Program, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIRMLINE_KEY_PASSWORD", PASSWORD)
    ran = firmline(*words, "--trace", "t.jsonl", "--json")
    path = files / "t.jsonl"
    kept = path.read_text("ascii") if path.exists() else ""
    scalar = KEY.format_pem().decode().splitlines()[1]
    for secret in (PASSWORD, PASSWORD.split()[1], scalar, scalar[:24]):
        assert secret not in kept
        assert secret not in ran.out


def test_a_link_that_is_not_there_leaves_a_trace(firmline: Program, files: Path) -> None:
    ran = firmline("update", "dfu.zip", "--to", "nrfconn:COM99/C6:05:04:03:02:01", "--trace", "t")
    assert ran.code == 3
    (trace,) = read_traces((files / "t").read_bytes(), name="t")
    assert trace.finished is not None
    assert trace.finished.code == Code.PORT_NOT_FOUND
    shown = firmline("trace", "show", "t").out
    assert "failed after 0.0 s: There is no port COM99." in shown
    assert "dfu.zip" in shown
    ran = firmline("inspect", "nrfconn:COM99/C6:05:04:03:02:01", "--trace", "i")
    (trace,) = read_traces((files / "i").read_bytes(), name="i")
    assert trace.finished is not None
    assert trace.finished.code == Code.PORT_NOT_FOUND


def test_an_inspection_is_shown_too(firmline: Program) -> None:
    words = ("inspect", UNIT, "--key-file", "private.key", "--trace", "t.jsonl")
    assert firmline(*words).code == 0
    out = firmline("trace", "show", "t.jsonl").out
    assert "  ended     read after" in out
    assert "probing its bootloader" in out


def test_every_question_to_a_serial_bootloader_is_in_its_trace(firmline: Program) -> None:
    uri = "sim:uart-reference?key=private.key"
    firmline("update", "dfu.zip", "--to", uri, "--trace", "t.jsonl")
    lines = firmline("trace", "show", "t.jsonl", "--all", "--json").json_lines
    asked = [line["request"] for line in lines if line["type"] == "request_sent"]
    assert asked[0] == "ping"
    assert asked.count("firmware_version") == 4
    answers = [line for line in lines if line["type"] == "answer_received"]
    assert len(answers) >= len(asked) - asked.count("ping")
