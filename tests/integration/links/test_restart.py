"""Units that vanish in the middle, come back under another address, or wake by themselves."""

from __future__ import annotations

import asyncio
import zlib

import pytest

from firmline.device.radio_face import ResetKind
from firmline.errors import TransportError, TransportReason
from firmline.links.base import Received
from firmline.links.bumble.central import BumbleLink
from firmline.links.bumble.connection import BumbleConnection
from firmline.links.virtual_radio.radio import VirtualRadio
from firmline.protocol.channels import Channel
from integration.links.scripted import APPLICATION, BOOTLOADER, HOME, RESTART, ScriptedUnit

pytestmark = pytest.mark.slow


async def stream(connection: BumbleConnection, count: int, *, then: bytes) -> None:
    for number in range(count):
        await connection.write(Channel.PACKET, number.to_bytes(4) * 61)
    await connection.write(Channel.CONTROL, then)


async def test_the_buttonless_jump_ends_in_the_bootloader_at_the_next_address(
    radio: VirtualRadio, link: BumbleLink
) -> None:
    unit = ScriptedUnit(channels=APPLICATION)
    radio.add_unit(unit)
    application = await link.connect(HOME, timeout_s=1)
    assert application.channels == APPLICATION
    await application.write(Channel.BUTTONLESS, b"\x01")
    answer = await application.receive(timeout_s=1)
    assert answer == Received(channel=Channel.BUTTONLESS, data=b"\x20\x01\x01")
    assert await application.wait_closed(timeout_s=1) == 0x08
    with pytest.raises(TransportError) as caught:
        await application.receive(timeout_s=1)
    assert (caught.value.reason, caught.value.hci_reason) == (TransportReason.LOST, 0x08)

    sighting = await link.find(HOME.plus_one(), timeout_s=1)
    bootloader = await link.connect(sighting.address, timeout_s=1)
    assert bootloader.channels == BOOTLOADER
    assert unit.life == [
        "connected",
        "buttonless on",
        "buttonless 01 after 0",
        "buttonless confirmed",
        "restarted",
        "connected",
        "control on",
    ]


async def test_the_old_address_is_gone_after_the_jump(
    radio: VirtualRadio, link: BumbleLink
) -> None:
    radio.add_unit(ScriptedUnit(channels=APPLICATION))
    application = await link.connect(HOME, timeout_s=1)
    await application.write(Channel.BUTTONLESS, b"\x01")
    await application.wait_closed(timeout_s=1)
    await link.find(HOME.plus_one(), timeout_s=1)
    with pytest.raises(TransportError):
        await link.find(HOME, timeout_s=0.1)


@pytest.mark.parametrize("packets", [1, 15, 16, 17, 500, 999])
async def test_a_restart_in_the_middle_of_packets_is_a_loss(
    radio: VirtualRadio, link: BumbleLink, packets: int
) -> None:
    unit = ScriptedUnit(restart_after_packets=packets)
    radio.add_unit(unit)
    connection = await link.connect(HOME, timeout_s=1)
    with pytest.raises(TransportError) as caught:
        await stream(connection, 1000, then=b"\x03")
    assert (caught.value.reason, caught.value.hci_reason) == (TransportReason.LOST, 0x08)
    assert unit.packets == packets
    assert unit.life == ["connected", "control on", "restarted"]
    again = await link.connect(HOME, timeout_s=1)
    await again.write(Channel.CONTROL, b"\x03")
    assert (await again.receive(timeout_s=1)).data == b"\x03"


async def test_the_answer_to_a_write_is_sent_before_the_restart_it_causes(
    radio: VirtualRadio, link: BumbleLink
) -> None:
    radio.add_unit(ScriptedUnit())
    connection = await link.connect(HOME, timeout_s=1)
    await connection.write(Channel.CONTROL, RESTART)
    assert await connection.wait_closed(timeout_s=1) == 0x08


async def test_a_unit_may_restart_many_times_at_once(radio: VirtualRadio, link: BumbleLink) -> None:
    unit = ScriptedUnit()
    peripheral = radio.add_unit(unit)
    for _ in range(20):
        unit.restart()
        peripheral.settle()
    assert (await link.connect(HOME, timeout_s=1)).channels == BOOTLOADER
    unit.restart(kind=ResetKind.WATCHDOG)
    unit.restart(kind=ResetKind.POWER)
    peripheral.settle()
    assert (await link.find(HOME, timeout_s=1)).address == HOME
    assert unit.boots == 23


async def test_a_restart_of_one_unit_leaves_the_streams_of_others_alone(
    radio: VirtualRadio, link: BumbleLink
) -> None:
    dying = ScriptedUnit(restart_after_packets=100)
    living = ScriptedUnit(address=HOME.plus_one())
    radio.add_unit(dying)
    radio.add_unit(living)
    first = await link.connect(HOME, timeout_s=1)
    second = await link.connect(living.address, timeout_s=1)
    streams = [asyncio.create_task(stream(one, 1000, then=b"\x03")) for one in (first, second)]
    lost, sent = await asyncio.gather(*streams, return_exceptions=True)
    assert isinstance(lost, TransportError)
    assert sent is None
    expected = b"".join(number.to_bytes(4) * 61 for number in range(1000))
    assert (living.packets, living.crc) == (1000, zlib.crc32(expected))


async def test_a_silent_unit_wakes_at_its_time_and_is_then_seen(
    radio: VirtualRadio, link: BumbleLink
) -> None:
    now_s = radio.now_s()
    unit = ScriptedUnit(silent=True, wake_at_s=now_s + 0.05)
    radio.add_unit(unit)
    await link.find(HOME, timeout_s=1)
    assert radio.now_s() >= now_s + 0.05
    assert unit.life == ["woken"]


async def test_an_earlier_wake_replaces_a_later_one(radio: VirtualRadio, link: BumbleLink) -> None:
    unit = ScriptedUnit(silent=True, wake_at_s=radio.now_s() + 3600)
    peripheral = radio.add_unit(unit)
    unit.wake_at_s = radio.now_s() + 0.02
    peripheral.settle()
    await link.find(HOME, timeout_s=1)
    assert unit.life == ["woken"]


async def test_a_wake_that_was_put_off_happens_later(radio: VirtualRadio, link: BumbleLink) -> None:
    unit = ScriptedUnit(silent=True, wake_at_s=radio.now_s() + 0.01)
    radio.add_unit(unit)
    unit.wake_at_s = later_s = radio.now_s() + 0.06
    await link.find(HOME, timeout_s=1)
    assert radio.now_s() >= later_s


async def test_a_unit_may_fall_silent_and_change_its_name(
    radio: VirtualRadio, link: BumbleLink
) -> None:
    unit = ScriptedUnit()
    peripheral = radio.add_unit(unit)
    await link.find(HOME, timeout_s=1)
    unit.silent = True
    peripheral.settle()
    await asyncio.sleep(0.03)
    with pytest.raises(TransportError):
        await link.find(HOME, timeout_s=0.1)
    unit.silent, unit.name, unit.address = False, "renamed", HOME.plus_one()
    peripheral.settle()
    assert (await link.find(HOME.plus_one(), timeout_s=1)).name == "renamed"


async def test_a_unit_that_was_taken_out_of_the_air_is_lost(
    radio: VirtualRadio, link: BumbleLink
) -> None:
    peripheral = radio.add_unit(ScriptedUnit())
    connection = await link.connect(HOME, timeout_s=1)
    await peripheral.close()
    await peripheral.close()
    assert await connection.wait_closed(timeout_s=1) == 0x08
    with pytest.raises(TransportError):
        await link.find(HOME, timeout_s=0.05)
