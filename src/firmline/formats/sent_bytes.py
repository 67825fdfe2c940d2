"""What of its images an update has sent, counted from its events.

A unit may have some of an image from an earlier update, and may lose some of what it is sent now:
then the bytes that were sent are not those of the image. Counted are firmware bytes, no init
packets, as the unit takes them:

* What it had of an image when the update came to it was *held*.
* What it was handed over was *sent*, every time again where it was lost and handed over again.
* A packet that found no room in its flash queue, and is offered again, was not taken: it counts
  once.
"""

from __future__ import annotations

from firmline import events
from firmline.events import Event


class SentBytes:
    """Hears the events of one update.

    Attributes:
        held: Bytes of all images so far that the unit had when this update came to them.
    """

    def __init__(self) -> None:
        self.held = 0
        self._settled = 0
        """Sent before the packets that are not checked yet."""
        self._begin = self._end = 0
        """From where to where those go."""
        self._is_placed = False
        """Whether it is known where the unit was in this image."""

    @property
    def sent(self) -> int:
        """Bytes that were handed over to the unit, of all images so far."""
        return self._settled + self._end - self._begin

    def hear(self, event: Event) -> None:
        """One event."""
        match event:
            case events.ImageStarted():
                self._go_to(0)
                self._is_placed = False
            case events.Resumed(object_type="data", offset=offset):
                self._resume(offset)
            case events.ObjectCreated(object_type="data", offset=offset):
                self._go_to(offset)
            case events.PacketsSent(object_type="data", offset=offset):
                self._go_to(self._end)
                self._end = max(self._begin, offset)
            case events.CrcChecked(object_type="data", offset=offset):
                self._end = min(max(offset, self._begin), self._end)

    def _resume(self, offset: int) -> None:
        """The unit says where it is; more than was counted had arrived before a link was lost."""
        if not self._is_placed:
            self.held += offset
        elif offset > self._end:
            self._end = offset
        self._go_to(offset)

    def _go_to(self, offset: int) -> None:
        """What was sent so far stays sent; what follows begins there."""
        self._settled = self.sent
        self._begin = self._end = offset
        self._is_placed = True
