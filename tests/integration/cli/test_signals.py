"""Signals to end, sent to real processes at chosen moments: a tidy end, and nothing else."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from firmline.errors import Code, ExitCode
from firmline.formats.package import write_package
from firmline.formats.package_build import build_package
from firmline.values import Fwid
from integration.serving.served import Serving, make_update
from unit.cli.makers import APPLICATION, inputs, package, spec
from unit.cli.program import PATIENCE_S, SCRIPT, Ran, environment, run_process
from unit.formats.makers import image

pytestmark = pytest.mark.slow

WHILE_IMPORTING = """
import os, sys
module, number = sys.argv[1:3]
def heard(event, arguments):
    if event == "import" and arguments[0] == module:
        os.kill(os.getpid(), int(number))
sys.addaudithook(heard)
"""
TELL_THAT_IT_BEGINS = """
import os, sys
def heard(event, arguments):
    if event == "import" and arguments[0] == "firmline.cli.main":
        os.write(2, b".")
sys.addaudithook(heard)
sys.argv[1:1] = ["", ""]
"""
BEHIND_EVENTS = """
import os, sys
from firmline.cli.trace_file import TraceFile
at, number = [{int(each) for each in words.split(",")} for words in sys.argv[1:3]]
hear, count = TraceFile.hear, 0
def counted(self, event):
    global count
    hear(self, event)
    count += 1
    if count in at:
        os.kill(os.getpid(), *number)
TraceFile.hear = counted
"""
BEGIN = """
from firmline.cli.entry import main
sys.argv[1:] = sys.argv[3:]
main()
"""
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
KEY = "?key=private.key"
COMMANDS = {
    "over the air": ("update", "dfu.zip", "--to", f"sim:ble-reference{KEY}"),
    "serial": ("update", "dfu.zip", "--to", f"sim:uart-reference{KEY}"),
    "usb": ("update", "usb.zip", "--to", f"sim:nrf52840-usb{KEY}"),
    "two units": (
        *("update", "dfu.zip", "--to", f"sim:ble-reference{KEY}"),
        *("--to", f"sim:sdk17-ble{KEY}"),
    ),
    "inspect over the air": ("inspect", "sim:ble-reference", "--key-file", "private.key"),
    "inspect at a port": ("inspect", "sim:uart-reference", "--key-file", "private.key"),
}
MOMENTS = 4
"""Of each command, spread over its events; the first is behind the first of them."""


@pytest.fixture(autouse=True)
def files(folder: Path) -> Path:
    """``dfu.zip``, ``usb.zip`` and the key that signed them, in the current folder."""
    inputs(folder)
    (folder / "dfu.zip").write_bytes(package())
    for_usb = replace(spec(image(APPLICATION, address=None)), sd_req=(Fwid(0x100),))
    (folder / "usb.zip").write_bytes(write_package(build_package(for_usb)))
    return folder


def begun(prologue: str, *words: str) -> Ran:
    """The program, hit by a signal at the moment that the prologue chooses."""
    for earlier in Path.cwd().glob("*.jsonl"):
        earlier.unlink()  # it would be put aside, with a word about it
    script = (sys.executable, "-c", prologue + BEGIN)
    return run_process(*words, cwd=Path.cwd(), script=script)


def assert_interrupted(ran: Ran, *, before_a_command: bool = False) -> None:
    """The exit code of the contract, and one sentence; none where there was no command yet."""
    said = ran.err.splitlines()
    assert ran.code == ExitCode.INTERRUPTED, ran.err
    if before_a_command and not said:
        return
    if "the unit has accepted everything" in said[0]:
        assert said[1].startswith("  next: Nothing has to be sent again")
    else:
        told = {
            f"error: The {what} was interrupted" for what in ("command", "update", "inspection")
        }
        assert any(said[0].startswith(each) for each in told)
        assert said[0].endswith(f". [{Code.INTERRUPTED}]")
        assert said[1].startswith("  next: Run the same command again")
    assert len(said) == 2


def traces() -> list[list[dict[str, Any]]]:
    """The events of every trace that was kept."""
    return [
        [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        for path in sorted(Path.cwd().glob("trace*.jsonl"))
    ]


# While it begins.


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize(
    "module",
    ["firmline.cli.main", "click.types", "firmline.cli.running", "firmline.updater.update"],
)
def test_a_signal_in_the_middle_of_an_import_ends_it_quietly(
    module: str, number: signal.Signals
) -> None:
    ran = begun(WHILE_IMPORTING, module, str(int(number)), *COMMANDS["over the air"])
    assert_interrupted(ran, before_a_command=module in {"firmline.cli.main", "click.types"})
    assert ran.out == ""


@pytest.mark.parametrize("delay_s", [0.0, 0.2, 0.4, 0.6])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_served_unit_and_a_scan_end_in_order_whenever_it_is(
    delay_s: float, number: signal.Signals
) -> None:
    for words in (("sim", "serve"), ("scan", "--on", "sim:ble-reference?speed=1")):
        with subprocess.Popen(
            [sys.executable, "-c", TELL_THAT_IT_BEGINS + BEGIN, *words],
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stderr is not None
            assert process.stderr.read(1) == "."
            time.sleep(delay_s)
            process.send_signal(number)
            out, err = process.communicate(timeout=PATIENCE_S)
        if "Serving" in out:
            assert process.returncode == (130 if number == signal.SIGINT else 0)
            assert err == ""
        else:
            ran = Ran(code=process.returncode, out=out, err=err)
            assert_interrupted(ran, before_a_command=True)


def test_a_program_that_a_shell_began_deaf_to_ctrl_c_still_ends_in_order() -> None:
    words = ("-c", 'trap "" INT; "$@"', "sh", sys.executable, "-c", BEHIND_EVENTS + BEGIN)
    serial = (*COMMANDS["serial"], "--trace", "trace.jsonl")
    for number, code in ((signal.SIGINT, {0, 5}), (signal.SIGTERM, {130})):
        ran = run_process("9", str(int(number)), *serial, cwd=Path.cwd(), script=("sh", *words))
        assert ran.code in code
        assert traces()[0][-1]["type"] == "update_finished"


# While it works.


@pytest.mark.parametrize("name", COMMANDS)
def test_a_signal_at_any_moment_lets_the_work_come_to_its_end(name: str) -> None:
    words = (*COMMANDS[name], "--trace", "trace.jsonl")
    ran = begun(BEHIND_EVENTS, "0", "0", *words)
    assert ran.code in {ExitCode.DONE, ExitCode.UNVERIFIED}, ran.err
    whole = sum(map(len, traces())) - 2 * len(traces())
    for moment in range(MOMENTS):
        at, number = 1 + (whole - 1) * moment // MOMENTS, SIGNALS[moment % len(SIGNALS)]
        ran = begun(BEHIND_EVENTS, str(at), str(int(number)), *words)
        assert_interrupted(ran)
        assert_complete(at)


def test_two_signals_at_once_are_as_one() -> None:
    words = (*COMMANDS["over the air"], "--trace", "trace.jsonl")
    for at in ("9,10", "30,31"):
        assert_interrupted(begun(BEHIND_EVENTS, at, str(int(signal.SIGTERM)), *words))
        assert_complete(1)


FIGURES = {
    "bytes": "size",
    "bytes_held": "held_size",
    "bytes_sent": "sent_size",
    "seconds": "duration_s",
    "transfer_seconds": "transfer_s",
}
"""Of the result line, and what the last event calls them."""


@pytest.mark.parametrize("is_all_accepted", [False, True])
def test_the_result_of_an_interrupted_update_is_what_was_seen(is_all_accepted: bool) -> None:
    words = (*COMMANDS["over the air"], "--trace", "trace.jsonl", "--json")
    assert begun(BEHIND_EVENTS, "0", "0", *words).code == ExitCode.DONE
    types = [event["type"] for event in traces()[0]]
    end = types.index("image_sent")
    last_packets = max(at for at in range(end) if types[at] == "packets_sent")
    at = 1 + (end if is_all_accepted else last_packets)
    ran = begun(BEHIND_EVENTS, str(at), str(int(signal.SIGTERM)), *words)
    assert ran.code == ExitCode.INTERRUPTED
    told = [json.loads(line) for line in ran.out.splitlines()]
    finished, result = told[-2:]
    assert [line["type"] for line in told].count("result") == 1
    assert (finished["type"], result["type"]) == ("update_finished", "result")
    for ours, theirs in FIGURES.items():
        assert result[ours] == pytest.approx(finished[theirs], abs=0.001), ours
    assert (result["code"], result["message"]) == (finished["code"], finished["message"])
    assert result["bytes_sent"] > 0
    assert result["seconds"] > 0
    assert result["outcome"] == finished["outcome"]
    assert result["outcome"] == ("unverified" if is_all_accepted else "failed")
    assert ("Nothing has to be sent again" in result["next"]) == is_all_accepted


def test_of_several_units_each_has_its_result_when_all_are_stopped() -> None:
    words = ("update", "dfu.zip", "--to", f"sim:ble-reference{KEY}", "--to", f"sim:sdk17-ble{KEY}")
    ran = begun(
        BEHIND_EVENTS, "30", str(int(signal.SIGTERM)), *words, "--trace", "t.jsonl", "--json"
    )
    told = [json.loads(line) for line in ran.out.splitlines()]
    *_, first, second, last = told
    assert [first["type"], second["type"], last["type"]] == ["unit_result", "unit_result", "result"]
    assert [first["unit"], second["unit"]] == ["sim:ble-reference", "sim:sdk17-ble"]
    assert {first["code"], second["code"], last["code"]} == {Code.INTERRUPTED}
    assert (last["units"], last["updated"], last["outcomes"]["failed"]) == (2, 0, 2)
    assert last["next"].startswith("Run the same command again")
    assert [line["type"] for line in told].count("result") == 1
    ran = begun(BEHIND_EVENTS, "30", str(int(signal.SIGTERM)), *words, "--trace", "t.jsonl")
    assert ran.code == ExitCode.INTERRUPTED
    assert "0 of 2 units were updated." in ran.out


@pytest.mark.parametrize("command", ["inspect", "pkg check"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_what_an_interrupted_inspection_has_found_is_told(
    command: str, number: signal.Signals
) -> None:
    how = ("--key-file", "private.key", "--trace", "trace.jsonl")
    unit = f"sim:ble-reference{KEY}"
    words = (
        ("inspect", unit, *how)
        if command == "inspect"
        else ("pkg", "check", "dfu.zip", "--for", "chip=nrf52832-512k", "--to", unit, *how)
    )
    assert begun(BEHIND_EVENTS, "0", "0", *words).code == ExitCode.DONE
    types = [event["type"] for event in traces()[0]]
    at = types.index("probe_refused") + 3
    ran = begun(BEHIND_EVENTS, str(at), str(int(number)), *words, "--json")
    assert ran.code == ExitCode.INTERRUPTED
    told = [json.loads(line) for line in ran.out.splitlines()]
    assert [line["type"] for line in told].count("result") == 1
    (trace,) = traces()
    kept = [(each["fact"], each["value"]) for each in trace if each["type"] == "fact_found"]
    result = told[-1]
    assert [(each["fact"], each["value"]) for each in result["facts"]] == kept
    assert ("softdevice_fwid", "0x0103") in kept
    assert (result["code"], result["left_in"]) == (Code.INTERRUPTED, "bootloader")
    assert (trace[-1]["left_in"], trace[-1]["message"]) == ("bootloader", result["message"])
    assert result["problems"] == []
    ran = begun(BEHIND_EVENTS, str(at), str(int(number)), *words)
    assert_interrupted(ran)
    assert "  SoftDevice                 0x0103" in ran.out
    error, hint = ran.err.splitlines()
    assert "the unit is in its bootloader, which starts its application after 120 s" in error
    assert "120 s from now" in hint


def assert_complete(at: int) -> None:
    """Every trace ends with the last event, which says why; of several units one may be done."""
    ends = [trace[-1] for trace in traces()]
    assert {end["type"] for end in ends} <= {"update_finished", "inspection_finished"}, at
    assert all(end["code"] in {Code.INTERRUPTED, ""} for end in ends), at
    assert Code.INTERRUPTED in {end["code"] for end in ends}, at


def test_a_unit_behind_a_real_port_takes_the_update_whatever_was_broken_off_before() -> None:
    folder = Path.cwd()
    dfu, key_file = make_update(folder)
    with Serving("--key-file", str(key_file), cwd=folder) as serving:
        words = ("update", str(dfu), "--to", f"serial:{serving.first['pty']}")
        for at, number in ((3, signal.SIGTERM), (12, signal.SIGINT), (20, signal.SIGHUP)):
            traced = (*words, "--trace", "trace.jsonl")
            assert_interrupted(begun(BEHIND_EVENTS, str(at), str(int(number)), *traced))
            assert_complete(at)
        ran = run_process(*words, "--expect", "application 2", cwd=folder)
        assert ran.code == ExitCode.DONE, ran.err
        assert serving.until("runs", mode="application")["firmware_revision"].startswith("2+")
        serving.end()


def test_an_interruption_before_the_road_is_open_is_kept_too() -> None:
    """A Bluetooth controller that never answers."""
    ours, theirs = os.openpty()
    try:
        port = os.ttyname(theirs)
        words = ("update", "dfu.zip", "--to", f"hci:serial:{port}/C6:05:04:03:02:01")
        with subprocess.Popen(
            [SCRIPT, *words, "--trace", "trace.jsonl"],
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            assert os.read(ours, 1)  # its first command
            process.send_signal(signal.SIGTERM)
            out, err = process.communicate(timeout=PATIENCE_S)
    finally:
        os.close(ours)
        os.close(theirs)
    assert_interrupted(Ran(code=process.returncode, out=out, err=err))
    (trace,) = traces()
    assert (trace[-1]["type"], trace[-1]["code"]) == ("update_finished", Code.INTERRUPTED)
