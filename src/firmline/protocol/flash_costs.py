"""What a host can know of a unit's flash: how long things take, and how full its queue can be.

Over Bluetooth LE a unit queues what it is sent: 16 entries, of which one is an erase at the head of
each object and the others are packets (bootloader spec, section 11). What an entry costs depends on
chip, SoftDevice and connection interval, and nobody tells. All figures here are upper bounds: a
host that never sends more than what surely finds room loses nothing.

Pure: times are passed in, in seconds on one clock.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final, Self

WORD_SIZE: Final = 4
"""Bytes that the unit writes to flash at once: packets are whole words (spec section 4)."""
QUEUE_SIZE: Final = 16
"""Entries of the unit's flash queue (NRF_FSTORAGE_SD_QUEUE_SIZE; bootloader spec, section 1)."""
SLOWEST_ERASE_S: Final = 0.2
"""A page of 90 ms that waits 78 ms for a gap between radio events (physics spec, section 1)."""
CHUNK_SIZE: Final = 20
"""Bytes that its SoftDevice writes at a time (NRF_FSTORAGE_SD_MAX_WRITE_SIZE; likewise)."""
SLOWEST_CHUNK_S: Final = 0.006
"""What a chunk costs beside its words: 5 ms (physics spec, section 6), and some to spare."""
SLOWEST_WORD_S: Final = 338e-6
"""Of an nRF52832 (physics spec, section 1)."""
_EARLIEST: Final = float("-inf")


def slowest_packet_s(size: int) -> float:
    """What a packet of so many bytes costs the slowest unit there is, seconds."""
    chunks, words = -(-size // CHUNK_SIZE), -(-size // WORD_SIZE)
    return chunks * SLOWEST_CHUNK_S + words * SLOWEST_WORD_S


@dataclass(frozen=True, slots=True, kw_only=True)
class FlashCosts:
    """Upper bounds, seconds.

    Attributes:
        erase_s: Of the erase at the head of an object.
        packet_s: Of one packet.
        object_s: Of a whole object, its erase included.
        create_s: How long CREATE was waited for by a host that saw the erase end: it counts what
            follows from then on.
        erase_left_s: Of an erase that met idle flash, from when its CREATE was answered or, if that
            was sooner, was due.
    """

    erase_s: float
    packet_s: float
    object_s: float
    create_s: float = 0.0
    erase_left_s: float = float("inf")

    @classmethod
    def slowest(cls, *, packet_size: int, packets: int) -> Self:
        """Of the slowest unit there is.

        Args:
            packet_size: Bytes of a packet.
            packets: Packets of an object.
        """
        packet_s = slowest_packet_s(packet_size)
        return cls(
            erase_s=SLOWEST_ERASE_S,
            packet_s=packet_s,
            object_s=SLOWEST_ERASE_S + packets * packet_s,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LeastCosts:
    """Lower bounds, seconds.

    Attributes:
        erase_s: Of the erase at the head of an object.
        packet_s: Of one packet.
    """

    erase_s: float = 0.0
    packet_s: float = 0.0


class QueueBound:
    """How full a unit's flash queue can be at most.

    A single server: an entry ends at the latest when, from the arrival of any entry before it on,
    everything up to it has taken its longest.

    Args:
        costs: What entries cost at most.
    """

    def __init__(self, costs: FlashCosts) -> None:
        self.costs = costs
        self._ends: deque[float] = deque()
        self._last_end_s = _EARLIEST
        self._begin_s = self._erased_s = _EARLIEST
        self._since_s = _EARLIEST
        """Latest of the times at which the object's packets would have begun without waiting."""
        self._packets = 0

    def idle(self) -> None:
        """All that has arrived is done; what follows belongs to an object that is erased."""
        self._ends.clear()
        self._last_end_s = self._begin_s = self._erased_s = self._since_s = _EARLIEST
        self._packets = 0

    def erase(self, now_s: float, *, said_s: float = _EARLIEST) -> None:
        """An object begins: an erase has arrived.

        Args:
            now_s: When its CREATE was answered: no later.
            said_s: When that was said: no sooner.
        """
        costs = self.costs
        was_idle = self._last_end_s <= said_s
        self._begin_s = max(self._last_end_s, now_s)
        self._erased_s = self._begin_s + costs.erase_s
        if was_idle:
            due_s = max(now_s, said_s + costs.create_s)
            self._erased_s = min(self._erased_s, due_s + costs.erase_left_s)
        self._since_s = _EARLIEST
        self._packets = 0
        self._append(self._erased_s)

    def erased(self, now_s: float) -> None:
        """The object's erase is done, and all that was before it."""
        packet_s = self.costs.packet_s
        while len(self._ends) > self._packets:
            self._ends.popleft()
        first = self._packets - len(self._ends) + 1
        self._ends = deque(
            min(end_s, now_s + packet * packet_s) for packet, end_s in enumerate(self._ends, first)
        )
        self._erased_s = min(self._erased_s, now_s)
        self._last_end_s = self._ends[-1] if self._ends else self._erased_s

    def packets(self, count: int, now_s: float) -> None:
        """Packets of the object have arrived, at the latest now."""
        costs = self.costs
        for _ in range(count):
            self._since_s = max(self._since_s, now_s - self._packets * costs.packet_s)
            self._packets += 1
            written_s = self._packets * costs.packet_s
            behind_erase_s = min(self._erased_s + written_s, self._begin_s + costs.object_s)
            self._append(max(behind_erase_s, self._since_s + written_s))

    def room(self, now_s: float) -> int:
        """How many entries surely find room."""
        while self._ends and self._ends[0] <= now_s:
            self._ends.popleft()
        return max(0, QUEUE_SIZE - len(self._ends))

    @property
    def next_room_s(self) -> float:
        """When one more entry surely finds room than without waiting."""
        return self._ends[0] if self._ends else _EARLIEST

    def _append(self, end_s: float) -> None:
        self._ends.append(end_s)
        self._last_end_s = end_s
