"""What may stand in a ``usb:`` target."""

from __future__ import annotations

from typing import Final

from firmline.errors import Code, InputError
from firmline.links.target import Target
from firmline.links.target_options import refuse_others

MAX_SIZE: Final = 126
"""Characters of a serial number (USB 2.0, section 9.6.7: 255 bytes with a head of two)."""


def serial_number_of(target: Target) -> str:
    """The serial number that a ``usb:`` target names; empty: the one unit there is.

    Raises:
        InputError: ``TARGET_MALFORMED``: it has an option, or can be no serial number.
    """
    refuse_others(
        target, (), hint="USB has neither a speed nor flow control to choose: usb:SERIAL is all."
    )
    number = target.where.strip()
    if len(number) > MAX_SIZE or not number.isprintable():
        raise InputError(
            Code.TARGET_MALFORMED,
            f"{number[:40]!r} is no serial number of a USB device.",
            hint="firmline scan --on usb lists those that are plugged in.",
        )
    return number
