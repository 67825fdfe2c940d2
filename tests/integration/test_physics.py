"""Whole updates in virtual time: Bumble, the unit with its flash and supply, and the updater."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from firmline import events
from firmline.device.chips import chip
from firmline.device.physics.supply import Currents, Source
from firmline.device.physics.timing import Timing
from firmline.errors import Code
from firmline.events import Outcome, UnitMode
from firmline.formats.event_json import event_to_json
from firmline.protocol.pacing import FOR_BLUETOOTH, NO_PAUSES
from integration.story import Told, package, update
from unit.device.makers import describe

pytestmark = pytest.mark.slow


def supplied(resistance_ohm: float) -> Source:
    """Behind a resistance, without the DC/DC converter."""
    return Source(
        currents=Currents.of(chip("nrf52832-512k"), dcdc=False),
        resistance_ohm=resistance_ohm,
        capacitance_uf=100,
    )


def test_an_update_takes_about_as_long_as_in_the_field() -> None:
    """Reported: 6 to 7 kB/s typical, 10 at best (physics spec, section 7)."""
    told = update(describe())
    finished = told.result.finished
    assert finished.outcome is Outcome.UPDATED
    assert "packet_dropped" not in told.logged
    assert 4_500 < finished.size / finished.transfer_s < 10_000
    assert finished.duration_s > finished.transfer_s + 3


def test_an_nrf52840_is_faster_because_its_flash_is() -> None:
    slow, fast = update(describe()), update(describe(chip=chip("nrf52840")))
    assert fast.result.finished.outcome is Outcome.UPDATED
    assert fast.result.finished.transfer_s < slow.result.finished.transfer_s


@pytest.mark.parametrize(
    "options", [{"interval_s": 0.1}, {"interval_s": 0.015, "packets_per_event": 1}]
)
def test_a_slower_air_makes_a_slower_update(options: dict[str, Any]) -> None:
    fast, slow = update(describe()), update(describe(), **options)
    assert slow.result.finished.outcome is Outcome.UPDATED
    assert slow.result.finished.transfer_s > fast.result.finished.transfer_s


def test_a_host_that_does_not_wait_overruns_the_flash_queue_until_the_ladder_slows_it() -> None:
    told = update(describe(), pacing=NO_PAUSES)
    steps = [event for event in told.heard if isinstance(event, events.LadderStepped)]
    assert "packet_dropped" in told.logged
    assert told.result.finished.outcome is Outcome.UPDATED
    assert [(step.fault, step.step) for step in steps] == [
        ("busy", "longer-delay"),
        ("busy", "longer-interval"),
    ]


def test_a_packet_that_finds_the_queue_full_is_sent_again_and_nothing_else() -> None:
    told = update(describe(), pacing=replace(FOR_BLUETOOTH, after_free_s=0.02))
    assert told.result.finished.outcome is Outcome.UPDATED
    assert "packet_dropped" in told.logged
    assert told.count(events.ObjectRepeated) == 0


@pytest.mark.parametrize("chunk_s", [0.0003, 0.005])
@pytest.mark.parametrize("mtu", [23, 247])
def test_step_by_step_no_unit_is_too_slow(chunk_s: float, mtu: int) -> None:
    timing = replace(Timing.of(chip("nrf52832-512k")), chunk_s=chunk_s)
    told = update(describe(timings=timing), package(9_000), interval_s=0.015, mtu=mtu)
    assert told.result.finished.outcome is Outcome.UPDATED


def test_the_same_story_again_is_the_same_to_the_byte() -> None:
    def bytes_of(told: Told) -> bytes:
        lines = [json.dumps(event_to_json(event)) for event in told.heard]
        return "\n".join([*lines, *map(repr, told.unit.log)]).encode()

    assert bytes_of(update(describe())) == bytes_of(update(describe()))


# The question the project begins with: one unit, on a coin cell and on a bench supply.


def test_a_weak_cell_resets_the_unit_in_its_bootloader_where_a_bench_supply_does_not() -> None:
    weak, bench = describe(supply=supplied(95)), describe()
    on_cell, on_bench = update(weak), update(bench)
    assert on_bench.result.finished.outcome is Outcome.UPDATED
    assert "power_lost" not in on_bench.logged

    assert on_cell.result.finished.outcome is Outcome.FAILED
    assert "power_lost" in on_cell.logged
    # Its application runs normally before and after: it was seen, and it jumped, each time.
    modes = [e.mode for e in on_cell.heard if isinstance(e, events.Connected)]
    assert modes[::2] == [UnitMode.APPLICATION] * (len(modes) // 2)
    assert modes[1::2] == [UnitMode.BOOTLOADER] * (len(modes) // 2)
    assert on_cell.count(events.LadderStepped) == 2 * 6
    assert on_cell.unit.mode is UnitMode.APPLICATION
    assert on_cell.result.error is not None
    assert on_cell.result.error.code is Code.LINK_LOST
    assert "restarted by itself 6 times" in on_cell.result.error.hint


def test_the_same_cell_with_a_larger_capacitor_or_the_converter_carries_the_update() -> None:
    weak = supplied(95)
    converter = replace(weak, currents=Currents.of(chip("nrf52832-512k")))
    assert update(describe(supply=converter)).result.finished.outcome is Outcome.UPDATED
    capacitor = replace(weak, capacitance_uf=100_000)
    assert update(describe(supply=capacitor)).result.finished.outcome is Outcome.UPDATED
