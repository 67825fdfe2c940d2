"""A road that hands packets on twice: recovered from where it is chance, and else told as that.

Nothing but what the unit says it has can show that, and every packet too many that it has to refuse
costs it a receive buffer (bootloader spec, section 13).
"""

from __future__ import annotations

from typing import Any

import pytest

from firmline import events
from firmline.device.faults.plan import CorruptedPackets, DuplicatedPackets, FaultPlan, LostPackets
from firmline.device.profile import PROFILES
from firmline.errors import Code
from firmline.events import Outcome
from firmline.protocol.pacing import AHEAD, FOR_BLUETOOTH, Pacing
from integration.serial_port import road
from integration.story import Told, update
from unit.device.makers import describe

pytestmark = pytest.mark.slow
BLE = [name for name, profile in PROFILES.items() if profile.is_ble]
PACINGS = [pytest.param(FOR_BLUETOOTH, id="step-by-step"), pytest.param(AHEAD, id="ahead")]
SEEDS = range(4)


def over_the_air(repeats: DuplicatedPackets, profile: str, pacing: Pacing, seed: int = 1) -> Told:
    plan = FaultPlan(faults=(repeats,), seed=seed)
    told = update(describe(faults=plan, profile=PROFILES[profile]), pacing=pacing)
    # Ahead, packets are under way for all buffers, also for those that the repeats have cost.
    assert pacing.streams or "packet_without_buffer" not in told.logged
    assert told.is_new or told.result.finished.outcome is not Outcome.UPDATED
    return told


@pytest.mark.parametrize("pacing", PACINGS)
@pytest.mark.parametrize("profile", BLE)
@pytest.mark.parametrize("every", [1, 2, 5, 9])
def test_a_link_that_repeats_packets_in_every_object_is_told_as_that(
    every: int, profile: str, pacing: Pacing
) -> None:
    """Neither the package nor the unit is blamed, whatever the unit has answered in between."""
    told = over_the_air(DuplicatedPackets(first=4, every=every), profile, pacing)
    finished = told.result.finished
    assert (finished.outcome, finished.code) == (Outcome.FAILED, Code.PACKETS_REPEATED)
    assert "as where packets come twice" in finished.message


@pytest.mark.parametrize("pacing", PACINGS)
@pytest.mark.parametrize("seed", SEEDS)
def test_packets_that_come_twice_by_chance_cost_time_and_no_update(
    seed: int, pacing: Pacing
) -> None:
    told = over_the_air(DuplicatedPackets(share=0.05), "sdk15.3-ble", pacing, seed)
    assert told.result.finished.outcome is Outcome.UPDATED
    assert told.is_new


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("kind", [LostPackets, CorruptedPackets])
def test_a_line_that_loses_or_turns_one_frame_in_a_hundred_carries_an_update(
    kind: Any, seed: int
) -> None:
    """After an object that never arrived intact the unit is asked behind every few packets."""
    told = road.update(road.waiting(kind(share=0.01), seed=seed))
    assert told.result.finished.outcome is Outcome.UPDATED
    assert told.is_new
    assert "buffer_lost" not in told.logged


@pytest.mark.parametrize("seed", SEEDS)
def test_a_line_on_which_a_bootloader_loses_its_buffers_is_not_told_as_a_lost_supply(
    seed: int,
) -> None:
    told = road.update(road.waiting(DuplicatedPackets(share=0.1), seed=seed))
    assert told.result.finished.code == Code.LINK_TIMEOUT
    assert told.result.error is not None
    assert "or its bootloader hangs" in told.result.error.hint
    assert "See what it does now" in told.result.error.hint
    assert not told.of(events.ImageSent)
