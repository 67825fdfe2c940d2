"""What a person has been told already, and need not be told again.

A unit is looked for, connected to and asked whether it is there as often as the work needs it: a
trace has all of it, a person reads it once until something changes.
"""

from __future__ import annotations

from firmline import events
from firmline.events import Event


class Narration:
    """Remembers what was told of a unit's whereabouts since these last changed."""

    def __init__(self) -> None:
        self._told: set[tuple[object, ...]] = set()

    def is_news(self, event: Event) -> bool:
        """Whether a person does not know this yet; from then on it is known."""
        match event:
            case (
                events.PortOpened()
                | events.EnteringBootloader()
                | events.LadderStepped()
                | events.LinkLost()
                | events.ImageSent()
            ):
                self._told.clear()
                return True
            case events.UnitSeen(address=address, name=name):
                told: tuple[object, ...] = ("seen", address, name)
            case events.Connected(address=address, mode=mode):
                told = ("connected", address, mode)
            case events.LinkEncrypted(address=address, new_bond=False):
                told = ("encrypted", address)
            case events.BootloaderAnswered():
                told = ("answers",)
            case _:
                return True
        is_news = told not in self._told
        self._told.add(told)
        return is_news
