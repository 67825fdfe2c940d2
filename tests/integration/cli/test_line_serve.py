"""A station with its page, as its program: what a browser asks, without a browser."""

from __future__ import annotations

import signal
import socket
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from firmline.line.records.address import parse_address
from firmline.line.records.open import open_records
from integration.cli.line_world import FAILS, PASSES, Served, make_line, served
from unit.cli.program import run_process
from unit.line.reports_world import whole_shift

pytestmark = pytest.mark.slow
SPEED = 50
LISTEN = ("--listen", "127.0.0.1:0")


@pytest.fixture
def station(folder: Path) -> Iterator[Served]:
    make_line(folder)
    on = ("--on", PASSES.format(speed=SPEED), "--on", FAILS.format(speed=SPEED))
    with served(folder, "recipe.toml", *on, "--db", "line.db", *LISTEN) as found:
        yield found


def say(station: Served, line: str, *, slot: int | None = None) -> httpx.Response:
    fields = {"line": line} if slot is None else {"line": line, "slot": str(slot)}
    return httpx.post(f"{station.url}/station/say", data=fields)


def seen_until(station: Served, wanted: str) -> str:
    """The events as far as one that holds a text."""
    heard = ""
    with httpx.stream("GET", f"{station.url}/station/events", timeout=30) as stream:
        for text in stream.iter_text():
            heard += text
            if wanted in heard:
                return heard
    raise AssertionError(heard)


def test_units_are_scanned_over_http_and_what_becomes_of_them_is_told(station: Served) -> None:
    assert say(station, "SN-0001").json()["message"] == "SN-0001 is at work."
    heard = seen_until(station, 'data-face="pass"')
    assert 'data-face="running"' in heard
    assert say(station, "slot 2").json()["slot"] == 2
    assert say(station, "SN-0002", slot=2).status_code == 200
    heard = seen_until(station, 'data-face="fail"')
    assert "Read the flash by wire" in heard
    assert say(station, "SN-0003", slot=2).json()["code"] == "DFU-STN-007"
    assert say(station, "ok 2").status_code == 200
    code, lines = station.end(signal.SIGTERM)
    assert code == 0
    assert lines[-1]["outcomes"]["pass"] == 1
    assert lines[-1]["outcomes"]["fail"] == 1


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("XX-1", "DFU-STN-016"),
        ("<script>", "DFU-STN-016"),
        ("x" * 201, "DFU-WEB-004"),
        ("ok 9", "DFU-STN-007"),
        ("stop 1", "DFU-STN-007"),
        ("quit", "DFU-STN-016"),
        ("batch \x1b[31m", "DFU-REC-001"),
    ],
)
def test_what_is_no_unit_and_no_word_is_refused_as_at_the_terminal(
    station: Served, line: str, code: str
) -> None:
    answer = say(station, line)
    assert answer.status_code >= 400
    assert answer.json()["code"] == code
    assert answer.json()["next"]


def test_a_button_means_the_run_that_it_was_shown_with(station: Served) -> None:
    say(station, "SN-0002", slot=2)
    heard = seen_until(station, 'action="/station/slots/2/seen"')
    run = heard.partition('action="/station/slots/2/seen"')[2].partition('value="')[2]
    number = run.partition('"')[0]
    path = f"{station.url}/station/slots/2/seen"
    assert httpx.post(path, data={"run": "999"}).json()["code"] == "DFU-STN-007"
    assert httpx.post(path, data={"run": number}).status_code == 200
    assert httpx.post(f"{station.url}/station/slots/7/seen", data={"run": "1"}).status_code == 409


def test_names_are_shown_as_text(station: Served) -> None:
    say(station, "batch <img src=x>")
    assert "&lt;img src=x&gt;" in httpx.get(f"{station.url}/station").text


def test_a_browser_that_never_reads_holds_nobody_up(station: Served) -> None:
    host, port = station.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as deaf:
        deaf.sendall(f"GET /station/events HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode())
        say(station, "SN-0001")
        seen_until(station, 'data-face="pass"')
        began = time.monotonic()
        assert station.end(signal.SIGINT)[0] == 130
        assert time.monotonic() - began < 8


def test_a_station_that_is_ended_aborts_its_run_in_order(station: Served, folder: Path) -> None:
    say(station, "SN-0001")
    seen_until(station, 'data-face="running"')
    code, lines = station.end(signal.SIGTERM)
    assert (code, lines[-1]["outcomes"]["aborted"]) == (0, 1)
    ran = run_process("line", "export", "--db", "line.db", "--json", cwd=folder)
    assert [line["code"] for line in ran.json_lines if line["type"] == "run"] == ["DFU-STN-014"]


def test_a_station_that_was_killed_says_on_its_page_what_was_half_done(
    station: Served, folder: Path
) -> None:
    say(station, "SN-0001")
    seen_until(station, "%")
    station.process.kill()
    station.process.wait()
    on = ("--on", PASSES.format(speed=SPEED))
    with served(folder, "recipe.toml", *on, "--db", "line.db", *LISTEN) as again:
        page = httpx.get(f"{again.url}/station").text
        assert "SN-0001 was left half done in slot 1, in the step update." in page
        say(again, "SN-0001")
        assert "half done" not in httpx.get(f"{again.url}/station").text
        assert next(line["type"] for line in again.end(signal.SIGTERM)[1]) == "cut_off"


def test_a_port_that_is_taken_is_one_sentence(station: Served, folder: Path) -> None:
    taken = station.url.removeprefix("http://")
    on = ("--on", PASSES.format(speed=SPEED))
    ran = run_process(
        *("line", "serve", "recipe.toml", *on, "--db", "other.db", "--listen", taken), cwd=folder
    )
    assert ran.code == 3
    assert "DFU-WEB-001" in ran.err
    assert "Traceback" not in ran.err


@pytest.mark.parametrize("address", ["192.168.1.1:80", "nonsense"])
def test_other_computers_do_not_reach_pages_without_accounts(folder: Path, address: str) -> None:
    make_line(folder)
    on = ("--on", PASSES.format(speed=SPEED))
    ran = run_process(
        *("line", "serve", "recipe.toml", *on, "--db", "line.db", "--listen", address), cwd=folder
    )
    assert (ran.code, "DFU-ARG-011" in ran.err) == (2, True)
    assert not (folder / "line.db").exists()


def test_a_station_keeps_its_records_on_this_computer(folder: Path) -> None:
    make_line(folder)
    on = ("--on", PASSES.format(speed=SPEED))
    address = "postgresql://line@centre/line"
    ran = run_process("line", "serve", "recipe.toml", *on, "--db", address, cwd=folder)
    assert (ran.code, "DFU-ARG-006" in ran.err) == (2, True)


@pytest.mark.parametrize("kind", ["file", "postgresql"])
def test_records_alone_are_served_without_a_station(
    folder: Path, kind: str, request: pytest.FixtureRequest
) -> None:
    where = "line.db" if kind == "file" else request.getfixturevalue("postgresql_url")
    with closing(open_records(parse_address(where), create=True)) as records:
        records.write(whole_shift())
    with served(folder, "--db", where, *LISTEN) as found:
        assert "of 39 units" in httpx.get(f"{found.url}/", follow_redirects=True).text
        assert "SN-41" not in httpx.get(f"{found.url}/runs?station=north").text
        assert "2 attempts" in httpx.get(f"{found.url}/units?serial=SN-3").text
        assert httpx.get(f"{found.url}/station").status_code == 404
        assert found.end(signal.SIGTERM) == (0, [])


@pytest.mark.parametrize("words", [("recipe.toml",), ("--on", "ble")], ids=["recipe", "on"])
def test_half_a_station_is_refused(folder: Path, words: tuple[str, ...]) -> None:
    ran = run_process("line", "serve", *words, "--db", "line.db", cwd=folder)
    assert (ran.code, "DFU-ARG-006" in ran.err) == (2, True)


def test_records_that_are_not_there_are_one_sentence(folder: Path) -> None:
    ran = run_process("line", "serve", "--db", "none.db", *LISTEN, cwd=folder)
    assert ran.code in {2, 3}
    assert "Traceback" not in ran.err
    assert not (folder / "none.db").exists()
