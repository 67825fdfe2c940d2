"""One unit on a radio: found, entered, and recognised after its jump into the bootloader.

Rules of this module:

* The unit is looked for where it is (:mod:`firmline.updater.radio.whereabouts`), and nowhere else.
* Addresses in a row overlap: one unit's bootloader has the address of the next unit's application.
  So an address alone proves nothing: what answers is told by its services, a bootloader that was in
  the air before the jump is none we have sent there (:mod:`firmline.updater.radio.strangers`), and
  the radio has to say the same of itself before and after
  (:mod:`firmline.updater.radio.recognition`).
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

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from firmline.events import Reporter, UnitMode
from firmline.links.base import Connection, Link, RemoteVersion
from firmline.protocol.channels import Channel
from firmline.updater.ending import Information
from firmline.updater.radio.acquaintance import Acquaintance
from firmline.updater.radio.appearances import is_no_bootloader, way_in
from firmline.updater.radio.application import RadioApplication
from firmline.updater.radio.bootloader import RadioBootloader
from firmline.updater.radio.homecoming import Return
from firmline.updater.radio.jump import Buttonless, drops
from firmline.updater.radio.naming import fresh_name
from firmline.updater.radio.recognition import no_way_in
from firmline.updater.radio.returning import returns, silent_until_s, stays
from firmline.updater.radio.search import RadioSearch
from firmline.updater.radio.strangers import who_is_there
from firmline.updater.radio.whereabouts import Whereabouts
from firmline.updater.timeouts import Timeouts
from firmline.values import RadioAddress, UnitPin


class PinnedUnit:
    """One unit, pinned by the address of its application, or first by its name.

    Args:
        link: The radio.
        pin: The address of the unit's application, or its name.
        timeouts: How long to wait for what.
        report: Takes every event, unstamped, as it happens.
        draw_name: Makes a name that no unit has, for a bootloader whose address is not visible.

    Attributes:
        application: The address of its application, and whoever is there.
        search: Looks for it.
    """

    def __init__(
        self,
        *,
        link: Link,
        pin: UnitPin,
        timeouts: Timeouts,
        report: Reporter,
        draw_name: Callable[[], str] = fresh_name,
    ) -> None:
        self._link = link
        self._timeouts = timeouts
        self._report = report
        self._draw_name = draw_name
        self._acquaintance = Acquaintance(link=link, timeouts=timeouts, report=report)
        self._where = Whereabouts(link=link, pin=pin, timeouts=timeouts, report=report)
        self.application = RadioApplication(
            self._where, self._acquaintance, link=link, timeouts=timeouts
        )
        self._bootloader = RadioBootloader(
            self._where, self._acquaintance, link=link, timeouts=timeouts
        )
        self.search = RadioSearch(
            self._where, self._bootloader, timeouts=timeouts, now_s=link.now_s
        )

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
        there = await self.search.find()
        if there is None:
            return None
        # A bootloader with a bond that is met here is left, and connected to once more by who opens
        # it. Kept, the connection would be open between two steps, either of which may fail, be
        # cancelled, or connect anew by its own rules: each closes what it has opened.
        stranger = None
        if self.bootloader_address is not None:
            stranger = await who_is_there(
                self._link, self.bootloader_address, timeouts=self._timeouts, report=self._report
            )
        async with self.application.met(there) as connection:
            if connection is not None and is_no_bootloader(connection):
                channel = way_in(connection)
                if channel is None:
                    raise no_way_in(self._where.address, connection.services)
                if stranger is not None and channel is not Channel.BUTTONLESS_BONDED:
                    raise stranger
                return await self._leave_application(connection, channel)
        if connection is None:
            await self.search.find_beside_another()
        return None

    async def _leave_application(self, connection: Connection, channel: Channel) -> Information:
        """Read what tells the unit from others, then have it jump."""
        await self._acquaintance.encrypt(connection, may_pair=True)
        self._where.keeps_address = channel is Channel.BUTTONLESS_BONDED
        information = await self.read_information(connection)
        self._bootloader.radio_before = await self.radio_version(connection)
        service = Buttonless(connection, channel, timeouts=self._timeouts, report=self._report)
        if self.bootloader_address is None:
            name = self._draw_name()
            await service.leave_name(name)
            self._where.bootloader_name = name
        self._bootloader.jump = await service.jump(
            self.bootloader_address, self._where.bootloader_name
        )
        return information

    def bootloader(self, *, timeout_s: float) -> AbstractAsyncContextManager[Connection]:
        """See :meth:`firmline.updater.radio.bootloader.RadioBootloader.opened`."""
        return self._bootloader.opened(timeout_s=timeout_s)

    async def look(self, *, bootloader_s: float, application_s: float) -> UnitMode | None:
        """See :meth:`firmline.updater.radio.search.RadioSearch.look`."""
        return await self.search.look(bootloader_s=bootloader_s, application_s=application_s)

    async def is_seen(self, mode: UnitMode, *, timeout_s: float) -> bool:
        """Whether the unit is in the air in this mode before the time is over.

        Raises:
            TransportError: REFUSED: it is known by its name only, and another unit has that, too.
        """
        return await self._where.look_for(mode, timeout_s=timeout_s) is not None

    async def returns(self, back: Return, *, timeout_s: float) -> bool:
        """Whether the unit is seen in its application before the time is over.

        That is known sooner where its bootloader is heard beside it, and has stayed.

        Args:
            back: What is known of its return: how its connection ended, and with which image.
            timeout_s: How long it may need.

        Raises:
            TransportError: REFUSED: it is known by its name only, and another unit has that, too.
        """
        comes_back = self.is_seen(UnitMode.APPLICATION, timeout_s=timeout_s)
        if self.bootloader_address is None or self._where.keeps_address:
            return await comes_back
        bootloader, now_s = self._bootloader, self._link.now_s
        stays_away = stays(
            bootloader.is_heard, now_s=now_s, from_s=silent_until_s(back, now_s=now_s())
        )
        return await returns(comes_back, stays_away, bootloader.is_its_own)

    async def read_information(self, connection: Connection) -> Information:
        """See :meth:`firmline.updater.radio.acquaintance.Acquaintance.read_information`."""
        return await self._acquaintance.read_information(connection)

    async def radio_version(self, connection: Connection) -> RemoteVersion | None:
        """See :meth:`firmline.updater.radio.acquaintance.Acquaintance.radio_version`."""
        return await self._acquaintance.radio_version(connection)

    async def await_drop(self, connection: Connection) -> None:
        """See the unit drop the link; if it does not, what is seen afterwards says more.

        What it was given may be another SoftDevice, with which its radio says something else.
        """
        self._bootloader.radio_before = None
        await drops(connection, self._timeouts, self._report)
