"""Bars at the bottom of a terminal, and how fast they move; rich is loaded for terminals only."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


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


class Bars:
    """The bars of what is being sent, and lines above them.

    Args:
        transient: Whether nothing of them is left at the end.
    """

    def __init__(self, *, transient: bool) -> None:
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
            TextColumn("  {task.description}", markup=False),
            BarColumn(),
            TextColumn("[bold]{task.percentage:>3.0f} %"),
            DownloadColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
            console=self._console,
            transient=transient,
        )
        self._is_shown = False

    def start(self) -> None:
        """Take the terminal's last lines; harmless when they are taken."""
        if not self._is_shown:
            self._is_shown = True
            self._progress.start()

    def stop(self) -> None:
        """Give them back; harmless when they were given back."""
        if self._is_shown:
            self._is_shown = False
            self._progress.stop()

    def add(self, name: str, *, offset: int = 0) -> TaskID:
        """A bar, of which so many bytes are done."""
        return self._progress.add_task(name, total=None, completed=offset, rate="")

    def move(self, bar: TaskID, offset: int, size: int, rate: str | None = None) -> None:
        """So many bytes were sent, and so fast; ``None``: as it was."""
        self._progress.update(bar, completed=offset, total=size)
        if rate is not None:
            self._progress.update(bar, rate=rate)

    def remove(self, bar: TaskID) -> None:
        """Take a bar away, once it was seen where it stands."""
        self._progress.refresh()
        self._progress.remove_task(bar)
        self._progress.refresh()

    def print(self, begin: str, label: str, text: str) -> None:
        """A line above the bars."""
        from rich.markup import escape  # noqa: PLC0415 - loaded with the console above

        line = f"{escape(begin)}[cyan]{label:<10}[/] {escape(text)}"
        self._console.print(line, soft_wrap=True)
