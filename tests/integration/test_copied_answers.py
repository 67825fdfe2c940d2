"""Answers that arrive twice, or make no sense: nothing is sent again that the unit has.

Each write that a bootloader must refuse costs it a receive buffer (bootloader spec, section 13), so
a host that takes a copy for an answer slowly kills the unit. The true unit's log tells.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest

from firmline import events
from firmline.device.faults.plan import (
    CorruptedPackets,
    Direction,
    DuplicatedPackets,
    Fault,
    FaultPlan,
    LinkLoss,
    LostPackets,
)
from firmline.device.profile import PROFILES
from firmline.events import Outcome
from firmline.protocol.pacing import AHEAD, FOR_BLUETOOTH, Pacing
from integration.serial_port import road
from integration.story import SIZE, Told, package, update
from integration.usb import bus
from unit.device.makers import BANK_0, describe

pytestmark = pytest.mark.slow
BLE = [name for name, profile in PROFILES.items() if profile.is_ble]
PACINGS = [pytest.param(FOR_BLUETOOTH, id="step-by-step"), pytest.param(AHEAD, id="ahead")]
FROM_UNIT = Direction.FROM_UNIT
LEAKS = {"buffer_lost", "packet_without_buffer"}


def told_with(*faults: Fault, pacing: Pacing, profile: str = "sdk15.3-ble", seed: int = 1) -> Told:
    plan = FaultPlan(faults=faults, seed=seed)
    description = describe(faults=plan, profile=PROFILES[profile])
    return update(description, pacing=pacing, interval_s=0.015)


@cache
def answers(pacing: Pacing, profile: str) -> int:
    """Of a bootloader in an update without faults; the first one heard is the application's."""
    return told_with(pacing=pacing, profile=profile).count(events.AnswerReceived) - 1


def is_new(told: Told) -> bool:
    return told.unit.board.flash.read(BANK_0, SIZE) == package().images[0].firmware


@pytest.mark.parametrize("pacing", PACINGS)
@pytest.mark.parametrize("profile", BLE)
def test_a_copy_of_any_answer_costs_no_buffer_and_no_session(profile: str, pacing: Pacing) -> None:
    for nth in range(1, answers(pacing, profile) + 1):
        copied = DuplicatedPackets(first=nth, direction=FROM_UNIT)
        told = told_with(copied, pacing=pacing, profile=profile)
        assert told.result.finished.outcome is Outcome.UPDATED, nth
        assert LEAKS.isdisjoint(told.logged), nth
        assert told.count(events.LadderStepped) == 0, nth
        assert told.count(events.ObjectRepeated) == 0, nth
        is_seen = nth < answers(pacing, profile)  # nobody listens behind the last one
        assert told.count(events.AnswerPassedOver) == is_seen, nth
        assert is_new(told)


@pytest.mark.parametrize("pacing", PACINGS)
def test_a_copy_of_every_answer_costs_nothing_either(pacing: Pacing) -> None:
    copied = DuplicatedPackets(first=1, every=1, direction=FROM_UNIT)
    told = told_with(copied, pacing=pacing)
    assert told.result.finished.outcome is Outcome.UPDATED
    assert LEAKS.isdisjoint(told.logged)
    assert told.count(events.LadderStepped) == 0


@pytest.mark.parametrize("pacing", PACINGS)
@pytest.mark.parametrize("times", [2, 3])
def test_answers_that_come_four_times_and_more_cost_nothing(times: int, pacing: Pacing) -> None:
    """Each fault hands on what the one before it has: four copies, then eight."""
    every = [
        DuplicatedPackets(first=first, every=1, direction=FROM_UNIT)
        for first in range(1, times + 1)
    ]
    told = told_with(*every, pacing=pacing)
    assert told.result.finished.outcome is Outcome.UPDATED
    assert LEAKS.isdisjoint(told.logged)
    assert told.count(events.LadderStepped) == 0
    assert is_new(told)


@pytest.mark.parametrize("pacing", PACINGS)
@pytest.mark.parametrize("after_packets", [0, 20, 40, 60])
def test_copies_do_not_hide_where_the_image_goes_on(after_packets: int, pacing: Pacing) -> None:
    every = [DuplicatedPackets(first=first, every=1, direction=FROM_UNIT) for first in range(1, 4)]
    told = told_with(LinkLoss(after_packets=after_packets), *every, pacing=pacing)
    assert told.result.finished.outcome is Outcome.UPDATED
    assert LEAKS.isdisjoint(told.logged)
    steps = [e.step for e in told.heard if isinstance(e, events.LadderStepped)]
    assert steps == ["resume"]


@pytest.mark.parametrize("pacing", PACINGS)
@pytest.mark.parametrize("lost", [0.01, 0.05])
@pytest.mark.parametrize("seed", range(15))
def test_copies_while_packets_are_lost_cost_no_buffer(
    seed: int, lost: float, pacing: Pacing
) -> None:
    """What a copy says may then be true of the last packet, and false of the next."""
    rng = random.Random(seed)
    told = told_with(
        DuplicatedPackets(share=rng.choice([0.1, 0.5, 1.0]), direction=FROM_UNIT),
        LostPackets(share=lost),
        pacing=pacing,
        profile=rng.choice(BLE),
        seed=seed,
    )
    assert LEAKS.isdisjoint(told.logged)
    # A packet in twenty may be more than the ladder overcomes; it then says so.
    is_updated = told.result.finished.outcome is Outcome.UPDATED
    assert is_updated or (lost > 0.01 and told.result.finished.code)
    assert is_new(told) or not is_updated


@pytest.mark.parametrize("pacing", PACINGS)
@pytest.mark.parametrize("profile", BLE)
def test_an_answer_that_makes_no_sense_costs_no_buffer_and_is_never_a_false_success(
    profile: str, pacing: Pacing
) -> None:
    for nth in range(1, answers(pacing, profile) + 1):
        spoiled = CorruptedPackets(first=nth, direction=FROM_UNIT)
        told = told_with(spoiled, pacing=pacing, profile=profile, seed=nth)
        outcome = told.result.finished.outcome
        assert LEAKS.isdisjoint(told.logged), nth
        assert outcome in (Outcome.UPDATED, Outcome.REFUSED), (nth, told.result.finished.message)
        assert is_new(told) or outcome is Outcome.REFUSED, nth


@pytest.mark.parametrize("profile", BLE)
def test_a_packet_that_comes_twice_ahead_is_refused_with_nothing_under_way(profile: str) -> None:
    """The unit refuses it, and what was said since is answered before anything else is asked."""
    for nth in range(4, 80, 3):
        told = told_with(DuplicatedPackets(first=nth), pacing=AHEAD, profile=profile)
        assert told.result.finished.outcome is Outcome.UPDATED, nth
        faults = [e.fault for e in told.heard if isinstance(e, events.LadderStepped)]
        assert "nonsense" not in faults, nth
        assert told.logged.count("buffer_lost") <= 1, nth  # the road's doing
        assert is_new(told)


# Over a wire, where its bootloader is asked before anything is sent.


def over_a_uart(*faults: Fault) -> Any:
    return road.update(road.waiting(*faults))


def over_usb(*faults: Fault) -> Any:
    return bus.update(bus.plugged(faults=FaultPlan(faults=faults, seed=1)))


@pytest.mark.parametrize("over", [over_a_uart, over_usb])
@pytest.mark.parametrize("times", [1, 2, 3])
def test_a_line_that_copies_every_answer_carries_an_update(
    times: int, over: Callable[..., Any]
) -> None:
    every = [
        DuplicatedPackets(first=first, every=1, direction=FROM_UNIT)
        for first in range(1, times + 1)
    ]
    told, good = over(*every), over()
    assert told.result.finished.outcome is Outcome.UPDATED
    assert told.is_new
    for kind in (events.SessionRepeated, events.LadderStepped, events.ObjectRepeated):
        assert not told.of(kind)
    seen = [[(e.image, e.version) for e in one.of(events.VersionSeen)] for one in (told, good)]
    assert seen[0] == seen[1]
    assert LEAKS.isdisjoint({entry.what for entry in told.unit.log})
