"""Reading what is on a unit that waits in its bootloader at a serial port.

Nobody but the bootloader answers there, and one that is built for a serial port says itself which
chip it runs on and what is installed; probes tell the rest. It stays where it is.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from firmline import events
from firmline.errors import TransportError, TransportReason
from firmline.events import FactFound, How, UnitMode
from firmline.links.base import PortLink
from firmline.protocol.framing import SerialFraming
from firmline.updater.dialogue import Dialogue
from firmline.updater.inspection.link import LinkInspection
from firmline.updater.inspection.plan import InspectionPlan
from firmline.updater.inspection.questions import ask_bootloader
from firmline.updater.inspection.record import InspectionRecord
from firmline.updater.opening import port_opened
from firmline.updater.serial.absence import find_bootloader
from firmline.updater.serial.frames import FrameWisePort
from firmline.updater.serial.talk import SerialTalk


class PortInspection(LinkInspection[PortLink]):
    """Carries out one plan at one port; see :class:`LinkInspection`."""

    async def _inspect(self) -> None:
        await read_at_port(self._link, self._plan, self._record)


async def read_at_port(link: PortLink, plan: InspectionPlan, record: InspectionRecord) -> None:
    """Open a port and ask the bootloader that answers there.

    Raises:
        TransportError: The port cannot be used, or no bootloader answers, with the reason.
        InputError: As :func:`~firmline.updater.inspection.questions.ask_bootloader`.
        TargetRefusedError: Likewise.
        RemoteProtocolError: Likewise.
    """
    async with bootloader_at(link, plan, record) as dialogue:
        await ask_bootloader(dialogue, plan, record)


@asynccontextmanager
async def bootloader_at(
    link: PortLink, plan: InspectionPlan, record: InspectionRecord
) -> AsyncIterator[Dialogue]:
    """A bootloader that answers at a port, ready to be asked; the loss of the port is reported.

    Raises:
        TransportError: The port cannot be used, or no bootloader answers, with the reason.
        TargetRefusedError: It answers that it knows no PING.
    """
    opened = await link.open()
    try:
        port = FrameWisePort(opened)
        record.report(port_opened(link))
        timeouts = plan.timeouts.serial
        talk = SerialTalk(port, now_s=link.now_s, timeouts=timeouts, report=record.report)
        await find_bootloader(link, port, talk, timeouts)
        record.left_in = UnitMode.BOOTLOADER
        record.keep([FactFound(fact="mode", value=UnitMode.BOOTLOADER.value, how=How.QUERY)])
        yield Dialogue(
            port,
            SerialFraming(),
            report=record.report,
            answer_timeout_s=plan.timeouts.serial.execute_s,
        )
    except TransportError as error:
        if error.reason is TransportReason.LOST:
            record.report(events.LinkLost(hci_reason=None, expected=False))
        raise
    finally:
        await opened.close()
