"""A unit's bootloader over a radio: found where it should be by now, connected, and recognised.

Rules of this module:

* The next unit's application may have the address, too, and alone until this unit has come so far:
  what answers is told by its services, and looked at again until the time is over.
* A bootloader that wants a bond keeps its application's address (section 11). Where this unit's
  would have another address than its application, one that wants a bond is the next unit's, and no
  bond that this computer has with that one makes it this unit. The operating system uses a bond of
  its own before anybody is asked for one: where it is paired with that address, the bootloader
  there counts as one that wants a bond.
* A bootloader's radio has to say of itself what the application's said before the jump.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from firmline.errors import LocalProtocolError, TransportError, TransportReason
from firmline.events import UnitMode
from firmline.links.base import Connection, Link, RemoteVersion, Sighting
from firmline.protocol.channels import Channel
from firmline.updater.radio.acquaintance import Acquaintance
from firmline.updater.radio.appearances import is_some_bootloader, says_harmless, says_no_bootloader
from firmline.updater.radio.application import AT_HOME_S
from firmline.updater.radio.jump import Jump, why_not_there
from firmline.updater.radio.recognition import (
    bonded_with_another,
    next_unit_waits,
    no_bootloader,
    not_arrived,
    other_radio,
)
from firmline.updater.radio.whereabouts import Whereabouts
from firmline.updater.timeouts import Timeouts
from firmline.values import RadioAddress


class RadioBootloader:
    """Where a unit's bootloader is, or should be by now.

    Args:
        where: The unit is.
        acquaintance: Connects, and asks who it is.
        link: The radio.
        timeouts: How long to wait for what.

    Attributes:
        jump: What was seen of the jump that leads there; ``None``: it came from its bootloader, or
            was there already.
        radio_before: What the unit's radio said of itself the last time; ``None``: nothing, or it
            may say something else by now.
    """

    def __init__(
        self, where: Whereabouts, acquaintance: Acquaintance, *, link: Link, timeouts: Timeouts
    ) -> None:
        self.jump: Jump | None = None
        self.radio_before: RemoteVersion | None = None
        self._where = where
        self._acquaintance = acquaintance
        self._link = link
        self._timeouts = timeouts

    @asynccontextmanager
    async def opened(self, *, timeout_s: float) -> AsyncIterator[Connection]:
        """The unit's bootloader, found and connected; its control point is there.

        Args:
            timeout_s: How long to look for it.

        Raises:
            TransportError: It was not seen, stayed in its application, is no Secure DFU bootloader
                or another unit's, or the connection failed.
        """
        async with self._own(timeout_s) as connection:
            await self._acquaintance.encrypt(connection, may_pair=False)
            radio = await self._acquaintance.radio_version(connection)
            problem = other_radio(self.radio_before, radio)
            if problem is not None:
                raise problem
            # Whoever comes back after a lost link has to be the same one.
            self.radio_before = self.radio_before or radio
            self.jump = None
            yield connection

    @asynccontextmanager
    async def _own(self, timeout_s: float) -> AsyncIterator[Connection]:
        """A connection to who answers as a bootloader where the unit's own should be by now.

        The next unit's application may answer there, too, and alone until this one has come so far:
        it is connected to until the time is over, unless the unit is heard in its own application.
        """
        until_s = self._link.now_s() + timeout_s
        left_s = timeout_s
        while True:
            await self._find(max(left_s, 0.0))
            async with self._acquaintance.reached(
                self._known_address(),
                self._may_be_own,
                may_be_stale=self._where.services_may_be_stale,
            ) as connection:
                if Channel.CONTROL in connection.channels and self._may_be_own(connection):
                    yield connection
                    return
            left_s = until_s - self._link.now_s()
            problem = await self._why_another(connection, is_over=left_s <= 0)
            if problem is not None:
                raise problem

    async def _find(self, timeout_s: float) -> None:
        """See the unit in its bootloader, where it should be by now."""
        if await self._where.look_for(UnitMode.BOOTLOADER, timeout_s=timeout_s):
            return
        there_s = self._timeouts.already_there_s
        there = await self._where.look_for(
            UnitMode.APPLICATION, timeout_s=there_s, wanted=says_no_bootloader
        )
        if there is None:
            where = self._where.bootloader_address or self._where.bootloader_name
            raise not_arrived(where, timeout_s)
        if not says_no_bootloader(there):
            raise bonded_with_another(self._where.address)
        raise why_not_there(self.jump, self._where.address)

    async def _why_another(self, found: Connection, *, is_over: bool) -> TransportError | None:
        """Why somebody else was found where the unit's bootloader should be; ``None``: too early.

        It may be the next unit's application, while the unit is still in its own, or there again,
        or nowhere yet.

        Args:
            found: To who was found, and is none.
            is_over: Whether the time for the unit to come is over.
        """
        if self._where.keeps_address:
            return why_not_there(self.jump, self._where.address)
        waits_s = self._timeouts.already_there_s if is_over else AT_HOME_S
        there = await self._where.look_for(
            UnitMode.APPLICATION, timeout_s=waits_s, wanted=says_harmless
        )
        if there is not None and says_harmless(there):
            return why_not_there(self.jump, self._where.address)
        if not is_over and not self._may_be_own(found):
            return None
        if there is not None and says_no_bootloader(there):
            return why_not_there(self.jump, self._where.address)
        if self._is_next_units(found):
            is_paired = self._link.is_paired(found.peer)
            return next_unit_waits(found.peer, self._where.address, is_paired=is_paired)
        return no_bootloader(found.peer, found.services)

    def _may_be_own(self, connection: Connection) -> bool:
        """Whether who answers is a bootloader, of whatever kind, and can be this unit's."""
        return is_some_bootloader(connection) and not self._is_next_units(connection)

    def _is_next_units(self, connection: Connection) -> bool:
        """Whether it is a bootloader with a bond, at the address of its own application."""
        if self._where.keeps_address or Channel.CONTROL not in connection.channels:
            return False
        return connection.needs_encryption or self._link.is_paired(connection.peer)

    def says_bootloader(self, sighting: Sighting) -> bool:
        """Whether somebody where the unit's bootloader is has its name, or that of all of them."""
        return bool(self._where.bootloader_name) or not says_no_bootloader(sighting)

    async def answers(self) -> bool:
        """Whether a bootloader is there that can be the unit's; yes, if nobody can be asked."""
        try:
            return await self.is_its_own()
        except TransportError as error:
            return error.reason is not TransportReason.NOT_FOUND

    async def is_its_own(self) -> bool:
        """Whether a bootloader is there that can be the unit's.

        Raises:
            TransportError: Nobody can be asked.
        """
        async with self._acquaintance.reached(
            self._known_address(),
            self._may_be_own,
            may_be_stale=self._where.services_may_be_stale,
        ) as connection:
            return self._may_be_own(connection)

    async def is_heard(self, timeout_s: float) -> bool:
        """Whether a bootloader is heard where the unit's own is; nothing is reported of it.

        Args:
            timeout_s: How long to listen.

        Raises:
            TransportError: The radio itself failed.
        """
        until_s = self._link.now_s() + timeout_s
        left_s = timeout_s
        while left_s > 0:
            try:
                sighting = await self._link.find(self._known_address(), timeout_s=left_s)
            except TransportError as error:
                if error.reason is TransportReason.NOT_FOUND:
                    return False
                raise
            if self.says_bootloader(sighting):
                return True
            left_s = until_s - self._link.now_s()
        return False

    def _known_address(self) -> RadioAddress:
        """The address of the bootloader, which was seen there."""
        if self._where.bootloader_address is None:
            raise LocalProtocolError("A bootloader was to be reached before it was found.")
        return self._where.bootloader_address
