"""A unit whose answers make no sense: the host stops, and writes nothing afterwards.

That nothing is written is checked by :func:`pair.joined.talk` in every talk that fails.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest

from firmline import events
from firmline.errors import Code, RemoteProtocolError
from firmline.protocol.answers import Answer, Mtu, Selected, encode_answer
from firmline.protocol.codes import Opcode, ResultCode
from firmline.protocol.leftovers import MOST_COPIES
from firmline.protocol.requests import (
    GetMtu,
    Request,
    SelectObject,
    UnknownRequest,
)
from firmline.protocol.slip import SlipDecoder
from firmline.protocol.target import Reply
from pair.joined import Bench, MemoryBootloader, Road, Talk, firmware_of

FIRMWARE = firmware_of(64 + 36)
MALFORMED, UNEXPECTED = Code.ANSWER_MALFORMED, Code.ANSWER_UNEXPECTED
FALSIFIED: dict[str, tuple[Callable[[bytes], list[bytes]], Code, str]] = {
    "a marker alone": (lambda _: [b"\x60"], MALFORMED, "no answer of a bootloader"),
    "two bytes": (lambda answer: [answer[:2]], MALFORMED, "no answer of a bootloader"),
    "another marker": (lambda answer: [b"\x20" + answer[1:]], MALFORMED, "sent 20"),
    "a byte too many": (lambda answer: [answer + b"\x00"], MALFORMED, "of the wrong length"),
    "no extended error": (lambda a: [a[:2] + b"\x0b"], MALFORMED, "without its code"),
    "another request's": (lambda _: [b"\x60\x0c\x01"], UNEXPECTED, "answered request 0C when"),
    "an unknown opcode's": (lambda _: [b"\x60\x05\x02"], UNEXPECTED, "answered request 05 when"),
}


def falsified(
    road: Road, at: int, becomes: Callable[[bytes], list[bytes]]
) -> tuple[Talk, MemoryBootloader]:
    """A talk in which one answer becomes others."""

    def meddle(index: int, reply: Reply) -> Iterable[Reply]:
        if index != at:
            return [reply]
        (message,) = [reply.data] if road is Road.BLE else SlipDecoder().feed(reply.data)
        return [road.carry(message) for message in becomes(message)]

    unit = MemoryBootloader(object_size=64, mtu=43)
    return Bench(FIRMWARE, road, unit=unit).connect(meddle=meddle), unit


@pytest.mark.parametrize("falsification", FALSIFIED)
@pytest.mark.parametrize("road", Road)
def test_a_falsified_answer_ends_the_session_wherever_it_comes(
    road: Road, falsification: str
) -> None:
    becomes, code, fragment = FALSIFIED[falsification]
    answers = 12 + (road is Road.SLIP)
    for at in range(answers):
        said, unit = falsified(road, at, becomes)
        assert isinstance(said.error, RemoteProtocolError)
        assert said.error.code is code
        assert fragment in said.error.message
        assert len(said.replies) == at + 1
        assert not said.is_finished
        # The unit has the image only if it was the answer to the last EXECUTE that went wrong.
        assert (unit.accepted is not None) == (at == answers - 1)


@pytest.mark.parametrize("road", Road)
def test_an_answer_that_comes_twice_is_passed_over(road: Road) -> None:
    for at in range(12 + (road is Road.SLIP)):
        said, unit = falsified(road, at, lambda answer: [answer, answer])
        assert said.error is None
        assert said.is_finished
        assert unit.accepted == FIRMWARE
        assert len(said.events(events.AnswerPassedOver)) == 1
        assert said.events(events.ObjectRepeated) == []


@pytest.mark.parametrize("road", Road)
def test_an_answer_that_comes_as_often_as_somebody_may_have_subscribed_is_passed_over(
    road: Road,
) -> None:
    for at in range(12 + (road is Road.SLIP)):
        said, unit = falsified(road, at, lambda answer: [answer] * (1 + MOST_COPIES))
        assert said.error is None
        assert unit.accepted == FIRMWARE
        assert len(said.events(events.AnswerPassedOver)) == MOST_COPIES
        assert said.events(events.ObjectRepeated) == []


@pytest.mark.parametrize("road", Road)
def test_an_answer_that_never_stops_coming_makes_no_sense(road: Road) -> None:
    said, unit = falsified(road, 3, lambda answer: [answer] * 99)
    assert isinstance(said.error, RemoteProtocolError)
    assert said.error.code is UNEXPECTED
    assert unit.accepted is None


def test_another_answer_after_the_end_is_reported_but_changes_no_success() -> None:
    said, unit = falsified(Road.BLE, 11, lambda answer: [answer, b"\x60\x0c\x01"])
    assert said.error is not None
    assert "answered request 0C when no answer was due" in said.error.message
    assert said.is_finished
    assert unit.accepted == FIRMWARE


def test_an_empty_notification_is_malformed_and_an_empty_frame_is_none() -> None:
    said, _unit = falsified(Road.BLE, 3, lambda _: [b""])
    assert isinstance(said.error, RemoteProtocolError)
    assert said.error.code is MALFORMED
    assert "sent nothing" in said.error.message
    said, unit = falsified(Road.SLIP, 3, lambda answer: [b"", answer, b""])
    assert said.is_finished
    assert unit.accepted == FIRMWARE


def test_a_silent_unit_leaves_the_host_waiting_for_what_it_asked() -> None:
    """How long is the business of whoever drives the session."""
    said, unit = falsified(Road.BLE, 2, lambda _: [])
    assert said.error is None
    assert not said.is_finished
    assert unit.packets == 0


class Boasting(MemoryBootloader):
    """Says other numbers of itself than it should."""

    boast: Mtu | Selected

    def handle(self, request: Request | UnknownRequest) -> Answer | None:
        answer = super().handle(request)
        wanted = GetMtu if isinstance(self.boast, Mtu) else SelectObject
        if answer is None or not isinstance(request, wanted):
            return answer
        return Answer(opcode=answer.opcode, result=answer.result, body=self.boast)


@pytest.mark.parametrize("mtu", [0, 3, 10])
def test_a_serial_unit_with_no_room_for_data_is_malformed(mtu: int) -> None:
    unit = Boasting()
    unit.boast = Mtu(size=mtu)
    said = Bench(FIRMWARE, Road.SLIP, unit=unit).connect()
    assert isinstance(said.error, RemoteProtocolError)
    assert said.error.code is MALFORMED
    assert f"its frames have {mtu} bytes" in said.error.message
    assert unit.packets == 0


def test_a_unit_whose_objects_have_no_room_is_malformed() -> None:
    unit = Boasting()
    unit.boast = Selected(max_size=0, offset=0, crc=0)
    said = Bench(FIRMWARE, unit=unit).connect()
    assert isinstance(said.error, RemoteProtocolError)
    assert said.error.code is MALFORMED
    assert "no room at all" in said.error.message
    assert unit.packets == 0


def test_the_smallest_mtu_with_room_for_a_word_is_used() -> None:
    unit = MemoryBootloader(mtu=11)
    said = Bench(FIRMWARE, Road.SLIP, unit=unit).connect()
    assert said.is_finished
    assert unit.packets == (36 + len(FIRMWARE)) // 4


def test_a_stale_answer_of_an_earlier_session_is_not_taken_for_the_first_one() -> None:
    bench = Bench(FIRMWARE)
    host = bench.host()
    host.start()
    stale = encode_answer(Answer(opcode=Opcode.OBJECT_EXECUTE, result=ResultCode.SUCCESS))
    (_received, fail) = host.receive(stale)
    assert isinstance(getattr(fail, "error", None), RemoteProtocolError)
    assert host.awaiting is None
