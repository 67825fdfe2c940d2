"""How much of the unit's own limit an update reached, read from the stream of events.

The limit of an image is the sum over its objects of what flash and link need for them, the larger
of the two, without any round trip (physics spec, section 6), for what this update had to send of
it. Over a radio it is what a host learns of the unit while it keeps its flash busy
(:class:`~firmline.events.FlashLearned`); one that let flash rest has not learned it, and tells
nothing. An erase counts as long as it takes on this connection: what the SoftDevice waits for a gap
between radio events is the unit's, not the host's. On a serial line the answers show it
(:mod:`firmline.updater.serial.costs`).
"""

from __future__ import annotations

from collections.abc import Sequence

from firmline import events
from firmline.events import Event
from firmline.protocol.codes import ObjectType
from firmline.protocol.requests import creates
from firmline.updater.serial.costs import OBJECT_SIZE, SerialCosts


class SpeedLimit:
    """Hears the events of one update.

    Args:
        images: What is sent, in order.
    """

    def __init__(self, images: Sequence[bytes]) -> None:
        self._images = images
        self._limit_s = self._spent_s = 0.0
        self._is_known = True
        self._port: events.PortOpened | None = None
        self._begin(b"")

    def _begin(self, firmware: bytes) -> None:
        """Another image."""
        self._size, self._held = len(firmware), 0
        self._learned: events.FlashLearned | None = None
        self._begin_s: float | None = None
        port = self._port
        self._serial = None if port is None else SerialCosts(firmware, baud=port.baud)

    @property
    def share(self) -> float | None:
        """Of the images that were sent, 1 being all of it; ``None``: the limit is not known.

        It is not cut off at 1: more than that by more than a rounding says that the limit is wrong.
        """
        if not self._is_known or not self._spent_s:
            return None
        return self._limit_s / self._spent_s

    def hear(self, event: Event) -> None:
        """One event, stamped."""
        if self._serial is not None:
            self._serial.hear(event)
        match event:
            case events.PortOpened():
                self._port = event
            case events.ImageStarted(index=index):
                self._begin(self._images[index])
            case events.Resumed(object_type="data", offset=offset) if self._begin_s is None:
                self._held, self._begin_s = offset, event.at_s
            case events.RequestSent(data=data) if creates(data, ObjectType.DATA):
                self._begin_s = event.at_s if self._begin_s is None else self._begin_s
            case events.FlashLearned():
                self._learned = event
            case events.ImageSent():
                self._end(event.at_s)

    def _end(self, at_s: float) -> None:
        limit_s = self._image_limit_s()
        if limit_s is None or self._begin_s is None:
            self._is_known = False
            return
        self._limit_s += limit_s
        self._spent_s += at_s - self._begin_s

    def _image_limit_s(self) -> float | None:
        """What the unit needs at least for what was sent of the image; ``None``: not known."""
        if self._serial is not None:
            return self._serial.limit_s(self._held)
        learned = self._learned
        if learned is None or learned.least_object_s is None:
            return None
        objects = (self._size - self._held) / OBJECT_SIZE
        # The page of an object that was begun is erased: its rest needs no erase.
        erased = (-self._held % OBJECT_SIZE) / OBJECT_SIZE
        return objects * learned.least_object_s - erased * learned.erase_s
