"""Reading what is on a unit that is plugged in by USB, in whichever program it runs.

An application says which it is and no more, and is left alone: it is the bootloader that knows the
unit, and answers probes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from firmline import events
from firmline.errors import Code, FirmlineError, TransportError, TransportReason
from firmline.events import Event, FactFound, How, UnitMode
from firmline.links.usb.device import UsbDevice, UsbKind
from firmline.links.usb.link import UsbLink
from firmline.updater.inspection_plan import InspectionPlan
from firmline.updater.inspection_record import InspectionRecord, InspectionResult
from firmline.updater.opening import declare_link, plan_timing
from firmline.updater.port_inspection import PortInspection
from firmline.updater.usb_absence import BY_HAND, no_trigger
from firmline.updater.usb_search import find


class UsbInspection:
    """Carries out one plan on one unit.

    Args:
        plan: What is to be read.
        link: The unit.
        report: Takes every event, in order, as it happens; when it returns, the event is kept.
    """

    def __init__(
        self, plan: InspectionPlan, *, link: UsbLink, report: Callable[[Event], None]
    ) -> None:
        self._plan = plan
        self._link = link
        self._report = report
        self._record = InspectionRecord(now_s=link.now_s, sink=report)

    async def run(self) -> InspectionResult:
        """Do it; errors end as a result, never as an exception (but for defects of ours)."""
        try:
            device = await find(self._link, self._plan.timeouts.serial.bootloader_s)
            if device.kind is not UsbKind.APPLICATION and device.port is not None:
                port = self._link.port(device)
                return await PortInspection(self._plan, link=port, report=self._report).run()
        except FirmlineError as error:
            self._begin()
            return self._record.finish(error, probes=None)
        self._begin()
        try:
            await self._ask(device)
        except FirmlineError as error:
            return self._record.finish(error, probes=None)
        except asyncio.CancelledError:
            self._record.interrupted()
            raise
        return self._record.finish(None, probes=None)

    def _begin(self) -> None:
        record, plan = self._record, self._plan
        record.begin(
            unit=plan.unit_name, with_probes=plan.probes is not None, public_key=plan.public_key
        )
        record.report(declare_link(self._link))
        record.report(plan_timing(self._link, plan.timeouts))

    async def _ask(self, device: UsbDevice) -> None:
        """What the application says of itself."""
        if device.kind is not UsbKind.APPLICATION:
            raise self._link.problem or no_trigger(device)
        record = self._record
        version = await self._link.version(device)
        record.report(
            events.UsbUnitSeen(
                serial_number=device.serial_number,
                usb_id=device.usb_id,
                mode=UnitMode.APPLICATION,
                port=device.port,
                version=version,
            )
        )
        record.left_in = UnitMode.APPLICATION
        facts = {
            "mode": UnitMode.APPLICATION.value,
            "serial_number": device.serial_number,
            "firmware_revision": version,
        }
        record.keep(
            FactFound(fact=fact, value=value, how=How.QUERY)
            for fact, value in facts.items()
            if value is not None
        )
        if self._plan.probes is not None:
            raise TransportError(
                Code.LINK_NOT_AVAILABLE,
                f"The USB unit {device.shown} runs its application, and it is its bootloader that"
                " answers probes.",
                reason=TransportReason.NOT_AVAILABLE,
                hint=f"{BY_HAND} Then inspect it again.",
            )
