"""The serial port of a unit: when bytes arrive, when answers leave, at the pace of its baud rate.

Rules of this room (device): no I/O, no clock. Bytes from the host are fed with the time at which
they begin to arrive; they reach the unit, and its answers leave, at the times that a wire with this
baud rate takes. Being called late changes nothing of those times.
"""

from __future__ import annotations

from typing import Final, Protocol

from firmline.device.radio_face import AttStatus, Notify, Restarted, UnitOutput
from firmline.protocol.channels import Channel
from firmline.protocol.slip import END

BITS_PER_BYTE: Final = 10
"""8N1: a start bit, eight data bits, a stop bit (spec section 13)."""
DEFAULT_BAUD: Final = 115_200
"""Of the SDK's UART example (spec section 13)."""
MAX_CHUNK: Final = 512
"""Bytes without an END that are handed over together; ours, longer than any frame of a UART."""


class SerialUnit(Protocol):
    """What a serial port needs of a unit."""

    def receive(self, channel: Channel, data: bytes, *, now_s: float) -> AttStatus:
        """Bytes have arrived."""

    def take_outputs(self) -> list[UnitOutput]:
        """What the unit wants done, in order; each is handed out once."""

    def next_wake_s(self) -> float | None:
        """When ``wake`` must be called at the latest; ``None``: nothing is planned."""

    def wake(self, *, now_s: float) -> None:
        """Time has passed: timers that are due run."""


class Line:
    """One direction of the wire: bytes follow each other, each at the end of its own time.

    Args:
        byte_s: Seconds that a byte takes; 0 on a road without byte times.
    """

    def __init__(self, byte_s: float) -> None:
        self._byte_s = byte_s
        self._through = bytearray()
        self._waiting = bytearray()
        self._began_s = 0.0
        self._count = 0
        """Bytes since the line was last free, those that are through included."""

    @property
    def waiting(self) -> int:
        """Bytes that were not through when they were last taken."""
        return len(self._waiting)

    def put(self, data: bytes, *, now_s: float) -> None:
        """Bytes behind those that are under way; ``now_s``: the first can begin."""
        if now_s >= self._ends_s(self._count):
            self._through += self._waiting
            self._waiting.clear()
            self._began_s, self._count = now_s, 0
        self._waiting += data
        self._count += len(data)

    def next_byte_s(self) -> float | None:
        """When the next byte that can be taken is through; ``None``: there is none."""
        if self._through:
            return self._began_s
        return self._arrives_s(0) if self._waiting else None

    def next_chunk_s(self) -> float | None:
        """When the next frame, or the next :data:`MAX_CHUNK` bytes, are through."""
        if not self._waiting:
            return None
        end = self._waiting.find(END, 0, MAX_CHUNK)
        last = min(len(self._waiting), MAX_CHUNK) - 1
        return self._arrives_s(end if end >= 0 else last)

    def take(self, now_s: float) -> bytes:
        """The bytes that are through by ``now_s``."""
        low, high = 0, len(self._waiting)
        while low < high:  # by bisection: the times grow with the index
            middle = (low + high) // 2
            if self._arrives_s(middle) <= now_s:
                low = middle + 1
            else:
                high = middle
        taken = bytes(self._through + self._waiting[:low])
        self._through.clear()
        del self._waiting[:low]
        return taken

    def _arrives_s(self, index: int) -> float:
        """When the waiting byte with this index is through."""
        return self._ends_s(self._count - len(self._waiting) + index + 1)

    def _ends_s(self, count: int) -> float:
        # A product, not a sum: the same bytes in other pieces have the same times.
        return self._began_s + count * self._byte_s


class SerialPort:
    """The unit's end of a serial wire.

    What the unit has handed to its UART goes out even where a reset follows: recorded sessions hold
    the answer to the last EXECUTE.

    Args:
        unit: The unit.
        baud: Bits per second, both ways; ``None``: no byte times, as over USB.

    Attributes:
        restarts: How often the unit was seen restarting: over USB its port goes with it.
    """

    def __init__(self, unit: SerialUnit, *, baud: int | None = DEFAULT_BAUD) -> None:
        self.restarts = 0
        byte_s = BITS_PER_BYTE / baud if baud else 0.0
        self._unit = unit
        self._inbound = Line(byte_s)
        self._outbound = Line(byte_s)
        self._now_s = 0.0

    @property
    def backlog(self) -> int:
        """Bytes from the host that have not reached the unit: a host with flow control waits."""
        return self._inbound.waiting

    @property
    def busy(self) -> bool:
        """Whether bytes are on their way, in either direction."""
        return self._inbound.waiting > 0 or self._outbound.next_byte_s() is not None

    def feed(self, data: bytes, *, now_s: float) -> None:
        """The host sends; the bytes begin to arrive now, or behind those that are under way."""
        self._advance(now_s)
        self._inbound.put(data, now_s=self._now_s)
        self._advance(now_s)

    def take(self, *, now_s: float) -> bytes:
        """The bytes that have left the unit; everything that is due by ``now_s`` happens."""
        self._advance(now_s)
        self._collect()  # what it says without having heard anything, as when its port is opened
        return self._outbound.take(self._now_s)

    def next_wake_s(self) -> float | None:
        """When :meth:`take` must be called at the latest; ``None``: nothing is planned."""
        return _earliest(self._next_event_s(), self._outbound.next_byte_s())

    def _advance(self, now_s: float) -> None:
        """Let everything happen that is due by ``now_s``, each at its own time."""
        until_s = max(now_s, self._now_s)
        while (due_s := self._next_event_s()) is not None and due_s <= until_s:
            self._now_s = max(self._now_s, due_s)
            self._hand_over()
            wake_s = self._unit.next_wake_s()
            if wake_s is not None and wake_s <= self._now_s:
                self._unit.wake(now_s=self._now_s)
                self._collect()
        self._now_s = until_s
        # Half a frame as well: nothing that has arrived is left when the next bytes are fed.
        self._hand_over()

    def _next_event_s(self) -> float | None:
        return _earliest(self._inbound.next_chunk_s(), self._unit.next_wake_s())

    def _hand_over(self) -> None:
        """Give the unit what has arrived by now."""
        arrived = self._inbound.take(self._now_s)
        if arrived:
            self._unit.receive(Channel.SERIAL, arrived, now_s=self._now_s)
            self._collect()

    def _collect(self) -> None:
        """Put what the unit says on the wire."""
        for output in self._unit.take_outputs():
            match output:
                case Notify(channel=Channel.SERIAL, data=data):
                    self._outbound.put(data, now_s=self._now_s)
                case Restarted():
                    self.restarts += 1
                case _:  # of a radio
                    pass


def _earliest(*planned: float | None) -> float | None:
    return min((due_s for due_s in planned if due_s is not None), default=None)
