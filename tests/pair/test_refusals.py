"""A unit that says no, at every request and with every code: the host stops and writes no more."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from firmline import events
from firmline.errors import Code, TargetRefusedError
from firmline.protocol.answers import Answer
from firmline.protocol.codes import ExtError, Opcode, ResultCode
from firmline.protocol.requests import CreateObject, Request, UnknownRequest, WriteObject, opcode_of
from firmline.protocol.steps import Fail, Report
from pair.joined import Bench, MemoryBootloader, Road, Talk, firmware_of, init_packet_of

FIRMWARE = firmware_of(64 + 36)
NAMES = [
    *("prn_set", "object_select", "object_create", "crc_get", "object_execute"),
    *("object_select", "object_create", "crc_get", "object_execute"),
    *("object_create", "crc_get", "object_execute"),
]
REFUSALS = [
    *((result, None) for result in ResultCode if result not in (1, 0x0B)),
    (0x42, None),
    *((ResultCode.EXTENDED_ERROR, ext_error) for ext_error in ExtError),
    (ResultCode.EXTENDED_ERROR, 0x42),
]


@dataclass(slots=True)
class SaysNo:
    """Refuses the request with this index (packets counted apart) and hears what comes after."""

    unit: MemoryBootloader
    no: Answer
    at: int
    to_packets: bool = False
    seen: int = 0
    afterwards: int = 0

    def handle(self, request: Request | UnknownRequest) -> Answer | None:
        index, is_packet = self.seen, isinstance(request, WriteObject)
        self.afterwards += index > self.at
        if is_packet != self.to_packets:
            return self.unit.handle(request)
        self.seen += 1
        if index < self.at:
            return self.unit.handle(request)
        assert not isinstance(request, UnknownRequest)
        opcode = Opcode.CRC_GET if is_packet else opcode_of(request)
        return Answer(opcode=opcode, result=self.no.result, ext_error=self.no.ext_error)


def refused(
    at: int, result: int, ext_error: int | None, *, road: Road = Road.BLE, to_packets: bool = False
) -> tuple[Talk, TargetRefusedError]:
    """A talk in which the unit refuses once; checks that the host stops there and then."""
    unit = MemoryBootloader(object_size=64, mtu=43)
    no = Answer(opcode=0, result=result, ext_error=ext_error)
    handler = SaysNo(unit, no, at, to_packets)
    bench = Bench(FIRMWARE, road, int(to_packets), unit, handler=handler)
    said = bench.connect()
    assert handler.afterwards == 0
    assert isinstance(said.error, TargetRefusedError)
    assert (said.error.result, said.error.ext_error) == (result, ext_error)
    assert f"(result {result:02X}" in said.error.message
    last, fail = said.effects[-2:]
    assert isinstance(last, Report)
    assert isinstance(last.event, events.Refused)
    assert (last.event.result, last.event.ext_error) == (result, ext_error)
    assert isinstance(fail, Fail)
    assert fail.error is said.error
    assert not said.is_finished
    assert unit.accepted is None
    return said, said.error


@pytest.mark.slow
@pytest.mark.parametrize(("result", "ext_error"), REFUSALS)
@pytest.mark.parametrize("at", range(len(NAMES)))
def test_a_refusal_ends_the_session_where_it_is_said(
    at: int, result: int, ext_error: int | None
) -> None:
    if (NAMES[at], result) == ("crc_get", ResultCode.INVALID_PARAMETER):
        return  # no answer to this request, but that to a packet; see below
    said, _error = refused(at, result, ext_error)
    assert [event.request for event in said.events(events.Refused)] == [NAMES[at]]
    assert [event.request for event in said.events(events.RequestSent)] == NAMES[: at + 1]


def test_a_serial_unit_without_mtu_is_refused_like_any_other() -> None:
    said, error = refused(0, ResultCode.OPCODE_NOT_SUPPORTED, None, road=Road.SLIP)
    assert error.code is Code.REFUSED_OPCODE
    assert "refused the question how long its frames may be: " in error.message
    assert [event.request for event in said.events(events.RequestSent)] == ["mtu_get"]


@pytest.mark.parametrize("road", Road)
@pytest.mark.parametrize(
    ("at", "phase"), [(0, "the init packet"), (1, "the init packet"), (2, "the firmware")]
)
def test_a_refused_packet_is_the_last_one(road: Road, at: int, phase: str) -> None:
    said, error = refused(at, ResultCode.INVALID_OBJECT, None, road=road, to_packets=True)
    assert error.code is Code.REFUSED_OBJECT
    assert f"refused {phase}:" in error.message
    assert [event.request for event in said.events(events.Refused)] == ["object_write"]


@pytest.mark.parametrize("road", Road)
@pytest.mark.parametrize("at", [0, 1, 2])
def test_a_packet_that_finds_no_room_in_its_object_is_the_last_one_in_it(
    road: Road, at: int
) -> None:
    """Whatever came before it was more than was sent: the object is asked about, and made anew."""

    class Full(MemoryBootloader):
        full = False
        packet = 0

        def handle(self, request: Request | UnknownRequest) -> Answer | None:
            if isinstance(request, WriteObject):
                assert not self.full
                self.packet += 1
                if self.packet - 1 == at:
                    self.full = True
                    return Answer(opcode=Opcode.CRC_GET, result=ResultCode.INVALID_PARAMETER)
            self.full &= not isinstance(request, CreateObject)
            return super().handle(request)

    bench = Bench(FIRMWARE, road, 1, Full(object_size=64, mtu=43))
    said = bench.connect()
    assert said.error is None
    assert said.is_finished
    assert bench.unit.accepted == FIRMWARE
    assert len(said.events(events.ObjectRepeated)) == 1


@pytest.mark.parametrize(
    ("at", "code", "fragment"),
    [
        (0, Code.REFUSED_OBJECT, "the packet receipt notification: the object is not valid"),
        (1, Code.REFUSED_OBJECT, "the init packet: the object is not valid"),
        (4, Code.REFUSED_OBJECT, "the init packet: its signature does not fit the unit's key"),
        (5, Code.REFUSED_OBJECT, "the firmware: the object is not valid"),
        (8, Code.REFUSED_OBJECT, "the firmware: the image is not valid for this unit"),
    ],
)
def test_a_refusal_says_what_was_being_done(at: int, code: Code, fragment: str) -> None:
    _said, error = refused(at, ResultCode.INVALID_OBJECT, None)
    assert error.code is code
    assert fragment in error.message


def test_an_init_packet_that_is_too_large_is_never_streamed() -> None:
    bench = Bench(FIRMWARE, init_packet=bytes(513))
    said = bench.connect()
    assert said.error is not None
    assert said.error.code is Code.REFUSED_RESOURCES
    assert "the init packet: the object is larger than it takes (result 04)" in said.error.message
    assert bench.unit.packets == 0


def test_an_image_that_the_init_packet_does_not_promise_is_never_streamed() -> None:
    """Where the sizes differ the last CREATE is refused, and none of its packets follows."""
    shorter, longer = FIRMWARE[:-4], FIRMWARE + bytes(4)
    for promised, sent, code in (
        (shorter, FIRMWARE, Code.REFUSED_PARAMETER),
        (longer, FIRMWARE, Code.REFUSED_PARAMETER),
        (FIRMWARE[:64], FIRMWARE[:68], None),
    ):
        bench = Bench(
            sent,
            unit=MemoryBootloader(object_size=64),
            init_packet=init_packet_of(promised),
        )
        said = bench.connect()
        assert (said.error.code if said.error else None) is code
        assert bench.unit.data_received == 64
