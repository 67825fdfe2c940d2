"""The receive buffers of the bootloader's transports, with the defect that loses them.

A data write that the bootloader refuses (08: no init packet, 03: beyond the object, 05: no valid
object) never gives its buffer back, in all versions up to 17.1 (spec sections 13 and 16.1 W4). Over
Bluetooth LE every packet is silently discarded once all buffers are lost; requests are still
answered, so the unit looks alive and takes no update until it is reset. On a serial port three such
writes are enough.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from firmline.protocol.codes import Opcode
from firmline.protocol.slip import END, ESC, ESC_END, ESC_ESC

SERIAL_BUFFERS: Final = 3
"""Buffers of the serial transports (spec section 13)."""


class PacketPool:
    """The buffers for data packets over Bluetooth LE.

    Args:
        size: How many there are.
    """

    def __init__(self, size: int) -> None:
        self.free = size

    def take(self) -> bool:
        """A buffer for a packet; ``False``: none is left, the packet is lost."""
        if self.free == 0:
            return False
        self.free -= 1
        return True

    def give_back(self) -> None:
        """The packet was handled."""
        self.free += 1


class Frame:
    """A serial frame in its buffer.

    Attributes:
        buffer: All bytes of the buffer; behind ``size`` lies what earlier frames left.
        size: Bytes of this frame.
    """

    def __init__(self, buffer: bytearray, size: int) -> None:
        self.buffer = buffer
        self.size = size

    @property
    def is_write(self) -> bool:
        """Whether it is an OBJECT_WRITE."""
        return self.buffer[0] == Opcode.OBJECT_WRITE

    @property
    def data(self) -> bytes:
        """The object data of a write."""
        return bytes(self.buffer[1 : max(1, self.size)])


class SerialReceiver:
    """The SLIP decoder and its three buffers, a stack of which one is always being filled.

    A frame longer than its buffer stops the decoder for good; only a reset helps. The byte after
    ESC is consumed whatever it is, and a wrong one makes the rest of the frame be skipped (S15).

    Args:
        size: Bytes in a buffer: 131 over UART, 2051 over USB (spec section 13).
        lost_buffers: How many are lost already; one is always left, in which the decoder goes on.
    """

    def __init__(self, size: int, *, lost_buffers: int = 0) -> None:
        self._size = size
        self._stack = [bytearray(size) for _ in range(SERIAL_BUFFERS)]
        self._buffer = self._stack.pop()
        del self._stack[max(0, len(self._stack) - lost_buffers) :]
        self._fill = 0
        self._escaped = False
        self._skipping = False
        self._stuck = False

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Take bytes; the frames that they end, each before the bytes behind it are looked at."""
        position = 0
        while position < len(data) and not self._stuck:
            octet = data[position]
            if self._escaped:
                self._escaped = False
                self._unescape(octet)
            elif octet == ESC and not self._skipping:
                self._escaped = True
            elif octet == END:
                if frame := self._end():
                    yield frame
            else:
                stop = _next_mark(data, position + 1)
                if not self._skipping:
                    self._append(data[position:stop])
                position = stop - 1
            position += 1

    def take_next_buffer(self, frame: Frame) -> None:
        """Make room for the next frame, before this one is handled.

        A request's buffer is freed at once and filled again. A write keeps its own; where no other
        is left, the decoder goes on in the write's buffer, behind its last byte (W4).
        """
        if not frame.is_write:
            self._fill = 0
        elif self._stack:
            self._buffer = self._stack.pop()
            self._fill = 0

    def free(self, frame: Frame) -> None:
        """A write was handled and gives its buffer back."""
        self._stack.append(frame.buffer)

    def _unescape(self, octet: int) -> None:
        if octet == ESC_END:
            self._append(bytes([END]))
        elif octet == ESC_ESC:
            self._append(bytes([ESC]))
        else:
            self._skipping = True

    def _append(self, data: bytes) -> None:
        room = self._size - self._fill
        self._buffer[self._fill : self._fill + min(room, len(data))] = data[:room]
        self._fill = min(self._fill + len(data), self._size)
        self._stuck = len(data) > room

    def _end(self) -> Frame | None:
        if self._skipping:
            self._skipping = False
            self._fill = 0
            return None
        return Frame(self._buffer, self._fill)


def _next_mark(data: bytes, start: int) -> int:
    """Where the next END or ESC stands, or the end of the data."""
    marks = [mark for mark in (data.find(END, start), data.find(ESC, start)) if mark >= 0]
    return min(marks, default=len(data))
