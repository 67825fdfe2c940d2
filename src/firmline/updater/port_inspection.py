"""Reading what is on a unit that waits in its bootloader at a serial port.

Nobody but the bootloader answers there, and one that is built for a serial port says itself which
chip it runs on and what is installed; probes tell the rest. It stays where it is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack

from firmline import events
from firmline.errors import FirmlineError, TransportError, TransportReason
from firmline.events import Event, FactFound, How, UnitMode
from firmline.links.base import PortConnection, PortLink
from firmline.protocol.framing import SerialFraming
from firmline.protocol.reading import read_progress, read_versions, run_probes
from firmline.updater import facts
from firmline.updater.dialogue import Dialogue
from firmline.updater.inspection_plan import InspectionPlan, progress_at_risk
from firmline.updater.inspection_record import InspectionRecord, InspectionResult
from firmline.updater.opening import declare_link, plan_timing
from firmline.updater.serial_absence import nothing_answers
from firmline.updater.serial_frames import FrameWisePort
from firmline.updater.serial_talk import SerialTalk


class PortInspection:
    """Carries out one plan at one port.

    Args:
        plan: What is to be read.
        link: The port.
        report: Takes every event, in order, as it happens; when it returns, the event is kept.
    """

    def __init__(
        self, plan: InspectionPlan, *, link: PortLink, report: Callable[[Event], None]
    ) -> None:
        self._plan = plan
        self._link = link
        self._record = InspectionRecord(now_s=link.now_s, sink=report)

    async def run(self) -> InspectionResult:
        """Do it; errors end as a result, never as an exception (but for defects of ours)."""
        plan, record = self._plan, self._record
        record.begin(
            unit=plan.unit_name,
            with_probes=plan.probes is not None,
            public_key=plan.public_key,
        )
        record.report(declare_link(self._link))
        record.report(plan_timing(self._link, plan.timeouts))
        error: FirmlineError | None = None
        try:
            async with AsyncExitStack() as stack:
                await self._ask(await self._open(stack))
        except FirmlineError as caught:
            error = caught
            if isinstance(caught, TransportError) and caught.reason is TransportReason.LOST:
                record.report(events.LinkLost(hci_reason=None, expected=False))
        except asyncio.CancelledError:
            record.interrupted()
            raise
        return record.finish(error, probes=plan.probes)

    async def _open(self, stack: AsyncExitStack) -> PortConnection:
        """The port, at which a bootloader answers."""
        opened = await self._link.open()
        stack.push_async_callback(opened.close)
        port = FrameWisePort(opened)
        can = self._link.capabilities
        self._record.report(
            events.PortOpened(
                port=self._link.name,
                baud=can.baud,
                flow_control=can.flow_control,
                exclusive=can.exclusive,
            )
        )
        timeouts = self._plan.timeouts.serial
        talk = SerialTalk(
            port, now_s=self._link.now_s, timeouts=timeouts, report=self._record.report
        )
        if not await talk.find(timeouts.bootloader_s):
            raise nothing_answers(self._link, port, talk, timeouts)
        return port

    async def _ask(self, port: PortConnection) -> None:
        record, plan = self._record, self._plan
        record.left_in = UnitMode.BOOTLOADER
        record.keep([FactFound(fact="mode", value=UnitMode.BOOTLOADER.value, how=How.QUERY)])
        dialogue = Dialogue(
            port,
            SerialFraming(),
            report=record.report,
            answer_timeout_s=plan.timeouts.serial.execute_s,
        )
        record.asked_bootloader = True
        progress = await dialogue.run(read_progress())
        record.keep(facts.facts_of_progress(progress))
        record.keep(facts.facts_of_versions(await dialogue.run(read_versions())))
        if plan.probes is None:
            return
        if progress and not plan.discard_progress:
            raise progress_at_risk(progress)
        await dialogue.run(
            run_probes(plan.probes, packet_size=dialogue.packet_size, found=record.take_findings)
        )
        if record.findings.problem is not None:
            raise record.findings.problem
