"""The listeners to several updates at once: every line says whose it is."""

from __future__ import annotations

import json
from contextlib import ExitStack, redirect_stdout

import pytest

from firmline import events
from firmline.cli.many_output import many_listeners
from unit.cli.event_samples import IMAGE_SENT, SENT
from unit.cli.terminal import HIDE_CURSOR, SHOW_CURSOR, Terminal

NAMES = ("sim:a", "ble:[red]long[/]")


def sent(at_s: float, offset: int) -> events.PacketsSent:
    return events.PacketsSent(at_s=at_s, object_type="data", count=17, offset=offset, size=150_000)


def test_lines_stand_behind_the_names_in_a_column(capsys: pytest.CaptureFixture[str]) -> None:
    for listener in many_listeners(NAMES, as_json=False):
        with listener:
            listener.hear(IMAGE_SENT)
            listener.hear(SENT)
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("  sim:a             accepted   all 150,000 bytes")
    assert second.startswith("  ble:[red]long[/]  accepted   all 150,000 bytes")


def test_programs_get_every_event_with_its_unit(capsys: pytest.CaptureFixture[str]) -> None:
    for listener in many_listeners(NAMES, as_json=True):
        with listener:
            listener.hear(IMAGE_SENT)
            listener.hear(SENT)
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["unit"] for line in told] == ["sim:a", "sim:a", NAMES[1], NAMES[1]]
    assert told[0]["type"] == "image_sent"
    assert {key: value for key, value in told[0].items() if key != "unit"} == {
        key: value for key, value in told[2].items() if key != "unit"
    }


def test_a_terminal_gets_a_bar_for_each_unit_and_is_given_back(terminal: Terminal) -> None:
    with redirect_stdout(terminal.stream):
        listeners = many_listeners(NAMES, as_json=False)
        with ExitStack() as stack:
            for listener in listeners:
                stack.enter_context(listener)
            listeners[0].hear(sent(1.0, 4_096))
            listeners[0].hear(sent(2.0, 75_000))
            listeners[1].hear(IMAGE_SENT)
    seen = terminal.read()
    assert seen.count(HIDE_CURSOR) == seen.count(SHOW_CURSOR) == 1
    assert terminal.is_restored
    assert "70.9 kB/s" in seen
    *_, first, second = [line for line in seen.splitlines() if "%" in line]
    assert "sim:a" in first
    assert " 50 %" in first
    assert "ble:[red]long[/]" in second
    assert "100 %" in second
    line = next(line for line in seen.splitlines() if "accepted" in line)
    assert "ble:[red]long[/]" in line


def test_of_several_listeners_one_whose_end_failed_stops_no_other(terminal: Terminal) -> None:
    """The first to leave gives the terminal back; those that come after find nothing to do."""
    with redirect_stdout(terminal.stream):
        one, other = many_listeners(NAMES, as_json=False)
        with one, other:
            pass
        other.hear(IMAGE_SENT)
    assert terminal.read().count(SHOW_CURSOR) == 1
    assert terminal.is_restored
