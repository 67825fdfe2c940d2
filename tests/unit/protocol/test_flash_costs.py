"""What is known of a unit's flash: the bound of its queue, and what its answers teach."""

from __future__ import annotations

import pytest

from firmline.protocol.flash_costs import (
    QUEUE_SIZE,
    SLOWEST_ERASE_S,
    FlashCosts,
    LeastCosts,
    QueueBound,
    slowest_packet_s,
)
from firmline.protocol.flash_lesson import Burst, BusyTime, FlashLesson, SeenErase
from firmline.protocol.flash_rest import RestBound

COSTS = FlashCosts(erase_s=0.1, packet_s=0.01, object_s=0.2)


def test_an_erase_and_15_packets_fill_the_queue() -> None:
    bound = QueueBound(COSTS)
    assert bound.room(0.0) == QUEUE_SIZE
    bound.erase(0.0)
    bound.packets(15, 0.0)
    assert bound.room(0.099) == 0
    assert bound.next_room_s == pytest.approx(0.1)
    assert bound.room(0.1001) == 1
    assert bound.room(0.1201) == 3


def test_more_than_the_queue_holds_leaves_no_room_and_no_negative_one() -> None:
    bound = QueueBound(COSTS)
    bound.erase(0.0)
    bound.packets(20, 0.0)
    assert bound.room(0.0) == 0


def test_a_whole_object_ends_when_whole_objects_end() -> None:
    bound = QueueBound(COSTS)  # 17 packets and the erase alone would be 0.27
    bound.erase(0.0)
    bound.packets(17, 0.0)
    assert bound.room(0.2001) == QUEUE_SIZE


def test_packets_that_come_late_end_late() -> None:
    bound = QueueBound(COSTS)
    bound.erase(0.0)
    bound.packets(2, 1.0)
    assert bound.room(1.0101) == QUEUE_SIZE - 1
    assert bound.room(1.0201) == QUEUE_SIZE


def test_the_next_object_begins_when_the_one_before_it_has_ended() -> None:
    bound = QueueBound(COSTS)
    bound.erase(0.0)
    bound.packets(10, 0.0)
    bound.erase(0.05)
    assert bound.room(0.2999) == QUEUE_SIZE - 1
    assert bound.room(0.3001) == QUEUE_SIZE


def test_an_idle_unit_has_room_for_everything_and_an_erased_page() -> None:
    bound = QueueBound(COSTS)
    bound.erase(0.0)
    bound.packets(15, 0.0)
    bound.idle()
    assert bound.room(0.0) == QUEUE_SIZE
    bound.packets(1, 0.0)
    assert bound.room(0.0101) == QUEUE_SIZE


# What the answers teach.


PACKETS = 17
ROUND_TRIP_S = 0.03


def busy(
    duration_s: float, *, objects: int = 1, erases: int = 1, rest_s: float = ROUND_TRIP_S
) -> BusyTime:
    return BusyTime(duration_s=duration_s, objects=objects, erases=erases, rest_s=rest_s)


def burst(duration_s: float, *, air_s: float = 0.002, round_trip_s: float = ROUND_TRIP_S) -> Burst:
    return Burst(duration_s=duration_s, packets=16, air_s=air_s, round_trip_s=round_trip_s)


def unlearned() -> FlashLesson:
    return FlashLesson(packet_size=244, packets=PACKETS)


def learned() -> FlashLesson:
    """Of packets of 10 ms and erases of 80: 0.25 s for an object."""
    lesson = unlearned()
    lesson.hear_burst(burst(0.16 + 0.02))
    lesson.hear(busy(0.25 + 0.02))
    return lesson


def test_before_anything_is_known_every_unit_is_the_slowest() -> None:
    lesson = unlearned()
    assert not lesson.is_learned
    assert lesson.least_object_s is None
    assert lesson.costs.erase_s == SLOWEST_ERASE_S
    assert lesson.costs.packet_s > 13 * 0.005 + 61 * 338e-6


@pytest.mark.parametrize("size", [4, 20, 24, 96, 180, 244])
def test_no_packet_is_slower_than_the_slowest(size: int) -> None:
    """One of 24 bytes is written in two chunks."""
    chunks = -(-size // 20)
    assert slowest_packet_s(size) >= chunks * 0.005 + size / 4 * 338e-6


def test_a_burst_bounds_packets() -> None:
    lesson = unlearned()
    lesson.hear_burst(burst(0.16 + 0.02))
    assert lesson.is_learned
    assert 0.010 <= lesson.costs.packet_s < 0.012
    assert 0.009 < lesson.least.packet_s <= 0.010
    assert lesson.costs.object_s >= 0.25
    assert lesson.least_object_s is None


def test_an_object_bounds_its_erase() -> None:
    lesson = learned()
    assert 0.080 <= lesson.costs.erase_s < 0.130
    assert 0.040 < lesson.least.erase_s <= 0.080
    assert 0.25 <= lesson.costs.object_s < 0.28


def test_with_two_erases_each_is_half_of_what_is_left() -> None:
    lesson = unlearned()
    lesson.hear_burst(burst(0.16 + 0.02))
    lesson.hear(busy(0.33 + 0.02, erases=2))
    assert 0.080 <= lesson.costs.erase_s < 0.110


def test_packets_as_slow_as_the_air_say_nothing_of_an_erase() -> None:
    lesson = unlearned()
    lesson.hear_burst(burst(0.18, air_s=0.010))
    lesson.hear(busy(0.20))
    assert lesson.costs.erase_s == SLOWEST_ERASE_S
    assert lesson.least == LeastCosts()


def test_the_more_objects_the_closer_the_bounds() -> None:
    lesson = learned()
    lesson.hear(busy(8 * 0.25 + 0.03, objects=8, erases=8))
    assert 0.25 <= lesson.costs.object_s < 0.255
    assert lesson.least_object_s is not None
    assert 0.245 < lesson.least_object_s <= 0.25


def test_an_erase_that_was_not_within_is_added() -> None:
    lesson = learned()
    lesson.hear(busy(2 * 0.25 - 0.08, objects=2, erases=1))
    assert lesson.costs.object_s >= 0.25


@pytest.mark.parametrize("erases", [7, 8, 9])
def test_what_an_object_needs_at_least_is_never_told_too_long(erases: int) -> None:
    """Whether an erase too many was within, or one too few."""
    lesson = learned()
    whole_s = 8 * 0.17 + erases * 0.08
    lesson.hear(busy(whole_s + 0.03, objects=8, erases=erases))
    assert lesson.least_object_s is not None
    assert 0.235 < lesson.least_object_s <= 0.25


def test_flash_that_rested_too_much_does_not_show_what_it_needs() -> None:
    lesson = learned()
    lesson.hear(busy(8 * 0.25 + 0.4, objects=8, erases=8, rest_s=0.4))
    assert lesson.least_object_s is None


def test_the_best_bound_from_below_stays() -> None:
    lesson = learned()
    lesson.hear(busy(8 * 0.25 + 0.03, objects=8, erases=8))
    best_s = lesson.least_object_s
    lesson.hear(busy(2 * 0.25 + 0.03, objects=2, erases=2, rest_s=0.05))
    assert lesson.least_object_s == best_s


# Erases that were seen to end.

SEEN = FlashCosts(erase_s=0.1, packet_s=0.01, object_s=0.3, create_s=0.05, erase_left_s=0.02)


def test_an_erase_that_met_idle_flash_ends_soon_after_its_answer() -> None:
    bound = QueueBound(SEEN)
    bound.erase(0.05, said_s=0.0)
    bound.packets(15, 0.05)
    assert bound.next_room_s == pytest.approx(0.07)


def test_an_answer_that_comes_sooner_than_the_one_that_was_seen_makes_no_erase_shorter() -> None:
    bound = QueueBound(SEEN)
    bound.erase(0.03, said_s=0.0)
    assert bound.next_room_s == pytest.approx(0.05 + 0.02)


def test_an_erase_behind_packets_may_take_its_whole_time() -> None:
    bound = QueueBound(SEEN)
    bound.packets(4, 0.0)
    bound.erase(0.03, said_s=0.02)
    assert bound.room(0.0401) == QUEUE_SIZE - 1
    assert bound.next_room_s == pytest.approx(0.04 + 0.1)


def test_what_waited_for_an_erase_begins_when_it_is_known_to_be_over() -> None:
    bound = QueueBound(COSTS)
    bound.packets(3, 0.0)
    bound.erase(0.0)
    bound.packets(5, 0.0)
    bound.erased(0.06)
    assert bound.room(0.06) == QUEUE_SIZE - 5
    assert bound.next_room_s == pytest.approx(0.07)
    assert bound.room(0.1101) == QUEUE_SIZE
    bound.packets(1, 0.06)
    assert bound.room(0.1199) == QUEUE_SIZE - 1
    assert bound.room(0.1201) == QUEUE_SIZE


def test_an_erase_that_is_known_to_be_over_makes_nothing_later() -> None:
    bound = QueueBound(COSTS)
    bound.erase(0.0)
    bound.packets(2, 0.0)
    bound.erased(5.0)
    assert bound.room(0.1201) == QUEUE_SIZE


def test_where_an_erase_ends_is_learned_with_a_round_trip_to_spare() -> None:
    lesson = unlearned()
    seen = SeenErase(create_s=0.1, least_s=0.01, left_s=0.02)
    lesson.hear_erase(seen, round_trip_s=0.03)
    lesson.hear_burst(burst(0.17))
    lesson.hear(busy(0.27))
    assert lesson.costs.create_s == 0.1
    assert lesson.costs.erase_left_s == pytest.approx(0.05)
    assert lesson.least.erase_s >= 0.01


def test_time_in_which_flash_may_have_been_idle_is_not_taken_for_packets() -> None:
    """An erase that they seem to leave no room for would be known too short."""
    lesson = unlearned()
    lesson.hear_burst(burst(0.16 + 0.12, round_trip_s=0.12))
    lesson.hear(busy(0.25 + 0.02))
    assert lesson.costs.erase_s >= 0.08


# What flash was surely busy with.

LEAST = LeastCosts(erase_s=0.08, packet_s=0.01)


def test_flash_that_has_enough_to_do_does_not_rest() -> None:
    rest = RestBound(LEAST, way_s=0.015)
    rest.erase(said_s=0.0, now_s=0.015)
    assert rest.rest_s == pytest.approx(0.015)  # nobody knows when the erase began
    rest.packets(10, said_s=0.015, now_s=0.03)
    rest.packets(5, said_s=0.1, now_s=0.17)
    assert rest.rest_s == pytest.approx(0.015)


def test_what_comes_late_may_have_been_waited_for() -> None:
    rest = RestBound(LEAST, way_s=0.015)
    rest.packets(2, said_s=0.0, now_s=0.01)
    rest.packets(1, said_s=0.06, now_s=0.07)
    assert rest.rest_s == pytest.approx(0.01 + 0.05)
    rest.packets(1, said_s=0.065, now_s=0.075)
    assert rest.rest_s == pytest.approx(0.06 + 0.005)  # there is work until 0.07, surely


def test_an_execute_that_waited_shows_that_flash_was_busy() -> None:
    rest = RestBound(LeastCosts(), way_s=0.015)
    rest.packets(16, said_s=0.0, now_s=0.01)
    said = rest.execute(0.01)
    rest.packets(16, said_s=0.2, now_s=0.21)
    assert rest.rest_s == pytest.approx(0.21)
    rest.answered(said, 0.4)
    assert rest.rest_s == pytest.approx(0.01 + 0.015)
    rest.packets(1, said_s=0.4, now_s=0.41)
    assert rest.rest_s == pytest.approx(0.025 + 0.41 - 0.385)


def test_an_execute_that_was_answered_at_once_shows_nothing() -> None:
    rest = RestBound(LeastCosts(), way_s=0.015)
    rest.packets(16, said_s=0.0, now_s=0.01)
    said = rest.execute(0.01)
    rest.packets(1, said_s=0.01, now_s=0.03)
    rest.answered(said, 0.04)
    assert rest.rest_s == pytest.approx(0.03)


def test_idle_flash_begins_anew_with_what_is_handed_over_next() -> None:
    rest = RestBound(LEAST, way_s=0.015)
    rest.packets(1, said_s=0.0, now_s=0.5)
    rest.idle()
    assert rest.rest_s == 0.0
    rest.packets(1, said_s=9.0, now_s=9.01)
    assert rest.rest_s == pytest.approx(0.01)
