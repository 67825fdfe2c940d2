"""Copies of answers: passed over where one was taken before, and not for ever."""

from __future__ import annotations

from firmline import events
from firmline.protocol.answers import Answer
from firmline.protocol.codes import Opcode, ResultCode
from firmline.protocol.framing import BleFraming, SerialFraming
from firmline.protocol.leftovers import MOST_COPIES, Leftovers, passed_over


def test_what_was_never_answered_has_no_copy() -> None:
    leftovers = Leftovers(BleFraming(mtu=23))
    leftovers.take(Opcode.OBJECT_CREATE)
    assert not leftovers.pass_over(Opcode.CRC_GET)


def test_each_answer_has_copies_and_an_earlier_session_may_have_left_those_of_one() -> None:
    leftovers = Leftovers(BleFraming(mtu=23))
    leftovers.take(Opcode.CRC_GET)
    leftovers.take(Opcode.CRC_GET)
    most = 3 * MOST_COPIES
    passed = [leftovers.pass_over(Opcode.CRC_GET) for _ in range(most + 2)]
    assert passed == [True] * most + [False] * 2


def test_copies_of_one_kind_are_none_of_another() -> None:
    leftovers = Leftovers(BleFraming(mtu=23))
    leftovers.take(Opcode.CRC_GET)
    leftovers.take(Opcode.OBJECT_SELECT)
    for _ in range(2 * MOST_COPIES):
        assert leftovers.pass_over(Opcode.CRC_GET)
    assert not leftovers.pass_over(Opcode.CRC_GET)
    assert leftovers.pass_over(Opcode.OBJECT_SELECT)


def test_a_copy_is_told_by_the_request_it_answers() -> None:
    answer = Answer(opcode=Opcode.CRC_GET, result=ResultCode.SUCCESS)
    assert passed_over(answer) == events.AnswerPassedOver(request="crc_get")


def test_on_a_serial_port_somebody_has_asked_before() -> None:
    """Whether it is there, and what is in its flash; copies of these come, and not for ever."""
    leftovers = Leftovers(SerialFraming())
    for opcode in (Opcode.PING, Opcode.FIRMWARE_VERSION):
        assert [leftovers.pass_over(opcode) for _ in range(MOST_COPIES + 1)] == [
            *([True] * MOST_COPIES),
            False,
        ]
    assert not leftovers.pass_over(Opcode.OBJECT_EXECUTE)
    assert not Leftovers(BleFraming(mtu=23)).pass_over(Opcode.PING)
