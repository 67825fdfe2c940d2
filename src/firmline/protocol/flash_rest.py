"""How long a unit's flash may have had nothing to do: the other side of its queue.

What a unit needs at least is not what its host was seen to take: a host that comes late lets flash
rest, and no answer says so. But it can be bounded. What was handed over keeps flash busy for what
it surely costs; and an EXECUTE that is answered late shows that flash was busy all the time since
it arrived.

Pure: times are passed in, in seconds on one clock.
"""

from __future__ import annotations

from dataclasses import dataclass

from firmline.protocol.flash_costs import LeastCosts


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """An EXECUTE that is not answered.

    Attributes:
        at_s: When it was said.
        rest_s: How long flash may have rested until then.
    """

    at_s: float
    rest_s: float


class RestBound:
    """How long flash may have rested at most since it was known to be idle.

    Args:
        costs: What entries of its queue cost at least.
        way_s: The longest way of a request to the unit, or of an answer from it.

    Attributes:
        rest_s: So long, seconds, up to the latest arrival.
    """

    def __init__(self, costs: LeastCosts, *, way_s: float) -> None:
        self.costs = costs
        self.way_s = way_s
        self.rest_s = 0.0
        self._busy_until_s: float | None = None
        """Surely; ``None``: nothing has been handed over yet."""
        self._counted_s = 0.0
        """Up to when rest is counted."""

    def idle(self) -> None:
        """Flash is idle; what follows is counted from the next thing that is handed over."""
        self.rest_s, self._busy_until_s = 0.0, None

    def erase(self, *, said_s: float, now_s: float) -> None:
        """An erase has arrived, between when its CREATE was said and now."""
        self._arrive(said_s, now_s, self.costs.erase_s)

    def packets(self, count: int, *, said_s: float, now_s: float) -> None:
        """Packets have arrived, between when they were handed over and now."""
        self._arrive(said_s, now_s, count * self.costs.packet_s)

    def execute(self, now_s: float) -> Said:
        """An EXECUTE is said."""
        return Said(at_s=now_s, rest_s=self.rest_s)

    def answered(self, said: Said, now_s: float) -> None:
        """It is answered: flash is, or just was, idle, and was busy before if that took long."""
        if now_s - said.at_s <= 2 * self.way_s:
            return
        self.rest_s = min(self.rest_s, said.rest_s + self.way_s)
        if self._busy_until_s is not None:
            self._busy_until_s = max(self._busy_until_s, now_s - self.way_s)

    def _arrive(self, earliest_s: float, latest_s: float, cost_s: float) -> None:
        busy_until_s = earliest_s if self._busy_until_s is None else self._busy_until_s
        counted_s = earliest_s if self._busy_until_s is None else self._counted_s
        self.rest_s += max(0.0, latest_s - max(busy_until_s, counted_s))
        self._busy_until_s = max(busy_until_s, earliest_s) + cost_s
        self._counted_s = latest_s
