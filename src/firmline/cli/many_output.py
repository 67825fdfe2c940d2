"""Listeners to the streams of several updates at once: each says whose event it is."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Self

import click

from firmline import events
from firmline.cli.event_output import Lines, WhileRead
from firmline.cli.progress_bars import Bars, Rate
from firmline.events import Event
from firmline.formats.event_json import event_to_json


class UnitLines(Lines):
    """One line for each event of one unit that a person wants to read.

    Args:
        name: Of the unit, made safe to print.
        width: Of the longest of the names.
    """

    def __init__(self, name: str, *, width: int) -> None:
        super().__init__()
        self._name = f"{name:<{width}}"

    def _print(self, label: str, text: str) -> None:
        click.echo(f"  {self._name}  {label:<10} {text}")


class UnitJsonLines(Lines):
    """Every event of one unit as a JSON object on a line, with ``unit``.

    Args:
        name: Of the unit, made safe to print.
    """

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name

    def hear(self, event: Event) -> None:
        """Print the event, at once."""
        click.echo(json.dumps({**event_to_json(event), "unit": self._name}))
        sys.stdout.flush()


class UnitBar(UnitLines):
    """A bar of its own for one unit, below the lines of all; for terminals.

    Args:
        name: Of the unit, made safe to print.
        width: Of the longest of the names.
        bars: Where all bars are.
    """

    def __init__(self, name: str, *, width: int, bars: Bars) -> None:
        super().__init__(name, width=width)
        self._bars = bars
        self._bar = bars.add(self._name)
        self._rate = Rate()

    def __enter__(self) -> Self:
        """Take the terminal's last lines, with the first of them."""
        self._bars.start()
        return self

    def __exit__(self, *raised: object) -> None:
        """Give the terminal back."""
        self._bars.stop()

    def hear(self, event: Event) -> None:
        """Print the event's line and move the bar."""
        match event:
            case events.PacketsSent(object_type="data"):
                rate = self._rate.at(event.at_s, event.offset)
                self._bars.move(self._bar, event.offset, event.size, rate)
            case events.ImageSent():
                self._bars.move(self._bar, event.size, event.size)
                self._rate = Rate()
        super().hear(event)

    def _print(self, label: str, text: str) -> None:
        self._bars.print(f"  {self._name}  ", label, text)


def many_listeners(names: Sequence[str], *, as_json: bool) -> list[WhileRead]:
    """A listener for each unit, as suits the output.

    Args:
        names: Of the units, made safe to print.
        as_json: Whether to print for programs.
    """
    if as_json:
        return [WhileRead(UnitJsonLines(name)) for name in names]
    width = max(map(len, names))
    if sys.stdout.isatty():
        bars = Bars(transient=False)
        return [WhileRead(UnitBar(name, width=width, bars=bars)) for name in names]
    return [WhileRead(UnitLines(name, width=width)) for name in names]
