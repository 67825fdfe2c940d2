"""Fields of messages to a dongle and from it: each puts a value into bytes and takes it out again.

All numbers are little-endian. A field that may be missing has a byte of presence in front: 0 or 1
(nrf-connectivity spec, "Serialization layer").
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, Protocol, TypeVar

from firmline.errors import Code, LocalProtocolError, RemoteProtocolError

_Value = TypeVar("_Value")
ABSENT: Final = b"\x00"
PRESENT: Final = b"\x01"


def malformed(why: str) -> RemoteProtocolError:
    """The error of bytes that are no message."""
    return RemoteProtocolError(
        Code.DONGLE_NONSENSE, f"The dongle sent a message that cannot be read: {why}."
    )


class Source:
    """Bytes that are taken field by field.

    Args:
        data: All of them.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def left(self) -> int:
        """How many bytes are still to be taken."""
        return len(self._data) - self._at

    def take(self, size: int) -> bytes:
        """The next bytes.

        Raises:
            RemoteProtocolError: ``DONGLE_NONSENSE``: there are not so many.
        """
        if size > self.left:
            raise malformed(f"it ends after {len(self._data)} bytes, {size - self.left} too early")
        taken = self._data[self._at : self._at + size]
        self._at += size
        return taken


class Field(Protocol[_Value]):
    """How one value stands in a message."""

    def put(self, value: _Value, out: bytearray) -> None:
        """Append a value."""

    def take(self, source: Source) -> _Value:
        """Take a value.

        Raises:
            RemoteProtocolError: ``DONGLE_NONSENSE``: there is none.
        """


@dataclass(frozen=True, slots=True)
class Number:
    """A number of ``size`` bytes."""

    size: int
    signed: bool = False

    def put(self, value: int, out: bytearray) -> None:
        """Append a number."""
        out += value.to_bytes(self.size, "little", signed=self.signed)

    def take(self, source: Source) -> int:
        """Take a number."""
        return int.from_bytes(source.take(self.size), "little", signed=self.signed)


@dataclass(frozen=True, slots=True)
class Octets:
    """Bytes of a size that is always the same."""

    size: int

    def put(self, value: bytes, out: bytearray) -> None:
        """Append the bytes."""
        if len(value) != self.size:
            raise LocalProtocolError(f"{len(value)} bytes stand where {self.size} belong.")
        out += value

    def take(self, source: Source) -> bytes:
        """Take the bytes."""
        return source.take(self.size)


@dataclass(frozen=True, slots=True)
class Bits:
    """Small numbers in one byte, the first in the lowest bits; as many bits as ``widths`` say."""

    widths: tuple[int, ...]

    def put(self, value: Sequence[int], out: bytearray) -> None:
        """Append a byte of them."""
        octet = at = 0
        for width, each in zip(self.widths, value, strict=True):
            octet |= (each & (1 << width) - 1) << at
            at += width
        out.append(octet)

    def take(self, source: Source) -> tuple[int, ...]:
        """Take a byte of them."""
        octet = source.take(1)[0]
        values = []
        for width in self.widths:
            values.append(octet & (1 << width) - 1)
            octet >>= width
        return tuple(values)


@dataclass(frozen=True, slots=True)
class Maybe(Generic[_Value]):
    """A field behind a byte of presence; ``None``: it is not there."""

    field: Field[_Value]

    def put(self, value: _Value | None, out: bytearray) -> None:
        """Append presence and value."""
        if value is None:
            out += ABSENT
        else:
            out += PRESENT
            self.field.put(value, out)

    def take(self, source: Source) -> _Value | None:
        """Take presence and value."""
        match source.take(1):
            case b"\x00":
                return None
            case b"\x01":
                return self.field.take(source)
            case other:
                raise malformed(f"a presence of {other[0]}")


@dataclass(frozen=True, slots=True)
class Given(Generic[_Value]):
    """A field behind a byte of presence, which is always there."""

    field: Field[_Value]

    def put(self, value: _Value, out: bytearray) -> None:
        """Append presence and value."""
        out += PRESENT
        self.field.put(value, out)

    def take(self, source: Source) -> _Value:
        """Take presence and value."""
        if source.take(1) != PRESENT:
            raise malformed("what has to be there is absent")
        return self.field.take(source)


@dataclass(frozen=True, slots=True)
class Constant:
    """Bytes that are always the same and mean nothing to us, such as a place for a result."""

    octets: bytes

    def put(self, value: object, out: bytearray) -> None:
        """Append them."""
        _ = value
        out += self.octets

    def take(self, source: Source) -> None:
        """Take them; others than they should be are an error."""
        if (taken := source.take(len(self.octets))) != self.octets:
            raise malformed(f"{taken.hex()} stands where {self.octets.hex()} belongs")


@dataclass(frozen=True, slots=True)
class Data:
    """Bytes behind their length.

    Attributes:
        length: The length.
        has_presence: Whether a byte of presence stands between the two.
    """

    length: Number
    has_presence: bool

    def put(self, value: bytes, out: bytearray) -> None:
        """Append length and bytes."""
        self.length.put(len(value), out)
        if self.has_presence:
            out += PRESENT
        out += value

    def take(self, source: Source) -> bytes:
        """Take length and bytes; those that are said to be absent are none."""
        size = self.length.take(source)
        if self.has_presence and source.take(1) == ABSENT:
            return b""
        return source.take(size)


@dataclass(frozen=True, slots=True)
class BitsAndData:
    """Small numbers as in :class:`Bits`, and in the bits above them how many bytes follow."""

    widths: tuple[int, ...]

    @property
    def max_size(self) -> int:
        """How many bytes there can be."""
        return (1 << 8 - sum(self.widths)) - 1

    def put(self, value: Sequence[Any], out: bytearray) -> None:
        """Append a byte of the numbers and the size, and the bytes."""
        *numbers, data = value
        if len(data) > self.max_size:
            raise LocalProtocolError(f"{len(data)} bytes stand where {self.max_size} can be.")
        Bits((*self.widths, 8 - sum(self.widths))).put((*numbers, len(data)), out)
        out += data

    def take(self, source: Source) -> tuple[Any, ...]:
        """Take the numbers and the bytes."""
        *numbers, size = Bits((*self.widths, 8 - sum(self.widths))).take(source)
        return (*numbers, source.take(size))


@dataclass(frozen=True, slots=True)
class Shifted:
    """A number of a byte that one version counts from elsewhere: on the wire ``by`` higher."""

    by: int

    def put(self, value: int, out: bytearray) -> None:
        """Append a number."""
        out.append(value + self.by & 0xFF)

    def take(self, source: Source) -> int:
        """Take a number."""
        return source.take(1)[0] - self.by & 0xFF


@dataclass(frozen=True, slots=True)
class Many(Generic[_Value]):
    """Several of a kind behind their count."""

    count: Number
    field: Field[_Value]

    def put(self, value: Sequence[_Value], out: bytearray) -> None:
        """Append count and values."""
        self.count.put(len(value), out)
        for each in value:
            self.field.put(each, out)

    def take(self, source: Source) -> tuple[_Value, ...]:
        """Take count and values."""
        return tuple(self.field.take(source) for _ in range(self.count.take(source)))


U8, U16, U32, I8 = Number(1), Number(2), Number(4), Number(1, signed=True)
RESULT_PLACE: Final = Constant(PRESENT)
"""Where a command says that it wants a result."""
