"""A paced link: object data goes at the pace of a real unit, and nothing else changes."""

from __future__ import annotations

import asyncio

import pytest

from firmline.links.base import (
    Connection,
    DeviceInformation,
    Link,
    LinkCapabilities,
    Received,
    RemoteVersion,
    Sighting,
)
from firmline.links.pacing import PacedLink
from firmline.protocol.channels import Channel
from firmline.values import BleAddress

HOME = BleAddress.parse("C6:05:04:03:02:01")
CAPABILITIES = LinkCapabilities(
    mtu_request=True,
    addresses_visible=True,
    flow_control=True,
    data_length=False,
    phy_2m=False,
    connection_parameters=False,
    remote_version=True,
    pairing=False,
)
SIGHTING = Sighting(address=HOME, name="Tag", services=frozenset({0xFE59}), rssi_dbm=-50)
RECEIVED = Received(channel=Channel.CONTROL, data=b"\x60\x01\x01")
VERSION = RemoteVersion(version=9, company=0x0059, subversion=0x0103)
INFORMATION = DeviceInformation(firmware_revision="1.2")


class Plain(Link, Connection):
    """A link and its connection; keeps what it is told, and takes 0.25 s for every write."""

    write_s = 0.25

    def __init__(self) -> None:
        self.time_s = 100.0
        self.calls: list[object] = []
        self.written: list[tuple[float, Channel, bytes]] = []

    @property
    def capabilities(self) -> LinkCapabilities:
        return CAPABILITIES

    @property
    def peer(self) -> BleAddress:
        return HOME

    @property
    def channels(self) -> frozenset[Channel]:
        return frozenset({Channel.CONTROL})

    @property
    def mtu(self) -> int:
        return 131

    def now_s(self) -> float:
        return self.time_s

    async def find(self, address: BleAddress, *, timeout_s: float) -> Sighting:
        self.calls.append(("find", address, timeout_s))
        return SIGHTING

    async def connect(self, address: BleAddress, *, timeout_s: float) -> Connection:
        self.calls.append(("connect", address, timeout_s))
        return self

    async def write(self, channel: Channel, data: bytes) -> None:
        self.written.append((self.time_s, channel, data))
        self.time_s += self.write_s

    async def receive(self, *, timeout_s: float) -> Received:
        self.calls.append(("receive", timeout_s))
        return RECEIVED

    async def device_information(self) -> DeviceInformation:
        self.calls.append("device_information")
        return INFORMATION

    async def remote_version(self, *, timeout_s: float) -> RemoteVersion:
        self.calls.append(("remote_version", timeout_s))
        return VERSION

    async def wait_closed(self, *, timeout_s: float) -> int | None:
        self.calls.append(("wait_closed", timeout_s))
        return 0x13

    async def close(self) -> None:
        self.calls.append("close")


@pytest.fixture
def plain(monkeypatch: pytest.MonkeyPatch) -> Plain:
    """Its time passes only by what is done with it; sleeping is one of these things."""
    plain = Plain()

    async def sleep(delay_s: float) -> None:
        plain.calls.append(("sleep", delay_s))
        plain.time_s += delay_s

    monkeypatch.setattr(asyncio, "sleep", sleep)
    return plain


async def paced(plain: Plain, bytes_per_s: float = 100.0) -> Connection:
    connection = await PacedLink(plain, bytes_per_s=bytes_per_s).connect(HOME, timeout_s=3.0)
    plain.calls.clear()
    return connection


async def test_a_packet_takes_the_time_of_its_bytes(plain: Plain) -> None:
    connection = await paced(plain)
    await connection.write(Channel.PACKET, bytes(200))
    assert plain.calls == [("sleep", 2.0)]
    assert plain.written == [(100.0, Channel.PACKET, bytes(200))]


async def test_packets_queue_up_behind_each_other(plain: Plain) -> None:
    plain.write_s = 0.0
    connection = await paced(plain)
    for _ in range(3):
        await connection.write(Channel.PACKET, bytes(50))
    assert [time_s for time_s, _, _ in plain.written] == [100.0, 100.5, 101.0]
    assert plain.time_s == 101.5


async def test_time_in_between_is_not_waited_for_twice(plain: Plain) -> None:
    connection = await paced(plain)
    await connection.write(Channel.PACKET, bytes(100))
    plain.time_s += 30.0
    plain.calls.clear()
    await connection.write(Channel.PACKET, bytes(100))
    assert plain.calls == [("sleep", 1.0)]


@pytest.mark.parametrize("channel", [Channel.CONTROL, Channel.BUTTONLESS])
async def test_requests_are_not_slowed_down(channel: Channel, plain: Plain) -> None:
    connection = await paced(plain)
    await connection.write(channel, b"\x01\x02")
    assert plain.calls == []
    assert plain.written == [(100.0, channel, b"\x01\x02")]


async def test_a_new_connection_begins_with_an_empty_queue(plain: Plain) -> None:
    plain.write_s = 0.0
    link = PacedLink(plain, bytes_per_s=100.0)
    first = await link.connect(HOME, timeout_s=1.0)
    await first.write(Channel.PACKET, bytes(1000))
    plain.time_s = 100.0
    second = await link.connect(HOME, timeout_s=1.0)
    plain.calls.clear()
    await second.write(Channel.PACKET, bytes(100))
    assert plain.calls == [("sleep", 1.0)]


async def test_everything_else_is_the_link_within(plain: Plain) -> None:
    link = PacedLink(plain, bytes_per_s=100.0)
    assert link.capabilities is CAPABILITIES
    assert link.now_s() == 100.0
    assert await link.find(HOME, timeout_s=2.5) is SIGHTING
    await link.connect(HOME, timeout_s=3.5)
    await link.close()
    assert plain.calls == [("find", HOME, 2.5), ("connect", HOME, 3.5), "close"]


async def test_everything_else_is_the_connection_within(plain: Plain) -> None:
    connection = await paced(plain)
    assert (connection.peer, connection.mtu) == (HOME, 131)
    assert connection.channels == {Channel.CONTROL}
    assert await connection.receive(timeout_s=1.5) is RECEIVED
    assert await connection.device_information() is INFORMATION
    assert await connection.remote_version(timeout_s=0.5) is VERSION
    assert await connection.wait_closed(timeout_s=2.5) == 0x13
    await connection.close()
    assert plain.calls == [
        ("receive", 1.5),
        "device_information",
        ("remote_version", 0.5),
        ("wait_closed", 2.5),
        "close",
    ]
