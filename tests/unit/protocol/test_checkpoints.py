"""When progress is saved, and what is said for it."""

from __future__ import annotations

import zlib

import pytest

from firmline import events
from firmline.errors import Code, RemoteProtocolError, TargetRefusedError
from firmline.protocol.answers import Answer, Done, Selected
from firmline.protocol.asking import Asking
from firmline.protocol.checkpoints import NO_CHECKPOINTS, EverySoManyBytes, save_progress
from firmline.protocol.codes import ObjectType, ResultCode
from firmline.protocol.framing import BleFraming
from firmline.protocol.requests import ExecuteObject, Request, SelectObject, opcode_of
from firmline.protocol.steps import Report

SAID: list[Request] = [
    SelectObject(object_type=ObjectType.COMMAND),
    ExecuteObject(),
    SelectObject(object_type=ObjectType.DATA),
    ExecuteObject(),
]
CRC = zlib.crc32(b"so far")


@pytest.mark.parametrize(
    ("spacing", "offset", "is_due"),
    [(0, 64, False), (64, 0, False), (64, 64, True), (64, 96, False), (64, 128, True)],
)
def test_a_checkpoint_is_due_at_the_multiples(spacing: int, offset: int, is_due: bool) -> None:
    assert EverySoManyBytes(spacing).is_due(offset, 1000) is is_due


def test_none_is_due_behind_the_last_object_nor_where_none_are_wanted() -> None:
    assert not EverySoManyBytes(64).is_due(128, 128)
    assert not any(NO_CHECKPOINTS.is_due(offset, 1 << 20) for offset in range(0, 1 << 20, 4096))


class Unit:
    """Answers what it is told to, and keeps what it was asked.

    Args:
        refuses: The result of the request with this index.
        offset: What it says that it has of the image.
    """

    def __init__(self, refuses: dict[int, ResultCode] | None = None, offset: int = 4096) -> None:
        self.refuses = refuses or {}
        self.offset = offset
        self.asked: list[Request] = []
        self.told: list[events.Event] = []

    def save(self) -> None:
        talk = save_progress(Asking(BleFraming(mtu=23)), offset=4096, crc=CRC)
        answer: Answer | None = None
        while True:
            try:
                step = talk.send(answer)
            except StopIteration:
                return
            answer = None
            match step:
                case Report(event=event):
                    self.told.append(event)
                case SelectObject() | ExecuteObject():
                    answer = self._answer(step)

    def _answer(self, request: Request) -> Answer:
        result = self.refuses.get(len(self.asked), ResultCode.SUCCESS)
        self.asked.append(request)
        selects = isinstance(request, SelectObject)
        body = Selected(max_size=4096, offset=self.offset, crc=CRC) if selects else Done()
        ok = result is ResultCode.SUCCESS
        return Answer(opcode=opcode_of(request), result=result, body=body if ok else None)

    @property
    def saved(self) -> list[int]:
        return [event.offset for event in self.told if isinstance(event, events.ProgressSaved)]


def test_the_init_packet_is_executed_again_and_the_image_is_selected_and_idle_behind_it() -> None:
    unit = Unit()
    unit.save()
    assert unit.asked == SAID
    assert unit.saved == [4096]


def test_a_bootloader_that_refuses_to_save_is_left_alone_and_nothing_is_claimed() -> None:
    unit = Unit({1: ResultCode.OPERATION_FAILED})
    unit.save()
    assert unit.asked == SAID
    assert unit.saved == []


def test_a_bootloader_without_an_open_object_may_refuse_the_second_execute() -> None:
    unit = Unit({3: ResultCode.OPERATION_NOT_PERMITTED})
    unit.save()
    assert unit.saved == [4096]


@pytest.mark.parametrize("offset", [0, 64, 4100])
def test_progress_that_is_gone_afterwards_ends_the_session(offset: int) -> None:
    unit = Unit(offset=offset)
    with pytest.raises(RemoteProtocolError) as caught:
        unit.save()
    assert caught.value.code is Code.PROGRESS_LOST
    assert unit.saved == []


@pytest.mark.parametrize("index", [0, 2, 3])
def test_a_unit_that_refuses_to_say_where_it_is_ends_the_session(index: int) -> None:
    with pytest.raises(TargetRefusedError):
        Unit({index: ResultCode.INVALID_OBJECT}).save()
