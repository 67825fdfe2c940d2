"""How far an image has come and what it cost, read from the stream of events as it happens."""

from __future__ import annotations

from firmline import events
from firmline.events import Event


class Progress:
    """What the events of the present image say.

    Attributes:
        size: Of the image, bytes.
        executed: Bytes of it that the unit has executed.
        is_whole: Whether all of it was sent by us: nothing was there at the beginning.
        last_execute_sent: Whether the last EXECUTE has gone out, so that the unit may have acted
            upon it whatever was heard since.
        transfer_s: From the beginning of the image to its end, or to the latest event.
        init_execute_s: How long the unit took for the EXECUTE of the init packet: a signature check
            and two settings pages; ``None``: there was none.
    """

    def __init__(self) -> None:
        self._begin(size=0, at_s=0.0)
        self._is_open = False

    def _begin(self, *, size: int, at_s: float) -> None:
        """Another image: nothing is kept."""
        self.size = size
        self.executed = 0
        self.is_whole = True
        self.last_execute_sent = False
        self.transfer_s = 0.0
        self.init_execute_s: float | None = None
        self._begin_s = at_s
        self._asked_s = at_s
        self._reached = 0
        """Bytes that the unit has: as far as it said, or was sent."""
        self._is_at_data = False
        """Whether an EXECUTE now would be that of the image, not of its init packet."""
        self._is_open = True

    def hear(self, event: Event) -> None:
        """One event, stamped."""
        match event:
            case events.ImageStarted(size=size, at_s=at_s):
                self._begin(size=size, at_s=at_s)
            case events.RequestSent(request="object_execute", at_s=at_s):
                self._asked_s = at_s
                self.last_execute_sent = self._is_at_data and self._reached >= self.size > 0
            case (
                events.ObjectCreated(object_type="command") | events.Resumed(object_type="command")
            ):
                self._is_at_data = False
            case events.ObjectExecuted(object_type="command", at_s=at_s):
                self.init_execute_s = at_s - self._asked_s
            case events.ObjectExecuted(offset=offset):
                self.executed = offset
            case events.Resumed(object_type="data", offset=offset):
                self.is_whole &= self._reached > 0
                self._reached, self._is_at_data = offset, True
            case (
                events.ObjectCreated(object_type="data")
                | events.PacketsSent(object_type="data")
                | events.CrcChecked(object_type="data")
            ):
                self._reached, self._is_at_data = event.offset, True
            case events.BootloaderAnswered():
                # It is not where the last EXECUTE leads.
                self.last_execute_sent = False
        if self._is_open:
            self.transfer_s = event.at_s - self._begin_s
            self._is_open = not isinstance(event, events.ImageSent)
