"""What happens to packets on the road: a pure gate, and the two directions in which it stands."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Final

from firmline.device.faults.plan import (
    CorruptedPackets,
    DelayedPackets,
    DuplicatedPackets,
    LostPackets,
    PacketFault,
)
from firmline.protocol.channels import Channel
from firmline.protocol.slip import END

LONGEST_FRAME: Final = 8192
"""Bytes of a serial frame that are waited for; more than any receive buffer holds."""
_NEVER: Final = -float("inf")


@dataclass(frozen=True, slots=True)
class Passage:
    """What is left of a packet behind the gate.

    Attributes:
        packets: The packet, once, twice, or not at all.
        delay_s: How much later it comes.
    """

    packets: tuple[bytes, ...]
    delay_s: float


class PacketGate:
    """Lets packets through, or not, or not as they were.

    Args:
        faults: What happens to them.
        rng: Decides what is drawn at random.
        on_strike: Told of every packet that something happens to.
    """

    def __init__(
        self, faults: Iterable[PacketFault], rng: Random, on_strike: Callable[[PacketFault], None]
    ) -> None:
        self._faults = tuple(faults)
        self._rng = rng
        self._on_strike = on_strike
        self._count = 0

    def let_through(self, packet: bytes) -> Passage:
        """The next packet."""
        self._count += 1
        # All of them draw for every packet, so that one fault more changes nothing for the others.
        struck = [fault for fault in self._faults if self._strikes(fault)]
        packets, delay_s = [packet], 0.0
        for fault in struck:
            match fault:
                case LostPackets():
                    packets = []
                case CorruptedPackets():
                    packets = [self._with_a_bit_turned_over(data) for data in packets]
                case DuplicatedPackets():
                    packets *= 2
                case DelayedPackets(delay_s=late_s):
                    delay_s += late_s
            self._on_strike(fault)
        return Passage(tuple(packets), delay_s)

    def _strikes(self, fault: PacketFault) -> bool:
        if fault.share:
            return self._rng.random() < fault.share
        late = self._count - fault.first
        return late == 0 or (late > 0 and fault.every > 0 and late % fault.every == 0)

    def _with_a_bit_turned_over(self, packet: bytes) -> bytes:
        """The END of a serial frame is spared: two frames in one are another fault."""
        content = len(packet) - (packet[-1:] == bytes([END]))
        if not content:
            return packet
        at, bit = divmod(self._rng.randrange(8 * content), 8)
        return packet[:at] + bytes([packet[at] ^ 1 << bit]) + packet[at + 1 :]


class Lane:
    """One direction: when each packet comes out; what is behind a late one waits for it.

    Args:
        gate: What stands in it.
    """

    def __init__(self, gate: PacketGate) -> None:
        self._gate = gate
        self._last_s = _NEVER

    def send(self, packet: bytes, now_s: float) -> list[tuple[float, bytes]]:
        """What comes out for a packet that goes in now, and when."""
        passage = self._gate.let_through(packet)
        if passage.packets:
            self._last_s = max(now_s + passage.delay_s, self._last_s)
        return [(self._last_s, data) for data in passage.packets]

    def follow(self, now_s: float) -> float:
        """When something comes out that no fault is concerned with."""
        return max(now_s, self._last_s)

    def clear(self) -> None:
        """What was on its way is lost."""
        self._last_s = _NEVER


class Inbound:
    """The way to the bootloader.

    Args:
        lane: What its packets pass.
    """

    def __init__(self, lane: Lane) -> None:
        self._lane = lane
        self._late: deque[tuple[float, Channel, bytes]] = deque()
        self._unfinished = b""

    @property
    def due_s(self) -> float | None:
        """When the next late one arrives."""
        return self._late[0][0] if self._late else None

    def send(self, channel: Channel, data: bytes, now_s: float) -> Iterator[tuple[Channel, bytes]]:
        """Something was written; what arrives by now."""
        match channel:
            case Channel.PACKET:
                coming = self._lane.send(data, now_s)
            case Channel.SERIAL:
                coming = [
                    sent for frame in self._frames(data) for sent in self._lane.send(frame, now_s)
                ]
            case _:
                coming = [(self._lane.follow(now_s), data)]
        self._late.extend((at_s, channel, packet) for at_s, packet in coming)
        return self.arrive(now_s)

    def arrive(self, now_s: float) -> Iterator[tuple[Channel, bytes]]:
        """What arrives by now, in order, each as it is asked for."""
        while self._late and self._late[0][0] <= now_s:
            _, channel, data = self._late.popleft()
            yield channel, data

    def clear(self) -> None:
        """What was on its way is lost."""
        self._late.clear()
        self._lane.clear()
        self._unfinished = b""

    def _frames(self, data: bytes) -> Iterator[bytes]:
        """Whole serial frames, each with its END; what no buffer would hold goes on as it is."""
        *frames, self._unfinished = (self._unfinished + data).split(bytes([END]))
        yield from (frame + bytes([END]) for frame in frames)
        if len(self._unfinished) > LONGEST_FRAME:
            overlong, self._unfinished = self._unfinished, b""
            yield overlong
