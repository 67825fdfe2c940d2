"""The step battery, over a real Bluetooth stack: what the unit tells while the radio loads it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Any, cast

import pytest

from firmline.errors import Code
from firmline.events import Event, FactFound
from firmline.line.outcomes import StepOutcome
from firmline.line.recipe.steps import Battery
from firmline.line.station.steps.reading import battery
from firmline.line.station.steps.result import StepResult
from firmline.line.station.steps.work import Equipment, Work
from firmline.links.open_many import OpenedTarget
from firmline.links.slot_roads import SlotRoads
from firmline.links.target import parse_target
from firmline.links.virtual_radio import open_virtual_radio
from firmline.links.virtual_time import run_in_virtual_time
from firmline.links.wanted import WantedTarget
from firmline.protocol.pacing import AHEAD
from firmline.updater.timeouts import Timeouts
from firmline.updater.turns import Turns
from integration.links.scripted import HOME, ScriptedUnit

pytestmark = pytest.mark.slow
NO_RECIPE = cast("Any", None)
"""The step looks at the unit alone."""


def measured(
    unit: ScriptedUnit, *, load_s: float, heard: Callable[[Event], None] = lambda _: None
) -> tuple[StepResult, float]:
    """What the step says of a unit, and how long it took, seconds."""

    async def story() -> tuple[StepResult, float]:
        radio = open_virtual_radio(timed=True)
        try:
            radio.add_unit(unit)
            link = await radio.open_link(interval_s=0.0075)
            async with AsyncExitStack() as stack:
                work = Work(
                    equipment=Equipment(
                        recipe=NO_RECIPE,
                        roads=SlotRoads(stack),
                        turns=Turns(),
                        timeouts=Timeouts(),
                        printer=NO_RECIPE,
                        station="north",
                    ),
                    slot=1,
                    target=WantedTarget(target=parse_target("sim:ble-reference")),
                    serial="SN-0001",
                    attempt=1,
                    hear=heard,
                    stack=stack,
                    opened=OpenedTarget(link=link, pin=HOME, pacing=AHEAD),
                )
                begun = asyncio.get_running_loop().time()
                result = await battery(Battery(load_s=load_s), work)
                return result, asyncio.get_running_loop().time() - begun
        finally:
            await radio.close()

    return run_in_virtual_time(story())


def test_it_is_read_for_as_long_as_the_recipe_loads_it() -> None:
    levels: list[str] = []

    def hear(event: Event) -> None:
        if isinstance(event, FactFound) and event.fact == "battery_level":
            levels.append(event.value)

    result, seconds = measured(
        ScriptedUnit(channels=frozenset(), battery_level=87), load_s=5, heard=hear
    )
    assert (result.outcome, dict(result.measured)) == (StepOutcome.PASS, {"level": 87.0})
    assert len(levels) > 1
    assert 5 <= seconds < 10


def test_a_unit_that_tells_no_level_was_not_measured() -> None:
    result, seconds = measured(ScriptedUnit(channels=frozenset()), load_s=30)
    assert (result.outcome, result.code) == (StepOutcome.ERROR, Code.NOT_MEASURED)
    assert seconds < 10, "nobody waits for a service that is not there"


def test_a_unit_that_is_lost_is_an_error_of_the_link() -> None:
    result, _ = measured(ScriptedUnit(silent=True), load_s=2)
    assert (result.outcome, result.code) == (StepOutcome.FAIL, Code.UNIT_NOT_FOUND)
