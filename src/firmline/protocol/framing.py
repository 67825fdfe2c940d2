"""How requests become bytes on a channel: Bluetooth LE or a serial port.

Over Bluetooth LE a request is one write to the control point and object data one write to the
packet characteristic. On a serial port everything is a SLIP frame with the opcode in front,
object data included (spec sections 11 and 13).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from firmline.errors import LocalProtocolError
from firmline.protocol.channels import Channel
from firmline.protocol.requests import Request, WriteObject, encode_request
from firmline.protocol.slip import SlipDecoder, encode_frame

BLE_MTU_MIN = 23
"""Smallest ATT MTU, bytes (Core spec, Vol 3, Part F, 3.2.8)."""
BLE_WRITE_MAX = 512
"""Longest attribute value, bytes (Core spec, Vol 3, Part F, 3.2.9)."""


class Framing(Protocol):
    """One transport's way to put requests on channels and to find answers in what arrives."""

    @property
    def packet_size(self) -> int:
        """Most object bytes in one packet, a multiple of 4 (spec section 4, last paragraph)."""

    def encode(self, request: Request) -> tuple[Channel, bytes]:
        """Where to write a request, and its bytes."""

    def decode(self, data: bytes) -> list[bytes]:
        """The whole answers that ``data`` completes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BleFraming:
    """Control point and packet characteristic.

    Attributes:
        mtu: The agreed ATT MTU, bytes, at least 23; 3 of them are the ATT header.
    """

    mtu: int

    def __post_init__(self) -> None:
        if self.mtu < BLE_MTU_MIN:
            raise LocalProtocolError(f"An ATT MTU has at least {BLE_MTU_MIN} bytes: {self.mtu}.")

    @property
    def packet_size(self) -> int:
        """``min(MTU - 3, 512)`` rounded down to a multiple of 4."""
        return min(self.mtu - 3, BLE_WRITE_MAX) & ~3

    def encode(self, request: Request) -> tuple[Channel, bytes]:
        """Data goes to the packet characteristic bare, the rest to the control point."""
        if isinstance(request, WriteObject):
            return Channel.PACKET, request.data
        return Channel.CONTROL, encode_request(request)

    def decode(self, data: bytes) -> list[bytes]:
        """A notification is an answer."""
        return [data]


@dataclass(slots=True, kw_only=True)
class SerialFraming:
    """SLIP frames with the opcode in front.

    Attributes:
        mtu: What MTU_GET answered: bytes of an encoded frame (131 UART, 2051 USB).
    """

    mtu: int = 131
    _decoder: SlipDecoder = field(default_factory=SlipDecoder)

    @property
    def packet_size(self) -> int:
        """``(MTU - 1) / 2 - 1`` rounded down to a multiple of 4: every byte may be escaped."""
        return ((self.mtu - 1) // 2 - 1) & ~3

    def encode(self, request: Request) -> tuple[Channel, bytes]:
        """Everything is a frame."""
        return Channel.SERIAL, encode_frame(encode_request(request))

    def decode(self, data: bytes) -> list[bytes]:
        """Frames, whatever pieces they arrive in."""
        return self._decoder.feed(data)

    @property
    def unfinished(self) -> bytes:
        """What has come behind the last frame: text, where a program prints into the line."""
        return self._decoder.unfinished
