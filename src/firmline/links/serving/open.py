"""From a unit and a place to a unit that is served: the one door."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from firmline.device.serial_port import DEFAULT_BAUD
from firmline.device.unit import VirtualUnit
from firmline.errors import Code, InputError
from firmline.links.serving.place import Place, Road
from firmline.links.serving.pseudo_terminal import serve_on_pty
from firmline.links.serving.serial_driver import SerialDriver
from firmline.links.serving.tcp import serve_on_tcp
from firmline.links.serving.witness import Witness
from firmline.links.virtual_radio import open_virtual_radio


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A unit that clients can reach.

    Attributes:
        where: One entry, ``pty``, ``tcp``, ``hci`` or ``nrfconn``, with what a client is told to
            open.
        power_on: Switches the unit on; called once.
    """

    where: dict[str, str]
    power_on: Callable[[], None]


@asynccontextmanager
async def serve_unit(
    unit: VirtualUnit, place: Place, *, baud: int | None, witness: Witness
) -> AsyncIterator[Served]:
    """Open the place to clients; everything is given back at the end.

    Args:
        unit: The unit, switched off.
        place: Where; see :func:`check_place`.
        baud: Of a UART; ``None``: the usual one.
        witness: Told of clients that come and go.

    Raises:
        InputError: The place cannot be used.
        TransportError: NOT_AVAILABLE.
    """
    if place.road is Road.NRFCONN:
        async with _serve_dongle(unit, witness) as (path, power_on):
            yield Served(where={"nrfconn": path}, power_on=power_on)
        return
    if place.road.is_radio:
        radio = open_virtual_radio(timed=True)
        from firmline.links.serving.hci import serve_controllers  # noqa: PLC0415 - needs Bumble

        async with serve_controllers(unit, place, radio=radio, witness=witness) as (name, served):
            yield Served(where={"hci": name}, power_on=served.power_on)
        return
    needs_usb = unit.board.profile.needs_usb
    driver = SerialDriver(unit, baud=None if needs_usb else baud or DEFAULT_BAUD)
    try:
        if place.road is Road.PTY:
            async with serve_on_pty(driver) as path:
                yield Served(where={"pty": path}, power_on=driver.power_on)
        else:
            async with serve_on_tcp(driver, place.port, witness=witness) as address:
                yield Served(where={"tcp": address}, power_on=driver.power_on)
    finally:
        driver.close()


@asynccontextmanager
async def _serve_dongle(
    unit: VirtualUnit, witness: Witness
) -> AsyncIterator[tuple[str, Callable[[], None]]]:
    """A dongle at a pseudo-terminal, with the unit in its air; the path, and the unit's switch."""
    radio = open_virtual_radio(timed=True)
    from firmline.links.serving.hci import ServedRadio, quiet_stack  # noqa: PLC0415 - needs Bumble
    from firmline.links.virtual_dongle.chip import dongle_in_air  # noqa: PLC0415 - likewise

    with quiet_stack(witness):
        dongle = dongle_in_air(radio)
        try:
            async with serve_on_pty(dongle) as path:
                yield path, ServedRadio(unit, radio, witness).power_on
        finally:
            dongle.close()
            await radio.close()


def check_place(unit: VirtualUnit, place: Place, *, baud: int | None) -> None:
    """See that the unit can be reached that way.

    Raises:
        InputError: ``OPTION_CONFLICT``.
    """
    profile, name = unit.board.profile, unit.name
    if profile.is_ble and not place.road.is_radio:
        raise InputError(
            Code.OPTION_CONFLICT,
            f"The unit {name} is reached over Bluetooth, not through a serial port.",
            hint="Serve it with --on hci-tcp:0, --on hci-unix:PATH or --on nrfconn.",
        )
    if not profile.is_ble and place.road.is_radio:
        raise InputError(
            Code.OPTION_CONFLICT,
            f"The unit {name} is reached through a serial port and has no radio.",
            hint="Serve it with --on pty or --on tcp:0.",
        )
    if baud is not None and (profile.is_ble or profile.needs_usb):
        raise InputError(
            Code.OPTION_CONFLICT,
            f"The unit {name} has no UART whose speed could be set.",
            hint="Leave --baud out.",
        )
