"""A whole image over an undisturbed link."""

from __future__ import annotations

from collections import Counter

import pytest

from firmline import events
from firmline.protocol.channels import Channel
from firmline.protocol.codes import ObjectType, Opcode
from firmline.protocol.requests import (
    CreateObject,
    ExecuteObject,
    GetCrc,
    GetMtu,
    SelectObject,
    SetPrn,
)
from firmline.protocol.steps import Write
from pair.joined import Bench, MemoryBootloader, Road, firmware_of, init_packet_of

BOUNDARIES = [
    pages * 4096 + beside for pages in range(4) for beside in (-4, 0, 4) if pages or beside > 0
]


@pytest.mark.parametrize("road", Road)
@pytest.mark.parametrize("size", BOUNDARIES)
def test_an_image_of_any_size_arrives_whole(road: Road, size: int) -> None:
    bench = Bench(firmware_of(size), road)
    said = bench.connect()
    bench.assert_updated(said)
    created = said.events(events.ObjectCreated)
    assert [(event.offset, event.size) for event in created if event.object_type == "data"] == [
        (start, min(4096, size - start)) for start in range(0, size, 4096)
    ]
    assert bench.unit.data_received == size


@pytest.mark.parametrize("road", Road)
@pytest.mark.parametrize("prn", [0, 1, 3, 12])
def test_receipts_are_awaited_and_change_nothing_else(road: Road, prn: int) -> None:
    bench = Bench(firmware_of(3 * 256 + 132), road, prn, MemoryBootloader(object_size=256))
    said = bench.connect()
    bench.assert_updated(said)
    sent = [event.count for event in said.events(events.PacketsSent)]
    receipts = sum(count // prn for count in sent) if prn else 0
    answers = Counter(event.data[1] for event in said.events(events.AnswerReceived))
    asked = Counter(type(request) for request in bench.unit.requests)
    assert answers[Opcode.CRC_GET] == asked[GetCrc] + receipts
    assert SetPrn(count=prn) in bench.unit.requests


def test_each_object_is_created_checked_and_executed_in_the_order_of_the_spec() -> None:
    bench = Bench(firmware_of(4100))
    said = bench.connect()
    command = [
        SelectObject(object_type=ObjectType.COMMAND),
        CreateObject(object_type=ObjectType.COMMAND, size=36),
        GetCrc(),
        ExecuteObject(),
    ]
    data = [
        SelectObject(object_type=ObjectType.DATA),
        CreateObject(object_type=ObjectType.DATA, size=4096),
        GetCrc(),
        ExecuteObject(),
        CreateObject(object_type=ObjectType.DATA, size=4),
        GetCrc(),
        ExecuteObject(),
    ]
    assert bench.unit.requests == [SetPrn(count=0), *command, *data]
    executed = [(event.object_type, event.offset) for event in said.events(events.ObjectExecuted)]
    assert executed == [("command", 36), ("data", 4096), ("data", 4100)]


def test_a_serial_unit_is_asked_for_its_mtu_first_and_the_packets_fit_it() -> None:
    bench = Bench(firmware_of(1028), Road.SLIP, unit=MemoryBootloader(mtu=2051))
    said = bench.connect()
    bench.assert_updated(said)
    assert bench.unit.requests[:2] == [GetMtu(), SetPrn(count=0)]
    assert [event.count for event in said.events(events.PacketsSent)] == [1, 2]
    writes = [effect for effect in said.effects if isinstance(effect, Write)]
    assert {write.channel for write in writes} == {Channel.SERIAL}
    assert max(len(write.data) for write in writes) <= 2051


def test_over_bluetooth_data_and_requests_go_to_their_own_characteristics() -> None:
    bench = Bench(firmware_of(44))
    said = bench.connect()
    packets = [
        effect.data
        for effect in said.effects
        if isinstance(effect, Write) and effect.channel is Channel.PACKET
    ]
    assert [len(packet) for packet in packets] == [20, 16, 20, 20, 4]
    assert b"".join(packets) == init_packet_of(bench.firmware) + bench.firmware
    assert not any(isinstance(request, GetMtu) for request in bench.unit.requests)


def test_the_events_tell_every_request_answer_and_check() -> None:
    said = Bench(firmware_of(4)).connect()
    assert [event.request for event in said.events(events.RequestSent)] == [
        "prn_set",
        *("object_select", "object_create", "crc_get", "object_execute") * 2,
    ]
    assert [event.data for event in said.events(events.AnswerReceived)] == said.replies
    checks = said.events(events.CrcChecked)
    assert [(check.offset, check.crc) for check in checks] == [
        (check.expected_offset, check.expected_crc) for check in checks
    ]
    assert said.events(events.Refused) == []
