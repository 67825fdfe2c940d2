"""Who is already in the air where a unit's bootloader will appear.

A bootloader has the address of its application plus one, and units made in a row have addresses in
a row: the next address may be another unit's. A neighbour's *application* there does no harm, it is
told apart by its services after the jump. A *bootloader* that is there before the jump is never
that of the unit that is to jump, and could not be told from it afterwards: nobody jumps then.

Nor does a unit whose bootloader would appear where the operating system knows a unit that it is
paired with: it would be taken for that one's (:mod:`firmline.updater.radio.bootloader`).
"""

from __future__ import annotations

from firmline import events
from firmline.errors import Code, TransportError, TransportReason
from firmline.events import Reporter
from firmline.links.base import Link, Sighting
from firmline.updater.radio.appearances import HARMLESS, says_harmless
from firmline.updater.radio.scanning import kind_by_services
from firmline.updater.timeouts import Timeouts
from firmline.values import RadioAddress


async def who_is_there(
    link: Link, address: RadioAddress, *, timeouts: Timeouts, report: Reporter
) -> TransportError | None:
    """Why a unit must not jump whose bootloader will have this address; ``None``: nothing is there.

    Args:
        link: The radio.
        address: Where a unit's bootloader will appear.
        timeouts: How long to listen.
        report: Takes every event.

    Returns:
        The error where a bootloader is there, or what is there may be one and does not say; or
        where the operating system says that it is paired with that address.

    Raises:
        TransportError: The radio itself failed.
    """
    try:
        sighting = await link.find(address, timeout_s=timeouts.stranger_s)
    except TransportError as error:
        if error.reason is TransportReason.NOT_FOUND:
            return _paired_with_another(link, address)
        raise
    is_bootloader = await _is_bootloader(link, sighting, timeouts)
    report(events.OtherUnitSeen(address=address, name=sighting.name, bootloader=is_bootloader))
    if not is_bootloader:
        return _paired_with_another(link, address)
    return TransportError(
        Code.ADDRESS_TAKEN,
        f"A bootloader is in the air at {address} already, where this unit's would appear, so that"
        " the two could not be told apart; this unit was left in its application.",
        reason=TransportReason.REFUSED,
    )


def _paired_with_another(link: Link, address: RadioAddress) -> TransportError | None:
    """Why a unit must not jump to an address with which the system is paired; ``None``: it is not.

    It would encrypt by itself what it takes for that other unit.
    """
    if not link.is_paired(address):
        return None
    return TransportError(
        Code.ADDRESS_TAKEN,
        f"This computer is paired with another unit at {address}, where this unit's bootloader"
        " would appear, so that it would take the one for the other; this unit was left in its"
        " application.",
        reason=TransportReason.REFUSED,
        hint=f"Remove {address} in the system's list of devices, and run the same command again;"
        " or update this unit from another computer.",
    )


async def _is_bootloader(link: Link, sighting: Sighting, timeouts: Timeouts) -> bool:
    """Whether somebody is a bootloader; who advertises a DFU service is asked what it is."""
    if says_harmless(sighting):
        return False
    try:
        connection = await link.connect(sighting.address, timeout_s=timeouts.connect_s)
    except TransportError:
        return True  # It says that it may be one, and nothing speaks against it.
    try:
        return kind_by_services(connection) not in HARMLESS
    finally:
        await connection.close()
