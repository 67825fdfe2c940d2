"""Objects sent ahead of the answers, host and target joined with no event loop.

The unit answers at once and its queue has no end; what the host makes of copies, losses and
refusals does not depend on either. Whole units with flash and radio are in tests/integration.
"""

from __future__ import annotations

import struct
import zlib
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from firmline import events
from firmline.errors import TargetRefusedError
from firmline.protocol.answers import Answer
from firmline.protocol.codes import Opcode, ResultCode
from firmline.protocol.framing import BleFraming
from firmline.protocol.host import HostSession
from firmline.protocol.pacing import AHEAD
from firmline.protocol.requests import ExecuteObject, Request, UnknownRequest
from firmline.protocol.steps import AnyAnswer, Delivery, Effect, Fail, Pause, Report, Write
from firmline.protocol.target import RequestHandler, TargetSession
from pair.joined import MemoryBootloader, firmware_of, init_packet_of

OBJECT, PACKET, OBJECTS = 340, 20, 6
FIRMWARE = firmware_of(OBJECTS * OBJECT - 48)
TICK_S = 0.001
Becomes = Callable[[int, bytes], list[bytes]]


class Ahead:
    """A talk of a host that sends ahead.

    Attributes:
        told: Every event.
        error: With which it gave up.
        answers: How many the unit has given.
        left: What it said that the host has not heard.
    """

    def __init__(
        self,
        unit: RequestHandler,
        becomes: Becomes = lambda _index, answer: [answer],
        *,
        firmware: bytes = FIRMWARE,
    ) -> None:
        self.told: list[events.Event] = []
        self.error: Exception | None = None
        self.answers = 0
        self.left: deque[bytes] = deque()
        self._target, self._becomes, self._now_s = TargetSession(unit), becomes, 0.0
        self._host = HostSession(
            init_packet=init_packet_of(firmware),
            firmware=firmware,
            framing=BleFraming(mtu=PACKET + 3),
            pacing=AHEAD,
        )
        self._perform(self._host.start(now_s=self._now_s))
        while self._host.awaiting is not None and self._go_on():
            pass

    @property
    def is_finished(self) -> bool:
        return self._host.finished

    def count(self, kind: type[events.Event]) -> int:
        return sum(isinstance(event, kind) for event in self.told)

    def _go_on(self) -> bool:
        """One step; ``False``: the host waits in vain."""
        self._now_s += TICK_S
        match self._host.awaiting:
            case Delivery():
                effects = self._host.resume(now_s=self._now_s)
            case AnyAnswer(until_s=float() as until_s) if not self.left:
                self._now_s = max(self._now_s, until_s)
                effects = self._host.resume(now_s=self._now_s)
            case _ if not self.left:
                return False
            case _:
                effects = self._host.receive(self.left.popleft(), now_s=self._now_s)
        self._perform(effects)
        return True

    def _perform(self, effects: list[Effect]) -> None:
        for effect in effects:
            match effect:
                case Write(channel=channel, data=data):
                    for reply in self._target.receive(channel, data):
                        self.left.extend(self._becomes(self.answers, reply.data))
                        self.answers += 1
                case Report(event=event):
                    self.told.append(event)
                case Pause(duration_s=duration_s):
                    self._now_s += duration_s
                case Fail(error=error):
                    self.error = error


def a_unit() -> MemoryBootloader:
    return MemoryBootloader(object_size=OBJECT)


ANSWERS = Ahead(a_unit()).answers


def test_undisturbed_every_byte_is_sent_once() -> None:
    unit = a_unit()
    said = Ahead(unit)
    assert said.is_finished
    assert unit.accepted == FIRMWARE
    assert unit.data_received == len(FIRMWARE)
    assert said.count(events.AnswerPassedOver) == said.count(events.ObjectLost) == 0


@pytest.mark.parametrize("copied", range(ANSWERS))
def test_a_copy_of_any_answer_makes_no_byte_be_sent_again(copied: int) -> None:
    unit = a_unit()
    said = Ahead(unit, lambda index, answer: [answer] * (1 + (index == copied)))
    assert said.is_finished
    assert unit.accepted == FIRMWARE
    assert unit.refused_writes == 0
    assert unit.data_received == len(FIRMWARE)


def test_copies_of_all_answers_make_no_byte_be_sent_again() -> None:
    unit = a_unit()
    said = Ahead(unit, lambda _index, answer: [answer, answer])
    assert said.is_finished
    assert unit.data_received == len(FIRMWARE)


@pytest.mark.slow
@pytest.mark.parametrize("copies", [1, 2])
@pytest.mark.parametrize("lost", range(4, 125, 4))
def test_a_lost_packet_costs_its_object_and_no_refused_write(lost: int, copies: int) -> None:
    unit = a_unit()
    unit.lost = {lost}
    said = Ahead(unit, lambda _index, answer: [answer] * copies)
    assert said.is_finished
    assert unit.accepted == FIRMWARE
    assert unit.refused_writes == 0
    assert unit.data_received <= len(FIRMWARE) + OBJECT
    assert said.count(events.StartedAfresh) == 0


@pytest.mark.parametrize("refused", range(ANSWERS - 1))
def test_behind_a_refusal_everything_is_answered(refused: int) -> None:
    """The connection is then as good as a new one."""
    unit = a_unit()
    said = Ahead(unit, lambda index, answer: [answer[:2] + b"\x0a" if index == refused else answer])
    assert isinstance(said.error, TargetRefusedError)
    assert not said.left
    assert unit.refused_writes == 0


def test_the_last_execute_is_said_when_all_of_the_image_was_seen_there() -> None:
    said = Ahead(a_unit())
    checked = [e for e in said.told if isinstance(e, events.CrcChecked | events.RequestSent)]
    *_, before, last = checked
    assert isinstance(before, events.CrcChecked)
    assert before.offset == before.expected_offset == len(FIRMWARE)
    assert isinstance(last, events.RequestSent)
    assert last.request == "object_execute"


def test_a_copy_of_an_objects_crc_that_comes_with_the_next_ones_is_passed_over() -> None:
    """As late as it can be while the next object's own CRC is still to come."""
    held: list[bytes] = []
    settings = [0]

    def late(_index: int, answer: bytes) -> list[bytes]:
        settings[0] += answer[1] == 0x02
        if answer[1] != 0x03 or settings[0] < 3:  # before the unit counts packets
            return [answer]
        copies, held[:] = [*held], [answer]
        return [*copies, answer]

    unit = a_unit()
    said = Ahead(unit, late)
    assert said.is_finished
    assert unit.data_received == len(FIRMWARE)
    # One is sent alone, the first has none before it, and the last one is asked for.
    assert said.count(events.AnswerPassedOver) == OBJECTS - 1 - 1 - 1
    assert said.count(events.ObjectLost) == 0


@dataclass(slots=True)
class RefusesTheLast:
    """Has all of the image, and does not permit its last EXECUTE at first."""

    unit: MemoryBootloader
    has_refused: bool = False

    def handle(self, request: Request | UnknownRequest) -> Answer | None:
        now = self.unit.progress
        is_complete = now.image_size == now.offset > 0
        if is_complete and isinstance(request, ExecuteObject) and not self.has_refused:
            self.has_refused = True
            return Answer(opcode=Opcode.OBJECT_EXECUTE, result=ResultCode.OPERATION_NOT_PERMITTED)
        return self.unit.handle(request)


@pytest.mark.parametrize("size", [*range(OBJECT, 7 * OBJECT, OBJECT), 4, 999, 3 * OBJECT + 4])
def test_an_image_whose_last_execute_was_refused_is_not_at_its_end(size: int) -> None:
    """Wherever it ends: at the end of a whole object, where the next one would begin, too."""
    unit, firmware = a_unit(), firmware_of(size)
    said = Ahead(RefusesTheLast(unit), firmware=firmware)
    assert isinstance(said.error, TargetRefusedError)
    assert not said.is_finished
    assert unit.progress.offset == size
    again = Ahead(unit, firmware=firmware)
    assert again.is_finished
    assert unit.accepted == firmware
    assert unit.data_received == size


@pytest.mark.parametrize("size", [*range(2 * OBJECT, 7 * OBJECT, OBJECT), 999, 3 * OBJECT + 4])
def test_a_loss_that_is_seen_when_all_is_there_does_not_end_the_image(size: int) -> None:
    """One answer told another CRC, so that its EXECUTE was not said; the next one tells the truth.

    Where the image ends with a whole object, the next one would begin behind its end.
    """
    unit, firmware = a_unit(), firmware_of(size)
    asked = [0]

    def wrong_at_the_end(_index: int, answer: bytes) -> list[bytes]:
        is_there = unit.progress.offset == size and answer[1] == Opcode.OBJECT_SELECT
        asked[0] += is_there
        return [answer[:-4] + bytes(4)] if is_there and asked[0] == 1 else [answer]

    said = Ahead(unit, wrong_at_the_end, firmware=firmware)
    assert said.is_finished
    assert said.count(events.ObjectLost) == 1
    assert unit.accepted == firmware


def test_a_unit_that_seems_to_hold_more_than_the_image_is_begun_afresh() -> None:
    """Behind a lost object, and with the CRC of the whole image."""
    crc = zlib.crc32(FIRMWARE)
    selects = [0]

    def longer(_index: int, answer: bytes) -> list[bytes]:
        selects[0] += answer[1] == Opcode.OBJECT_SELECT
        if answer[1] != Opcode.OBJECT_SELECT or selects[0] not in (3, 4):
            return [answer]
        return [answer[:7] + struct.pack("<II", len(FIRMWARE) + 4 * OBJECT, crc)]

    unit = a_unit()
    unit.lost = {60}
    said = Ahead(unit, longer)
    assert said.is_finished
    assert unit.accepted == FIRMWARE
    assert said.count(events.StartedAfresh) == 1
