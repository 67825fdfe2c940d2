"""Units that are told from others by the name they advertise.

A name is no address: any number of units may have it. So a unit that is looked for by its name is
taken only where nobody else was heard under it, and pinned by its address from then on. The name
that a bootloader is given for a jump is drawn for this jump alone, and nobody else has it.
"""

from __future__ import annotations

import asyncio
import secrets
from typing import Final

from firmline.errors import Code, TransportError, TransportReason, shortened
from firmline.links.base import Link, Sighting
from firmline.values import RadioAddress

_PREFIX: Final = "dfu-"
_RANDOM_BYTES: Final = 6
"""48 bits: as many as an address has. With the prefix a name has 16 bytes, and the buttonless
service takes 20 (bootloader spec, section 12)."""


def fresh_name() -> str:
    """A name for a bootloader that nobody else has: 16 ASCII characters."""
    return f"{_PREFIX}{secrets.token_hex(_RANDOM_BYTES)}"


async def find_named(link: Link, name: str, *, timeout_s: float, settle_s: float = 0.0) -> Sighting:
    """The one unit that advertises a name.

    Args:
        link: The radio.
        name: The name, exactly.
        timeout_s: How long to wait for it.
        settle_s: How long to listen for another unit with this name once one was heard.

    Raises:
        TransportError: NOT_FOUND: nobody has it. REFUSED: several have.
    """
    found: dict[RadioAddress, Sighting] = {}
    heard = asyncio.Event()

    def hear(sighting: Sighting) -> None:
        if sighting.name == name:
            found.setdefault(sighting.address, sighting)
            heard.set()

    listening = asyncio.create_task(link.scan(duration_s=timeout_s + settle_s, seen=hear))
    waiting = asyncio.create_task(heard.wait())
    try:
        await asyncio.wait(
            (listening, waiting), timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED
        )
        if heard.is_set() and settle_s:
            await asyncio.wait((listening,), timeout=settle_s)
        if listening.done():
            listening.result()  # a radio that failed says so
    finally:
        waiting.cancel()
        listening.cancel()
        await asyncio.gather(listening, waiting, return_exceptions=True)
    return _only(found, name, timeout_s)


def _only(found: dict[RadioAddress, Sighting], name: str, timeout_s: float) -> Sighting:
    if not found:
        raise TransportError(
            Code.UNIT_NOT_FOUND,
            f"No unit that advertises the name {shortened(name)!r} was seen within"
            f" {timeout_s:g} s.",
            reason=TransportReason.NOT_FOUND,
        )
    if len(found) > 1:
        addresses = sorted(str(address) for address in found)
        raise TransportError(
            Code.UNIT_AMBIGUOUS,
            f"{len(found)} units advertise the name {shortened(name)!r}: {', '.join(addresses)}.",
            reason=TransportReason.REFUSED,
            addresses=addresses,
        )
    (only,) = found.values()
    return only
