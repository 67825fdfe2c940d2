"""From a dongle that was reset to one that is a central: limits, the stack, who it is, UUIDs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from firmline.errors import Code, TransportError
from firmline.links.base import NORDIC
from firmline.links.connectivity import problems
from firmline.links.connectivity.dongle import Dongle
from firmline.links.connectivity.wire import messages as says
from firmline.links.gatt import CHANNEL_UUIDS
from firmline.protocol.channels import Channel

TAG: Final = 1
"""Of the connections that are to be like this."""
LINKS: Final = 1
"""Connections at once: as many as the maker's own tool asks for, since the firmware's memory is not
known to be enough for more."""
EVENT_LENGTH: Final = 5
"""6.25 ms in units of 1.25 ms, as the maker's own tool asks for it."""
INTERFACE_5: Final = frozenset({0x009D, 0x00A5})
"""FWIDs of the SoftDevices that have it: S132 5.0.0 and 5.1.0 (``data/softdevices.toml``)."""
BASES: Final = (
    CHANNEL_UUIDS[Channel.CONTROL],
    CHANNEL_UUIDS[Channel.BUTTONLESS_EXPERIMENTAL],
)
"""UUIDs on whose bases what matters here lies; others are read where they are met."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """A dongle that is ready.

    Attributes:
        version: Who it is.
        bases: The UUID bases that it knows, by the kind that they were given.
    """

    version: says.Version
    bases: Mapping[int, bytes]


async def start(dongle: Dongle, *, mtu: int) -> Started:
    """Make a central of a dongle whose link was just opened.

    Args:
        dongle: The dongle.
        mtu: The largest ATT MTU that is wanted.

    Raises:
        TransportError: NOT_AVAILABLE: ``DONGLE_VERSION``, it runs another SoftDevice; or it has
            refused something, or failed.
    """
    try:
        await dongle.ask(says.LimitMtu(tag=TAG, mtu=mtu), "its configuration")
        limits = says.LimitLinks(tag=TAG, count=LINKS, event_length=EVENT_LENGTH)
        await dongle.ask(limits, "its configuration")
        await dongle.ask(says.Enable(), "to enable Bluetooth")
        version = await dongle.ask(says.GetVersion(), "to tell its version")
    except TransportError as error:
        if error.code in (Code.DONGLE_REFUSED, Code.DONGLE_NONSENSE, Code.DONGLE_LOST):
            raise problems.not_understood(dongle.port, error) from error
        raise
    if not isinstance(version, says.Version):
        raise problems.not_understood(dongle.port, None)
    if version.company != NORDIC or version.subversion not in INTERFACE_5:
        raise problems.other_firmware(dongle.port, version)
    return Started(version=version, bases=MappingProxyType(await _bases(dongle)))


async def _bases(dongle: Dongle) -> dict[int, bytes]:
    """Add the UUID bases; one for which there is no room is done without."""
    bases: dict[int, bytes] = {}
    for text in BASES:
        base = bytes.fromhex(text.replace("-", ""))[::-1]
        try:
            added = await dongle.ask(says.AddUuidBase(base=base), "a UUID")
        except TransportError as error:
            if "nrf_error" not in error.context:
                raise
            continue
        if isinstance(added, says.UuidKind):
            bases[added.kind] = base
    return bases
