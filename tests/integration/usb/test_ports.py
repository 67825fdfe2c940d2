"""The computer's own bus with pseudo-terminals for ports; only what libusb lists is made up."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from firmline import events
from firmline.device.application import GPREGRET_ENTER_DFU
from firmline.device.fabrication import fabricate
from firmline.errors import Code
from firmline.events import Event, Outcome
from firmline.links.serving.pseudo_terminal import serve_on_pty
from firmline.links.serving.serial_driver import SerialDriver
from firmline.links.usb.host_bus import HostBus
from firmline.links.usb.link import UsbLink
from firmline.protocol.pacing import NO_PAUSES
from firmline.protocol.usb_trigger import TriggerRequest
from firmline.updater.timeouts import SerialTimeouts, Timeouts
from firmline.updater.update import Update, UpdateResult, plan_for
from integration.story import package
from integration.usb.bus import SERIAL, plugged

QUICK = Timeouts(serial=SerialTimeouts(reappear_s=1), return_s=3)


class Computer:
    """A unit at a pseudo-terminal, and what the system's libraries would list of it.

    Attributes:
        path: The pseudo-terminal.
        late: Looks for which the port of a new bootloader cannot be opened yet.
    """

    def __init__(self, driver: SerialDriver, path: str) -> None:
        self.path = path
        self.late = 0
        self._driver = driver

    def _number(self) -> int:
        mode = self._driver.unit.mode
        return 0x520F if mode is not None and mode.value == "application" else 0x521F

    def comports(self) -> list[Any]:
        self.late -= 1
        path = "/dev/pts/none" if self.late > 0 else self.path
        return [
            SimpleNamespace(
                device=path,
                vid=0x1915,
                pid=self._number(),
                serial_number=SERIAL,
                product="Tag",
                location="1-1",
            )
        ]

    def devices(self) -> list[Any]:
        return [_Handle(self._driver, self._number())]


class _Handle:
    """A device of libusb, which asks the unit."""

    bus, port_numbers, serial_number, product = 1, (1,), SERIAL, "Tag"

    def __init__(self, driver: SerialDriver, product: int) -> None:
        self.idVendor, self.idProduct = 0x1915, product  # as libusb calls them
        self.address = driver.restarts + 1
        self._driver = driver

    def __iter__(self) -> Any:
        trigger = {"bInterfaceClass": 255, "bInterfaceSubClass": 1, "bInterfaceProtocol": 1}
        has_trigger = self.idProduct == 0x520F
        return iter([[SimpleNamespace(bInterfaceNumber=2, **trigger)] if has_trigger else []])

    def ctrl_transfer(self, _kind: int, request: int, *_words: Any, timeout: int) -> bytes:
        _ = timeout
        # The unit lives in the loop's thread; libusb is called in another.
        future = asyncio.run_coroutine_threadsafe(self._ask(request), LOOPS[0])
        answer = future.result(5)
        if answer is None:
            raise OSError(32, "Pipe error")
        return answer

    async def _ask(self, request: int) -> bytes | None:
        return self._driver.ask(TriggerRequest(request))


LOOPS: list[asyncio.AbstractEventLoop] = []


async def run(late: int = 0, **changes: Any) -> tuple[UpdateResult, list[Event]]:
    LOOPS[:] = [asyncio.get_running_loop()]
    heard: list[Event] = []
    driver = SerialDriver(fabricate(plugged(**changes)), baud=None)
    async with serve_on_pty(driver) as path:
        driver.power_on()
        computer = Computer(driver, path)

        def report(event: Event) -> None:
            heard.append(event)
            if isinstance(event, events.EnteringBootloader):
                computer.late = late

        bus = HostBus(comports=computer.comports, devices=computer.devices)
        plan = plan_for(
            package(),
            b"",
            package_name="a",
            unit_name="usb:a",
            pin=None,
            pacing=NO_PAUSES,
            timeouts=QUICK,
        )
        try:
            result = await Update(plan, link=UsbLink(bus, SERIAL), report=report).run()
        finally:
            driver.close()
    return result, heard


async def test_an_application_is_updated_through_the_systems_own_port() -> None:
    result, heard = await run()
    assert result.finished.outcome is Outcome.UPDATED
    versions = [event.version for event in heard if isinstance(event, events.UsbUnitSeen)]
    assert [version and version.split("+")[0] for version in versions] == [
        "virtual-application 3.0.0",
        None,
        "virtual-application 4.0.0",
    ]


@pytest.mark.slow
async def test_a_port_that_cannot_be_opened_yet_is_tried_again() -> None:
    result, _ = await run(late=4)
    assert result.finished.outcome is Outcome.UPDATED


@pytest.mark.slow
async def test_a_port_that_can_never_be_opened_is_told_in_time() -> None:
    result, _ = await run(late=10**6)
    assert result.finished.code == Code.PORT_NOT_FOUND
    assert result.finished.duration_s < 3


async def test_a_unit_that_waits_is_opened_at_once() -> None:
    result, heard = await run(gpregret=GPREGRET_ENTER_DFU)
    assert result.finished.code == Code.NEW_APPLICATION_NOT_SEEN
    (opened,) = [event for event in heard if isinstance(event, events.PortOpened)]
    assert (opened.baud, opened.exclusive) == (None, True)
