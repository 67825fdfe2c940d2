"""The serial port of a virtual unit in this process: no descriptor, no thread, any time.

The unit's power comes when its port is opened for the first time and stays while the link stands:
whoever closes the port and opens it again finds the unit as it has become meanwhile. What it says
while nobody has its port open is lost, as on any wire.
"""

from __future__ import annotations

from firmline.device.unit import VirtualUnit
from firmline.links.base import SerialCapabilities
from firmline.links.serial.link import SerialLink
from firmline.links.serial.wire import OnData, OnLost
from firmline.links.serving.serial_driver import SerialDriver


class VirtualUartWire:
    """A :class:`~firmline.links.serial.wire.Wire` that ends at a virtual unit.

    Args:
        driver: Of the unit.
    """

    def __init__(self, driver: SerialDriver) -> None:
        self._driver = driver
        self._is_open = False

    def listen(self, on_data: OnData, on_lost: OnLost) -> None:  # noqa: ARG002 - it is never lost
        """Tell what arrives."""
        self._is_open = True
        self._driver.plug(on_data)

    async def write(self, data: bytes) -> None:
        """Hand the bytes over, no faster than the unit takes them."""
        await self._driver.room()
        self._driver.feed(data)

    def set_baud(self, baud: int) -> None:
        """Nothing: its UART has the speed it has, and hears every host."""

    def clear_to_send(self) -> bool | None:
        """It does not tell."""
        return None

    async def close(self) -> None:
        """Hear no more; the unit does not notice."""
        if self._is_open:
            self._is_open = False
            self._driver.unplug()


class VirtualSerialLink(SerialLink):
    """The link to a virtual unit in this process; it can be opened again, while it is not open.

    Args:
        unit: The unit, switched off.
        baud: Of its UART; ``None``: no byte times.
    """

    def __init__(self, unit: VirtualUnit, *, baud: int | None) -> None:
        super().__init__(
            name=f"sim:{unit.name}",
            open_wire=self._plug_in,
            capabilities=SerialCapabilities(baud=baud, flow_control=True, exclusive=True),
        )
        self._driver = SerialDriver(unit, baud=baud)
        self._has_power = False

    async def _plug_in(self) -> VirtualUartWire:
        """The first time the unit gets its power, and has just booted."""
        if not self._has_power:
            self._has_power = True
            self._driver.power_on()
        return VirtualUartWire(self._driver)

    async def close(self) -> None:
        """Stop the unit's time, for good; harmless when done before."""
        self._driver.close()


def virtual_serial_link(unit: VirtualUnit, *, baud: int | None) -> VirtualSerialLink:
    """The link to a virtual unit in this process; who opens it closes it at the end.

    Args:
        unit: The unit, switched off.
        baud: Of its UART; ``None``: no byte times.
    """
    return VirtualSerialLink(unit, baud=baud)
