"""From a target to an open link: the one door to a unit.

Which road a scheme takes stands in :mod:`firmline.links.open_many`; one unit is a case of many.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from firmline.device.description import UnitDescription, gallery_unit
from firmline.errors import Code, InputError, shortened
from firmline.formats.keys import PublicKey
from firmline.links.open_many import OpenedTarget, open_targets
from firmline.links.sim_options import sim_options
from firmline.links.target import Scheme, Target
from firmline.links.virtual_air import PacketLog
from firmline.links.virtual_time import run_in_virtual_time
from firmline.links.wanted import WantedTarget

_T = TypeVar("_T")


def run_for_target(target: Target, main: Coroutine[Any, Any, _T]) -> _T:
    """Run what uses a target, in the event loop its road needs, as ``asyncio.run`` does.

    A virtual unit has a time of its own: hours of it pass in seconds of ours.
    """
    if target.scheme is not Scheme.SIM:
        return asyncio.run(main)
    try:
        options = sim_options(target)
    except InputError:
        main.close()
        raise
    if not options.physics:
        return asyncio.run(main)
    return run_in_virtual_time(main, speed=options.speed)


@asynccontextmanager
async def open_target(
    target: Target,
    *,
    unit: UnitDescription | None = None,
    trusted_key: PublicKey | None = None,
    packet_log: PacketLog | None = None,
) -> AsyncIterator[OpenedTarget]:
    """Open the road to a unit; everything is given back at the end.

    Args:
        target: Which unit.
        unit: The virtual unit that a ``sim:`` target means; ``None``: the gallery's of that name.
        trusted_key: The key that a virtual unit trusts instead of its description's.
        packet_log: Where what passes on a radio of ours is kept.

    Raises:
        InputError: The target names no unit there is, or an option there is not; or it has no such
            radio, and a packet log is wanted.
        TransportError: NOT_AVAILABLE.
    """
    if packet_log is not None:
        check_packet_log(target, unit=unit)
    wanted = WantedTarget(target=target, unit=unit, trusted_key=trusted_key)
    async with open_targets([wanted], packet_log=packet_log) as (opened,):
        yield opened


def check_packet_log(target: Target, *, unit: UnitDescription | None = None) -> None:
    """See that there will be packets to log.

    Args:
        target: Which unit.
        unit: Its description, where it is a virtual one.

    Raises:
        InputError: ``OPTION_CONFLICT``: no HCI controller of ours is on the road to it.
    """
    if target.scheme is Scheme.SIM:
        described = gallery_unit(target.where) if unit is None else unit
        has_controller = described.profile.is_ble
    else:
        has_controller = target.scheme is Scheme.HCI
    if not has_controller:
        raise InputError(
            Code.OPTION_CONFLICT,
            "A btsnoop file holds what passes between a host and its Bluetooth controller, and"
            f" {shortened(target.text)!r} is reached over none that is ours.",
            hint=_packets_elsewhere(target),
        )


def _packets_elsewhere(target: Target) -> str:
    """How packets can be kept that are not ours to see."""
    if target.scheme is Scheme.BLE:
        return (
            "Reach the unit over hci:TRANSPORT/ADDRESS; or leave --btsnoop out and let the system"
            " keep the packets of its own Bluetooth, on Linux with: sudo btmon -w FILE."
        )
    if target.scheme is Scheme.SIM:
        return "Leave --btsnoop out; --trace keeps every event."
    return "Leave --btsnoop out, or reach the unit over hci:TRANSPORT/ADDRESS."
