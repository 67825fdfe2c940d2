"""What is heard behind a serial port at the end, with a port that has a clock of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from firmline import events
from firmline.errors import Code, TransportError, TransportReason, VerifyError
from firmline.events import Event
from firmline.links.base import PortConnection, Received
from firmline.protocol.channels import Channel
from firmline.updater.expectation import Expectation, expectation
from firmline.updater.progress import Progress
from firmline.updater.road import Seen
from firmline.updater.serial.ending import LONGEST_LINE_S, SerialEnding
from firmline.updater.serial.talk import SerialTalk
from firmline.updater.timeouts import SerialTimeouts
from integration.story import package

PIECE_S = 0.05
IMAGE = package(4096).images[0]
TIMEOUTS = SerialTimeouts(expect_s=5)


class TalkingPort(PortConnection):
    """Says a piece of text each 50 ms, or nothing.

    Args:
        says: What is said at a time.
    """

    def __init__(self, says: Callable[[float], bytes]) -> None:
        self.now_s = 0.0
        self._says = says

    async def write(self, channel: Channel, data: bytes) -> None:
        pass

    async def receive(self, *, timeout_s: float) -> Received:
        if timeout_s < PIECE_S:
            self.now_s += timeout_s
        else:
            self.now_s += PIECE_S
            if data := self._says(self.now_s):
                return Received(channel=Channel.SERIAL, data=data)
            self.now_s += timeout_s - PIECE_S
        raise TransportError(Code.LINK_TIMEOUT, "Nothing.", reason=TransportReason.TIMEOUT)

    async def flush(self) -> None:
        pass

    def discard_input(self) -> None:
        pass

    def set_baud(self, baud: int) -> None:
        pass

    def clear_to_send(self) -> bool | None:
        return None

    async def close(self) -> None:
        pass


def seen(
    port: TalkingPort, expected: Expectation | None, *, looks: int = 0
) -> tuple[Seen, list[Event]]:
    """What is seen after the bootloader was looked for, and not found, some times."""
    heard: list[Event] = []
    progress = Progress()
    progress.hear(
        events.ImageStarted(kind=IMAGE.kind, index=0, init_packet_size=1, size=len(IMAGE.firmware))
    )
    talk = SerialTalk(port, now_s=lambda: port.now_s, timeouts=TIMEOUTS, report=heard.append)
    ending = SerialEnding(
        port,
        talk,
        now_s=lambda: port.now_s,
        baud=115_200,
        report=heard.append,
        timeouts=TIMEOUTS,
        expectation=expected,
    )

    async def story() -> Seen:
        for _ in range(looks):
            assert not await talk.find(0)
        return await ending.see(IMAGE, before={}, progress=progress)

    return asyncio.run(story()), heard


def test_a_line_that_is_as_expected_is_heard_to_its_end() -> None:
    pieces = iter([b"app 4", b" on chip", b" 52832\r\n", b"and on"])
    port = TalkingPort(lambda _now_s: next(pieces))
    _, heard = seen(port, expectation("app 4"))
    assert [each.text for each in heard if isinstance(each, events.TextHeard)] == [
        "app 4 on chip 52832"
    ]


def test_an_application_that_prints_for_ever_without_a_new_line_is_heard_for_a_while() -> None:
    port = TalkingPort(lambda now_s: b"app 4 " if now_s < 0.1 else b".")
    seen(port, expectation("app 4"))
    assert LONGEST_LINE_S < port.now_s < LONGEST_LINE_S + 0.5


@pytest.mark.parametrize("expected", [None, expectation("app 4")])
def test_an_application_that_prints_for_ever_what_nobody_expects_proves_nothing(
    expected: Expectation | None,
) -> None:
    port = TalkingPort(lambda _now_s: b"." * 200)
    with pytest.raises(VerifyError) as caught:
        seen(port, expected)
    assert caught.value.code is Code.NEW_APPLICATION_NOT_SEEN
    assert port.now_s < 15


@pytest.mark.parametrize("looks", [1, 3])
def test_what_was_heard_before_the_update_as_well_proves_nothing(looks: int) -> None:
    port = TalkingPort(lambda _now_s: b"Tag ready\r\n")
    with pytest.raises(VerifyError) as caught:
        seen(port, expectation("ready"), looks=looks)
    assert caught.value.code is Code.NEW_APPLICATION_NOT_SEEN
    assert "says 'Tag ready'" in caught.value.message
    assert "was heard before the update, too" in caught.value.message
    assert "only the new application prints" in caught.value.hint


def test_an_old_application_that_says_something_else_takes_nothing_from_the_proof() -> None:
    port = TalkingPort(lambda now_s: b"Tag 1\r\n" if now_s < 0.3 else b"Tag 2\r\n")
    _, heard = seen(port, expectation("Tag 2"), looks=1)
    assert [each.text for each in heard if isinstance(each, events.TextHeard)] != []
