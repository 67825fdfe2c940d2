"""What all events have in common, and the words in them; :mod:`firmline.events` has them all."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar


class UnitMode(StrEnum):
    """Which program of the unit answers."""

    APPLICATION = "application"
    BOOTLOADER = "bootloader"


class Outcome(StrEnum):
    """How an update ended (``design/command-line.md``)."""

    UPDATED = "updated"
    REFUSED = "refused"
    FAILED = "failed"
    UNVERIFIED = "unverified"


class Proof(StrEnum):
    """What shows that a unit has what was sent."""

    APPLICATION = "application"
    """Its application says that it is another one, or what the user expects of the new one."""

    RETURN = "return"
    """It ended the connection itself, and was back no sooner than a copy of the image takes."""

    SOFTDEVICE = "softdevice"
    """Its radio is that of the new SoftDevice, and was another one's."""

    BOOTLOADER = "bootloader"
    """Its bootloader tells other versions of what was sent."""


class How(StrEnum):
    """How a fact about a unit is known (``design/command-line.md``)."""

    REMOTE_VERSION = "remote_version"
    """Its radio says so (LL_VERSION_IND)."""

    QUERY = "query"
    """Its bootloader says so, asked for it."""

    USB = "usb"
    """Its application says so over USB (descriptors, and the version string of its trigger)."""

    PROBE = "probe"
    """The way in which its bootloader refused signed probes says so."""

    DIS = "dis"
    """Its application says so (Device Information Service)."""

    BATTERY_SERVICE = "battery_service"
    """Its application says so (Battery Service)."""

    ADVERTISING = "advertising"
    """Its advertisement says so."""

    SERVICES = "services"
    """The services that it offers say so."""


Scalar = bool | int | float | str | None
"""What one field of a link's declaration or of a plan can be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that was seen at ``at_s``; zero until :func:`stamp` has set it."""

    at_s: float = 0.0


Reporter = Callable[[Event], None]
"""Takes an event, as it happens; when it returns, whoever is to hear of it has."""

_E = TypeVar("_E", bound=Event)


def stamp(event: _E, at_s: float) -> _E:
    """The event with the time at which it was seen."""
    return dataclasses.replace(event, at_s=at_s)
