"""What a unit refuses to tell: an error with its ATT status, never a value that is missing."""

from __future__ import annotations

import pytest
from bumble import att
from bumble.core import UUID

from firmline.errors import Code, TransportError, TransportReason
from firmline.links.base import DeviceInformation
from firmline.links.bumble.central import BumbleLink
from firmline.links.virtual_radio.peripheral import UnitPeripheral
from firmline.links.virtual_radio.radio import VirtualRadio
from firmline.links.virtual_radio.server import UnitServer
from firmline.protocol.channels import Channel
from integration.links.scripted import HOME, ScriptedUnit

pytestmark = pytest.mark.slow


def refuse_reads(peripheral: UnitPeripheral, uuid: int, att_status: int) -> None:
    """Have a unit answer every read of one characteristic with an ATT error."""

    def read(_connection: object) -> bytes:
        raise att.ATT_Error(att_status)

    (attribute,) = (
        attribute
        for attribute in peripheral._server.attributes
        if attribute.type == UUID.from_16_bits(uuid)
    )
    attribute.value = att.AttributeValue(read=read)


def refuse_requests(server: UnitServer, kind: type[att.ATT_PDU]) -> None:
    """Have a server answer every request of one kind with ATT error 0x0E."""
    handle = server.on_gatt_pdu

    def on_gatt_pdu(bearer: att.Bearer, request: att.ATT_PDU) -> None:
        if isinstance(request, kind):
            server._answer(bearer, request, 1, att.ATT_UNLIKELY_ERROR_ERROR)
        else:
            handle(bearer, request)

    server.on_gatt_pdu = on_gatt_pdu  # type: ignore[method-assign,assignment] # dies with it


@pytest.mark.parametrize("att_status", [0x01, 0x02, 0x0A])
async def test_information_that_is_listed_but_not_readable_is_not_offered(
    radio: VirtualRadio, link: BumbleLink, att_status: int
) -> None:
    unit = ScriptedUnit(device_information=((0x2A24, "M1"), (0x2A26, "1.2.3")))
    refuse_reads(radio.add_unit(unit), 0x2A24, att_status)
    connection = await link.connect(HOME, timeout_s=1)
    assert await connection.device_information() == DeviceInformation(firmware_revision="1.2.3")


@pytest.mark.parametrize("att_status", [0x03, 0x05, 0x08, 0x0E, 0x0F, 0x11, 0x80, 0xFF])
async def test_information_that_is_refused_is_not_taken_for_missing(
    radio: VirtualRadio, link: BumbleLink, att_status: int
) -> None:
    unit = ScriptedUnit(device_information=((0x2A24, "M1"), (0x2A26, "1.2.3")))
    refuse_reads(radio.add_unit(unit), 0x2A26, att_status)
    connection = await link.connect(HOME, timeout_s=1)
    with pytest.raises(TransportError, match="refused a read of its firmware revision") as caught:
        await connection.device_information()
    assert caught.value.reason is TransportReason.REFUSED
    assert caught.value.code is Code.LINK_REFUSED
    assert caught.value.context["att_status"] == att_status
    await connection.write(Channel.CONTROL, b"\x03")
    assert (await connection.receive(timeout_s=1)).data == b"\x03"


async def test_a_refusal_in_the_middle_of_a_long_string_is_told(
    radio: VirtualRadio, link: BumbleLink
) -> None:
    unit = ScriptedUnit(device_information=((0x2A26, "v" * 300),))
    server = radio.add_unit(unit)._server
    connection = await link.connect(HOME, timeout_s=1)
    refuse_requests(server, att.ATT_Read_Blob_Request)
    with pytest.raises(TransportError) as caught:
        await connection.device_information()
    assert caught.value.context["att_status"] == 0x0E


async def test_information_of_a_link_that_is_gone_is_lost(
    radio: VirtualRadio, link: BumbleLink
) -> None:
    radio.add_unit(ScriptedUnit(device_information=((0x2A26, "1.2.3"),)))
    connection = await link.connect(HOME, timeout_s=1)
    await connection.close()
    with pytest.raises(TransportError) as caught:
        await connection.device_information()
    assert caught.value.reason is TransportReason.LOST


@pytest.mark.parametrize(
    ("kind", "what"),
    [
        (att.ATT_Exchange_MTU_Request, "an ATT MTU of 247"),
        (att.ATT_Read_By_Group_Type_Request, "the discovery of its services"),
        (att.ATT_Read_By_Type_Request, "the discovery of its services"),
        (att.ATT_Write_Request, "the subscription to control"),
    ],
)
async def test_a_refusal_while_setting_up_is_told_and_the_link_dropped(
    radio: VirtualRadio,
    link: BumbleLink,
    caplog: pytest.LogCaptureFixture,
    kind: type[att.ATT_PDU],
    what: str,
) -> None:
    unit = ScriptedUnit()
    refuse_requests(radio.add_unit(unit)._server, kind)
    with pytest.raises(TransportError, match=f"refused {what}") as caught:
        await link.connect(HOME, timeout_s=1)
    assert caught.value.reason is TransportReason.REFUSED
    assert caught.value.context["att_status"] == 0x0E
    await link.find(HOME, timeout_s=1)
    assert unit.life == ["connected", "disconnected"]
    caplog.clear()  # Bumble warns of such answers.
