"""URLs: servers of serial ports, and real servers of something else at the same address."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from firmline.errors import Code
from integration.serial_port.network import (
    Serve,
    closes,
    echoes,
    floods,
    hears,
    listening,
    says,
    shares,
)
from integration.serial_port.program import NEW, Line, firmline
from integration.serving.served import Serving, make_update

pytestmark = pytest.mark.slow
HTTP = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n<html>\x1b[2J</html>\r\n"
SSH = b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n"
SMTP = b"220 mail.example.com ESMTP\r\n"
TLS_ALERT = bytes.fromhex("15 03 01 00 02 02 46")
TELNET = bytes.fromhex("FF FD 18 FF FD 20 FF FD 23 FF FD 27")
OUT_OF_PLACE = bytes.fromhex("FF F0")
"""The end of a Telnet command that never began."""
OTHERS: tuple[tuple[str, Serve, Code, str], ...] = (
    (
        "socket",
        says(then=HTTP),
        Code.PORT_NONSENSE,
        "it says 'HTTP/1.1 400 Bad Request', and then",
    ),
    ("socket", says(SSH, then=b"Invalid.\r\n"), Code.PORT_NONSENSE, "no bootloader: it says "),
    ("socket", says(then=TLS_ALERT), Code.PORT_NONSENSE, "(15 03 01 00 02 02 46), and then"),
    ("socket", hears(TELNET), Code.PORT_NONSENSE, "speaks Telnet"),
    ("socket", echoes, Code.PORT_NONSENSE, "comes back as it is"),
    ("socket", closes, Code.LINK_LOST, "has closed the connection"),
    ("socket", hears(), Code.PORT_SILENT, "No bootloader answers on socket://"),
    ("rfc2217", hears(), Code.PORT_NONSENSE, "does not speak RFC 2217."),
    (
        "rfc2217",
        says(SSH),
        Code.PORT_NONSENSE,
        "it says 'SSH-2.0-OpenSSH_9.2p1 Debian-2' and closes",
    ),
    ("rfc2217", hears(SMTP), Code.PORT_NONSENSE, "it says '220 mail.example.com ESMTP'."),
    ("rfc2217", says(TLS_ALERT), Code.PORT_NONSENSE, "it sends 15 03 01 00 02 02 46 and closes"),
    ("rfc2217", hears(TELNET), Code.PORT_NONSENSE, "does not speak RFC 2217."),
    ("rfc2217", hears(OUT_OF_PLACE), Code.PORT_NONSENSE, "does not speak RFC 2217."),
    ("rfc2217", echoes, Code.PORT_NONSENSE, "does not speak RFC 2217."),
    ("rfc2217", floods, Code.PORT_NONSENSE, "it sends 00 00 00"),
    ("rfc2217", closes, Code.PORT_NONSENSE, "RFC 2217: it closes the connection."),
)


@pytest.fixture
def update(tmp_path: Path) -> tuple[Path, Path]:
    return make_update(tmp_path)


def ends(*words: str | Path, cwd: Path) -> Line:
    """The result of a command that fails with one sentence and what to do, within seconds."""
    begin_s = time.monotonic()
    code, lines, said = firmline(*words, cwd=cwd)
    assert time.monotonic() - begin_s < 12
    assert code == 3
    told = [line for line in said.splitlines() if not line.startswith("  cause: ")]
    assert len(told) == 2, said  # and no traceback, of no thread
    assert said.isprintable() or said.replace("\n", "").isprintable()
    return lines[-1]


@pytest.mark.parametrize(("scheme", "serve", "code", "message"), OTHERS)
def test_a_server_that_is_none_of_serial_ports_is_told_as_what_it_is(
    scheme: str, serve: Serve, code: Code, message: str, update: tuple[Path, Path]
) -> None:
    with listening(serve) as number:
        target = f"serial:{scheme}://127.0.0.1:{number}"
        result = ends("update", update[0], "--to", target, cwd=update[0].parent)
    assert result["code"] == code
    assert message in result["message"]
    assert f"127.0.0.1:{number}" in result["message"]
    assert "unplugged" not in result["message"]
    assert "baud=" not in result["next"]


@pytest.mark.parametrize(
    "words",
    [
        ("inspect", "serial:{}"),
        ("pkg", "check", "app.zip", "--to", "serial:{}"),
        ("dfu", "serial", "-pkg", "app.zip", "-p", "{}"),
    ],
    ids=lambda words: " ".join(words[:2]),
)
@pytest.mark.parametrize("scheme", ["socket", "rfc2217"])
def test_every_command_says_so(
    scheme: str, words: tuple[str, ...], update: tuple[Path, Path]
) -> None:
    with listening(says(SSH, then=b"Invalid.\r\n")) as number:
        named = [word.format(f"{scheme}://127.0.0.1:{number}") for word in words]
        result = ends(*named, cwd=update[0].parent)
    assert result["code"] == Code.PORT_NONSENSE
    assert "it says " in result["message"]
    assert "host and port number" in result["next"]


# Servers of serial ports.


@pytest.mark.parametrize(
    "words", [("update", "--to", "serial:{}?flow=none"), ("inspect", "serial:{}")]
)
def test_a_unit_behind_rfc_2217(
    words: tuple[str, ...], update: tuple[Path, Path], tmp_path: Path
) -> None:
    package, key = update
    with (
        Serving("--key-file", str(key), "--baud", "1000000", cwd=tmp_path) as serving,
        listening(shares(serving.first["pty"])) as number,
    ):
        named = [word.format(f"rfc2217://127.0.0.1:{number}") for word in words]
        more = (package, "--expect", NEW) if words[0] == "update" else ()
        code, lines, said = firmline(*named, *more, cwd=tmp_path)
        serving.end()
    assert (code, said) == (0, "")
    assert lines[-1]["type"] == "result"
    opened = next(line for line in lines if line["type"] == "port_opened")
    assert (opened["baud"], opened["exclusive"]) == (115_200, False)


def test_a_server_of_rfc_2217_that_goes_away_is_told(
    update: tuple[Path, Path], tmp_path: Path
) -> None:
    package, key = update
    with (
        Serving("--key-file", str(key), "--baud", "1000000", cwd=tmp_path) as serving,
        listening(shares(serving.first["pty"], hangs_up_after=2_000)) as number,
    ):
        target = f"serial:rfc2217://127.0.0.1:{number}"
        result = ends("update", package, "--to", target, cwd=tmp_path)
        serving.end()
    assert result["code"] == Code.LINK_LOST
    assert "has closed the connection" in result["message"]
    assert "goes on where the unit stands" in result["next"]


def test_a_speed_that_the_server_refuses_is_named(
    update: tuple[Path, Path], tmp_path: Path
) -> None:
    package, key = update
    with (
        Serving("--key-file", str(key), cwd=tmp_path) as serving,
        listening(shares(serving.first["pty"], fastest=500_000)) as number,
    ):
        target = f"serial:rfc2217://127.0.0.1:{number}?baud=1000000"
        result = ends("update", package, "--to", target, cwd=tmp_path)
        serving.end()
    assert result["code"] == Code.PORT_FAILED
    assert "refuses 1000000 bits per second" in result["message"]


def test_a_raw_url_of_a_server_of_rfc_2217_is_told_which_to_write(
    update: tuple[Path, Path], tmp_path: Path
) -> None:
    """A bootloader may even answer there: but 0xFF in an image would not arrive as it is."""
    package, key = update
    with (
        Serving("--key-file", str(key), "--baud", "1000000", cwd=tmp_path) as serving,
        listening(shares(serving.first["pty"], greets_late=True)) as number,
    ):
        target = f"serial:socket://127.0.0.1:{number}"
        result = ends("update", package, "--to", target, cwd=tmp_path)
        serving.end()
    assert result["code"] == Code.PORT_NONSENSE
    assert "speaks Telnet" in result["message"]
    assert "rfc2217://" in result["next"]
