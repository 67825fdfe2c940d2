"""What a unit's return from its bootloader proves, by how the link ended and when it was seen.

A bootloader answers the last EXECUTE, writes its settings, ends the connection itself, and only
then resets; the next boot copies the image to its place (bootloader spec, sections 7 and 9). So:

* A link that ended in another way, as one that was simply not heard any more, leaves open whether
  the settings were written: the power may have gone in between, and the old application is back. So
  does one of which nobody knows how it ended, however late the unit is back.
* A unit that is back sooner than the fastest chip there is can copy so many pages has copied none.
  It runs its old application; or it has no room for two, and the image was received in its place.
* One that was let go, and is back no sooner, has had its settings written and the time to obey
  them. An old application in that time would need a settings write that failed without a word and
  an application that is slow to be seen.

The bound is a lower one on purpose: how long *this* unit takes is not known, how fast a unit can be
is.
"""

from __future__ import annotations

from dataclasses import dataclass

from firmline import events
from firmline.events import Event, UnitMode
from firmline.links.gatt import REMOTE_USER_TERMINATED
from firmline.updater.flash_bounds import PAGE_SIZE, SHORTEST_ERASE_S, SHORTEST_WORD_S, WORD_SIZE


@dataclass(frozen=True, slots=True, kw_only=True)
class Return:
    """How a unit came back.

    Attributes:
        size: Bytes of the last image.
        ended_by_unit: Whether the unit itself ended the connection; ``None``: the link does not
            tell.
        after_s: When its application was seen, counted from the end of the connection; ``None``:
            one of the two was not seen.
    """

    size: int
    ended_by_unit: bool | None
    after_s: float | None

    @property
    def shortest_s(self) -> float:
        """Less is too soon for a copy of the image."""
        pages = -(-self.size // PAGE_SIZE)
        return pages * SHORTEST_ERASE_S + self.size / WORD_SIZE * SHORTEST_WORD_S

    @property
    def is_late_enough(self) -> bool:
        """Whether it has had its settings written, and the time to copy the image."""
        if self.after_s is None or not self.ended_by_unit:
            return False
        return self.after_s >= self.shortest_s

    def missing(self) -> str:
        """In a sentence, why it does not prove that the image was put in place."""
        if self.after_s is None:
            return "The link did not show when the unit restarted."
        if self.ended_by_unit is False:
            return (
                "The link was lost before the unit ended it, so it may have lost its power before"
                " it had saved that it is to activate the image."
            )
        if self.ended_by_unit is None:
            return (
                "This computer does not tell how the link ended, so the unit may have lost its"
                " power before it had saved that it is to activate the image."
            )
        return (
            f"It was back after {self.after_s:.1f} s, sooner than the {self.shortest_s:.1f} s that"
            " a copy of the image takes at least."
        )


class Homecoming:
    """Hears the events of an update, and tells how the unit came back after the last image."""

    def __init__(self) -> None:
        self._size = 0
        self._accepted = False
        self._ended: events.LinkLost | None = None
        self._sought: UnitMode | None = None
        self._seen_s: float | None = None

    def hear(self, event: Event) -> None:
        """One event, stamped."""
        match event:
            case events.ImageStarted(size=size):
                self._size = size
                self._accepted, self._ended, self._seen_s = False, None, None
            case events.ImageSent():
                self._accepted = True
            case events.LinkLost() if self._accepted and self._ended is None:
                self._ended = event
            case events.Searching(expected_mode=mode):
                self._sought = mode
            case events.UnitSeen(at_s=at_s) if self._ended is not None and self._seen_s is None:
                if self._sought is UnitMode.APPLICATION:
                    self._seen_s = at_s
            case events.Connected(mode=UnitMode.BOOTLOADER):
                # Somebody else's, with the address of the unit's application: that was seen.
                self._seen_s = None
            case events.Connected(at_s=at_s) if self._ended is not None and self._seen_s is None:
                self._seen_s = at_s

    def told(self) -> Return:
        """How it came back, as far as it was seen."""
        ended, seen_s = self._ended, self._seen_s
        if ended is None:
            return Return(size=self._size, ended_by_unit=None, after_s=None)
        reason = ended.hci_reason
        return Return(
            size=self._size,
            ended_by_unit=None if reason is None else reason == REMOTE_USER_TERMINATED,
            after_s=None if seen_s is None else seen_s - ended.at_s,
        )
