"""A station that sends its records itself: over TLS, with its key, and without ever waiting."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from firmline.line.records.address import parse_address
from firmline.line.records.base import every_run
from firmline.line.records.open import open_records
from firmline.line.records.values import Run
from integration.cli.authority import make_authority
from integration.cli.line_world import PASSES, Served, make_line, served
from unit.cli.program import SCRIPT, Ran, environment, run_process

pytestmark = pytest.mark.slow
ROAD = PASSES.format(speed=50)
TLS = ("--tls-cert", "line.pem", "--tls-key", "line-tls.key")


@pytest.fixture(autouse=True)
def line(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line, its centre's records, the key of north, and an authority that this test trusts."""
    make_line(folder, size=8_000)
    make_authority(folder)
    open_records(parse_address(str(folder / "centre.db")), create=True).close()
    words = ("line", "accounts", "key", "add", "north", "--role", "station", "--db", "centre.db")
    ran = run_process(*words, cwd=folder)
    assert ran.code == 0, ran.err
    (folder / "north.key").write_text(ran.out.strip(), "utf-8")
    monkeypatch.setenv("SSL_CERT_FILE", str(folder / "ca.pem"))


@pytest.fixture
def centre(folder: Path) -> Iterator[Served]:
    with served(folder, "--db", "centre.db", "--listen", "127.0.0.1:0", *TLS) as found:
        found.url = found.url.replace("127.0.0.1", "localhost")
        yield found


def station(folder: Path, said: str, *more: str) -> Ran:
    return run_process(
        *("line", "run", "recipe.toml", "--on", ROAD, "--db", "north.db", "--station", "north"),
        *more,
        cwd=folder,
        stdin=said,
    )


def runs(folder: Path, db: str = "centre.db") -> list[Run]:
    with closing(open_records(parse_address(str(folder / db)), create=False)) as records:
        return [row.entry for row in every_run(records)]


def test_a_station_sends_what_it_records_over_tls_to_the_last_record(
    centre: Served, folder: Path
) -> None:
    ran = station(folder, "SN-0001\n", "--centre", centre.url, "--key-file", "north.key")
    assert (ran.code, ran.err) == (0, "")
    assert centre.url.startswith("https://")
    (run,) = runs(folder)
    assert (run.unit.serial, run.outcome) == ("SN-0001", "pass")
    kept = [each for each in (folder / "centre.db.attachments").rglob("*") if each.is_file()]
    assert kept, "its traces"


def test_a_sender_beside_the_station_speaks_tls_as_well(centre: Served, folder: Path) -> None:
    assert station(folder, "SN-0001\n").code == 0
    words = ("line", "sync", "--db", "north.db", "--station", "north", "--to", centre.url, "--once")
    ran = run_process(*words, "--key-file", "north.key", cwd=folder)
    assert ran.code == 0, ran.err
    assert len(runs(folder)) == 1


def test_a_centre_that_nobody_vouches_for_gets_no_key(
    centre: Served, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    ran = station(folder, "SN-0001\n", "--centre", centre.url, "--key-file", "north.key")
    assert ran.code == 0
    assert "does not trust its certificate" in ran.err
    assert (len(runs(folder)), len(runs(folder, "north.db"))) == (0, 1)


def test_a_line_does_not_wait_for_a_centre_that_takes_everything_and_says_nothing(
    folder: Path,
) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        ran = station(folder, "SN-0001\n", "--centre", url, "--key-file", "north.key")
    assert ran.code == 0
    assert "Traceback" not in ran.err
    assert len(runs(folder, "north.db")) == 1


def test_what_could_not_be_sent_goes_in_the_next_shift(folder: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as found:
        port = found.getsockname()[1]
    words = ("--centre", f"https://localhost:{port}", "--key-file", "north.key")
    ran = station(folder, "SN-0001\n", *words)
    assert (ran.code, ran.err.count("DFU-SYNC-002")) == (0, 1), "it is said, and once"
    with served(folder, "--db", "centre.db", "--listen", f"127.0.0.1:{port}", *TLS):
        assert station(folder, "SN-0002\n", *words).code == 0
    assert [run.unit.serial for run in runs(folder)] == ["SN-0001", "SN-0002"]


def test_a_station_with_pages_sends_too(centre: Served, folder: Path) -> None:
    assert station(folder, "SN-0001\n").code == 0
    words = ("recipe.toml", "--on", ROAD, "--db", "north.db", "--station", "north")
    more = ("--listen", "127.0.0.1:0", "--centre", centre.url, "--key-file", "north.key")
    with served(folder, *words, *more) as pages:
        until_s = time.monotonic() + 20
        while not runs(folder) and time.monotonic() < until_s:
            time.sleep(0.1)
        assert pages.end(15)[0] == 0
    assert len(runs(folder)) == 1


def test_in_the_same_network_records_go_into_postgresql(folder: Path, postgresql_url: str) -> None:
    assert station(folder, "SN-0001\n", "--centre", postgresql_url).code == 0
    with closing(open_records(parse_address(postgresql_url), create=False)) as records:
        assert len(list(every_run(records))) == 1


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--centre", "https://centre.example"), "DFU-ARG-005"),
        (("--centre", "http://centre.example", "--key-file", "north.key"), "DFU-SYNC-001"),
        (("--centre", "ftp://centre.example", "--key-file", "north.key"), "DFU-SYNC-001"),
        (("--key-file", "north.key"), "DFU-ARG-006"),
        (("--centre", "https://centre.example", "--key-file", "none.key"), "DFU-FILE-001"),
    ],
)
def test_what_is_wrong_about_a_centre_is_said_before_the_shift(
    folder: Path, words: tuple[str, ...], code: str
) -> None:
    ran = station(folder, "SN-0001\n", *words)
    assert (ran.code, code in ran.err) == (2, True), ran.err
    assert not (folder / "north.db").exists()


def test_records_alone_are_sent_nowhere(folder: Path) -> None:
    words = ("line", "serve", "--db", "centre.db", "--centre", "https://centre.example")
    ran = run_process(*words, "--key-file", "north.key", cwd=folder)
    assert (ran.code, "firmline line sync" in ran.err) == (2, True), ran.err


def test_a_station_that_is_killed_while_it_sends_doubles_nothing(
    centre: Served, folder: Path
) -> None:
    words = ("--centre", centre.url, "--key-file", "north.key", "--json")
    for count in range(1, 4):
        with subprocess.Popen(
            [
                *(SCRIPT, "line", "run", "recipe.toml", "--on", ROAD, "--db", "north.db"),
                *("--station", "north", *words),
            ],
            cwd=folder,
            env=environment() | {"SSL_CERT_FILE": os.environ["SSL_CERT_FILE"]},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        ) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(f"SN-000{count}\n")
            process.stdin.flush()
            for said in process.stdout:
                if '"pass"' in said:
                    break
            process.kill()
    assert station(folder, "", *words).code == 0
    assert runs(folder) == runs(folder, "north.db")
