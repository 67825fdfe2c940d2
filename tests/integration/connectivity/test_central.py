"""The road over a dongle: find, connect and move bytes through its serial protocol and the air."""

from __future__ import annotations

import asyncio

import pytest

from firmline.device.application_dfu import ApplicationDfu
from firmline.errors import Code, LocalProtocolError, TransportError, TransportReason
from firmline.events import Event, Outcome, PacketsSent
from firmline.links.base import Sighting
from firmline.links.connectivity.startup import BASES
from firmline.protocol.channels import Channel
from firmline.protocol.pacing import AHEAD
from firmline.updater.update import Update, plan_for
from firmline.values import BleAddress
from integration.connectivity.desk import Desk, at_a_desk
from integration.story import package
from unit.device.makers import describe

NOBODY = BleAddress.parse("C1:00:00:00:00:01")
SELECT = b"\x06\x01"


def test_a_dongle_says_who_it_is_and_learns_our_uuids() -> None:
    async def story(desk: Desk) -> None:
        started = await desk.started()
        assert started.version.subversion == 0x00A5
        assert len(started.bases) == len(BASES)

    at_a_desk(story)


def test_a_unit_is_found_and_everyone_is_heard() -> None:
    async def story(desk: Desk) -> None:
        link = await desk.open()
        found = await link.find(desk.home.address, timeout_s=5)
        assert (found.name, found.rssi_dbm) == ("bench-unit", -50)
        heard: list[Sighting] = []
        began_s = link.now_s()
        await link.scan(duration_s=2, seen=heard.append)
        assert link.now_s() - began_s == pytest.approx(2)
        assert {each.address for each in heard} == {desk.home.address}
        assert len(heard) > 5

    at_a_desk(story)


def test_a_unit_that_is_not_there_is_not_found_in_time() -> None:
    async def story(desk: Desk) -> None:
        link = await desk.open()
        for call in (link.find, link.connect):
            with pytest.raises(TransportError) as caught:
                await call(NOBODY, timeout_s=1.5)
            assert caught.value.reason is TransportReason.NOT_FOUND
        assert await link.find(desk.home.address, timeout_s=5)

    at_a_desk(story)


def test_a_connection_knows_what_the_unit_offers() -> None:
    async def story(desk: Desk) -> None:
        link = await desk.open()
        connection = await link.connect(desk.home.address, timeout_s=10)
        assert connection.peer == desk.home.address
        assert connection.channels == {Channel.BUTTONLESS}
        assert connection.services >= {"FE59", "180A"}
        assert connection.mtu == 247
        assert connection.interval_s == pytest.approx(0.015)
        assert not connection.needs_encryption
        assert await connection.rssi() == -50
        told = await connection.device_information()
        assert (told.serial_number, told.manufacturer) == ("T-1", "firmline virtual works")
        with pytest.raises(LocalProtocolError):
            await connection.remote_version(timeout_s=1)
        await connection.close()
        await connection.close()

    at_a_desk(story)


def test_a_uuid_that_the_dongle_has_no_room_for_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a UUID without a base a SoftDevice says only that it is unknown."""
    monkeypatch.setattr("firmline.links.connectivity.startup.BASES", ())

    async def story(desk: Desk) -> None:
        link = await desk.open()
        connection = await link.connect(desk.home.address, timeout_s=10)
        assert connection.channels == {Channel.BUTTONLESS}

    at_a_desk(story)


def test_the_experimental_service_of_sdk_12_is_known() -> None:
    async def story(desk: Desk) -> None:
        link = await desk.open()
        connection = await link.connect(desk.home.address, timeout_s=10)
        assert Channel.BUTTONLESS_EXPERIMENTAL in connection.channels

    dfu = ApplicationDfu.EXPERIMENTAL
    at_a_desk(story, unit=describe(size=4_000, application_dfu=dfu))


def test_requests_are_answered_and_commands_are_counted() -> None:
    """To the bootloader: a control request, its notification, and packets with a flush."""

    async def story(desk: Desk) -> None:
        link = await desk.open()
        application = await link.connect(desk.home.address, timeout_s=10)
        await application.write(Channel.BUTTONLESS, b"\x01")
        assert (await application.receive(timeout_s=5)).data == b"\x20\x01\x01"
        assert await application.wait_closed(timeout_s=10) is not None
        connection = await link.connect(desk.home.address.plus_one(), timeout_s=10)
        assert connection.channels == {Channel.CONTROL, Channel.PACKET}
        await connection.write(Channel.CONTROL, SELECT)
        answer = await connection.receive(timeout_s=5)
        assert answer.channel is Channel.CONTROL
        assert answer.data.startswith(b"\x60\x06\x01")
        await connection.write(Channel.CONTROL, b"\x01\x01" + (200).to_bytes(4, "little"))
        assert (await connection.receive(timeout_s=5)).data == b"\x60\x01\x01"
        for _ in range(10):
            await connection.write(Channel.PACKET, bytes(20))
        await connection.flush()
        await connection.write(Channel.CONTROL, b"\x03")
        checked = (await connection.receive(timeout_s=5)).data
        assert checked[3:7] == (200).to_bytes(4, "little")
        with pytest.raises(LocalProtocolError):
            await connection.write(Channel.PACKET, bytes(245))
        with pytest.raises(TransportError) as caught:
            await connection.receive(timeout_s=0.5)
        assert caught.value.reason is TransportReason.TIMEOUT

    at_a_desk(story)


@pytest.mark.slow
def test_an_update_goes_over_a_dongle() -> None:
    heard: list[Event] = []

    async def story(desk: Desk) -> None:
        link = await desk.open()
        plan = plan_for(
            package(20_000),
            b"",
            package_name="new.zip",
            unit_name="nrfconn",
            pin=desk.home.address,
            pacing=AHEAD,
        )
        result = await Update(plan, link=link, report=heard.append).run()
        assert result.finished.outcome is Outcome.UPDATED
        assert result.finished.size == 20_000

    at_a_desk(story)
    assert any(isinstance(event, PacketsSent) for event in heard)


def test_who_gives_up_connecting_leaves_the_dongle_as_it_was() -> None:
    async def story(desk: Desk) -> None:
        link = await desk.open()
        await link.find(desk.home.address, timeout_s=5)
        for delay_s in (0.0, 0.001, 0.005, 0.02, 0.05, 0.1, 0.2):
            task = asyncio.create_task(link.connect(desk.home.address, timeout_s=10))
            await asyncio.sleep(delay_s)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        connection = await link.connect(desk.home.address, timeout_s=10)
        assert connection.channels

    at_a_desk(story)


def test_a_second_unit_waits_until_the_dongle_is_free() -> None:
    async def story(desk: Desk) -> None:
        link = await desk.open()
        first = await link.connect(desk.home.address, timeout_s=10)
        with pytest.raises(TransportError) as caught:
            await link.connect(NOBODY, timeout_s=1)
        assert "busy with other connections" in caught.value.message
        later = asyncio.create_task(link.connect(desk.home.address, timeout_s=10))
        await asyncio.sleep(1)
        assert not later.done()
        await first.close()
        assert (await later).channels

    at_a_desk(story)


def test_a_unit_that_vanishes_is_lost_with_the_reason() -> None:
    async def story(desk: Desk) -> None:
        link = await desk.open()
        connection = await link.connect(desk.home.address, timeout_s=10)
        await desk.peripheral.close()
        with pytest.raises(TransportError) as caught:
            await connection.receive(timeout_s=30)
        assert caught.value.reason is TransportReason.LOST
        assert caught.value.hci_reason == 0x08
        with pytest.raises(TransportError) as caught:
            await connection.write(Channel.BUTTONLESS, b"\x01")
        assert caught.value.reason is TransportReason.LOST

    at_a_desk(story)


def test_a_request_that_was_given_up_answers_no_other() -> None:
    async def story(desk: Desk) -> None:
        link = await desk.open()
        connection = await link.connect(desk.home.address, timeout_s=10)
        for delay_s in (0.0, 0.0005, 0.002, 0.01):
            task = asyncio.create_task(connection.device_information())
            await asyncio.sleep(delay_s)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert (await connection.device_information()).serial_number == "T-1"

    at_a_desk(story)


def test_the_interval_that_was_asked_for_is_the_connections() -> None:
    async def story(desk: Desk) -> None:
        link = await desk.open()
        link.ask_interval(desk.home.address, 0.05)
        connection = await link.connect(desk.home.address, timeout_s=10)
        assert connection.interval_s == pytest.approx(0.05)

    at_a_desk(story)


def test_a_link_declares_what_a_dongle_can_do() -> None:
    async def story(desk: Desk) -> None:
        can = (await desk.open()).capabilities
        assert can.flow_control
        assert can.mtu_request
        assert can.rssi
        assert not can.remote_version
        assert not can.pairing

    at_a_desk(story)


def test_a_unit_that_wants_a_bond_is_told_from_others() -> None:
    async def story(desk: Desk) -> None:
        link = await desk.open()
        connection = await link.connect(desk.home.address, timeout_s=10)
        assert connection.needs_encryption
        with pytest.raises(TransportError) as caught:
            await connection.encrypt(may_pair=True, timeout_s=5)
        assert caught.value.code is Code.LINK_NOT_AVAILABLE

    at_a_desk(story, unit=describe(size=4_000, application_dfu=ApplicationDfu.BONDED))
