"""Listeners to the stream of events: lines, a progress bar, JSON."""

from __future__ import annotations

import json
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol, Self

import click

from firmline import events
from firmline.cli.event_text import describe, full_line
from firmline.cli.style import printable
from firmline.events import Event
from firmline.formats.event_json import event_to_json

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


class Listener(Protocol):
    """Something that reads the stream of events while it happens."""

    def __enter__(self) -> Self:
        """Get ready."""

    def __exit__(self, *raised: object) -> None:
        """Give the terminal or the file back."""

    def hear(self, event: Event) -> None:
        """One event; when this returns, it is written."""


class Lines:
    """One line for each event that a person wants to read."""

    def __enter__(self) -> Self:
        """Nothing to get ready."""
        return self

    def __exit__(self, *raised: object) -> None:
        """Nothing to give back."""

    def hear(self, event: Event) -> None:
        """Print the event's line, if it has one."""
        described = describe(event)
        if described is not None:
            label, text = described
            self._print(label, printable(text))

    def _print(self, label: str, text: str) -> None:
        click.echo(f"  {label:<10} {text}")


class Rate:
    """How fast an image is sent, in the time of the unit: a virtual one's seconds are not ours."""

    def __init__(self) -> None:
        self._since: tuple[float, int] | None = None
        self._last = 0

    def at(self, at_s: float, offset: int) -> str:
        """What to print of it; empty until there is something to compare.

        Args:
            at_s: When the bytes up to ``offset`` were sent, as events have it.
            offset: Bytes of the image.
        """
        if self._since is None or offset < self._last:  # another image, or one that begins anew
            self._since = (at_s, offset)
        self._last = offset
        begin_s, begin = self._since
        if at_s <= begin_s or offset <= begin:
            return ""
        return f"{(offset - begin) / (at_s - begin_s) / 1000:,.1f} kB/s"


class ProgressDisplay(Lines):
    """Lines, and below them a bar while an image is sent; for terminals."""

    def __init__(self) -> None:
        from rich.console import Console  # noqa: PLC0415 - rich loads for terminals only
        from rich.progress import (  # noqa: PLC0415
            BarColumn,
            DownloadColumn,
            Progress,
            TextColumn,
            TimeRemainingColumn,
        )

        self._console = Console(highlight=False, emoji=False)
        self._progress: Progress = Progress(
            TextColumn("  [bold]sending[/]   "),
            BarColumn(),
            TextColumn("[bold]{task.percentage:>3.0f} %"),
            DownloadColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
            console=self._console,
            transient=True,
        )
        self._task: TaskID | None = None
        self._rate = Rate()

    def __enter__(self) -> Self:
        """Take the terminal's last line."""
        self._progress.start()
        return self

    def __exit__(self, *raised: object) -> None:
        """Give the terminal back."""
        self._progress.stop()

    def hear(self, event: Event) -> None:
        """Print the event's line and move the bar."""
        match event:
            case events.ObjectCreated(object_type="data", offset=offset) if self._task is None:
                self._rate = Rate()
                rate = self._rate.at(event.at_s, offset)
                self._task = self._progress.add_task(
                    "sending", total=None, completed=offset, rate=rate
                )
            case events.PacketsSent(object_type="data") if self._task is not None:
                rate = self._rate.at(event.at_s, event.offset)
                self._progress.update(
                    self._task, completed=event.offset, total=event.size, rate=rate
                )
            case events.ImageSent() | events.UpdateFinished() if self._task is not None:
                if isinstance(event, events.ImageSent):
                    self._progress.update(self._task, completed=event.size, total=event.size)
                    self._progress.refresh()  # the last thing seen of the bar is 100 %
                self._progress.remove_task(self._task)
                self._progress.refresh()
                self._task = None
        super().hear(event)

    def _print(self, label: str, text: str) -> None:
        from rich.markup import escape  # noqa: PLC0415 - loaded with the console above

        self._console.print(f"  [cyan]{label:<10}[/] {escape(text)}", soft_wrap=True)


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
