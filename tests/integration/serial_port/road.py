"""Whole updates through the serial port of a virtual unit, in virtual time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from firmline import events
from firmline.device.application import GPREGRET_ENTER_DFU
from firmline.device.description import UnitDescription
from firmline.device.fabrication import fabricate, physics_of
from firmline.device.faults.plan import Fault, FaultPlan
from firmline.device.unit import VirtualUnit
from firmline.formats.package import Package
from firmline.links.serial.virtual import virtual_serial_link
from firmline.links.virtual_time import run_in_virtual_time
from firmline.protocol.pacing import NO_PAUSES
from firmline.updater.checkpointing import AUTO, Spacing
from firmline.updater.expectation import expectation
from firmline.updater.timeouts import Timeouts
from firmline.updater.update import Update, UpdateResult, plan_for
from integration.story import Told, package
from unit.device.makers import UART, describe

NEW = "virtual application 4+"
"""What only the new application of :func:`package` prints."""
BAUD = 115_200


def waiting(*faults: Fault, seed: int = 1, **changes: Any) -> UnitDescription:
    """A unit that waits in its bootloader, with faults."""
    plan = FaultPlan(faults=faults, seed=seed)
    return describe(**{"profile": UART, "gpregret": GPREGRET_ENTER_DFU, "faults": plan, **changes})


def update(
    description: UnitDescription,
    contents: Package | None = None,
    *,
    expect: str | None = NEW,
    timeouts: Timeouts | None = None,
    prn: int = 0,
    checkpoint_s: Spacing = AUTO,
    flash: bytes | None = None,
    on_event: Callable[[events.Event, VirtualUnit], None] = lambda _event, _unit: None,
) -> Told:
    """One update of one unit, to the last event; ``flash``: with which it is switched on."""
    heard: list[events.Event] = []
    unit = fabricate(description, physics=physics_of(description), greets=True)
    if flash is not None:
        unit.board.flash.load(0, flash)

    def report(event: events.Event) -> None:
        heard.append(event)
        on_event(event, unit)

    async def story() -> UpdateResult:
        plan = plan_for(
            contents or package(),
            b"",
            package_name="update.zip",
            unit_name="sim:unit",
            pin=None,
            timeouts=timeouts,
            pacing=NO_PAUSES,
            prn=prn,
            checkpoint_s=checkpoint_s,
            expectation=None if expect is None else expectation(expect),
        )
        link = virtual_serial_link(unit, baud=BAUD)
        return await Update(plan, link=link, report=report).run()

    return Told(result=run_in_virtual_time(story()), heard=heard, unit=unit)
