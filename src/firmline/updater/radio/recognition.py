"""Is this the unit that was pinned, and can it be updated? Judged from what was seen of it.

Rules of this module:

* Nothing here waits or connects: facts in, an error or nothing out.
* A fact speaks against a unit only where it was told before and after; what is not offered proves
  nothing.

What is the same before and after a jump: the controller and the SoftDevice, so that the radio says
the same of itself (LL_VERSION_IND), as long as no image was sent. What is the same before and after
an update: the serial number.
"""

from __future__ import annotations

from typing import Final

from firmline.errors import Code, TransportError, TransportReason, VerifyError
from firmline.links.base import RemoteVersion
from firmline.links.gatt import LEGACY_DFU_SERVICE, SMP_SERVICE
from firmline.updater.ending import Information
from firmline.values import BleAddress, RadioAddress

GOES_BACK: Final = (
    "wait until it is back in its application, two minutes after it was left alone, and name it by"
)
"""What helps with a bootloader of which nobody can say whose it is (bootloader spec, section 10:
it restarts after 120 s)."""
SERIAL_NUMBER = "serial_number"
"""The one string of a Device Information Service that belongs to a unit and to no firmware."""


def other_radio(before: RemoteVersion | None, after: RemoteVersion | None) -> TransportError | None:
    """Why a bootloader is not that of the application before the jump; ``None``: no such sign.

    Args:
        before: What the application's radio said; ``None``: nothing.
        after: What the bootloader's radio says, before any image was sent.
    """
    if before is None or after is None or before == after:
        return None
    return TransportError(
        Code.WRONG_UNIT,
        f"The bootloader that was found has another radio ({_radio(after)}) than the application"
        f" had before its jump ({_radio(before)}), so it is another unit's; nothing was sent.",
        reason=TransportReason.REFUSED,
    )


def not_arrived(where: object, waited_s: float) -> TransportError:
    """The error of a unit that left its application for its bootloader, and was not seen in either.

    Args:
        where: The address or the name that its bootloader should have.
        waited_s: For how long.
    """
    return TransportError(
        Code.UNIT_NOT_FOUND,
        f"The unit left its application but was not seen in its bootloader ({where}) within"
        f" {waited_s:g} s.",
        reason=TransportReason.NOT_FOUND,
        hint="Leave its supply as it is and run firmline scan: it may be back in its application,"
        " or advertise under another address. If nothing of it is heard, its supply or its 32 kHz"
        " crystal may fail in the bootloader: connect a bench supply beside the cell before you"
        " take the cell out.",
    )


def bonded_with_another(address: RadioAddress) -> TransportError:
    """The error of a bootloader with bonds that does not know this computer."""
    return TransportError(
        Code.BOND_MISSING,
        "The unit is in its bootloader, which keeps its application's address"
        f" ({address}) and lets nobody in but the one it is bonded with.",
        reason=TransportReason.REFUSED,
    )


def named_bootloader(address: RadioAddress, *, is_paired: bool = False) -> TransportError:
    """The error where a bootloader has the address that was given for an application.

    Args:
        address: That was given.
        is_paired: Whether the operating system has a bond with it: it does not tell whether the
            bootloader that is there knows of that.
    """
    if is_paired:
        return TransportError(
            Code.UNIT_NOT_FOUND,
            f"At {address} there is a bootloader, and no application was seen there. This computer"
            " is paired with that address, so it is probably that unit's own; but the system does"
            " not tell whether it was encrypted with, and it may be another unit's.",
            reason=TransportReason.NOT_FOUND,
            hint=f"If you mean the unit that waits there, {GOES_BACK} this address again.",
        )
    before = address.minus_one() if isinstance(address, BleAddress) else address
    return TransportError(
        Code.UNIT_NOT_FOUND,
        f"At {address} there is a bootloader, and no application was seen there: it is the"
        f" bootloader of the unit whose application has the address {before}, and the one of the"
        " unit that was named was not seen.",
        reason=TransportReason.NOT_FOUND,
        hint=f"If you mean the unit that waits there, name it by its application: {before}.",
    )


def next_unit_waits(
    found: RadioAddress, application: RadioAddress, *, is_paired: bool = False
) -> TransportError:
    """The error where the next unit's bootloader is all that is where this unit's would be.

    Args:
        found: The address, and that of the next unit's application.
        application: The address of the application that was named.
        is_paired: Whether the operating system has the bond, and has used it.
    """
    if is_paired:
        return TransportError(
            Code.WRONG_UNIT,
            f"This computer is paired with {found}. A bootloader with a bond keeps its"
            f" application's address: the one there is that of the unit {found} and not of"
            f" {application}; nothing was sent.",
            reason=TransportReason.REFUSED,
            hint=f"If you mean the unit that waits there, {GOES_BACK}, its own address, {found}. If"
            " this computer is paired with none that has this address any more, remove it in the"
            " system's list of devices.",
        )
    return TransportError(
        Code.WRONG_UNIT,
        f"The bootloader at {found} lets in only who it is bonded with, and such a one keeps its"
        f" application's address: it is that of the unit {found} and not of {application}, which"
        " was not seen; nothing was sent.",
        reason=TransportReason.REFUSED,
        hint=f"If you mean the unit that waits there, name it by its own address: {found}.",
    )


def hidden_application(address: RadioAddress) -> TransportError:
    """The error where another unit's bootloader takes every connection to an application."""
    before = address.minus_one() if isinstance(address, BleAddress) else address
    return TransportError(
        Code.ADDRESS_TAKEN,
        f"An application is heard at {address}, but every connection to it ends at a bootloader"
        f" with the same address: that of the unit {before}.",
        reason=TransportReason.REFUSED,
        hint=f"Update the unit {before} first, or switch it off.",
    )


def other_serial_number(before: Information | None, after: Information) -> VerifyError | None:
    """Why an application is not that of the unit that was updated; ``None``: no such sign.

    Args:
        before: What the application said before the update; ``None``: it was not running.
        after: What the application says that is there now.
    """
    was = (before or {}).get(SERIAL_NUMBER)
    now = after.get(SERIAL_NUMBER)
    if was is None or now is None or was == now:
        return None
    return VerifyError(
        Code.WRONG_UNIT,
        f"The unit had serial number {was} before the update, and what runs under its address now"
        f" has {now}: it is another unit, so the end of the update was not seen.",
        before=was,
        after=now,
    )


def no_way_in(address: RadioAddress, services: frozenset[str]) -> TransportError:
    """The error of an application that cannot be asked into a Secure DFU bootloader.

    Args:
        address: The application's.
        services: What it offers.
    """
    known = _other_road(f"The application at {address}", services)
    return known or TransportError(
        Code.NO_BUTTONLESS,
        f"The unit at {address} has no buttonless DFU service, so it cannot be asked to restart"
        " into a bootloader.",
        reason=TransportReason.REFUSED,
        services=services,
    )


def no_bootloader(address: RadioAddress, services: frozenset[str]) -> TransportError:
    """The error of what answers where the bootloader should be, and is none of Secure DFU.

    Args:
        address: The bootloader's.
        services: What is offered there.
    """
    known = _other_road(f"What answers at {address}", services)
    return known or TransportError(
        Code.WRONG_UNIT,
        f"What answers at {address} is not a Secure DFU bootloader.",
        reason=TransportReason.REFUSED,
        services=services,
    )


def _other_road(who: str, services: frozenset[str]) -> TransportError | None:
    """A unit of another update service, named; ``None``: it offers none that is known."""
    if LEGACY_DFU_SERVICE in services:
        code = Code.LEGACY_DFU
        what = "offers the legacy DFU service of SDKs before 12, which firmline does not speak"
    elif SMP_SERVICE in services:
        code = Code.SMP
        what = "offers MCUboot's management protocol (SMP), which firmline does not speak"
    else:
        return None
    return TransportError(code, f"{who} {what}.", reason=TransportReason.REFUSED, services=services)


def _radio(version: RemoteVersion) -> str:
    return f"company 0x{version.company:04X}, firmware 0x{version.subversion:04X}"
