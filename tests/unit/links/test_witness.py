"""What a witness tells is what the unit's own log says, each entry at its time."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

from firmline.device.application import GPREGRET_ENTER_DFU
from firmline.device.fabrication import fabricate, physics_of
from firmline.device.faults.plan import FaultPlan, WatchdogRunning
from firmline.device.radio_face import ResetKind
from firmline.device.unit import VirtualUnit
from firmline.device.unit_log import UnitLogEntry
from firmline.links.serving.witness import Happening, Witness
from firmline.links.virtual_time import run_in_virtual_time
from unit.device.makers import describe

ENTRIES = ("boot", "reset", "fault")
RESETS_S = (0.1, 0.2, 1.0)
"""The first two in the middle of a boot, which takes 0.25 s, with its end in the log already."""

UNDONE = UnitLogEntry(at_s=0.15, what="boot", facts={"into": "nowhere"})
"""What the processor has come to ahead of the first reset."""


@dataclass(frozen=True)
class Told:
    """Something that a witness told, and when."""

    told_s: float
    happening: Happening


def live(unit: VirtualUnit, *, witnessed: bool) -> list[Told]:
    """A short life with resets from outside; woken like any unit that is served."""
    heard: list[Told] = []

    async def story() -> None:
        loop = asyncio.get_running_loop()
        if witnessed:
            Witness(unit, lambda happening: heard.append(Told(loop.time(), happening)))
        unit.power_on(now_s=0.0)
        unit.log.append(UNDONE)
        resets = list(RESETS_S)
        while loop.time() < 3:
            next_s = unit.next_wake_s()
            await asyncio.sleep(min([3.0, *resets[:1], *[next_s or 3.0]]) - loop.time())
            if resets and loop.time() >= resets[0]:
                del resets[0]
                unit.reset(ResetKind.PIN, now_s=loop.time())
            unit.wake(now_s=loop.time())
            unit.take_outputs()
        await asyncio.sleep(0.01)

    run_in_virtual_time(story())
    return heard


def make() -> VirtualUnit:
    watchdog = FaultPlan(faults=(WatchdogRunning(period_s=2.0),))
    description = replace(describe(gpregret=GPREGRET_ENTER_DFU), faults=watchdog)
    return fabricate(description, physics=physics_of(description))


def test_a_witness_tells_the_log_and_nothing_that_was_undone() -> None:
    alone = make()
    assert live(alone, witnessed=False) == []
    wanted = [(entry.at_s, entry.what, entry.facts) for entry in alone.log if entry.what in ENTRIES]
    told = [each.happening for each in live(make(), witnessed=True)]
    assert wanted == [(h.at_s, h.what, h.facts) for h in told if h.what in ENTRIES]
    assert UNDONE not in alone.log
    assert [what for _, what, _ in wanted].count("reset") >= len(RESETS_S)


def test_everything_is_told_when_it_happens() -> None:
    for told in live(make(), witnessed=True):
        assert told.happening.at_s <= told.told_s <= told.happening.at_s + 0.001, told


def test_a_boot_that_was_cut_short_has_run_nothing() -> None:
    runs = [
        told.happening for told in live(make(), witnessed=True) if told.happening.what == "runs"
    ]
    assert all(run.at_s > RESETS_S[1] + 0.2 for run in runs)


def test_a_witness_keeps_nothing_that_it_has_told() -> None:
    unit = make()
    live(unit, witnessed=True)
    assert unit.log == []
