"""What is heard while a serial bootloader is looked for, in whatever pieces it comes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmline.errors import Code, TransportError, TransportReason
from firmline.events import Event
from firmline.links.base import PortConnection, Received
from firmline.protocol.channels import Channel
from firmline.protocol.slip import END
from firmline.updater.serial.talk import MAX_STRANGE, SerialTalk
from firmline.updater.timeouts import SerialTimeouts

PONG = bytes.fromhex("60 09 01 01 C0")
"""The answer to the first PING."""
LATE = bytes.fromhex("60 09 01 99 C0")
"""To one that was sent before."""
VERSION = bytes.fromhex("60 00 01 01 C0")
"""To another question."""


class Heard(PortConnection):
    """A port at which some pieces have come, and then nothing more."""

    def __init__(self, pieces: list[bytes]) -> None:
        self.pieces = pieces
        self.now_s = 0.0

    async def write(self, channel: Channel, data: bytes) -> None:
        """Nobody reads it."""

    async def receive(self, *, timeout_s: float) -> Received:
        if self.pieces:
            return Received(channel=Channel.SERIAL, data=self.pieces.pop(0))
        self.now_s += timeout_s
        raise TransportError(Code.LINK_TIMEOUT, "Nothing.", reason=TransportReason.TIMEOUT)

    def discard_input(self) -> None:
        self.pieces.clear()

    async def flush(self) -> None:
        """Nothing is gathered."""

    def set_baud(self, baud: int) -> None:
        """Nobody asks for it."""

    def clear_to_send(self) -> bool | None:
        return None

    async def close(self) -> None:
        """Nothing is open."""


async def heard(*pieces: bytes, forgets: bool = False) -> tuple[bool, bytes]:
    """Whether a bootloader was found, and what was strange."""
    port, events = Heard(list(pieces)), list[Event]()
    talk = SerialTalk(
        port, now_s=lambda: port.now_s, timeouts=SerialTimeouts(), report=events.append
    )
    return await talk.find(0, forgets=forgets), talk.strange


@pytest.mark.parametrize(
    ("stream", "is_found", "strange"),
    [
        (PONG, True, b""),
        (LATE, False, b""),
        (LATE + VERSION + PONG, True, b""),
        (b"\xff\xfd\x18" + PONG, False, b"\xff\xfd\x18" + PONG),
        (b"HTTP/1.1 400\r\n", False, b"HTTP/1.1 400\r\n"),
        (b"\x09\x01\xc0\x09", False, b"\x09\x01\xc0\x09"),
        (b"\x09\xdb\xdc\xc0", False, b"\x09\xdb\xdc\xc0"),  # escaped, as it was sent
        (b"up\xc0" + PONG, True, b"up\xc0"),
    ],
)
async def test_what_is_no_answer_is_kept_as_it_came(
    stream: bytes, is_found: bool, strange: bytes
) -> None:
    assert await heard(stream) == (is_found, strange)
    assert await heard(*(bytes([octet]) for octet in stream)) == (is_found, strange)


@given(st.binary(max_size=200), st.integers(1, 9))
async def test_pieces_make_no_difference(stream: bytes, size: int) -> None:
    pieces = [stream[at : at + size] for at in range(0, len(stream), size)]
    assert await heard(*pieces) == await heard(stream)


async def test_only_the_last_of_much_is_kept() -> None:
    _, strange = await heard(bytes(10_000), b"end", bytes([END]))
    assert strange == bytes(MAX_STRANGE - 4) + b"end\xc0"


async def test_a_greeting_is_heard_on_a_new_port_only() -> None:
    assert await heard(b"SSH-2.0\r\n") == (False, b"SSH-2.0\r\n")
    assert await heard(b"SSH-2.0\r\n", forgets=True) == (False, b"")
