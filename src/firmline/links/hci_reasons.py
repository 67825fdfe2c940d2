"""Why a connection is gone, as a Bluetooth controller says it (Core spec, Vol 1, Part F, 2).

Those of its error codes that a disconnection can have, in words of our own.
"""

from __future__ import annotations

from typing import Final

HCI_REASONS: Final = {
    0x05: "pairing failed",
    0x06: "a pairing key is missing",
    0x07: "the controller has no memory left",
    0x08: "the other side was not heard any more",
    0x13: "the other side ended it",
    0x14: "the other side ended it for want of resources",
    0x15: "the other side ended it, being switched off",
    0x16: "this side ended it",
    0x1A: "the other side lacks a feature",
    0x1F: "for no reason that is told",
    0x22: "the other side did not answer its controller's request in time",
    0x28: "a change came too late to be followed",
    0x29: "pairing with a unit key is not supported",
    0x3A: "the controller is busy",
    0x3B: "its parameters were not accepted",
    0x3D: "a packet did not have the right signature (MIC)",
    0x3E: "it was never established",
}
"""By number; 0x08 is a supervision timeout, 0x13 what a unit does that restarts."""


def reason_in_words(hci_reason: int | None) -> str:
    """A controller's reason with its number; what is not known is said to be so."""
    if hci_reason is None:
        return "the link does not tell why"
    return f"{HCI_REASONS.get(hci_reason, 'a reason without a name')} (0x{hci_reason:02X})"
