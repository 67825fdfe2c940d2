"""A dongle in trouble, or none at all: recovered from, or one clear error, and never a hang."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from firmline.errors import Code, TransportError, TransportReason
from firmline.links.connectivity.central import DongleLink, DongleSettings
from firmline.links.connectivity.dongle import Dongle
from firmline.links.connectivity.startup import start
from firmline.links.connectivity.wire.api5 import API5
from firmline.links.connectivity.wire.messages import LimitMtu
from firmline.links.connectivity.wire.packets import Packet, PacketKind, encode_packet
from firmline.links.serial.problems import lost
from firmline.protocol.channels import Channel
from integration.connectivity.desk import PORT, Desk, at_a_desk


def never_begins(
    code: Code, fragment: str, *, within_s: float, **dongle: Any
) -> Callable[[Callable[[Desk], None]], None]:
    """Tell of a dongle that cannot be started."""

    def tell(prepare: Callable[[Desk], None]) -> None:
        async def story(desk: Desk) -> None:
            prepare(desk)
            began_s = asyncio.get_running_loop().time()
            with pytest.raises(TransportError) as caught:
                await desk.started()
            assert asyncio.get_running_loop().time() - began_s <= within_s
            assert caught.value.code is code
            assert fragment in caught.value.message
            assert PORT in caught.value.message

        at_a_desk(story, **dongle)

    return tell


def test_a_port_where_nothing_answers() -> None:
    def prepare(desk: Desk) -> None:
        desk.wire.up = lambda _data: b""

    never_begins(Code.DONGLE_SILENT, "within 2.1 s", within_s=2.2)(prepare)


@pytest.mark.parametrize("seed", range(5))
def test_a_port_at_another_speed(seed: int) -> None:
    """What a UART makes of bytes at another speed: others."""
    rng = Random(seed)

    def prepare(desk: Desk) -> None:
        desk.wire.up = lambda data: rng.randbytes(len(data) // 3 + 1)

    never_begins(Code.DONGLE_UNREADABLE, "is no nRF Connectivity dongle", within_s=2.2)(prepare)


def test_a_port_with_something_else_that_talks() -> None:
    def prepare(desk: Desk) -> None:
        desk.wire.up = lambda _data: b"\r\n=> "

    never_begins(Code.DONGLE_UNREADABLE, "it sent 0D 0A 3D 3E 20", within_s=2.2)(prepare)


@pytest.mark.parametrize(
    ("fwid", "fragment"),
    [
        (0x0088, "runs SoftDevice 0x0088 (S132 2.0.1)"),
        (0x00B7, "runs SoftDevice 0x00B7 (S132 6.1.1)"),
        (0x0F0F, "runs SoftDevice 0x0F0F"),
    ],
)
def test_a_dongle_with_another_softdevice_is_named(fwid: int, fragment: str) -> None:
    never_begins(Code.DONGLE_VERSION, fragment, within_s=1, fwid=fwid)(lambda _desk: None)


def test_a_dongle_that_does_not_know_our_commands_is_named() -> None:
    older = replace(
        API5, calls={kind: call for kind, call in API5.calls.items() if kind is not LimitMtu}
    )
    never_begins(
        Code.DONGLE_VERSION, "does not answer as the connectivity", within_s=1, table=older
    )(lambda _desk: None)


def test_a_dongle_that_restarts_ends_its_connection_in_one_sentence() -> None:
    async def story(desk: Desk) -> None:
        link = await desk.open()
        connection = await link.connect(desk.home.address, timeout_s=10)
        waiting = asyncio.create_task(connection.receive(timeout_s=60))
        await asyncio.sleep(0.1)
        desk.chip.crash()
        with pytest.raises(TransportError) as caught:
            await waiting
        assert caught.value.code is Code.DONGLE_LOST
        assert caught.value.reason is TransportReason.LOST
        assert "has restarted" in caught.value.message
        for call in (link.find, link.connect):
            with pytest.raises(TransportError) as caught:
                await call(desk.home.address, timeout_s=5)
            assert caught.value.code is Code.DONGLE_LOST

    at_a_desk(story)


def test_a_dongle_that_falls_silent_is_given_up() -> None:
    async def story(desk: Desk) -> None:
        link = await desk.open()
        connection = await link.connect(desk.home.address, timeout_s=10)
        desk.wire.up = lambda _data: b""
        began_s = link.now_s()
        with pytest.raises(TransportError) as caught:
            await connection.write(Channel.BUTTONLESS, b"\x01")
        assert link.now_s() - began_s <= 1.6
        assert caught.value.code is Code.DONGLE_LOST
        await connection.close()

    at_a_desk(story)


def test_a_dongle_that_is_pulled_out_ends_everything_at_once() -> None:
    async def story(desk: Desk) -> None:
        link = await desk.open()
        connection = await link.connect(desk.home.address, timeout_s=10)
        waits = [
            asyncio.create_task(connection.receive(timeout_s=60)),
            asyncio.create_task(link.scan(duration_s=60, seen=lambda _seen: None)),
        ]
        await asyncio.sleep(0.1)
        desk.wire.lost(lost(PORT))
        for wait in waits:
            with pytest.raises(TransportError) as caught:
                await wait
            assert caught.value.code is Code.LINK_LOST
            assert "was it unplugged?" in caught.value.message

    at_a_desk(story)


def test_a_message_that_cannot_be_read_ends_the_road() -> None:
    """As from a firmware with another interface: an event that is too short."""

    async def story(desk: Desk) -> None:
        link = await desk.open()
        await link.find(desk.home.address, timeout_s=5)
        desk.chip._say(bytes.fromhex("02 1000 00"))
        with pytest.raises(TransportError) as caught:
            await link.scan(duration_s=60, seen=lambda _seen: None)
        assert caught.value.code is Code.DONGLE_NONSENSE

    at_a_desk(story)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_a_bad_cable_slows_and_changes_nothing(seed: int) -> None:
    """One piece of bytes in twelve is lost, cut, doubled or damaged, in both directions."""
    rng = Random(seed)
    spoilt: list[str] = []

    def spoil(data: bytes) -> bytes:
        fate = rng.choice([*[""] * 44, "lost", "cut", "twice", "damaged"])
        if fate:
            spoilt.append(fate)
        match fate:
            case "lost":
                return b""
            case "cut":
                return data[: len(data) // 2]
            case "twice":
                return data + data
            case "damaged":
                at = rng.randrange(len(data))
                return data[:at] + bytes([data[at] ^ 0x40]) + data[at + 1 :]
            case _:
                return data

    async def story(desk: Desk) -> None:
        link = await desk.open()
        desk.wire.up = desk.wire.down = spoil
        for _ in range(3):
            connection = await link.connect(desk.home.address, timeout_s=60)
            assert connection.channels == {Channel.BUTTONLESS}
            assert (await connection.device_information()).serial_number == "T-1"
            await connection.close()

    at_a_desk(story)
    assert len(spoilt) > 5


def test_an_acknowledgement_of_nothing_is_named() -> None:
    async def story(desk: Desk) -> None:
        link = await desk.open()
        await link.find(desk.home.address, timeout_s=5)
        wrong = encode_packet(Packet(kind=PacketKind.ACK, acknowledges=5))
        desk.wire.up = lambda _data: wrong
        with pytest.raises(TransportError) as caught:
            await link.scan(duration_s=60, seen=lambda _seen: None)
        assert caught.value.code is Code.DONGLE_LOST
        assert "never sent" in caught.value.message

    at_a_desk(story)


def test_the_next_program_takes_a_dongle_that_was_left_in_the_middle() -> None:
    """Nobody has closed anything: the dongle still has a connection and says so to nobody."""

    async def story(desk: Desk) -> None:
        link = await desk.open()
        await link.connect(desk.home.address, timeout_s=10)
        again = Dongle(desk.wire, table=API5, port=PORT)
        await again.open()
        second = DongleLink(again, await start(again, mtu=247), DongleSettings())
        connection = await second.connect(desk.home.address, timeout_s=20)
        assert connection.channels == {Channel.BUTTONLESS}
        await second.close()

    at_a_desk(story)
