"""What a unit tells behind the last image, when it is not what it should be.

A unit that is in its bootloader again says more than that: whether its settings were kept, whether
it has the new image in its place. Which of the two it is decides between a page that is damaged, an
application that is not valid, and something that keeps the unit where it is.
"""

from __future__ import annotations

from typing import Final

from firmline import events
from firmline.errors import RemoteProtocolError
from firmline.events import Event
from firmline.protocol.answers import Selected, decode_answer
from firmline.protocol.codes import ObjectType, Opcode

SELECT_DATA: Final = bytes([Opcode.OBJECT_SELECT, ObjectType.DATA])
"""How the request begins that asks for the progress of an image (bootloader spec, section 2.1)."""
BOOTLOADER, APPLICATION = "bootloader", "application"


class Aftermath:
    """Follows the events of one update.

    Args:
        is_begun: Whether they are all of it, from its beginning.

    Attributes:
        settings_lost: Where the bootloader says that its settings hold nothing; ``None``: nowhere.
        settings_kept: Where it says that they were kept.
        in_place: Where it says that it has put the new application in place, and is not in it.
        restarted: Where that was heard before the image was complete: the application runs again.
        text: Where something that is no frame was heard: a program runs that is no bootloader.
    """

    def __init__(self, *, is_begun: bool = True) -> None:
        self.settings_lost: Event | None = None
        self.settings_kept: Event | None = None
        self.in_place: Event | None = None
        self.restarted: Event | None = None
        self.text: Event | None = None
        self._after: set[str] = set()
        self._begun = self._sent = False
        self._selecting = False
        self._is_begun = is_begun
        self._before: dict[str, int] = {}
        """The versions that the bootloader told before the image was sent."""

    @property
    def is_invalid(self) -> bool:
        """Whether the bootloader tells of its images, and of no application among them."""
        return BOOTLOADER in self._after and APPLICATION not in self._after

    def hear(self, event: Event) -> None:
        """One event."""
        match event:
            case events.ImageStarted():
                self._begun, self._sent = True, False
            case events.ImageSent():
                self._sent = True
            case events.VersionSeen(image=image, version=version):
                self._weigh(event, image, version)
            case events.RequestSent(data=data):
                self._selecting = self._sent and data.startswith(SELECT_DATA)
            case events.AnswerReceived(data=data) if self._selecting:
                self._selecting = False
                self._read(event, data)
            case events.TextHeard() if self._sent:
                self.text = event
            case events.TextHeard() if self._begun:
                self.restarted = event
            case _:
                pass

    def _weigh(self, event: Event, image: str, version: int) -> None:
        """A version was told: both of them stand in the settings (bootloader spec, section 8.1)."""
        before = self._before.get(image, 0)
        if not self._sent:
            self._before[image] = version
            return
        self._after.add(image)
        is_known = self._is_begun or image in self._before  # else it was told before the trace
        if image == APPLICATION and version != before and is_known:
            self.in_place = event
        elif image == BOOTLOADER and before and version:
            self.settings_kept = event
        elif image == BOOTLOADER and before:
            self.settings_lost = event

    def _read(self, event: Event, data: bytes) -> None:
        """The progress as the settings have it.

        Behind an image that it has judged a bootloader shows the address of that as the CRC of
        nothing (bootloader spec, sections 7 and 16.2 S9).
        """
        try:
            body = decode_answer(data).body
        except RemoteProtocolError:  # firmline itself has told of it: the trace ends with that
            return
        match body:
            case Selected(offset=0, crc=0):
                self.settings_lost = event
            case Selected(offset=0):
                self.settings_kept = event
            case _:
                pass
