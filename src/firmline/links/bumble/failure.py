"""What goes wrong with a controller, in one sentence each."""

from __future__ import annotations

from typing import Final

from firmline.errors import Code
from firmline.links.failure import Failure

_IN_WORDS: Final = {0x0B: ": it is connected to that address already"}
"""Refusals that say more than their number (Core spec, Vol 1, Part F, 2)."""
SERVED: Final = frozenset({"tcp-client", "unix-client", "ws-client"})
"""Transports at whose other end a program listens: nobody can plug them in."""


def refused(name: str, what: str, status: int) -> Failure:
    """The controller will not do what has to be done.

    Args:
        name: The controller, for people.
        what: What it was asked for.
        status: Its answer (Core spec, Vol 1, Part F, 1.3).
    """
    why = _IN_WORDS.get(status, "")
    return Failure(
        code=Code.CONTROLLER_REFUSED,
        message=f"The Bluetooth controller {name} refused {what}{why} (HCI error 0x{status:02X}).",
    )


def silent(name: str, timeout_s: float) -> Failure:
    """The controller does not answer."""
    return Failure(
        code=Code.CONTROLLER_SILENT,
        message=f"The Bluetooth controller {name} did not answer within {timeout_s:g} s.",
    )


def nonsense(name: str) -> Failure:
    """What comes from there is no HCI."""
    return Failure(
        code=Code.CONTROLLER_NONSENSE,
        message=f"What {name} sends is not what a Bluetooth controller says (no HCI packets).",
    )


def gone(name: str) -> Failure:
    """The road to the controller is broken."""
    served = name.partition(":")[0] in SERVED
    return Failure(
        code=Code.CONTROLLER_LOST,
        message=f"The Bluetooth controller {name} is gone.",
        hint="Start what serves it and repeat the command: an update goes on where the unit stands."
        if served
        else "",
    )


def broken_down(name: str, hardware_code: str) -> Failure:
    """The controller says that it has failed, and forgets all it knew."""
    return Failure(
        code=Code.CONTROLLER_LOST,
        message=f"The Bluetooth controller {name} has failed and started anew"
        f" (hardware error {hardware_code}).",
    )
