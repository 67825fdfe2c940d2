"""A host session over a connection: effects in order, answers back, errors raised."""

from __future__ import annotations

import asyncio

import pytest

from firmline.errors import Code, RemoteProtocolError, TransportError, TransportReason
from firmline.events import Event, ObjectExecuted, RequestSent
from firmline.links.base import Connection, DeviceInformation, Received, RemoteVersion
from firmline.protocol.channels import Channel
from firmline.protocol.framing import BleFraming
from firmline.protocol.host import HostSession
from firmline.updater.transfer import transfer
from firmline.values import BleAddress
from unit.device.makers import unit_in_bootloader
from unit.updater.fakes import IMAGE, NEXT, FakeConnection, FakeLink, package


def one_second(_request: object) -> float:
    return 1


def clock() -> float:
    return 0.0


def seven_seconds(_request: object) -> float:
    return 7


def session() -> HostSession:
    image = package().images[0]
    return HostSession(
        init_packet=image.init_packet.encoded,
        firmware=image.firmware,
        framing=BleFraming(mtu=247),
    )


async def connected(link: FakeLink) -> FakeConnection:
    return await link.connect(NEXT, timeout_s=1)


async def test_a_session_is_driven_to_its_end() -> None:
    unit = unit_in_bootloader()
    heard: list[Event] = []
    driven = session()
    await transfer(
        driven,
        await connected(FakeLink(unit)),
        report=heard.append,
        answer_timeout_s=one_second,
        now_s=clock,
    )
    assert driven.finished
    assert unit.board.flash.read(0x26000, len(IMAGE)) == IMAGE
    assert [event.offset for event in heard if isinstance(event, ObjectExecuted)] == [
        len(package().images[0].init_packet.encoded),
        4096,
        len(IMAGE),
    ]


async def test_every_request_is_reported_before_it_is_written() -> None:
    link = FakeLink(unit_in_bootloader())
    order: list[str] = []
    link.interfere = lambda step: order.append(step) if step.startswith("write control") else None

    def report(event: Event) -> None:
        if isinstance(event, RequestSent):
            order.append(f"report {event.data[:1].hex()}")

    await transfer(
        session(),
        await connected(link),
        report=report,
        answer_timeout_s=one_second,
        now_s=link.now_s,
    )
    assert order[::2] == [step.replace("write control", "report") for step in order[1::2]]


async def test_an_answer_that_does_not_come_in_time_is_a_timeout() -> None:
    link = FakeLink(unit_in_bootloader())
    connection = await connected(link)
    connection._unit.subscribed(Channel.CONTROL, False, now_s=0)
    link.interfere = lambda step: (
        connection._heard.clear()
        if step == "receive"
        else connection._unit.subscribed(Channel.CONTROL, True, now_s=0)
    )
    before_s = link.now_s()
    with pytest.raises(TransportError) as caught:
        await transfer(
            session(),
            connection,
            report=lambda _event: None,
            answer_timeout_s=seven_seconds,
            now_s=link.now_s,
        )
    assert caught.value.reason is TransportReason.TIMEOUT
    assert 7 <= link.now_s() - before_s < 8


class Babbler(Connection):
    """Answers everything with the same bytes."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    @property
    def peer(self) -> BleAddress:
        return NEXT

    @property
    def channels(self) -> frozenset[Channel]:
        return frozenset({Channel.CONTROL, Channel.PACKET})

    @property
    def mtu(self) -> int:
        return 23

    async def write(self, channel: Channel, data: bytes) -> None:
        """Take everything."""

    async def receive(self, *, timeout_s: float) -> Received:
        _ = timeout_s
        await asyncio.sleep(0)
        return Received(channel=Channel.CONTROL, data=self._data)

    async def device_information(self) -> DeviceInformation:
        return DeviceInformation()

    async def remote_version(self, *, timeout_s: float) -> RemoteVersion:
        _ = timeout_s
        return RemoteVersion(version=9, company=0x59, subversion=0x103)

    async def wait_closed(self, *, timeout_s: float) -> int | None:
        _ = timeout_s
        return None

    async def close(self) -> None:
        """Nothing to close."""


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", Code.ANSWER_MALFORMED),
        (b"\x60\x02", Code.ANSWER_MALFORMED),
        (b"\x60\x03\x01" + bytes(8), Code.ANSWER_UNEXPECTED),
        (b"\x60\x02\x01", Code.ANSWER_UNEXPECTED),
    ],
    ids=["nothing", "half an answer", "the answer to something else", "the same answer twice"],
)
async def test_answers_that_make_no_sense_are_told_as_such(data: bytes, code: Code) -> None:
    with pytest.raises(RemoteProtocolError) as caught:
        await transfer(
            session(),
            Babbler(data),
            report=lambda _event: None,
            answer_timeout_s=one_second,
            now_s=clock,
        )
    assert caught.value.code is code
