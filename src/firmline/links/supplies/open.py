"""From a supply URI to a supply: the one door to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import assert_never

from firmline.links.supplies.base import Limits, Supply
from firmline.links.supplies.uri import SupplyKind, SupplyUri


def supply_of(
    uri: SupplyUri,
    *,
    ask: Callable[[str], None],
    warn: Callable[[str], None],
    limit_a: float,
    limits: Limits,
) -> Supply:
    """The supply that a URI names; nothing is opened yet.

    Args:
        uri: Which.
        ask: Says a sentence to a person and waits until it is done.
        warn: Says a sentence at once, in the middle of a run and from any thread.
        limit_a: The current limit, amperes.
        limits: Between which voltages a unit may be fed.

    Raises:
        InputError: One of its options is none.
    """
    match uri.kind:
        case SupplyKind.PERSON:
            from firmline.links.supplies.person import PersonSupply  # noqa: PLC0415

            return PersonSupply(ask, limit_a=limit_a)
        case SupplyKind.SIM:
            from firmline.links.supplies.virtual import VirtualSupply  # noqa: PLC0415

            return VirtualSupply()
        case SupplyKind.SCPI:
            from firmline.links.supplies.scpi import ScpiSupply  # noqa: PLC0415

            return ScpiSupply(
                uri.where,
                channel=int(uri.options["channel"]) if "channel" in uri.options else None,
                visa=uri.options.get("visa", ""),
                limit_a=limit_a,
                limits=limits,
            )
        case SupplyKind.PPK2:
            from firmline.links.supplies.ppk2 import Ppk2Supply  # noqa: PLC0415

            return Ppk2Supply(uri.where, limit_a=limit_a, warn=warn)
        case _:
            assert_never(uri.kind)
