"""A host that obeys the bound of a unit's flash queue never overruns it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from firmline.protocol.flash_costs import QUEUE_SIZE, FlashCosts, QueueBound

PACKETS = 17
share = st.floats(min_value=0.0, max_value=1.0, allow_nan=False)
cost_s = st.floats(min_value=0.0005, max_value=0.2, allow_nan=False)


class Flash:
    """A single server: what is in its queue, and when each entry is done."""

    def __init__(self) -> None:
        self.ends: list[float] = []

    def take(self, arrives_s: float, cost_s: float) -> None:
        begins_s = max(arrives_s, self.ends[-1] if self.ends else arrives_s)
        assert sum(end > arrives_s for end in self.ends) < QUEUE_SIZE, "the queue is overrun"
        self.ends.append(begins_s + cost_s)


@given(
    erase_s=cost_s,
    packet_s=cost_s,
    slack=share,
    shares=st.lists(share, min_size=6 * (PACKETS + 1), max_size=6 * (PACKETS + 1)),
    delays=st.lists(share, min_size=6 * (PACKETS + 1), max_size=6 * (PACKETS + 1)),
)
def test_who_sends_only_what_surely_finds_room_overruns_nothing(
    erase_s: float, packet_s: float, slack: float, shares: list[float], delays: list[float]
) -> None:
    """Entries cost up to their bound and arrive up to 30 ms before they are known to have."""
    whole_s = erase_s + PACKETS * packet_s
    costs = FlashCosts(erase_s=erase_s, packet_s=packet_s, object_s=whole_s * (1 - slack / 2))
    flash, bound, now_s = Flash(), QueueBound(costs), 0.0
    entry = iter(zip(shares, delays, strict=True))
    for _ in range(6):
        # One object's entries together stay below object_s, each below its own bound.
        scale = 1 - slack / 2
        for index in range(PACKETS + 1):
            while not bound.room(now_s):
                now_s = bound.next_room_s
            cost_share, delay = next(entry)
            arrives_s = now_s + 0.03 * delay
            most_s = erase_s if index == 0 else packet_s
            flash.take(arrives_s, most_s * cost_share * scale)
            now_s = arrives_s + 0.001
            if index == 0:
                bound.erase(now_s)
            else:
                bound.packets(1, now_s)


@given(
    idle_s=st.floats(min_value=0.05, max_value=1.0),
    erase_s=cost_s,
    packet_s=cost_s,
    early=share,
    spare=share,
)
def test_an_erase_that_was_seen_to_end_is_followed_as_soon_and_overruns_nothing(
    idle_s: float, erase_s: float, packet_s: float, early: float, spare: float
) -> None:
    """CREATE is said at 0; the next time it arrives, and is answered, up to 30 ms sooner or later.

    The first time it arrived at 30 ms and was answered when the erase was over or at once.
    """
    travel_s = 0.03
    answered_s = travel_s + erase_s * spare
    costs = FlashCosts(
        erase_s=1.0,
        packet_s=packet_s,
        object_s=1.0 + PACKETS * packet_s,
        create_s=answered_s,
        erase_left_s=travel_s + erase_s - (answered_s - travel_s),
    )
    flash, bound = Flash(), QueueBound(costs)
    arrives_s = idle_s + travel_s * early
    heard_s = arrives_s + erase_s * spare
    flash.take(arrives_s, erase_s)
    bound.erase(heard_s, said_s=idle_s)
    now_s = heard_s
    for _ in range(PACKETS):
        while not bound.room(now_s):
            now_s = bound.next_room_s
        flash.take(now_s, packet_s)
        now_s += 0.001
        bound.packets(1, now_s)


@given(count=st.integers(min_value=1, max_value=40), erase_s=cost_s, packet_s=cost_s)
def test_the_bound_is_reached_by_a_unit_that_is_as_slow_as_it_can_be(
    count: int, erase_s: float, packet_s: float
) -> None:
    bound = QueueBound(
        FlashCosts(erase_s=erase_s, packet_s=packet_s, object_s=erase_s + PACKETS * packet_s)
    )
    bound.erase(0.0)
    taken = min(count, PACKETS)
    bound.packets(taken, 0.0)
    end_s = erase_s + taken * packet_s
    assert bound.room(end_s - 1e-9) == QUEUE_SIZE - 1 if taken else True
    assert bound.room(end_s + 1e-9) == QUEUE_SIZE
