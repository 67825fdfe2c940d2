"""Why no bootloader answers on a serial port, as far as what was heard instead tells."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from firmline.errors import Code, TransportError, TransportReason
from firmline.links.base import PortConnection, PortLink
from firmline.links.serial.problems import CHECK_HOST
from firmline.links.serial.text import SHOWN_BYTES, looks_like_text, said
from firmline.updater.serial.talk import SerialTalk
from firmline.updater.timeouts import SerialTimeouts

TELNET: Final = re.compile(rb"\xff[\xfb-\xfe]")
"""IAC and WILL, WONT, DO or DONT (RFC 854): how a Telnet server begins."""
TO_BOOTLOADER: Final = (
    "Get the unit into its bootloader: reset it with its DFU button held; one without a button is"
    " there when its application restarts it for an update (it writes 0xB1 to GPREGRET and resets),"
    " or when it has no valid application."
)


_NO_BUFFERS: Final = (
    "its bootloader hangs, as one does that got more packets than were sent to it, by a line that"
    " repeats them or damages lengths, and has lost its receive buffers"
)


async def find_bootloader(
    link: PortLink, port: PortConnection, talk: SerialTalk, timeouts: SerialTimeouts
) -> None:
    """Return when a bootloader answers at a port that has just been opened.

    Raises:
        TransportError: None does, and why as far as that is known; or the port takes nothing.
        TargetRefusedError: It answers that it knows no PING.
    """
    try:
        is_there = await talk.find(timeouts.bootloader_s, forgets=False)
    except TransportError as error:
        if error.reason is TransportReason.LOST and talk.strange and _is_elsewhere(link):
            raise _something_else(link, talk, gone=True) from error
        raise
    # Also where a bootloader is heard: 0xFF in an image would not arrive there as it is.
    if _is_telnet(link, talk):
        raise _something_else(link, talk)
    if not is_there:
        raise nothing_answers(link, port, talk, timeouts)


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
        hint=f"{TO_BOOTLOADER} {_what_to_check(link)}",
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


def fell_silent(text: str, *, has_restarted: bool | None = None) -> str:
    """What to do with a unit that does not answer any more in the middle of an update.

    Args:
        text: What a program has printed since; empty: nothing.
        has_restarted: Whether it has restarted; ``None``: only what was heard can tell.
    """
    if text:
        return (
            "It was reset or has lost its power: its old application is whole and runs now (it says"
            f" {text!r}). {TO_BOOTLOADER} Then start the update again."
        )
    if has_restarted is False:
        return (
            "Its port is still there, so it did not restart: either something on the way is slow,"
            f" or {_NO_BUFFERS}. Give the trace to firmline diagnose while it is plugged in; then"
            " unplug it and plug it in again, which takes its power, and start the update again"
            " over another cable or port."
        )
    return (
        "Either it was reset or has lost its power, and if its old application is whole, that runs"
        f" now; or {_NO_BUFFERS}. See what it does now: where its application runs at once, look at"
        " its supply; where it runs only after the two minutes of the bootloader's timer, look at"
        f" the line. {TO_BOOTLOADER} Then start the update again."
    )


def line_fails(sessions: int, codes: Iterable[Code]) -> str:
    """What to do about a line on which one session after the other fails.

    Args:
        sessions: How many, without any progress in between.
        codes: With what they have ended.
    """
    return (
        f"In each of {sessions} sessions something was lost or changed on the line"
        f" ({', '.join(codes)}), while the unit answered whenever it was asked whether it is there:"
        " check the wires, the speed and the flow control, and that no other program uses"
        " the port."
    )


def _something_else(link: PortLink, talk: SerialTalk, *, gone: bool = False) -> TransportError:
    """The error of a port at which something else is heard.

    Args:
        link: The port.
        talk: Who has asked there.
        gone: Whether the connection was closed from there.
    """
    strange = talk.strange
    if _is_telnet(link, talk):
        says = f"What listens at {link.name} speaks Telnet, as servers of RFC 2217 do"
        hint = "Write rfc2217:// in the place of socket://, if it is a server of serial ports."
    elif strange.startswith(talk.sent[: len(strange)]):
        says = f"What is sent to {link.name} comes back as it is"
        hint = (
            "Receive and transmit lines are joined, or a program echoes what it hears. "
            + TO_BOOTLOADER
        )
    elif looks_like_text(strange):
        says = f"What answers on {link.name} is no bootloader: it {said(strange)}"
        hint = f"{TO_BOOTLOADER} {CHECK_HOST}" if _is_elsewhere(link) else TO_BOOTLOADER
    else:
        says = (
            f"The bytes that arrive on {link.name} are no frames of a bootloader{_at(link)}"
            f" ({strange[:SHOWN_BYTES].hex(' ').upper()})"
        )
        hint = _what_to_set(link)
    return TransportError(
        Code.PORT_NONSENSE,
        f"{says}{', and then the connection was closed' if gone else ''}.",
        reason=TransportReason.LOST if gone else TransportReason.NOT_FOUND,
        hint=hint,
    )


def _is_elsewhere(link: PortLink) -> bool:
    """Whether a port is a server's, named by a URL."""
    return "://" in link.name


def _is_telnet(link: PortLink, talk: SerialTalk) -> bool:
    """Whether what should pass bytes on as they are has begun with Telnet's commands."""
    is_raw = link.name.casefold().startswith("socket://")
    return is_raw and TELNET.match(talk.strange) is not None


def _what_to_check(link: PortLink) -> str:
    """For somebody whose unit waits in its bootloader and does not answer."""
    if link.capabilities.baud is None and _is_elsewhere(link):
        return f"{CHECK_HOST} Its speed, and its flow control, are set where it is served."
    tries = ", and try flow=none." if link.capabilities.flow_control else "."
    return f"Then check port, speed and wires{tries}"


def _what_to_set(link: PortLink) -> str:
    """For somebody to whom bytes come that make no sense."""
    if link.capabilities.baud is not None:
        return (
            "Give the speed of the unit's bootloader with baud= (the SDK's has 115200), and make"
            " sure that this is the unit's port."
        )
    if _is_elsewhere(link):
        return f"{CHECK_HOST} The speed of the unit's bootloader is set where it is served."
    return "Make sure that this is the unit's port."


def _at(link: PortLink) -> str:
    baud = link.capabilities.baud
    return "" if baud is None else f" at {baud} bits per second"
