"""Who is at the address of a unit's application: that, its bootloader, or another unit's.

Rules of this module:

* A unit whose bootloader keeps the address has a bond; one without has that address only as the
  bootloader of the unit before. Which of them answers is seen once it is connected to.
* An application is met in spite of another unit's bootloader, as long as it is heard.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from firmline.errors import Code, TransportError, TransportReason, VerifyError
from firmline.events import UnitMode
from firmline.links.base import Connection, Link, Sighting
from firmline.updater.radio.acquaintance import TRIES, Acquaintance
from firmline.updater.radio.appearances import (
    contradicts,
    is_no_bootloader,
    may_be_ours,
    says_harmless,
    says_no_bootloader,
)
from firmline.updater.radio.recognition import bonded_with_another, hidden_application
from firmline.updater.radio.whereabouts import Whereabouts, anyone
from firmline.updater.timeouts import Timeouts

AT_HOME_S: Final = 2.0
"""For an application to be heard that may share its address: it advertises less often; ours."""
PAUSE_S: Final = 1.0
"""Between two looks at an address where the unit's application is waited for; ours."""


class RadioApplication:
    """The address of a unit's application, and whoever is there.

    Args:
        where: The unit is.
        acquaintance: Connects, and asks who it is.
        link: The radio.
        timeouts: How long to wait for what.
    """

    def __init__(
        self, where: Whereabouts, acquaintance: Acquaintance, *, link: Link, timeouts: Timeouts
    ) -> None:
        self._where = where
        self._acquaintance = acquaintance
        self._link = link
        self._timeouts = timeouts

    async def see(self, *, timeout_s: float, back: bool = False) -> Sighting | None:
        """Who is seen at the address of the unit's application; ``None``: nobody.

        Args:
            timeout_s: How long to look.
            back: Whether its application has to come first, so that a bootloader, which may be
                another unit's, is told of only when the time is over.

        Raises:
            TransportError: REFUSED: it is known by its name only, and another unit has that, too.
        """
        wanted = says_no_bootloader if back else anyone
        return await self._where.look_for(UnitMode.APPLICATION, timeout_s=timeout_s, wanted=wanted)

    @asynccontextmanager
    async def met(self, there: Sighting) -> AsyncIterator[Connection | None]:
        """A connection to the unit at its application's address, in whichever mode it is there.

        Another unit's bootloader may be at that address, too: the unit is met in spite of it, as
        long as its application is heard.

        Args:
            there: Who was seen at the address.

        Yields:
            Its application, or its own bootloader, which keeps the address with a bond. ``None``:
            only another unit's bootloader is there.

        Raises:
            TransportError: REFUSED: a bootloader that lets nobody in, or not this computer; or
                another's takes every connection. LOST or TIMEOUT.
        """
        until_s = self._link.now_s() + self._timeouts.search_s
        while True:
            async with self._first_met(there) as connection:
                if is_no_bootloader(connection) or await self._owns(connection):
                    yield connection
                    return
            if not await self._is_heard():
                yield None
                return
            if self._link.now_s() >= until_s:
                raise hidden_application(self._where.address)

    async def _is_heard(self) -> bool:
        """Whether an application is heard at the unit's address, beside another's bootloader."""
        there = await self._where.look_for(
            UnitMode.APPLICATION, timeout_s=AT_HOME_S, wanted=says_harmless
        )
        return there is not None and says_harmless(there)

    @asynccontextmanager
    async def _first_met(self, there: Sighting) -> AsyncIterator[Connection]:
        """A connection to who was seen at the application's address.

        Raises:
            TransportError: REFUSED: a bootloader that lets nobody in, or not this computer.
        """
        met = False
        remembers = self._link.capabilities.remembers_services
        tries = TRIES if self._where.pins_application or remembers else 1

        def wanted(connection: Connection) -> bool:
            return may_be_ours(connection) and not (remembers and contradicts(there, connection))

        try:
            async with self._acquaintance.reached(
                self._where.address, wanted, tries=tries, may_be_stale=remembers
            ) as connection:
                met = True
                yield connection
        except TransportError as error:
            if met or error.reason is not TransportReason.NOT_FOUND:
                raise
            if says_no_bootloader(there) or not await self._is_still_in_bootloader():
                raise
            raise bonded_with_another(self._where.address) from error

    async def _is_still_in_bootloader(self) -> bool:
        """Whether a bootloader that let nobody in is in the air; it may have restarted since."""
        there = await self._where.look_for(UnitMode.APPLICATION, timeout_s=AT_HOME_S)
        return there is not None and not says_no_bootloader(there)

    async def _owns(self, connection: Connection) -> bool:
        """Whether a bootloader at the application's address is the unit's own.

        A bootloader with a bond keeps that address; one without has it where it is another unit's.
        That the link can be encrypted with the bond that this computer has with the unit proves it.
        Who was pinned by a name, or by what the system calls it, is meant as it is; where that is
        paired with the system, the bootloader has a bond. Of who was pinned by an address that
        proves nothing: no system tells whether it has encrypted with the bond that it has.
        """
        if not connection.needs_encryption and not self._where.pins_application:
            if self._where.is_paired:
                self._where.keeps_address = True
            else:
                self._where.is_its_bootloader(self._where.address)
            return True
        if not connection.needs_encryption or not self._link.capabilities.pairing:
            return False
        try:
            await self._acquaintance.encrypt(connection, may_pair=False)
        except TransportError as error:
            if error.code is Code.BOND_MISSING:
                return False
            raise
        self._where.keeps_address = True
        return True

    @asynccontextmanager
    async def opened(self, *, timeout_s: float) -> AsyncIterator[Connection]:
        """The unit's application.

        Args:
            timeout_s: How long it may need to get there while a bootloader has its address.

        Raises:
            VerifyError: A bootloader is at its address to the end.
            TransportError: NOT_FOUND, LOST, REFUSED or TIMEOUT.
        """
        tries = max(TRIES, round(timeout_s / PAUSE_S))
        async with self._acquaintance.reached(
            self._where.address,
            is_no_bootloader,
            tries=tries,
            pause_s=PAUSE_S,
            may_be_stale=self._where.services_may_be_stale,
        ) as connection:
            if not is_no_bootloader(connection):
                raise VerifyError(
                    Code.UNIT_DID_NOT_RETURN,
                    f"The unit took the whole image, and {timeout_s:g} s later a bootloader is at"
                    f" its application's address ({self._where.address}): its own, or another"
                    " unit's.",
                )
            yield connection
