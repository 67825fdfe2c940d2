"""Whether a unit is there at all, before a run on it is begun."""

from __future__ import annotations

from contextlib import AsyncExitStack

from firmline.errors import TransportError, TransportReason
from firmline.line.recipe.steps import Find
from firmline.line.station.steps.finding import find
from firmline.line.station.steps.work import Equipment, Work
from firmline.links.wanted import WantedTarget
from firmline.values import BleAddress


async def unit_is_here(
    equipment: Equipment,
    serial: str,
    *,
    slot: int,
    target: WantedTarget,
    addresses: tuple[BleAddress, ...],
) -> bool:
    """Whether the step ``find`` of the recipe would find a unit.

    Args:
        equipment: Of the station.
        serial: The unit's serial number.
        slot: Number of the slot.
        target: What the slot has.
        addresses: Under which addresses it was met before.

    Raises:
        TransportError: The radio is not there, or several units have the name.
    """
    for step in equipment.recipe.recipe.steps:
        if not isinstance(step.action, Find):
            continue
        async with AsyncExitStack() as stack:
            work = Work(
                equipment=equipment,
                slot=slot,
                target=target,
                serial=serial,
                attempt=0,
                hear=lambda _event: None,
                stack=stack,
                addresses=addresses,
            )
            try:
                await find(step.action, work, timeout_s=step.timeout_s)
            except TransportError as error:
                if error.reason is TransportReason.NOT_FOUND:
                    return False
                raise
    return True
