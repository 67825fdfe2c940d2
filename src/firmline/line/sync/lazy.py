"""A centre that is opened when something is sent: whoever begins a shift does not wait for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from firmline.line.records.values import Entry, Row
from firmline.line.sync.centre import Centre, Standing


class LazyCentre:
    """A centre behind its address; all methods are those of :class:`~.centre.Centre`.

    Args:
        where: Its address, without a password.
        open_centre: Opens it; it is asked again until it does.
    """

    def __init__(self, where: str, open_centre: Callable[[], Centre]) -> None:
        self._where = where
        self._open = open_centre
        self._opened: Centre | None = None

    @property
    def where(self) -> str:
        """See :class:`~.centre.Centre`."""
        return self._where

    def standing(self, station: str) -> Standing:
        """See :class:`~.centre.Centre`."""
        return self._there().standing(station)

    def missing(self, station: str, digests: Sequence[str]) -> tuple[str, ...]:
        """See :class:`~.centre.Centre`."""
        return self._there().missing(station, digests)

    def attach(self, station: str, sha256: str, content: bytes) -> None:
        """See :class:`~.centre.Centre`."""
        self._there().attach(station, sha256, content)

    def write(self, station: str, rows: Sequence[Row[Entry]]) -> int:
        """See :class:`~.centre.Centre`."""
        return self._there().write(station, rows)

    def close(self) -> None:
        """See :class:`~.centre.Centre`."""
        if self._opened is not None:
            self._opened.close()

    def _there(self) -> Centre:
        """It, opened.

        Raises:
            StoreError: It cannot be opened now.
        """
        if self._opened is None:
            self._opened = self._open()
        return self._opened
