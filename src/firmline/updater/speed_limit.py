"""How much of the unit's own limit an update reached, read from the stream of events.

The limit of an image is the sum over its objects of what flash and link need for them, without any
round trip (physics spec, section 6): what a host learns of the unit while it keeps its flash busy
(:class:`~firmline.events.FlashLearned`). An erase counts as long as it takes on this connection:
what the SoftDevice waits for a gap between radio events is the unit's, not the host's.
"""

from __future__ import annotations

from firmline import events
from firmline.events import Event

OBJECT_SIZE = 4096
"""Bytes of a whole data object (bootloader spec, section 4)."""
CREATE_DATA = b"\x01\x02"
"""How a CREATE of data begins (bootloader spec, section 2.1)."""


class SpeedLimit:
    """Hears the events of one update."""

    def __init__(self) -> None:
        self._limit_s = self._spent_s = 0.0
        self._is_known = True
        self._begin()

    def _begin(self) -> None:
        """Another image."""
        self._size = self._held = 0
        self._object_s: float | None = None
        self._begin_s: float | None = None

    @property
    def share(self) -> float | None:
        """Between 0 and 1, of the images that were sent; ``None``: the limit is not known."""
        if not self._is_known or not self._spent_s:
            return None
        return self._limit_s / self._spent_s

    def hear(self, event: Event) -> None:
        """One event, stamped."""
        match event:
            case events.ImageStarted(size=size):
                self._begin()
                self._size = size
            case events.Resumed(object_type="data", offset=offset) if self._begin_s is None:
                self._held, self._begin_s = offset, event.at_s
            case events.RequestSent(data=data) if data.startswith(CREATE_DATA):
                self._begin_s = event.at_s if self._begin_s is None else self._begin_s
            case events.FlashLearned(least_object_s=least_object_s):
                self._object_s = least_object_s
            case events.ImageSent():
                self._end(event.at_s)

    def _end(self, at_s: float) -> None:
        if self._object_s is None or self._begin_s is None:
            self._is_known = False
            return
        self._limit_s += (self._size - self._held) / OBJECT_SIZE * self._object_s
        self._spent_s += at_s - self._begin_s
