"""What the face of a unit promises to every radio."""

from __future__ import annotations

import pytest

from firmline.device.radio_face import ATT_MTU_MIN, agreed_mtu
from firmline.links.gatt import DEFAULT_MTU


@pytest.mark.parametrize(
    ("requested", "answer"),
    [(23, 23), (24, 23), (26, 23), (27, 27), (100, 99), (185, 183), (247, 247), (517, 247)],
)
def test_the_mtu_is_rounded_to_whole_words_as_in_the_sdk(requested: int, answer: int) -> None:
    assert agreed_mtu(requested, 247) == answer


@pytest.mark.parametrize("requested", [0, 3, 22])
def test_no_mtu_below_23_is_agreed(requested: int) -> None:
    assert agreed_mtu(requested, 247) == 23


def test_the_units_own_maximum_counts() -> None:
    assert agreed_mtu(247, 131) == 131
    assert agreed_mtu(517, 23) == 23


def test_every_agreed_payload_is_a_number_of_words() -> None:
    for requested in range(27, 600):
        assert (agreed_mtu(requested, 247) - 3) % 4 == 0
        assert agreed_mtu(requested, 247) <= min(requested, 247)


def test_the_smallest_mtu_is_the_same_on_both_sides_of_a_link() -> None:
    assert ATT_MTU_MIN == DEFAULT_MTU
