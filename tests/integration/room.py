"""An air with units in it, and a host that updates one of them: what stories of many share."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field, replace
from typing import Any

from firmline import events
from firmline.device.application_dfu import ApplicationDfu
from firmline.device.description import UnitDescription
from firmline.device.fabrication import fabricate, physics_of
from firmline.device.profile import SDK15_3_BLE
from firmline.device.unit import VirtualUnit
from firmline.events import Event, Outcome
from firmline.links.bumble.central import BumbleLink
from firmline.links.virtual_radio import open_virtual_radio
from firmline.links.virtual_radio.peripheral import UnitPeripheral
from firmline.links.virtual_radio.radio import VirtualRadio
from firmline.links.virtual_time import run_in_virtual_time
from firmline.protocol.pacing import FOR_BLUETOOTH
from firmline.updater.update import Update, UpdateResult, plan_for
from firmline.values import BleAddress
from integration.story import package
from unit.device.makers import describe

SIZE = 4_000


def identical(address: BleAddress, **changes: Any) -> UnitDescription:
    return describe(size=4_000, address=address, serial_number=f"T-{address}", **changes)


def flash_of(unit: VirtualUnit) -> bytes:
    return unit.board.flash.read(0, unit.board.flash.size)


@dataclass
class Room:
    """An air with units, and a host that updates one of them."""

    radio: VirtualRadio
    link: BumbleLink
    units: dict[BleAddress, VirtualUnit] = field(default_factory=dict)
    heard: list[Event] = field(default_factory=list)
    on_event: Callable[[Event], None] = lambda _event: None

    def place(self, description: UnitDescription) -> tuple[VirtualUnit, UnitPeripheral]:
        unit = fabricate(description, physics=physics_of(description))
        unit.power_on(now_s=self.radio.now_s())
        self.units.setdefault(description.address, unit)
        return unit, self.radio.add_unit(unit)

    async def update(self, address: BleAddress) -> UpdateResult:
        plan = plan_for(
            package(SIZE),
            b"",
            package_name="new.zip",
            unit_name="sim:unit",
            pin=address,
            pacing=FOR_BLUETOOTH,
        )
        return await Update(plan, link=self.link, report=self._hear).run()

    def _hear(self, event: Event) -> None:
        self.heard.append(event)
        self.on_event(event)

    def count(self, kind: type[Event]) -> int:
        return sum(isinstance(event, kind) for event in self.heard)


def in_a_room(story: Callable[[Room], Coroutine[Any, Any, None]]) -> None:
    """Tell a story in virtual time."""

    async def tell() -> None:
        radio = open_virtual_radio(timed=True)
        try:
            await story(Room(radio, await radio.open_link()))
        finally:
            await radio.close()

    run_in_virtual_time(tell())


def ended(result: UpdateResult) -> tuple[Outcome, str]:
    return (result.finished.outcome, result.finished.code)


def nothing_was_sent(room: Room) -> bool:
    return not room.count(events.ImageStarted) and not room.count(events.ObjectCreated)


def bonded(**changes: Any) -> UnitDescription:
    profile = replace(changes.pop("profile", SDK15_3_BLE), requires_bond=True)
    return describe(size=4_000, profile=profile, application_dfu=ApplicationDfu.BONDED, **changes)


def of(room: Room, kind: type[Event]) -> list[Any]:
    return [event for event in room.heard if isinstance(event, kind)]
