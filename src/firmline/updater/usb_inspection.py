"""Reading what is on a unit that is plugged in by USB, in whichever program it runs.

An application says which it is and no more, and is left alone: it is the bootloader that knows the
unit, and answers probes.
"""

from __future__ import annotations

from collections.abc import Callable

from firmline.errors import Code, TransportError, TransportReason
from firmline.events import Event, FactFound, How, UnitMode
from firmline.links.usb.device import UsbDevice, UsbKind
from firmline.links.usb.link import UsbLink
from firmline.updater.inspection_plan import InspectionPlan
from firmline.updater.inspection_record import InspectionRecord, InspectionResult
from firmline.updater.port_inspection import read_at_port
from firmline.updater.usb_absence import BY_HAND, no_trigger
from firmline.updater.usb_search import find, unit_seen


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
        self._record = InspectionRecord(now_s=link.now_s, sink=report)

    async def run(self) -> InspectionResult:
        """Do it; errors end as a result, never as an exception (but for defects of ours)."""
        return await self._record.of(self._inspect, plan=self._plan, link=self._link)

    async def _inspect(self) -> None:
        device = await find(self._link, self._plan.timeouts.serial.bootloader_s)
        if device.kind is UsbKind.APPLICATION or device.port is None:
            await self._ask(device)
        else:
            await read_at_port(self._link.port(device), self._plan, self._record)

    async def _ask(self, device: UsbDevice) -> None:
        """What the application says of itself."""
        if device.kind is not UsbKind.APPLICATION:
            raise self._link.problem or no_trigger(device)
        record = self._record
        version = await self._link.version(device)
        record.report(unit_seen(device, UnitMode.APPLICATION, version))
        record.left_in = UnitMode.APPLICATION
        facts = {
            "mode": UnitMode.APPLICATION.value,
            "serial_number": device.serial_number,
            "firmware_revision": version,
        }
        record.keep(
            FactFound(fact=fact, value=value, how=How.USB)
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
