"""Where one unit is in the air: under which address or name, in its application or its bootloader.

Rules of this module:

* The unit is pinned by the address of its application before it jumps. It is looked for under
  that address, and under the next one (without carry) in its bootloader, and nowhere else: never
  another unit (spec section 11). A user who knows only its name has it pinned by the address under
  which that name is seen first, unless another unit has the name, too.
* Where the system shows no addresses, the application is pinned by what the system calls it, and
  its bootloader by a name that the application was asked to leave for it before the jump.
* Nothing here connects to anybody.
"""

from __future__ import annotations

from collections.abc import Callable

from firmline import events
from firmline.errors import LocalProtocolError, TransportError, TransportReason
from firmline.events import Reporter, UnitMode
from firmline.links.base import Link, Sighting
from firmline.updater.radio.naming import find_named
from firmline.updater.timeouts import Timeouts
from firmline.values import AdvertisedName, BleAddress, RadioAddress, UnitPin

Wanted = Callable[[Sighting], bool]
"""Whether somebody who was seen is who is looked for, as far as it says."""


def anyone(_sighting: Sighting) -> bool:
    """Everybody is."""
    return True


class Whereabouts:
    """Where one unit is, as far as is known.

    Args:
        link: The radio.
        pin: The address of the unit's application, or its name.
        timeouts: How long to wait for what.
        report: Takes every event, unstamped, as it happens.

    Attributes:
        bootloader_name: The name that was left for its bootloader; empty: none.
        keeps_address: Whether its bootloader has its application's address: one with a bond does.
        pins_application: Whether the pin can only mean the unit's application: an address does,
            since the bootloader that has it may be that of the unit with the address before. Who
            was chosen by a name, or by what macOS calls it, is meant as it is.
    """

    def __init__(self, *, link: Link, pin: UnitPin, timeouts: Timeouts, report: Reporter) -> None:
        self.bootloader_name = ""
        self.keeps_address = False
        self._name = pin.text if isinstance(pin, AdvertisedName) else ""
        self._address = None if isinstance(pin, AdvertisedName) else pin
        self._bootloader_address: RadioAddress | None = None
        self.pins_application = isinstance(pin, BleAddress)
        self._link = link
        self._timeouts = timeouts
        self._report = report

    @property
    def address(self) -> RadioAddress:
        """Of its application; known once it was seen."""
        if self._address is None:
            raise LocalProtocolError(f"The unit {self._name!r} was not seen yet.")
        return self._address

    @property
    def bootloader_address(self) -> RadioAddress | None:
        """Of its bootloader: the next one, without carry. ``None``: not known, or not yet."""
        if self.keeps_address:
            return self._address
        if isinstance(self._address, BleAddress):
            return self._address.plus_one()
        return self._bootloader_address

    @property
    def knows_application(self) -> bool:
        """Whether the application can be looked for."""
        return self._address is not None or bool(self._name)

    @property
    def is_paired(self) -> bool:
        """Whether the operating system says that it is paired with the application's address."""
        return self._address is not None and self._link.is_paired(self._address)

    @property
    def services_may_be_stale(self) -> bool:
        """Whether the system may show the services of the unit's other mode.

        It has one address in both with a bond, and is not forgotten by the system in between.
        """
        return self.keeps_address and self._link.capabilities.remembers_services

    def is_its_bootloader(self, address: RadioAddress) -> None:
        """Who was pinned turned out to be the unit's bootloader.

        Its application then has the address before; where no addresses are visible nobody knows
        what the system will call it.
        """
        self._name = ""
        self._bootloader_address = address
        self._address = address.minus_one() if isinstance(address, BleAddress) else None

    def __str__(self) -> str:
        return str(self._address or self._name)

    async def look_for(
        self, mode: UnitMode, *, timeout_s: float, wanted: Wanted = anyone
    ) -> Sighting | None:
        """Who is in the air where the unit is in this mode; ``None``: nobody.

        Args:
            mode: In which the unit would be.
            timeout_s: How long to look.
            wanted: Who is meant of two that share an address. Whoever else is there is told of only
                when the time is over.

        Raises:
            TransportError: REFUSED: it is known by its name only, and another unit has that, too.
        """
        in_application = mode is UnitMode.APPLICATION
        address = self._address if in_application else self.bootloader_address
        name = self._name if in_application else self.bootloader_name
        by_name = address is None or (not in_application and bool(name))
        if by_name and not name:
            return None
        self._report(
            events.Searching(
                address=None if by_name else address,
                expected_mode=mode,
                name=name if by_name else "",
            )
        )
        sighting = await self._find_wanted(None if by_name else address, name, timeout_s, wanted)
        if sighting is None:
            return None
        if in_application:
            self._address = sighting.address
        else:
            self._bootloader_address = sighting.address
        self._report(
            events.UnitSeen(
                address=sighting.address, name=sighting.name, rssi_dbm=sighting.rssi_dbm
            )
        )
        return sighting

    async def _find_wanted(
        self, address: RadioAddress | None, name: str, timeout_s: float, wanted: Wanted
    ) -> Sighting | None:
        """Who is wanted, or the last other one; ``None``: nobody."""
        until_s = self._link.now_s() + timeout_s
        sighting: Sighting | None = None
        left_s = timeout_s
        while sighting is None or left_s > 0:
            try:
                sighting = await self._find(address, name, left_s)
            except TransportError as error:
                if error.reason is TransportReason.NOT_FOUND:
                    break
                raise
            if wanted(sighting):
                break
            left_s = until_s - self._link.now_s()
        return sighting

    async def _find(self, address: RadioAddress | None, name: str, timeout_s: float) -> Sighting:
        if address is not None:
            return await self._link.find(address, timeout_s=timeout_s)
        # The name of a bootloader was drawn for it; that of an application may be anybody's.
        settle_s = self._timeouts.same_name_s if name == self._name else 0.0
        return await find_named(self._link, name, timeout_s=timeout_s, settle_s=settle_s)
