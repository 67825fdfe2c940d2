"""How a unit came back, and what that proves."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmline import events
from firmline.device.chips import chip, chip_names
from firmline.events import Event, UnitMode, stamp
from firmline.updater.radio.homecoming import Homecoming, Return
from firmline.values import BleAddress, ImageKind

ADDRESS = BleAddress.parse("C6:05:04:03:02:01")
SIZE = 150_000


def heard(*story: tuple[float, Event]) -> Return:
    homecoming = Homecoming()
    for at_s, event in story:
        homecoming.hear(stamp(event, at_s))
    return homecoming.told()


STARTED = events.ImageStarted(kind=ImageKind.APPLICATION, index=0, init_packet_size=1, size=SIZE)
SENT = events.ImageSent(kind=ImageKind.APPLICATION, size=SIZE)
SEARCHING = events.Searching(address=ADDRESS, expected_mode=UnitMode.APPLICATION)
SEEN = events.UnitSeen(address=ADDRESS, name="Tag", rssi_dbm=-50)


def ended(reason: int | None) -> Event:
    return events.LinkLost(hci_reason=reason, expected=True)


GOOD = [(0.0, STARTED), (20.0, SENT), (20.5, ended(0x13)), (20.5, SEARCHING), (26.0, SEEN)]


def test_the_time_is_counted_from_the_end_of_the_connection_to_the_first_sighting() -> None:
    assert heard(*GOOD) == Return(size=SIZE, ended_by_unit=True, after_s=5.5)
    assert heard(*GOOD, (40.0, SEEN)).after_s == 5.5
    assert heard(*GOOD).is_late_enough


@pytest.mark.parametrize(
    ("reason", "by_unit"), [(0x13, True), (0x08, False), (0x16, False), (0x3E, False), (None, None)]
)
def test_only_a_unit_that_says_goodbye_has_ended_the_connection(
    reason: int | None, by_unit: bool | None
) -> None:
    story = [*GOOD[:2], (20.5, ended(reason)), *GOOD[3:]]
    told = heard(*story)
    assert told.ended_by_unit is by_unit
    assert told.is_late_enough is (by_unit is True)


def test_what_is_not_seen_is_not_known() -> None:
    assert heard(*GOOD[:2], *GOOD[3:]).after_s is None
    assert heard(*GOOD[:-1]).after_s is None
    assert not heard(*GOOD[:-1]).is_late_enough
    assert heard().after_s is None


def test_losses_and_sightings_before_the_image_was_accepted_do_not_count() -> None:
    early: list[tuple[float, Event]] = [
        (0.0, STARTED),
        (5.0, ended(0x08)),
        (6.0, SEARCHING),
        (7.0, SEEN),
    ]
    assert heard(*early, *GOOD[1:]) == heard(*GOOD)


def test_a_sighting_in_the_bootloader_is_no_return() -> None:
    other = events.Searching(address=ADDRESS, expected_mode=UnitMode.BOOTLOADER)
    story = [*GOOD[:3], (21.0, other), (21.1, SEEN), *GOOD[3:]]
    assert heard(*story).after_s == 5.5


def test_another_units_bootloader_at_its_address_is_no_return() -> None:
    """Addresses in a row overlap: what was seen there was another one."""

    def connected(mode: UnitMode) -> Event:
        return events.Connected(address=ADDRESS, mode=mode, mtu=247)

    story = [*GOOD[:4], (20.6, SEEN), (20.9, connected(UnitMode.BOOTLOADER))]
    assert heard(*story).after_s is None
    assert heard(*story, (27.0, connected(UnitMode.APPLICATION))).after_s == 6.5
    assert heard(*GOOD, (26.5, connected(UnitMode.APPLICATION))).after_s == 5.5


def test_of_two_images_the_last_one_counts() -> None:
    again = [(at_s + 100, event) for at_s, event in GOOD]
    assert heard(*GOOD, *again).after_s == 5.5


@pytest.mark.parametrize("name", chip_names())
@given(size=st.integers(1, 200_000).map(lambda words: 4 * words))
def test_no_chip_copies_an_image_faster_than_the_bound(name: str, size: int) -> None:
    """By the longest times of its datasheet; the bound takes the shortest erasure there is."""
    row = chip(name)
    pages = -(-size // row.page_size)
    copy_s = pages * row.erase_page_ms / 1e3 + size / 4 * row.write_word_us / 1e6
    assert Return(size=size, ended_by_unit=True, after_s=None).shortest_s <= copy_s


@pytest.mark.parametrize("after_s", [0.1, 3.0, 30.0, 600.0])
def test_where_the_link_does_not_tell_how_it_ended_no_time_proves_anything(after_s: float) -> None:
    """The power may have gone before the settings were written, and come back whenever."""
    assert not Return(size=8_000, ended_by_unit=None, after_s=after_s).is_late_enough


def test_a_unit_that_ended_the_link_itself_has_only_to_be_late_enough() -> None:
    assert not Return(size=8_000, ended_by_unit=True, after_s=0.05).is_late_enough
    assert Return(size=8_000, ended_by_unit=True, after_s=1.0).is_late_enough
