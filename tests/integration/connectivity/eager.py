"""A chip that takes every write and says at once that it was sent; and what that has to cost."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from firmline.device.serial_port import BITS_PER_BYTE
from firmline.links.connectivity.dongle import Dongle
from firmline.links.connectivity.wire import happenings as told
from firmline.links.connectivity.wire import messages as says
from firmline.links.connectivity.wire.api5 import API5
from firmline.links.connectivity.wire.packets import Packet, PacketKind, encode_packet

BAUD = 1_000_000
SIZE, PACKET = 150_000, 244
IMAGE = (bytes(range(256)) * (SIZE // 256 + 1))[:SIZE]
VALUES = [IMAGE[at : at + PACKET] for at in range(0, SIZE, PACKET)]
SENT = told.CommandsSent(connection=0, status=0, error_handle=0, count=1)


class Eager:
    """Says yes to everything, and of each write that it was sent."""

    def __init__(self, say: Callable[[bytes], None]) -> None:
        self._say = say

    def hear(self, payload: bytes) -> None:
        command = API5.decode_command(payload)
        self._say(API5.encode_response(type(command)))
        if isinstance(command, says.Write):
            self._say(API5.encode_event(SENT))

    def restart(self) -> None:
        """Nothing is to be forgotten."""

    def vanish(self) -> None:
        """Nothing is said unasked."""


def write(value: bytes) -> says.Write:
    """One packet of an image."""
    return says.Write(connection=0, operation=says.WRITE_COMMAND, handle=15, value=value)


async def seconds_to_send(dongle: Dongle) -> float:
    """How long the image takes, each packet when the one before it was sent."""
    sent = asyncio.Event()
    dongle.listen(lambda _event: sent.set(), lambda _failure: sent.set())
    await dongle.open()
    now_s = asyncio.get_running_loop().time
    began_s = now_s()
    for value in VALUES:
        sent.clear()
        await dongle.ask(write(value), "a write")
        await sent.wait()
    seconds = now_s() - began_s
    await dongle.close()
    return seconds


def least_s(reaction_s: float) -> float:
    """The least that the protocol takes for the image at 1 Mbaud: one thing after the other.

    A write; its acknowledgement and its response, after the chip's reaction; the acknowledgement
    of that; the event, after another reaction. Its acknowledgement leaves with the next write.
    """
    ack = len(encode_packet(Packet(kind=PacketKind.ACK)))
    answers = _size(API5.encode_response(says.Write)) + _size(API5.encode_event(SENT))
    octets = sum(_size(API5.encode_command(write(value))) + answers + 2 * ack for value in VALUES)
    return octets * BITS_PER_BYTE / BAUD + len(VALUES) * 2 * reaction_s


def _size(payload: bytes) -> int:
    packet = Packet(kind=PacketKind.VENDOR, payload=payload, is_reliable=True, has_crc=True)
    return len(encode_packet(packet))
