"""One unit on a radio: found, entered, and recognised after its jump into the bootloader.

Rules of this module:

* The unit is looked for where it is (:mod:`firmline.updater.whereabouts`), and nowhere else.
* Addresses in a row overlap: one unit's bootloader has the address of the next unit's application.
  So an address alone proves nothing: what answers is told by its services, a bootloader that was in
  the air before the jump is none we have sent there (:mod:`firmline.updater.strangers`), and the
  radio has to say the same of itself before and after (:mod:`firmline.updater.recognition`).
* A bootloader whose address is not visible is given a name before the jump (section 12). If it does
  not take one, the unit is not sent into a bootloader that nobody could recognise.
* Nothing here sends an image: what follows an open bootloader is the caller's business (an update,
  an inspection).

Use::

    unit = PinnedUnit(link=link, pin=address, timeouts=Timeouts(), report=stamped)
    before = await unit.enter_bootloader()
    async with unit.bootloader(timeout_s=timeouts.search_s) as connection:
        ...  # Channel.CONTROL is there
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

from firmline.errors import (
    Code,
    LocalProtocolError,
    TransportError,
    TransportReason,
    VerifyError,
)
from firmline.events import UnitMode
from firmline.links.base import Connection, Link, RemoteVersion, Sighting
from firmline.protocol.channels import Channel
from firmline.updater.acquaintance import TRIES, Acquaintance
from firmline.updater.appearances import (
    contradicts,
    is_no_bootloader,
    is_some_bootloader,
    may_be_ours,
    says_harmless,
    says_no_bootloader,
    way_in,
)
from firmline.updater.ending import Information
from firmline.updater.jump import Buttonless, Jump, drops, why_not_there
from firmline.updater.naming import fresh_name
from firmline.updater.recognition import (
    bonded_with_another,
    hidden_application,
    named_bootloader,
    no_bootloader,
    no_way_in,
    not_arrived,
    other_radio,
)
from firmline.updater.road import Report
from firmline.updater.strangers import who_is_there
from firmline.updater.timeouts import Timeouts
from firmline.updater.whereabouts import Whereabouts, anyone
from firmline.values import RadioAddress, UnitPin

AT_HOME_S: Final = 2.0
"""For an application to be heard that may share its address: it advertises less often; ours."""
PAUSE_S: Final = 1.0
"""Between two looks at an address where the unit's application is waited for; ours."""


class PinnedUnit(Acquaintance):
    """One unit, pinned by the address of its application, or first by its name.

    Args:
        link: The radio.
        pin: The address of the unit's application, or its name.
        timeouts: How long to wait for what.
        report: Takes every event, unstamped, as it happens.
        draw_name: Makes a name that no unit has, for a bootloader whose address is not visible.
    """

    def __init__(
        self,
        *,
        link: Link,
        pin: UnitPin,
        timeouts: Timeouts,
        report: Report,
        draw_name: Callable[[], str] = fresh_name,
    ) -> None:
        super().__init__(link=link, timeouts=timeouts, report=report)
        self._where = Whereabouts(link=link, pin=pin, timeouts=timeouts, report=report)
        self._draw_name = draw_name
        self._jump: Jump | None = None
        self._radio_before: RemoteVersion | None = None

    @property
    def address(self) -> RadioAddress:
        """Of its application; known once it was seen."""
        return self._where.address

    @property
    def knows_application(self) -> bool:
        """Whether the unit's application can be looked for and recognised."""
        return self._where.knows_application

    @property
    def bootloader_address(self) -> RadioAddress | None:
        """Of its bootloader: the next one, without carry. ``None``: not known, or not yet."""
        return self._where.bootloader_address

    def __str__(self) -> str:
        return str(self._where)

    # Into the bootloader.

    async def enter_bootloader(self) -> Information | None:
        """Get the unit into its bootloader.

        A unit that is not in its application is looked for in its bootloader, where it may be
        already. That it arrived there after a jump is seen by :meth:`bootloader` alone.

        Returns:
            What its application said of itself before the jump; ``None``: it was not running.

        Raises:
            TransportError: NOT_FOUND: it is neither here nor there. REFUSED: it has no buttonless
                DFU service, or another bootloader is in the air where its own would appear. LOST or
                TIMEOUT.
            RemoteProtocolError: Its application's answer made no sense.
            TargetRefusedError: Its application said no.
        """
        search_s = self._timeouts.search_s
        there = await self.see_at_home(timeout_s=search_s)
        if there is None:
            await self.find_already_there()
            return None
        stranger = None
        if self.bootloader_address is not None:
            stranger = await who_is_there(
                self._link, self.bootloader_address, timeouts=self._timeouts, report=self._report
            )
        async with self.met_at_home(there) as connection:
            if connection is not None and is_no_bootloader(connection):
                channel = way_in(connection)
                if channel is None:
                    raise no_way_in(self.address, connection.services)
                if stranger is not None and channel is not Channel.BUTTONLESS_BONDED:
                    raise stranger
                return await self._leave_application(connection, channel)
        if connection is None:
            await self.find_beside_another()
        return None

    async def see_at_home(self, *, timeout_s: float, back: bool = False) -> Sighting | None:
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
    async def met_at_home(self, there: Sighting) -> AsyncIterator[Connection | None]:
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
                if is_no_bootloader(connection) or await self.owns(connection):
                    yield connection
                    return
            if not await self._is_heard_at_home():
                yield None
                return
            if self._link.now_s() >= until_s:
                raise hidden_application(self.address)

    async def _is_heard_at_home(self) -> bool:
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
            async with self._reached(
                self.address, wanted, tries=tries, may_be_stale=remembers
            ) as connection:
                met = True
                yield connection
        except TransportError as error:
            if met or error.reason is not TransportReason.NOT_FOUND:
                raise
            if says_no_bootloader(there):
                raise
            raise bonded_with_another(self.address) from error

    async def owns(self, connection: Connection) -> bool:
        """Whether a bootloader at the application's address is the unit's own.

        A bootloader with a bond keeps that address; one without has it where it is another unit's.
        That the link can be encrypted with the bond that this computer has with the unit proves it.
        Who was pinned by a name, or by what the system calls it, is meant as it is.
        """
        if not connection.needs_encryption and not self._where.pins_application:
            self._where.is_its_bootloader(self.address)
            return True
        if not connection.needs_encryption or not self._link.capabilities.pairing:
            return False
        try:
            await self._encrypt(connection, may_pair=False)
        except TransportError as error:
            if error.code is Code.BOND_MISSING:
                return False
            raise
        self._where.keeps_address = True
        return True

    async def _leave_application(self, connection: Connection, channel: Channel) -> Information:
        """Read what tells the unit from others, then have it jump."""
        await self._encrypt(connection, may_pair=True)
        self._where.keeps_address = channel is Channel.BUTTONLESS_BONDED
        information = await self.read_information(connection)
        self._radio_before = await self.radio_version(connection)
        service = Buttonless(connection, channel, timeouts=self._timeouts, report=self._report)
        if self.bootloader_address is None:
            name = self._draw_name()
            await service.leave_name(name)
            self._where.bootloader_name = name
        self._jump = await service.jump(self.bootloader_address, self._where.bootloader_name)
        return information

    @asynccontextmanager
    async def bootloader(self, *, timeout_s: float) -> AsyncIterator[Connection]:
        """The unit's bootloader, found and connected; its control point is there.

        Args:
            timeout_s: How long to look for it.

        Raises:
            TransportError: It was not seen, stayed in its application, is no Secure DFU bootloader
                or another unit's, or the connection failed.
        """
        async with self._own_bootloader(timeout_s) as connection:
            await self._encrypt(connection, may_pair=False)
            radio = await self.radio_version(connection)
            problem = other_radio(self._radio_before, radio)
            if problem is not None:
                raise problem
            # Whoever comes back after a lost link has to be the same one.
            self._radio_before = self._radio_before or radio
            self._jump = None
            yield connection

    @asynccontextmanager
    async def _own_bootloader(self, timeout_s: float) -> AsyncIterator[Connection]:
        """A connection to who answers as a bootloader where the unit's own should be by now.

        The next unit's application may answer there, too, and alone until this one has come so far:
        it is connected to until the time is over, unless the unit is heard in its own application.
        """
        until_s = self._link.now_s() + timeout_s
        left_s = timeout_s
        while True:
            await self._find_in_bootloader(max(left_s, 0.0))
            async with self._reached(
                self._known_address(), is_some_bootloader, may_be_stale=self._may_be_stale
            ) as connection:
                if Channel.CONTROL in connection.channels:
                    yield connection
                    return
            left_s = until_s - self._link.now_s()
            problem = await self._why_another(connection, is_over=left_s <= 0)
            if problem is not None:
                raise problem

    @property
    def _may_be_stale(self) -> bool:
        """Whether the system may show the services of the unit's other mode.

        It has one address in both with a bond, and is not forgotten by the system in between.
        """
        return self._where.keeps_address and self._link.capabilities.remembers_services

    async def _find_in_bootloader(self, timeout_s: float) -> None:
        """See the unit in its bootloader, where it should be by now."""
        if await self.is_seen(UnitMode.BOOTLOADER, timeout_s=timeout_s):
            return
        there_s = self._timeouts.already_there_s
        there = await self._where.look_for(
            UnitMode.APPLICATION, timeout_s=there_s, wanted=says_no_bootloader
        )
        if there is None:
            where = self.bootloader_address or self._where.bootloader_name
            raise not_arrived(where, timeout_s)
        if not says_no_bootloader(there):
            raise bonded_with_another(self.address)
        raise why_not_there(self._jump, self.address)

    async def _why_another(self, found: Connection, *, is_over: bool) -> TransportError | None:
        """Why somebody else was found where the unit's bootloader should be; ``None``: too early.

        It may be the next unit's application, while the unit is still in its own, or there again,
        or nowhere yet.

        Args:
            found: To who was found, and is none.
            is_over: Whether the time for the unit to come is over.
        """
        if self._where.keeps_address:
            return why_not_there(self._jump, self.address)
        waits_s = self._timeouts.already_there_s if is_over else AT_HOME_S
        there = await self._where.look_for(
            UnitMode.APPLICATION, timeout_s=waits_s, wanted=says_harmless
        )
        if there is not None and says_harmless(there):
            return why_not_there(self._jump, self.address)
        if not is_over and not is_some_bootloader(found):
            return None
        if there is not None and says_no_bootloader(there):
            return why_not_there(self._jump, self.address)
        return no_bootloader(found.peer, found.services)

    async def look(self, *, bootloader_s: float, application_s: float) -> UnitMode | None:
        """In which mode the unit is in the air; ``None``: in none.

        It is looked for in one after the other: not every radio can look for two at once. A
        neighbour's application at the address of its bootloader is not taken for it: who does not
        say that it is a bootloader is connected to, unless the unit is seen at home. There only the
        bootloader of the unit before it can be another's.

        Args:
            bootloader_s: How long to look for its bootloader.
            application_s: How long to look for its application then.

        Raises:
            TransportError: REFUSED: it is known by its name only, and another unit has that, too.
        """
        beside = await self._where.look_for(UnitMode.BOOTLOADER, timeout_s=bootloader_s)
        if beside is not None and self._says_bootloader(beside):
            return UnitMode.BOOTLOADER
        home = await self._where.look_for(
            UnitMode.APPLICATION, timeout_s=application_s, wanted=says_harmless
        )
        if home is not None and says_harmless(home):
            return UnitMode.APPLICATION
        if beside is not None and await self._answers_as_bootloader():
            return UnitMode.BOOTLOADER
        is_other = beside is not None and home is not None and not says_no_bootloader(home)
        return None if home is None or is_other else UnitMode.APPLICATION

    def _says_bootloader(self, sighting: Sighting) -> bool:
        """Whether somebody where the unit's bootloader is has its name, or that of all of them."""
        return bool(self._where.bootloader_name) or not says_no_bootloader(sighting)

    async def _answers_as_bootloader(self) -> bool:
        """Whether there is a bootloader where the unit's own is; yes, if nobody can be asked."""
        address = self._known_address()
        try:
            async with self._reached(
                address, is_some_bootloader, may_be_stale=self._may_be_stale
            ) as connection:
                return is_some_bootloader(connection)
        except TransportError as error:
            return error.reason is not TransportReason.NOT_FOUND

    # Steps that several of the above take, and callers as well.

    def _known_address(self) -> RadioAddress:
        """The address of the bootloader, which was seen there."""
        if self.bootloader_address is None:
            raise LocalProtocolError("A bootloader was to be reached before it was found.")
        return self.bootloader_address

    async def is_seen(self, mode: UnitMode, *, timeout_s: float) -> bool:
        """Whether the unit is in the air in this mode before the time is over.

        Raises:
            TransportError: REFUSED: it is known by its name only, and another unit has that, too.
        """
        return await self._where.look_for(mode, timeout_s=timeout_s) is not None

    async def find_already_there(self) -> None:
        """See a unit that is not in its application in its bootloader.

        Raises:
            TransportError: NOT_FOUND: it is not there either.
        """
        await self._where.find_already_there()

    async def find_beside_another(self) -> None:
        """See the unit in its bootloader, where another's has its application's address.

        Raises:
            TransportError: NOT_FOUND: it is not there either.
        """
        try:
            await self.find_already_there()
        except TransportError as error:
            if error.reason is TransportReason.NOT_FOUND:
                raise named_bootloader(self.address) from None
            raise

    @asynccontextmanager
    async def application(self, *, timeout_s: float) -> AsyncIterator[Connection]:
        """The unit's application.

        Args:
            timeout_s: How long it may need to get there while a bootloader has its address.

        Raises:
            VerifyError: A bootloader is at its address to the end.
            TransportError: NOT_FOUND, LOST, REFUSED or TIMEOUT.
        """
        tries = max(TRIES, round(timeout_s / PAUSE_S))
        async with self._reached(
            self.address,
            is_no_bootloader,
            tries=tries,
            pause_s=PAUSE_S,
            may_be_stale=self._may_be_stale,
        ) as connection:
            if not is_no_bootloader(connection):
                raise VerifyError(
                    Code.UNIT_DID_NOT_RETURN,
                    f"The unit took the whole image, and {timeout_s:g} s later a bootloader is at"
                    f" its application's address ({self.address}): its own, or another unit's.",
                )
            yield connection

    async def await_drop(self, connection: Connection) -> None:
        """See the unit drop the link; if it does not, what is seen afterwards says more.

        What it was given may be another SoftDevice, with which its radio says something else.
        """
        self._radio_before = None
        await drops(connection, self._timeouts, self._report)
