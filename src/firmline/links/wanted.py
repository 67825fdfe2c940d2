"""Which units are wanted, and that several of them can be reached at once.

One unit has many spellings: an address in either case, with colons or hyphens, over this radio or
that; a port and a link to it. Two updates of one unit would each break the other's.
"""

from __future__ import annotations

import os
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final
from urllib.parse import unquote, urlsplit

from firmline.device.description import UnitDescription, gallery_unit
from firmline.errors import Code, InputError, shortened
from firmline.formats.keys import PublicKey
from firmline.links.bluetooth.options import NAME_PREFIX
from firmline.links.bumble.options import hci_unit_options
from firmline.links.connectivity.options import dongle_unit_options
from firmline.links.serial.options import serial_options
from firmline.links.sim_options import sim_options
from firmline.links.target import Scheme, Target
from firmline.links.usb.options import serial_number_of
from firmline.values import BleAddress

_WINDOWS_DEVICE: Final = "\\\\.\\"
"""Begins the long name of a Windows port: ``\\\\.\\COM12`` is ``COM12``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedTarget:
    """A unit that is wanted.

    Attributes:
        target: Which.
        unit: The virtual unit that a ``sim:`` target means; ``None``: the gallery's of that name.
        trusted_key: The key that a virtual unit trusts instead of its description's.
        by_serial: The virtual units that a ``sim:FOLDER`` of a slot holds, by serial number;
            empty: every number is a unit of one kind.
    """

    target: Target
    unit: UnitDescription | None = None
    trusted_key: PublicKey | None = None
    by_serial: Mapping[str, UnitDescription] = field(default_factory=dict)

    @property
    def description(self) -> UnitDescription:
        """Of the virtual unit that it is.

        Raises:
            InputError: There is none of that name.
        """
        return self._with_key(gallery_unit(self.target.where) if self.unit is None else self.unit)

    def description_of(self, serial_number: str) -> UnitDescription | None:
        """Of the virtual unit with this number at a slot; ``None``: it is not there.

        Raises:
            InputError: There is no unit of that name.
        """
        if not self.by_serial:
            return self.description
        found = self.by_serial.get(serial_number)
        return None if found is None else self._with_key(found)

    def _with_key(self, unit: UnitDescription) -> UnitDescription:
        return unit if self.trusted_key is None else replace(unit, public_key=self.trusted_key)


def check_targets(wanted: Sequence[WantedTarget]) -> None:
    """See that units can be reached at once.

    Raises:
        InputError: ``OPTION_CONFLICT``: two targets are one unit, however they are written, or
            virtual units are among real ones, whose time is another. ``TARGET_MALFORMED``: a
            target can be no unit.
    """
    _check_that_each_is_another([one.target for one in wanted])
    virtual = [one for one in wanted if one.target.scheme is Scheme.SIM]
    if virtual and len({_time_of(one) for one in wanted}) > 1:
        raise InputError(
            Code.OPTION_CONFLICT,
            "These units do not live in one time: virtual ones have a time of their own, at a speed"
            " that has to be the same for all of them.",
            hint="Update virtual and real units in two runs, and give physics= and speed= to all"
            " sim: targets or to none.",
        )


def _check_that_each_is_another(targets: Sequence[Target]) -> None:
    seen: dict[Hashable, Target] = {}
    for target in targets:
        first = seen.setdefault(_identity(target), target)
        if first is target:
            continue
        names = [shortened(one.shown) for one in (first, target)]
        raise InputError(
            Code.OPTION_CONFLICT,
            f"The unit {names[0]!r} is named twice."
            if names[0] == names[1]
            else f"{names[0]!r} and {names[1]!r} are one unit.",
            hint="Name each unit once: two updates of one unit would break each other.",
        )
    plugged = [target for target in targets if target.scheme is Scheme.USB]
    if len(plugged) > 1 and any(not target.where.strip() for target in plugged):
        raise InputError(
            Code.OPTION_CONFLICT,
            "'usb:' means the only unit that is plugged in, and another one is named beside it.",
            hint="Name each by its serial number; firmline scan --on usb lists them.",
        )


def _identity(target: Target) -> Hashable:
    """By what a unit is known, however it is written and whichever radio reaches it."""
    match target.scheme:
        case Scheme.HCI:
            return Scheme.BLE, hci_unit_options(target).address
        case Scheme.NRFCONN:
            return Scheme.BLE, dongle_unit_options(target).address
        case Scheme.BLE:
            return Scheme.BLE, _in_the_air(target.where)
        case Scheme.USB:
            return Scheme.USB, serial_number_of(target).casefold()
        case Scheme.SERIAL:
            options = serial_options(target)
            return Scheme.SERIAL, _at_url(options.port) if options.is_url else _at(options.port)
        case _:
            return target.scheme, target.where


def _in_the_air(where: str) -> Hashable:
    """Behind ``ble:``: a name, an address, or an identifier of macOS, which is compared as text."""
    if where.startswith(NAME_PREFIX):
        return unquote(where)
    try:
        return BleAddress.parse(where)
    except InputError:
        return where.upper()


def _at(port: str) -> str:
    """A port of this computer; links are followed, and Windows tells no case apart."""
    return os.path.normcase(os.path.realpath(port.removeprefix(_WINDOWS_DEVICE)))


def _at_url(port: str) -> Hashable:
    """A port elsewhere: names of hosts have no case."""
    try:
        url = urlsplit(port)
    except ValueError:
        return port
    return url.scheme, url.netloc.casefold(), url.path.rstrip("/")


def _time_of(wanted: WantedTarget) -> Hashable:
    """In which time a unit lives."""
    if wanted.target.scheme is not Scheme.SIM:
        return None
    options = sim_options(wanted.target)
    return options.physics, options.speed
