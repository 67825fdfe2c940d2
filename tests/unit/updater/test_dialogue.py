"""Requests and answers over an open bootloader that gathers what it is given, as a port does."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmline.errors import Code, RemoteProtocolError, TransportError, TransportReason
from firmline.events import AnswerPassedOver, Event, LinkLost, RequestSent
from firmline.links.base import Received
from firmline.protocol.channels import Channel
from firmline.protocol.framing import BleFraming
from firmline.protocol.leftovers import MOST_COPIES
from firmline.protocol.reading import read_progress
from firmline.updater.dialogue import MAX_LEFTOVERS, Dialogue

ABORT, SET_PRN, SELECT = 0x0C, 0x02, 0x06


class Gathering:
    """An exchange whose writes leave when it is flushed, and whose unit answers each at once.

    Args:
        copies: How many times each answer comes.
        fails: What the flush raises.
        leftovers: Answers that are on their way already.
    """

    def __init__(
        self,
        *,
        copies: int = 1,
        fails: TransportError | None = None,
        leftovers: tuple[int, ...] = (),
    ) -> None:
        self.gathered: list[bytes] = []
        self.left: list[bytes] = []
        self._copies = copies
        self._fails = fails
        self._answers = [bytes([0x60, opcode, 0x01]) for opcode in leftovers]

    async def write(self, channel: Channel, data: bytes) -> None:
        assert channel is Channel.CONTROL
        self.gathered.append(data)

    async def flush(self) -> None:
        if self._fails is not None:
            raise self._fails
        for data in self.gathered:
            body = bytes(12) if data[0] == SELECT else b""
            self._answers += [bytes([0x60, data[0], 0x01]) + body] * self._copies
        self.left += self.gathered
        self.gathered.clear()

    async def receive(self, *, timeout_s: float) -> Received:
        if not self._answers:
            raise TransportError(
                Code.LINK_TIMEOUT, f"Nothing in {timeout_s} s.", reason=TransportReason.TIMEOUT
            )
        return Received(channel=Channel.CONTROL, data=self._answers.pop(0))


def dialogue_over(exchange: Gathering, told: list[Event] | None = None) -> Dialogue:
    """A dialogue with a bootloader behind such an exchange."""
    told = [] if told is None else told
    return Dialogue(exchange, BleFraming(mtu=247), report=told.append, answer_timeout_s=1.0)


def lost(reason: TransportReason) -> TransportError:
    """A link that fails in this way."""
    return TransportError(Code.LINK_LOST, "Gone.", reason=reason, hci_reason=0x08)


def test_a_request_whose_answer_nobody_awaits_leaves_at_once() -> None:
    exchange, told = Gathering(), list[Event]()
    stands = asyncio.run(dialogue_over(exchange, told).ask_to_restart())
    assert stands
    assert exchange.left == [bytes([ABORT])]
    assert not exchange.gathered
    assert [event.data for event in told if isinstance(event, RequestSent)] == [bytes([ABORT])]


def test_a_unit_that_is_gone_before_it_has_heard_all_has_understood() -> None:
    told = list[Event]()
    exchange = Gathering(fails=lost(TransportReason.LOST))
    assert not asyncio.run(dialogue_over(exchange, told).ask_to_restart())
    (loss,) = (event for event in told if isinstance(event, LinkLost))
    assert (loss.expected, loss.hci_reason) == (True, 0x08)


@pytest.mark.parametrize("reason", [each for each in TransportReason if each.name != "LOST"])
def test_a_link_that_takes_nothing_is_no_unit_that_has_understood(reason: TransportReason) -> None:
    exchange = Gathering(fails=lost(reason))
    with pytest.raises(TransportError) as caught:
        asyncio.run(dialogue_over(exchange).ask_to_restart())
    assert caught.value.reason is reason


@given(copies=st.integers(min_value=1, max_value=MOST_COPIES + 1))
def test_copies_of_answers_are_passed_over_and_told(copies: int) -> None:
    exchange, told = Gathering(copies=copies), list[Event]()
    dialogue = dialogue_over(exchange, told)

    async def talk() -> None:
        await dialogue.settle()
        assert (await dialogue.run(read_progress())).is_fresh

    asyncio.run(talk())
    passed_over = [event for event in told if isinstance(event, AnswerPassedOver)]
    assert {event.request for event in passed_over} <= {"prn_set", "object_select"}
    assert (copies == 1) == (not passed_over)


def test_what_earlier_sessions_left_is_heard_before_the_next_begins() -> None:
    exchange = Gathering(leftovers=(0x04, 0x01, 0x08))
    dialogue = dialogue_over(exchange)

    async def talk() -> bool:
        await dialogue.settle()
        return (await dialogue.run(read_progress())).is_fresh

    assert asyncio.run(talk())


def test_a_unit_that_goes_on_and_on_makes_no_sense() -> None:
    exchange = Gathering(leftovers=(0x04,) * MAX_LEFTOVERS)
    with pytest.raises(RemoteProtocolError) as caught:
        asyncio.run(dialogue_over(exchange).settle())
    assert caught.value.code is Code.ANSWER_UNEXPECTED
    assert str(MAX_LEFTOVERS) in caught.value.message


def test_an_answer_to_what_was_never_asked_is_no_copy() -> None:
    exchange = Gathering(leftovers=(0x04,))
    with pytest.raises(RemoteProtocolError) as caught:
        asyncio.run(dialogue_over(exchange).run(read_progress()))
    assert caught.value.code is Code.ANSWER_UNEXPECTED
    assert "request 04 when the answer to 06" in caught.value.message
