"""The unit's GATT server answers within the call that delivers the packet, and starts no task."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from bumble import att
from bumble.core import UUID
from bumble.gatt_server import Server
from bumble.utils import AsyncRunner

from firmline.errors import LocalProtocolError
from firmline.links.bumble.central import BumbleLink
from firmline.links.virtual_radio.radio import VirtualRadio
from firmline.links.virtual_radio.server import UnitServer, _at_once
from firmline.protocol.channels import Channel
from integration.links.scripted import HOME, ScriptedUnit

pytestmark = pytest.mark.slow

PRIMARY_SERVICE = UUID.from_16_bits(0x2800)
CHARACTERISTIC = UUID.from_16_bits(0x2803)
ERROR, DFU_SERVICE = 0x01, b"\x59\xfe"

# How to ask for the attribute with a handle, in every way that there is.
REQUESTS: dict[type[att.ATT_PDU], Callable[[int], att.ATT_PDU]] = {
    att.ATT_Exchange_MTU_Request: lambda handle: att.ATT_Exchange_MTU_Request(23 + handle % 250),
    att.ATT_Find_Information_Request: lambda handle: att.ATT_Find_Information_Request(
        handle, 0xFFFF
    ),
    att.ATT_Find_By_Type_Value_Request: lambda handle: att.ATT_Find_By_Type_Value_Request(
        handle, 0xFFFF, PRIMARY_SERVICE, DFU_SERVICE
    ),
    att.ATT_Read_By_Type_Request: lambda handle: att.ATT_Read_By_Type_Request(
        handle, 0xFFFF, CHARACTERISTIC
    ),
    att.ATT_Read_Request: att.ATT_Read_Request,
    att.ATT_Read_Blob_Request: lambda handle: att.ATT_Read_Blob_Request(handle, 1),
    att.ATT_Read_Multiple_Request: lambda handle: att.ATT_Read_Multiple_Request([handle, handle]),
    att.ATT_Read_By_Group_Type_Request: lambda handle: att.ATT_Read_By_Group_Type_Request(
        handle, 0xFFFF, PRIMARY_SERVICE
    ),
    att.ATT_Read_Multiple_Variable_Request: lambda handle: att.ATT_Read_Multiple_Variable_Request(
        [handle, handle]
    ),
    att.ATT_Write_Request: lambda handle: att.ATT_Write_Request(handle, b"\x03"),
    att.ATT_Prepare_Write_Request: lambda handle: att.ATT_Prepare_Write_Request(handle, 0, b"\x03"),
    att.ATT_Execute_Write_Request: lambda _handle: att.ATT_Execute_Write_Request(1),
}


class Rig:
    """A connected unit, whose server is handed packets and whose answers are kept."""

    def __init__(self, server: UnitServer, bearer: att.Bearer) -> None:
        self.server = server
        self.bearer = bearer
        self.sent: list[att.ATT_PDU] = []

    def ask(self, request: att.ATT_PDU) -> list[att.ATT_PDU]:
        """What the server has sent by the time the call returns."""
        self.sent.clear()
        arrived = att.ATT_PDU.from_bytes(bytes(request))
        self.server.on_gatt_pdu(self.bearer, arrived)
        return list(self.sent)

    def keep(self, _bearer: att.Bearer, data: bytes) -> None:
        self.sent.append(att.ATT_PDU.from_bytes(data))


@pytest.fixture
async def rig(radio: VirtualRadio, link: BumbleLink, monkeypatch: pytest.MonkeyPatch) -> Rig:
    peripheral = radio.add_unit(ScriptedUnit(device_information=((0x2A26, "v" * 300),)))
    await link.connect(HOME, timeout_s=1)
    assert peripheral._link is not None
    rig = Rig(peripheral._server, peripheral._link)
    monkeypatch.setattr(rig.server, "send_gatt_pdu", rig.keep)
    return rig


def test_every_request_that_bumble_knows_is_asked_here() -> None:
    assert {request(1).op_code for request in REQUESTS.values()} == set(att.ATT_REQUESTS)


@pytest.mark.parametrize("kind", REQUESTS, ids=lambda kind: kind.__name__)
async def test_a_request_is_answered_at_once_and_leaves_no_task(
    rig: Rig, kind: type[att.ATT_PDU]
) -> None:
    tasks = asyncio.all_tasks()
    for handle in (*range(len(rig.server.attributes) + 2), 0xFFFF):
        answers = rig.ask(REQUESTS[kind](handle))
        replies = [answer for answer in answers if answer.op_code in att.ATT_RESPONSES]
        assert len(replies) == 1
        assert answers[0] is replies[0]
        assert asyncio.all_tasks() == tasks
    assert not AsyncRunner.running_tasks


async def test_reading_and_discovery_tell_what_is_there(rig: Rig) -> None:
    (services,) = rig.ask(REQUESTS[att.ATT_Read_By_Group_Type_Request](1))
    assert isinstance(services, att.ATT_Read_By_Group_Type_Response)
    assert DFU_SERVICE in services.attribute_data_list
    (found,) = rig.ask(REQUESTS[att.ATT_Find_By_Type_Value_Request](1))
    assert isinstance(found, att.ATT_Find_By_Type_Value_Response)
    (revision,) = (
        attribute
        for attribute in rig.server.attributes
        if attribute.type == UUID.from_16_bits(0x2A26)
    )
    (read,) = rig.ask(att.ATT_Read_Request(revision.handle))
    assert isinstance(read, att.ATT_Read_Response)
    assert read.attribute_value == b"v" * 246
    (rest,) = rig.ask(att.ATT_Read_Blob_Request(revision.handle, 246))
    assert isinstance(rest, att.ATT_Read_Blob_Response)
    assert rest.part_attribute_value == b"v" * 54


async def test_a_read_and_a_write_are_answered_in_the_order_they_came(rig: Rig) -> None:
    control = rig.server._handles[Channel.CONTROL]
    rig.sent.clear()
    for request in (att.ATT_Read_Request(0xFFFF), att.ATT_Write_Request(control, b"\x03")):
        rig.server.on_gatt_pdu(rig.bearer, request)
    assert [int(answer.op_code) for answer in rig.sent] == [
        att.Opcode.ATT_ERROR_RESPONSE,
        att.Opcode.ATT_WRITE_RESPONSE,
        att.Opcode.ATT_HANDLE_VALUE_NOTIFICATION,
    ]


async def test_an_answer_that_had_to_be_waited_for_is_our_defect(rig: Rig) -> None:
    ended: list[str] = []
    run_in_task: Any = AsyncRunner.run_in_task  # Bumble leaves it unannotated.

    async def waits(_server: Server, _bearer: Any, _request: Any) -> None:
        try:
            await asyncio.sleep(0)
        finally:
            ended.append("closed")

    with pytest.raises(LocalProtocolError, match="ATT_READ_REQUEST"):
        _at_once(run_in_task()(waits))(rig.server, rig.bearer, att.ATT_Read_Request(1))
    assert ended == ["closed"]
