"""The virtual chip's filled holes, seen by an unchanged Bumble on the other side of the air."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator

import pytest
from bumble import att, core, hci, ll
from bumble.controller import Connection as ChipConnection
from bumble.core import UUID
from bumble.device import AdvertisingType, Connection, Device, DeviceConfiguration, Peer
from bumble.host import Host

from firmline.device.radio_face import Indicate, Notify
from firmline.errors import Code, TransportError
from firmline.links.base import NORDIC
from firmline.links.bumble.address import from_bumble, to_bumble
from firmline.links.bumble.central import BumbleLink
from firmline.links.gatt import CHANNEL_UUIDS
from firmline.links.virtual_radio.controller import RSSI_DBM, RadioController
from firmline.links.virtual_radio.radio import VirtualRadio
from firmline.protocol.channels import Channel
from firmline.values import BleAddress
from integration.links.chips import chip_of
from integration.links.scripted import FWID, HOME, ScriptedUnit

pytestmark = pytest.mark.slow

PHONE = BleAddress.parse("C0:FF:EE:00:00:01")
NOBODY = BleAddress.parse("C0:00:00:00:00:01")


@pytest.fixture
async def phone(radio: VirtualRadio) -> AsyncIterator[Device]:
    """A Bumble device as anybody would write it, with Bumble's own host."""
    controller = RadioController("phone", radio._air)
    host = Host(controller, controller)
    device = Device(config=DeviceConfiguration(address=to_bumble(PHONE)), host=host)
    await device.power_on()
    yield device
    controller.vanish()


def chip(device: Device) -> RadioController:
    controller = device.host.hci_sink
    assert isinstance(controller, RadioController)
    return controller


async def happened(connection: Connection, event: str) -> asyncio.Event:
    seen = asyncio.Event()
    connection.on(event, lambda *_args: seen.set())
    return seen


def test_addresses_survive_the_way_there_and_back() -> None:
    assert from_bumble(to_bumble(HOME)) == HOME
    assert str(to_bumble(HOME)) == str(HOME)
    assert to_bumble(HOME).is_static


async def test_bumbles_own_scan_sees_a_unit_once_per_interval(
    radio: VirtualRadio, phone: Device
) -> None:
    radio.add_unit(ScriptedUnit(name="DfuTarg"))
    seen: list[str] = []
    phone.on(
        Device.EVENT_ADVERTISEMENT,
        lambda report: seen.append(str(report.data.get(core.AdvertisingData.COMPLETE_LOCAL_NAME))),
    )
    await phone.start_scanning(active=False)
    await asyncio.sleep(0.11)
    await phone.stop_scanning()
    assert seen[0] == "DfuTarg"
    assert 4 <= len(seen) <= 6


async def test_2m_is_agreed_on_both_sides(radio: VirtualRadio, phone: Device) -> None:
    peripheral = radio.add_unit(ScriptedUnit())
    connection = await phone.connect(to_bumble(HOME))
    updated = await happened(connection, Connection.EVENT_CONNECTION_PHY_UPDATE)
    await connection.set_phy([hci.Phy.LE_2M], [hci.Phy.LE_2M])
    async with asyncio.timeout(1):
        await updated.wait()
    assert (await connection.get_phy()).tx_phy == hci.Phy.LE_2M
    assert peripheral._link is not None
    assert (await peripheral._link.get_phy()).rx_phy == hci.Phy.LE_2M
    await connection.set_phy()
    await asyncio.sleep(0.01)
    assert (await connection.get_phy()).tx_phy == hci.Phy.LE_1M


async def test_longer_data_packets_are_agreed_on_both_sides(
    radio: VirtualRadio, phone: Device
) -> None:
    peripheral = radio.add_unit(ScriptedUnit())
    connection = await phone.connect(to_bumble(HOME))
    assert connection.data_length.max_tx_octets == 27
    changed = await happened(connection, Connection.EVENT_CONNECTION_DATA_LENGTH_CHANGE)
    await connection.set_data_length(100, 2120)
    async with asyncio.timeout(1):
        await changed.wait()
    assert peripheral._link is not None
    assert peripheral._link.data_length.max_rx_octets == 100


async def test_our_host_asks_for_251_octets(radio: VirtualRadio, link: BumbleLink) -> None:
    peripheral = radio.add_unit(ScriptedUnit())
    connection = await link.connect(HOME, timeout_s=1)
    assert connection._link.data_length.max_tx_octets == 251
    assert peripheral._link is not None
    assert peripheral._link.data_length.max_tx_octets == 251


async def test_the_signal_strength_can_be_read(radio: VirtualRadio, phone: Device) -> None:
    radio.add_unit(ScriptedUnit())
    connection = await phone.connect(to_bumble(HOME))
    assert await connection.get_rssi() == RSSI_DBM  # type: ignore[no-untyped-call] # Bumble's


async def test_the_chip_speaks_as_nordics(radio: VirtualRadio, link: BumbleLink) -> None:
    radio.add_unit(ScriptedUnit())
    connection = await link.connect(HOME, timeout_s=1)
    version = await connection.remote_version(timeout_s=5)
    assert (version.version, version.company, version.subversion) == (9, NORDIC, FWID)
    assert await connection.remote_version(timeout_s=5) == version


@pytest.mark.parametrize(
    "command",
    [
        hci.HCI_Read_Remote_Version_Information_Command(connection_handle=77),
        hci.HCI_LE_Set_PHY_Command(
            connection_handle=77,
            all_phys=hci.HCI_LE_Set_Default_PHY_Command.AnyPhy(0),
            tx_phys=hci.PhyBit.LE_2M,
            rx_phys=hci.PhyBit.LE_2M,
            phy_options=0,
        ),
    ],
)
async def test_a_command_for_no_connection_is_refused(
    link: BumbleLink, command: hci.HCI_AsyncCommand
) -> None:
    status = await link._host.send_async_command(command, check_status=False)
    assert status == hci.HCI_ErrorCode.UNKNOWN_CONNECTION_IDENTIFIER_ERROR


@pytest.mark.parametrize(
    "command",
    [
        hci.HCI_Read_RSSI_Command(handle=77),
        hci.HCI_LE_Set_Data_Length_Command(connection_handle=77, tx_octets=251, tx_time=2120),
    ],
)
async def test_a_question_about_no_connection_is_refused(
    link: BumbleLink, command: hci.HCI_SyncCommand[hci.HCI_StatusReturnParameters]
) -> None:
    answer = await link._host.send_sync_command_raw(command)
    assert answer.return_parameters.status == hci.HCI_ErrorCode.UNKNOWN_CONNECTION_IDENTIFIER_ERROR


async def test_bumbles_own_connect_ends_in_its_time_and_can_be_repeated(
    radio: VirtualRadio, phone: Device
) -> None:
    radio.add_unit(ScriptedUnit())
    loop = asyncio.get_running_loop()
    started_s = loop.time()
    for _ in range(2):
        with pytest.raises(core.TimeoutError):
            await phone.connect(to_bumble(NOBODY), timeout=0.05)
    assert loop.time() - started_s < 0.3
    assert (await phone.connect(to_bumble(HOME))).peer_address == to_bumble(HOME)


async def test_cancelling_no_connection_is_refused(link: BumbleLink) -> None:
    command = hci.HCI_LE_Create_Connection_Cancel_Command()
    answer = await link._host.send_sync_command_raw(command)
    assert answer.return_parameters.status == hci.HCI_ErrorCode.COMMAND_DISALLOWED_ERROR


IMPOSSIBLE = {
    "below 7.5 ms": {"connection_interval_min": 5},
    "above 4 s": {"connection_interval_max": 3201, "supervision_timeout": 3200},
    "no interval": {"connection_interval_min": 0, "connection_interval_max": 0},
    "upside down": {"connection_interval_min": 25, "connection_interval_max": 24},
    "too much latency": {"max_latency": 500, "supervision_timeout": 3200},
    "below 100 ms": {"supervision_timeout": 9},
    "above 32 s": {"supervision_timeout": 3201},
    "no longer than two intervals": {"connection_interval_max": 40, "supervision_timeout": 10},
    "no longer than two silences": {"max_latency": 9, "supervision_timeout": 60},
}
POSSIBLE: dict[str, int] = {
    "connection_interval_min": 24,
    "connection_interval_max": 24,
    "max_latency": 0,
    "supervision_timeout": 100,
    "min_ce_length": 0,
    "max_ce_length": 0,
}


def connect_command(parameters: dict[str, int]) -> hci.HCI_LE_Create_Connection_Command:
    return hci.HCI_LE_Create_Connection_Command(
        le_scan_interval=16,
        le_scan_window=16,
        initiator_filter_policy=0,
        peer_address_type=to_bumble(HOME).address_type,
        peer_address=to_bumble(HOME),
        own_address_type=hci.OwnAddressType.RANDOM,
        **parameters,
    )


@pytest.mark.parametrize("wrong", IMPOSSIBLE.values(), ids=IMPOSSIBLE)
async def test_no_connection_is_made_with_parameters_that_there_cannot_be(
    radio: VirtualRadio, phone: Device, wrong: dict[str, int]
) -> None:
    unit = ScriptedUnit()
    radio.add_unit(unit)
    command = connect_command(POSSIBLE | wrong)
    status = await phone.host.send_async_command(command, check_status=False)
    assert status == hci.HCI_ErrorCode.INVALID_COMMAND_PARAMETERS_ERROR
    await asyncio.sleep(0.2)
    assert unit.life == []
    await phone.connect(to_bumble(HOME))
    assert unit.life == ["connected"]


@pytest.mark.parametrize("wrong", IMPOSSIBLE.values(), ids=IMPOSSIBLE)
async def test_no_connection_is_given_parameters_that_there_cannot_be(
    radio: VirtualRadio, phone: Device, wrong: dict[str, int]
) -> None:
    radio.add_unit(ScriptedUnit())
    connection = await phone.connect(to_bumble(HOME))
    before = connection.parameters
    command = hci.HCI_LE_Connection_Update_Command(
        connection_handle=connection.handle, **(POSSIBLE | wrong)
    )
    status = await phone.host.send_async_command(command, check_status=False)
    assert status == hci.HCI_ErrorCode.INVALID_COMMAND_PARAMETERS_ERROR
    await asyncio.sleep(0.01)
    assert connection.parameters == before
    assert await connection.get_rssi() == RSSI_DBM  # type: ignore[no-untyped-call] # Bumble's


async def test_a_connection_is_given_parameters_that_there_can_be(
    radio: VirtualRadio, phone: Device
) -> None:
    radio.add_unit(ScriptedUnit())
    connection = await phone.connect(to_bumble(HOME))
    command = hci.HCI_LE_Connection_Update_Command(connection_handle=connection.handle, **POSSIBLE)
    status = await phone.host.send_async_command(command, check_status=False)
    assert int(status) == hci.HCI_COMMAND_STATUS_PENDING
    await asyncio.sleep(0.01)
    assert connection.parameters.connection_interval == 30


@pytest.mark.parametrize(
    ("interval_s", "timeout_ms"),
    [(0.0075, 4000), (1.33, 4000), (1.35, 4050), (2.0, 6000), (4.0, 12_000)],
)
async def test_our_host_bears_silence_for_three_intervals_and_at_least_4_s(
    radio: VirtualRadio, interval_s: float, timeout_ms: float
) -> None:
    link = await radio.open_link(interval_s=interval_s)
    radio.add_unit(ScriptedUnit())
    connection = await link.connect(HOME, timeout_s=1)
    assert connection._link.parameters.supervision_timeout == timeout_ms


@pytest.mark.parametrize("reason", [0x08, 0x22])
async def test_a_dropped_link_tells_both_sides_the_reason(
    radio: VirtualRadio, phone: Device, reason: int
) -> None:
    unit = ScriptedUnit()
    radio.add_unit(unit)
    connection = await phone.connect(to_bumble(HOME))
    reasons: list[int] = []
    connection.on(Connection.EVENT_DISCONNECTION, reasons.append)
    chip(phone).drop_link(reason)
    await asyncio.sleep(0.01)
    assert reasons == [reason]
    assert unit.life == ["connected", "disconnected"]


async def test_both_sides_may_drop_the_link_at_once(radio: VirtualRadio, phone: Device) -> None:
    unit = ScriptedUnit()
    peripheral = radio.add_unit(unit)
    await phone.connect(to_bumble(HOME))
    chip(phone).drop_link(0x13)
    peripheral._controller.drop_link(0x08)
    await asyncio.sleep(0.01)
    assert unit.life == ["connected", "disconnected"]
    assert not chip(phone).le_connections


async def test_a_vanished_chip_is_silent_for_good(radio: VirtualRadio, phone: Device) -> None:
    radio.add_unit(ScriptedUnit())
    connection = await phone.connect(to_bumble(HOME))
    controller = chip(phone)
    controller.vanish()
    controller.vanish()
    connection.send_l2cap_pdu(att.ATT_CID, b"\x0a\x01\x00")
    controller.on_packet(bytes(hci.HCI_Read_BD_ADDR_Command()))
    controller.on_ll_control_pdu(to_bumble(HOME), ll.TerminateInd(0x13))
    radio._air.send_ll_control_pdu(to_bumble(NOBODY), to_bumble(HOME), ll.TerminateInd(0x13))
    radio._air.send_acl_data(controller, to_bumble(HOME), core.PhysicalTransport.LE, b"lost")
    await asyncio.sleep(0.01)
    assert connection.handle in phone.connections


async def test_an_advertiser_that_is_gone_is_not_connected_to(
    radio: VirtualRadio, phone: Device
) -> None:
    peripheral = radio.add_unit(ScriptedUnit())
    connecting = asyncio.create_task(phone.connect(to_bumble(HOME), timeout=0.1))
    while chip(phone).pending_le_connection is None:  # noqa: ASYNC110 - no event tells of it
        await asyncio.sleep(0)
    advertisement = ll.AdvInd(advertiser_address=to_bumble(HOME), data=b"")
    await peripheral.close()
    chip(phone).on_ll_advertising_pdu(advertisement)
    with pytest.raises(core.TimeoutError):
        await connecting
    assert not chip(phone).le_connections


async def test_a_connected_chip_is_silent_even_when_told_to_advertise(
    radio: VirtualRadio, phone: Device, link: BumbleLink
) -> None:
    peripheral = radio.add_unit(ScriptedUnit())
    await phone.connect(to_bumble(HOME))
    peripheral._host.post(hci.HCI_LE_Set_Advertising_Enable_Command(advertising_enable=1))
    with pytest.raises(TransportError):
        await link.find(HOME, timeout_s=0.1)


async def test_what_is_said_on_a_connection_that_is_over_reaches_nobody(
    radio: VirtualRadio, phone: Device
) -> None:
    unit = ScriptedUnit()
    peripheral = radio.add_unit(unit)
    connection = await phone.connect(to_bumble(HOME))
    (over,) = chip(phone).le_connections.values()
    await connection.disconnect()
    connection = await phone.connect(to_bumble(HOME))
    (ours,) = chip(phone).le_connections.values()
    assert ours is not over
    over.send_ll_control_pdu(ll.TerminateInd(0x13))
    over.on_acl_pdu(b"lost")
    await asyncio.sleep(0.01)
    assert unit.life == ["connected", "disconnected", "connected"]
    assert connection.handle in phone.connections
    await peripheral.close()
    await asyncio.sleep(0.01)
    assert not phone.connections
    ours.on_acl_pdu(b"lost")


async def test_an_address_is_connected_to_once(
    radio: VirtualRadio, phone: Device, link: BumbleLink, caplog: pytest.LogCaptureFixture
) -> None:
    radio.add_unit(ScriptedUnit())
    radio.add_unit(ScriptedUnit())
    await phone.connect(to_bumble(HOME))
    caplog.set_level(logging.ERROR, "bumble.host")  # Bumble warns of a refusal, too
    with pytest.raises(hci.HCI_Error) as refused:
        await phone.connect(to_bumble(HOME))
    assert refused.value.error_code == hci.HCI_ErrorCode.CONNECTION_ALREADY_EXISTS_ERROR
    # Another radio reaches the other one; our host waits for the end of the connection it has.
    connection = await link.connect(HOME, timeout_s=5)
    with pytest.raises(TransportError) as told:
        await link.connect(HOME, timeout_s=0.1)
    assert told.value.code is Code.LINK_TIMEOUT
    assert f"connected to {HOME} already" in told.value.message
    waiting = asyncio.create_task(link.connect(HOME, timeout_s=5))
    await asyncio.sleep(0.01)
    assert not waiting.done()
    await connection.close()
    assert (await waiting).mtu == 247


async def test_the_answer_to_a_cancelled_command_is_not_taken_for_anothers(
    link: BumbleLink,
) -> None:
    given_up = asyncio.create_task(
        link._host.send_sync_command(hci.HCI_LE_Read_Buffer_Size_Command())
    )
    await asyncio.sleep(0)
    given_up.cancel()
    answer = await link._host.send_sync_command(hci.HCI_Read_Local_Version_Information_Command())
    assert answer.company_identifier == NORDIC


async def test_the_answer_to_a_posted_command_is_not_taken_for_anothers(
    link: BumbleLink,
) -> None:
    link._host.post(hci.HCI_LE_Read_Buffer_Size_Command())
    answer = await link._host.send_sync_command(hci.HCI_Read_Local_Version_Information_Command())
    assert answer.company_identifier == NORDIC


async def test_a_public_address_can_be_advertised_and_written_to(
    radio: VirtualRadio, phone: Device
) -> None:
    controller = RadioController("public", radio._air)
    controller.public_address = hci.Address("00:11:22:33:44:55/P")
    host = Host(controller, controller)
    device = Device(config=DeviceConfiguration(address=to_bumble(HOME)), host=host)
    await device.power_on()
    await device.start_advertising(
        advertising_type=AdvertisingType.UNDIRECTED_CONNECTABLE_SCANNABLE,
        own_address_type=hci.OwnAddressType.PUBLIC,
        advertising_interval_min=20,
        advertising_interval_max=20,
    )
    connection = await phone.connect(controller.public_address)
    services = await Peer(connection).discover_services()
    assert UUID.from_16_bits(0x1800) in [service.uuid for service in services]
    controller.vanish()


async def test_packets_are_reported_as_sent_and_room_is_never_lost(
    radio: VirtualRadio, link: BumbleLink
) -> None:
    radio.add_unit(ScriptedUnit())
    queue = link._host.le_acl_packet_queue
    assert queue is not None
    assert (queue.max_packet_size, queue.max_in_flight) == (251, 16)
    for _ in range(3):
        connection = await link.connect(HOME, timeout_s=1)
        for _ in range(100):
            await connection.write(Channel.PACKET, bytes(20))
        await connection.close()
        assert queue.pending == 0


class Client:
    """An ATT client that sends what no well-behaved host would."""

    def __init__(self, connection: Connection) -> None:
        self.peer = Peer(connection)
        self.handles: dict[Channel, int] = {}

    async def discover(self) -> None:
        await self.peer.discover_services()
        await self.peer.discover_characteristics()
        for channel, text in CHANNEL_UUIDS.items():
            for found in self.peer.get_characteristics_by_uuid(UUID(text)):
                self.handles[channel] = found.handle

    async def ask(self, request: att.ATT_PDU) -> int:
        """Send a request; the ATT error that answers it, or 0."""
        answer = await self.peer.gatt_client.send_request(request)
        return int(answer.error_code) if isinstance(answer, att.ATT_Error_Response) else 0

    async def write(self, handle: int, value: bytes) -> int:
        return await self.ask(att.ATT_Write_Request(attribute_handle=handle, attribute_value=value))

    async def command(self, handle: int, value: bytes) -> None:
        await self.peer.gatt_client.write_value(handle, value, with_response=False)
        await asyncio.sleep(0.01)


@pytest.fixture
async def unit(radio: VirtualRadio) -> ScriptedUnit:
    unit = ScriptedUnit(channels=frozenset(CHANNEL_UUIDS))
    radio.add_unit(unit)
    return unit


@pytest.fixture
async def client(unit: ScriptedUnit, phone: Device) -> Client:
    _ = unit
    client = Client(await phone.connect(to_bumble(HOME)))
    await client.discover()
    return client


async def test_the_packet_characteristic_takes_no_requests(
    unit: ScriptedUnit, client: Client
) -> None:
    assert await client.write(client.handles[Channel.PACKET], b"data") == 0x03
    assert unit.packets == 0


async def test_the_control_point_takes_no_commands(unit: ScriptedUnit, client: Client) -> None:
    await client.command(client.handles[Channel.CONTROL], b"\x03")
    assert unit.life == ["connected"]


async def test_a_packet_longer_than_244_bytes_is_dropped(
    unit: ScriptedUnit, client: Client
) -> None:
    await client.command(client.handles[Channel.PACKET], bytes(245))
    await client.command(client.handles[Channel.PACKET], bytes(244))
    assert (unit.packets, unit.size) == (1, 244)


@pytest.mark.parametrize("handle", [1, 0x4242])
async def test_other_attributes_cannot_be_written(client: Client, handle: int) -> None:
    assert await client.write(handle, b"\x01\x00") == 0x03


async def test_long_writes_are_not_supported(unit: ScriptedUnit, client: Client) -> None:
    prepare = att.ATT_Prepare_Write_Request(
        attribute_handle=client.handles[Channel.CONTROL],
        value_offset=0,
        part_attribute_value=b"\x03",
    )
    assert await client.ask(prepare) == 0x06
    assert await client.ask(att.ATT_Execute_Write_Request(flags=1)) == 0x06
    assert unit.life == ["connected"]


async def test_subscribing_takes_two_bytes_and_the_right_bit(
    unit: ScriptedUnit, client: Client
) -> None:
    switch = client.handles[Channel.CONTROL] + 1
    assert await client.write(switch, b"\x01") == 0x0D
    assert await client.write(switch, b"\x02\x00") == 0
    assert await client.write(switch, b"\x01\x00") == 0
    assert await client.write(switch, b"\x00\x00") == 0
    assert unit.life == ["connected", "control off", "control on", "control off"]


async def test_without_a_subscription_nothing_is_said(unit: ScriptedUnit, client: Client) -> None:
    unit.say(Notify(channel=Channel.CONTROL, data=b"unheard"))
    assert await client.write(client.handles[Channel.CONTROL], b"\x03") == 0
    assert await client.write(client.handles[Channel.BUTTONLESS], b"\x02") == 0
    await asyncio.sleep(0.01)
    assert "buttonless confirmed" not in unit.life


async def test_a_subscription_ends_with_its_connection(
    unit: ScriptedUnit, client: Client, phone: Device
) -> None:
    switch = client.handles[Channel.BUTTONLESS] + 1
    assert await client.write(switch, b"\x02\x00") == 0
    await client.peer.connection.disconnect()
    again = Client(await phone.connect(to_bumble(HOME)))
    await again.discover()
    assert await again.write(again.handles[Channel.BUTTONLESS], b"\x02") == 0
    await asyncio.sleep(0.01)
    assert "buttonless confirmed" not in unit.life


async def test_indications_go_one_after_the_other(unit: ScriptedUnit, client: Client) -> None:
    unit.jumps = False
    heard: list[bytes] = []
    (characteristic,) = client.peer.get_characteristics_by_uuid(
        UUID(CHANNEL_UUIDS[Channel.BUTTONLESS])
    )
    await characteristic.subscribe(heard.append)
    unit.say(*(Indicate(channel=Channel.BUTTONLESS, data=bytes([n])) for n in range(3)))
    assert await client.write(client.handles[Channel.BUTTONLESS], b"\x02") == 0
    await asyncio.sleep(0.02)
    assert heard == [b"\x00", b"\x01", b"\x02", b"\x20\x02\x01"]
    assert unit.life.count("buttonless confirmed") == 4


async def test_a_confirmation_of_nothing_is_ignored(unit: ScriptedUnit, client: Client) -> None:
    client.peer.gatt_client.send_confirmation(att.ATT_Handle_Value_Confirmation())
    assert await client.write(client.handles[Channel.CONTROL], b"\x03") == 0
    assert unit.life == ["connected", "control 03 after 0"]


async def test_a_notification_is_cut_to_the_mtu(unit: ScriptedUnit, client: Client) -> None:
    heard: list[bytes] = []
    (characteristic,) = client.peer.get_characteristics_by_uuid(
        UUID(CHANNEL_UUIDS[Channel.CONTROL])
    )
    await characteristic.subscribe(heard.append)
    unit.say(Notify(channel=Channel.CONTROL, data=bytes(range(40))))
    assert await client.write(client.handles[Channel.CONTROL], b"\x03") == 0
    await asyncio.sleep(0.01)
    assert heard[0] == bytes(range(20))


async def test_a_link_that_nobody_expects_is_dropped(
    radio: VirtualRadio, link: BumbleLink, unit: ScriptedUnit
) -> None:
    _ = radio
    await link.find(HOME, timeout_s=1)
    task = asyncio.create_task(link.connect(HOME, timeout_s=1))
    chips: dict[hci.Address, ChipConnection] = chip_of(link).le_connections
    while not chips:  # noqa: ASYNC110 - no event tells of it before the host knows
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await link.find(HOME, timeout_s=1)
    assert unit.life == ["connected", "disconnected"]
