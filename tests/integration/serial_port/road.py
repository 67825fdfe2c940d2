"""Whole updates through the serial port of a virtual unit, in virtual time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from firmline import events
from firmline.device.application import GPREGRET_ENTER_DFU
from firmline.device.description import UnitDescription
from firmline.device.fabrication import fabricate, physics_of
from firmline.device.faults.plan import Fault, FaultPlan
from firmline.device.synthetic import synthetic_bytes
from firmline.device.unit import VirtualUnit
from firmline.formats.firmware import FirmwareImage
from firmline.formats.package import Package
from firmline.formats.package_build import PackageSpec, build_package
from firmline.links.serial.virtual import virtual_serial_link
from firmline.links.virtual_time import run_in_virtual_time
from firmline.protocol.pacing import NO_PAUSES
from firmline.updater.expectation import expectation
from firmline.updater.timeouts import Timeouts
from firmline.updater.update import Update, UpdateResult, plan_for
from firmline.values import Fwid, FwVersion
from unit.device.makers import FWID, KEY, UART, describe

SIZE = 20_000
NEW = "virtual application 4+"
"""What only the new application of :func:`package` prints."""
BAUD = 115_200
IMAGE = synthetic_bytes("a newer one", SIZE)


@dataclass
class Told:
    """How a story went."""

    result: UpdateResult
    heard: list[events.Event]
    unit: VirtualUnit

    @property
    def logged(self) -> list[str]:
        return [entry.what for entry in self.unit.log]

    def of(self, kind: type[events.Event]) -> list[Any]:
        return [event for event in self.heard if isinstance(event, kind)]

    @property
    def is_new(self) -> bool:
        """Whether the unit runs what was sent, as only we can see."""
        return (self.unit.firmware_revision or "").startswith("4+")


def package(**changes: Any) -> Package:
    image = FirmwareImage(data=IMAGE, address=None, source_name="app.bin")
    spec: dict[str, Any] = {
        "application": image,
        "hw_version": 52,
        "application_version": FwVersion(4),
        "sd_req": (Fwid(FWID),),
        "signing_key": KEY,
    }
    return build_package(PackageSpec(**{**spec, **changes}))


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
    on_event: Callable[[events.Event, VirtualUnit], None] = lambda _event, _unit: None,
) -> Told:
    """One update of one unit, to the last event."""
    heard: list[events.Event] = []
    unit = fabricate(description, physics=physics_of(description), greets=True)

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
            expectation=None if expect is None else expectation(expect),
        )
        link = virtual_serial_link(unit, baud=BAUD)
        return await Update(plan, link=link, report=report).run()

    return Told(run_in_virtual_time(story()), heard, unit)
