"""A run is killed behind its last EXECUTE, and another one begins at once.

The new one knows nothing of the old one, and meets the unit while it writes its settings, copies
its image, or starts. With a bond it meets it at once: its bootloader keeps its address.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from firmline import events
from firmline.device.application import GPREGRET_ENTER_DFU
from firmline.device.application_dfu import ApplicationDfu
from firmline.device.chips import chip
from firmline.device.description import UnitDescription
from firmline.device.fabrication import fabricate, physics_of
from firmline.device.physics.timing import Timing
from firmline.device.profile import PROFILES
from firmline.device.unit import VirtualUnit
from firmline.errors import Code
from firmline.events import Event, Outcome
from firmline.formats.package import Package
from firmline.formats.probes import ProbeCatalogue, SignedOnDemand
from firmline.formats.probes_versions import VersionLimits, VersionRange
from firmline.links.base import Link, SerialCapabilities
from firmline.links.serial.link import SerialLink
from firmline.links.serial.wire import OnData, OnLost, Wire
from firmline.links.serving.serial_driver import SerialDriver
from firmline.links.usb.link import UsbLink
from firmline.links.usb.virtual import VirtualBus
from firmline.links.virtual_radio import open_virtual_radio
from firmline.links.virtual_time import run_in_virtual_time
from firmline.protocol.pacing import AHEAD
from firmline.updater.expectation import expectation
from firmline.updater.inspection.plan import InspectionPlan
from firmline.updater.inspection.radio import Inspection
from firmline.updater.opening import AnyLink
from firmline.updater.timeouts import Timeouts
from firmline.updater.update import Update, UpdatePlan, UpdateResult, plan_for
from firmline.values import AdvertisedName, Fwid, FwVersion, UnitPin
from integration.serial_port.road import BAUD
from integration.story import package
from integration.usb.bus import plugged
from unit.device.makers import FWID, KEY, describe

pytestmark = pytest.mark.slow
BLE = [name for name, profile in PROFILES.items() if profile.is_ble]
UART = [name for name in PROFILES if name.endswith("uart")]
USB = [name for name in PROFILES if name.endswith("usb")]
AT_ONCE = Timeouts(search_s=0.1)
"""As for somebody who knows that the unit waits in its bootloader."""
PROBES = SignedOnDemand(
    catalogue=ProbeCatalogue(
        hw_versions=(52,),
        softdevices=(Fwid(FWID),),
        app_limits=VersionLimits.around([VersionRange(first=0, last=31)]),
        bootloader_limits=VersionLimits.around([VersionRange(first=0, last=31)]),
    ),
    signer=KEY,
)
FIVE = package(seed="a package of its own", application_version=FwVersion(5))
MOMENTS_S = (0.0, 0.03, 0.1, 0.35, 0.7, 1.0, 2.0)
"""Behind the last EXECUTE. Settings are written for up to 0.8 s, and the image for some seconds."""


@dataclass
class Killed:
    """How the second run ended, and what became of the unit."""

    unit: VirtualUnit
    result: UpdateResult | None = None
    heard: list[Event] = field(default_factory=list)

    @property
    def ended(self) -> tuple[Outcome, str]:
        assert self.result is not None
        return self.result.finished.outcome, self.result.finished.code

    def steps(self) -> list[str]:
        return [each.step for each in self.heard if isinstance(each, events.LadderStepped)]

    def runs(self, version: int) -> bool:
        return (self.unit.firmware_revision or "").startswith(f"{version}+")


def killed_behind_last_execute(
    sends: Package, delay_s: float
) -> tuple[Callable[[Event], None], Callable[[Awaitable[Any]], Awaitable[None]]]:
    """What a first run tells its events to, and what kills it, so long behind its last EXECUTE."""
    size = len(sends.images[-1].firmware)
    at, killed = [0, 0], asyncio.Event()

    def hear(event: Event) -> None:
        match event:
            case events.PacketsSent(object_type="data", offset=offset):
                at[0] = offset
            case events.RequestSent(request="object_execute") if at == [size, 0]:
                at[1] = 1
                asyncio.get_running_loop().call_later(delay_s, killed.set)

    async def kill(run: Awaitable[Any]) -> None:
        task = asyncio.ensure_future(run)
        await killed.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    return hear, kill


def plan_of(contents: Package, pin: UnitPin | None, **changes: Any) -> UpdatePlan:
    return plan_for(
        contents,
        b"",
        package_name="update.zip",
        unit_name="sim:unit",
        pin=pin,
        pacing=AHEAD,
        **changes,
    )


async def both(
    link: AnyLink, killed: Killed, delay_s: float, second: Package, pin: UnitPin | None, **plan: Any
) -> None:
    """The run that is killed, and the one behind it."""
    hear, kill = killed_behind_last_execute(package(), delay_s)
    await kill(Update(plan_of(package(), pin), link=link, report=hear).run())
    again = Update(plan_of(second, pin, **plan), link=link, report=killed.heard.append)
    killed.result = await again.run()
    await asyncio.sleep(5)


def assert_alive(killed: Killed, *, context: object) -> None:
    """It is never ended, and no success is false."""
    logged = [entry.what for entry in killed.unit.log]
    assert "boot_loop" not in logged, context
    assert "buffer_lost" not in logged, context
    assert killed.unit.mode is not None, context


# Over a radio.


def on_a_radio(profile: str, chunk_s: float, *, bonded: bool) -> UnitDescription:
    board = chip("nrf52832-512k")
    changes: dict[str, Any] = {"application_dfu": ApplicationDfu.BONDED} if bonded else {}
    return describe(
        chip=board,
        profile=replace(PROFILES[profile], requires_bond=bonded),
        timings=replace(Timing.of(board), chunk_s=chunk_s),
        **changes,
    )


def met_over_a_radio(
    description: UnitDescription,
    tells: Callable[[Link, Killed], Awaitable[None]],
) -> Killed:
    """A story over one radio, as one computer has it: bonds outlive a run."""
    unit = fabricate(description, physics=physics_of(description))
    killed = Killed(unit)

    async def story() -> None:
        air = open_virtual_radio(timed=True)
        try:
            unit.power_on(now_s=air.now_s())
            air.add_unit(unit)
            await tells(await air.open_link(interval_s=0.015, mtu=247), killed)
        finally:
            await air.close()

    run_in_virtual_time(story())
    return killed


@pytest.mark.parametrize("second", [package(), FIVE], ids=["same", "another"])
@pytest.mark.parametrize("bonded", [True, False], ids=["bonded", "at-once"])
@pytest.mark.parametrize("chunk_s", [0.0003, 0.005])
@pytest.mark.parametrize("profile", BLE)
def test_over_a_radio(profile: str, chunk_s: float, bonded: bool, second: Package) -> None:
    for moment_s in MOMENTS_S:
        description = on_a_radio(profile, chunk_s, bonded=bonded)

        async def tell(link: Link, killed: Killed, delay_s: float = moment_s) -> None:
            pin = killed.unit.address
            patience = Timeouts() if bonded else AT_ONCE
            await both(link, killed, delay_s, second, pin, timeouts=patience)

        killed = met_over_a_radio(description, tell)
        assert_alive(killed, context=moment_s)
        if killed.ended[0] is Outcome.UPDATED:
            assert killed.runs(5 if second is FIVE else 4), moment_s
        else:  # it is on its way, and was not looked for long enough to be seen there
            assert not bonded, (moment_s, killed.result)
            assert killed.ended[1] == Code.UNIT_NOT_FOUND, moment_s


def test_a_bootloader_that_restarts_before_it_is_met_is_not_called_somebody_else_s() -> None:
    """By the name of all bootloaders: another one is listened for first, and the unit restarts."""

    async def first_by_address(link: Link, killed: Killed) -> None:
        hear, kill = killed_behind_last_execute(package(), 0.1)
        await kill(Update(plan_of(package(), killed.unit.address), link=link, report=hear).run())
        plan = plan_of(FIVE, AdvertisedName("DfuTarg"))
        killed.result = await Update(plan, link=link, report=killed.heard.append).run()
        await asyncio.sleep(5)

    killed = met_over_a_radio(on_a_radio("sdk15.3-ble", 0.0003, bonded=False), first_by_address)
    assert_alive(killed, context="by name")
    assert killed.ended == (Outcome.FAILED, Code.UNIT_NOT_FOUND)
    assert killed.runs(4)


@pytest.mark.parametrize("moment_s", [0.0, 0.1, 0.35, 0.7, 1.0])
def test_probes_are_no_less_dangerous_than_an_image(moment_s: float) -> None:
    """The unit restarts under an inspection that came too early, which says so."""

    async def tell(link: Link, killed: Killed) -> None:
        hear, kill = killed_behind_last_execute(package(), moment_s)
        pin = killed.unit.address
        await kill(Update(plan_of(package(), pin), link=link, report=hear).run())
        looks = InspectionPlan(unit_name="sim:unit", pin=pin, probes=PROBES, discard_progress=True)
        looked = await Inspection(looks, link=link, report=killed.heard.append).run()
        assert looked.error is not None
        assert "restarted by itself" in looked.error.message
        assert not any(isinstance(each, events.ObjectCreated) for each in killed.heard)
        await asyncio.sleep(5)

    killed = met_over_a_radio(on_a_radio("sdk15.3-ble", 0.005, bonded=True), tell)
    assert_alive(killed, context=moment_s)
    assert killed.runs(4)


# Over a wire.


class LastingWire(Wire):
    """To a unit that lives on when the port is closed.

    Args:
        driver: Of the unit, which has its power.
    """

    def __init__(self, driver: SerialDriver) -> None:
        self._driver = driver

    def listen(self, on_data: OnData, on_lost: OnLost) -> None:  # noqa: ARG002 - it is never lost
        self._driver.plug(on_data)

    async def write(self, data: bytes) -> None:
        await self._driver.room()
        self._driver.feed(data)

    def set_baud(self, baud: int) -> None:
        pass

    def clear_to_send(self) -> bool | None:
        return None

    async def close(self) -> None:
        self._driver.unplug()


def met_over_a_uart(description: UnitDescription, delay_s: float, second: Package) -> Killed:
    unit = fabricate(description, physics=physics_of(description), greets=True)
    killed = Killed(unit)

    async def story() -> None:
        driver = SerialDriver(unit, baud=BAUD)
        driver.power_on()

        async def open_wire() -> Wire:
            return LastingWire(driver)

        capabilities = SerialCapabilities(baud=BAUD, flow_control=True, exclusive=True)
        link = SerialLink(name="the port", open_wire=open_wire, capabilities=capabilities)
        says = expectation(f"application {5 if second is FIVE else 4}+")
        try:
            await both(link, killed, delay_s, second, None, expectation=says)
        finally:
            driver.close()

    run_in_virtual_time(story())
    return killed


@pytest.mark.parametrize("second", [package(), FIVE], ids=["same", "another"])
@pytest.mark.parametrize("size", [20_000, 0], ids=["with-application", "without"])
@pytest.mark.parametrize("profile", UART)
def test_over_a_uart(profile: str, size: int, second: Package) -> None:
    """It is met in no bootloader, and nobody can get it there.

    The application that the first run has sent runs, and is no success of the second.
    """
    for moment_s in MOMENTS_S:
        waits = describe(profile=PROFILES[profile], gpregret=GPREGRET_ENTER_DFU, size=size)
        killed = met_over_a_uart(waits, moment_s, second)
        assert_alive(killed, context=moment_s)
        assert killed.runs(4), moment_s
        outcome, code = killed.ended
        assert outcome is Outcome.FAILED, moment_s
        assert code in (Code.PORT_SILENT, Code.PORT_NONSENSE), moment_s


def met_over_usb(description: UnitDescription, delay_s: float, second: Package) -> Killed:
    unit = fabricate(description, physics=physics_of(description), greets=True)
    killed = Killed(unit)

    async def story() -> None:
        link = UsbLink(VirtualBus([unit]), unit.serial_number)
        try:
            await both(link, killed, delay_s, second, None)
        finally:
            await link.close()

    run_in_virtual_time(story())
    return killed


@pytest.mark.parametrize("second", [package(), FIVE], ids=["same", "another"])
@pytest.mark.parametrize("profile", USB)
def test_over_usb(profile: str, second: Package) -> None:
    for moment_s in MOMENTS_S:
        killed = met_over_usb(plugged(profile=PROFILES[profile]), moment_s, second)
        assert_alive(killed, context=moment_s)
        if killed.ended[0] is Outcome.UPDATED:
            assert killed.runs(5 if second is FIVE else 4), moment_s
            assert second is FIVE, moment_s
        else:  # nothing an application says shows that the same one was sent again
            assert killed.ended[1] == Code.SAME_APPLICATION_SEEN, moment_s
            assert killed.runs(4), moment_s
