"""The listeners to the stream: lines, JSON, a bar; and what happens when nobody listens."""

from __future__ import annotations

import errno
import json
from contextlib import redirect_stdout
from pathlib import Path
from typing import Self

import pytest

from firmline import events
from firmline.cli import event_output
from firmline.cli.event_output import (
    JsonLines,
    Lines,
    ProgressDisplay,
    WhileRead,
    listener_for,
)
from firmline.cli.progress_bars import Rate
from firmline.events import Event
from firmline.formats.event_json import event_to_json, event_type
from unit.cli.event_samples import CREATED, FINISHED, HOME, IMAGE_SENT, SAMPLES, SENT
from unit.cli.terminal import HIDE_CURSOR, SHOW_CURSOR, Terminal

# Lines.


def test_an_event_is_a_line_with_its_label(capsys: pytest.CaptureFixture[str]) -> None:
    with Lines() as lines:
        lines.hear(IMAGE_SENT)
        lines.hear(SENT)
    assert capsys.readouterr().out == (
        "  accepted   all 150,000 bytes; the unit restarts to activate them\n"
    )


def test_what_a_unit_says_cannot_move_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    Lines().hear(events.UnitSeen(address=HOME, name="\x1b[2J\n\udc80", rssi_dbm=None))
    assert capsys.readouterr().out == ("  seen       \\x1b[2J\\n\\udc80 at C6:05:04:03:02:01\n")


# JSON.


def test_every_event_is_one_json_object_on_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    with JsonLines() as lines:
        for event in SAMPLES:
            lines.hear(event)
    printed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert printed == [event_to_json(event) for event in SAMPLES]


def test_json_is_written_before_the_next_step_is_taken(
    capsys: pytest.CaptureFixture[str],
) -> None:
    lines = JsonLines()
    for event in SAMPLES:
        lines.hear(event)
        assert json.loads(capsys.readouterr().out)["type"] == event_type(event)


# Everything, for people.


def test_every_event_is_one_line_with_all_its_fields(capsys: pytest.CaptureFixture[str]) -> None:
    with listener_for(as_json=False, verbose=True) as lines:
        for event in SAMPLES:
            lines.hear(event)
    printed = capsys.readouterr().out.splitlines()
    assert len(printed) == len(SAMPLES)
    for line, event in zip(printed, SAMPLES, strict=True):
        assert line.split()[1] == event_type(event)
        names = event_to_json(event).keys() - {"type", "at_s"}
        assert all(name in line for name in names)


# The bar.


def test_a_whole_update_at_a_terminal_gives_it_back(terminal: Terminal) -> None:
    with redirect_stdout(terminal.stream), ProgressDisplay() as display:
        for event in SAMPLES:
            display.hear(event)
    seen = terminal.read()
    assert seen.count(HIDE_CURSOR) == 1
    assert seen.count(SHOW_CURSOR) == 1
    assert seen.index(HIDE_CURSOR) < seen.index(SHOW_CURSOR)
    assert terminal.is_restored
    assert "\x1b[36mseen      \x1b[0m Tag at C6:05:04:03:02:01, -50 dBm" in seen


def test_an_update_that_breaks_off_gives_the_terminal_back(terminal: Terminal) -> None:
    display = ProgressDisplay()
    with redirect_stdout(terminal.stream), pytest.raises(KeyboardInterrupt), display:  # noqa: PT012 - breaks off in the middle
        display.hear(CREATED)
        display.hear(SENT)
        raise KeyboardInterrupt
    assert terminal.read().count(SHOW_CURSOR) == 1
    assert terminal.is_restored


def test_the_bar_goes_where_the_transfer_goes(terminal: Terminal) -> None:
    with redirect_stdout(terminal.stream), ProgressDisplay() as display:
        tasks = display._bars._progress.tasks
        assert tasks == []
        display.hear(events.PacketsSent(object_type="command", count=1, offset=9, size=141))
        display.hear(events.ObjectCreated(object_type="command", offset=0, size=141))
        assert display._bars._progress.tasks == []
        display.hear(events.ObjectCreated(object_type="data", offset=4096, size=4096))
        assert [task.completed for task in display._bars._progress.tasks] == [4096]
        display.hear(events.ObjectCreated(object_type="data", offset=8192, size=4096))
        display.hear(events.PacketsSent(object_type="data", count=1, offset=9000, size=10_000))
        (task,) = display._bars._progress.tasks
        assert (task.completed, task.total) == (9000, 10_000)
        display.hear(IMAGE_SENT)
        assert display._bars._progress.tasks == []


def test_the_bar_shows_the_speed_in_the_time_of_the_unit(terminal: Terminal) -> None:
    with redirect_stdout(terminal.stream), ProgressDisplay() as display:
        display.hear(events.ObjectCreated(object_type="data", offset=4096, size=4096, at_s=100.0))
        (task,) = display._bars._progress.tasks
        assert task.fields["rate"] == ""
        sent = events.PacketsSent(object_type="data", count=1, offset=24_096, size=50_000)
        display.hear(events.stamp(sent, 102.0))
        assert task.fields["rate"] == "10.0 kB/s"
        display._bars._progress.refresh()
    assert "10.0 kB/s" in terminal.read()


def test_a_rate_begins_anew_with_another_image_and_is_silent_without_time() -> None:
    rate = Rate()
    told = [rate.at(at_s, offset) for at_s, offset in ((1, 0), (1, 10), (2, 2000), (9, 5), (9, 8))]
    assert told == ["", "", "2.0 kB/s", "", ""]
    assert rate.at(10.0, 1_500_005) == "1,500.0 kB/s"


def test_a_second_image_has_a_bar_of_its_own(terminal: Terminal) -> None:
    with redirect_stdout(terminal.stream), ProgressDisplay() as display:
        for _ in range(2):
            display.hear(CREATED)
            display.hear(SENT)
            (task,) = display._bars._progress.tasks
            assert (task.completed, task.total) == (4096, 150_000)
            display.hear(IMAGE_SENT)


def test_an_update_that_ends_early_ends_the_bar(terminal: Terminal) -> None:
    with redirect_stdout(terminal.stream), ProgressDisplay() as display:
        display.hear(CREATED)
        display.hear(FINISHED)
        assert display._bars._progress.tasks == []


@pytest.mark.parametrize("name", ["[bold]Tag[/]", "[/]", ":smile:", "\x1b[2J", "[link=x]"])
def test_a_name_is_printed_as_it_is(name: str, terminal: Terminal) -> None:
    with redirect_stdout(terminal.stream), ProgressDisplay() as display:
        display.hear(events.UnitSeen(address=HOME, name=name, rssi_dbm=None))
    shown = name.replace("\x1b", r"\x1b")
    assert f"seen      \x1b[0m {shown} at C6:" in terminal.read()


def test_no_color_is_kept_to_at_a_terminal(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    with redirect_stdout(terminal.stream), ProgressDisplay() as display:
        for event in SAMPLES:
            display.hear(event)
    seen = terminal.read()
    assert "seen       Tag at" in seen
    assert "\x1b[3" not in seen
    assert "\x1b[9" not in seen


# Which one.


def test_the_listener_suits_the_output(terminal: Terminal, folder: Path) -> None:
    with redirect_stdout(terminal.stream):
        assert type(listener_for(as_json=True)._listener) is JsonLines
        assert type(listener_for(as_json=False)._listener) is ProgressDisplay
    with (folder / "pipe").open("w") as pipe, redirect_stdout(pipe):
        assert type(listener_for(as_json=True)._listener) is JsonLines
        assert type(listener_for(as_json=False)._listener) is Lines


# When nobody listens any more.


class Breaks(Lines):
    """Hears so many events; then its output is gone."""

    def __init__(self, left: int) -> None:
        self.left = left
        self.heard = 0
        self.closed = 0

    def hear(self, event: Event) -> None:
        assert event in SAMPLES
        self.heard += 1
        if self.heard > self.left:
            raise BrokenPipeError(errno.EPIPE, "Broken pipe")

    def __enter__(self) -> Self:
        assert self.closed == 0
        return self

    def __exit__(self, *raised: object) -> None:
        self.closed += 1
        raise OSError(errno.EIO, "Input/output error")


def test_a_reader_that_leaves_does_not_stop_an_update() -> None:
    breaks = Breaks(3)
    with WhileRead(breaks) as listener:
        for event in SAMPLES:
            listener.hear(event)
    assert breaks.heard == 4
    assert breaks.closed == 1


def test_a_defect_of_a_listener_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(event: Event) -> None:
        raise ZeroDivisionError(event)

    monkeypatch.setattr(event_output, "describe", fail)
    with pytest.raises(ZeroDivisionError), WhileRead(Lines()) as listener:
        listener.hear(FINISHED)
