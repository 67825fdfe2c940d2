"""Whole updates of virtual units on a USB bus, in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from firmline import events
from firmline.device.application_dfu import ApplicationDfu
from firmline.device.chips import chip
from firmline.device.description import UnitDescription
from firmline.device.fabrication import fabricate, physics_of, softdevice_image
from firmline.device.profile import PROFILES
from firmline.device.synthetic import synthetic_bytes
from firmline.device.unit import VirtualUnit
from firmline.errors import Code, TransportError, TransportReason
from firmline.formats.firmware import FirmwareImage
from firmline.formats.package import Package
from firmline.links.serial.link import SerialLink
from firmline.links.usb.bus import Plugged
from firmline.links.usb.device import UsbDevice
from firmline.links.usb.link import UsbLink
from firmline.links.usb.virtual import VirtualBus
from firmline.links.virtual_time import run_in_virtual_time
from firmline.protocol.pacing import NO_PAUSES
from firmline.protocol.usb_trigger import TriggerRequest
from firmline.updater.checkpointing import AUTO, Spacing
from firmline.updater.expectation import expectation
from firmline.updater.timeouts import Timeouts
from firmline.updater.update import Update, UpdateResult, plan_for
from integration.story import package
from unit.device.makers import describe

USB = PROFILES["sdk17.1-usb"]
SERIAL = "FL-0001"
BOOTLOADER = FirmwareImage(
    data=synthetic_bytes("a newer bootloader", 20_480), address=None, source_name="bl.bin"
)


def plugged(serial_number: str = SERIAL, **changes: Any) -> UnitDescription:
    """A unit with USB that runs its application, which has the trigger."""
    usual: dict[str, Any] = {
        "chip": chip("nrf52840"),
        "profile": USB,
        "application_dfu": ApplicationDfu.TRIGGER,
        "serial_number": serial_number,
    }
    return describe(**{**usual, **changes})


def softdevice() -> FirmwareImage:
    """A newer one than the unit's."""
    mine = plugged().softdevice
    assert mine is not None
    data = softdevice_image(replace(mine, version=7_003_000))
    return FirmwareImage(data=data, address=0x1000, source_name="sd.bin")


def forbidden() -> TransportError:
    """What the system says of a device that somebody else owns."""
    return TransportError(
        Code.USB_FORBIDDEN, "You may not.", reason=TransportReason.NOT_AVAILABLE, hint="Do this."
    )


class Bus(VirtualBus):
    """A bus on which a test changes what is seen.

    Attributes:
        change: Applied to everything that is plugged in, at each look.
        problem: Why interfaces cannot be looked for.
        fails: What requests end with instead of an answer.
        looks: How often somebody looked.
    """

    def __init__(self, units: Sequence[VirtualUnit]) -> None:
        super().__init__(units)
        self.change: Callable[[UsbDevice], UsbDevice | None] = lambda device: device
        self.problem: TransportError | None = None
        self.fails: dict[TriggerRequest, TransportError] = {}
        self.looks = 0
        self._real: dict[UsbDevice, UsbDevice] = {}

    async def look(self) -> Plugged:
        self.looks += 1
        seen = (await super().look()).devices
        shown = {self.change(device): device for device in seen}
        self._real = {device: real for device, real in shown.items() if device is not None}
        return Plugged(devices=tuple(self._real), problem=self.problem)

    async def read(self, device: UsbDevice, request: TriggerRequest, size: int) -> bytes:
        if request in self.fails:
            raise self.fails[request]
        return await super().read(self._real[device], request, size)

    async def write(self, device: UsbDevice, request: TriggerRequest, data: bytes) -> None:
        if request in self.fails:
            raise self.fails[request]
        await super().write(self._real[device], request, data)

    @property
    def units(self) -> list[VirtualUnit]:
        """What hangs on it."""
        return [socket.driver.unit for socket in self._sockets]

    def away(self, unit: VirtualUnit, seconds: float, *, powered: bool) -> None:
        """Pull a unit out, and plug it in again after a while.

        Args:
            unit: The unit.
            seconds: For how long.
            powered: It goes on meanwhile, from a cell of its own.
        """

        def back() -> None:
            if not powered:
                self.cut_power(unit)
            self.plug_in(unit)

        self.unplug(unit)
        asyncio.get_running_loop().call_later(seconds, back)

    def tear(self, unit: VirtualUnit, through: Callable[[bytes], bytes], seconds: float) -> None:
        """Pull a unit with a cell of its own out while something is sent to it.

        Args:
            unit: The unit.
            through: What of the bytes that are sent next still reaches it.
            seconds: After how long it is plugged in again.
        """
        driver = self._socket(unit).driver

        def feed(data: bytes) -> None:
            vars(driver).pop("feed")
            driver.feed(through(data))
            self.away(unit, seconds, powered=True)

        vars(driver)["feed"] = feed

    def port(self, device: UsbDevice) -> SerialLink:
        return super().port(self._real[device])


@dataclass
class Told:
    """How a story went."""

    result: UpdateResult
    heard: list[events.Event]
    units: list[VirtualUnit]
    bus: Bus = field(repr=False)

    @property
    def unit(self) -> VirtualUnit:
        return self.units[0]

    def of(self, kind: type[events.Event]) -> list[Any]:
        return [event for event in self.heard if isinstance(event, kind)]

    @property
    def ended(self) -> tuple[str, str]:
        return self.result.finished.outcome.value, self.result.finished.code

    @property
    def message(self) -> str:
        return self.result.finished.message

    @property
    def hint(self) -> str:
        return "" if self.result.error is None else self.result.error.hint

    @property
    def is_new(self) -> bool:
        """Whether the unit runs what was sent, as only we can see."""
        return (self.unit.firmware_revision or "").startswith("4+")


def update(
    *descriptions: UnitDescription,
    serial_number: str = SERIAL,
    contents: Package | None = None,
    expect: str | None = None,
    timeouts: Timeouts | None = None,
    checkpoint_s: Spacing = AUTO,
    prn: int = 0,
    flash: bytes | None = None,
    prepare: Callable[[Bus], None] = lambda _bus: None,
    on_event: Callable[[events.Event, list[VirtualUnit], Bus], None] = lambda *_given: None,
) -> Told:
    """One update over USB, to the last event; the first unit is the one that is meant.

    With ``flash`` it is switched on.
    """
    heard: list[events.Event] = []
    described = descriptions or (plugged(),)
    units = [fabricate(each, physics=physics_of(each), greets=True) for each in described]
    if flash is not None:
        units[0].board.flash.load(0, flash)
    buses: list[Bus] = []

    async def story() -> UpdateResult:
        bus = Bus(units)
        buses.append(bus)
        prepare(bus)

        def report(event: events.Event) -> None:
            heard.append(event)
            on_event(event, units, bus)

        plan = plan_for(
            contents or package(),
            b"",
            package_name="update.zip",
            unit_name="usb:unit",
            pin=None,
            pacing=NO_PAUSES,
            prn=prn,
            timeouts=timeouts,
            expectation=None if expect is None else expectation(expect),
            checkpoint_s=checkpoint_s,
        )
        link = UsbLink(bus, serial_number)
        try:
            return await Update(plan, link=link, report=report).run()
        finally:
            await link.close()

    return Told(run_in_virtual_time(story()), heard, units, buses[0])
