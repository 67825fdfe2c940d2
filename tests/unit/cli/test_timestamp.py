"""``pkg generate --timestamp``: what the files of a package say of their time."""

from __future__ import annotations

import io
import os
import time
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from firmline.errors import Code
from unit.cli.makers import GENERATE, inputs, package
from unit.cli.program import Program, assert_failed, files_in

WORDS = (*GENERATE, "--application", "app.hex", "--key-file", "private.key", "dfu.zip")


@pytest.fixture(autouse=True)
def files(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    inputs(folder)


def times(folder: Path) -> set[tuple[int, ...]]:
    with zipfile.ZipFile(io.BytesIO((folder / "dfu.zip").read_bytes())) as archive:
        return {info.date_time for info in archive.infolist()}


def test_without_it_no_time_is_told(
    firmline: Program, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    assert firmline(*WORDS).code == 0
    assert times(folder) == {(1980, 1, 1, 0, 0, 0)}
    assert (folder / "dfu.zip").read_bytes() == package()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("1700000000", (2023, 11, 14, 22, 13, 20)),
        ("1700000001", (2023, 11, 14, 22, 13, 20)),  # a zip holds every second second
        ("2026-11-22T18:00:02Z", (2026, 11, 22, 18, 0, 2)),
        ("2026-11-22T18:00:02+02:00", (2026, 11, 22, 16, 0, 2)),
        ("2026-11-22 18:00:02", (2026, 11, 22, 18, 0, 2)),
        ("2026-11-22", (2026, 11, 22, 0, 0, 0)),
        ("315532800", (1980, 1, 1, 0, 0, 0)),
        ("2107-12-31T23:59:59Z", (2107, 12, 31, 23, 59, 58)),
    ],
)
def test_every_form_of_a_time(
    value: str, expected: tuple[int, ...], firmline: Program, folder: Path
) -> None:
    assert firmline(*WORDS, "--timestamp", value).code == 0
    assert times(folder) == {expected}


@pytest.fixture
def far_east(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """This computer's clock shows the time of Tokyo."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "JST-9")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no tzset")
@pytest.mark.usefixtures("far_east")
@pytest.mark.parametrize("value", ["1700000000", "2023-11-14T22:13:20"])
def test_the_place_of_the_computer_makes_no_difference(
    value: str, firmline: Program, folder: Path
) -> None:
    assert firmline(*WORDS, "--timestamp", value).code == 0
    assert times(folder) == {(2023, 11, 14, 22, 13, 20)}


def test_now_is_the_clock(firmline: Program, folder: Path) -> None:
    before = datetime.now(UTC) - timedelta(seconds=2)
    assert firmline(*WORDS, "--timestamp", "now").code == 0
    ((*moment,),) = times(folder)
    year, month, day, hour, minute, second = moment
    told = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    assert before <= told <= datetime.now(UTC)


def test_now_is_what_the_build_says_it_is(
    firmline: Program, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    assert firmline(*WORDS, "--timestamp", "now").code == 0
    assert times(folder) == {(2023, 11, 14, 22, 13, 20)}


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("315532799", Code.NUMBER_OUT_OF_RANGE),
        ("1979-12-31T23:59:59Z", Code.NUMBER_OUT_OF_RANGE),
        ("1980-01-01T00:00:00+01:00", Code.NUMBER_OUT_OF_RANGE),
        ("2108-01-01", Code.NUMBER_OUT_OF_RANGE),
        ("0001-01-01T00:00:00+14:00", Code.NUMBER_OUT_OF_RANGE),
        ("20260101", Code.NUMBER_OUT_OF_RANGE),
        ("9" * 30, Code.NUMBER_OUT_OF_RANGE),
        ("9223372036854775807", Code.NUMBER_OUT_OF_RANGE),
        ("01700000000", Code.NUMBER_OCTAL_LOOKING),
        ("", Code.NUMBER_MALFORMED),
        ("-1", Code.NUMBER_MALFORMED),
        ("yesterday", Code.NUMBER_MALFORMED),
    ],
)
def test_times_that_cannot_be_used(value: str, code: Code, firmline: Program, folder: Path) -> None:
    before = files_in(folder)
    assert_failed(firmline(*WORDS, "--timestamp", value), code)
    assert files_in(folder) == before


def test_a_broken_source_date_epoch_is_told(
    firmline: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "soon")
    ran = firmline(*WORDS, "--timestamp", "now")
    assert_failed(ran, Code.NUMBER_MALFORMED)
    assert "SOURCE_DATE_EPOCH" in ran.err
