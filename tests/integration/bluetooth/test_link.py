"""The link over Bleak by itself: its promises (``links.base``), and what it says of trouble."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import bleak
import pytest
from bleak.backends.device import BLEDevice
from bleak.exc import BleakDeviceNotFoundError, BleakError, BleakGATTProtocolError

from firmline.device.fabrication import fabricate
from firmline.device.unit import VirtualUnit
from firmline.errors import Code, LocalProtocolError, TransportError, TransportReason
from firmline.links.base import Sighting
from firmline.links.bluetooth import ears
from firmline.links.bluetooth.connection import BluetoothConnection
from firmline.links.bluetooth.link import BluetoothLink
from firmline.links.bluetooth.stack import System
from firmline.protocol.channels import Channel
from firmline.values import BleAddress, PeripheralId
from integration.bluetooth.bleak_over_bumble import Computer, identifier
from unit.device.makers import ADDRESS, describe, enter_bootloader

pytestmark = pytest.mark.slow

SELECT_COMMAND = b"\x06\x01"
OTHER = BleAddress.parse("C0:00:00:00:00:01")


@pytest.fixture
async def link(computer: Computer) -> AsyncIterator[BluetoothLink]:
    link = BluetoothLink(stack=computer.stack, request_timeout_s=0.3, settle_s=0.3)
    yield link
    await link.close()
    await link.close()


def place(computer: Computer, address: BleAddress = ADDRESS) -> VirtualUnit:
    unit = fabricate(describe(address=address))
    unit.power_on(now_s=computer.radio.now_s())
    computer.radio.add_unit(unit)
    return unit


async def bootloader(computer: Computer, link: BluetoothLink) -> BluetoothConnection:
    """A connection to a unit in its bootloader."""
    unit = fabricate(describe())
    unit.power_on(now_s=computer.radio.now_s())
    enter_bootloader(unit, now_s=computer.radio.now_s())
    computer.radio.add_unit(unit)
    return await link.connect(ADDRESS.plus_one(), timeout_s=2)


def is_error(code: Code, reason: TransportReason) -> Callable[[TransportError], bool]:
    return lambda error: (error.code, error.reason) == (code, reason)


# What it can do.


@pytest.mark.parametrize("system", list(System))
async def test_it_declares_nothing_that_a_system_does_not_do(
    computer: Computer, system: System
) -> None:
    computer.system = system
    can = BluetoothLink(stack=computer.stack).capabilities
    assert can.addresses_visible == (system is not System.CORE_BLUETOOTH)
    assert can.remembers_services == (system is not System.WINRT)
    told = {"addresses_visible", "remembers_services"}
    others = {name: getattr(can, name) for name in can.__slots__ if name not in told}
    assert set(others.values()) == {False}


async def test_no_system_tells_the_version_of_a_radio(
    computer: Computer, link: BluetoothLink
) -> None:
    place(computer)
    connection = await link.connect(ADDRESS, timeout_s=2)
    with pytest.raises(LocalProtocolError):
        await connection.remote_version(timeout_s=1)


def test_bleak_has_for_windows_what_tells_whether_a_unit_is_paired() -> None:
    """Nothing public does; this is read where no Windows is, so that a new Bleak is noticed."""
    source = (Path(bleak.__file__).parent / "backends" / "winrt" / "client.py").read_text("utf-8")
    assert "self._requester = await self._create_requester(" in source
    assert "device.device_information.pairing" in source


# Finding.


async def test_a_unit_is_found_with_what_it_advertises(
    computer: Computer, link: BluetoothLink
) -> None:
    place(computer)
    seen = await link.find(ADDRESS, timeout_s=2)
    assert (seen.address, seen.name, seen.services) == (ADDRESS, "bench-unit", frozenset())
    assert seen.rssi_dbm is not None
    assert computer.journal == ["scanner start", "scanner stop"]


async def test_on_macos_a_unit_is_found_under_what_the_system_calls_it(
    computer: Computer, link: BluetoothLink
) -> None:
    computer.system = System.CORE_BLUETOOTH
    place(computer)
    called = PeripheralId(identifier(ADDRESS))
    assert (await link.find(called, timeout_s=2)).address == called


async def test_searches_at_the_same_time_share_one_scanner(
    computer: Computer, link: BluetoothLink
) -> None:
    place(computer)
    place(computer, OTHER)
    heard: list[Sighting] = []
    found = await asyncio.gather(
        link.find(ADDRESS, timeout_s=2),
        link.find(OTHER, timeout_s=2),
        link.scan(duration_s=0.3, seen=heard.append),
    )
    assert [sighting.address for sighting in found if sighting] == [ADDRESS, OTHER]
    assert {sighting.address for sighting in heard} == {ADDRESS, OTHER}
    assert computer.journal == ["scanner start", "scanner stop"]


async def test_a_search_that_is_cancelled_stops_the_scanner(
    computer: Computer, link: BluetoothLink
) -> None:
    search = asyncio.create_task(link.find(ADDRESS, timeout_s=60))
    await asyncio.sleep(0.1)
    assert computer.journal == ["scanner start"]
    search.cancel()
    with pytest.raises(asyncio.CancelledError):
        await search
    assert computer.count("scanner stop") == 1


async def test_a_unit_that_is_not_there_is_not_found(link: BluetoothLink) -> None:
    with pytest.raises(TransportError) as caught:
        await link.find(ADDRESS, timeout_s=0.1)
    assert is_error(Code.UNIT_NOT_FOUND, TransportReason.NOT_FOUND)(caught.value)
    assert caught.value.hint == ""


async def test_a_unit_that_another_program_of_this_computer_holds_is_told(
    computer: Computer, link: BluetoothLink
) -> None:
    computer.taken.append(ADDRESS)
    with pytest.raises(TransportError) as caught:
        await link.find(ADDRESS, timeout_s=0.1)
    assert caught.value.code is Code.UNIT_NOT_FOUND
    assert "connected to it already" in caught.value.hint


async def test_after_trouble_with_the_scanner_the_next_search_begins_anew(
    computer: Computer, link: BluetoothLink
) -> None:
    place(computer)
    computer.trouble["scanner start"] = PermissionError(13, "Permission denied")
    with pytest.raises(TransportError) as caught:
        await link.find(ADDRESS, timeout_s=1)
    assert is_error(Code.BLUETOOTH_FORBIDDEN, TransportReason.NOT_AVAILABLE)(caught.value)
    assert (await link.find(ADDRESS, timeout_s=1)).address == ADDRESS


# Connecting.


async def test_somebody_who_was_never_heard_is_looked_for_first(
    computer: Computer, link: BluetoothLink
) -> None:
    computer.system = System.WINRT
    place(computer)
    connection = await BluetoothLink(stack=computer.stack).connect(ADDRESS, timeout_s=2)
    assert connection.peer == ADDRESS
    assert computer.journal[:3] == ["scanner start", "scanner stop", "connect"]
    await connection.close()
    _ = link


async def test_nobody_there_is_not_found_and_the_time_is_kept(link: BluetoothLink) -> None:
    with pytest.raises(TransportError) as caught:
        await link.connect(ADDRESS, timeout_s=0.1)
    assert caught.value.reason is TransportReason.NOT_FOUND


async def test_an_application_and_a_bootloader_are_told_by_their_channels(
    computer: Computer, link: BluetoothLink
) -> None:
    place(computer, OTHER)
    application = await link.connect(OTHER, timeout_s=2)
    assert application.channels == {Channel.BUTTONLESS}
    assert {"FE59", "180A"} <= application.services
    dfu = await bootloader(computer, link)
    assert dfu.channels == {Channel.CONTROL, Channel.PACKET}
    assert dfu.mtu == 247


async def test_a_device_that_the_system_has_forgotten_meanwhile_is_heard_again(
    computer: Computer, link: BluetoothLink
) -> None:
    place(computer)
    computer.trouble["connect"] = BleakDeviceNotFoundError(str(ADDRESS), "was removed")
    connection = await link.connect(ADDRESS, timeout_s=2)
    assert connection.channels == {Channel.BUTTONLESS}
    assert computer.count("connect") == 2


async def test_a_device_that_the_system_does_not_know_time_and_again_is_not_found(
    computer: Computer, link: BluetoothLink, monkeypatch: pytest.MonkeyPatch
) -> None:
    place(computer)

    async def forgotten(*_args: object, **_kwargs: object) -> None:
        computer.step("connect")
        raise BleakDeviceNotFoundError(str(ADDRESS), "was removed")

    monkeypatch.setattr("integration.bluetooth.bleak_over_bumble.Client.connect", forgotten)
    with pytest.raises(TransportError) as caught:
        await link.connect(ADDRESS, timeout_s=2)
    assert caught.value.reason is TransportReason.NOT_FOUND
    assert computer.count("connect") == 2


async def test_what_the_system_calls_others_does_not_hide_that_a_unit_was_not_found(
    computer: Computer, link: BluetoothLink, monkeypatch: pytest.MonkeyPatch
) -> None:
    nameless = BLEDevice("no address at all", None, None)

    async def connected(*_args: object, **_kwargs: object) -> list[BLEDevice]:
        return [nameless]

    monkeypatch.setattr(
        "integration.bluetooth.bleak_over_bumble.Adapter.get_connected_devices", connected
    )
    computer.taken.append(ADDRESS)
    with pytest.raises(TransportError) as caught:
        await link.find(ADDRESS, timeout_s=0.1)
    assert caught.value.code is Code.UNIT_NOT_FOUND


async def test_a_stack_that_hangs_is_given_up_in_time(
    computer: Computer, link: BluetoothLink, monkeypatch: pytest.MonkeyPatch
) -> None:
    place(computer)

    async def hang(*_args: object, **_kwargs: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr("integration.bluetooth.bleak_over_bumble.Client.start_notify", hang)
    with pytest.raises(TransportError) as caught:
        await link.connect(ADDRESS, timeout_s=5)
    assert is_error(Code.LINK_TIMEOUT, TransportReason.TIMEOUT)(caught.value)
    assert computer.device is not None
    assert not computer.device.connections


# Moving bytes.


async def test_a_request_is_answered(computer: Computer, link: BluetoothLink) -> None:
    connection = await bootloader(computer, link)
    await connection.write(Channel.CONTROL, SELECT_COMMAND)
    received = await connection.receive(timeout_s=1)
    assert received.channel is Channel.CONTROL
    assert received.data[:3] == b"\x60\x06\x01"


async def test_what_arrived_before_the_link_went_is_handed_out_first(
    computer: Computer, link: BluetoothLink
) -> None:
    connection = await bootloader(computer, link)
    await connection.write(Channel.CONTROL, SELECT_COMMAND)
    await computer.connections[-1].disconnect()
    assert await connection.wait_closed(timeout_s=1) is None
    assert (await connection.receive(timeout_s=1)).data[:2] == b"\x60\x06"
    with pytest.raises(TransportError) as caught:
        await connection.receive(timeout_s=1)
    assert is_error(Code.LINK_LOST, TransportReason.LOST)(caught.value)
    with pytest.raises(TransportError) as caught:
        await connection.write(Channel.CONTROL, SELECT_COMMAND)
    assert is_error(Code.LINK_LOST, TransportReason.LOST)(caught.value)
    await connection.close()


async def test_a_unit_that_says_nothing_is_a_timeout(
    computer: Computer, link: BluetoothLink
) -> None:
    connection = await bootloader(computer, link)
    for wait in (connection.receive(timeout_s=0.05), connection.wait_closed(timeout_s=0.05)):
        with pytest.raises(TransportError) as caught:
            await wait
        assert is_error(Code.LINK_TIMEOUT, TransportReason.TIMEOUT)(caught.value)


async def test_an_att_error_of_the_unit_is_a_refusal(
    computer: Computer, link: BluetoothLink
) -> None:
    connection = await bootloader(computer, link)
    computer.trouble["write"] = BleakGATTProtocolError(0xFD)
    with pytest.raises(TransportError) as caught:
        await connection.write(Channel.CONTROL, SELECT_COMMAND)
    assert is_error(Code.LINK_REFUSED, TransportReason.REFUSED)(caught.value)
    assert caught.value.context["att_status"] == 0xFD


async def test_what_a_stack_stumbles_over_when_the_link_is_gone_is_the_lost_link(
    computer: Computer, link: BluetoothLink
) -> None:
    connection = await bootloader(computer, link)
    await computer.connections[-1].disconnect()
    await connection.wait_closed(timeout_s=1)
    computer.trouble["packet"] = OSError("something else")
    with pytest.raises(TransportError) as caught:
        await connection.write(Channel.PACKET, bytes(4))
    assert caught.value.reason is TransportReason.LOST


async def test_what_is_listed_and_not_readable_is_not_offered(
    computer: Computer, link: BluetoothLink
) -> None:
    place(computer)
    connection = await link.connect(ADDRESS, timeout_s=2)
    computer.trouble["read"] = BleakGATTProtocolError(0x02)
    information = await connection.device_information()
    strings = [getattr(information, name) for name in information.__slots__]
    assert strings.count(None) == 3  # two that it does not have, and the one that is not readable
    assert await connection.battery_level() is None


async def test_a_read_that_the_unit_refuses_is_no_missing_string(
    computer: Computer, link: BluetoothLink
) -> None:
    place(computer)
    connection = await link.connect(ADDRESS, timeout_s=2)
    computer.trouble["read"] = BleakGATTProtocolError(0x05)
    with pytest.raises(TransportError) as caught:
        await connection.device_information()
    assert caught.value.context["att_status"] == 0x05


async def test_a_channel_that_is_not_there_is_our_defect(
    computer: Computer, link: BluetoothLink
) -> None:
    place(computer)
    connection = await link.connect(ADDRESS, timeout_s=2)
    with pytest.raises(LocalProtocolError):
        await connection.write(Channel.PACKET, bytes(4))


@pytest.mark.parametrize("problem", [BleakError("no"), TimeoutError(), EOFError()], ids=repr)
async def test_closing_never_is_error(
    computer: Computer, link: BluetoothLink, problem: Exception
) -> None:
    place(computer)
    connection = await link.connect(ADDRESS, timeout_s=2)
    computer.trouble["disconnect"] = problem
    await connection.close()
    await connection.close()
    assert await connection.wait_closed(timeout_s=0.1) is None


async def test_connections_that_are_gone_are_not_kept(
    computer: Computer, link: BluetoothLink
) -> None:
    place(computer)
    made = []
    for _ in range(3):
        made.append(await link.connect(ADDRESS, timeout_s=2))
        assert not made[-1].lost
        await made[-1].close()
    assert all(connection.lost for connection in made)
    assert link._connections == made[-1:]


async def test_of_those_who_pass_by_only_the_last_are_remembered(
    computer: Computer, link: BluetoothLink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ears, "MAX_DEVICES", 3)
    addresses = [BleAddress(OTHER.octets[:5] + bytes([at])) for at in range(6)]
    for address in addresses:
        place(computer, address)
    heard: list[Sighting] = []
    await link.scan(duration_s=0.5, seen=heard.append)
    assert {sighting.address for sighting in heard} == set(addresses)
    assert len(link._ears.devices) == 3
    assert list(link._ears.devices)[-1] == heard[-1].address
    monkeypatch.undo()
    for address in addresses:
        connection = await link.connect(address, timeout_s=5)
        await connection.close()
