"""What the answers of a unit teach a host about its flash.

EXECUTE is answered when flash is idle. So the time from one idle moment to the next bounds what
everything between them cost: the packets of one object alone; those and an erase or two; and, the
more exactly the more they are, several objects one behind the other.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from firmline.protocol.flash_costs import SLOWEST_ERASE_S, FlashCosts

FLASH_BOUND: Final = 1.3
"""How many times longer than its way through the air a packet must take for that to be the flash's
doing; ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BusyTime:
    """What was between two moments at which flash was idle.

    Attributes:
        duration_s: From handing over the first request or packet to the answer.
        objects: How many objects' packets; what one is less than whole counts as a part.
        erases: How many erases.
        air_s: The way of one packet through the air.
        round_trip_s: From a request to its answer, or to several answers one behind the other:
            so much of ``duration_s`` flash may have been idle.
    """

    duration_s: float
    objects: float
    erases: int
    air_s: float
    round_trip_s: float


class FlashLesson:
    """Learns one unit's costs.

    Args:
        packet_size: Bytes of a packet.
        packets: Packets of a whole object.

    Attributes:
        costs: The best bounds so far; those of the slowest unit there is before anything is known.
        least_object_s: The least that a whole object was seen to cost, without the ways through the
            air; the unit's flash alone may cost less where it was idle in between.
        is_learned: Whether they are this unit's.
        wants_packets_alone: Whether the next object's packets should meet flash that is idle, and
            its EXECUTE be answered before anything else is sent.
    """

    def __init__(self, *, packet_size: int, packets: int) -> None:
        self.costs = FlashCosts.slowest(packet_size=packet_size, packets=packets)
        self.least_object_s = float("inf")
        self.is_learned = False
        self.wants_packets_alone = True
        self._packets = packets
        self._is_flash_bound = False
        self._idle_s = 0.0
        """What of the time of packets alone flash may have been idle."""

    def hear(self, busy: BusyTime) -> None:
        """Learn from one time of work; whole objects only."""
        if self.is_learned:
            self._hear_objects(busy)
        elif self.wants_packets_alone:
            self._hear_packets(busy)
        else:
            self._hear_erases(busy)

    def hear_erase(self, *, create_s: float, left_s: float, round_trip_s: float) -> None:
        """Learn when an erase was over that met idle flash.

        A unit that erases at once is deaf meanwhile, and answers when it is done: for that unit
        hardly anything is left. CREATE and its answer may take a round trip less or more next time.

        Args:
            create_s: From saying CREATE to its answer.
            left_s: From there until a packet was with the unit that found room only behind it.
            round_trip_s: From a request that needs no flash to its answer.
        """
        self.costs = replace(self.costs, create_s=create_s, erase_left_s=left_s + round_trip_s)

    def _hear_packets(self, busy: BusyTime) -> None:
        packet_s = busy.duration_s / (busy.objects * self._packets)
        self.costs = replace(self.costs, packet_s=packet_s)
        self.wants_packets_alone = False
        self._idle_s = busy.round_trip_s
        self._is_flash_bound = packet_s > FLASH_BOUND * busy.air_s

    def _hear_erases(self, busy: BusyTime) -> None:
        """The packets' cost is known too high, by what the first of them and the answer waited."""
        packets_s = self._packets * self.costs.packet_s
        erase_s = SLOWEST_ERASE_S
        if self._is_flash_bound and busy.erases:
            left_s = busy.duration_s - (packets_s - self._idle_s)
            erase_s = min(erase_s, left_s / busy.erases)
        self.costs = replace(self.costs, erase_s=erase_s, object_s=erase_s + packets_s)
        self.least_object_s = erase_s + packets_s
        if busy.erases == 1:  # nothing but an object: closer than its parts, whose bounds add up
            seen_s = max(0.0, busy.duration_s - busy.round_trip_s)
            self.least_object_s = min(self.least_object_s, seen_s)
        self.is_learned = True

    def _hear_objects(self, busy: BusyTime) -> None:
        missing_s = max(0, busy.objects - busy.erases) * self.costs.erase_s
        busy_s = busy.duration_s + missing_s
        self.costs = replace(self.costs, object_s=busy_s / busy.objects)
        least_s = max(0.0, busy_s - busy.round_trip_s) / busy.objects
        self.least_object_s = min(self.least_object_s, least_s)
