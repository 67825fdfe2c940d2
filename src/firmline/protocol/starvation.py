"""A unit whose flash hardly gets on: how that is known, and said.

A SoftDevice writes to flash between two radio events, a chunk of 20 bytes at a time (physics spec,
section 1). Where the events are so close together that none finds a gap, each waits until it is
done at their cost: a hundred times longer than flash needs. Nothing is wrong with such a unit, and
a longer connection interval makes it as fast as any.
"""

from __future__ import annotations

from typing import Final

from firmline import events
from firmline.errors import Code, RemoteProtocolError
from firmline.protocol.steps import Report

STARVED_OFFERS: Final = 3
"""Refusals in a row of a packet that is offered every 0.2 s: no flash needs that long for one, nor
an erase; ours."""
STARVED_QUEUE_S: Final = 20.0
"""What a full queue may take then: 16 packets of 13 chunks that wait 78 ms each (physics spec,
section 1), and some to spare."""


def starved(*, size: int, least_s: float) -> RemoteProtocolError:
    """The error of a session that is given up for a connection with a longer interval.

    Args:
        size: Bytes that flash has not written.
        least_s: For so long.
    """
    return RemoteProtocolError(
        Code.FLASH_STARVED,
        f"The unit's flash has not written {size} bytes in {1000 * least_s:.0f} ms: the radio"
        " events of this connection are too close together for it.",
    )


def starved_told(*, size: int, least_s: float) -> Report:
    """The same of a session that goes on."""
    return Report(event=events.FlashStarved(size=size, least_s=least_s))
