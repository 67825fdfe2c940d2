"""Faulty units, and what their logs say of it."""

from __future__ import annotations

from typing import Any

from firmline.device.faults.plan import Fault, FaultPlan
from firmline.device.unit import VirtualUnit
from unit.device.makers import Host, describe, unit_in_bootloader
from unit.device.story import Story


def plan(*faults: Fault, seed: int = 0) -> FaultPlan:
    return FaultPlan(faults=faults, seed=seed)


def host_of(*faults: Fault, seed: int = 0, **changes: Any) -> Host:
    """A host beside a faulty unit that is in its bootloader; lock step."""
    return Host(unit_in_bootloader(faults=plan(*faults, seed=seed), **changes))


def story_of(*faults: Fault, seed: int = 0, **changes: Any) -> Story:
    """A faulty unit with physics, just switched on."""
    return Story(describe(faults=plan(*faults, seed=seed), **changes))


def struck(unit: VirtualUnit) -> list[object]:
    """The names of the faults that the unit's log says have struck, in order."""
    return [entry.facts["name"] for entry in unit.log if entry.what == "fault"]


def idle(unit: VirtualUnit) -> list[tuple[object, object]]:
    """The names of the faults without effect, and why."""
    return [
        (entry.facts["name"], entry.facts["reason"])
        for entry in unit.log
        if entry.what == "fault_without_effect"
    ]
