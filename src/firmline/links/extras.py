"""Optional parts of the installation: what is said where one is missing."""

from __future__ import annotations

from firmline.errors import Code, TransportError, TransportReason


def extra_missing(extra: str, what: str, *, alternative: str = "") -> TransportError:
    """The error of a computer without an optional part.

    Args:
        extra: The extra of firmline that brings it.
        what: What needs what: "Serial ports need pyserial".
        alternative: What else can be done, as the rest of a sentence; empty: nothing.
    """
    rest = f"; {alternative}" if alternative else ""
    return TransportError(
        Code.LINK_EXTRA_MISSING,
        f"{what}, which is not installed here.",
        reason=TransportReason.NOT_AVAILABLE,
        hint=f"Install it: pip install '.[{extra}]' in a clone of firmline, pip install"
        f" 'firmline[{extra}]' otherwise{rest}.",
    )
