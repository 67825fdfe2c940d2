"""Options of targets: the same words for every scheme."""

from __future__ import annotations

import pytest

from firmline.errors import Code, InputError
from firmline.links.base import USUAL_INTERVAL_S
from firmline.links.target import parse_target
from firmline.links.target_options import (
    MAX_INTERVAL_MS,
    MIN_INTERVAL_MS,
    interval_option,
    number_option,
    refuse_others,
)


@pytest.mark.parametrize("scheme", ["ble", "hci", "serial", "sim", "usb"])
def test_another_option_is_refused_by_the_name_of_its_scheme(scheme: str) -> None:
    target = parse_target(f"{scheme}:where?colour=red")
    with pytest.raises(InputError, match=f"A {scheme}: target has no option 'colour'") as caught:
        refuse_others(target, ("baud", "flow"))
    assert caught.value.code is Code.TARGET_MALFORMED
    assert caught.value.hint == "Its options are: baud, flow."


def test_a_hint_of_one_s_own_stands_instead_of_the_list() -> None:
    with pytest.raises(InputError) as caught:
        refuse_others(parse_target("usb:1?baud=1"), (), hint="USB has none.")
    assert caught.value.hint == "USB has none."


def test_options_that_there_are_pass() -> None:
    refuse_others(parse_target("serial:/dev/ttyACM0?baud=1&flow=none"), ("baud", "flow"))


@pytest.mark.parametrize(
    ("text", "interval_s"),
    [("7.5", 0.0075), ("8.75", 0.00875), ("30", 0.03), ("4000", 4.0)],
)
def test_an_interval_is_in_milliseconds(text: str, interval_s: float) -> None:
    assert interval_option(parse_target(f"sim:u?interval={text}")) == pytest.approx(interval_s)


def test_without_one_the_usual_interval_is_meant() -> None:
    assert interval_option(parse_target("sim:u")) == USUAL_INTERVAL_S


@pytest.mark.parametrize(
    "text", ["7", "6.25", "8", "4001.25", "-7.5", "1e1", "7,5", "inf", "nan", "٣٠", "1" * 20]
)
def test_what_is_no_interval_is_refused_with_its_bounds(text: str) -> None:
    with pytest.raises(InputError, match=f"from {MIN_INTERVAL_MS:g} to {MAX_INTERVAL_MS:g}"):
        interval_option(parse_target(f"hci:usb:0?interval={text}"))


@pytest.mark.parametrize("text", ["0", "101", "1.5", "x"])
def test_a_number_keeps_to_its_bounds_and_steps(text: str) -> None:
    with pytest.raises(InputError, match=f"packets={text} is not a whole number from 1 to 100"):
        number_option(
            parse_target(f"sim:u?packets={text}"), "packets", 1, 100, "a whole number", step=1
        )


def test_large_bounds_are_printed_in_full() -> None:
    with pytest.raises(InputError, match="from 300 to 12000000"):
        number_option(parse_target("serial:p?baud=1"), "baud", 300, 12_000_000, "a speed")
