"""One host, one unit: what is written arrives, what is said is heard, what is refused is told."""

from __future__ import annotations

import asyncio
import os
import zlib

import pytest
from bumble.snoop import Snooper

from firmline.device.radio_face import DropLink, Notify
from firmline.errors import Code, LocalProtocolError, TransportError, TransportReason
from firmline.links.base import Connection, DeviceInformation, Link, Received
from firmline.links.bumble.central import BumbleLink
from firmline.links.virtual_radio.radio import VirtualRadio
from firmline.protocol.channels import Channel
from integration.links.scripted import DROP, FWID, HOME, REFUSE, ScriptedUnit

pytestmark = pytest.mark.slow


async def test_find_tells_what_the_unit_advertises(radio: VirtualRadio, link: BumbleLink) -> None:
    radio.add_unit(ScriptedUnit(name="DfuTarg"))
    sighting = await link.find(HOME, timeout_s=1)
    assert sighting.address == HOME
    assert sighting.name == "DfuTarg"
    assert sighting.services == {0xFE59}
    assert sighting.rssi_dbm == -50


async def test_connecting_agrees_on_the_mtu_and_subscribes(
    radio: VirtualRadio, link: BumbleLink
) -> None:
    unit = ScriptedUnit()
    radio.add_unit(unit)
    connection: Connection = await link.connect(HOME, timeout_s=1)
    assert connection.peer == HOME
    assert connection.mtu == 247
    assert connection.channels == {Channel.CONTROL, Channel.PACKET}
    assert unit.life == ["connected", "control on"]


@pytest.mark.parametrize(("asked", "agreed"), [(23, 23), (24, 23), (100, 99), (185, 183)])
async def test_the_mtu_asked_for_is_rounded_by_the_unit(
    radio: VirtualRadio, asked: int, agreed: int
) -> None:
    radio.add_unit(ScriptedUnit())
    link = await radio.open_link(mtu=asked)
    assert (await link.connect(HOME, timeout_s=1)).mtu == agreed


async def test_an_mtu_of_517_becomes_247_on_both_sides(radio: VirtualRadio) -> None:
    unit = ScriptedUnit()
    peripheral = radio.add_unit(unit)
    link = await radio.open_link(mtu=517)
    connection = await link.connect(HOME, timeout_s=1)
    assert connection.mtu == 247
    assert peripheral._link is not None
    assert peripheral._link.att_mtu == 247


async def test_an_mtu_below_the_least_is_our_defect(radio: VirtualRadio) -> None:
    with pytest.raises(LocalProtocolError):
        await radio.open_link(mtu=22)


async def test_an_answer_is_heard(radio: VirtualRadio, link: BumbleLink) -> None:
    radio.add_unit(ScriptedUnit())
    connection = await link.connect(HOME, timeout_s=1)
    await connection.write(Channel.CONTROL, b"\x06\x01")
    heard = await connection.receive(timeout_s=1)
    assert heard == Received(channel=Channel.CONTROL, data=b"\x06\x01")


async def test_every_byte_arrives_in_order(radio: VirtualRadio, link: BumbleLink) -> None:
    unit = ScriptedUnit()
    radio.add_unit(unit)
    connection = await link.connect(HOME, timeout_s=1)
    image = os.urandom(150_000)
    deepest = 0
    for offset in range(0, len(image), 244):
        await connection.write(Channel.PACKET, image[offset : offset + 244])
        deepest = max(deepest, connection._queue.pending)
    await connection.write(Channel.CONTROL, b"\x03")
    assert (unit.size, unit.crc) == (len(image), zlib.crc32(image))
    assert deepest <= connection._queue.max_in_flight == 16


async def test_writes_keep_their_order_across_channels(
    radio: VirtualRadio, link: BumbleLink
) -> None:
    unit = ScriptedUnit()
    radio.add_unit(unit)
    connection = await link.connect(HOME, timeout_s=1)
    for count in range(1, 60):
        for _ in range(count % 7):
            await connection.write(Channel.PACKET, b"data")
        await connection.write(Channel.CONTROL, bytes([0x03, count]))
    sent = [sum(number % 7 for number in range(1, count + 1)) for count in range(1, 60)]
    told = [int(entry.rsplit(" ", 1)[1]) for entry in unit.life if " after " in entry]
    assert told == sent


async def test_packets_before_a_disconnection_all_reach_the_unit(
    radio: VirtualRadio, link: BumbleLink
) -> None:
    unit = ScriptedUnit()
    radio.add_unit(unit)
    connection = await link.connect(HOME, timeout_s=1)
    for _ in range(100):
        await connection.write(Channel.PACKET, bytes(244))
    await connection.close()
    await asyncio.sleep(0.01)
    assert unit.packets == 100
    assert unit.life[-1] == "disconnected"


async def test_a_refused_write_carries_the_att_error(radio: VirtualRadio, link: BumbleLink) -> None:
    radio.add_unit(ScriptedUnit())
    connection = await link.connect(HOME, timeout_s=1)
    with pytest.raises(TransportError) as caught:
        await connection.write(Channel.CONTROL, REFUSE)
    assert caught.value.reason is TransportReason.REFUSED
    assert caught.value.code is Code.LINK_REFUSED
    assert caught.value.context["att_status"] == 0xFD
    await connection.write(Channel.CONTROL, b"\x03")
    assert (await connection.receive(timeout_s=1)).data == b"\x03"


async def test_a_control_write_longer_than_the_units_is_refused(
    radio: VirtualRadio, link: BumbleLink
) -> None:
    unit = ScriptedUnit()
    radio.add_unit(unit)
    connection = await link.connect(HOME, timeout_s=1)
    with pytest.raises(TransportError) as caught:
        await connection.write(Channel.CONTROL, bytes(24))
    assert caught.value.context["att_status"] == 0x0D
    assert unit.life == ["connected", "control on"]


@pytest.mark.parametrize(
    ("channel", "size"), [(Channel.PACKET, 245), (Channel.BUTTONLESS, 1), (Channel.SERIAL, 1)]
)
async def test_what_cannot_be_written_is_our_defect(
    radio: VirtualRadio, link: BumbleLink, channel: Channel, size: int
) -> None:
    radio.add_unit(ScriptedUnit())
    connection = await link.connect(HOME, timeout_s=1)
    with pytest.raises(LocalProtocolError):
        await connection.write(channel, bytes(size))


async def test_silence_is_a_timeout_and_the_connection_lives_on(
    radio: VirtualRadio, link: BumbleLink
) -> None:
    radio.add_unit(ScriptedUnit())
    connection = await link.connect(HOME, timeout_s=1)
    with pytest.raises(TransportError) as caught:
        await connection.receive(timeout_s=0.02)
    assert caught.value.reason is TransportReason.TIMEOUT
    with pytest.raises(TransportError) as caught:
        await connection.wait_closed(timeout_s=0.02)
    assert caught.value.reason is TransportReason.TIMEOUT
    await connection.write(Channel.CONTROL, b"\x03")
    assert (await connection.receive(timeout_s=1)).data == b"\x03"


async def test_a_dropped_link_is_told_with_its_reason_after_the_last_words(
    radio: VirtualRadio, link: BumbleLink
) -> None:
    unit = ScriptedUnit()
    radio.add_unit(unit)
    connection = await link.connect(HOME, timeout_s=1)
    unit.say(
        Notify(channel=Channel.CONTROL, data=b"last"),
        Notify(channel=Channel.CONTROL, data=b"words"),
    )
    await connection.write(Channel.CONTROL, DROP)
    assert await connection.wait_closed(timeout_s=1) == 0x13
    assert (await connection.receive(timeout_s=1)).data == b"last"
    assert (await connection.receive(timeout_s=1)).data == b"words"
    for _ in range(2):
        with pytest.raises(TransportError) as caught:
            await connection.receive(timeout_s=1)
        assert caught.value.reason is TransportReason.LOST
        assert caught.value.hci_reason == 0x13
    assert unit.life[-1] == "disconnected"


async def test_a_lost_connection_takes_nothing_more(radio: VirtualRadio, link: BumbleLink) -> None:
    radio.add_unit(ScriptedUnit())
    connection = await link.connect(HOME, timeout_s=1)
    await connection.write(Channel.CONTROL, DROP)
    await connection.wait_closed(timeout_s=1)
    for channel in (Channel.CONTROL, Channel.PACKET):
        with pytest.raises(TransportError) as caught:
            await connection.write(channel, b"\x01")
        assert caught.value.reason is TransportReason.LOST
    with pytest.raises(TransportError):
        await connection.remote_version(timeout_s=5)
    await connection.close()


@pytest.mark.parametrize("reason", [0x08, 0x13, 0x3B])
async def test_a_request_under_way_fails_with_the_link(
    radio: VirtualRadio, link: BumbleLink, reason: int
) -> None:
    unit = ScriptedUnit()
    peripheral = radio.add_unit(unit)
    connection = await link.connect(HOME, timeout_s=1)
    unit.say(DropLink(reason=reason))
    peripheral.settle()
    with pytest.raises(TransportError) as caught:
        await connection.write(Channel.CONTROL, b"\x03")
    assert (caught.value.reason, caught.value.hci_reason) == (TransportReason.LOST, reason)


async def test_a_unit_advertises_again_after_a_disconnection(
    radio: VirtualRadio, link: BumbleLink
) -> None:
    unit = ScriptedUnit()
    radio.add_unit(unit)
    for _ in range(3):
        connection = await link.connect(HOME, timeout_s=1)
        await connection.close()
        await connection.close()
        await link.find(HOME, timeout_s=1)
    assert unit.life == ["connected", "control on", "disconnected"] * 3


async def test_a_connected_unit_is_not_seen(radio: VirtualRadio, link: BumbleLink) -> None:
    radio.add_unit(ScriptedUnit())
    await link.connect(HOME, timeout_s=1)
    with pytest.raises(TransportError) as caught:
        await link.find(HOME, timeout_s=0.1)
    assert caught.value.reason is TransportReason.NOT_FOUND


async def test_device_information_is_read_and_cleaned(
    radio: VirtualRadio, link: BumbleLink
) -> None:
    unit = ScriptedUnit(device_information=((0x2A26, "1.2.3\n"), (0x2A24, "M" * 300)))
    radio.add_unit(unit)
    connection = await link.connect(HOME, timeout_s=1)
    information = await connection.device_information()
    assert information == DeviceInformation(firmware_revision="1.2.3", model="M" * 64)


async def test_a_unit_without_device_information_has_none(
    radio: VirtualRadio, link: BumbleLink
) -> None:
    radio.add_unit(ScriptedUnit())
    connection = await link.connect(HOME, timeout_s=1)
    assert await connection.device_information() == DeviceInformation()


async def test_information_that_cannot_be_read_is_not_offered(
    radio: VirtualRadio, link: BumbleLink
) -> None:
    radio.add_unit(ScriptedUnit(device_information=((0x2A26, "1.2.3"),)))
    connection = await link.connect(HOME, timeout_s=1)
    connection._information[0x2A24] = 0x4242  # No such attribute.
    assert await connection.device_information() == DeviceInformation(firmware_revision="1.2.3")


async def test_a_snooper_sees_every_packet_in_both_directions(
    radio: VirtualRadio, link: BumbleLink
) -> None:
    seen: list[tuple[bytes, Snooper.Direction]] = []

    class Recorder(Snooper):
        def snoop(self, hci_packet: bytes, direction: Snooper.Direction) -> None:
            seen.append((hci_packet, direction))

    radio.add_unit(ScriptedUnit())
    link._host.snooper = Recorder()
    connection = await link.connect(HOME, timeout_s=1)
    await connection.write(Channel.CONTROL, b"marked")
    await connection.receive(timeout_s=1)
    directions = [direction for packet, direction in seen if b"marked" in packet]
    assert directions == [
        Snooper.Direction.HOST_TO_CONTROLLER,
        Snooper.Direction.CONTROLLER_TO_HOST,
    ]


async def test_the_remote_version_names_nordic_and_the_softdevice(
    radio: VirtualRadio, link: BumbleLink
) -> None:
    radio.add_unit(ScriptedUnit())
    connection = await link.connect(HOME, timeout_s=1)
    version = await connection.remote_version(timeout_s=5)
    assert (version.company, version.subversion) == (0x0059, FWID)


async def test_a_late_answer_is_not_taken_for_the_next_one(
    radio: VirtualRadio, link: BumbleLink
) -> None:
    radio.add_unit(ScriptedUnit())
    connection = await link.connect(HOME, timeout_s=1)
    given_up = asyncio.create_task(connection.write(Channel.CONTROL, REFUSE))
    await asyncio.sleep(0)
    given_up.cancel()
    await connection.write(Channel.CONTROL, b"\x03")
    with pytest.raises(TransportError):
        await connection.write(Channel.CONTROL, REFUSE)
    assert (await connection.receive(timeout_s=1)).data == b"\x03"


async def test_the_clock_is_the_loops(radio: VirtualRadio, link: Link) -> None:
    before = asyncio.get_running_loop().time()
    assert before <= radio.now_s() <= link.now_s() <= asyncio.get_running_loop().time()


async def test_the_link_says_what_it_can_do(link: Link) -> None:
    assert link.capabilities.flow_control
    assert link.capabilities.addresses_visible
    assert link.capabilities.pairing
