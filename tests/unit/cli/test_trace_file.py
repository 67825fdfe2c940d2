"""The trace: every event on the disk before the next step, and no reason to stop an update."""

from __future__ import annotations

import json
import os
import platform
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from firmline import __version__
from firmline.cli.trace_file import TraceFile, keep_events
from firmline.errors import Code, ExitCode, InputError, StoreError
from firmline.events import stamp
from firmline.formats.event_json import event_to_json
from unit.cli.event_samples import FINISHED, SAMPLES, STARTED

needs_full = pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")


@pytest.fixture
def path(folder: Path) -> Path:
    return folder / "t.jsonl"


NOW = datetime(2026, 3, 1, 12, 30, 0, 250_000, tzinfo=UTC)


def every_line(path: Path) -> list[dict[str, Any]]:
    text = path.read_bytes().decode("ascii")
    assert text.endswith("\n")
    return [json.loads(line) for line in text.split("\n")[:-1]]


def lines(path: Path) -> list[dict[str, Any]]:
    """The events behind the first line."""
    first, *rest = every_line(path)
    assert first["type"] == "trace_started"
    return rest


def test_the_first_line_says_what_wrote_it_and_when(path: Path) -> None:
    with TraceFile(path, now=lambda: NOW) as trace:
        trace.hear(stamp(STARTED, 12.5))
    assert every_line(path)[0] == {
        "type": "trace_started",
        "at_s": 12.5,
        "trace_format": 1,
        "firmline": __version__,
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.release()} {platform.machine()}",
        "started_at": "2026-03-01T12:30:00.250Z",
    }


def test_the_first_line_tells_neither_host_nor_user(path: Path) -> None:
    with TraceFile(path) as trace:
        trace.hear(STARTED)
    text = path.read_text("ascii")
    assert platform.node() not in text
    assert str(Path.home()) not in text


def test_a_trace_without_events_is_empty(path: Path) -> None:
    with TraceFile(path):
        pass
    assert path.read_bytes() == b""


def test_a_trace_has_the_rights_of_any_new_file(path: Path) -> None:
    (path.parent / "plain").touch()
    with TraceFile(path):
        pass
    assert path.stat().st_mode == (path.parent / "plain").stat().st_mode


def test_what_ended_before_it_had_a_clock_is_kept(path: Path) -> None:
    keep_events(path, [STARTED, FINISHED])
    assert lines(path) == [event_to_json(STARTED), event_to_json(FINISHED)]


@needs_full
def test_what_cannot_be_kept_is_an_error() -> None:
    with pytest.raises(StoreError):
        keep_events(Path("/dev/full"), [STARTED])


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes")
def test_a_pipe_is_written_while_somebody_reads_it_and_not_waited_for_otherwise(path: Path) -> None:
    os.mkfifo(path)
    with pytest.raises(StoreError, match="nobody reads that pipe"):
        TraceFile(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        with TraceFile(path) as trace:
            trace.hear(STARTED)
            assert os.get_blocking(trace._file.fileno()), "a slow reader loses nothing"
        assert os.read(reader, 65_536).count(b"\n") == 2
    finally:
        os.close(reader)


def test_every_event_is_a_line(path: Path) -> None:
    with TraceFile(path) as trace:
        for event in SAMPLES:
            trace.hear(event)
    assert lines(path) == [event_to_json(event) for event in SAMPLES]
    assert trace.problem is None


def test_an_event_is_out_of_this_process_before_the_next_step(path: Path) -> None:
    with TraceFile(path) as trace:
        for count, event in enumerate(SAMPLES, 1):
            trace.hear(event)
            assert len(lines(path)) == count


def test_an_earlier_trace_is_put_aside_and_said(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(3):
        with TraceFile(path) as trace:
            trace.hear(STARTED)
    assert lines(path) == [event_to_json(STARTED)]
    aside = [path.with_name(f"{path.stem}-earlier-{each}{path.suffix}") for each in (1, 2)]
    assert [lines(each) for each in aside] == [[event_to_json(STARTED)]] * 2
    assert aside[1].name in capsys.readouterr().err


def test_what_is_no_trace_is_left_as_it_is(path: Path) -> None:
    path.write_text("old\n" * 100)
    with pytest.raises(InputError) as caught:
        TraceFile(path)
    assert caught.value.code is Code.FILE_EXISTS
    assert path.read_text() == "old\n" * 100


def test_an_exception_on_the_way_keeps_what_was_written(path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), TraceFile(path) as trace:  # noqa: PT012 - in the middle
        trace.hear(STARTED)
        raise KeyboardInterrupt
    assert lines(path) == [event_to_json(STARTED)]


@pytest.mark.parametrize("name", [".", "none/t.jsonl", "a\0b", "n" * 300])
def test_a_trace_that_cannot_be_begun_is_an_error(name: str, folder: Path) -> None:
    with pytest.raises(StoreError) as caught:
        TraceFile(folder / name)
    assert caught.value.code is Code.TRACE_NOT_WRITABLE
    assert caught.value.exit_code == ExitCode.LINK
    assert caught.value.message.startswith("The trace ")
    assert list(folder.iterdir()) == []


@needs_full
def test_a_full_disk_is_remembered_and_stops_nothing() -> None:
    with TraceFile(Path("/dev/full")) as trace:
        trace.hear(STARTED)
        first = trace.problem
        trace.hear(FINISHED)
    assert first is not None
    assert first.message == "The trace /dev/full cannot be written: no space left on device."
    assert trace.problem is first


def test_a_trace_may_go_into_a_pipe(path: Path) -> None:
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    with TraceFile(path) as trace:
        trace.hear(STARTED)
    heard = os.read(reader, 65536).splitlines()
    assert json.loads(heard[1]) == event_to_json(STARTED)
    os.close(reader)
    assert trace.problem is None


def test_a_disk_that_fails_at_the_end_is_remembered(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(descriptor: int) -> None:
        raise OSError(5, "Input/output error", str(descriptor))

    monkeypatch.setattr("os.fsync", fail)
    with TraceFile(path) as trace:
        trace.hear(STARTED)
        assert trace.problem is None
    assert trace.problem is not None
    assert "input/output error" in trace.problem.message
    assert lines(path) == [event_to_json(STARTED)]
