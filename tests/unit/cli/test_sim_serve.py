"""``firmline sim serve`` without clients: what it refuses, what it prints, how it is ended."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import random
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout, suppress
from pathlib import Path

import pytest

from firmline.cli.ending import Ending, ending_signals
from firmline.cli.sim_serve import JsonTeller, Teller
from firmline.errors import Code, ExitCode
from firmline.formats.records import format_intel_hex
from firmline.formats.spans import Span
from firmline.links.serving.witness import Happening, Source
from unit.cli.program import Program, assert_failed, run_process

SERVE = ("sim", "serve")


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    """A command that fails leaves the signals as they were."""
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    yield
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Makes a signal come as soon as the unit is served."""

    def end(number: int) -> None:
        async def wait(self: Ending) -> None:
            self.handle(number, None)
            await asyncio.sleep(0)

        monkeypatch.setattr(Ending, "wait", wait)

    return end


@pytest.mark.parametrize("place", ["foo", "tcp:", "hci-tcp:x", "pty:1", "hci-unix:", ""])
def test_a_place_that_there_is_not_is_a_usage_error(place: str, firmline: Program) -> None:
    assert_failed(firmline(*SERVE, "--on", place), Code.USAGE)


def test_a_port_that_there_cannot_be_is_out_of_range(firmline: Program) -> None:
    assert_failed(firmline(*SERVE, "--on", "hci-tcp:99999"), Code.NUMBER_OUT_OF_RANGE)


@pytest.mark.parametrize("place", ["tcp", "hci-tcp"])
def test_a_port_that_is_taken_is_said_to_be(place: str, firmline: Program) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ran = firmline(*SERVE, "--on", f"{place}:{port}", "--json")
    assert_failed(ran, Code.LINK_NOT_AVAILABLE, ExitCode.LINK)
    assert f"TCP port {port} cannot be served: address already in use." in ran.err
    assert ran.result["outcome"] == "failed"


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("--unit", "ble-reference", "--on", "pty"), "--on hci-tcp:0"),
        (("--unit", "ble-reference", "--on", "tcp:0"), "--on hci-tcp:0"),
        (("--unit", "uart-reference", "--on", "hci-tcp:0"), "--on pty"),
        (("--unit", "uart-reference", "--on", "hci-unix:x"), "--on pty"),
        (("--unit", "ble-reference", "--baud", "9600"), "Leave --baud out"),
    ],
)
def test_a_unit_that_does_not_fit_the_road_is_refused(
    words: tuple[str, ...], hint: str, firmline: Program
) -> None:
    ran = firmline(*SERVE, *words)
    assert_failed(ran, Code.OPTION_CONFLICT)
    assert hint in ran.err


@pytest.mark.parametrize(
    ("baud", "code"),
    [
        ("1199", Code.NUMBER_OUT_OF_RANGE),
        ("1000001", Code.NUMBER_OUT_OF_RANGE),
        ("fast", Code.NUMBER_MALFORMED),
        ("-9600", Code.NUMBER_MALFORMED),
    ],
)
def test_a_speed_that_no_uart_has_is_refused(baud: str, code: Code, firmline: Program) -> None:
    assert_failed(firmline(*SERVE, "--baud", baud), code)


def test_an_unknown_unit_is_named(firmline: Program) -> None:
    assert_failed(firmline(*SERVE, "--unit", "nobody"), Code.TARGET_UNKNOWN_UNIT)


def test_a_key_that_cannot_be_read_is_named(folder: Path, firmline: Program) -> None:
    assert_failed(firmline(*SERVE, "--key-file", "none.key"), Code.FILE_MISSING)
    (folder / "bad.key").write_text("no key")
    assert_failed(firmline(*SERVE, "--key-file", "bad.key"), Code.KEY_MALFORMED)


def test_a_dump_that_cannot_be_read_is_named(folder: Path, firmline: Program) -> None:
    assert_failed(firmline(*SERVE, "--flash", "none.hex"), Code.FILE_MISSING)
    (folder / "dump.hex").write_text("no records\n")
    assert_failed(firmline(*SERVE, "--flash", "dump.hex"), Code.IMAGE_MALFORMED)


@pytest.mark.parametrize("name", ["noise.bin", "noise.hex"])
def test_a_unit_is_not_made_of_bytes_in_which_nothing_is_known(
    folder: Path, firmline: Program, name: str
) -> None:
    """As in an autopsy of the same file."""
    noise = random.Random(6).randbytes(0x4000)
    records = format_intel_hex((Span(address=0x20000, data=noise),)).encode()
    (folder / name).write_bytes(noise if name.endswith(".bin") else records)
    for command in ((*SERVE, "--flash", name), ("autopsy", name)):
        ran = firmline(*command)
        assert_failed(ran, Code.DUMP_UNKNOWN)
        assert not ran.out


def test_what_is_at_the_path_and_is_no_socket_stays(folder: Path, firmline: Program) -> None:
    (folder / "file").write_text("precious")
    (folder / "folder").mkdir()
    for name in ("file", "folder"):
        ran = firmline(*SERVE, "--on", f"hci-unix:{name}")
        assert_failed(ran, Code.FILE_EXISTS)
    assert (folder / "file").read_text() == "precious"
    assert (folder / "folder").is_dir()


@pytest.mark.parametrize("path", ["none/socket", "x" * 200, "file/socket"])
def test_a_path_where_nothing_can_be_made_is_refused(
    path: str, folder: Path, firmline: Program
) -> None:
    (folder / "file").touch()
    ran = firmline(*SERVE, "--on", f"hci-unix:{path}")
    assert_failed(ran, Code.FILE_NOT_WRITABLE)
    assert "x" * 100 not in ran.err


def test_a_socket_that_somebody_listens_at_is_left_to_him(folder: Path, firmline: Program) -> None:
    with socket.socket(socket.AF_UNIX) as other:
        other.bind("taken")
        other.listen()
        ran = firmline(*SERVE, "--on", "hci-unix:taken")
    assert_failed(ran, Code.LINK_NOT_AVAILABLE, ExitCode.LINK)
    assert (folder / "taken").is_socket()


def test_without_pseudo_terminals_tcp_is_the_advice(
    firmline: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("firmline.links.serving.pseudo_terminal.find_spec", lambda _name: None)
    ran = firmline(*SERVE, "--on", "pty")
    assert_failed(ran, Code.LINK_NOT_AVAILABLE, ExitCode.LINK)
    assert "--on tcp:0" in ran.err


def test_a_pseudo_terminal_that_cannot_be_had_is_said_to_be(
    firmline: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none_left() -> tuple[int, int]:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "openpty", none_left)
    assert_failed(firmline(*SERVE), Code.LINK_NOT_AVAILABLE, ExitCode.LINK)


def test_without_unix_sockets_tcp_is_the_advice(
    firmline: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("firmline.links.serving.sockets._has_unix_sockets", lambda: False)
    ran = firmline(*SERVE, "--on", "hci-unix:x")
    assert_failed(ran, Code.LINK_NOT_AVAILABLE, ExitCode.LINK)
    assert "--on hci-tcp:0" in ran.err


def test_without_bumble_there_is_no_radio(
    firmline: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("firmline.links.virtual_radio.find_spec", lambda _name: None)
    ran = firmline(*SERVE, "--unit", "ble-reference")
    assert_failed(ran, Code.LINK_EXTRA_MISSING, ExitCode.LINK)


# What is printed.


@pytest.mark.parametrize(
    ("words", "unit", "where"),
    [
        ((), "uart-reference", "pty"),
        (("--on", "tcp:0"), "uart-reference", "tcp"),
        (("--on", "hci-tcp:0"), "ble-reference", "hci"),
        (("--unit", "other-softdevice"), "other-softdevice", "hci"),
        (("--on", "hci-unix:socket"), "ble-reference", "hci"),
    ],
)
def test_what_is_not_asked_for_fits_what_is(
    words: tuple[str, ...],
    unit: str,
    where: str,
    at_once: Callable[[int], None],
    firmline: Program,
) -> None:
    at_once(signal.SIGTERM)
    ran = firmline(*SERVE, *words, "--json")
    assert (ran.code, ran.err) == (ExitCode.DONE, "")
    first = ran.json_lines[0]
    assert (first["type"], first["unit"]) == ("serving", unit)
    assert set(first) == {"type", "unit", where}
    assert ran.result["unit"] == unit


def test_the_json_is_the_contract(at_once: Callable[[int], None], firmline: Program) -> None:
    at_once(signal.SIGINT)
    ran = firmline(*SERVE, "--json")
    assert (ran.code, ran.err) == (ExitCode.INTERRUPTED, "")
    serving, boot, runs, _ = ran.json_lines
    assert list(serving) == ["type", "unit", "pty"]
    assert boot == {"type": "unit", "at": boot["at"], "what": "boot", "into": "dfu"}
    assert runs == {"type": "unit", "at": runs["at"], "what": "runs", "mode": "bootloader"}
    result = ran.result
    assert result.pop("seconds") >= 0
    assert result == {
        "type": "result",
        "outcome": "served",
        "unit": "uart-reference",
        "mode": "bootloader",
        "firmware_revision": None,
        "resets": 0,
        "clients": 0,
    }


def test_the_lines_for_people(at_once: Callable[[int], None], firmline: Program) -> None:
    at_once(signal.SIGTERM)
    ran = firmline(*SERVE, "--unit", "ble-reference")
    assert (ran.code, ran.err) == (0, "")
    first, boot, runs, last = ran.out.splitlines()
    assert first.startswith("Serving ble-reference on tcp-client:127.0.0.1:")
    assert first.endswith(". Ctrl-C ends it.")
    assert boot.split()[1:] == ["unit", "boot", "into", "app"]
    assert "mode application, firmware_revision 1+" in runs
    assert last.startswith("ble-reference runs 1+")


HAPPENED = Happening(
    source=Source.CLIENT,
    at_s=1.23456789,
    what="left",
    facts={"type": "of a fact", "why": "\x1b[31m", "number": 7},
)


def test_a_happening_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    JsonTeller().happened(HAPPENED)
    assert json.loads(capsys.readouterr().out) == {
        "type": "client",
        "at": 1.234568,
        "what": "left",
        "why": "\x1b[31m",
        "number": 7,
    }


def test_a_happening_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    Teller().happened(HAPPENED)
    printed = capsys.readouterr().out
    assert "     1.235  client  left" in printed
    assert printed.endswith("why \\x1b[31m, number 7\n")


@pytest.mark.slow
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
@pytest.mark.parametrize("words", [(), ("--json",)])
def test_without_space_for_the_first_line_nothing_is_served(
    words: tuple[str, ...], folder: Path
) -> None:
    with Path("/dev/full").open("wb") as full:
        ran = run_process(*SERVE, "--on", "tcp:0", *words, cwd=folder, stdout=full.fileno())
    assert_failed(ran, Code.OUTPUT_NOT_WRITABLE, ExitCode.LINK)
    assert "The output cannot be written: no space left on device." in ran.err


def test_a_reader_who_leaves_is_not_told_any_more(capsys: pytest.CaptureFixture[str]) -> None:
    teller = JsonTeller()
    ours, theirs = os.pipe()
    os.close(ours)
    output = os.fdopen(theirs, "w")
    with redirect_stdout(output):
        teller.happened(HAPPENED)
    with suppress(BrokenPipeError):
        output.close()
    teller.happened(HAPPENED)
    assert capsys.readouterr().out == ""


# Signals.


async def test_a_signal_that_came_before_is_not_waited_for() -> None:
    ending = Ending()
    ending.handle(signal.SIGTERM, None)
    ending.handle(signal.SIGINT, None)
    await ending.wait()
    assert ending.number == signal.SIGTERM


def test_a_signal_that_is_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with ending_signals() as ending:
            assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
            assert signal.getsignal(signal.SIGTERM) == ending.handle
    finally:
        signal.signal(signal.SIGINT, before)
