"""What is known of a unit's flash: the bound of its queue, and what its answers teach."""

from __future__ import annotations

import pytest

from firmline.protocol.flash_costs import (
    QUEUE_SIZE,
    SLOWEST_ERASE_S,
    FlashCosts,
    QueueBound,
)
from firmline.protocol.flash_lesson import BusyTime, FlashLesson

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


def busy(duration_s: float, *, objects: int = 1, erases: int = 1, air_s: float = 0.002) -> BusyTime:
    return BusyTime(
        duration_s=duration_s, objects=objects, erases=erases, air_s=air_s, round_trip_s=0.03
    )


def learned() -> FlashLesson:
    """Of packets of 10 ms and erases of 80."""
    lesson = FlashLesson(packet_size=244, packets=17)
    lesson.hear(busy(0.17 + 0.02, erases=0))
    lesson.hear(busy(0.25 + 0.02, erases=1))
    return lesson


def test_before_anything_is_known_every_unit_is_the_slowest() -> None:
    lesson = FlashLesson(packet_size=244, packets=17)
    assert lesson.wants_packets_alone
    assert not lesson.is_learned
    assert lesson.costs.erase_s == SLOWEST_ERASE_S
    assert lesson.costs.packet_s > 13 * 0.005 + 61 * 338e-6


def test_two_objects_alone_bound_packets_and_erases() -> None:
    lesson = learned()
    assert lesson.is_learned
    assert 0.010 <= lesson.costs.packet_s < 0.012
    assert 0.080 <= lesson.costs.erase_s < 0.130
    assert lesson.costs.object_s >= 0.250
    assert lesson.least_object_s >= 0.250 - 0.01  # it took 0.02 of the round trip of 0.03


def test_with_two_erases_each_is_half_of_what_is_left() -> None:
    lesson = FlashLesson(packet_size=244, packets=17)
    lesson.hear(busy(0.17 + 0.02, erases=0))
    lesson.hear(busy(0.33 + 0.02, erases=2))
    assert 0.080 <= lesson.costs.erase_s < 0.110


def test_an_object_costs_no_more_than_it_was_seen_to() -> None:
    """Bounds of its parts are loose where the radio was deaf in between."""
    assert learned().least_object_s == pytest.approx(0.25 + 0.02 - 0.03)


def test_packets_as_slow_as_the_air_say_nothing_of_an_erase() -> None:
    lesson = FlashLesson(packet_size=244, packets=17)
    lesson.hear(busy(0.19, erases=0, air_s=0.010))
    lesson.hear(busy(0.20, erases=1, air_s=0.010))
    assert lesson.costs.erase_s == SLOWEST_ERASE_S


def test_the_more_objects_the_closer_the_bounds() -> None:
    lesson = FlashLesson(packet_size=244, packets=17)
    lesson.hear(busy(0.17 + 0.02, erases=0))
    lesson.hear(busy(0.33 + 0.02, erases=2))
    lesson.hear(busy(8 * 0.25 + 0.03, objects=8, erases=8))
    assert 0.25 <= lesson.costs.object_s < 0.255
    assert 0.245 < lesson.least_object_s <= 0.25


def test_an_erase_that_was_not_within_is_added() -> None:
    lesson = learned()
    lesson.hear(busy(2 * 0.25 - 0.08, objects=2, erases=1))
    assert lesson.costs.object_s >= 0.25


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
    lesson = FlashLesson(packet_size=244, packets=17)
    lesson.hear_erase(create_s=0.1, left_s=0.02, round_trip_s=0.03)
    lesson.hear(busy(0.17, erases=0))
    lesson.hear(busy(0.27))
    assert lesson.costs.create_s == 0.1
    assert lesson.costs.erase_left_s == pytest.approx(0.05)


def test_time_in_which_flash_may_have_been_idle_is_not_taken_for_packets() -> None:
    """An erase that they seem to leave no room for would be known too short."""
    busy_s = [0.17 + 0.12, 0.25 + 0.02]
    lesson = FlashLesson(packet_size=244, packets=17)
    idle = BusyTime(duration_s=busy_s[0], objects=1, erases=0, air_s=0.002, round_trip_s=0.12)
    lesson.hear(idle)
    lesson.hear(busy(busy_s[1]))
    assert lesson.costs.erase_s >= 0.08
