"""Listeners to the stream of events: lines, a progress bar, JSON."""

from __future__ import annotations

import json
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol, Self

import click

from firmline import events
from firmline.cli.narration import Narration
from firmline.cli.progress_bars import Bars, Rate
from firmline.cli.style import printable
from firmline.events import Event
from firmline.formats.event_json import event_to_json
from firmline.updater.telling.event_text import describe, full_line

if TYPE_CHECKING:
    from rich.progress import TaskID


class Listener(Protocol):
    """Something that reads the stream of events while it happens."""

    def __enter__(self) -> Self:
        """Get ready."""

    def __exit__(self, *raised: object) -> None:
        """Give the terminal or the file back."""

    def hear(self, event: Event) -> None:
        """One event; when this returns, it is written."""


class Lines:
    """One line for each event that a person wants to read, and does not know yet."""

    def __init__(self) -> None:
        self._narration = Narration()

    def __enter__(self) -> Self:
        """Nothing to get ready."""
        return self

    def __exit__(self, *raised: object) -> None:
        """Nothing to give back."""

    def hear(self, event: Event) -> None:
        """Print the event's line, if it has one."""
        described = describe(event)
        if described is not None and self._narration.is_news(event):
            label, text = described
            self._print(label, printable(text))

    def _print(self, label: str, text: str) -> None:
        click.echo(f"  {label:<10} {text}")


class ProgressDisplay(Lines):
    """Lines, and below them a bar while an image is sent; for terminals."""

    def __init__(self) -> None:
        super().__init__()
        self._bars = Bars(transient=True)
        self._bar: TaskID | None = None
        self._rate = Rate()

    def __enter__(self) -> Self:
        """Take the terminal's last line."""
        self._bars.start()
        return self

    def __exit__(self, *raised: object) -> None:
        """Give the terminal back."""
        self._bars.stop()

    def hear(self, event: Event) -> None:
        """Print the event's line and move the bar."""
        match event:
            case events.ObjectCreated(object_type="data", offset=offset) if self._bar is None:
                self._rate = Rate()
                self._rate.at(event.at_s, offset)
                self._bar = self._bars.add(f"{'sending':<10}", offset=offset)
            case events.PacketsSent(object_type="data") if self._bar is not None:
                rate = self._rate.at(event.at_s, event.offset)
                self._bars.move(self._bar, event.offset, event.size, rate)
            case events.ImageSent() if self._bar is not None:
                self._bars.move(self._bar, event.size, event.size)
                self._take_away(self._bar)
            case events.UpdateFinished() if self._bar is not None:
                self._take_away(self._bar)
        super().hear(event)

    def _take_away(self, bar: TaskID) -> None:
        self._bars.remove(bar)
        self._bar = None

    def _print(self, label: str, text: str) -> None:
        self._bars.print("  ", label, text)


class JsonLines(Lines):
    """Every event as one JSON object on a line."""

    def hear(self, event: Event) -> None:
        """Print the event, at once."""
        click.echo(json.dumps(event_to_json(event)))
        sys.stdout.flush()


class WhileRead:
    """Another listener, given up once its output fails: the unit is worth more than its reader.

    A reader that leaves (``| head``) or a full disk must not stop an update in the middle.
    """

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._is_read = True

    def __enter__(self) -> Self:
        """As the listener within."""
        self._listener.__enter__()
        return self

    def __exit__(self, *raised: object) -> None:
        """As the listener within."""
        with suppress(OSError):
            self._listener.__exit__(*raised)

    def hear(self, event: Event) -> None:
        """As the listener within, as long as it can."""
        if not self._is_read:
            return
        try:
            self._listener.hear(event)
        except OSError:
            self._is_read = False


class EveryLine(Lines):
    """One line for every event, with all its fields, for people who look for a cause."""

    def hear(self, event: Event) -> None:
        """Print the event, at once."""
        click.echo(full_line(event_to_json(event), at_s=event.at_s))
        sys.stdout.flush()


def listener_for(*, as_json: bool, verbose: bool = False) -> WhileRead:
    """What suits the output: JSON where asked for, a bar in a terminal, lines in a pipe."""
    if as_json:
        return WhileRead(JsonLines())
    if verbose:
        return WhileRead(EveryLine())
    return WhileRead(ProgressDisplay() if sys.stdout.isatty() else Lines())
