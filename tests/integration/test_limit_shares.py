"""The page of speeds is what the updates say, and what an update tells of itself is near the truth.

Every case is one update in virtual time, by the means of the page itself.
"""

from __future__ import annotations

import re
from functools import cache

import pytest

import speed_page
from bench.limit_shares import Case, Method, Reached, Road, cases, limit_s, measure
from bench.limit_shares import image as sent_image

PAGE = speed_page.PAGE.read_text(encoding="utf-8")
FAST = Case(chip="nrf52840", road=Road.BLE_2M, drain_ms=0.3)
ROUNDING = 0.0005
"""Half of the last digit of a result's share."""
SOME = [
    FAST,
    Case(chip="nrf52832-512k", road=Road.BLE_1M, drain_ms=5.0),
    Case(chip="nrf52840", road=Road.BLE_1M, drain_ms=0.3, method=Method.STEP_BY_STEP),
    Case(chip="nrf52840", road=Road.BLE_1M, drain_ms=0.3, method=Method.WAIT_400),
    Case(chip="nrf52840", road=Road.BLE_1M, drain_ms=0.3, method=Method.WAIT_100),
    Case(chip="nrf52840", road=Road.BLE_1M, drain_ms=0.3, waits_for_gap=False),
    Case(chip="nrf52840", road=Road.BLE_1M, drain_ms=1.0, mtu=185, interval_ms=30.0),
    Case(chip="nrf52840", road=Road.BLE_1M, drain_ms=0.3, mtu=23),
    *(case for case in cases() if not case.road.is_radio),
]


@cache
def reached(case: Case) -> Reached:
    return measure(case)


@pytest.mark.slow
@pytest.mark.parametrize("case", SOME, ids=str)
def test_a_row_of_the_page_is_what_its_update_reaches(case: Case) -> None:
    shown = {row.case: row for row in speed_page.read(PAGE)}
    assert shown[case] == speed_page.Row.of(reached(case)), "run make speed"


@pytest.mark.slow
@pytest.mark.parametrize("case", [case for case in SOME if not case.road.is_radio], ids=str)
def test_on_a_line_an_update_tells_its_true_share_or_less(case: Case) -> None:
    told, true = reached(case).reported, reached(case).share
    assert told is not None
    assert true is not None
    assert told <= true + 0.005
    if case.road is not Road.UART_115200:  # flash is hidden behind that wire
        assert told == pytest.approx(true, abs=0.005)


@pytest.mark.slow
@pytest.mark.parametrize("prn", [1, 7, 192])
@pytest.mark.parametrize("case", [case for case in SOME if not case.road.is_radio], ids=str)
def test_waiting_for_receipts_is_not_the_units_own_time(case: Case, prn: int) -> None:
    """The limit is that of the unit, whatever the host waits for: a lower bound of it is told."""
    with_receipts = measure(case, prn=prn)
    told, true = with_receipts.reported, with_receipts.share
    assert told is not None
    assert true is not None
    assert 0.8 * true < told <= true + 0.005


@pytest.mark.slow
@pytest.mark.parametrize("case", [case for case in SOME if case.method is Method.FIRMLINE], ids=str)
def test_no_update_tells_more_than_all_of_its_limit(case: Case) -> None:
    """Nothing cuts a share off at 1: one that is above it would be seen here."""
    told = reached(case).reported
    if case.is_usual:
        assert told is not None
    assert told is None or 0 < told <= 1 + ROUNDING


def test_no_row_of_the_page_is_above_its_limit() -> None:
    for row in speed_page.read(PAGE):
        for share in (row.share, row.bare_share, row.told):
            assert share is None or 0 < share <= 100 * (1 + ROUNDING)


def test_no_row_of_a_radio_tells_more_than_it_reached() -> None:
    """What is learned from the answers has no round trip in it."""
    rows = [row for row in speed_page.read(PAGE) if row.case.road.is_radio and row.told]
    assert len(rows) > 40
    for row in rows:
        assert row.share is not None
        assert row.told is not None
        assert row.told <= row.share


def test_page_and_picture_are_drawn_from_the_rows() -> None:
    rows = speed_page.read(PAGE)
    assert [row.case for row in rows] == [*cases()]
    assert speed_page.page(rows) == PAGE, "run make speed"
    assert speed_page.picture(rows) == speed_page.PICTURE.read_text(encoding="utf-8")


def test_the_readme_says_what_the_page_says() -> None:
    reaches = re.compile(r"firmline reaches ([0-9.]+ to [0-9.]+ %)")
    (said, _) = reaches.findall(
        " ".join(PAGE.split())
    )  # the second: of erases that wait for no gap
    readme = (speed_page.ROOT / "README.md").read_text(encoding="utf-8")
    assert f"[{said} of what the unit's flash allows](docs/reference/speed.md)" in readme


def test_a_page_with_a_row_that_nobody_asked_for_is_not_read() -> None:
    strange = PAGE.replace("| nrf52832-512k | 2 ms |", "| nrf52832-512k | 3 ms |")
    with pytest.raises(KeyError):
        speed_page.read(strange)


def test_a_goal_that_is_missed_is_said_with_its_case() -> None:
    rows = speed_page.read(PAGE)
    slow = [
        speed_page.Row(case=row.case, speed="1.0", share=50.0, bare_share=40.0, told=None)
        if row.case == FAST
        else row
        for row in rows
    ]
    # Wherever the lines are broken.
    said = " ".join(speed_page.page(slow).split())
    assert "**missed** in 1 of 17 cases (nrf52840 over BLE 2M, drain 0.3 ms: 50.0 %)" in said
    assert "met in all 17 cases" not in said


# The limit itself, beside figures that were worked out by hand (physics spec, sections 1 and 6).


def test_over_usb_the_limit_is_that_of_the_flash() -> None:
    """36 whole pages and one of 2,544 bytes: 37 erases of 85 ms, 37,500 words of 41 us."""
    usb = Case(chip="nrf52840", road=Road.USB, drain_ms=None)
    assert len(sent_image()) == 150_000
    assert limit_s(usb) == pytest.approx(37 * 0.085 + 37_500 * 41e-6)


def test_over_bluetooth_chunks_and_the_wait_for_a_gap_count() -> None:
    """16 packets of 13 chunks and one of 10 for an object; at the end 10 and one of 6."""
    chunks = 36 * (16 * 13 + 10) + 10 * 13 + 6
    bare_s = 37 * 0.085 + 37_500 * 41e-6 + chunks * 0.001
    case = Case(chip="nrf52840", road=Road.BLE_1M, drain_ms=1.0)
    assert limit_s(case, bare=True) == pytest.approx(bare_s)
    assert limit_s(case) == pytest.approx(bare_s + 37 * 0.078)


def test_on_a_slow_uart_the_limit_is_that_of_the_wire() -> None:
    uart = Case(chip="nrf52840", road=Road.UART_115200, drain_ms=None)
    packets = 36 * 64 + 40
    least_s = (150_000 + 2 * packets) * 10 / 115_200
    assert least_s < limit_s(uart) < 1.02 * least_s  # a byte in 128 is escaped
