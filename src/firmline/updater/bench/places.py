"""Where a unit stands, and how it is reached there: in the air, at a serial port, on USB.

A place keeps its unit over many attempts: the unit's time goes on between them, and what one has
left is what the next one finds.
"""

from __future__ import annotations

import asyncio
import zlib
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from firmline.device.application import GPREGRET_ENTER_DFU
from firmline.device.radio_face import ResetKind
from firmline.device.unit import VirtualUnit
from firmline.events import Event, UnitMode
from firmline.formats.package import Package
from firmline.links.base import SerialCapabilities, Sighting
from firmline.links.serial.link import SerialLink
from firmline.links.serial.options import DEFAULT_BAUD
from firmline.links.serial.virtual import VirtualUartWire
from firmline.links.serving.serial_driver import SerialDriver
from firmline.links.usb.link import UsbLink
from firmline.links.usb.virtual import VirtualBus
from firmline.links.virtual_radio import open_virtual_radio
from firmline.protocol.pacing import AHEAD, NO_PAUSES, Pacing
from firmline.updater.bench.attempt import Attempt, How
from firmline.updater.bench.setups import Setup
from firmline.updater.expectation import Expectation, expectation
from firmline.updater.fault_matrix.subjects import LinkKind
from firmline.updater.opening import AnyLink
from firmline.updater.update import Update, plan_for
from firmline.values import ImageKind, UnitPin

REST_S: Final = 10.0
"""Behind an attempt, for a restart that its end brings about."""
COMES_UP_S: Final = 2.0
"""For a unit that was reset to run what it boots into."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What a second ear has heard in the air.

    Attributes:
        at_s: When.
        sighting: Whom.
    """

    at_s: float
    sighting: Sighting


class Place(ABC):
    """Where a unit stands; its power comes when the place is made, in a running event loop.

    Args:
        unit: The unit, switched off.
        setup: What it is, and what it is sent.
    """

    pacing: Pacing

    def __init__(self, unit: VirtualUnit, setup: Setup) -> None:
        self.unit = unit
        self._setup = setup
        self._recovers = True

    @property
    def now_s(self) -> float:
        """The event loop's clock."""
        return asyncio.get_running_loop().time()

    async def attempt(self, how: How, *, recovers: bool = True) -> Attempt:
        """Send it the package once, and let it come to rest."""
        self._recovers = recovers
        heard: list[Event] = []
        self.unit.host_changed(is_other=how.from_other_host)
        try:
            await self._over_link(how, heard)
            await self.wait(REST_S)
        finally:
            self.unit.host_changed(is_other=False)
        said = self.unit.firmware_revision
        package = how.package or self._setup.package
        return Attempt(events=tuple(heard), runs_what_was_sent=said == revision_of(package))

    async def reset(self, kind: ResetKind) -> None:
        """Reset it from outside, and let it start."""
        self.unit.reset(kind, now_s=self.now_s)
        self.settle()
        await self.wait(COMES_UP_S)

    async def wait(self, duration_s: float) -> None:
        """Leave it alone for so long."""
        await asyncio.sleep(duration_s)

    @abstractmethod
    def settle(self) -> None:
        """Have happen what follows from something that was done to the unit."""

    async def listen(self, duration_s: float) -> tuple[Heard, ...] | None:
        """Hear who is in the air; ``None``: nobody can hear this unit but through its port."""
        await self.wait(duration_s)
        return None

    @abstractmethod
    async def close(self) -> None:
        """Take everything down."""

    @abstractmethod
    async def _over_link(self, how: How, heard: list[Event]) -> None:
        """The attempt, over a link of its own."""

    async def _update(
        self,
        how: How,
        heard: list[Event],
        *,
        link: AnyLink,
        pin: UnitPin | None,
        says: Expectation | None = None,
    ) -> None:
        plan = plan_for(
            self._setup.package if how.package is None else how.package,
            b"",
            package_name="update.zip",
            unit_name=self._setup.unit.name,
            pin=pin,
            pacing=how.pacing or self.pacing,
            timeouts=how.timeouts,
            prn=how.prn,
            expectation=says,
            recovers=self._recovers,
        )
        await Update(plan, link=link, report=heard.append).run()


def revision_of(package: Package) -> str | None:
    """What a virtual application says of itself that came with a package; ``None``: none did.

    It is on the package's label: ``firmline pkg display``.
    """
    image = package.image(ImageKind.APPLICATION)
    if image is None:
        return None
    return f"{image.init_packet.command.fw_version}+{zlib.crc32(image.firmware):08x}"


class InTheAir(Place):
    """Over a virtual radio."""

    pacing = AHEAD

    def __init__(self, unit: VirtualUnit, setup: Setup) -> None:
        super().__init__(unit, setup)
        self._radio = open_virtual_radio(timed=True)
        unit.power_on(now_s=self.now_s)
        self._peripheral = self._radio.add_unit(unit)

    def settle(self) -> None:
        """Have happen what follows from something that was done to the unit."""
        self._peripheral.settle()

    async def listen(self, duration_s: float) -> tuple[Heard, ...] | None:
        """Hear who is in the air, from a radio of one's own."""
        heard: list[Heard] = []
        ear = await self._radio.open_link()
        try:
            await ear.scan(duration_s=duration_s, seen=self._keeping(heard))
        finally:
            await ear.close()
        return tuple(heard)

    def _keeping(self, heard: list[Heard]) -> Callable[[Sighting], None]:
        return lambda sighting: heard.append(Heard(at_s=self.now_s, sighting=sighting))

    async def close(self) -> None:
        """Take everything down."""
        await self._radio.close()

    async def _over_link(self, how: How, heard: list[Event]) -> None:
        link = await self._radio.open_link(mtu=how.mtu)
        try:
            await self._update(how, heard, link=link, pin=self._setup.unit.address)
        finally:
            await link.close()


class AtPort(Place):
    """At a UART. Its operator has the product asked into its bootloader, and has done so once."""

    pacing = NO_PAUSES

    def __init__(self, unit: VirtualUnit, setup: Setup) -> None:
        super().__init__(unit, setup)
        self._driver = SerialDriver(unit, baud=DEFAULT_BAUD)
        self._driver.power_on()
        self._is_first = True

    def settle(self) -> None:
        """Have happen what follows from something that was done to the unit."""
        self._driver.feed(b"")

    async def close(self) -> None:
        """Take everything down."""
        self._driver.close()

    async def _over_link(self, how: How, heard: list[Event]) -> None:
        await self._ask_in()
        link = SerialLink(
            name=f"sim:{self.unit.name}",
            open_wire=self._plug_in,
            capabilities=SerialCapabilities(baud=DEFAULT_BAUD, flow_control=True, exclusive=True),
        )
        revision = revision_of(how.package or self._setup.package)
        says = None if revision is None else expectation(f"virtual application {revision}")
        await self._update(how, heard, link=link, pin=None, says=says)

    async def _ask_in(self) -> None:
        """The product's own command: its application leaves the request, and restarts."""
        was_first, self._is_first = self._is_first, False
        if not was_first and self.unit.mode is UnitMode.APPLICATION:
            self.unit.board.registers.gpregret = GPREGRET_ENTER_DFU
            await self.reset(ResetKind.SOFT)

    async def _plug_in(self) -> VirtualUartWire:
        return VirtualUartWire(self._driver)


class OnUsb(Place):
    """On a USB bus."""

    pacing = NO_PAUSES

    def __init__(self, unit: VirtualUnit, setup: Setup) -> None:
        super().__init__(unit, setup)
        self._bus = VirtualBus([unit])

    def settle(self) -> None:
        """Have happen what follows from something that was done to the unit."""
        self._bus.settle(self.unit)

    async def close(self) -> None:
        """Take everything down."""
        await self._bus.close()

    async def _over_link(self, how: How, heard: list[Event]) -> None:
        link = UsbLink(self._bus, self._setup.unit.serial_number)
        await self._update(how, heard, link=link, pin=None)


PLACES: Final[dict[LinkKind, type[Place]]] = {
    LinkKind.RADIO: InTheAir,
    LinkKind.UART: AtPort,
    LinkKind.USB: OnUsb,
}
