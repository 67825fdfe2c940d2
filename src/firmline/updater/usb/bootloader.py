"""The bootloader of a unit on USB, at whichever port it is now, and the ways into it.

With every restart the unit's port goes and another one comes. What is plugged in then is looked at
anew: with the unit's serial number, and with no second one of it.
"""

from __future__ import annotations

from firmline.errors import LocalProtocolError, TransportError, TransportReason
from firmline.events import UnitMode
from firmline.links.base import Received
from firmline.links.usb.device import UsbDevice, UsbKind
from firmline.links.usb.link import UsbLink
from firmline.protocol.channels import Channel
from firmline.updater.ending import Information
from firmline.updater.road import Briefing
from firmline.updater.serial.bootloader import SerialBootloader
from firmline.updater.serial.talk import SerialTalk, Versions
from firmline.updater.usb.absence import no_trigger, not_back_for_next
from firmline.updater.usb.restart import opened_patiently, restart_into_bootloader
from firmline.updater.usb.search import Looks, find, said, unit_seen


class UsbBootloader:
    """An :class:`~firmline.links.base.Exchange` that outlives the unit's ports.

    Args:
        link: The unit.
        briefing: Of the road.

    Attributes:
        device: The unit as its bootloader was plugged in last; ``None``: it was not seen yet.
    """

    def __init__(self, link: UsbLink, briefing: Briefing) -> None:
        self.device: UsbDevice | None = None
        self._link = link
        self._report = briefing.report
        self._briefing = briefing
        self._timeouts = briefing.timeouts
        self._open: SerialBootloader | None = None

    # The port of the moment.

    @property
    def _opened(self) -> SerialBootloader:
        if self._open is None:
            raise LocalProtocolError("A USB unit was used before its port was opened.")
        return self._open

    @property
    def versions(self) -> Versions:
        """What the bootloader told of the unit's flash when its port was opened."""
        return self._opened.versions

    @property
    def talk(self) -> SerialTalk:
        """What asks the bootloader single questions, as long as it has this port."""
        return self._opened.talk

    async def write(self, channel: Channel, data: bytes) -> None:
        """See :class:`firmline.links.base.Exchange`."""
        await self._opened.write(channel, data)

    async def flush(self) -> None:
        """See :class:`firmline.links.base.Exchange`."""
        await self._opened.flush()

    async def receive(self, *, timeout_s: float) -> Received:
        """See :class:`firmline.links.base.Exchange`."""
        return await self._opened.receive(timeout_s=timeout_s)

    async def open(self, device: UsbDevice) -> None:
        """Open the port of what is, or may be, the bootloader.

        Raises:
            TransportError: NOT_AVAILABLE: not now; NOT_FOUND: no bootloader answers; LOST.
            RemoteProtocolError: What answers makes no sense.
        """
        await self.close()
        self.device = device
        self._open = SerialBootloader(self._link.port(device), self._briefing)
        await self._open.open()

    async def close(self) -> None:
        """Give the port back."""
        if self._open is not None:
            await self._open.close()

    # Into the bootloader.

    async def hear_application(self, device: UsbDevice) -> Information:
        """Tell that the unit runs its application; what that says of itself."""
        version = await self._link.version(device)
        self._report(unit_seen(device, UnitMode.APPLICATION, version))
        return said(version)

    async def enter(self) -> Information | None:
        """Find the unit, and open its bootloader; what its application said, if one ran.

        Raises:
            TransportError: It is not there, is not the only one, cannot be asked, or stays.
            RemoteProtocolError: What answers makes no sense.
        """
        device = await find(self._link, self._timeouts.serial.bootloader_s)
        if device.kind is UsbKind.APPLICATION:
            information = await self.hear_application(device)
            await self.enter_from(device)
            return information
        await self._open_as_it_is(device)
        return None

    async def enter_from(self, application: UsbDevice) -> None:
        """Have the application restart, and open the bootloader that comes back.

        Raises:
            TransportError: It cannot be asked, stays, or does not come back.
            RemoteProtocolError: What answers makes no sense.
        """
        reappear_s = self._timeouts.serial.reappear_s
        device = await restart_into_bootloader(
            self._link, application, reappear_s=reappear_s, report=self._report
        )
        await self.open_patiently(device)

    async def await_next(self) -> None:
        """After an image the unit restarts, and waits in its bootloader for the next one.

        Raises:
            TransportError: It does not come back, or not into its bootloader.
        """
        left = self.device
        await self.close()
        async for device in Looks(self._link, self._timeouts.return_s):
            if device is not None and device.kind is UsbKind.APPLICATION:
                await self.hear_application(device)
                await self.enter_from(device)
                return
            if device is not None and (left is None or device.address != left.address):
                await self.open_patiently(device)
                return
            # An address that the system does not tell is another one after the unit was away.
            left = None if device is None else left
        raise not_back_for_next(self._link.serial_number, self._timeouts.return_s)

    async def restart(self) -> None:
        """Ask it for the reset that leads into the application, and give its port back.

        Raises:
            TransportError: The port takes nothing.
        """
        await self.talk.ask_to_restart()
        await self.close()

    async def _open_as_it_is(self, device: UsbDevice) -> None:
        """Open the port of what may be a bootloader, and see whether it is one."""
        if device.port is None:
            raise self._link.problem or no_trigger(device)
        is_known = device.kind is UsbKind.BOOTLOADER
        self._report(unit_seen(device, UnitMode.BOOTLOADER if is_known else None))
        try:
            await self.open(device)
        except TransportError as error:
            if is_known or error.reason is not TransportReason.NOT_FOUND:
                raise
            # No bootloader answers: it is an application that could not be asked, and why.
            raise (self._link.problem or no_trigger(device)) from error

    async def open_patiently(self, device: UsbDevice) -> None:
        """Open a port that has just come: for a moment it may be nobody's, root's, or busy.

        Raises:
            TransportError: It stays so; or as :meth:`open`.
            RemoteProtocolError: What answers makes no sense.
        """
        reappear_s = self._timeouts.serial.reappear_s
        await opened_patiently(
            self._link, device, self.open, reappear_s=reappear_s, report=self._report
        )
