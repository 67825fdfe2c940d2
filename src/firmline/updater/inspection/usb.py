"""Reading what is on a unit that is plugged in by USB, in whichever program it runs.

Rules of this module:

* An application says which it is and no more. It is left alone, unless the user wants its
  bootloader asked: that knows the unit, and answers probes.
* A unit is left as it was found. One that was taken out of its application by the DFU trigger is
  sent back and seen running it, whatever happened in between; one that was found in its bootloader
  stays there.

ABORT resets a bootloader at once; where it does nothing, the bootloader resets itself 120 s after
the last CREATE (secure-dfu-bootloader spec, sections 2.5 and 10).
"""

from __future__ import annotations

from contextlib import AsyncExitStack
from functools import partial

from firmline.errors import TransportError, TransportReason
from firmline.events import FactFound, How, Reporter, UnitMode
from firmline.links.usb.device import UsbDevice, UsbKind
from firmline.links.usb.link import UsbLink
from firmline.updater.dialogue import Dialogue
from firmline.updater.inspection.link import LinkInspection
from firmline.updater.inspection.plan import InspectionPlan
from firmline.updater.inspection.port import bootloader_at, read_at_port
from firmline.updater.inspection.questions import ask_bootloader
from firmline.updater.inspection.record import (
    not_back,
    one_then_other,
)
from firmline.updater.usb.absence import no_trigger
from firmline.updater.usb.restart import opened_patiently, restart_into_bootloader
from firmline.updater.usb.search import Looks, find, unit_seen


class UsbInspection(LinkInspection[UsbLink]):
    """Carries out one plan on one plugged unit; see :class:`LinkInspection`."""

    def __init__(self, plan: InspectionPlan, *, link: UsbLink, report: Reporter) -> None:
        super().__init__(plan, link=link, report=report)
        self._bootloader: UsbDevice | None = None
        """As it was plugged in when its port was opened last."""

    async def _inspect(self) -> None:
        device = await find(self._link, self._plan.timeouts.serial.bootloader_s)
        if device.kind is UsbKind.APPLICATION:
            await self._read_application(device)
            if self._plan.enters:
                await self._read_bootloader_of(device)
        elif device.port is None:
            raise self._link.problem or no_trigger(device)
        else:
            await self._read_at_port(device)

    # Its application.

    async def _read_application(self, device: UsbDevice) -> None:
        """What the application says of itself."""
        version = await self._hear_application(device)
        facts = {
            "mode": UnitMode.APPLICATION.value,
            "serial_number": device.serial_number,
            "firmware_revision": version,
        }
        self._record.keep(
            FactFound(fact=fact, value=value, how=How.USB)
            for fact, value in facts.items()
            if value is not None
        )

    async def _hear_application(self, device: UsbDevice) -> str | None:
        """Tell that the unit runs its application; what that says of its version."""
        version = await self._link.version(device)
        self._record.report(unit_seen(device, UnitMode.APPLICATION, version))
        self._record.left_in = UnitMode.APPLICATION
        return version

    # Its bootloader.

    async def _read_at_port(self, device: UsbDevice) -> None:
        """Ask what may be a bootloader, as it was found."""
        try:
            await read_at_port(self._link.port(device), self._plan, self._record)
        except TransportError as error:
            is_known = device.kind is UsbKind.BOOTLOADER
            if is_known or error.reason is not TransportReason.NOT_FOUND:
                raise
            # No bootloader answers: it is an application that could not be asked, and why.
            raise (self._link.problem or no_trigger(device)) from error

    async def _read_bootloader_of(self, application: UsbDevice) -> None:
        """Have the application restart, and ask the bootloader that comes back."""
        self._record.entered, self._record.left_in = True, None  # whatever becomes of it
        reappear_s, report = self._plan.timeouts.serial.reappear_s, self._record.report
        device = await restart_into_bootloader(
            self._link, application, reappear_s=reappear_s, report=report
        )
        async with AsyncExitStack() as stack:

            async def open_port(device: UsbDevice) -> Dialogue:
                self._bootloader = device
                port = self._link.port(device)
                return await stack.enter_async_context(
                    bootloader_at(port, self._plan, self._record)
                )

            dialogue = await opened_patiently(
                self._link, device, open_port, reappear_s=reappear_s, report=report
            )
            await one_then_other(
                partial(ask_bootloader, dialogue, self._plan, self._record),
                partial(self._send_back, dialogue),
                unless_lost=True,
            )

    # The way back.

    async def _send_back(self, dialogue: Dialogue) -> None:
        """Ask for the reset that leads back into the application."""
        if self._goes_back:
            await dialogue.ask_to_restart()

    async def _see_return(self) -> None:
        """See the application run again: at once, or when the bootloader gives up by itself."""
        self._record.left_in = None
        left, was_away = self._bootloader, False
        device: UsbDevice | None = None
        waits_s = self._plan.timeouts.inactivity_s
        async for device in Looks(self._link, waits_s):
            if device is not None and device.kind is UsbKind.APPLICATION:
                await self._hear_return(device)
                return
            is_new = left is not None and device is not None and device.address != left.address
            if device is not None and (was_away or is_new):
                break
            was_away |= device is None
        self._record.left_in = None if device is None else UnitMode.BOOTLOADER
        raise not_back(in_bootloader=device is not None, waited_s=waits_s)

    async def _hear_return(self, device: UsbDevice) -> None:
        """Tell that the unit runs its application again, also where nobody may ask that yet."""
        try:
            await self._hear_application(device)
        except TransportError as error:
            if error.reason is not TransportReason.NOT_AVAILABLE:
                raise
            self._record.report(unit_seen(device, UnitMode.APPLICATION))
            self._record.left_in = UnitMode.APPLICATION
