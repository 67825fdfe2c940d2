"""The serial port of a virtual unit in this process: no descriptor, no thread, any time."""

from __future__ import annotations

from firmline.device.unit import VirtualUnit
from firmline.links.base import SerialCapabilities
from firmline.links.serial.link import SerialLink
from firmline.links.serial.wire import OnData, OnLost
from firmline.links.serving.serial_driver import SerialDriver


class VirtualUartWire:
    """A :class:`~firmline.links.serial.wire.Wire` that ends at a virtual unit.

    Args:
        unit: The unit, switched off; its power comes when somebody listens.
        baud: Of its UART; ``None``: no byte times.
    """

    def __init__(self, unit: VirtualUnit, *, baud: int | None) -> None:
        self._driver = SerialDriver(unit, baud=baud)

    def listen(self, on_data: OnData, on_lost: OnLost) -> None:  # noqa: ARG002 - it is never lost
        """Tell what arrives; the unit has just booted."""
        self._driver.plug(on_data)
        self._driver.power_on()

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
        """Stop the unit's time."""
        self._driver.unplug()
        self._driver.close()


def virtual_serial_link(unit: VirtualUnit, *, baud: int | None) -> SerialLink:
    """The link to a virtual unit in this process; it can be opened once.

    Args:
        unit: The unit, switched off.
        baud: Of its UART; ``None``: no byte times.
    """

    async def plug_in() -> VirtualUartWire:
        return VirtualUartWire(unit, baud=baud)

    return SerialLink(
        name=f"sim:{unit.name}",
        open_wire=plug_in,
        capabilities=SerialCapabilities(baud=baud, flow_control=True, exclusive=True),
    )
