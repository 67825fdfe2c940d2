"""When packets of a connection are in the air: connection events, and pairs of packets in them.

In every connection interval the central begins an event and sends a packet, the peripheral answers
with one, and so on while either says that it has more, until the next event is due (Core spec, Vol
6, Part B, 4.5.1 and 4.5.6). A pair of packets is the smallest step here. Each side says that it has
more when it sends: an answer to what a packet carried comes too late for that, and waits for the
next event, unless something else keeps this one open. So a request and its answer take two
intervals. A peripheral that is deaf, because its flash has the chip, hears nothing, and the central
tries again in the next event.

Nothing happens while there is nothing to send: empty events cost no computing time here, and next
to no current there.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

IFS_S: Final = 150e-6
"""Between two packets (Core spec, Vol 6, Part B, 4.1.1)."""
_PREAMBLE: Final = {1: 1, 2: 2}
_OVERHEAD: Final = 4 + 2 + 3
"""Access address, header and CRC, bytes (physics spec, section 5)."""
_EARLY_S: Final = 1e-9

Arrive = Callable[[], None]


def airtime_s(octets: int, phy: int) -> float:
    """Seconds of one packet with so many bytes of payload.

    Args:
        octets: Payload, 0 to 251 bytes.
        phy: 1 or 2: megabits per second.
    """
    return (_PREAMBLE[phy] + _OVERHEAD + octets) * 8 / (phy * 1e6)


class Owner(Protocol):
    """Who a radio chip belongs to: it draws current from its supply, and may be deaf."""

    def radio_used(self, start_s: float, end_s: float) -> None:
        """The radio was on from one time to another; told at the end."""

    def deaf_until_s(self, now_s: float) -> float:
        """Until when nothing is heard; ``now_s``: everything is."""


@dataclass(frozen=True, slots=True)
class _Piece:
    """One link layer packet that waits.

    Attributes:
        octets: Its payload, bytes.
        arrive: Called when it has arrived; only with the last piece of something.
        sent: Called when the other side has acknowledged it; likewise.
    """

    octets: int
    arrive: Arrive | None = None
    sent: Arrive | None = None


class LinkSchedule:
    """The connection events of one connection.

    Args:
        interval_s: Connection interval.
        supervision_s: After this time without a word the other side is gone.
        owners: Of the central's chip and the peripheral's, where they want to be told.
        packets_per_event: How many pairs the central grants an event; ``None``: what fits.

    Attributes:
        interval_s: Connection interval.
        supervision_s: Supervision timeout.
        phy: 1 or 2 megabits per second.
        octets: Largest payload of a packet, bytes; 27 until the two have agreed on more.
    """

    def __init__(
        self,
        *,
        interval_s: float,
        supervision_s: float,
        owners: Callable[[], list[Owner]],
        packets_per_event: int | None = None,
    ) -> None:
        self.interval_s = interval_s
        self.supervision_s = supervision_s
        self.phy = 1
        self.octets = 27
        self._owners = owners
        self._packets_per_event = packets_per_event
        self._loop = asyncio.get_running_loop()
        self._anchor_s = self._loop.time() + interval_s
        self._queues: tuple[deque[_Piece], deque[_Piece]] = (deque(), deque())
        self._pairs = 0
        self._more = False
        """Whether a packet of the last pair said that another follows."""
        self._event_ends_s = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._closed = False

    def send(
        self, *, from_central: bool, size: int, arrive: Arrive, sent: Arrive | None = None
    ) -> None:
        """Hand over bytes; they are cut into packets.

        Args:
            from_central: Which way.
            size: Bytes.
            arrive: Called when all of them have arrived.
            sent: Called when all of them are acknowledged.
        """
        if self._closed:
            return
        queue = self._queues[0 if from_central else 1]
        whole, rest = divmod(size, self.octets)
        pieces = [self.octets] * whole + ([rest] if rest or not whole else [])
        queue.extend(_Piece(octets) for octets in pieces[:-1])
        queue.append(_Piece(pieces[-1], arrive, sent))
        if self._timer is None:
            self._begin_event_after(self._loop.time())

    def close(self) -> None:
        """The connection is over for who sends: nothing more is taken; what waits still goes."""
        self._closed = True

    def cut(self, *, from_central: bool) -> None:
        """One side has lost its power: what it had not sent is lost."""
        self._closed = True
        self._queues[0 if from_central else 1].clear()

    def _begin_event_after(self, time_s: float) -> None:
        """Begin the first event that is not before a time."""
        intervals = math.ceil((time_s - self._anchor_s) / self.interval_s - _EARLY_S)
        self._anchor_s += max(0, intervals) * self.interval_s
        self._timer = self._loop.call_at(self._anchor_s, self._begin_event)

    def _begin_event(self) -> None:
        now_s = self._loop.time()
        deaf_s = max((owner.deaf_until_s(now_s) for owner in self._owners()), default=now_s)
        if deaf_s > now_s:
            self._begin_event_after(max(deaf_s, self._anchor_s + self.interval_s / 2))
            return
        self._pairs = 0
        self._event_ends_s = self._anchor_s + self.interval_s
        self._next_pair()

    def _next_pair(self) -> None:
        """Send a pair of packets, if there is something to send and it fits into this event."""
        self._timer = None
        if not any(self._queues):
            return
        now_s = self._loop.time()
        if self._pairs and not self._more:
            self._begin_event_after(self._anchor_s + self.interval_s / 2)
            return
        there, back = (queue[0].octets if queue else 0 for queue in self._queues)
        arrives_s = now_s + airtime_s(there, self.phy)
        returns_s = arrives_s + IFS_S + airtime_s(back, self.phy)
        ends_s = returns_s + IFS_S
        too_many = self._packets_per_event is not None and self._pairs >= self._packets_per_event
        if self._pairs and (too_many or ends_s > self._event_ends_s):
            self._begin_event_after(self._anchor_s + self.interval_s / 2)
            return
        self._pairs += 1
        pieces = [queue.popleft() if queue else None for queue in self._queues]
        self._more = any(self._queues)
        for piece, at_s in zip(pieces, (arrives_s, returns_s), strict=True):
            if piece is not None and piece.arrive is not None:
                self._loop.call_at(at_s, piece.arrive)
        self._timer = self._loop.call_at(ends_s, self._end_pair, now_s, pieces)

    def _end_pair(self, start_s: float, pieces: list[_Piece | None]) -> None:
        for owner in self._owners():
            owner.radio_used(start_s, self._loop.time())
        for piece in pieces:
            if piece is not None and piece.sent is not None:
                piece.sent()
        self._next_pair()
