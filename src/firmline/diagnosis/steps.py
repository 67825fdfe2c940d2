"""Which step of an update was begun last, in the words of the vocabulary (``phase``).

Where the beginning of a trace is missing, the same event may begin one step or another: somebody
who looks for a unit looks for its application, its bootloader or the new application. Then no step
is named before an event has shown how far the update had come.
"""

from __future__ import annotations

from typing import Final

from firmline import events
from firmline.events import Event, UnitMode
from firmline.protocol.codes import ObjectType, Opcode

CREATE_COMMAND = bytes([Opcode.OBJECT_CREATE, ObjectType.COMMAND])
CREATE_DATA = bytes([Opcode.OBJECT_CREATE, ObjectType.DATA])
"""How the requests begin that create an object (bootloader spec, section 2.1)."""

CONNECTED_FROM: Final = {"scan": "connect", "find_bootloader": "connect_bootloader"}
"""What is begun when a unit is heard that was looked for."""
UNDER_WAY: Final = (events.PacketsSent, events.CrcChecked)
"""What is seen in the middle of a step as well as at its beginning."""
SENDING: Final = {"command": "init_transfer", "data": "data_transfer"}
"""What is under way where an object of a type is sent, or checked."""


class Steps:
    """Follows the events of one update.

    Args:
        is_begun: Whether they are all of it, from its beginning.

    Attributes:
        phase: The last step that was begun; empty: none, or nobody can say which.
        since_s: When it was begun.
        is_begin_seen: Whether that is when it was begun, and not when it was already under way.
    """

    def __init__(self, *, is_begun: bool = True) -> None:
        self.phase = ""
        self.since_s = 0.0
        self.is_begin_seen = is_begun
        self._jumped: bool | None = False if is_begun else None
        self._sent: bool | None = False if is_begun else None
        """Whether the last image was sent whole."""
        self._is_sending = False
        """Whether an image was begun: whether sent or not, it is what goes on."""
        self._size = self._offset = 0

    def hear(self, event: Event) -> None:
        """One event; a step that is begun anew begins again."""
        before, is_placed = self.phase, self._sent is not None
        phase = self._begun(event)
        if phase:
            self.phase, self.since_s = phase, event.at_s
            self.is_begin_seen = is_placed or bool(before) or not isinstance(event, UNDER_WAY)

    def _begun(self, event: Event) -> str:
        match event:
            case events.UpdateStarted():
                phase = "scan"
            case events.Searching():
                phase = self._searched()
            case events.UnitSeen():
                phase = CONNECTED_FROM.get(self.phase, "")
            case events.EnteringBootloader():
                self._jumped, phase = True, "find_bootloader"
                self._place()
            case events.Connected(mode=mode):
                phase = self._met(mode)
            case events.PortOpened():
                phase = self._unless_sent("connect_bootloader")
            case events.BootloaderAnswered():  # also behind a silence, in the middle of an image
                phase = "" if self._is_sending else self._unless_sent("connect_bootloader")
            case events.UsbUnitSeen(mode=UnitMode.BOOTLOADER):
                phase = self._unless_sent("connect_bootloader")
            case _:
                phase = self._sending(event)
        return phase

    def _searched(self) -> str:
        if self._sent:
            return "app_start"
        if self._sent is None or self._jumped is None:
            return self._not_known()
        return "find_bootloader" if self._jumped else "scan"

    def _met(self, mode: UnitMode) -> str:
        if self._sent:
            return "app_start"
        if self._sent is None:
            return self._not_known()
        return "discover" if mode is UnitMode.APPLICATION else "connect_bootloader"

    def _unless_sent(self, phase: str) -> str:
        """A step before the image is sent, as long as that was not."""
        if self._sent is None:
            return self._not_known()
        return "" if self._sent else phase

    def _place(self) -> None:
        """It is seen that the image is not sent whole yet."""
        if self._sent is None:
            self._sent = False

    def _send(self) -> None:
        """It is seen that an image is being sent."""
        self._is_sending = True
        self._place()

    def _not_known(self) -> str:
        """A step is begun, and which one was decided before the beginning of the trace."""
        self.phase, self.is_begin_seen = "", False
        return ""

    def _sending(self, event: Event) -> str:
        match event:
            case events.RequestSent(request=request, data=data):
                return self._asked(request, data)
            case events.ImageStarted(index=index, size=size):
                self._size, self._offset, self._sent = size, 0, False
                self._is_sending = bool(size)
                self._jumped = index > 0 or self._jumped
                return "discover_bootloader"
            case events.PacketsSent(object_type=kind, offset=offset, size=size):
                self._send()
                if kind == "data":
                    self._size, self._offset = size, offset
                sending = SENDING.get(kind, "")
                return "" if self.phase == "data_transfer" == sending else sending
            case events.ImageSent():
                self._sent = True
                return "activation"
            case events.CrcChecked(object_type=kind) if not self.phase:  # the trace begins here
                return SENDING.get(kind, "")
            case _:
                return ""

    def _asked(self, request: str, data: bytes) -> str:
        if request in events.BUTTONLESS_REQUESTS:
            self._place()
            return "enter_bootloader"
        if data.startswith(CREATE_COMMAND):
            self._send()
            return "init_transfer"
        if data.startswith(CREATE_DATA):
            self._send()
            return "data_transfer"
        return self._executed() if request == "object_execute" else ""

    def _executed(self) -> str:
        if self.phase in ("init_transfer", "init_execute", "discover_bootloader"):
            return "init_execute"
        if not self._size:  # what is executed stood before the beginning of the trace
            self.phase = ""
            return ""
        return "final_execute" if self._offset >= self._size else "data_transfer"
