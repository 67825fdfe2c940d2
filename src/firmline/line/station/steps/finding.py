"""Finding the unit of a barcode, and no other."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from statistics import fmean
from typing import Final

from firmline.errors import Code, InputError, TransportError, TransportReason
from firmline.events import Searching, UnitSeen, stamp
from firmline.line.recipe.steps import Find, FindBy
from firmline.line.station.steps.result import StepResult
from firmline.line.station.steps.work import Work
from firmline.links.base import Link, PortLink, Sighting
from firmline.links.slot_roads import Sought
from firmline.links.usb.link import UsbLink
from firmline.updater.radio.naming import find_named
from firmline.values import AdvertisedName, BleAddress, RadioAddress

NAME_FIELD: Final = "{serial_number}"
ADDRESS: Final = "address"
"""The measurement that says where the unit was met; a later run looks for it there as well."""


def sought(action: Find, serial: str) -> Sought:
    """The unit of a barcode, as the roads know it.

    Raises:
        InputError: ``TARGET_MALFORMED``: the barcode is no address.
    """
    match action.by:
        case FindBy.NAME:
            name = action.advertised.replace(NAME_FIELD, serial)
            return Sought(serial_number=serial, pin=AdvertisedName(name))
        case FindBy.ADDRESS:
            return Sought(serial_number=serial, pin=_address(serial))
        case _:
            return Sought(serial_number=serial)


def _address(serial: str) -> BleAddress:
    """The address in a barcode, which often has no colons."""
    is_bare = len(serial) == 12
    text = ":".join(serial[at : at + 2] for at in range(0, 12, 2)) if is_bare else serial
    return BleAddress.parse(text)


async def find(action: Find, work: Work, *, timeout_s: float) -> StepResult:
    """Find the unit, and open the road to it."""
    unit = sought(action, work.serial)
    opened = await work.stack.enter_async_context(work.equipment.roads.to(work.target, unit))
    link = opened.link
    if isinstance(link, UsbLink):
        await _await_plug(link, timeout_s)
        work.opened = opened
        return StepResult(message=f"It is plugged in as {link.serial_number}.")
    if isinstance(link, PortLink):
        work.opened = opened
        return StepResult(message="It is whatever is wired to the slot.")
    heard = _Heard(work)
    listening = _Listening(link, heard, work, timeout_s)
    seen = await listening.to(unit.pin)
    work.opened = replace(opened, pin=seen)
    work.address = str(seen)
    measured: dict[str, float | str] = {ADDRESS: work.address}
    if heard.signals:
        measured["rssi"] = round(fmean(heard.signals), 1)
    return StepResult(message=f"It was heard at {seen}.", measured=measured)


class _Heard:
    """Keeps what was heard of the unit, and tells it."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self.signals: list[int] = []

    def hear(self, sighting: Sighting, at_s: float) -> None:
        """It was heard."""
        if sighting.rssi_dbm is not None:
            self.signals.append(sighting.rssi_dbm)
        if len(self.signals) <= 1:
            seen = UnitSeen(
                address=sighting.address, name=sighting.name, rssi_dbm=sighting.rssi_dbm
            )
            self._work.hear(stamp(seen, at_s))


class _Listening:
    """Listens for a unit by what is known of it.

    Args:
        link: The radio.
        heard: Keeps what is heard of it.
        work: The run.
        timeout_s: How long, in all.
    """

    def __init__(self, link: Link, heard: _Heard, work: Work, timeout_s: float) -> None:
        self._link = link
        self._heard = heard
        self._work = work
        self._timeout_s = timeout_s

    async def to(self, pin: object) -> RadioAddress:
        """The address of its application.

        A unit that an earlier run has left in its bootloader has no name; it is known by where it
        was met then.

        Raises:
            TransportError: NOT_FOUND: nobody is there. REFUSED: several have its name.
        """
        known = (pin,) if isinstance(pin, BleAddress) else self._work.addresses
        if isinstance(pin, AdvertisedName):
            self._tell(Searching(address=None, expected_mode=None, name=pin.text))
            tasks = [asyncio.create_task(self._named(pin.text))]
        else:
            tasks = []
        tasks += [asyncio.create_task(self._at(address)) for address in known]
        return await _first(tasks)

    async def _named(self, name: str) -> RadioAddress:
        timeouts = self._work.equipment.timeouts
        settle_s = min(timeouts.same_name_s, self._timeout_s / 2)
        seen = await find_named(
            self._link, name, timeout_s=self._timeout_s - settle_s, settle_s=settle_s
        )
        self._heard.hear(seen, self._link.now_s())
        return seen.address

    async def _at(self, address: BleAddress) -> RadioAddress:
        """Its application at this address, or its bootloader at the next one."""
        self._tell(Searching(address=address, expected_mode=None))
        there = asyncio.Event()

        def hear(sighting: Sighting) -> None:
            if sighting.address in (address, address.plus_one()):
                self._heard.hear(sighting, self._link.now_s())
                there.set()

        scanning = asyncio.create_task(self._link.scan(duration_s=self._timeout_s, seen=hear))
        waiting = asyncio.create_task(there.wait())
        try:
            await asyncio.wait((scanning, waiting), return_when=asyncio.FIRST_COMPLETED)
            if scanning.done():
                scanning.result()  # a radio that failed says so
        finally:
            waiting.cancel()
            scanning.cancel()
            await asyncio.gather(scanning, waiting, return_exceptions=True)
        if there.is_set():
            return address
        raise TransportError(
            Code.UNIT_NOT_FOUND,
            f"Nobody was heard at {address} or {address.plus_one()} within {self._timeout_s:g} s.",
            reason=TransportReason.NOT_FOUND,
        )

    def _tell(self, event: Searching) -> None:
        self._work.hear(stamp(event, self._link.now_s()))


async def _first(tasks: list[asyncio.Task[RadioAddress]]) -> RadioAddress:
    """What the first of several searches has found; the error of the first, if none has."""
    try:
        left: set[asyncio.Task[RadioAddress]] = set(tasks)
        while left:
            done, left = await asyncio.wait(left, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                if task.exception() is None:
                    return task.result()
        return tasks[0].result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _await_plug(link: UsbLink, timeout_s: float) -> None:
    """Wait until the unit is plugged in.

    Raises:
        TransportError: NOT_FOUND.
    """
    until_s = link.now_s() + timeout_s
    while await link.look() is None:
        if link.now_s() >= until_s - _LOOK_S:
            raise await link.absence()
        await asyncio.sleep(_LOOK_S)


_LOOK_S: Final = 0.25
"""Between two looks at the bus, seconds; ours."""


def check_find(action: Find, serial: str) -> None:
    """See that a barcode can be looked for at all.

    Raises:
        InputError: ``SERIAL_FOREIGN``.
    """
    try:
        sought(action, serial)
    except InputError as error:
        raise InputError(
            Code.SERIAL_FOREIGN,
            f"The recipe finds units by their Bluetooth address, and {serial!r} is none.",
            hint="Scan the barcode with the address, or change by= of the step find.",
        ) from error
