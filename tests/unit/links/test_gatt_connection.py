"""What the connections of all stacks share, with a stack of two dictionaries under it."""

from __future__ import annotations

import asyncio
from typing import NoReturn

import pytest

from firmline.errors import Code, RemoteProtocolError, TransportError, TransportReason
from firmline.links.base import DeviceInformation, RemoteVersion
from firmline.links.gatt import lost
from firmline.links.gatt_connection import MAX_UNHEARD, GattConnection
from firmline.protocol.channels import Channel
from firmline.values import BleAddress

PEER = BleAddress.parse("C6:05:04:03:02:01")


class Shared(GattConnection[str]):
    """A unit whose values stand in a dictionary."""

    def __init__(self, values: dict[str, bytes | None]) -> None:
        super().__init__(PEER)
        self.values = values
        self.asked: list[str] = []

    @property
    def channels(self) -> frozenset[Channel]:
        return frozenset()

    @property
    def mtu(self) -> int:
        return 23

    async def write(self, channel: Channel, data: bytes) -> NoReturn:
        pytest.fail(f"{len(data)} bytes were written to {channel}")

    async def remote_version(self, *, timeout_s: float) -> RemoteVersion:
        pytest.fail(f"it was asked for {timeout_s} s")

    async def close(self) -> None:
        self.drop(0x16)

    async def _read(self, place: str, what: str) -> bytes | None:
        self.asked.append(what)
        return self.values[place]

    def adopt(self, service: str, **found: str) -> None:
        self._adopt_values(service, {uuid.removeprefix("u"): at for uuid, at in found.items()})

    def say(self, data: bytes) -> None:
        self._arrived(Channel.CONTROL, data)

    def drop(self, reason: int | None) -> None:
        self._lose(lambda: lost(PEER, reason), reason)


async def test_strings_and_level_are_read_where_the_services_have_them() -> None:
    shared = Shared({"a": b"Tag\0", "b": None, "c": b"\x63"})
    shared.adopt("180A", u2A24="a", u2A26="b", u2A19="c", uFFFF="nobody")
    assert await shared.battery_level() is None
    shared.adopt("180F", u2A19="c", u2A24="nobody")
    shared.adopt("1800", u2A24="nobody", u2A19="nobody")
    assert await shared.device_information() == DeviceInformation(model="Tag")
    assert await shared.battery_level() == 99
    assert shared.asked == [
        "a read of its model",
        "a read of its firmware revision",
        "a read of its battery level",
    ]


async def test_a_level_that_is_none_is_not_known() -> None:
    shared = Shared({"c": None})
    shared.adopt("180F", u2A19="c")
    assert await shared.battery_level() is None
    shared.values["c"] = b"\x65"
    assert await shared.battery_level() is None


async def test_what_arrived_is_handed_out_in_order_and_before_the_loss() -> None:
    shared = Shared({})
    asyncio.get_running_loop().call_later(0.01, shared.say, b"1")
    assert (await shared.receive(timeout_s=5)).data == b"1"
    shared.say(b"2")
    shared.say(b"3")
    shared.drop(0x08)
    assert [(await shared.receive(timeout_s=5)).data for _ in range(2)] == [b"2", b"3"]
    for _ in range(2):
        with pytest.raises(TransportError) as caught:
            await shared.receive(timeout_s=5)
        assert caught.value.reason is TransportReason.LOST
        assert "HCI reason 0x08" in caught.value.message


async def test_silence_is_a_timeout() -> None:
    with pytest.raises(TransportError) as caught:
        await Shared({}).receive(timeout_s=0.01)
    assert caught.value.code is Code.LINK_TIMEOUT
    with pytest.raises(TransportError) as caught:
        await Shared({}).wait_closed(timeout_s=0.01)
    assert "did not drop the link" in caught.value.message


async def test_whoever_waits_learns_the_first_reason() -> None:
    shared = Shared({})
    assert not shared.lost
    waiting = asyncio.gather(
        shared.wait_closed(timeout_s=5), shared.receive(timeout_s=5), return_exceptions=True
    )
    await asyncio.sleep(0)
    shared.drop(0x13)
    shared.drop(0x08)
    reason, received = await waiting
    assert reason == 0x13
    assert isinstance(received, TransportError)
    assert shared.lost
    await shared.until_lost()


async def test_a_unit_that_does_not_stop_talking_is_nonsense_and_fills_no_memory() -> None:
    shared = Shared({})
    for _ in range(MAX_UNHEARD):
        shared.say(b"on")
    assert (await shared.receive(timeout_s=1)).data == b"on"
    shared.say(b"and")
    shared.say(b"on")
    for _ in range(2):
        with pytest.raises(RemoteProtocolError) as caught:
            await shared.receive(timeout_s=1)
        assert caught.value.code is Code.ANSWER_UNEXPECTED
    assert len(shared._inbox) == MAX_UNHEARD
