"""In which mode a unit is in the air: looked for where it can be, in one mode after the other.

Not every radio can look for two addresses at once.
"""

from __future__ import annotations

from firmline.errors import Code, TransportError, TransportReason
from firmline.events import UnitMode
from firmline.updater.appearances import says_harmless, says_no_bootloader
from firmline.updater.radio_bootloader import RadioBootloader
from firmline.updater.recognition import named_bootloader
from firmline.updater.timeouts import Timeouts
from firmline.updater.whereabouts import Whereabouts


class RadioSearch:
    """Looks for a unit.

    Args:
        where: The unit is, as far as is known.
        bootloader: Its bootloader, which can be asked whether it is one.
        timeouts: How long to wait for what.
    """

    def __init__(
        self, where: Whereabouts, bootloader: RadioBootloader, *, timeouts: Timeouts
    ) -> None:
        self._where = where
        self._bootloader = bootloader
        self._timeouts = timeouts

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
                raise named_bootloader(self._where.address) from None
            raise
