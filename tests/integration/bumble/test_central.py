"""The central on controllers of every kind, in the virtual air."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from bumble import hci

from firmline.device.radio_face import DropLink
from firmline.errors import Code, TransportError, TransportReason
from firmline.links.bumble.central import BumbleLink, CentralSettings
from firmline.links.bumble.failure import gone
from firmline.links.bumble.host import QuietHost
from firmline.links.virtual_radio import open_virtual_radio
from firmline.links.virtual_radio.controller import RSSI_DBM, RadioController
from firmline.links.virtual_radio.radio import VirtualRadio
from firmline.protocol.channels import Channel
from firmline.values import BleAddress
from integration.links.chips import chip_of
from integration.links.scripted import FWID, HOME, ScriptedUnit

pytestmark = pytest.mark.slow
US = BleAddress.parse("C5:00:00:00:00:01")


@pytest.fixture
async def radio() -> AsyncIterator[VirtualRadio]:
    radio = open_virtual_radio()
    yield radio
    await radio.close()


class Spy(RadioController):
    """A chip that keeps what it is told."""

    def __init__(self, radio: VirtualRadio) -> None:
        super().__init__("spy", radio._air)
        self.told: list[str] = []

    def on_hci_command_packet(self, command: hci.HCI_Command) -> None:
        self.told.append(command.name.removeprefix("HCI_").removesuffix("_COMMAND"))
        super().on_hci_command_packet(command)


class Extended(Spy):
    """A chip that knows extended advertising, and takes no other commands for it."""

    le_features = RadioController.le_features | hci.LeFeatureMask.LE_EXTENDED_ADVERTISING
    supported_commands = RadioController.supported_commands | {
        hci.HCI_LE_SET_EXTENDED_SCAN_PARAMETERS_COMMAND,
        hci.HCI_LE_SET_EXTENDED_SCAN_ENABLE_COMMAND,
        hci.HCI_LE_EXTENDED_CREATE_CONNECTION_COMMAND,
    }


class Plain(Spy):
    """A chip of Bluetooth 4.0."""

    le_features = hci.LeFeatureMask.LE_ENCRYPTION
    supported_commands = RadioController.supported_commands - {
        hci.HCI_LE_SET_DATA_LENGTH_COMMAND,
        hci.HCI_LE_SET_PHY_COMMAND,
        hci.HCI_READ_RSSI_COMMAND,
        hci.HCI_READ_REMOTE_VERSION_INFORMATION_COMMAND,
    }


async def opened(
    controller: RadioController, settings: CentralSettings | None = None
) -> BumbleLink:
    host = QuietHost("usb:0", answer_timeout_s=1)
    host.join(controller)

    async def give_back() -> None:
        controller.vanish()

    return await BumbleLink.open(
        host, address=US, settings=settings or CentralSettings(), give_back=give_back
    )


@pytest.mark.parametrize("kind", [Spy, Extended, Plain])
async def test_a_unit_is_found_and_spoken_to_over_controllers_of_every_age(
    radio: VirtualRadio, kind: type[Spy]
) -> None:
    radio.add_unit(ScriptedUnit(name="one"))
    controller = kind(radio)
    link = await opened(controller)
    assert (await link.find(HOME, timeout_s=1)).name == "one"
    connection = await link.connect(HOME, timeout_s=1)
    await connection.write(Channel.CONTROL, b"\x03")
    assert (await connection.receive(timeout_s=1)).data == b"\x03"
    await link.close()
    extended = any("EXTENDED" in name for name in controller.told)
    legacy = {"LE_SET_SCAN_ENABLE", "LE_SET_SCAN_PARAMETERS", "LE_CREATE_CONNECTION"}
    assert extended is (kind is Extended)
    assert legacy.isdisjoint(controller.told) is (kind is Extended)


async def test_an_old_controller_is_asked_for_nothing_that_it_does_not_have(
    radio: VirtualRadio,
) -> None:
    radio.add_unit(ScriptedUnit())
    controller = Plain(radio)
    link = await opened(controller, CentralSettings(phy_2m=True))
    able = link.capabilities
    assert not any((able.data_length, able.phy_2m, able.rssi, able.remote_version))
    await link.connect(HOME, timeout_s=1)
    assert {"LE_SET_DATA_LENGTH", "LE_SET_PHY"}.isdisjoint(controller.told)
    await link.close()


async def test_a_modern_controller_offers_what_it_has(radio: VirtualRadio) -> None:
    radio.add_unit(ScriptedUnit())
    controller = Spy(radio)
    link = await opened(controller, CentralSettings(phy_2m=True))
    able = link.capabilities
    assert able.data_length
    assert able.phy_2m
    assert able.rssi
    connection = await link.connect(HOME, timeout_s=1)
    assert {"LE_SET_DATA_LENGTH", "LE_SET_PHY"} <= set(controller.told)
    assert await connection.rssi() == RSSI_DBM
    assert (await connection.remote_version(timeout_s=1)).subversion == FWID
    await asyncio.sleep(0.01)
    (phy,) = controller._phys.values()
    assert phy == hci.Phy.LE_2M
    await link.close()


async def test_the_1m_phy_is_kept_where_no_other_is_wanted(radio: VirtualRadio) -> None:
    radio.add_unit(ScriptedUnit())
    controller = Spy(radio)
    link = await opened(controller)
    await link.connect(HOME, timeout_s=1)
    assert "LE_SET_PHY" not in controller.told
    await link.close()


async def test_an_address_that_was_never_heard_is_listened_to_before_it_is_connected(
    radio: VirtualRadio,
) -> None:
    """It may be random or public; only the air tells."""
    radio.add_unit(ScriptedUnit())
    public = ScriptedUnit(address=BleAddress.parse("F4:CE:36:00:00:01"))
    peripheral = radio.add_unit(public)
    await asyncio.sleep(0)
    address = hci.Address(public.address.octets[::-1], hci.Address.PUBLIC_DEVICE_ADDRESS)
    peripheral._controller.public_address = address
    await asyncio.sleep(0.05)
    peripheral._controller.le_legacy_advertiser.own_address_type = hci.AddressType.PUBLIC_DEVICE
    controller = Spy(radio)
    link = await opened(controller)
    connection = await link.connect(public.address, timeout_s=2)
    assert connection.peer == public.address
    assert controller.told.index("LE_SET_SCAN_ENABLE") < controller.told.index(
        "LE_CREATE_CONNECTION"
    )
    await connection.write(Channel.CONTROL, b"\x03")
    await connection.close()
    await link.connect(HOME, timeout_s=1)
    await link.close()


async def test_a_connection_that_did_not_come_about_is_tried_again(radio: VirtualRadio) -> None:
    class Faint(ScriptedUnit):
        """Heard, but for its first two connections."""

        def connected(self, *, now_s: float, interval_s: float | None = None) -> None:
            super().connected(now_s=now_s, interval_s=interval_s)
            if self.life.count("connected") <= 2:
                self.say(DropLink(reason=0x3E))

    unit = Faint()
    radio.add_unit(unit)
    link = await opened(Spy(radio))
    connection = await link.connect(HOME, timeout_s=2)
    assert unit.life.count("connected") == 3
    assert not connection.lost
    await link.close()


async def test_a_controller_that_refuses_to_connect_is_not_waited_for(radio: VirtualRadio) -> None:
    radio.add_unit(ScriptedUnit())
    link = await opened(Spy(radio), CentralSettings(interval_s=0.005))
    began_s = link.now_s()
    with pytest.raises(TransportError) as caught:
        await link.connect(HOME, timeout_s=9)
    assert caught.value.code is Code.CONTROLLER_REFUSED
    assert "refused to connect (HCI error 0x12)" in caught.value.message
    assert link.now_s() - began_s < 1
    await link.close()


async def test_a_controller_that_refuses_to_listen_is_not_waited_for(radio: VirtualRadio) -> None:
    class Deaf(Spy):
        def on_hci_le_set_scan_enable_command(
            self, command: hci.HCI_LE_Set_Scan_Enable_Command
        ) -> hci.HCI_StatusReturnParameters:
            _ = command
            return hci.HCI_StatusReturnParameters(hci.HCI_ErrorCode.COMMAND_DISALLOWED_ERROR)

    link = await opened(Deaf(radio))
    with pytest.raises(TransportError) as found:
        await link.find(HOME, timeout_s=9)
    with pytest.raises(TransportError) as heard:
        await link.scan(duration_s=9, seen=lambda _sighting: None)
    for error in (found.value, heard.value):
        assert error.code is Code.CONTROLLER_REFUSED
        assert error.message == "The Bluetooth controller usb:0 refused to listen (HCI error 0x0C)."
    await link.close()


async def test_a_controller_that_cannot_be_a_central_says_so_at_once(radio: VirtualRadio) -> None:
    class Peripheral(Spy):
        def on_hci_le_set_scan_parameters_command(
            self, command: hci.HCI_LE_Set_Scan_Parameters_Command
        ) -> hci.HCI_StatusReturnParameters:
            _ = command
            return hci.HCI_StatusReturnParameters(hci.HCI_ErrorCode.UNKNOWN_HCI_COMMAND_ERROR)

    controller = Peripheral(radio)
    with pytest.raises(TransportError) as caught:
        await opened(controller)
    assert caught.value.code is Code.CONTROLLER_REFUSED
    assert controller.hci_sink is None, "it was given back"


async def test_everyone_is_told_when_the_controller_is_gone(radio: VirtualRadio) -> None:
    radio.add_unit(ScriptedUnit())
    link = await opened(Spy(radio))
    connection = await link.connect(HOME, timeout_s=1)
    nobody = BleAddress.parse("C0:00:00:00:00:01")
    waits = [
        asyncio.create_task(connection.receive(timeout_s=9)),
        asyncio.create_task(connection.wait_closed(timeout_s=9)),
        asyncio.create_task(link.find(nobody, timeout_s=9)),
        asyncio.create_task(link.scan(duration_s=9, seen=lambda _sighting: None)),
        asyncio.create_task(link.connect(nobody, timeout_s=9)),
    ]
    await asyncio.sleep(0.01)
    link._host.on_transport_lost()
    received, reason, *others = await asyncio.gather(*waits, return_exceptions=True)
    assert isinstance(received, TransportError)
    assert (received.code, received.reason) == (Code.CONTROLLER_LOST, TransportReason.LOST)
    assert reason is None
    for error in others:
        assert isinstance(error, TransportError)
        assert (error.code, error.reason) == (Code.CONTROLLER_LOST, TransportReason.NOT_AVAILABLE)
    with pytest.raises(TransportError) as late:
        await link.find(HOME, timeout_s=1)
    assert late.value.message == "The Bluetooth controller usb:0 is gone."
    with pytest.raises(TransportError):
        await connection.write(Channel.CONTROL, b"\x03")
    await connection.close()
    await link.close()
    await link.close()


async def test_a_controller_that_forgot_the_connection_does_not_hold_up_its_end(
    radio: VirtualRadio,
) -> None:
    class Forgetful(Spy):
        def on_hci_disconnect_command(self, command: hci.HCI_Disconnect_Command) -> None:
            status = int(hci.HCI_ErrorCode.UNKNOWN_CONNECTION_IDENTIFIER_ERROR)
            self._send_hci_command_status(status, command.op_code)

    radio.add_unit(ScriptedUnit())
    link = await opened(Forgetful(radio))
    connection = await link.connect(HOME, timeout_s=1)
    began_s = link.now_s()
    await connection.close()
    assert link.now_s() - began_s < 0.5
    await link.close()


async def test_a_controller_that_hangs_while_disconnecting_is_given_up(
    radio: VirtualRadio,
) -> None:
    radio.add_unit(ScriptedUnit())
    link = await opened(Spy(radio))
    connection = await link.connect(HOME, timeout_s=1)
    chip_of(link).hci_sink = None
    await connection.close()
    with pytest.raises(TransportError) as caught:
        await connection.receive(timeout_s=1)
    assert caught.value.code is Code.CONTROLLER_SILENT
    await link.close()


async def test_a_unit_whose_radio_does_not_say_who_it_is_costs_no_time(
    radio: VirtualRadio,
) -> None:
    class Incurious(Spy):
        def on_hci_read_remote_version_information_command(
            self, command: hci.HCI_Read_Remote_Version_Information_Command
        ) -> None:
            status = int(hci.HCI_ErrorCode.UNSUPPORTED_REMOTE_FEATURE_ERROR)
            self._send_hci_command_status(status, command.op_code)

    radio.add_unit(ScriptedUnit())
    link = await opened(Incurious(radio))
    connection = await link.connect(HOME, timeout_s=1)
    with pytest.raises(TransportError) as caught:
        await connection.remote_version(timeout_s=60)
    assert caught.value.reason is TransportReason.TIMEOUT
    assert "HCI error 0x1A" in caught.value.message
    await link.close()


def test_a_failure_makes_a_new_error_every_time() -> None:
    failure = gone("usb:0")
    assert failure.error() is not failure.error()
