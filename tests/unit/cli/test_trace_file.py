"""The trace: every event on the disk before the next step, and no reason to stop an update."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from firmline.cli.trace_file import TraceFile
from firmline.errors import Code, ExitCode, StoreError
from firmline.events import event_to_json
from unit.cli.event_samples import FINISHED, SAMPLES, STARTED

needs_full = pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")


@pytest.fixture
def path(folder: Path) -> Path:
    return folder / "t.jsonl"


def lines(path: Path) -> list[object]:
    text = path.read_bytes().decode("ascii")
    assert text.endswith("\n")
    return [json.loads(line) for line in text.split("\n")[:-1]]


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


def test_a_new_trace_replaces_the_old(path: Path) -> None:
    path.write_text("old\n" * 100)
    with TraceFile(path) as trace:
        trace.hear(STARTED)
    assert lines(path) == [event_to_json(STARTED)]


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
    assert json.loads(os.read(reader, 65536)) == event_to_json(STARTED)
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
