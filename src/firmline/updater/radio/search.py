"""In which mode a unit is in the air: looked for where it can be, in one mode after the other.

Rules of this module:

* Not every radio can look for two addresses at once, so it is one after the other.
* Nobody waits for an application to the end that is silent while its bootloader is heard.
"""

from __future__ import annotations

from collections.abc import Callable

from firmline.errors import Code, TransportError, TransportReason
from firmline.events import UnitMode
from firmline.links.base import Sighting
from firmline.updater.radio.appearances import says_harmless, says_no_bootloader
from firmline.updater.radio.bootloader import RadioBootloader
from firmline.updater.radio.recognition import named_bootloader
from firmline.updater.radio.whereabouts import Whereabouts
from firmline.updater.timeouts import Timeouts


class RadioSearch:
    """Looks for a unit.

    Args:
        where: The unit is, as far as is known.
        bootloader: Its bootloader, which can be asked whether it is one.
        timeouts: How long to wait for what.
        now_s: The radio's clock.
    """

    def __init__(
        self,
        where: Whereabouts,
        bootloader: RadioBootloader,
        *,
        timeouts: Timeouts,
        now_s: Callable[[], float],
    ) -> None:
        self._where = where
        self._bootloader = bootloader
        self._timeouts = timeouts
        self._now_s = now_s

    async def find(self) -> Sighting | None:
        """Find the unit in whichever mode it is.

        An application may be seldom heard, a bootloader always is. So one whose application has
        been silent for ``already_there_s`` is listened for in its bootloader, and taken as it is if
        that answers; else its application has the rest of ``search_s``.

        Returns:
            Who is seen at the address of its application; ``None``: it is in its bootloader.

        Raises:
            TransportError: NOT_FOUND: it is in neither. REFUSED: it is known by its name only, and
                another unit has that, too.
        """
        timeouts = self._timeouts
        until_s = self._now_s() + timeouts.search_s
        first_s = min(timeouts.search_s, timeouts.already_there_s)
        there = await self._where.look_for(UnitMode.APPLICATION, timeout_s=first_s)
        if there is None and await self._waits_in_bootloader():
            return None
        left_s = until_s - self._now_s()
        if there is None and left_s > 0:
            there = await self._where.look_for(UnitMode.APPLICATION, timeout_s=left_s)
        if there is None:
            await self.find_already_there()
        return there

    async def _waits_in_bootloader(self) -> bool:
        """Whether its bootloader is heard, and answers as one that can be its own."""
        if self._where.bootloader_address is None:
            return False
        there = await self._where.look_for(
            UnitMode.BOOTLOADER, timeout_s=self._timeouts.stranger_s, wanted=_may_be_bootloader
        )
        return there is not None and _may_be_bootloader(there) and await self._bootloader.answers()

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
        if beside is not None and self._bootloader.says_bootloader(beside):
            return UnitMode.BOOTLOADER
        home = await self._where.look_for(
            UnitMode.APPLICATION, timeout_s=application_s, wanted=says_harmless
        )
        if home is not None and says_harmless(home):
            return UnitMode.APPLICATION
        if beside is not None and await self._bootloader.answers():
            return UnitMode.BOOTLOADER
        is_other = beside is not None and home is not None and not says_no_bootloader(home)
        return None if home is None or is_other else UnitMode.APPLICATION

    async def find_already_there(self) -> None:
        """See a unit that is not in its application in its bootloader.

        Raises:
            TransportError: NOT_FOUND: it is not there either.
        """
        there_s = self._timeouts.already_there_s
        if await self._where.look_for(UnitMode.BOOTLOADER, timeout_s=there_s) is not None:
            return
        if self._where.bootloader_address is None:
            raise TransportError(
                Code.UNIT_NOT_FOUND,
                f"The unit {self._where} was not seen; were it in its bootloader, this computer"
                " could not tell that from others.",
                reason=TransportReason.NOT_FOUND,
                hint="Switch it on and bring it near. If it waits in its bootloader, name that"
                " itself: firmline scan lists what is in the air.",
            )
        raise TransportError(
            Code.UNIT_NOT_FOUND,
            f"The unit {self._where} was not seen, neither as an application nor, at"
            f" {self._where.bootloader_address}, in its bootloader.",
            reason=TransportReason.NOT_FOUND,
        )

    async def find_beside_another(self) -> None:
        """See the unit in its bootloader, where another's has its application's address.

        Raises:
            TransportError: NOT_FOUND: it is not there either.
        """
        try:
            await self.find_already_there()
        except TransportError as error:
            if error.reason is TransportReason.NOT_FOUND:
                where = self._where
                raise named_bootloader(where.address, is_paired=where.is_paired) from None
            raise


def _may_be_bootloader(sighting: Sighting) -> bool:
    """Whether somebody does not say that it is none."""
    return not says_harmless(sighting)
