"""From a target to an open link: the one door to every road."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from firmline.device.description import gallery_unit
from firmline.device.fabrication import fabricate
from firmline.errors import Code, InputError, TransportError, TransportReason
from firmline.formats.keys import PublicKey
from firmline.links.base import Link
from firmline.links.pacing import PacedLink
from firmline.links.target import Scheme, Target
from firmline.links.virtual_radio import open_virtual_radio
from firmline.values import BleAddress

SIM_OPTIONS = ("key", "pace")
"""``key``: a PEM file whose public half the virtual unit trusts instead of its own key.
``pace``: kB/s at which data are sent; without it, as fast as this computer."""

PACE = re.compile(r"[0-9]{1,6}")


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedTarget:
    """A road that is open, and the address of the unit's application on it."""

    link: Link
    address: BleAddress


@asynccontextmanager
async def open_target(
    target: Target, *, trusted_key: PublicKey | None = None
) -> AsyncIterator[OpenedTarget]:
    """Open the road to a unit; everything is given back at the end.

    Args:
        target: Which unit.
        trusted_key: The key that a virtual unit trusts instead of its description's.

    Raises:
        InputError: The target names no unit there is, or an option there is not.
        TransportError: NOT_AVAILABLE.
    """
    if target.scheme is not Scheme.SIM:
        raise TransportError(
            Code.LINK_NOT_AVAILABLE,
            f"Links of the scheme {target.scheme}: are not available yet.",
            reason=TransportReason.NOT_AVAILABLE,
            hint="Use sim:NAME, a virtual unit; the README says what is coming.",
        )
    pace = _sim_pace(target)
    description = gallery_unit(target.where)
    if not description.profile.is_ble:
        raise TransportError(
            Code.LINK_NOT_AVAILABLE,
            f"The virtual unit {description.name} is updated through a serial port, and firmline"
            " update has no serial links yet.",
            reason=TransportReason.NOT_AVAILABLE,
            hint=f"Serve it to another program: firmline sim serve --unit {description.name}.",
        )
    if trusted_key is not None:
        description = replace(description, public_key=trusted_key)
    unit = fabricate(description)
    radio = open_virtual_radio()
    try:
        unit.power_on(now_s=radio.now_s())
        radio.add_unit(unit)
        link: Link = await radio.open_link()
        if pace is not None:
            link = PacedLink(link, bytes_per_s=pace)
        yield OpenedTarget(link=link, address=unit.address)
    finally:
        await radio.close()


def _sim_pace(target: Target) -> float | None:
    """Bytes per second of the ``pace`` option; checks the names of all options."""
    for name in target.options:
        if name not in SIM_OPTIONS:
            raise InputError(
                Code.TARGET_MALFORMED,
                f"A sim: target has no option {name[:20]!r}.",
                hint=f"Its options are: {', '.join(SIM_OPTIONS)}.",
            )
    text = target.options.get("pace")
    if text is None:
        return None
    if not PACE.fullmatch(text) or not 1 <= int(text) <= 100_000:
        raise InputError(
            Code.TARGET_MALFORMED, f"pace={text[:20]} is not a number of kB/s from 1 to 100000."
        )
    return 1000.0 * int(text)
