"""One USB unit as the updater sees it: looked for, asked to restart, and looked for again."""

from __future__ import annotations

from firmline.errors import TransportError, TransportReason
from firmline.links.base import PortLink, SerialCapabilities
from firmline.links.usb.bus import UsbBus
from firmline.links.usb.device import UsbDevice, UsbKind
from firmline.links.usb.problems import nobody, several
from firmline.protocol.usb_trigger import (
    DETACH_DATA,
    MAX_VERSION_SIZE,
    TriggerRequest,
    decode_version,
)

RESTARTED: frozenset[TransportReason] = frozenset(
    {TransportReason.REFUSED, TransportReason.TIMEOUT, TransportReason.LOST}
)
"""How DETACH ends where the unit resets before it has answered."""


class UsbLink:
    """The road to one unit on a bus.

    Args:
        bus: The USB devices there are.
        serial_number: The unit's; empty: that of the one unit that is plugged in when it is first
            looked for, from then on.

    Attributes:
        problem: Why trigger interfaces could not be looked for, when it was last tried.
    """

    def __init__(self, bus: UsbBus, serial_number: str = "") -> None:
        self.problem: TransportError | None = None
        self._bus = bus
        self._serial_number = serial_number

    @property
    def serial_number(self) -> str:
        """The unit's serial number; empty: nobody has been seen yet."""
        return self._serial_number

    @property
    def capabilities(self) -> SerialCapabilities:
        """What its port can do."""
        return SerialCapabilities(baud=None, flow_control=True, exclusive=True)

    def now_s(self) -> float:
        """The bus's clock, in seconds."""
        return self._bus.now_s()

    async def look(self) -> UsbDevice | None:
        """The unit as it is plugged in now; ``None``: it is not.

        Raises:
            TransportError: NOT_AVAILABLE; two devices fit, or the system lists none.
        """
        fits = await self._fitting()
        if len(fits) > 1:
            raise several(self._serial_number, fits)
        if not fits:
            return None
        # From now on it is this one, whatever else is plugged in.
        self._serial_number = fits[0].serial_number
        return fits[0]

    async def absence(self) -> TransportError:
        """The error of a unit that was looked for and is not there."""
        return nobody(self._serial_number, (await self._bus.look()).devices)

    async def others(self) -> frozenset[str]:
        """The serial numbers of the bootloaders that are plugged in, but for the unit's."""
        plugged = await self._bus.look()
        return frozenset(
            device.serial_number
            for device in plugged.devices
            if device.kind is UsbKind.BOOTLOADER and not device.is_called(self._serial_number)
        )

    async def _fitting(self) -> list[UsbDevice]:
        plugged = await self._bus.look()
        self.problem = plugged.problem
        if self._serial_number:
            return [each for each in plugged.devices if each.is_called(self._serial_number)]
        # Without a serial number nobody could be followed through a restart.
        return [
            each
            for each in plugged.devices
            if each.kind is not UsbKind.OTHER and each.serial_number
        ]

    async def version(self, device: UsbDevice) -> str | None:
        """What an application says of its version; ``None``: it says nothing.

        Raises:
            TransportError: NOT_AVAILABLE; it may not be asked.
        """
        if device.trigger is None:
            return None
        try:
            answer = await self._bus.read(device, TriggerRequest.VERSION_STRING, MAX_VERSION_SIZE)
        except TransportError as error:
            if error.reason in RESTARTED:  # it has no such request, or is just going
                return None
            raise
        return decode_version(answer) or None

    async def detach(self, device: UsbDevice) -> None:
        """Have an application restart into its bootloader; it may do so before it has answered.

        Raises:
            TransportError: NOT_AVAILABLE; it may not be asked.
        """
        try:
            await self._bus.write(device, TriggerRequest.DETACH, DETACH_DATA)
        except TransportError as error:
            if error.reason not in RESTARTED:
                raise

    def port(self, device: UsbDevice) -> PortLink:
        """The road through its serial port; nothing is opened yet."""
        return self._bus.port(device)

    async def close(self) -> None:
        """Give the bus back."""
        await self._bus.close()
