"""Why no bootloader answers on a serial port, as far as what was heard instead tells."""

from __future__ import annotations

from typing import Final

from firmline.errors import Code, TransportError, TransportReason
from firmline.links.base import PortConnection, PortLink
from firmline.updater.serial_talk import SerialTalk
from firmline.updater.timeouts import SerialTimeouts

TEXT_SHARE: Final = 0.9
"""Share of printable characters from which on what is heard is taken for text; ours."""
SHOWN: Final = 40
"""Bytes of it, or characters, that a message shows."""
TO_BOOTLOADER: Final = (
    "Get the unit into its bootloader: reset it with its DFU button held, or have its application"
    " restart it for an update; its application itself takes none on a serial port."
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


def looks_like_text(data: bytes) -> bool:
    """Whether bytes are what an application prints, not noise."""
    text = data.decode("utf-8", errors="replace")
    good = sum((char.isprintable() and char != "�") or char in "\r\n\t" for char in text)
    return good >= TEXT_SHARE * len(text)


def shown(data: bytes) -> str:
    """Text that was heard, for a message: the first line with something in it."""
    lines = data.decode("utf-8", errors="replace").split("\n")
    clean = ("".join(char for char in line if char.isprintable()).strip() for line in lines)
    return next((line for line in clean if line), "")[:SHOWN]


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
            f" ({strange[: SHOWN // 4].hex(' ').upper()})"
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
