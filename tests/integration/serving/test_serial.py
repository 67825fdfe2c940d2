"""A served UART unit: real pseudo-terminals and sockets, clients that come, go and misbehave."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import socket
import stat
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from firmline.device.application import GPREGRET_ENTER_DFU
from firmline.device.fabrication import fabricate
from firmline.device.profile import SDK15_3_USB
from firmline.errors import InputError
from firmline.links.serving.open import check_place, serve_unit
from firmline.links.serving.place import Place, Road
from firmline.links.serving.witness import Happening, Source, Witness
from integration.serving.served import Serving, ask, connect, port, read_frame
from unit.cli.program import PATIENCE_S, SCRIPT, environment, run_at_terminal
from unit.device.makers import describe

pytestmark = pytest.mark.slow

PING, PONG = b"\x09\x42\xc0", b"\x60\x09\x01\x42\xc0"
GARBAGE = random.Random(3).randbytes(30_000)
# Characters that a terminal would translate, obey or keep for itself.
OBEYED = b"\x03\x04\x0a\x0d\x11\x13\x1a\x1c\x7f\xff"


@pytest.fixture
def pty(tmp_path: Path) -> Iterator[Serving]:
    with Serving("--on", "pty", cwd=tmp_path) as serving:
        yield serving


@pytest.fixture
def tcp(tmp_path: Path) -> Iterator[Serving]:
    with Serving("--on", "tcp:0", cwd=tmp_path) as serving:
        yield serving


def test_the_first_line_names_a_pseudo_terminal(pty: Serving) -> None:
    assert (pty.first["type"], pty.first["unit"]) == ("serving", "uart-reference")
    assert stat.S_ISCHR(Path(pty.first["pty"]).stat().st_mode)
    assert pty.end()["mode"] == "bootloader"


def test_a_unit_with_usb_waits_in_its_bootloader_where_no_trigger_comes(tmp_path: Path) -> None:
    with Serving("--unit", "nrf52840-usb", cwd=tmp_path) as serving:
        with port(serving.first["pty"]) as client:
            assert ask(client, PING) == PONG
        assert serving.end()["mode"] == "bootloader"


def test_bytes_pass_a_pseudo_terminal_as_they_are(pty: Serving) -> None:
    with port(pty.first["pty"]) as client:
        for octet in OBEYED:
            answer = ask(client, bytes([0x09, octet, 0xC0]))
            assert answer == bytes([0x60, 0x09, 0x01, octet, 0xC0])
    pty.end()


def test_a_pseudo_terminal_outlives_its_clients(pty: Serving) -> None:
    for _ in range(3):
        with port(pty.first["pty"]) as client:
            assert ask(client, PING) == PONG
    pty.end()


def test_a_wire_knows_no_client_that_leaves_in_the_middle_of_a_frame(pty: Serving) -> None:
    with port(pty.first["pty"]) as client:
        os.write(client, PING[:1])
    with port(pty.first["pty"]) as client:
        assert ask(client, PING[1:]) == PONG
    pty.end()


def test_garbage_on_a_serial_line_ends_nothing(tmp_path: Path) -> None:
    with Serving("--on", "tcp:0", "--baud", "1000000", cwd=tmp_path) as serving:
        with connect(serving.first["tcp"]) as client:
            client.sendall(GARBAGE)
        serving.until("left")
        assert serving.process.poll() is None
        assert serving.end()["clients"] == 1


def test_a_unit_that_was_reset_answers_again(pty: Serving) -> None:
    with port(pty.first["pty"]) as client:
        os.write(client, b"\x0c\xc0")  # ABORT: resets, and its application has no serial port
        pty.until("runs", mode="application")
    result = pty.end()
    assert (result["mode"], result["resets"]) == ("application", 1)
    assert result["firmware_revision"].startswith("1+")


def test_a_tcp_client_is_seen_to_come_and_go(tcp: Serving) -> None:
    for _ in range(2):
        with connect(tcp.first["tcp"]) as client:
            tcp.until("connected")
            assert ask(client.fileno(), PING) == PONG
        tcp.until("left")
    assert tcp.end()["clients"] == 2


def test_the_second_tcp_client_waits_for_the_first(tcp: Serving) -> None:
    with connect(tcp.first["tcp"]) as first, connect(tcp.first["tcp"]) as second:
        second.sendall(PING)
        assert ask(first.fileno(), b"\x09\x01\xc0") == b"\x60\x09\x01\x01\xc0"
        first.close()
        assert read_frame(second.fileno()) == PONG
    result = tcp.end()
    assert [line["what"] for line in tcp.lines if line["type"] == "client"][:3] == [
        *("connected", "left", "connected")
    ]
    assert result["clients"] == 2


def test_a_tcp_client_that_has_said_everything_still_gets_its_answer(tcp: Serving) -> None:
    with connect(tcp.first["tcp"]) as client:
        client.sendall(PING)
        client.shutdown(socket.SHUT_WR)
        assert read_frame(client.fileno()) == PONG
        assert client.recv(1) == b""
    tcp.end()


def test_a_tcp_connection_that_is_torn_is_a_client_that_left(tcp: Serving) -> None:
    with connect(tcp.first["tcp"]) as client:
        assert ask(client.fileno(), PING) == PONG
        # No time to linger: a reset instead of a goodbye.
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    tcp.until("left")
    tcp.end()


def test_a_tcp_client_that_never_reads_holds_nothing_up(tmp_path: Path) -> None:
    with (
        Serving("--on", "tcp:0", "--baud", "1000000", cwd=tmp_path) as serving,
        connect(serving.first["tcp"]) as client,
    ):
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
        client.sendall(PING * 4000)
        serving.until("connected")
        serving.end()


async def test_a_usb_unit_has_no_byte_times() -> None:
    unit = fabricate(describe(profile=SDK15_3_USB, gpregret=GPREGRET_ENTER_DFU))
    heard: list[Happening] = []
    witness = Witness(unit, heard.append)
    place = Place(road=Road.TCP)
    with pytest.raises(InputError, match="has no UART whose speed could be set"):
        check_place(unit, place, baud=9600)
    check_place(unit, place, baud=None)
    async with serve_unit(unit, place, baud=None, witness=witness) as served:
        served.power_on()
        host, _, number = served.where["tcp"].rpartition(":")
        reader, writer = await asyncio.open_connection(host, int(number))
        writer.write(PING * 100)
        async with asyncio.timeout(PATIENCE_S):
            assert await reader.readexactly(100 * len(PONG)) == PONG * 100
        writer.close()
        await writer.wait_closed()
    assert [happening.what for happening in heard if happening.source is Source.CLIENT] == [
        *("connected", "left")
    ]


def test_only_this_computer_can_connect(tcp: Serving) -> None:
    assert tcp.first["tcp"].startswith("127.0.0.1:")
    tcp.end()


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (signal.SIGTERM, 0),
        pytest.param(signal.SIGHUP, 0, marks=pytest.mark.slow),
        (signal.SIGINT, 130),
    ],
)
@pytest.mark.parametrize("place", ["pty", pytest.param("tcp:0", marks=pytest.mark.slow)])
def test_a_signal_ends_it_while_a_client_is_there(
    place: str, number: int, code: int, tmp_path: Path
) -> None:
    with Serving("--on", place, cwd=tmp_path) as serving:
        if place == "pty":
            with port(serving.first["pty"]) as client:
                os.write(client, PING[:2])
                result = serving.end(number, code=code)
        else:
            with connect(serving.first["tcp"]) as client:
                serving.until("connected")
                client.sendall(PING[:2])
                result = serving.end(number, code=code)
                with suppress(ConnectionResetError):  # where its bytes were still to be read
                    assert client.recv(1) == b""
        assert result["outcome"] == "served"


def test_a_reader_who_leaves_ends_nothing(tmp_path: Path) -> None:
    with subprocess.Popen(
        [SCRIPT, "sim", "serve", "--json", "--on", "tcp:0"],
        cwd=tmp_path,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        first = json.loads(process.stdout.readline())
        process.stdout.close()
        for _ in range(2):
            with connect(first["tcp"]) as client:
                assert ask(client.fileno(), PING) == PONG
        process.terminate()
        assert process.wait(PATIENCE_S) == 0
        assert process.stderr.read() == b""


def test_at_a_terminal_ctrl_c_ends_it_with_a_last_line(tmp_path: Path) -> None:
    seen = run_at_terminal("sim", "serve", cwd=tmp_path, answers=[("runs", "\x03")])
    assert (seen.code, seen.restored) == (130, True)
    first, *_, last = seen.text.splitlines()
    assert "Serving\x1b[0m uart-reference on " in first
    assert last.startswith("uart-reference runs its bootloader; 0 resets, ")
    assert "Traceback" not in seen.text
