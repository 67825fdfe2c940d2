"""Why a unit on USB is not where it should be, as far as what is plugged in tells."""

from __future__ import annotations

from firmline.errors import Code, TransportError, TransportReason, VerifyError
from firmline.links.usb.device import UsbDevice

BY_HAND = "Get it into its bootloader by hand: Nordic's dongle has a reset button for that."


def no_trigger(device: UsbDevice) -> TransportError:
    """The error of an application that cannot be asked into the bootloader."""
    return TransportError(
        Code.USB_NO_TRIGGER,
        f"The USB unit {device.shown} has no DFU trigger interface, and no bootloader answers at"
        " its port: it runs an application that cannot be asked to restart.",
        reason=TransportReason.NOT_FOUND,
        hint=BY_HAND,
    )


def did_not_restart(device: UsbDevice, waited_s: float) -> TransportError:
    """The error of an application that was asked, and is still there."""
    return TransportError(
        Code.UNIT_DID_NOT_RESTART,
        f"The USB unit {device.shown} was asked into its bootloader and did not restart within"
        f" {waited_s:g} s.",
        reason=TransportReason.NOT_FOUND,
        hint="Give the trace to firmline diagnose first, since unplugging it takes its power. Then"
        f" unplug it and try again. {BY_HAND}",
    )


def stayed(device: UsbDevice) -> TransportError:
    """The error of a unit that restarted into its application."""
    return TransportError(
        Code.UNIT_STAYED_IN_APPLICATION,
        f"The USB unit {device.shown} was asked into its bootloader and restarted, into its"
        " application again.",
        reason=TransportReason.NOT_FOUND,
        hint="Its bootloader has to be one that the request reaches: Nordic's library pulls the"
        f" reset pin, which has to be wired and enabled as a way in. {BY_HAND}",
    )


def no_bootloader(device: UsbDevice, waited_s: float, newcomers: frozenset[str]) -> TransportError:
    """The error of a unit that left and did not come back under its serial number.

    Args:
        device: As its application was.
        waited_s: How long it was waited for.
        newcomers: Serial numbers of bootloaders that have come since.
    """
    beside = ", ".join(sorted(number or "(none)" for number in newcomers))
    says = (
        f"; a bootloader with another serial number has come ({beside}), and nothing was sent to it"
        if beside
        else ""
    )
    return TransportError(
        Code.UNIT_NOT_FOUND,
        f"The USB unit {device.shown} left for its bootloader, and none with its serial number was"
        f" plugged in with a port within {waited_s:g} s{says}.",
        reason=TransportReason.NOT_FOUND,
        hint="If that is the unit, its application calls itself otherwise than its bootloader"
        f" does: update it as usb:{min(newcomers) or 'SERIAL'}."
        if beside
        else "Look at it: without a serial port its driver is missing, or it needs another cable or"
        " port; --timeout reappear=SECONDS waits longer.",
    )


def not_back_in_middle(
    serial_number: str, waited_s: float, newcomers: frozenset[str]
) -> TransportError:
    """The error of a unit that was lost in the middle of an update, and did not come back.

    Args:
        serial_number: The unit's.
        waited_s: How long it was waited for.
        newcomers: Serial numbers of bootloaders that have come since.
    """
    beside = ", ".join(sorted(number or "(none)" for number in newcomers))
    says = f"; another bootloader has come ({beside}), and nothing was sent to it" if beside else ""
    return TransportError(
        Code.UNIT_NOT_FOUND,
        f"The USB unit {serial_number} was lost in the middle of the update, and was not plugged in"
        f" again with a port within {waited_s:g} s{says}.",
        reason=TransportReason.NOT_FOUND,
        hint="Plug it in and start the update again: it goes on where the unit stands;"
        " --timeout replug=SECONDS waits longer.",
    )


def not_back_for_next(serial_number: str, waited_s: float) -> TransportError:
    """The error of a unit that took an image and is not back for the next one."""
    return TransportError(
        Code.UNIT_NOT_FOUND,
        f"The USB unit {serial_number} took an image and was not plugged in again within"
        f" {waited_s:g} s, where it should wait for the next one.",
        reason=TransportReason.NOT_FOUND,
        hint="Give the trace to firmline diagnose first, since unplugging it takes its power. Then"
        " unplug it, plug it in again, and send the images that are left in a package of their"
        " own.",
    )


def did_not_return(
    serial_number: str, waited_s: float, *, is_there: bool, problem: TransportError | None
) -> VerifyError:
    """The error of a unit that took everything and was not seen again.

    Args:
        serial_number: The unit's.
        waited_s: How long it was waited for.
        is_there: Whether its bootloader never left.
        problem: Why an application without a serial port would not be seen.
    """
    where = "has not restarted since" if is_there else "was not plugged in again"
    return VerifyError(
        Code.UNIT_DID_NOT_RETURN,
        f"The USB unit {serial_number} took the whole image and {where}, within {waited_s:g} s.",
        hint=""
        if problem is None
        else f"An application without a serial port is not seen here. {problem.hint}",
    )
