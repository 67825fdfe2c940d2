"""Commands to a controller: one at a time, each answered or given up."""

from __future__ import annotations

import asyncio

import pytest
from bumble import hci

from firmline.errors import Code, TransportError, TransportReason
from firmline.links.bumble.host import FAILED, ControllerGoneError, QuietHost
from integration.bumble.fake_controller import FakeController

RESET = hci.HCI_Reset_Command()
ADDRESS = hci.HCI_Read_BD_ADDR_Command()
DISCONNECT = hci.HCI_Disconnect_Command(connection_handle=1, reason=0x13)


async def test_a_controller_is_told_one_command_at_a_time(
    host: QuietHost, controller: FakeController
) -> None:
    heard: list[int] = []
    host.post(RESET, heard.append)
    host.post(DISCONNECT, heard.append)
    host.post(RESET)
    assert controller.names == ["HCI_RESET_COMMAND"]
    controller.complete(RESET.op_code)
    assert controller.names == ["HCI_RESET_COMMAND", "HCI_DISCONNECT_COMMAND"]
    controller.accept(DISCONNECT.op_code, status=0x02)
    assert len(controller.commands) == 3
    controller.complete(RESET.op_code)
    assert heard == [0, 2]


async def test_a_controller_without_room_is_waited_for(
    host: QuietHost, controller: FakeController
) -> None:
    host.post(RESET)
    controller.complete(RESET.op_code, room=0)
    host.post(DISCONNECT)
    assert len(controller.commands) == 1
    controller.make_room()
    assert len(controller.commands) == 2


async def test_an_answer_to_another_command_answers_nothing(
    host: QuietHost, controller: FakeController
) -> None:
    asking = asyncio.create_task(host.ask(RESET, "to reset"))
    await asyncio.sleep(0)
    controller.complete(ADDRESS.op_code, rest=bytes(6))
    await asyncio.sleep(0)
    assert not asking.done()
    controller.complete(RESET.op_code)
    await asking


async def test_a_command_whose_asker_has_gone_before_its_turn_is_not_sent(
    host: QuietHost, controller: FakeController
) -> None:
    host.post(RESET)
    asking = asyncio.create_task(host.ask(ADDRESS, "its address"))
    await asyncio.sleep(0)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    controller.complete(RESET.op_code)
    assert controller.names == ["HCI_RESET_COMMAND"]


async def test_a_refusal_says_what_was_asked_for(
    host: QuietHost, controller: FakeController
) -> None:
    asking = asyncio.create_task(host.ask(RESET, "to start anew"))
    await asyncio.sleep(0)
    controller.complete(RESET.op_code, status=0x0C)
    with pytest.raises(TransportError) as caught:
        await asking
    assert caught.value.code is Code.CONTROLLER_REFUSED
    assert caught.value.message == (
        "The Bluetooth controller usb:0 refused to start anew (HCI error 0x0C)."
    )


@pytest.mark.slow
async def test_a_controller_that_does_not_answer_is_given_up(
    host: QuietHost, controller: FakeController
) -> None:
    heard: list[int] = []
    told: list[bool] = []
    host.on(FAILED, lambda: told.append(True))
    host.post(RESET, heard.append)
    waiting = asyncio.create_task(host.ask(ADDRESS, "its address"))
    with pytest.raises(TransportError) as caught:
        await waiting
    assert caught.value.code is Code.CONTROLLER_SILENT
    assert caught.value.message == "The Bluetooth controller usb:0 did not answer within 0.2 s."
    assert (heard, told) == ([], [True])
    host.post(DISCONNECT)
    with pytest.raises(TransportError):
        await host.ask(RESET, "to reset")
    assert controller.names == ["HCI_RESET_COMMAND"]


@pytest.mark.slow
async def test_bytes_that_are_no_hci_are_named_where_nothing_else_came(
    host: QuietHost, controller: FakeController
) -> None:
    host.ready = False
    asking = asyncio.create_task(host.ask(RESET, "to reset"))
    await asyncio.sleep(0)
    controller.say(b"\x04\x0e\x01")  # an answer that ends before it says to what
    with pytest.raises(TransportError) as caught:
        await asking
    assert caught.value.code is Code.CONTROLLER_NONSENSE


async def test_a_controller_that_breaks_down_says_so_to_everyone(
    host: QuietHost, controller: FakeController
) -> None:
    asking = asyncio.create_task(host.ask(RESET, "to reset"))
    await asyncio.sleep(0)
    controller.say(b"\x04\x10\x01\x42")
    with pytest.raises(TransportError) as caught:
        await asking
    assert caught.value.code is Code.CONTROLLER_LOST
    assert "hardware error 42" in caught.value.message
    host.on_transport_lost()
    assert host.error(TransportReason.LOST).message == caught.value.message, "the first one stays"


async def test_a_transport_that_is_gone_ends_bumbles_own_tasks_in_silence(
    host: QuietHost, controller: FakeController
) -> None:
    task = asyncio.create_task(host.send_async_command(DISCONNECT))
    await asyncio.sleep(0)
    assert controller.names == ["HCI_DISCONNECT_COMMAND"]
    host.on_transport_lost()
    with pytest.raises(ControllerGoneError):
        await task
    assert task.cancelled()


async def test_parameters_that_a_unit_asks_for_and_nobody_has_raise_nothing(
    host: QuietHost, controller: FakeController
) -> None:
    command = hci.HCI_LE_Connection_Update_Command(
        connection_handle=1,
        connection_interval_min=1,
        connection_interval_max=1,
        max_latency=0,
        supervision_timeout=1,
        min_ce_length=0,
        max_ce_length=0,
    )
    task = asyncio.create_task(host.send_async_command(command))
    await asyncio.sleep(0)
    controller.accept(command.op_code, status=0x12)
    assert await task == 0x12


async def test_before_its_reset_a_controller_says_nothing_that_counts(
    host: QuietHost, controller: FakeController
) -> None:
    host.ready = False
    host.post(ADDRESS)
    controller.complete(ADDRESS.op_code, rest=bytes(6))
    host.post(RESET)
    assert controller.names == ["HCI_READ_BD_ADDR_COMMAND"], "it still waits for an answer"


async def test_vendors_have_events_of_their_own(
    host: QuietHost, controller: FakeController, caplog: pytest.LogCaptureFixture
) -> None:
    controller.say(b"\x04\xff\x02\x01\x02")
    controller.say(b"\x04\x77\x00")
    controller.say(b"\x03\x01\x00\x01\x00")
    assert host.failure is None
    assert caplog.records == []
