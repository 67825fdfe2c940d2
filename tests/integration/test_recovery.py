"""Losses in the middle of an update over the virtual radio, everywhere: the image goes on.

Each story is a whole update in virtual time, with flash and radio that take theirs.
"""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from firmline import events
from firmline.device.bootloader.settings_ram import SIZE as SETTINGS_SIZE
from firmline.device.chips import chip
from firmline.device.faults.plan import (
    CorruptedPackets,
    DelayedPackets,
    Direction,
    DroppedOperation,
    DuplicatedPackets,
    Fault,
    FaultPlan,
    HostGone,
    LinkLoss,
    LostPackets,
    PowerCutAt,
)
from firmline.device.physics.timing import Timing
from firmline.device.profile import PROFILES
from firmline.events import Outcome, UnitMode
from firmline.protocol.pacing import AHEAD, FOR_BLUETOOTH, Pacing
from firmline.values import FwVersion
from integration.story import SIZE, Told, package, update
from unit.device.makers import BANK_0, describe

pytestmark = pytest.mark.slow
BLE = [name for name, profile in PROFILES.items() if profile.is_ble]
PACKETS = -(-SIZE // 244) + 1
SETTINGS = 2 * (1 + SETTINGS_SIZE // 4)
"""Operations of one saving of both settings pages."""
OPERATIONS = SETTINGS + 5 + SIZE // 4
"""Of an update until the last EXECUTE: init packet and image."""
FAST = chip("nrf52840")


PACINGS = [pytest.param(FOR_BLUETOOTH, id="step-by-step"), pytest.param(AHEAD, id="ahead")]
"""How objects are sent: over a radio that does not say what has arrived, and over one that does."""


def told_with(
    *faults: Fault,
    profile: str = "sdk15.3-ble",
    seed: int = 1,
    pacing: Pacing = FOR_BLUETOOTH,
) -> Told:
    description = describe(faults=FaultPlan(faults=faults, seed=seed), profile=PROFILES[profile])
    told = update(description, pacing=pacing)
    assert_honest(told)
    return told


def assert_honest(told: Told) -> None:
    """Success means that the unit runs what was sent."""
    if told.result.finished.outcome is Outcome.UPDATED:
        assert told.unit.mode is UnitMode.APPLICATION
        assert told.unit.board.flash.read(BANK_0, SIZE) == package().images[0].firmware


def assert_can_be_updated(told: Told, *, profile: str, pacing: Pacing) -> None:
    """Whatever became of the unit: switched on again with nothing wrong any more, it is updated."""
    flash = told.unit.board.flash
    healthy = describe(profile=PROFILES[profile])
    after = package(seed="the one after", application_version=FwVersion(5))
    again = update(healthy, after, pacing=pacing, flash=flash.read(0, flash.size))
    assert again.result.finished.outcome is Outcome.UPDATED, again.result.finished.message
    assert again.unit.board.flash.read(BANK_0, SIZE) == after.images[0].firmware


@pytest.mark.parametrize("pacing", PACINGS)
@pytest.mark.parametrize("profile", BLE)
def test_a_link_that_is_lost_behind_any_packet_is_made_again(profile: str, pacing: Pacing) -> None:
    for after in range(0, PACKETS, 7):
        told = told_with(LinkLoss(after_packets=after), profile=profile, pacing=pacing)
        assert told.result.finished.outcome is Outcome.UPDATED, after
        # An EXECUTE that waited for flash when the link went is answered in the next connection,
        # where that makes no sense: then there is one step more.
        faults = [step.fault for step in told.of(events.LadderStepped)]
        assert faults in (["link-lost"], ["link-lost", "nonsense"]), after


@pytest.mark.parametrize("pacing", PACINGS)
@pytest.mark.parametrize("profile", BLE)
def test_a_link_that_is_lost_in_every_connection_comes_to_the_end(
    profile: str, pacing: Pacing
) -> None:
    told = told_with(LinkLoss(after_packets=25, times=1000), profile=profile, pacing=pacing)
    assert told.result.finished.outcome is Outcome.UPDATED
    steps = [event.step for event in told.heard if isinstance(event, events.LadderStepped)]
    forgets = PROFILES[profile].reloads_settings_after_link_loss
    assert ("denser-checkpoints" in steps) is forgets


@pytest.mark.parametrize("pacing", PACINGS)
def test_a_link_that_is_lost_again_and_again_is_made_with_a_longer_interval(
    pacing: Pacing,
) -> None:
    """At once, so that no connection makes progress before the interval is asked for."""
    told = told_with(LinkLoss(after_packets=0, times=3), pacing=pacing)
    assert told.result.finished.outcome is Outcome.UPDATED
    steps = [e.step for e in told.heard if isinstance(e, events.LadderStepped)]
    assert steps.count("longer-interval") == 1
    quick, slow = update(describe(), pacing=pacing), told
    answers = [
        max(one.at_s for one in of.heard if isinstance(one, events.ImageSent))
        - max(one.at_s for one in of.heard if isinstance(one, events.ImageStarted))
        for of in (quick, slow)
    ]
    assert answers[0] < answers[1]


@pytest.mark.parametrize("pacing", PACINGS)
@pytest.mark.parametrize("profile", BLE)
def test_a_power_cut_at_operations_all_over_an_update_is_overcome(
    profile: str, pacing: Pacing
) -> None:
    for operation in range(1, OPERATIONS, 331):
        told = told_with(PowerCutAt(operation=operation), profile=profile, pacing=pacing)
        assert told.result.finished.outcome is Outcome.UPDATED, operation
        steps = [event.step for event in told.heard if isinstance(event, events.LadderStepped)]
        assert steps == ["resume", "reenter"], operation


@pytest.mark.parametrize("pacing", PACINGS)
@pytest.mark.parametrize("operation", range(OPERATIONS + 3, OPERATIONS + SETTINGS, 37))
def test_a_power_cut_between_the_last_answer_and_the_commit_is_never_updated(
    operation: int, pacing: Pacing
) -> None:
    """The unit runs its old application, and has answered success to everything."""
    told = told_with(PowerCutAt(operation=operation), pacing=pacing)
    assert "ImageSent" in {type(event).__name__ for event in told.heard}
    is_new = told.unit.board.flash.read(BANK_0, SIZE) == package().images[0].firmware
    is_updated = told.result.finished.outcome is Outcome.UPDATED
    assert is_updated == is_new
    if not is_updated:
        assert told.result.finished.outcome is Outcome.UNVERIFIED


def a_fault(rng: random.Random) -> Fault:
    direction = rng.choice(list(Direction))
    share = rng.choice([0.005, 0.02, 0.1])
    return rng.choice(
        [
            LostPackets(share=share, direction=direction),
            CorruptedPackets(share=share, direction=direction),
            DuplicatedPackets(share=share, direction=direction),
            DelayedPackets(share=share, direction=direction, delay_s=rng.choice([0.1, 3.0])),
            LinkLoss(after_packets=rng.randrange(60), times=rng.randrange(1, 8)),
            HostGone(after_packets=rng.randrange(60)),
            PowerCutAt(operation=rng.randrange(1, 3 * OPERATIONS)),
            DroppedOperation(operation=rng.randrange(1, 3 * OPERATIONS)),
        ]
    )


@pytest.mark.parametrize("pacing", PACINGS)
@pytest.mark.parametrize("seed", range(40))
def test_any_three_faults_together_never_make_a_false_success_nor_an_endless_update(
    seed: int, pacing: Pacing
) -> None:
    rng = random.Random(seed)
    faults = [a_fault(rng) for _ in range(3)]
    profile = rng.choice(BLE)
    told = told_with(*faults, profile=profile, seed=seed, pacing=pacing)
    assert told.count(events.LadderStepped) < 200
    assert told.result.finished.duration_s < 1800
    assert_can_be_updated(told, profile=profile, pacing=pacing)


@pytest.mark.parametrize("pacing", PACINGS)
def test_a_slow_link_that_loses_a_unit_with_checkpoints_sends_less_again(pacing: Pacing) -> None:
    """Objects take long enough on it for a checkpoint behind every second of work to pay."""
    cut = PowerCutAt(operation=OPERATIONS - 400)
    description = describe(faults=FaultPlan(faults=(cut,)), chip=replace(FAST))
    with_them = update(description, checkpoint_s=1.0, pacing=pacing)
    without = update(description, checkpoint_s=None, pacing=pacing)
    assert_honest(with_them)
    assert with_them.result.finished.outcome is Outcome.UPDATED
    assert without.result.finished.outcome is Outcome.UPDATED
    assert with_them.count(events.ProgressSaved) >= 1
    assert sent_again(with_them) < sent_again(without)


def sent_again(told: Told) -> int:
    """Bytes of objects that were created more often than once."""
    created = [
        event
        for event in told.heard
        if isinstance(event, events.ObjectCreated) and event.object_type == "data"
    ]
    return sum(event.size for event in created) - SIZE


@pytest.mark.parametrize("pacing", PACINGS)
def test_a_flash_that_becomes_slow_in_the_middle_is_no_lost_buffer(pacing: Pacing) -> None:
    """Of the next object nothing is taken at first: the queue is still full of the one before."""
    quick = Timing.of(chip("nrf52832-512k"))
    slows_down = replace(quick, chunk_s=0.0003)

    def slow_down(event: events.Event, _lose: object) -> None:
        if isinstance(event, events.ObjectExecuted) and event.offset == 8192:
            object.__setattr__(slows_down, "chunk_s", 0.005)

    told = update(describe(timings=slows_down), package(40_000), pacing=pacing, on_event=slow_down)
    assert told.result.finished.outcome is Outcome.UPDATED
    assert told.is_new
    faults = {event.fault for event in told.of(events.LadderStepped)}
    assert faults <= {"packets-lost", "busy"}
    assert "restart" not in [event.step for event in told.of(events.LadderStepped)]
    assert "buffer_lost" not in told.logged
