"""What the answers on a serial line show of a unit's flash.

A bootloader for UART or USB stands still for its flash. So the answer to CREATE is late by the
erase of a page; and from there to the answer to the question for the CRC it takes what is slower,
the wire or the words. What the wire is, its baud rate says, unless objects arrive faster than
that: a CDC ACM port, a network and a pseudo-terminal have a baud rate that means nothing.

Everything is the least that was seen: what a computer was late by is not the unit's doing. Where
the wire is the slower of the two it hides how long writing takes; it counts as the fastest flash
there is, so that the limit is never told longer than it may be.

A unit that was asked for receipts (PRN) is waited for after each group of packets, which costs
round trips and lets wire and flash take turns. Neither is the unit's own time: what the quickest
group took, without a round trip and without its wire, is the least that its words need.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from firmline import events
from firmline.events import Event
from firmline.protocol.slip import END, ESC, SlipDecoder
from firmline.updater.flash_bounds import PAGE_SIZE, SHORTEST_ERASE_S, SHORTEST_WORD_S, WORD_SIZE

OBJECT_SIZE: Final = PAGE_SIZE
"""Bytes of a whole data object (bootloader spec, section 4)."""
BITS_PER_BYTE: Final = 10
"""8N1 (bootloader spec, section 13)."""
FRAME_OVERHEAD: Final = 2
"""Opcode and END of a packet's frame, bytes (bootloader spec, section 13)."""
FASTEST_BYTE_S: Final = SHORTEST_WORD_S / WORD_SIZE
"""No flash is written faster."""
RECEIPT_SIZE: Final = 12
"""``60 03 01``, offset, CRC and END: bytes of a receipt's frame, without those that are escaped
(bootloader spec, sections 2.1 and 13)."""
BAUD_TOLERANCE: Final = 0.05
"""Two clocks that still understand each other are so far apart; ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Written:
    """One object's data: from the answer to CREATE to the unit's CRC.

    Attributes:
        size: Bytes.
        wire_size: Bytes of its frames.
        packets: Their number.
        duration_s: What it took, without a round trip; where there were receipts, what it would
            have taken at the pace of the quickest of them.
        groups: Of packets with a receipt behind each; 0: there were no receipts.
    """

    size: int
    wire_size: float
    packets: int
    duration_s: float
    groups: float


class SerialCosts:
    """Hears the events of one image.

    Args:
        firmware: The image.
        baud: Bits per second that the port says it has; ``None``: bytes take no time.
    """

    def __init__(self, firmware: bytes, *, baud: int | None) -> None:
        self._firmware = firmware
        self._byte_s = BITS_PER_BYTE / baud if baud else 0.0
        self._asked = ""
        self._asked_s: float | None = None
        self._created_s = self._create_took_s = 0.0
        """When the latest CREATE was answered, and what that took."""
        self._round_trip_s = self._creation_s = float("inf")
        self._begin = 0
        self._begin_s: float | None = None
        """When the present object's CREATE was answered; ``None``: it goes on from before."""
        self._end: int | None = None
        self._packets = 0
        self._prn = 0
        self._receipt_s: float | None = None
        """When the present object's latest receipt came, or its CREATE was answered."""
        self._receipt_took_s = float("inf")
        """The least between two of them."""
        self._best: _Written | None = None

    def hear(self, event: Event) -> None:
        """One event, stamped."""
        match event:
            case events.RequestSent(request=request, data=data, at_s=at_s):
                self._asked, self._asked_s = request, at_s
                if request == "prn_set":
                    self._prn = _count_of_prn(data)
            case events.AnswerReceived(at_s=at_s):
                self._take(at_s)
            case events.ObjectCreated(object_type="data", offset=offset):
                self._begin, self._end, self._packets = offset, None, 0
                self._begin_s = self._receipt_s = self._created_s
                self._receipt_took_s = float("inf")
                self._creation_s = min(self._creation_s, self._create_took_s)
            case events.PacketsSent(object_type="data", count=count, offset=offset):
                self._end, self._packets = offset, self._packets + count
            case events.CrcChecked(object_type="data"):
                self._take_object(event)
            case events.Resumed() | events.SessionRepeated():
                self._asked_s = self._begin_s = self._receipt_s = None

    def _take(self, at_s: float) -> None:
        """An answer; one that nothing was asked for is a receipt (PRN)."""
        if self._asked_s is None:
            if self._prn and self._receipt_s is not None:
                self._receipt_took_s = min(self._receipt_took_s, at_s - self._receipt_s)
                self._receipt_s = at_s
            return
        latency_s, self._asked_s = at_s - self._asked_s, None
        self._round_trip_s = min(self._round_trip_s, latency_s)
        if self._asked == "object_create":
            self._created_s, self._create_took_s = at_s, latency_s

    def _take_object(self, checked: events.CrcChecked) -> None:
        """The unit has all of an object; the fastest of the largest ones counts."""
        begin_s, self._begin_s = self._begin_s, None
        is_whole = checked.offset == checked.expected_offset == self._end
        if begin_s is None or not is_whole:
            return
        data = self._firmware[self._begin : self._end]
        duration_s, groups = checked.at_s - begin_s - self._round_trip_s, 0.0
        if self._receipt_took_s < float("inf"):
            groups = self._packets / self._prn
            # The wait for a receipt has a round trip in it, too.
            duration_s = groups * (self._receipt_took_s - self._round_trip_s)
        written = _Written(
            size=len(data),
            wire_size=_wire_size(data, self._packets),
            packets=self._packets,
            duration_s=max(0.0, duration_s),
            groups=groups,
        )
        best = self._best
        if best is None or (written.size, -written.duration_s) > (best.size, -best.duration_s):
            self._best = written

    def limit_s(self, held: int) -> float | None:
        """What the unit needs at least for the image, without any round trip.

        Args:
            held: Bytes of it that the unit had.

        Returns:
            Seconds; ``None``: nothing was learned, or there is no flash that takes time.
        """
        erase_s, written = self._creation_s - self._round_trip_s, self._best
        if written is None or not SHORTEST_ERASE_S <= erase_s < float("inf"):
            return None  # what erases faster is no flash
        wire_s = written.wire_size * self._byte_s
        byte_s = 0.0 if written.duration_s < wire_s * (1 - BAUD_TOLERANCE) else self._byte_s
        write_byte_s = self._write_byte_s(written, written.wire_size * byte_s)
        frames = written.packets / written.size
        total_s, start = 0.0, held
        while start < len(self._firmware):
            end = min((start // OBJECT_SIZE + 1) * OBJECT_SIZE, len(self._firmware))
            link_s = _wire_size(self._firmware[start:end], frames * (end - start)) * byte_s
            flash_s = (end - start) * write_byte_s + (0.0 if start % OBJECT_SIZE else erase_s)
            total_s += max(link_s, flash_s)
            start = end
        return total_s

    def _write_byte_s(self, written: _Written, wire_s: float) -> float:
        """Seconds of writing a byte: seen where the wire is faster, or else the least there is."""
        if written.groups:
            return self._write_byte_between_receipts_s(written)
        seen = (written.duration_s - wire_s / written.packets) / written.size
        if written.duration_s > wire_s * (1 + BAUD_TOLERANCE):
            return seen
        return min(seen, FASTEST_BYTE_S)

    def _write_byte_between_receipts_s(self, written: _Written) -> float:
        """Seconds of writing a byte, at least: all that the wire may have carried is left out.

        A receipt is longer than the shortest answer, which is what a round trip was seen to take.
        """
        wire_size = written.wire_size + written.groups * RECEIPT_SIZE
        beyond_wire_s = (written.duration_s - wire_size * self._byte_s) / written.size
        return max(beyond_wire_s, min(written.duration_s / written.size, FASTEST_BYTE_S))


def _count_of_prn(frame: bytes) -> int:
    """After how many packets a receipt comes: u16, little-endian (bootloader spec, section 2.1)."""
    (request,) = SlipDecoder().feed(frame)
    return int.from_bytes(request[1:3], "little")


def _wire_size(data: bytes, packets: float) -> float:
    """Bytes of the frames that carry so much data."""
    return len(data) + data.count(END) + data.count(ESC) + packets * FRAME_OVERHEAD
