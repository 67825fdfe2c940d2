"""From many targets to open links: units that are reached over one radio share it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Hashable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace

from firmline.device.description import UnitDescription, gallery_unit
from firmline.device.fabrication import fabricate, physics_of
from firmline.errors import Code, InputError
from firmline.formats.keys import PublicKey
from firmline.links.air import check_air
from firmline.links.base import Link
from firmline.links.bluetooth import open_bluetooth
from firmline.links.bluetooth.options import adapter_of, pin_of
from firmline.links.bluetooth.stack import this_stack
from firmline.links.bumble.options import hci_unit_options
from firmline.links.hci import open_hci
from firmline.links.open import OpenedTarget, open_target, prn_for
from firmline.links.sim_options import SimOptions, sim_options
from firmline.links.target import Scheme, Target
from firmline.links.virtual_radio import open_virtual_radio
from firmline.protocol.pacing import AHEAD, NO_PAUSES


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedTarget:
    """One of many units.

    Attributes:
        target: Which.
        unit: The virtual unit that a ``sim:`` target means; ``None``: the gallery's of that name.
        trusted_key: The key that a virtual unit trusts instead of its description's.
    """

    target: Target
    unit: UnitDescription | None = None
    trusted_key: PublicKey | None = None

    @property
    def description(self) -> UnitDescription:
        """Of the virtual unit that it is.

        Raises:
            InputError: There is none of that name.
        """
        unit = gallery_unit(self.target.where) if self.unit is None else self.unit
        return unit if self.trusted_key is None else replace(unit, public_key=self.trusted_key)


def check_targets(wanted: Sequence[WantedTarget]) -> None:
    """See that units can be reached at once.

    Raises:
        InputError: ``OPTION_CONFLICT``: one is named twice, or virtual units are among real ones,
            whose time is another.
    """
    names = [_identity(one.target) for one in wanted]
    for one, name in zip(wanted, names, strict=True):
        if names.count(name) > 1:
            raise InputError(
                Code.OPTION_CONFLICT, f"The unit {one.target.shown[:60]!r} is named twice."
            )
    virtual = [one for one in wanted if one.target.scheme is Scheme.SIM]
    if virtual and len({_time_of(one) for one in wanted}) > 1:
        raise InputError(
            Code.OPTION_CONFLICT,
            "These units do not live in one time: virtual ones have a time of their own, at a speed"
            " that has to be the same for all of them.",
            hint="Update virtual and real units in two runs, and give physics= and speed= to all"
            " sim: targets or to none.",
        )


def _identity(target: Target) -> Hashable:
    """By what a unit is known; addresses are written in either case."""
    by_number = target.scheme in (Scheme.BLE, Scheme.HCI, Scheme.USB)
    has_address = by_number and "=" not in target.where
    return target.scheme, target.where.upper() if has_address else target.where


def _time_of(wanted: WantedTarget) -> Hashable:
    """In which time a unit lives."""
    if wanted.target.scheme is not Scheme.SIM:
        return None
    options = sim_options(wanted.target)
    return options.physics, options.speed


@asynccontextmanager
async def open_targets(wanted: Sequence[WantedTarget]) -> AsyncIterator[list[OpenedTarget]]:
    """Open the roads to many units; everything is given back at the end.

    Args:
        wanted: The units.

    Returns:
        Their roads, in order. Units behind one radio share its link.

    Raises:
        InputError: A target names no unit there is, or an option there is not; two virtual units
            have one address.
        TransportError: NOT_AVAILABLE.
    """
    async with AsyncExitStack() as stack:
        roads = _Roads(stack)
        await roads.open_virtual([one for one in wanted if _is_in_virtual_air(one)])
        yield [await roads.open(one) for one in wanted]


def _is_in_virtual_air(wanted: WantedTarget) -> bool:
    return wanted.target.scheme is Scheme.SIM and wanted.description.profile.is_ble


class _Roads:
    """Opens each radio once.

    Args:
        stack: Gives everything back.
    """

    def __init__(self, stack: AsyncExitStack) -> None:
        self._stack = stack
        self._links: dict[Hashable, Link] = {}

    async def open_virtual(self, wanted: Sequence[WantedTarget]) -> None:
        """Put all virtual units of one kind of air into it."""
        check_air([one.description for one in wanted])
        airs: dict[SimOptions, list[WantedTarget]] = {}
        for one in wanted:
            airs.setdefault(sim_options(one.target), []).append(one)
        for options, units in airs.items():
            radio = open_virtual_radio(
                timed=options.physics, packets_per_event=options.packets_per_event
            )
            self._stack.push_async_callback(radio.close)
            for one in units:
                description = one.description
                physics = physics_of(description) if options.physics else None
                made = fabricate(description, physics=physics)
                made.power_on(now_s=radio.now_s())
                radio.add_unit(made)
            self._links[options] = await radio.open_link(interval_s=options.interval_s)

    async def open(self, wanted: WantedTarget) -> OpenedTarget:
        """The road to one unit."""
        target = wanted.target
        match target.scheme:
            case Scheme.SIM if _is_in_virtual_air(wanted):
                options = sim_options(target)
                pacing = AHEAD if options.physics else NO_PAUSES
                link = self._links[options]
                return OpenedTarget(link=link, address=wanted.description.address, pacing=pacing)
            case Scheme.BLE:
                return self._over_own_bluetooth(target)
            case Scheme.HCI:
                return await self._over_controller(target)
            case _:
                road = open_target(target, unit=wanted.unit, trusted_key=wanted.trusted_key)
                return await self._stack.enter_async_context(road)

    def _over_own_bluetooth(self, target: Target) -> OpenedTarget:
        stack = this_stack()
        adapter = adapter_of(target, stack)
        pin = pin_of(target, stack)
        key = (Scheme.BLE, adapter)
        if key not in self._links:
            link = open_bluetooth(stack, adapter=adapter)
            self._stack.push_async_callback(link.close)
            self._links[key] = link
        radio = self._links[key]
        return OpenedTarget(link=radio, address=pin, prn=prn_for(radio.capabilities))

    async def _over_controller(self, target: Target) -> OpenedTarget:
        options = hci_unit_options(target)
        key = (Scheme.HCI, replace(options, address=None))
        if key not in self._links:
            self._links[key] = await self._stack.enter_async_context(open_hci(options))
        return OpenedTarget(link=self._links[key], address=options.address, pacing=AHEAD)
