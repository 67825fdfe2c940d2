"""What is in the air: everyone who advertises, and what kind of unit it seems to be.

An advertisement says little. The SDK's bootloaders list the Secure DFU service and are called
``DfuTarg``; an application with the buttonless service need not list it, and a bootloader may have
been given another name. So what cannot be told stays untold, unless one connects and looks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from firmline.errors import TransportError
from firmline.events import How
from firmline.links.base import Connection, Link, Sighting
from firmline.links.gatt import LEGACY_DFU_SERVICE, SECURE_DFU_SERVICE, SMP_SERVICE
from firmline.protocol.channels import WAYS_IN, Channel
from firmline.updater.timeouts import Timeouts
from firmline.values import RadioAddress

BOOTLOADER_NAME: Final = "DfuTarg"
"""What the SDK's bootloaders are called, unless the application has named them (section 11)."""


class SeenKind(StrEnum):
    """What somebody in the air seems to be."""

    APPLICATION = "application"
    """An application with the buttonless service."""

    BOOTLOADER = "bootloader"
    """A Secure DFU bootloader."""

    SECURE_DFU = "secure_dfu"
    """One of these two; the advertisement does not say which."""

    LEGACY_DFU = "legacy_dfu"
    """The DFU service of SDKs before 12, in a bootloader or an application."""

    SMP = "smp"
    """MCUboot's management protocol."""

    OTHER = "other"
    """None of these, as far as it says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """Somebody in the air.

    Attributes:
        address: Its address.
        name: The last name it sent, cleaned; empty: none.
        kind: What it seems to be.
        how: ADVERTISING, or SERVICES where it was connected to.
        rssi_dbm: The strongest signal heard; ``None``: the link reports none.
        sightings: How often it was heard.
        problem: Why its services could not be looked at; empty: they could, or were not wanted.
    """

    address: RadioAddress
    name: str
    kind: SeenKind
    how: How
    rssi_dbm: int | None
    sightings: int = 1
    problem: str = ""


def kind_of(sighting: Sighting) -> SeenKind:
    """What an advertisement says of who sends it."""
    if SECURE_DFU_SERVICE in sighting.services:
        is_named = sighting.name == BOOTLOADER_NAME
        return SeenKind.BOOTLOADER if is_named else SeenKind.SECURE_DFU
    return _by_long_service(sighting.long_services) or SeenKind.OTHER


def kind_by_services(connection: Connection) -> SeenKind:
    """What the services of somebody who was connected to say."""
    if Channel.CONTROL in connection.channels:
        return SeenKind.BOOTLOADER
    if not connection.channels.isdisjoint(WAYS_IN):
        return SeenKind.APPLICATION
    return _by_long_service(connection.services) or SeenKind.OTHER


def _by_long_service(services: frozenset[str]) -> SeenKind | None:
    if LEGACY_DFU_SERVICE in services:
        return SeenKind.LEGACY_DFU
    return SeenKind.SMP if SMP_SERVICE in services else None


async def scan(
    link: Link,
    *,
    duration_s: float,
    report: Callable[[Seen], None],
    connect: bool = False,
    timeouts: Timeouts | None = None,
) -> tuple[Seen, ...]:
    """Listen for a time; everyone who was heard, in the order of their addresses.

    Args:
        link: The radio.
        duration_s: How long.
        report: Told of everyone when first heard, and again when what is known of it changes.
        connect: Connect to everyone afterwards and look at the services. Nothing is written but
            subscriptions; a unit that takes one connection at a time is busy meanwhile.
        timeouts: How long connecting may take.

    Raises:
        TransportError: The radio itself failed.
    """
    known: dict[RadioAddress, Seen] = {}

    def hear(sighting: Sighting) -> None:
        before = known.get(sighting.address)
        now = _heard(before, sighting)
        known[sighting.address] = now
        if before is None or (before.name, before.kind) != (now.name, now.kind):
            report(now)

    await link.scan(duration_s=duration_s, seen=hear)
    if connect:
        connect_s = (timeouts or Timeouts()).connect_s
        for seen in sorted(known.values(), key=_by_address):
            looked = await _look(link, seen, connect_s)
            known[seen.address] = looked
            report(looked)
    return tuple(sorted(known.values(), key=_by_address))


def _by_address(seen: Seen) -> str:
    return str(seen.address)


def _heard(before: Seen | None, sighting: Sighting) -> Seen:
    kind = kind_of(sighting)
    if before is None:
        return Seen(
            address=sighting.address,
            name=sighting.name,
            kind=kind,
            how=How.ADVERTISING,
            rssi_dbm=sighting.rssi_dbm,
        )
    strengths = [dbm for dbm in (before.rssi_dbm, sighting.rssi_dbm) if dbm is not None]
    return replace(
        before,
        name=sighting.name or before.name,
        kind=before.kind if kind is SeenKind.OTHER else kind,
        rssi_dbm=max(strengths, default=None),
        sightings=before.sightings + 1,
    )


async def _look(link: Link, seen: Seen, connect_s: float) -> Seen:
    """Connect and look at the services; one that cannot be is no reason to give up the others."""
    try:
        connection = await link.connect(seen.address, timeout_s=connect_s)
    except TransportError as error:
        return replace(seen, problem=error.message)
    try:
        return replace(seen, kind=kind_by_services(connection), how=How.SERVICES)
    finally:
        await connection.close()
