"""The conversation as a generator: what it yields, sentence by sentence.

How it goes on with a whole unit is in ``tests/pair``.
"""

from __future__ import annotations

import zlib

import pytest

from firmline import events
from firmline.errors import Code, RemoteProtocolError, TargetRefusedError
from firmline.protocol.answers import Answer, AnswerBody, Crc, Done, Selected
from firmline.protocol.channels import Channel
from firmline.protocol.codes import ObjectType, ResultCode
from firmline.protocol.conversation import DfuConversation
from firmline.protocol.framing import BleFraming
from firmline.protocol.requests import (
    CreateObject,
    ExecuteObject,
    GetCrc,
    Request,
    SelectObject,
    SetPrn,
    WriteObject,
    opcode_of,
)
from firmline.protocol.steps import AnyAnswer, Delivery, Effect, Report, Wait, Write
from unit.protocol.expect import fails

INIT_PACKET, FIRMWARE = bytes(range(24)), bytes(range(100, 144))


class Dialogue:
    """Drives a conversation by hand.

    Attributes:
        asked: The request whose answer it waits for; ``None``: it is over.
        effects: What it wanted since the last answer.
    """

    def __init__(self, *, prn: int = 0, firmware: bytes = FIRMWARE) -> None:
        self._talk = DfuConversation(
            init_packet=INIT_PACKET, firmware=firmware, framing=BleFraming(mtu=23), prn=prn
        ).run()
        self.asked: Wait | None = None
        self.effects: list[Effect] = []
        self._collect(next(self._talk))

    def answer(self, body: AnswerBody | None = None, *, result: int = ResultCode.SUCCESS) -> None:
        """Answer what was asked."""
        assert not isinstance(self.asked, Delivery | AnyAnswer | None)
        wanted = GetCrc() if isinstance(self.asked, WriteObject) else self.asked
        answer = Answer(opcode=opcode_of(wanted), result=result, body=body)
        self.asked, self.effects = None, []
        try:
            self._collect(self._talk.send(answer))
        except StopIteration:
            return

    def _collect(self, step: Effect | Wait) -> None:
        try:
            while isinstance(step, Effect):
                self.effects.append(step)
                step = next(self._talk)
        except StopIteration:
            return
        self.asked = step

    @property
    def writes(self) -> list[tuple[Channel, str]]:
        """What was to be written since the last answer."""
        return [(e.channel, e.data.hex()) for e in self.effects if isinstance(e, Write)]

    @property
    def told(self) -> list[events.Event]:
        """What was reported since the last answer."""
        return [effect.event for effect in self.effects if isinstance(effect, Report)]


def selected(offset: int, source: bytes) -> Selected:
    """The unit's word on what it has."""
    return Selected(max_size=4096, offset=offset, crc=zlib.crc32(source[:offset]))


def test_every_word_of_an_undisturbed_conversation() -> None:
    dialogue = Dialogue()
    said: list[tuple[Request | None, list[tuple[Channel, str]]]] = []
    for body in (
        Done(),
        selected(0, INIT_PACKET),
        Done(),
        Crc(offset=24, crc=zlib.crc32(INIT_PACKET)),
        Done(),
        selected(0, FIRMWARE),
        Done(),
        Crc(offset=44, crc=zlib.crc32(FIRMWARE)),
        Done(),
    ):
        assert not isinstance(dialogue.asked, Delivery | AnyAnswer)
        said.append((dialogue.asked, dialogue.writes))
        dialogue.answer(body)
    control, packet = Channel.CONTROL, Channel.PACKET
    assert said == [
        (SetPrn(count=0), [(control, "020000")]),
        (SelectObject(object_type=ObjectType.COMMAND), [(control, "0601")]),
        (CreateObject(object_type=ObjectType.COMMAND, size=24), [(control, "010118000000")]),
        (
            GetCrc(),
            [(packet, INIT_PACKET[:20].hex()), (packet, INIT_PACKET[20:].hex()), (control, "03")],
        ),
        (ExecuteObject(), [(control, "04")]),
        (SelectObject(object_type=ObjectType.DATA), [(control, "0602")]),
        (CreateObject(object_type=ObjectType.DATA, size=44), [(control, "01022c000000")]),
        (
            GetCrc(),
            [
                *((packet, FIRMWARE[at : at + 20].hex()) for at in (0, 20, 40)),
                (control, "03"),
            ],
        ),
        (ExecuteObject(), [(control, "04")]),
    ]
    assert dialogue.asked is None
    assert dialogue.told == [events.ObjectExecuted(object_type="data", offset=44)]


def test_no_packet_goes_out_before_create_was_answered() -> None:
    dialogue = Dialogue()
    dialogue.answer(Done())
    dialogue.answer(selected(0, INIT_PACKET))
    assert dialogue.asked == CreateObject(object_type=ObjectType.COMMAND, size=24)
    assert [channel for channel, _data in dialogue.writes] == [Channel.CONTROL]


def test_with_a_prn_no_packet_goes_out_while_a_receipt_is_due() -> None:
    dialogue = Dialogue(prn=1)
    dialogue.answer(Done())
    dialogue.answer(selected(0, INIT_PACKET))
    dialogue.answer(Done())
    assert isinstance(dialogue.asked, WriteObject)
    assert dialogue.writes == [(Channel.PACKET, INIT_PACKET[:20].hex())]
    dialogue.answer(Crc(offset=20, crc=zlib.crc32(INIT_PACKET[:20])))
    assert dialogue.writes == [(Channel.PACKET, INIT_PACKET[20:].hex())]
    dialogue.answer(Crc(offset=24, crc=zlib.crc32(INIT_PACKET)))
    sent = events.PacketsSent(object_type="command", count=2, offset=24, size=24)
    assert dialogue.told[0] == sent
    assert dialogue.writes == [(Channel.CONTROL, "03")]


def test_a_refusal_is_reported_before_it_is_raised() -> None:
    dialogue = Dialogue()
    with fails(TargetRefusedError, Code.REFUSED_PARAMETER, "packet receipt notification: a number"):
        dialogue.answer(result=ResultCode.INVALID_PARAMETER)
    assert dialogue.told == [events.Refused(request="prn_set", result=3, ext_error=None)]


@pytest.mark.parametrize(
    "wrong",
    [Crc(offset=0, crc=0), Crc(offset=24, crc=1), Crc(offset=20, crc=zlib.crc32(INIT_PACKET))],
)
def test_an_object_is_created_again_where_offset_or_crc_is_wrong(wrong: Crc) -> None:
    dialogue = Dialogue()
    dialogue.answer(Done())
    dialogue.answer(selected(0, INIT_PACKET))
    dialogue.answer(Done())
    dialogue.answer(wrong)
    (checked, _asked) = dialogue.told
    asked: object = dialogue.asked
    assert asked == SelectObject(object_type=ObjectType.COMMAND)
    # What CRC_GET said may have been a copy; SELECT cannot be one.
    dialogue.answer(Selected(max_size=512, offset=wrong.offset, crc=wrong.crc))
    again, repeated, sent = dialogue.told
    assert again == checked
    assert checked == events.CrcChecked(
        object_type="command",
        offset=wrong.offset,
        crc=wrong.crc,
        expected_offset=24,
        expected_crc=zlib.crc32(INIT_PACKET),
    )
    assert repeated == events.ObjectRepeated(object_type="command", offset=0, attempt=2)
    assert isinstance(sent, events.RequestSent)
    assert dialogue.asked == CreateObject(object_type=ObjectType.COMMAND, size=24)


def test_a_success_without_what_was_asked_for_is_unexpected() -> None:
    dialogue = Dialogue()
    dialogue.answer(Done())
    with fails(RemoteProtocolError, Code.ANSWER_UNEXPECTED, "answer carries no Selected."):
        dialogue.answer(Done())


@pytest.mark.parametrize("offset", [20, 44])
def test_what_the_unit_has_is_reported_and_not_sent(offset: int) -> None:
    dialogue = Dialogue()
    dialogue.answer(Done())
    dialogue.answer(selected(24, INIT_PACKET))
    assert dialogue.told[0] == events.Resumed(object_type="command", offset=24)
    dialogue.answer(selected(offset, FIRMWARE))
    assert dialogue.told[0] == events.Resumed(object_type="data", offset=offset)
    packets = [data for channel, data in dialogue.writes if channel is Channel.PACKET]
    assert "".join(packets) == FIRMWARE[offset:].hex()


def test_a_right_crc_over_another_number_of_bytes_is_not_believed() -> None:
    dialogue = Dialogue()
    dialogue.answer(Done())
    dialogue.answer(Selected(max_size=512, offset=20, crc=zlib.crc32(INIT_PACKET)))
    assert dialogue.writes == [(Channel.CONTROL, "010118000000")]
    dialogue = Dialogue()
    dialogue.answer(Done())
    dialogue.answer(selected(24, INIT_PACKET))
    dialogue.answer(Selected(max_size=4096, offset=48, crc=zlib.crc32(FIRMWARE)))
    assert dialogue.told[0] == events.StartedAfresh(offset=48, crc=zlib.crc32(FIRMWARE))


TWO_OBJECTS = bytes(range(250)) * 20


def with_wrong_bytes(offset: int) -> Dialogue:
    """A unit with this init packet, and other bytes of the image than were sent."""
    dialogue = Dialogue(firmware=TWO_OBJECTS)
    dialogue.answer(Done())
    dialogue.answer(selected(24, INIT_PACKET))
    dialogue.answer(Selected(max_size=4096, offset=offset, crc=1))
    return dialogue


@pytest.mark.parametrize("offset", [4100, 4500, 5000])
def test_an_open_object_with_wrong_bytes_is_created_again_before_the_whole_image_is(
    offset: int,
) -> None:
    dialogue = with_wrong_bytes(offset)
    asked: list[object] = [dialogue.asked]
    assert [channel for channel, _data in dialogue.writes] == [Channel.CONTROL]
    dialogue.answer(Done())
    asked.append(dialogue.asked)
    dialogue.answer(selected(4096, TWO_OBJECTS))
    assert dialogue.told[0] == events.Resumed(object_type="data", offset=4096)
    packets = [data for channel, data in dialogue.writes if channel is Channel.PACKET]
    assert "".join(packets) == TWO_OBJECTS[4096:].hex()
    dialogue.answer(Crc(offset=5000, crc=zlib.crc32(TWO_OBJECTS)))
    asked.append(dialogue.asked)
    dialogue.answer(Done())
    assert [*asked, dialogue.asked] == [
        CreateObject(object_type=ObjectType.DATA, size=5000 - 4096),
        SelectObject(object_type=ObjectType.DATA),
        ExecuteObject(),
        None,
    ]


def test_where_what_was_executed_is_wrong_too_the_image_begins_afresh() -> None:
    dialogue = with_wrong_bytes(4500)
    dialogue.answer(Done())
    dialogue.answer(Selected(max_size=4096, offset=4096, crc=1))
    assert dialogue.told[0] == events.StartedAfresh(offset=4500, crc=1)
    assert dialogue.asked == CreateObject(object_type=ObjectType.COMMAND, size=24)


def test_where_the_object_cannot_be_created_again_the_image_begins_afresh() -> None:
    dialogue = with_wrong_bytes(4500)
    dialogue.answer(result=ResultCode.OPERATION_NOT_PERMITTED)
    assert dialogue.asked == CreateObject(object_type=ObjectType.COMMAND, size=24)


@pytest.mark.parametrize("offset", [20, 4096])
def test_wrong_bytes_in_the_first_object_begin_the_image_afresh(offset: int) -> None:
    dialogue = with_wrong_bytes(offset)
    assert dialogue.asked == CreateObject(object_type=ObjectType.COMMAND, size=24)
