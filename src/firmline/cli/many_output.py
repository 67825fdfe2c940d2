"""Listeners to the streams of several updates at once: each says whose event it is."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Self

import click

from firmline import events
from firmline.cli.event_output import Lines, Rate, WhileRead
from firmline.events import Event
from firmline.formats.event_json import event_to_json

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


class UnitLines(Lines):
    """One line for each event of one unit that a person wants to read.

    Args:
        name: Of the unit, made safe to print.
        width: Of the longest of the names.
    """

    def __init__(self, name: str, *, width: int) -> None:
        self._name = f"{name:<{width}}"

    def _print(self, label: str, text: str) -> None:
        click.echo(f"  {self._name}  {label:<10} {text}")


class UnitJsonLines(Lines):
    """Every event of one unit as a JSON object on a line, with ``unit``.

    Args:
        name: Of the unit, made safe to print.
    """

    def __init__(self, name: str) -> None:
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
        self._task = bars.add(self._name)
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
                self._bars.move(self._task, event.offset, event.size, rate)
            case events.ImageSent():
                self._bars.move(self._task, event.size, event.size)
                self._rate = Rate()
        super().hear(event)

    def _print(self, label: str, text: str) -> None:
        self._bars.print(f"  {self._name}  ", label, text)


class Bars:
    """The bars of several units."""

    def __init__(self) -> None:
        from rich.console import Console  # noqa: PLC0415 - rich loads for terminals only
        from rich.progress import (  # noqa: PLC0415
            BarColumn,
            DownloadColumn,
            Progress,
            TextColumn,
        )

        self._console = Console(highlight=False, emoji=False)
        self._progress: Progress = Progress(
            TextColumn("  {task.description}", markup=False),
            BarColumn(),
            TextColumn("[bold]{task.percentage:>3.0f} %"),
            DownloadColumn(),
            TextColumn("{task.fields[rate]}"),
            console=self._console,
        )
        self._is_shown = False

    def start(self) -> None:
        """Show them; harmless when they are shown."""
        if not self._is_shown:
            self._is_shown = True
            self._progress.start()

    def stop(self) -> None:
        """Leave them as they are; harmless when they were left."""
        if self._is_shown:
            self._is_shown = False
            self._progress.stop()

    def add(self, name: str) -> TaskID:
        """A bar for one unit."""
        return self._progress.add_task(name, total=None, rate="")

    def move(self, task: TaskID, offset: int, size: int, rate: str | None = None) -> None:
        """So many bytes were sent, and so fast; ``None``: as it was."""
        self._progress.update(task, completed=offset, total=size)
        if rate is not None:
            self._progress.update(task, rate=rate)

    def print(self, begin: str, label: str, text: str) -> None:
        """A line above the bars."""
        from rich.markup import escape  # noqa: PLC0415 - loaded with the console above

        line = f"{escape(begin)}[cyan]{label:<10}[/] {escape(text)}"
        self._console.print(line, soft_wrap=True)


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
        bars = Bars()
        return [WhileRead(UnitBar(name, width=width, bars=bars)) for name in names]
    return [WhileRead(UnitLines(name, width=width)) for name in names]
