"""What a person reads once, and reads again where it has changed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from firmline import events
from firmline.cli.narration import Narration
from firmline.events import Event, UnitMode
from unit.cli.event_samples import HOME, IMAGE_SENT, SAMPLES

SEEN = events.UnitSeen(address=HOME, name="DfuTarg", rssi_dbm=-50)
CONNECTED = events.Connected(address=HOME, mode=UnitMode.BOOTLOADER, mtu=247)
ENCRYPTED = events.LinkEncrypted(address=HOME, new_bond=False)
ANSWERED = events.BootloaderAnswered(after_s=0.1)
LOST = events.LinkLost(hci_reason=8, expected=False)
STANDING = (SEEN, CONNECTED, ENCRYPTED, ANSWERED)


def told(*happened: Event) -> list[Event]:
    narration = Narration()
    return [event for event in happened if narration.is_news(event)]


def test_what_stands_is_told_once() -> None:
    assert told(*STANDING, *STANDING) == list(STANDING)


def test_how_strong_a_unit_is_heard_is_no_news() -> None:
    assert told(SEEN, replace(SEEN, rssi_dbm=-70)) == [SEEN]


@pytest.mark.parametrize(
    "other",
    [
        replace(SEEN, address=HOME.plus_one()),
        replace(SEEN, name="Tag"),
        replace(CONNECTED, mode=UnitMode.APPLICATION),
        replace(ENCRYPTED, new_bond=True),
    ],
)
def test_another_unit_mode_or_bond_is_news(other: Event) -> None:
    assert told(*STANDING, other) == [*STANDING, other]


@pytest.mark.parametrize("turn", [LOST, IMAGE_SENT])
def test_after_a_turn_all_of_it_is_news_again(turn: Event) -> None:
    assert told(*STANDING, turn, *STANDING) == [*STANDING, turn, *STANDING]


@pytest.mark.parametrize(
    "event", [each for each in SAMPLES if type(each) not in map(type, STANDING)]
)
def test_everything_else_is_told_every_time(event: Event) -> None:
    assert told(event, event) == [event, event]
