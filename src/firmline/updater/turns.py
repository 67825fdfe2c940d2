"""Turns: units that share an address are updated one after the other.

A unit's bootloader has the address of its application plus one, and units made in a row have
addresses in a row. A radio has one connection to an address, and some systems hand out the one that
there is to whoever asks next: two updates at once would meet in one unit. So a unit has both of its
addresses to itself while it is updated; of a row, every other unit at once.

Who is named by what it advertises is sought before its turn, since only then its addresses are
known. It may be heard in its application or in its bootloader, so that it has three to itself.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager

from firmline.values import BleAddress, RadioAddress, UnitPin


def addresses_of(pin: UnitPin | None) -> tuple[BleAddress, ...]:
    """The addresses of a unit that are known beforehand, in the order in which they are taken.

    Args:
        pin: The address of its application, or its name; ``None``: it is not on a radio.
    """
    return _in_order(pin, pin.plus_one()) if isinstance(pin, BleAddress) else ()


def addresses_around(seen: RadioAddress) -> tuple[BleAddress, ...]:
    """The addresses of a unit that was seen in its application or in its bootloader.

    Args:
        seen: Where; of what a system without addresses calls it, none are known.
    """
    if not isinstance(seen, BleAddress):
        return ()
    return _in_order(seen.minus_one(), seen, seen.plus_one())


def _in_order(*addresses: BleAddress) -> tuple[BleAddress, ...]:
    """In one order for all, so that no two units wait for each other."""
    return tuple(sorted(addresses, key=lambda address: address.octets))


class Turns:
    """Who has which addresses to itself."""

    def __init__(self) -> None:
        self._taken: defaultdict[BleAddress, asyncio.Lock] = defaultdict(asyncio.Lock)

    @asynccontextmanager
    async def taken(
        self, addresses: tuple[BleAddress, ...], *, waiting: Callable[[BleAddress], None]
    ) -> AsyncIterator[None]:
        """Have addresses to oneself, in one's turn.

        Args:
            addresses: As :func:`addresses_of` orders them.
            waiting: Told of each that another unit has.
        """
        async with AsyncExitStack() as stack:
            for address in addresses:
                if self._taken[address].locked():
                    waiting(address)
                await stack.enter_async_context(self._taken[address])
            yield
