"""What may stand behind ``?`` in a ``serial:`` target."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from firmline.errors import Code, InputError
from firmline.links.target import Target
from firmline.links.target_options import refuse_others

SERIAL_OPTIONS: Final = ("baud", "flow")
"""``baud``: bits per second. ``flow``: ``rtscts``, or ``none`` where RTS and CTS are not wired."""

DEFAULT_BAUD: Final = 115_200
"""Of the SDK's UART example (bootloader spec, section 13)."""
MIN_BAUD, MAX_BAUD = 300, 12_000_000
"""What serial ports are made for; a port says itself which of these it has."""
_NUMBER: Final = re.compile(r"[0-9]{1,9}")


class FlowControl(StrEnum):
    """How the unit keeps the host from sending faster than it takes."""

    RTSCTS = "rtscts"
    """By the lines RTS and CTS, as the SDK's UART example has it."""

    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class SerialOptions:
    """How a port is opened.

    Attributes:
        port: A device (``/dev/ttyACM0``, ``COM3``) or a URL that pyserial knows.
        baud: Bits per second.
        flow: Flow control.
    """

    port: str
    baud: int = DEFAULT_BAUD
    flow: FlowControl = FlowControl.RTSCTS

    @property
    def is_url(self) -> bool:
        """Whether the port is not a device of this computer."""
        return "://" in self.port

    @property
    def is_rfc2217(self) -> bool:
        """Whether a server is told how to set the port."""
        return self.port.casefold().startswith("rfc2217://")


def serial_options(target: Target) -> SerialOptions:
    """Read a ``serial:`` target.

    Raises:
        InputError: ``TARGET_MALFORMED``: there is no such option, or not with this value.
    """
    refuse_others(target, SERIAL_OPTIONS)
    text = target.options.get("flow", FlowControl.RTSCTS.value)
    try:
        flow = FlowControl(text)
    except ValueError:
        raise InputError(
            Code.TARGET_MALFORMED,
            f"flow={text[:20]} is neither rtscts nor none.",
            hint="Write flow=none where RTS and CTS are not wired; else leave it out.",
        ) from None
    return SerialOptions(port=target.where, baud=_baud(target), flow=flow)


def _baud(target: Target) -> int:
    text = target.options.get("baud", str(DEFAULT_BAUD))
    baud = int(text) if _NUMBER.fullmatch(text) else 0
    if not MIN_BAUD <= baud <= MAX_BAUD:
        raise InputError(
            Code.TARGET_MALFORMED,
            f"baud={text[:20]} is no speed from {MIN_BAUD} to {MAX_BAUD} bits per second.",
            hint=f"Write the speed of the unit's bootloader, such as baud={DEFAULT_BAUD}.",
        )
    return baud
