"""Which step of an update was begun last, in the words of the vocabulary (``phase``)."""

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
SENDING: Final = {"command": "init_transfer", "data": "data_transfer"}
"""What is under way where an object of a type is sent, or checked."""


class Steps:
    """Follows the events of one update.

    Attributes:
        phase: The last step that was begun; empty: none.
        since_s: When it was begun.
    """

    def __init__(self) -> None:
        self.phase = ""
        self.since_s = 0.0
        self._jumped = False
        self._sent = False
        """Whether the last image was sent whole."""
        self._size = self._offset = 0

    def hear(self, event: Event) -> None:
        """One event; a step that is begun anew begins again."""
        phase = self._begun(event)
        if phase:
            self.phase, self.since_s = phase, event.at_s

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
            case events.Connected(mode=mode):
                phase = self._met(mode)
            case events.PortOpened():
                phase = "" if self._sent else "connect_bootloader"
            case events.BootloaderAnswered():  # also behind a silence, in the middle of an image
                phase = "" if self._size else "connect_bootloader"
            case events.UsbUnitSeen(mode=UnitMode.BOOTLOADER):
                phase = "" if self._sent else "connect_bootloader"
            case _:
                phase = self._sending(event)
        return phase

    def _searched(self) -> str:
        if self._sent:
            return "app_start"
        return "find_bootloader" if self._jumped else "scan"

    def _met(self, mode: UnitMode) -> str:
        if self._sent:
            return "app_start"
        return "discover" if mode is UnitMode.APPLICATION else "connect_bootloader"

    def _sending(self, event: Event) -> str:
        match event:
            case events.RequestSent(request=request, data=data):
                return self._asked(request, data)
            case events.ImageStarted(index=index, size=size):
                self._size, self._offset, self._sent = size, 0, False
                self._jumped = self._jumped or index > 0
                return "discover_bootloader"
            case events.PacketsSent(object_type=kind, offset=offset, size=size):
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
            return "enter_bootloader"
        if data.startswith(CREATE_COMMAND):
            return "init_transfer"
        if data.startswith(CREATE_DATA):
            return "data_transfer"
        return self._executed() if request == "object_execute" else ""

    def _executed(self) -> str:
        if self.phase in ("init_transfer", "init_execute", "discover_bootloader"):
            return "init_execute"
        if not self._size:  # what is executed stood before the beginning of the trace
            self.phase = ""
            return ""
        return "final_execute" if self._offset >= self._size else "data_transfer"
