"""A bootloader that was found: what it says, and whether it is waited for."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest

from firmline.errors import Code, TransportError, TransportReason
from firmline.events import Event
from firmline.links.base import Connection, Received
from firmline.protocol.channels import Channel
from firmline.protocol.framing import BleFraming
from firmline.protocol.reading import HeldObjects
from firmline.updater.dialogue import Dialogue
from firmline.updater.radio.settling import SETTLES_S, see_settled

SET_PRN, SELECT = b"\x02\x00\x00", b"\x06"
IMAGE_ADDRESS = 0x2B000


class FoundBootloader:
    """Answers SELECT and PRN_SET.

    Args:
        init_packet: Bytes of an init packet that it holds.
        image: Bytes of an image.
        crc: What it shows as the CRC of these.
        drops: Whether it ends the connection.
    """

    def __init__(
        self, *, init_packet: int = 0, image: int = 0, crc: int = 0, drops: bool = False
    ) -> None:
        self.said: list[bytes] = []
        self.answers: list[bytes] = []
        self.waited_s: list[float] = []
        self._held = {1: (0x200, init_packet, 0), 2: (0x1000, image, crc)}
        self._drops = drops

    async def write(self, channel: Channel, data: bytes) -> None:
        assert channel is Channel.CONTROL
        self.said.append(data)
        answer = bytes([0x60, data[0], 0x01])
        if data[:1] == SELECT:
            answer += b"".join(number.to_bytes(4, "little") for number in self._held[data[1]])
        self.answers.append(answer)

    async def flush(self) -> None:
        """It has arrived."""

    async def receive(self, *, timeout_s: float) -> Received:  # noqa: ARG002 - it has come
        return Received(channel=Channel.CONTROL, data=self.answers.pop(0))

    async def wait_closed(self, *, timeout_s: float) -> int | None:
        self.waited_s.append(timeout_s)
        if self._drops:
            return 0x13
        raise TransportError(Code.LINK_TIMEOUT, "It holds.", reason=TransportReason.TIMEOUT)


def settled(bootloader: FoundBootloader, rest_s: float = SETTLES_S) -> None:
    heard: list[Event] = []
    connection = cast(Connection, bootloader)
    dialogue = Dialogue(connection, BleFraming(mtu=23), report=heard.append, answer_timeout_s=1.0)
    asyncio.run(see_settled(connection, dialogue, rest_s=rest_s))


def test_one_that_nobody_has_sent_anything_is_not_waited_for() -> None:
    fresh = FoundBootloader()
    settled(fresh)
    assert fresh.waited_s == []


@pytest.mark.parametrize("rest_s", [0.0, -3.0])
def test_one_that_was_looked_for_long_enough_is_not_even_asked(rest_s: float) -> None:
    found = FoundBootloader(crc=IMAGE_ADDRESS, drops=True)
    settled(found, rest_s)
    assert found.said == []


@pytest.mark.parametrize(
    "held",
    [{"crc": IMAGE_ADDRESS}, {"init_packet": 141}, {"init_packet": 141, "image": 8192, "crc": 7}],
    ids=["taken", "init-packet", "in-the-image"],
)
def test_one_that_may_be_at_an_image_is_waited_for_and_nothing_is_left_in_its_line(
    held: dict[str, Any],
) -> None:
    found = FoundBootloader(**held)
    settled(found, 5.0)
    assert found.waited_s == [5.0]
    assert found.said[-1] == SET_PRN
    assert found.answers == []


def test_one_that_answers_somebody_else_s_execute_is_waited_for() -> None:
    found = FoundBootloader()
    found.answers.append(b"\x60\x04\x01")
    settled(found)
    assert found.waited_s == [SETTLES_S]
    assert found.answers == []


def test_one_that_restarts_has_had_an_image() -> None:
    with pytest.raises(TransportError, match="restarted by itself") as caught:
        settled(FoundBootloader(crc=IMAGE_ADDRESS, drops=True))
    assert (caught.value.reason, caught.value.hci_reason) == (TransportReason.LOST, 0x13)


def test_what_it_holds_is_nothing_only_where_it_shows_no_address_either() -> None:
    assert HeldObjects(init_packet=0, image=0).is_fresh
    assert not HeldObjects(init_packet=0, image=0, image_crc=IMAGE_ADDRESS).is_fresh
    assert not HeldObjects(init_packet=1, image=0).is_fresh
