"""What an advertisement says of who sends it, and what a scan makes of many."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import pytest

from firmline.errors import Code, TransportError, TransportReason
from firmline.events import How
from firmline.links.base import Connection, Link, Sighting
from firmline.links.gatt import LEGACY_DFU_SERVICE, SMP_SERVICE
from firmline.protocol.channels import Channel
from firmline.updater.radio.scanning import Seen, SeenKind, kind_of, scan
from firmline.values import BleAddress
from unit.updater.fakes import FakeLink

ONE, TWO, THREE = (BleAddress(bytes.fromhex("C60504030201")[:5] + bytes([n])) for n in (1, 2, 3))


def sighting(
    address: BleAddress = ONE,
    *,
    name: str = "",
    services: set[int] | None = None,
    long_services: set[str] | None = None,
    rssi_dbm: int | None = -60,
) -> Sighting:
    return Sighting(
        address=address,
        name=name,
        services=frozenset(services or ()),
        rssi_dbm=rssi_dbm,
        long_services=frozenset(long_services or ()),
    )


@pytest.mark.parametrize(
    ("seen", "kind"),
    [
        (sighting(name="DfuTarg", services={0xFE59}), SeenKind.BOOTLOADER),
        (sighting(name="Tag", services={0xFE59}), SeenKind.SECURE_DFU),
        (sighting(services={0xFE59}), SeenKind.SECURE_DFU),
        (sighting(name="DfuTarg"), SeenKind.OTHER),
        (sighting(name="DfuTarg", long_services={LEGACY_DFU_SERVICE}), SeenKind.LEGACY_DFU),
        (sighting(long_services={SMP_SERVICE}), SeenKind.SMP),
        (sighting(name="Tag", services={0x180A}), SeenKind.OTHER),
    ],
)
def test_an_advertisement_says_this_much(seen: Sighting, kind: SeenKind) -> None:
    assert kind_of(seen) is kind


class Deaf(FakeLink):
    """A link with nothing of its own for a scan."""

    scan = Link.scan


class Here:
    """A connection that is only looked at."""

    def __init__(self, channels: set[Channel], services: set[str]) -> None:
        self.closed = False
        self._channels, self._services = frozenset(channels), frozenset(services)

    @property
    def channels(self) -> frozenset[Channel]:
        return self._channels

    @property
    def services(self) -> frozenset[str]:
        return self._services

    async def close(self) -> None:
        self.closed = True


class Ether:
    """An air in which these are heard, one after the other."""

    def __init__(self, *heard: Sighting, connections: dict[BleAddress, Here] | None = None) -> None:
        self.heard = heard
        self.connections = connections or {}

    async def scan(self, *, duration_s: float, seen: Callable[[Sighting], None]) -> None:
        assert duration_s == 5
        for one in self.heard:
            seen(one)

    async def connect(self, address: BleAddress, *, timeout_s: float) -> Connection:
        assert timeout_s > 0
        if address in self.connections:
            return cast("Connection", self.connections[address])
        raise TransportError(
            Code.UNIT_NOT_FOUND, "Nobody answered.", reason=TransportReason.NOT_FOUND
        )


async def listen(link: Ether, *, connect: bool = False) -> tuple[tuple[Seen, ...], list[Seen]]:
    told: list[Seen] = []
    everyone = await scan(cast("Link", link), duration_s=5, report=told.append, connect=connect)
    return everyone, told


async def test_everyone_is_told_once_and_listed_by_address() -> None:
    link = Ether(sighting(TWO), sighting(ONE), sighting(TWO), sighting(TWO))
    everyone, told = await listen(link)
    assert [seen.address for seen in told] == [TWO, ONE]
    assert [(seen.address, seen.sightings) for seen in everyone] == [(ONE, 1), (TWO, 3)]


async def test_the_strongest_signal_counts() -> None:
    strengths = (-70, None, -50, -90)
    everyone, _ = await listen(Ether(*(sighting(rssi_dbm=dbm) for dbm in strengths)))
    assert everyone[0].rssi_dbm == -50
    everyone, _ = await listen(Ether(sighting(rssi_dbm=None)))
    assert everyone[0].rssi_dbm is None


async def test_what_changes_is_told_again_and_a_name_is_kept() -> None:
    link = Ether(
        sighting(name="Tag"),
        sighting(name=""),
        sighting(name="DfuTarg", services={0xFE59}),
        sighting(name="DfuTarg"),
    )
    everyone, told = await listen(link)
    assert [(seen.name, seen.kind) for seen in told] == [
        ("Tag", SeenKind.OTHER),
        ("DfuTarg", SeenKind.BOOTLOADER),
    ]
    assert everyone[0].kind is SeenKind.BOOTLOADER


async def test_only_who_connects_sees_services() -> None:
    connections = {
        ONE: Here({Channel.BUTTONLESS}, {"FE59"}),
        TWO: Here(set(), {LEGACY_DFU_SERVICE}),
    }
    link = Ether(sighting(ONE), sighting(TWO), sighting(THREE), connections=connections)
    everyone, told = await listen(link, connect=True)
    assert [(seen.kind, seen.how) for seen in everyone] == [
        (SeenKind.APPLICATION, How.SERVICES),
        (SeenKind.LEGACY_DFU, How.SERVICES),
        (SeenKind.OTHER, How.ADVERTISING),
    ]
    assert everyone[2].problem == "Nobody answered."
    assert len(told) == 6
    assert all(connection.closed for connection in connections.values())


@pytest.mark.parametrize(
    ("channels", "services", "kind"),
    [
        ({Channel.CONTROL, Channel.PACKET}, {"FE59"}, SeenKind.BOOTLOADER),
        (set(), {SMP_SERVICE}, SeenKind.SMP),
        (set(), {"180A"}, SeenKind.OTHER),
    ],
)
async def test_services_say_more_than_an_advertisement(
    channels: set[Channel], services: set[str], kind: SeenKind
) -> None:
    link = Ether(sighting(services={0xFE59}), connections={ONE: Here(channels, services)})
    everyone, _ = await listen(link, connect=True)
    assert everyone[0].kind is kind


async def test_a_link_that_cannot_listen_to_everyone_says_so() -> None:
    with pytest.raises(TransportError) as caught:
        await scan(Deaf(None), duration_s=5, report=lambda _seen: None)
    assert caught.value.code is Code.LINK_NOT_AVAILABLE
