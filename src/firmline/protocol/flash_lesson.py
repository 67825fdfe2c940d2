"""What the answers of a unit teach a host about its flash.

EXECUTE is answered when flash is idle. So the time from one idle moment to the next bounds what
everything between them cost: a burst of packets; and, the more exactly the more they are, several
objects one behind the other.

The same time, less what flash may have rested in it (:mod:`firmline.protocol.flash_rest`), is what
the unit needs at least.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from firmline.protocol.flash_costs import SLOWEST_ERASE_S, FlashCosts, LeastCosts

FLASH_BOUND: Final = 1.3
"""How many times longer than its way through the air a packet must take for that to be the flash's
doing; ours."""
MOST_REST: Final = 0.1
"""Share of a time of work that flash may have rested for the rest of it to tell what the unit needs
at least; ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenErase:
    """An erase that met idle flash.

    Attributes:
        create_s: From saying CREATE to its answer.
        least_s: From there until a packet was handed over that still found no room.
        left_s: From there until one was with the unit that found some, only behind the erase.
    """

    create_s: float
    least_s: float
    left_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Burst:
    """Packets that met idle flash, all at once, and their EXECUTE.

    Attributes:
        duration_s: From handing over the first to the answer.
        packets: How many; what one is less than whole counts as a part.
        air_s: The way of one through the air.
        round_trip_s: From a request to its answer: so long flash may have been idle.
    """

    duration_s: float
    packets: float
    air_s: float
    round_trip_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class BusyTime:
    """What was between two moments at which flash was idle.

    Attributes:
        duration_s: From handing over the first request or packet to the answer.
        objects: How many whole objects' packets.
        erases: How many erases.
        rest_s: How long flash may have been idle in it, at most.
    """

    duration_s: float
    objects: int
    erases: int
    rest_s: float


class FlashLesson:
    """Learns one unit's costs.

    Args:
        packet_size: Bytes of a packet.
        packets: Packets of a whole object.

    Attributes:
        costs: The best bounds so far; those of the slowest unit there is before anything is known.
        least: Bounds from below.
        least_object_s: What the unit's flash needs at least for a whole object, without any round
            trip; ``None``: that did not show.
        is_learned: Whether they are this unit's.
    """

    def __init__(self, *, packet_size: int, packets: int) -> None:
        self.costs = FlashCosts.slowest(packet_size=packet_size, packets=packets)
        self.least_object_s: float | None = None
        self.is_learned = False
        self.least = LeastCosts()
        self._packets = packets

    def hear_erase(self, seen: SeenErase, *, round_trip_s: float) -> None:
        """Learn when an erase was over that met idle flash.

        A unit that erases at once is deaf meanwhile, and answers when it is done: for that unit
        hardly anything is left. CREATE and its answer may take a round trip less or more next time.

        Args:
            seen: What was seen of it.
            round_trip_s: From a request that needs no flash to its answer.
        """
        left_s = seen.left_s + round_trip_s
        self.costs = replace(self.costs, create_s=seen.create_s, erase_left_s=left_s)
        self.least = replace(self.least, erase_s=seen.least_s)

    def hear_burst(self, burst: Burst) -> None:
        """Learn what a packet costs."""
        packet_s = burst.duration_s / burst.packets
        if packet_s > FLASH_BOUND * burst.air_s:
            least_s = max(0.0, burst.duration_s - burst.round_trip_s) / burst.packets
            self.least = replace(self.least, packet_s=least_s)
        object_s = SLOWEST_ERASE_S + self._packets * packet_s
        self.costs = replace(
            self.costs, erase_s=SLOWEST_ERASE_S, packet_s=packet_s, object_s=object_s
        )
        self.is_learned = True

    def hear(self, busy: BusyTime) -> None:
        """Learn from one time of work; whole objects only."""
        costs = self.costs
        erase_s = costs.erase_s
        if self.least.packet_s and busy.erases:
            whole = busy.objects * (self._packets - 1)  # the last may be as small as can be
            left_s = busy.duration_s - whole * self.least.packet_s
            erase_s = min(erase_s, left_s / busy.erases)
        missing_s = max(0, busy.objects - busy.erases) * costs.erase_s
        seen_s = (busy.duration_s + missing_s) / busy.objects
        object_s = min(seen_s, erase_s + self._packets * costs.packet_s)
        self.costs = replace(costs, erase_s=erase_s, object_s=object_s)
        self._hear_least(busy)

    def _hear_least(self, busy: BusyTime) -> None:
        """The same from below: what flash has surely been busy with."""
        costs, packets = self.costs, busy.objects * self._packets
        busy_s = busy.duration_s - busy.rest_s
        if self.least.packet_s and busy.erases:
            least_s = (busy_s - packets * costs.packet_s) / busy.erases
            self.least = replace(self.least, erase_s=max(self.least.erase_s, least_s))
        if busy.rest_s > MOST_REST * busy.duration_s:
            return
        extra = busy.erases - busy.objects
        extra_s = extra * (costs.erase_s if extra > 0 else self.least.erase_s)
        object_s = (busy_s - extra_s) / busy.objects
        self.least_object_s = max(object_s, self.least_object_s or 0.0)
