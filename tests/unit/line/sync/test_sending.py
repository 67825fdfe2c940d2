"""Sending: in order, once, and whatever happens on the way nothing is lost or doubled."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmline.cli.forwarding import not_sent
from firmline.errors import Code, FirmlineError, StoreError
from firmline.line.records.address import DatabaseAddress
from firmline.line.records.attachments import AttachmentStore
from firmline.line.records.base import every_run
from firmline.line.records.journal_rows import journal_rows
from firmline.line.records.sql import SqlRecords
from firmline.line.records.values import Entry, Phase, Row
from firmline.line.sync import sending
from firmline.line.sync.centre import DatabaseCentre, Standing
from firmline.line.sync.sending import Following, Sender, Sent
from unit.line.records_world import whole_run


class Place:
    """A station and a centre, each with records and attachments.

    Args:
        folder: Where they lie.
    """

    def __init__(self, folder: Path) -> None:
        self.mine = SqlRecords.open(DatabaseAddress(path=folder / "north.db"), create=True)
        self.theirs = SqlRecords.open(DatabaseAddress(path=folder / "centre.db"), create=True)
        self.my_files = AttachmentStore(folder / "mine")
        self.their_files = AttachmentStore(folder / "theirs")
        self.centre = DatabaseCentre(self.theirs, self.their_files)
        self.next = 1

    def write(self, runs: int = 1) -> list[Row[Entry]]:
        """Runs at the station."""
        written: list[Row[Entry]] = []
        for _ in range(runs):
            rows = whole_run(first=self.next)
            phase = rows[1].entry
            assert isinstance(phase, Phase)
            kept = self.my_files.keep("trace.jsonl", f"trace {self.next}".encode())
            rows[1] = Row(key=rows[1].key, entry=replace(phase, attachments=(kept,)))
            written += rows
            self.next += len(rows)
        self.mine.write(written)
        return written

    def sender(self, centre: DatabaseCentre | None = None) -> Sender:
        return Sender(self.mine, self.my_files, "north", centre or self.centre)

    def close(self) -> None:
        self.mine.close()
        self.theirs.close()

    def outbox(self, records: SqlRecords) -> tuple[Row[Entry], ...]:
        with records.database.reading() as connection:
            return journal_rows(connection, "north", after=0, size=10_000)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    made = Place(tmp_path)
    yield made
    made.close()


def test_the_outbox_is_what_was_written_in_its_order(place: Place) -> None:
    written = place.write(3)
    assert list(place.outbox(place.mine)) == written
    with place.mine.database.reading() as connection:
        assert list(journal_rows(connection, "north", after=5, size=4)) == written[5:9]
        assert journal_rows(connection, "north", after=12, size=4) == ()
        assert journal_rows(connection, "south", after=0, size=4) == ()


def test_everything_arrives_with_its_attachments_and_only_once(place: Place) -> None:
    written = place.write(2)
    assert place.sender().send() == Sent(rows=8, attachments=2, newest=8)
    assert list(place.outbox(place.theirs)) == written
    for line in written:
        for attachment in getattr(line.entry, "attachments", ()):
            assert place.their_files.read(attachment.sha256).startswith(b"trace")
    assert place.sender().send() == Sent(rows=0, attachments=0, newest=8)
    place.write()
    assert place.sender().send() == Sent(rows=4, attachments=1, newest=12)


def test_a_lost_file_holds_no_record_up(place: Place, tmp_path: Path) -> None:
    (line,) = [each for each in place.write() if isinstance(each.entry, Phase)]
    assert isinstance(line.entry, Phase)
    (attachment,) = line.entry.attachments
    next((tmp_path / "mine").rglob(attachment.sha256[2:])).unlink()
    assert place.sender().send().rows == 4


def test_a_station_that_was_set_back_sends_nothing(place: Place, tmp_path: Path) -> None:
    place.write(2)
    place.sender().send()
    older = SqlRecords.open(DatabaseAddress(path=tmp_path / "older.db"), create=True)
    older.write(whole_run())
    with pytest.raises(StoreError) as caught:
        Sender(older, place.my_files, "north", place.centre).send()
    older.close()
    assert caught.value.code is Code.SYNC_SET_BACK
    assert len([*every_run(place.theirs)]) == 2


def test_two_computers_with_one_name_are_told_and_nothing_is_mixed(
    place: Place, tmp_path: Path
) -> None:
    place.write()
    place.sender().send()
    other = SqlRecords.open(DatabaseAddress(path=tmp_path / "other.db"), create=True)
    at = datetime(2026, 11, 24, tzinfo=UTC)
    other.write([*whole_run(at=at), *whole_run(first=5, at=at)])
    with pytest.raises(StoreError) as caught:
        Sender(other, place.my_files, "north", place.centre).send()
    other.close()
    assert caught.value.code is Code.RECORD_CONFLICT
    assert len([*every_run(place.theirs)]) == 1


class Flaky(DatabaseCentre):
    """A centre whose answers get lost, and which breaks off before it has kept anything."""

    def __init__(self, place: Place, luck: random.Random) -> None:
        super().__init__(place.theirs, place.their_files)
        self._luck = luck

    def write(self, station: str, rows: Sequence[Row[Entry]]) -> int:
        self._maybe()
        new = super().write(station, rows)
        self._maybe()
        return new

    def attach(self, station: str, sha256: str, content: bytes) -> None:
        self._maybe()
        super().attach(station, sha256, content)
        self._maybe()

    def standing(self, station: str) -> Standing:
        self._maybe()
        return super().standing(station)

    def _maybe(self) -> None:
        if self._luck.random() < 0.2:
            raise StoreError(Code.SYNC_GONE, "The line was cut.")


@pytest.mark.slow
@given(seed=st.integers(0, 2**32), size=st.integers(1, 9))
def test_a_line_that_is_cut_anywhere_loses_and_doubles_nothing(
    tmp_path_factory: pytest.TempPathFactory, seed: int, size: int
) -> None:
    luck = random.Random(seed)
    place = Place(tmp_path_factory.mktemp("cut"))
    flaky = Flaky(place, luck)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sending, "BATCH", size)
        written = place.write(2)
        for _ in range(500):
            if luck.random() < 0.05 and len(written) < 24:
                written += place.write()
            with suppress(StoreError):
                place.sender(flaky).send()
                break
        place.sender().send()
    assert list(place.outbox(place.theirs)) == written
    place.close()


def test_a_clock_that_is_off_is_told() -> None:
    assert Sent(rows=0, attachments=0, newest=0, clock_s=59.0).remark == ""
    ahead = Sent(rows=0, attachments=0, newest=0, clock_s=3600.0)
    assert ahead.remark == "This computer's clock is 3600 s ahead of the centre's: set it."
    behind = Sent(rows=0, attachments=0, newest=0, clock_s=-timedelta(days=1).total_seconds())
    assert "86400 s behind" in behind.remark


class Away(DatabaseCentre):
    """A centre that cannot be reached yet."""

    is_away = True

    def standing(self, station: str) -> Standing:
        if self.is_away:
            raise StoreError(Code.SYNC_GONE, "Away.")
        return super().standing(station)


def until(told: Sequence[object], is_there: Callable[[], bool]) -> None:
    patience = Event()
    for _ in range(200):
        if is_there():
            return
        patience.wait(0.05)
    raise AssertionError(told)


@pytest.mark.slow
def test_it_follows_a_station_and_waits_for_a_centre_that_is_away(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "AGAIN_S", (0.05,))
    monkeypatch.setattr(sending, "IDLE_S", 0.05)
    told: list[FirmlineError | str | None] = []
    centre = Away(place.theirs, place.their_files)
    following = Following(place.sender(centre), told=told.append)
    place.write()
    following.start()
    until(told, lambda: len(told) == 1)
    centre.is_away = False
    until(told, lambda: place.theirs.newest("north") == 4)
    place.write()
    until(told, lambda: place.theirs.newest("north") == 8)
    following.stop()
    assert [None if each is None else str(getattr(each, "code", each)) for each in told] == [
        "DFU-SYNC-002",
        None,
    ], "each is told once"


def test_at_the_end_the_rest_goes_also_where_the_last_try_has_failed(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "AGAIN_S", (60.0,))
    told: list[FirmlineError | str | None] = []
    centre = Away(place.theirs, place.their_files)
    sender = place.sender(centre)
    following = Following(sender, told=told.append)
    place.write()
    following.start()
    until(told, lambda: len(told) == 1)
    assert sender.left is None
    assert "was never reached" in not_sent(sender, "the centre")
    centre.is_away = False
    following.stop(sends_rest=True)
    assert place.theirs.newest("north") == 4
    assert not_sent(sender, "the centre") == ""
    place.write()
    assert not_sent(sender, "the centre").startswith("4 records are not at the centre yet")


def test_what_only_a_person_can_mend_is_not_tried_at_the_end(place: Place) -> None:
    tries: list[str] = []

    class Refusing(DatabaseCentre):
        def standing(self, station: str) -> Standing:
            tries.append(station)
            raise StoreError(Code.SYNC_REFUSED, "No such key.")

    told: list[FirmlineError | str | None] = []
    following = Following(place.sender(Refusing(place.theirs, place.their_files)), told=told.append)
    place.write()
    following.start()
    until(told, lambda: len(told) == 1)
    following.stop(sends_rest=True)
    assert tries == ["north"]


def test_attachments_of_a_centre_without_a_folder_stay_at_the_station(place: Place) -> None:
    place.write()
    assert place.sender(DatabaseCentre(place.theirs)).send() == Sent(
        rows=4, attachments=0, newest=4
    )
