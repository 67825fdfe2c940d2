"""What a host can know of a unit's flash: how long things take, and how full its queue can be.

Over Bluetooth LE a unit queues what it is sent: 16 entries, of which one is an erase at the head of
each object and the others are packets (bootloader spec, section 11). What an entry costs depends on
chip, SoftDevice and connection interval, and nobody tells. All figures here are upper bounds: a
host that never sends more than what surely finds room loses nothing.

Pure: times are passed in, in seconds on one clock.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from typing import Final, Self

QUEUE_SIZE: Final = 16
"""Entries of the unit's flash queue (NRF_FSTORAGE_SD_QUEUE_SIZE; bootloader spec, section 1)."""
SLOWEST_ERASE_S: Final = 0.2
"""A page of 90 ms that waits 78 ms for a gap between radio events (physics spec, section 1)."""
SLOWEST_BYTE_S: Final = 0.1 / 244
"""A packet of 244 bytes in 13 chunks of 5 ms and 61 words of 338 us: 86 ms (physics spec, sections
1 and 6)."""
_EARLIEST: Final = float("-inf")


@dataclass(frozen=True, slots=True, kw_only=True)
class FlashCosts:
    """Upper bounds, seconds.

    Attributes:
        erase_s: Of the erase at the head of an object.
        packet_s: Of one packet.
        object_s: Of a whole object, its erase included.
    """

    erase_s: float
    packet_s: float
    object_s: float

    @classmethod
    def slowest(cls, *, packet_size: int, packets: int) -> Self:
        """Of the slowest unit there is.

        Args:
            packet_size: Bytes of a packet.
            packets: Packets of an object.
        """
        packet_s = SLOWEST_BYTE_S * packet_size
        return cls(
            erase_s=SLOWEST_ERASE_S,
            packet_s=packet_s,
            object_s=SLOWEST_ERASE_S + packets * packet_s,
        )

    def with_object(self, object_s: float) -> Self:
        """The same with another figure for a whole object."""
        return replace(self, object_s=object_s)


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
        self._begin_s = _EARLIEST
        self._since_s = _EARLIEST
        """Latest of the times at which the object's packets would have begun without waiting."""
        self._packets = 0

    def idle(self) -> None:
        """All that has arrived is done; what follows belongs to an object that is erased."""
        self._ends.clear()
        self._last_end_s = self._begin_s = self._since_s = _EARLIEST
        self._packets = 0

    def erase(self, now_s: float) -> None:
        """An erase has arrived, at the latest now: an object begins."""
        self._begin_s = max(self._last_end_s, now_s)
        self._since_s = _EARLIEST
        self._packets = 0
        self._append(self._begin_s + self.costs.erase_s)

    def packets(self, count: int, now_s: float) -> None:
        """Packets of the object have arrived, at the latest now."""
        costs = self.costs
        for _ in range(count):
            self._since_s = max(self._since_s, now_s - self._packets * costs.packet_s)
            self._packets += 1
            written_s = self._packets * costs.packet_s
            behind_erase_s = min(costs.erase_s + written_s, costs.object_s)
            self._append(max(self._begin_s + behind_erase_s, self._since_s + written_s))

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
