"""What is done when a unit on USB loses its port in the middle: it is looked for, and goes on.

Rules of this module:

* A unit is its serial number. It is waited for, for so long (``replug``), in its bootloader or in
  its application, and nothing is sent to anything else that is plugged in meanwhile.
* Found in its bootloader, it goes on where that says it is: in the middle of an object where only
  the plug was out, at its last checkpoint or at zero where its power was. Found in its application,
  it is asked into its bootloader again.
* What is decided is :mod:`firmline.updater.ladder`'s part, bounds included, and told as an event
  before it is done. What a line loses while the port stays is
  :mod:`firmline.updater.serial.recovery`'s.
* A port that goes instead of the answer to the last EXECUTE, or behind one that contradicts what
  the unit has said before, leaves open whether it has taken the image. As over a radio, only its
  bootloader can tell: it goes on with an image it has not judged, and is sent all of it again
  otherwise. Nothing else makes a success of it.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Final

from firmline import events
from firmline.errors import (
    Code,
    FirmlineError,
    TransportError,
    TransportReason,
)
from firmline.events import UnitMode
from firmline.links.usb.device import UsbDevice, UsbKind
from firmline.links.usb.link import UsbLink
from firmline.protocol.framing import SerialFraming
from firmline.updater.ending import Information
from firmline.updater.ladder import Ladder, LadderStep, Step
from firmline.updater.road import Briefing, Method
from firmline.updater.serial.bootloader import is_lost
from firmline.updater.serial.recovery import SerialRecovery
from firmline.updater.unheard_end import (
    may_hide_success,
    not_asked_again,
    not_seen_again,
)
from firmline.updater.usb.absence import no_trigger, not_back_in_middle
from firmline.updater.usb.bootloader import UsbBootloader
from firmline.updater.usb.search import LOOKS_EVERY_S, unit_seen

REST_S: Final = 0.5
"""Before a lost unit is looked for, longer with each loss: a plug that is moved makes and breaks
contact for a while; ours."""
SETTLED_S: Final = 2.0
"""After so long the system has read all of a device's interfaces, and given it away; ours."""
OTHER_CABLE: Final = (
    "It is lost again and again: try another cable, or a port of the computer itself instead of a"
    " hub; if the unit has a supply of its own, measure that."
)


class UsbRecovery:
    """Brings a lost unit back into its bootloader.

    Args:
        link: The unit.
        bootloader: Its bootloader, with the port that it has at the moment.
        ladder: Decides; hears every event of the update.
        briefing: Of the road.

    Attributes:
        before: What the unit's application said of itself before any of it may have been replaced;
            ``None``: it was not seen running.
    """

    def __init__(
        self, link: UsbLink, bootloader: UsbBootloader, *, ladder: Ladder, briefing: Briefing
    ) -> None:
        self.before: Information | None = None
        self._link = link
        self._bootloader = bootloader
        self._ladder = ladder
        self._briefing = briefing
        self._line = SerialRecovery(bootloader, briefing, port_shows_restart=True)
        self._may_have_taken = False
        """Whether an answer to a last EXECUTE was missed in this update."""

    def begin_image(self) -> None:
        """What a line has lost of the last image does not count for this one."""
        self._line = SerialRecovery(self._bootloader, self._briefing, port_shows_restart=True)

    def method(self, planned: Method) -> Method:
        """How objects are sent, after what the line has shown."""
        return self._line.method(planned)

    def framing(self) -> SerialFraming:
        """The frames of a new session."""
        return self._line.framing()

    async def recover(self, error: FirmlineError) -> bool:
        """After a failed session: whether the image goes on in a new one.

        Raises:
            VerifyError: The answer to the last EXECUTE is missing, and with it the unit.
            TransportError: What the way back has ended with, where that says more than ``error``.
        """
        self._may_have_taken |= self._is_unheard and may_hide_success(error)
        if is_lost(error):
            return await self.come_back(error)
        try:
            return await self._line.recover(error)
        except TransportError as lost:
            if not is_lost(lost):
                raise
            return await self.come_back(lost)

    async def come_back(self, error: FirmlineError) -> bool:
        """Look for the unit until its bootloader answers; ``False``: ``error`` stands.

        Raises:
            VerifyError: The answer to the last EXECUTE is missing, and the unit, or its bootloader.
            TransportError: What the way back has ended with, where that says more than ``error``.
        """
        first = error
        while (step := self._decide(error)) is not None:
            if is_lost(error):
                self._briefing.report(events.LinkLost(hci_reason=None, expected=False))
            self._tell(step, error, reason=f"{error.message} {self._wait}")
            try:
                await self._find_bootloader(step, error)
            except TransportError as again:
                error = again
            else:
                return True
        if is_lost(error):
            self._briefing.report(events.LinkLost(hci_reason=None, expected=False))
            error.hint = OTHER_CABLE
        if self._is_unheard and isinstance(error, TransportError):
            raise self._unheard(error) from first
        if error is not first:
            raise error from first
        return False

    @property
    def _waits_s(self) -> float:
        """For a unit that may activate an image, or for a person who has to find the plug."""
        timeouts = self._briefing.timeouts
        return timeouts.return_s if self._is_unheard else timeouts.serial.replug_s

    @property
    def _wait(self) -> str:
        number = self._link.serial_number
        return f"The unit {number} is looked for, for {self._waits_s:g} s at most."

    @property
    def _is_unheard(self) -> bool:
        return self._briefing.progress.last_execute_sent

    def _decide(self, error: FirmlineError) -> LadderStep | None:
        """A unit that is gone, or that stayed, may come; nothing else passes by itself."""
        may_pass = is_lost(error) or error.code is Code.UNIT_STAYED_IN_APPLICATION
        return self._ladder.decide(error) if may_pass else None

    def _unheard(self, error: TransportError) -> FirmlineError:
        if error.code is Code.UNIT_NOT_FOUND:
            return not_seen_again(self._briefing.timeouts.return_s)
        return not_asked_again(error)

    # Looking for it.

    async def _find_bootloader(self, step: LadderStep, error: FirmlineError) -> None:
        """See the unit plugged in again, and open its bootloader, by way of its application."""
        await self._bootloader.close()
        strangers = await self._link.others()
        waits_s = self._waits_s
        until_s = self._link.now_s() + waits_s
        await asyncio.sleep(REST_S * step.attempt)
        ask_s: float | None = None
        while True:
            device = await self._link.look()
            trouble: TransportError | None = None
            if device is None:
                ask_s = None
            elif device.kind is not UsbKind.APPLICATION and not self._is_bootloader(device):
                trouble = self._link.problem or no_trigger(device)
                ask_s = self._link.now_s() + SETTLED_S if ask_s is None else ask_s
                if self._link.now_s() >= ask_s:
                    self._ask_person(device, step, error)
                    ask_s = float("inf")
            else:
                trouble = await self._try(device, step, error)
                if trouble is None:
                    return
            if self._link.now_s() >= until_s:
                raise trouble or not_back_in_middle(
                    self._link.serial_number, waits_s, await self._link.others() - strangers
                )
            await asyncio.sleep(LOOKS_EVERY_S)

    def _is_bootloader(self, device: UsbDevice) -> bool:
        """Whether this is what the unit's bootloader looks like, as it was seen in this update."""
        left = self._bootloader.device
        is_same = left is not None and device.usb_id == left.usb_id
        return is_same or device.kind is UsbKind.BOOTLOADER

    async def _try(
        self, device: UsbDevice, step: LadderStep, error: FirmlineError
    ) -> TransportError | None:
        """Open the bootloader of what has come a moment ago; why nobody may do that yet."""
        try:
            if device.kind is UsbKind.APPLICATION:
                information = await self._bootloader.hear_application(device)
            elif device.port is None:
                return not_back_in_middle(self._link.serial_number, self._waits_s, frozenset())
            else:
                await self._bootloader.open(device)
                return None
        except TransportError as not_yet:
            if not_yet.reason is not TransportReason.NOT_AVAILABLE:
                raise
            return not_yet
        await self._reenter(device, information, step, error)
        return None

    async def _reenter(
        self, device: UsbDevice, information: Information, step: LadderStep, error: FirmlineError
    ) -> None:
        """The unit has lost its power, and runs its application: into the bootloader again."""
        if not self._may_have_taken:  # else it may be the new one
            self.before = self.before or information
        self._tell(
            replace(step, step=Step.REENTER), error, reason="The unit is in its application."
        )
        await self._bootloader.enter_from(device)

    def _ask_person(self, device: UsbDevice, step: LadderStep, error: FirmlineError) -> None:
        """Tell that only a hand can bring it into its bootloader."""
        self._briefing.report(unit_seen(device, UnitMode.APPLICATION))
        self._tell(
            replace(step, step=Step.REENTER),
            error,
            reason="The unit is in an application that cannot be asked: get it into its bootloader"
            " by hand.",
        )

    def _tell(self, step: LadderStep, error: FirmlineError, *, reason: str) -> None:
        self._briefing.report(
            events.LadderStepped(
                step=step.step.value,
                fault=step.observed.value,
                attempt=step.attempt,
                reason=reason,
                code=str(error.code),
            )
        )
