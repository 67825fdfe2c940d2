"""Webhooks over real sockets: nothing is lost, what fails is sent again, what is given up shows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from firmline.errors import Code, InputError, StoreError
from firmline.line.audit.base import every_entry
from firmline.line.audit.sql import SqlAudit
from firmline.line.outcomes import StepOutcome
from firmline.line.records.address import parse_address
from firmline.line.records.open import open_records
from firmline.line.records.sql import SqlRecords
from firmline.line.webhooks.sending import Sender
from firmline.line.webhooks.signing import MOST_TRIES, signature
from firmline.line.webhooks.store import Webhooks, check_url
from unit.cli.program import nobody_listens
from unit.line.audit_world import ANNA, BEGIN
from unit.line.records_world import whole_run


class Listener:
    """A program that is told of runs.

    Attributes:
        heard: Headers and body of each request.
        status: What it answers.
    """

    def __init__(self) -> None:
        self.heard: list[tuple[dict[str, str], bytes]] = []
        self.status = 204
        self.url = ""


class Clock:
    def __init__(self) -> None:
        self.now = BEGIN

    def __call__(self) -> datetime:
        return self.now


@contextmanager
def listening() -> Iterator[Listener]:
    told = Listener()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            told.heard.append(({k.lower(): v for k, v in self.headers.items()}, body))
            self.send_response(told.status)
            if told.status == 302:
                self.send_header("location", f"{told.url}/elsewhere")
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Be quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    told.url = f"http://127.0.0.1:{server.server_port}/hook"
    Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield told
    server.shutdown()
    server.server_close()


@pytest.fixture
def listener() -> Iterator[Listener]:
    with listening() as told:
        yield told


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def records(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SqlRecords]:
    address = str(tmp_path / "shift.db")
    if request.param == "postgresql":
        address = request.getfixturevalue("postgresql_url")
    with closing(open_records(parse_address(address), create=True)) as opened:
        yield opened


@pytest.fixture
def hooks(records: SqlRecords) -> Webhooks:
    return Webhooks(records.database)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sender(records: SqlRecords, clock: Clock) -> Sender:
    return Sender(records, defect=_raise, clock=clock)


def _raise(defect: Exception) -> None:
    raise defect


@pytest.mark.slow
def test_a_run_that_ends_is_told_signed(
    records: SqlRecords, hooks: Webhooks, sender: Sender, listener: Listener
) -> None:
    made, secret = hooks.add(listener.url, only_failed=False, by=ANNA, at=BEGIN)
    records.write(whole_run("n\u00f6rd"))
    assert hooks.listed()[0].waiting == 1
    assert sender.send_due() == 1
    ((headers, body),) = listener.heard
    assert headers["firmline-signature"] == signature(secret, body, at_s=int(BEGIN.timestamp()))
    event = json.loads(body)
    assert (event["type"], event["run"]["station"], event["run"]["outcome"]) == (
        *("run.ended", "n\u00f6rd"),
        "fail",
    )
    assert hooks.listed()[0].waiting == 0
    assert secret not in repr(made)
    assert sender.send_due() == 0


def test_only_what_was_asked_for_is_told_and_known_rows_are_not_told_again(
    records: SqlRecords, hooks: Webhooks, sender: Sender, listener: Listener
) -> None:
    records.write(whole_run("early"))
    hooks.add(listener.url, only_failed=True, by=ANNA, at=BEGIN)
    rows = [*whole_run("north"), *whole_run("south", outcome=StepOutcome.PASS)]
    records.write([*rows, *rows])
    records.write(rows)
    assert sender.send_due() == 1
    records.write(rows)
    assert sender.send_due() == 0
    assert [json.loads(body)["run"]["station"] for _, body in listener.heard] == ["north"]


def test_a_batch_that_is_not_kept_is_not_told(records: SqlRecords, hooks: Webhooks) -> None:
    hooks.add("http://127.0.0.1:9/x", only_failed=False, by=ANNA, at=BEGIN)
    records.write(whole_run("north"))
    other = whole_run("north", outcome=StepOutcome.PASS)
    with pytest.raises(StoreError):
        records.write([*whole_run("south"), *other])
    assert hooks.listed()[0].waiting == 1


@pytest.mark.slow
@pytest.mark.parametrize("status", [500, 404, 302, 301, 199 + 201])
def test_what_is_refused_is_sent_again_later_and_under_the_same_name(
    *,
    records: SqlRecords,
    hooks: Webhooks,
    sender: Sender,
    listener: Listener,
    clock: Clock,
    status: int,
) -> None:
    hooks.add(listener.url, only_failed=False, by=ANNA, at=BEGIN)
    records.write(whole_run("north"))
    listener.status = status
    assert sender.send_due() == 0
    assert hooks.listed()[0].problem == f"HTTP {status}"
    clock.now += timedelta(seconds=9)
    assert sender.send_due() == 0
    assert len(listener.heard) == 1, "no redirect is followed, and it waits"
    listener.status = 200
    clock.now += timedelta(seconds=1)
    assert sender.send_due() == 1
    names = {headers["firmline-delivery"] for headers, _ in listener.heard}
    assert len(names) == 1


@pytest.mark.slow
def test_nobody_there_is_given_up_shown_and_sent_again_when_asked(
    records: SqlRecords, hooks: Webhooks, sender: Sender, clock: Clock
) -> None:
    with nobody_listens() as place:
        made, _ = hooks.add(f"http://{place}/", only_failed=False, by=ANNA, at=BEGIN)
        records.write(whole_run("north"))
        for _ in range(MOST_TRIES):
            assert sender.send_due() == 0
            clock.now += timedelta(hours=1)
        (dead,) = hooks.listed()
        assert (dead.waiting, dead.dead, dead.problem) == (0, 1, "ConnectError")
        assert hooks.claim(now=clock.now + timedelta(days=365)) is None
    assert hooks.revive(made.id, by=ANNA, at=clock.now) == 1
    assert hooks.listed()[0].waiting == 1


@pytest.mark.slow
def test_one_delivery_is_taken_by_one_alone_and_comes_back_if_he_dies(
    records: SqlRecords, hooks: Webhooks
) -> None:
    hooks.add("http://127.0.0.1:9/x", only_failed=False, by=ANNA, at=BEGIN)
    for number in range(5):
        records.write(whole_run("north", 1 + 4 * number))
    with ThreadPoolExecutor(4) as pool:
        taken = [*pool.map(lambda _: hooks.claim(now=BEGIN), range(8))]
    found = [each.key for each in taken if each is not None]
    assert len(found) == len(set(found)) <= 5
    while (more := hooks.claim(now=BEGIN)) is not None:
        found.append(more.key)
    assert len(found) == len(set(found)) == 5
    again = hooks.claim(now=BEGIN + timedelta(seconds=61))
    assert again is not None
    assert again.tries == 2


@pytest.mark.slow
def test_a_server_that_dies_between_sends_again(
    records: SqlRecords, hooks: Webhooks, listener: Listener, clock: Clock
) -> None:
    hooks.add(listener.url, only_failed=False, by=ANNA, at=BEGIN)
    records.write(whole_run("north"))
    assert hooks.claim(now=BEGIN) is not None  # and the server is killed
    clock.now += timedelta(seconds=61)
    assert Sender(records, defect=_raise, clock=clock).send_due() == 1


def test_a_webhook_that_is_removed_hears_no_more_and_all_is_in_the_trail(
    records: SqlRecords, hooks: Webhooks, sender: Sender, listener: Listener
) -> None:
    made, secret = hooks.add(listener.url, only_failed=False, by=ANNA, at=BEGIN)
    records.write(whole_run("north"))
    assert hooks.remove(made.id, by=ANNA, at=BEGIN) == 1
    assert (hooks.listed(), sender.send_due()) == ((), 0)
    for call in (hooks.remove, hooks.revive):
        with pytest.raises(InputError) as caught:
            call(made.id, by=ANNA, at=BEGIN)
        assert caught.value.code is Code.WEBHOOK_UNKNOWN
    entries = [*every_entry(SqlAudit(records.database))]
    assert [entry.deed.action for entry in entries] == ["webhook.add", "webhook.remove"]
    assert secret not in str(entries)


def test_it_goes_on_in_its_thread_until_it_is_ended(
    records: SqlRecords, hooks: Webhooks, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("firmline.line.webhooks.sending.LOOK_S", 0.01)
    hooks.add(listener.url, only_failed=False, by=ANNA, at=BEGIN)
    sender = Sender(records, defect=_raise)
    sender.start()
    records.write(whole_run("north"))
    for _ in range(500):
        if hooks.listed()[0].waiting == 0:
            break
        sender._ended.wait(0.02)
    sender.end()
    assert len(listener.heard) == 1


@pytest.mark.parametrize("url", ["http://mes/x", "https://mes.example:8443/a?b=c", "http://[::1]/"])
def test_addresses_that_are_taken(url: str) -> None:
    check_url(url)


@pytest.mark.parametrize(
    "url",
    [
        *("", "mes.example", "ftp://mes/x", "file:///etc/passwd", "http://", "http:///x"),
        *("http://user:secret@mes/x", "http://mes/#x", "http://mes:99999/", "http://mes:0/"),
        *("http://mes/\r\nX: y", "http://mes /x", "http://m\u00e4s/", "http://mes\\@evil/"),
        "http://mes/" + "x" * 500,
        "javascript:alert(1)",
    ],
)
def test_addresses_that_are_refused(url: str) -> None:
    with pytest.raises(InputError) as caught:
        check_url(url)
    assert caught.value.code is Code.WEBHOOK_MALFORMED
    assert "secret" not in caught.value.message
