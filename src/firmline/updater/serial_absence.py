"""Why no bootloader answers on a serial port, as far as what was heard instead tells."""

from __future__ import annotations

from typing import Final

from firmline.errors import Code, TransportError, TransportReason
from firmline.links.base import PortConnection, PortLink
from firmline.updater.serial_talk import SerialTalk
from firmline.updater.serial_text import looks_like_text, shown
from firmline.updater.timeouts import SerialTimeouts

SHOWN: Final = 10
"""Bytes of what makes no sense that a message shows."""
TO_BOOTLOADER: Final = (
    "Get the unit into its bootloader: reset it with its DFU button held; one without a button is"
    " there when its application restarts it for an update (it writes 0xB1 to GPREGRET and resets),"
    " or when it has no valid application."
)


def nothing_answers(
    link: PortLink, port: PortConnection, talk: SerialTalk, timeouts: SerialTimeouts
) -> TransportError:
    """The error of a port at which no bootloader was found."""
    if talk.strange:
        return _something_else(link, talk)
    waited = f"within {timeouts.bootloader_s:g} s"
    if link.capabilities.flow_control and port.clear_to_send() is False:
        return TransportError(
            Code.PORT_SILENT,
            f"Nothing answers on {link.name} {waited}: the other side does not let us send (its"
            " RTS, our CTS, is not raised).",
            reason=TransportReason.NOT_FOUND,
            hint="Use flow=none where RTS and CTS are not wired; otherwise reset the unit into its"
            " bootloader.",
        )
    return TransportError(
        Code.PORT_SILENT,
        f"No bootloader answers on {link.name} {waited}{_at(link)}.",
        reason=TransportReason.NOT_FOUND,
        hint=f"{TO_BOOTLOADER} Then check port, speed and wires"
        + (", and try flow=none." if link.capabilities.flow_control else "."),
    )


def not_back(name: str, waited_s: float) -> TransportError:
    """The error of a unit that took an image and is not back for the next one."""
    return TransportError(
        Code.PORT_SILENT,
        f"The unit at {name} took an image but did not answer in its bootloader again within"
        f" {waited_s:g} s, where it should wait for the next one.",
        reason=TransportReason.NOT_FOUND,
        hint="It probably runs its application: get it into its bootloader again and send the"
        " images that are left in a package of their own.",
    )


def fell_silent(strange: bytes) -> str:
    """What to do with a unit that does not answer any more in the middle of an update.

    Args:
        strange: What was heard when its bootloader was asked whether it is there.
    """
    text = shown(strange) if looks_like_text(strange) else ""
    says = f" (it says {text!r})" if text else ""
    return (
        "It was reset or has lost its power, and if its old application is whole, that runs now"
        f"{says}. {TO_BOOTLOADER} Then start the update again."
    )


def _something_else(link: PortLink, talk: SerialTalk) -> TransportError:
    strange = talk.strange
    if strange.startswith(talk.sent[: len(strange)]):
        says = f"What is sent to {link.name} comes back as it is"
        hint = (
            "Receive and transmit lines are joined, or a program echoes what it hears. "
            + TO_BOOTLOADER
        )
    elif looks_like_text(strange):
        says = f"What answers on {link.name} is no bootloader: it says {shown(strange)!r}"
        hint = TO_BOOTLOADER
    else:
        says = (
            f"The bytes that arrive on {link.name} are no frames of a bootloader{_at(link)}"
            f" ({strange[:SHOWN].hex(' ').upper()})"
        )
        hint = (
            "Give the speed of the unit's bootloader with baud= (the SDK's has 115200), and make"
            " sure that this is the unit's port."
        )
    return TransportError(
        Code.PORT_NONSENSE, f"{says}.", reason=TransportReason.NOT_FOUND, hint=hint
    )


def _at(link: PortLink) -> str:
    baud = link.capabilities.baud
    return "" if baud is None else f" at {baud} bits per second"
