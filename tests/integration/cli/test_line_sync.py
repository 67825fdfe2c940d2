"""A station at another site sends its records over HTTP to a centre that really serves."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from firmline.line.records.address import parse_address
from firmline.line.records.attachments import attachments_beside
from firmline.line.records.open import open_records
from firmline.line.records.values import Phase
from integration.cli.line_world import Served, served
from unit.cli.program import SCRIPT, Ran, environment, run_process
from unit.line.records_world import row, whole_run

pytestmark = pytest.mark.slow
LISTEN = ("--listen", "127.0.0.1:0")


def write(folder: Path, station: str, first: int = 1) -> None:
    """A run in the station's own records, with its trace."""
    database = folder / f"{station}.db"
    kept = attachments_beside(database).keep("trace.jsonl", f"{station} {first}".encode())
    rows = whole_run(station, first)
    phase = rows[1].entry
    assert isinstance(phase, Phase)
    rows[1] = row(station, first + 1, replace(phase, attachments=(kept,)))
    with closing(open_records(parse_address(str(database)), create=True)) as records:
        records.write(rows)


def kept(address: str | Path, station: str) -> int:
    with closing(open_records(parse_address(str(address)), create=False)) as records:
        return records.newest(station)


def key_of(folder: Path, station: str, db: str = "centre.db") -> str:
    ran = run_process(
        *("line", "accounts", "key", "add", station, "--role", "station", "--db", db, "--json"),
        cwd=folder,
    )
    assert ran.code == 0, ran.err
    return str(next(line["key"] for line in ran.json_lines if "key" in line))


def sync(folder: Path, station: str, to: str, *more: str) -> Ran:
    return run_process(
        *("line", "sync", "--db", f"{station}.db", "--station", station, "--to", to, *more),
        cwd=folder,
    )


@pytest.fixture
def centre(folder: Path) -> Iterator[Served]:
    open_records(parse_address(str(folder / "centre.db")), create=True).close()
    with served(folder, "--db", "centre.db", *LISTEN) as found:
        yield found


def test_records_and_their_traces_arrive_once(centre: Served, folder: Path) -> None:
    write(folder, "north")
    (folder / "north.key").write_text(key_of(folder, "north"), "utf-8")
    for rows in (4, 0):
        ran = sync(folder, "north", centre.url, "--once", "--key-file", "north.key", "--json")
        assert ran.code == 0, ran.err
        result = ran.json_lines[-1]
        assert (result["rows"], result["newest"]) == (rows, 4)
        assert abs(result["clock_s"]) < 60
    assert kept(folder / "centre.db", "north") == 4
    traces = [
        each.read_bytes()
        for each in (folder / "centre.db.attachments").rglob("*")
        if each.is_file()
    ]
    assert traces == [b"north 1"]


@pytest.mark.parametrize("shown", ["", "another", "wrong"])
def test_a_station_sends_its_own_records_alone(centre: Served, folder: Path, shown: str) -> None:
    write(folder, "north")
    keys = {"": "", "another": key_of(folder, "south"), "wrong": "fl_nothing_at_all"}
    (folder / "north.key").write_text(keys[shown], "utf-8")
    more = ("--key-file", "north.key") if shown else ()
    ran = sync(folder, "north", centre.url, "--once", *more)
    code, exit_code = ("DFU-SYNC-003", 3) if shown else ("DFU-ARG-005", 2)
    assert (ran.code, code in ran.err) == (exit_code, True), ran.err
    assert kept(folder / "centre.db", "north") == 0


def test_it_follows_a_station_through_the_night_of_a_server(folder: Path) -> None:
    open_records(parse_address(str(folder / "centre.db")), create=True).close()
    key = key_of(folder, "north")
    write(folder, "north")
    with served(folder, "--db", "centre.db", *LISTEN) as first:
        port = first.url.rsplit(":", 1)[1].strip("/")
        with subprocess.Popen(
            [SCRIPT, "line", "sync", "--db", "north.db", "--station", "north", "--to", first.url],
            cwd=folder,
            env=environment() | {"FIRMLINE_STATION_KEY": key},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as following:
            assert _until(lambda: kept(folder / "centre.db", "north") == 4)
            first.end(signal.SIGTERM)
            write(folder, "north", 5)
            time.sleep(3)
            with served(folder, "--db", "centre.db", "--listen", f"127.0.0.1:{port}"):
                assert _until(lambda: kept(folder / "centre.db", "north") == 8)
                following.send_signal(signal.SIGTERM)
                _, said = following.communicate(timeout=30)
    assert following.returncode == 0
    assert said.count("DFU-SYNC-002") == 1, said


def _until(is_there: object) -> bool:
    assert callable(is_there)
    until = time.monotonic() + 40
    while time.monotonic() < until:
        if is_there():
            return True
        time.sleep(0.2)
    return False


def test_what_is_sent_by_others_is_refused_as_a_whole(centre: Served, folder: Path) -> None:
    headers = {"authorization": f"Bearer {key_of(folder, 'north')}"}
    url = f"{centre.url.rstrip('/')}/api/v1/sync/north"
    newer = httpx.post(f"{url}/rows", json={"schema": 2, "rows": []}, headers=headers)
    assert newer.json()["code"] == "DFU-SYNC-004"
    garbage = httpx.post(f"{url}/rows", content=b"\xff{", headers=headers)
    assert garbage.status_code == 400
    other = httpx.put(f"{url}/attachments/{'ab' * 32}", content=b"x", headers=headers)
    assert other.status_code == 400
    path = httpx.put(f"{url}/attachments/..%2f..%2fx", content=b"x", headers=headers)
    assert path.status_code in {400, 404}
    assert httpx.get(url, headers=headers).json()["newest"] == 0


class Silent:
    """A server that takes connections, and answers with these bytes or not at all."""

    def __init__(self, answer: bytes | None) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._answer = answer
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        while True:
            try:
                peer, _ = self._socket.accept()
            except OSError:
                return
            if self._answer is not None:
                with peer:
                    peer.recv(4096)
                    peer.sendall(self._answer)

    def close(self) -> None:
        self._socket.close()


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (b"SSH-2.0-OpenSSH\r\n", "DFU-SYNC-002"),
        (b"HTTP/1.1 502 Bad\r\ncontent-length: 0\r\n\r\n", "DFU-SYNC-002"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello", "DFU-SYNC-004"),
        (b'HTTP/1.1 200 OK\r\ncontent-length: 17\r\n\r\n{"newest": "all"}', "DFU-SYNC-004"),
    ],
)
def test_something_else_at_the_centres_address_is_told(
    folder: Path, answer: bytes, code: str
) -> None:
    write(folder, "north")
    (folder / "key").write_text("fl_a_b", "utf-8")
    with closing(Silent(answer)) as server:
        ran = sync(folder, "north", server.url, "--once", "--key-file", "key")
    assert (ran.code, code in ran.err, "Traceback" in ran.err) == (3, True, False), ran.err


def test_nobody_at_the_centres_address_is_told(folder: Path) -> None:
    write(folder, "north")
    (folder / "key").write_text("fl_a_b", "utf-8")
    ran = sync(folder, "north", "http://127.0.0.1:9", "--once", "--key-file", "key")
    assert (ran.code, "DFU-SYNC-002" in ran.err) == (3, True), ran.err


@pytest.mark.parametrize(
    "to", ["http://centre.example", "ftp://centre.example", "centre", "https://a:b@c.example"]
)
def test_an_address_over_which_the_key_would_be_seen_is_refused(folder: Path, to: str) -> None:
    write(folder, "north")
    ran = sync(folder, "north", to, "--once")
    assert (ran.code, "DFU-SYNC-001" in ran.err) == (2, True), ran.err


def test_in_the_same_network_records_go_straight_into_postgresql(
    folder: Path, postgresql_url: str
) -> None:
    write(folder, "north")
    ran = sync(folder, "north", postgresql_url, "--once", "--attachments", "files", "--json")
    assert ran.code == 0, ran.err
    assert ran.json_lines[-1]["rows"] == 4
    assert kept(postgresql_url, "north") == 4
    assert len([each for each in (folder / "files").rglob("*") if each.is_file()]) == 1


def test_a_sender_that_is_killed_again_and_again_loses_and_doubles_nothing(
    folder: Path, postgresql_url: str
) -> None:
    for run in range(120):
        write(folder, "north", 1 + 4 * run)
    command = [SCRIPT, "line", "sync", "--db", "north.db", "--station", "north"]
    for tenths in (8, 9, 10, 11, 12):
        with subprocess.Popen(
            [*command, "--to", postgresql_url],
            cwd=folder,
            env=environment(),
            stdout=subprocess.DEVNULL,
        ) as process:
            time.sleep(tenths / 10)
            os.kill(process.pid, signal.SIGKILL)
    ran = sync(folder, "north", postgresql_url, "--once", "--json")
    assert ran.json_lines[-1]["newest"] == 480, ran.err
    exported = [
        json.loads(line)
        for line in run_process(
            "line", "export", "--db", postgresql_url, "--json", cwd=folder
        ).out.splitlines()
    ]
    assert len([line for line in exported if line["type"] == "run"]) == 120
