"""The link is lost, or its answer spoiled, at the last EXECUTE: the moment at which a host that is
too quick can end a unit for good.

The bootloader of SDK 15.3 has forgotten the init packet by then and is still writing its settings.
A CREATE of an init packet zeroes what they say of where the image is, and from then on the unit
tries at each boot to copy an image that is at 0.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from firmline import events
from firmline.device.chips import chip
from firmline.device.description import UnitDescription
from firmline.device.faults.plan import CorruptedPackets, Direction, FaultPlan
from firmline.device.physics.timing import Timing
from firmline.device.profile import PROFILES
from firmline.events import Outcome, UnitMode
from firmline.protocol.pacing import AHEAD, FOR_BLUETOOTH, Pacing
from integration.story import SIZE, Told, update
from unit.device.makers import describe

pytestmark = pytest.mark.slow
BLE = [name for name, profile in PROFILES.items() if profile.is_ble]
MOMENTS_S = (0.001, 0.02, 0.04, 0.07, 0.11, 0.17, 0.25, 0.4, 0.6, 0.9, 1.3, 2.0)
"""After the last EXECUTE was said. A unit of 0.3 ms a chunk is done within 0.2 s, one of 5 ms
within 1.1 s."""


def unit(on: str, chunk_s: float, profile: str = "sdk15.3-ble") -> UnitDescription:
    timings = replace(Timing.of(chip(on)), chunk_s=chunk_s)
    return describe(chip=chip(on), profile=PROFILES[profile], timings=timings)


def cut_after(delay_s: float) -> Callable[[events.Event, Callable[[], None]], None]:
    """Loses the link once, so long after the EXECUTE behind the whole image."""
    sent, was_cut = 0, False

    def hear(event: events.Event, lose: Callable[[], None]) -> None:
        nonlocal sent, was_cut
        match event:
            case events.PacketsSent(object_type="data", offset=offset):
                sent = offset
            case events.RequestSent(request="object_execute") if sent == SIZE and not was_cut:
                was_cut = True
                asyncio.get_running_loop().call_later(delay_s, lose)

    return hear


def assert_whole(told: Told, *, context: object) -> None:
    """The unit runs an application, and the new one where that is claimed."""
    assert "boot_loop" not in told.logged, context
    assert told.unit.mode is UnitMode.APPLICATION, context
    assert told.is_new, context
    assert "buffer_lost" not in told.logged, context


@pytest.mark.parametrize("pacing", [FOR_BLUETOOTH, AHEAD], ids=["step-by-step", "ahead"])
@pytest.mark.parametrize("profile", BLE)
@pytest.mark.parametrize("chunk_s", [0.0003, 0.005])
@pytest.mark.parametrize("on", ["nrf52832-512k", "nrf52840"])
def test_a_link_that_is_lost_at_the_last_execute_ends_no_unit(
    on: str, chunk_s: float, profile: str, pacing: Pacing
) -> None:
    for moment_s in MOMENTS_S:
        told = update(
            unit(on, chunk_s, profile),
            interval_s=0.015,
            pacing=pacing,
            on_event=cut_after(moment_s),
        )
        assert told.result.finished.outcome is Outcome.UPDATED, moment_s
        assert_whole(told, context=moment_s)


@pytest.mark.parametrize("pacing", [FOR_BLUETOOTH, AHEAD], ids=["step-by-step", "ahead"])
@pytest.mark.parametrize("chunk_s", [0.0003, 0.005])
def test_a_last_answer_with_a_turned_bit_ends_no_unit(chunk_s: float, pacing: Pacing) -> None:
    healthy = update(unit("nrf52832-512k", chunk_s), interval_s=0.015, pacing=pacing)
    last = healthy.count(events.AnswerReceived) - 1  # the first is the application's
    for seed in range(12):
        fault = CorruptedPackets(first=last, direction=Direction.FROM_UNIT)
        description = replace(
            unit("nrf52832-512k", chunk_s), faults=FaultPlan(faults=(fault,), seed=seed)
        )
        told = update(description, interval_s=0.015, pacing=pacing)
        assert_whole(told, context=seed)
        if told.result.finished.outcome is Outcome.UPDATED:
            assert told.unit.firmware_revision == healthy.unit.firmware_revision
