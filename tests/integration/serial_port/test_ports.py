"""Real pseudo-terminals and sockets: everything that can be wrong with a port, and a unit at it."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import signal
import socket
import subprocess
import threading
import time
import tty
from pathlib import Path

import pytest
import serial

from firmline.errors import Code, TransportError, TransportReason
from firmline.links.serial.link import serial_link
from firmline.links.serial.options import FlowControl, SerialOptions
from firmline.links.serial.problems import cannot_open
from firmline.protocol.channels import Channel
from integration.serial_port.peer import Peer, peer
from integration.serial_port.program import NEW, Line, firmline
from integration.serving.nrfutil import find_nrfutil, send
from integration.serving.served import APPLICATION, Serving, make_update
from unit.cli.program import PATIENCE_S, SCRIPT, environment, nobody_listens

pytestmark = pytest.mark.slow


@pytest.fixture
def update(tmp_path: Path) -> tuple[Path, Path]:
    return make_update(tmp_path)


def failed(target: str, package: Path) -> Line:
    """The result of an update that ends with exit code 3, within seconds."""
    begin_s = time.monotonic()
    code, lines, said = firmline("update", package, "--to", target, cwd=package.parent)
    assert code == 3, said
    assert time.monotonic() - begin_s < 10
    assert "Traceback" not in said
    heads = [line.split(":")[0] for line in said.splitlines()]
    assert heads[:2] == ["error", "  next"]
    assert heads[2:] in ([], ["  cause"])  # where it may be the unit's
    return lines[-1]


# A unit that waits.


@pytest.mark.slow
@pytest.mark.parametrize("options", ["", "?flow=none", "?baud=1000000"])
def test_a_served_unit_is_updated_by_its_plain_command(
    options: str, update: tuple[Path, Path], tmp_path: Path
) -> None:
    package, key = update
    with Serving("--key-file", str(key), "--baud", "1000000", cwd=tmp_path) as serving:
        target = f"serial:{serving.first['pty']}{options}"
        words = ("update", package, "--to", target, "--expect", NEW)
        code, lines, _ = firmline(*words, cwd=tmp_path)
        result = serving.end()
    assert (code, lines[-1]["outcome"]) == (0, "updated")
    assert (result["mode"], result["firmware_revision"]) == ("application", NEW)


@pytest.mark.slow
def test_without_an_expectation_nothing_is_claimed(
    update: tuple[Path, Path], tmp_path: Path
) -> None:
    package, key = update
    with Serving("--key-file", str(key), "--baud", "1000000", cwd=tmp_path) as serving:
        code, lines, _ = firmline(
            "update", package, "--to", f"serial:{serving.first['pty']}", cwd=tmp_path
        )
        serving.end()
    assert (code, lines[-1]["outcome"]) == (5, "unverified")
    assert "--expect" in lines[-1]["next"]


@pytest.mark.slow
def test_a_url_is_a_port_too(update: tuple[Path, Path], tmp_path: Path) -> None:
    package, key = update
    with Serving(
        *("--key-file", str(key), "--baud", "1000000", "--on", "tcp:0"), cwd=tmp_path
    ) as serving:
        target = f"serial:socket://{serving.first['tcp']}"
        code, lines, said = firmline(
            "update", package, "--to", target, "--expect", NEW, cwd=tmp_path
        )
        serving.end()
    assert (code, lines[-1]["outcome"]) == (0, "updated"), said


@pytest.mark.slow
def test_nrfutils_words_do_the_same(update: tuple[Path, Path], tmp_path: Path) -> None:
    package, key = update
    with Serving("--key-file", str(key), "--baud", "1000000", cwd=tmp_path) as serving:
        words = ("dfu", "serial", "-pkg", package, "-p", serving.first["pty"], "-b", "115200")
        more = (
            "-fc",
            "0",
            "-prn",
            "8",
            "-cd",
            "3",
            "-t",
            "30",
            "--expect",
            NEW,
            "--expect-baud",
            "9600",
        )
        code, lines, said = firmline(*words, *more, cwd=tmp_path)
        serving.end()
    assert (code, lines[-1]["outcome"]) == (0, "updated")
    assert said == "note: -cd is not waited for; the bootloader is asked until it answers.\n"
    assert lines[-1]["seconds"] < 10


@pytest.mark.slow
def test_nrfutil_and_we_both_finish_on_the_same_unit(tmp_path: Path) -> None:
    """One after the other; the unit is served anew, as it waits for its first update."""
    nrfutil = find_nrfutil()
    package, key = make_update(tmp_path)
    for by_nrfutil in (True, False):
        with Serving("--key-file", str(key), "--baud", "1000000", cwd=tmp_path) as serving:
            pty = serving.first["pty"]
            if by_nrfutil:
                assert "Device programmed." in send(nrfutil, package, pty, "-cd", "0", "-t", "1")
            else:
                words = ("dfu", "serial", "-pkg", package, "-p", pty, "--expect", NEW)
                assert firmline(*words, cwd=tmp_path)[0] == 0
            serving.until("runs", mode="application", firmware_revision=NEW)
            serving.end()


@pytest.mark.slow
@pytest.mark.parametrize("share", [0.0, 0.2, 0.5, 0.8, 0.999])
def test_a_unit_that_is_unplugged_is_told_at_once(
    share: float, update: tuple[Path, Path], tmp_path: Path
) -> None:
    """At any moment: the server dies after a share of the update, and its port with it."""
    package, key = update
    with Serving("--key-file", str(key), "--baud", "115200", cwd=tmp_path) as serving:
        target = f"serial:{serving.first['pty']}"
        process = subprocess.Popen(
            [SCRIPT, "update", package, "--to", target, "--expect", NEW, "--json"],
            cwd=tmp_path,
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        lines: list[Line] = []
        for text in process.stdout:
            lines.append(json.loads(text))
            sent = lines[-1].get("type") == "packets_sent" and lines[-1]["object_type"] == "data"
            if (sent and lines[-1]["offset"] >= share * len(APPLICATION)) or share == 0.0:
                break
        serving.process.kill()
        killed_s = time.monotonic()
        lines += [json.loads(text) for text in process.stdout]
        assert process.wait(PATIENCE_S) == 3
        assert time.monotonic() - killed_s < 3
        _, said = process.communicate()
    assert lines[-1]["outcome"] == "failed"
    assert lines[-1]["code"] in {Code.LINK_LOST, Code.PORT_NOT_FOUND, Code.PORT_FAILED}
    assert "Traceback" not in said


@pytest.mark.slow
def test_ctrl_c_leaves_a_unit_that_goes_on_where_it_was(
    update: tuple[Path, Path], tmp_path: Path
) -> None:
    package, key = update
    with Serving("--key-file", str(key), cwd=tmp_path) as serving:
        words = ("update", str(package), "--to", f"serial:{serving.first['pty']}", "--json")
        process = subprocess.Popen(
            [SCRIPT, *words],
            cwd=tmp_path,
            env=environment(),
            stdout=subprocess.PIPE,
            text=True,
            stderr=subprocess.DEVNULL,
        )
        assert process.stdout is not None
        for text in process.stdout:
            if json.loads(text)["type"] == "object_executed" and '"data"' in text:
                break
        process.terminate()
        process.communicate()
        assert process.returncode == 130
        code, lines, _ = firmline(*words[:-1], "--expect", NEW, cwd=tmp_path)
        serving.end()
    assert code == 0
    resumed = [line for line in lines if line["type"] == "resumed"]
    assert [line["object_type"] for line in resumed] == ["command", "data"]
    there, result = resumed[-1]["offset"], lines[-1]
    assert result["bytes_held"] == there > 0
    assert result["bytes_sent"] == result["bytes"] - there


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_behind_the_last_image_leaves_a_unit_that_activates_it(
    number: signal.Signals, update: tuple[Path, Path], tmp_path: Path
) -> None:
    """Between the answer to the last EXECUTE and the proof: its event has just been printed."""
    package, key = update
    with Serving("--key-file", str(key), "--baud", "1000000", cwd=tmp_path) as serving:
        target = f"serial:{serving.first['pty']}"
        process = subprocess.Popen(
            [
                *(SCRIPT, "update", package, "--to", target, "--expect", "nothing it prints"),
                *("--json", "--trace", "t.jsonl"),
            ],
            cwd=tmp_path,
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        lines: list[Line] = []
        for text in process.stdout:
            lines.append(json.loads(text))
            if lines[-1]["type"] == "image_sent":
                process.send_signal(number)
                break
        rest, said = process.communicate(timeout=PATIENCE_S)
        lines += [json.loads(text) for text in rest.splitlines()]
        serving.until("runs", mode="application", firmware_revision=NEW)
        serving.end()
    assert (process.returncode, len(said.splitlines())) == (130, 2), said
    assert "the unit has accepted everything" in said
    result = lines[-1]
    assert (result["type"], result["outcome"]) == ("result", "unverified")
    assert (result["code"], result["proof"]) == (Code.INTERRUPTED, None)
    assert "Nothing has to be sent again" in result["next"]
    trace = [json.loads(line) for line in (tmp_path / "t.jsonl").read_text().splitlines()]
    assert [event["type"] for event in trace].count("image_sent") == 1
    last = trace[-1]
    assert (last["type"], last["outcome"]) == ("update_finished", "unverified")
    assert last["code"] == Code.INTERRUPTED


# Ports that are none, and what answers on those that are.


def test_a_port_that_is_not_there(update: tuple[Path, Path]) -> None:
    result = failed("serial:/dev/ttyNOPE", update[0])
    assert result["code"] == Code.PORT_NOT_FOUND
    assert "/dev/ttyNOPE" in result["message"]


def test_the_name_of_a_port_is_taken_as_it_is(update: tuple[Path, Path]) -> None:
    words = ("dfu", "serial", "-pkg", update[0], "-p", "/dev/ttyNOPE?baud=9600")
    _, lines, _ = firmline(*words, cwd=update[0].parent)
    assert lines[-1]["code"] == Code.PORT_NOT_FOUND
    assert "/dev/ttyNOPE?baud=9600" in lines[-1]["message"]


def test_a_file_is_no_port(update: tuple[Path, Path]) -> None:
    assert failed(f"serial:{update[0]}", update[0])["code"] == Code.PORT_NOT_FOUND


def test_a_folder_is_no_port(update: tuple[Path, Path]) -> None:
    assert failed(f"serial:{update[0].parent}", update[0])["code"] == Code.PORT_NOT_FOUND


def test_a_host_that_nobody_listens_at(update: tuple[Path, Path]) -> None:
    with nobody_listens() as where:
        result = failed(f"serial:socket://{where}", update[0])
    assert result["code"] == Code.PORT_NOT_FOUND
    assert "the connection was refused" in result["message"]
    assert "Start the program that serves the port" in result["next"]


@pytest.mark.parametrize(
    "url",
    ["gopher://here", "socket://here", "socket://127.0.0.1:99999", "rfc2217://[", "socket:///dev"],
)
def test_a_url_that_names_no_port(url: str, update: tuple[Path, Path]) -> None:
    result = failed(f"serial:{url}", update[0])
    assert result["code"] == Code.PORT_NOT_FOUND
    assert url in result["message"]
    assert "socket://HOST:PORT" in result["next"]


def test_a_port_that_another_program_holds(update: tuple[Path, Path]) -> None:
    with peer() as other, serial.Serial(other.path, exclusive=True):
        result = failed(f"serial:{other.path}", update[0])
    assert result["code"] == Code.PORT_BUSY


def test_a_port_at_which_nothing_answers(update: tuple[Path, Path]) -> None:
    with peer() as silent:
        result = failed(f"serial:{silent.path}", update[0])
    assert result["code"] == Code.PORT_SILENT
    assert "bootloader" in result["next"]
    assert "flow=none" in result["next"]
    assert silent.heard.startswith(b"\x09\x01\xc0\x09\x02\xc0")


def test_an_application_that_talks_is_named(update: tuple[Path, Path]) -> None:
    with peer(lambda _data: b"sensor 21.5 C\r\n") as talking:
        result = failed(f"serial:{talking.path}", update[0])
    assert result["code"] == Code.PORT_NONSENSE
    assert "sensor 21.5 C" in result["message"]


def test_an_application_that_talks_in_colours_is_named(update: tuple[Path, Path]) -> None:
    said = b"\x1b[32mI (21)\x1b[0m \x1b[1;33mup\x1b[m\r\n"
    with peer(lambda _data: said) as talking:
        result = failed(f"serial:{talking.path}", update[0])
    assert result["code"] == Code.PORT_NONSENSE
    assert "it says 'I (21) up" in result["message"]


def test_an_echo_is_named(update: tuple[Path, Path]) -> None:
    with peer(lambda data: data) as echoing:
        result = failed(f"serial:{echoing.path}", update[0])
    assert result["code"] == Code.PORT_NONSENSE
    assert "comes back" in result["message"]


def test_noise_is_a_wrong_speed(update: tuple[Path, Path]) -> None:
    with peer(lambda _data: b"\xf8\x00\x1e\xfe\x00\x80\xe6") as noisy:
        result = failed(f"serial:{noisy.path}?baud=9600", update[0])
    assert result["code"] == Code.PORT_NONSENSE
    assert "9600" in result["message"]
    assert "baud=" in result["next"]


def test_a_loop_without_a_unit_is_an_echo(update: tuple[Path, Path]) -> None:
    assert failed("serial:loop://", update[0])["code"] == Code.PORT_NONSENSE


@pytest.mark.parametrize(
    ("problem", "code"),
    [
        (serial.SerialException(errno.EACCES, "could not open"), Code.PORT_FORBIDDEN),
        (OSError(errno.EPERM, "no"), Code.PORT_FORBIDDEN),
        (serial.SerialException(errno.EBUSY, "could not open"), Code.PORT_BUSY),
        # As pyserial puts it on Windows.
        (
            serial.SerialException(
                "could not open port 'COM3': PermissionError(13, 'Access is denied.', None, 5)"
            ),
            Code.PORT_BUSY,
        ),
        (
            serial.SerialException(
                "could not open port 'COM9': FileNotFoundError(2, 'The system cannot find the"
                " file specified.', None, 2)"
            ),
            Code.PORT_NOT_FOUND,
        ),
        (serial.SerialException("anything else"), Code.PORT_FAILED),
    ],
)
def test_what_a_system_says_has_its_code(problem: Exception, code: Code) -> None:
    error = cannot_open("/dev/null", problem)
    assert error.code is code
    assert error.reason is TransportReason.NOT_AVAILABLE


@pytest.mark.parametrize(
    ("cause", "code", "says"),
    [
        (socket.gaierror(-2, "Name or service not known"), Code.PORT_NOT_FOUND, "is not known"),
        (ConnectionRefusedError(), Code.PORT_NOT_FOUND, "Nothing listens at"),
        (TimeoutError("timed out"), Code.PORT_NOT_FOUND, "Nothing answers at"),
        (OSError(errno.ENETUNREACH, "Network is unreachable"), Code.PORT_FAILED, "unreachable"),
    ],
)
def test_what_is_wrong_at_a_host_is_told_in_one_sentence(
    cause: Exception, code: Code, says: str
) -> None:
    problem = serial.SerialException(f"Could not open port x: {cause}")
    problem.__context__ = cause
    error = cannot_open("rfc2217://bench:4000", problem)
    assert error.code is code
    assert says in error.message
    assert "baud" not in error.hint


def test_the_group_of_a_port_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    grp = pytest.importorskip("grp")
    monkeypatch.setattr(grp, "getgrgid", lambda _gid: grp.struct_group(("dialout", "x", 20, [])))
    port = tmp_path / "port"
    port.touch()
    error = cannot_open(str(port), OSError(errno.EACCES, "no"))
    assert "usermod -aG dialout" in error.hint


# The link by itself.


async def test_what_was_heard_before_is_handed_out_before_the_loss() -> None:
    made = Peer(lambda _data: b"\x60\x09\x01\x01\xc0")
    link = serial_link(SerialOptions(port=made.path))
    port = await link.open()
    await port.write(Channel.SERIAL, b"\x09\x01\xc0")
    first = await port.receive(timeout_s=PATIENCE_S)
    assert first.data == b"\x60\x09\x01\x01\xc0"
    with pytest.raises(TransportError) as caught:
        await port.receive(timeout_s=0.05)
    assert caught.value.reason is TransportReason.TIMEOUT
    made.say(b"last words")
    await asyncio.sleep(0.2)  # a terminal that is closed throws away what nobody has read
    await asyncio.to_thread(made.close)
    assert (await port.receive(timeout_s=PATIENCE_S)).data == b"last words"
    with pytest.raises(TransportError) as lost:
        await port.receive(timeout_s=PATIENCE_S)
    assert lost.value.reason is TransportReason.LOST
    with pytest.raises(TransportError):
        await port.write(Channel.SERIAL, bytes(5000))
    await port.close()
    await port.close()


async def test_what_was_heard_before_the_port_was_opened_is_thrown_away() -> None:
    with peer() as made:
        os.write(made._ours, b"stale")
        port = await serial_link(SerialOptions(port=made.path)).open()
        with pytest.raises(TransportError) as caught:
            await port.receive(timeout_s=0.1)
        assert caught.value.reason is TransportReason.TIMEOUT
        await port.close()


async def test_a_port_that_takes_nothing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("firmline.links.serial.descriptor.STALLED_S", 0.2)
    ours, theirs = os.openpty()
    tty.setraw(theirs)
    port = await serial_link(SerialOptions(port=os.ttyname(theirs), flow=FlowControl.NONE)).open()
    with pytest.raises(TransportError) as caught:
        await port.write(Channel.SERIAL, bytes(400_000))
    assert caught.value.code is Code.PORT_BLOCKED
    await port.close()
    os.close(ours)
    os.close(theirs)


async def test_a_url_is_read_in_a_thread_that_ends_with_it() -> None:
    port = await serial_link(SerialOptions(port="loop://")).open()
    await port.write(Channel.SERIAL, b"\x09\x01\xc0")
    heard = b""
    while len(heard) < 3:
        heard += (await port.receive(timeout_s=PATIENCE_S)).data
    assert heard == b"\x09\x01\xc0"
    await port.close()
    # The pool of the event loop keeps its own threads.
    names = [thread.name for thread in threading.enumerate()]
    assert "loop://" not in names
