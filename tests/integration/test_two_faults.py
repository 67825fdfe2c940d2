"""Any two faults of the list at once, on every road: no false success, no brick, and an end."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmline.device.faults.plan import Fault, FaultPlan
from firmline.errors import Code
from firmline.events import Outcome
from firmline.protocol.pacing import AHEAD
from firmline.updater.fault_matrix.cases import cases
from firmline.updater.fault_matrix.subjects import LinkKind, Subject
from integration import story
from integration.serial_port import road
from integration.usb import bus
from unit.device.makers import describe

pytestmark = [pytest.mark.slow, pytest.mark.sweep]
LONGEST_S = 600.0
"""Of an update of 20 kB, by the unit's clock: longer than any ladder, far from endless."""


@cache
def faults_on(link: LinkKind) -> tuple[Fault, ...]:
    return tuple(case.fault for case in cases([Subject(link)]) if case.applies)


def update(link: LinkKind, plan: FaultPlan) -> Any:
    match link:
        case LinkKind.RADIO:
            return story.update(describe(faults=plan), pacing=AHEAD)
        case LinkKind.UART:
            return road.update(road.waiting(*plan.faults, seed=plan.seed))
        case LinkKind.USB:
            return bus.update(bus.plugged(faults=plan))


@pytest.mark.parametrize("link", LinkKind)
@settings(max_examples=60, deadline=None)
@given(data=st.data(), seed=st.integers(0, 9_999))
def test_two_faults_at_once_make_no_false_success_no_brick_and_no_endless_update(
    link: LinkKind, data: st.DataObject, seed: int
) -> None:
    both = data.draw(st.lists(st.sampled_from(faults_on(link)), min_size=2, max_size=2))
    told = update(link, FaultPlan(faults=tuple(both), seed=seed))
    finished = told.result.finished
    assert finished.outcome is not Outcome.UPDATED or told.is_new
    assert (finished.outcome is Outcome.UPDATED) == (not finished.code)
    assert finished.code != Code.DEFECT
    assert finished.duration_s < LONGEST_S
    assert "boot_loop" not in {entry.what for entry in told.unit.log}
