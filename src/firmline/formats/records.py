"""Text formats of memory: Intel HEX and Motorola S-records.

Rules of this module: a user needs the line number, the difference between a damaged and a
half-copied file, and a refusal where two records claim one address. A record itself is a dozen
lines; the libraries for it cost more to import than a package costs to make (ADR 10). Tests hold
the results against one of them.

Sources: Intel, *Hexadecimal Object File Format Specification*, revision A, 1988; Motorola S-record,
M68000 family reference.
"""

from __future__ import annotations

import io
import string
from binascii import unhexlify
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from firmline.errors import Code, InputError
from firmline.formats.spans import Span, join_spans

MAX_TEXT_SIZE = 16 * 1024 * 1024  # ours: 1 MiB of flash is 3 MB of Intel HEX
_MAX_PIECES = 128 * 1024  # ours: twice 1 MiB in lines of 16 bytes, none behind the one before it
_HEX_BYTES_PER_LINE = 16
_ADDRESSES = 1 << 32

_COLON: Final = ord(":")
_OVERHEAD: Final = 5  # bytes of a record of Intel HEX that are not data
_DATA, _END, _SEGMENT, _START_SEGMENT, _LINEAR, _START_LINEAR = range(6)
_ARGUMENT_SIZES = {_END: 0, _SEGMENT: 2, _START_SEGMENT: 4, _LINEAR: 2, _START_LINEAR: 4}

_SREC_ADDRESS_SIZES: Final = {0: 2, 1: 2, 2: 3, 3: 4, 5: 2, 6: 3, 7: 4, 8: 3, 9: 2}

_Record = tuple[int, int, bytes]  # type, address, data


def parse_intel_hex(content: bytes, *, name: str) -> tuple[Span, ...]:
    """Read an Intel HEX file.

    Args:
        content: The file; line ends, blank lines and case do not matter.
        name: What to call the file in a message.

    Returns:
        The memory it describes, addresses below 4 GiB, sorted and joined.

    Raises:
        InputError: ``IMAGE_MALFORMED`` with the line number, ``IMAGE_TRUNCATED``,
            ``IMAGE_OVERLAPPING_RECORDS`` or ``FILE_TOO_LARGE``.
    """
    pieces = _Pieces(name)
    base = 0
    ended = False
    for number, (kind, address, data) in _records(content, _unpack_intel_hex, name):
        if ended:
            raise _after_end(number, name)
        if kind == _DATA:
            pieces.add(base + address, data, number)
        elif len(data) != _ARGUMENT_SIZES.get(kind, -1):
            raise _malformed(name, number, f"has a record of type {kind} that cannot be")
        elif kind == _END:
            ended = True
        elif kind in (_SEGMENT, _LINEAR):
            base = int.from_bytes(data, "big") << (4 if kind == _SEGMENT else 16)
    if not ended:
        raise _truncated(name, "it has no end-of-file record")
    return join_spans(pieces.joined(), name=name)


def parse_srec(content: bytes, *, name: str) -> tuple[Span, ...]:
    """Read a Motorola S-record file; arguments, result and errors as :func:`parse_intel_hex`."""
    pieces = _Pieces(name)
    ended = False
    for number, (kind, address, data) in _records(content, _unpack_srec, name):
        if ended:
            raise _after_end(number, name)
        if kind in (1, 2, 3):
            pieces.add(address, data, number)
        elif kind in (7, 8, 9):
            ended = True
    if not ended:
        raise _truncated(name, "it has no termination record")
    return join_spans(pieces.joined(), name=name)


def format_intel_hex(spans: Iterable[Span]) -> str:
    """Write memory as Intel HEX, 16 bytes a line, extended linear addresses, LF line ends."""
    lines = []
    upper = 0
    for span in spans:
        position = span.address
        while position < span.end:
            if position >> 16 != upper:
                upper = position >> 16
                lines.append(_pack_intel_hex(_LINEAR, 0, upper.to_bytes(2, "big")))
            boundary = ((position >> 16) + 1) << 16
            stop = min(position + _HEX_BYTES_PER_LINE, span.end, boundary)
            data = span.data[position - span.address : stop - span.address]
            lines.append(_pack_intel_hex(_DATA, position & 0xFFFF, data))
            position = stop
    lines.append(_pack_intel_hex(_END, 0, b""))
    return "\n".join(lines) + "\n"


class _Pieces:
    """Data in the order of the file; what follows on the record before is joined to it."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._pieces: list[tuple[int, list[bytes]]] = []
        self._end = -1

    def add(self, address: int, data: bytes, number: int) -> None:
        """The data of one record, in line ``number``."""
        if address == self._end:
            self._pieces[-1][1].append(data)
        elif len(self._pieces) < _MAX_PIECES:
            self._pieces.append((address, [data]))
        else:
            raise _malformed(self._name, number, "is one of far too many that are not in order")
        self._end = address + len(data)
        if self._end > _ADDRESSES:
            raise _malformed(self._name, number, "runs past the last address, 0xFFFFFFFF")

    def joined(self) -> list[tuple[int, bytes]]:
        """The pieces, each with its address."""
        return [(address, b"".join(parts)) for address, parts in self._pieces]


def _records(
    content: bytes, unpack: Callable[[bytes], _Record], name: str
) -> Iterator[tuple[int, _Record]]:
    if len(content) > MAX_TEXT_SIZE:
        raise InputError(
            Code.FILE_TOO_LARGE,
            f"{name} has {len(content)} bytes of text, far more than any nRF5x image.",
        )
    content = content.removeprefix(b"\xef\xbb\xbf")
    if b"\r" in content:
        content = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    lines = io.BytesIO(content)  # one line at a time: a list of millions would take gigabytes
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if not text:
            continue
        try:
            record = unpack(text)
        except ValueError:
            why, cut = _what_is_wrong(text.decode("latin-1"))
            if cut and not lines.read().strip():
                raise _truncated(name, f"its last line, {number}, {why}") from None
            raise _malformed(name, number, why) from None
        yield number, record


def _unpack_intel_hex(text: bytes) -> _Record:
    """A record of Intel HEX: count, address (2), type, data, checksum.

    Raises:
        ValueError: It is none.
    """
    content = unhexlify(text[1:])
    if text[0] != _COLON or len(content) < _OVERHEAD or len(content) != content[0] + _OVERHEAD:
        raise ValueError
    if sum(content) & 0xFF:
        raise ValueError
    return content[3], content[1] << 8 | content[2], content[4:-1]


def _unpack_srec(text: bytes) -> _Record:
    """An S-record: type as a digit, then count, address, data, checksum.

    Raises:
        ValueError: It is none.
    """
    kind = int(text[1:2]) if text[:1] == b"S" else -1
    size = _SREC_ADDRESS_SIZES.get(kind)
    content = unhexlify(text[2:])
    if size is None or len(content) < size + 2 or len(content) != content[0] + 1:
        raise ValueError
    if sum(content) & 0xFF != 0xFF:
        raise ValueError
    return kind, int.from_bytes(content[1 : 1 + size], "big"), content[1 + size : -1]


def _pack_intel_hex(kind: int, address: int, data: bytes) -> str:
    content = bytes([len(data), address >> 8, address & 0xFF, kind]) + data
    return f":{content.hex().upper()}{-sum(content) & 0xFF:02X}"


def _what_is_wrong(text: str) -> tuple[str, bool]:
    """Why a line is no record, and whether it could be the beginning of one."""
    digits = text[1:] if text[0] == ":" else text[2:]
    if text[0] not in ":S":
        return "is not a record of a hex file", False
    if not all(digit in string.hexdigits for digit in digits):
        return "has characters that are not hexadecimal digits", False
    count = int(digits[:2], 16) if len(digits) >= 2 else 0
    # Bytes after the count: address, type and checksum in Intel HEX; all are counted in S-records.
    wanted = 2 + 2 * (count + 4 if text[0] == ":" else count)
    if len(digits) < wanted:
        return "ends too early", True
    if len(digits) > wanted:
        return "is longer than it says", False
    return "has a wrong checksum or an unknown type", False


def _malformed(name: str, number: int, why: str) -> InputError:
    return InputError(Code.IMAGE_MALFORMED, f"Line {number} of {name} {why}.", line=number)


def _after_end(number: int, name: str) -> InputError:
    return InputError(
        Code.IMAGE_MALFORMED,
        f"Line {number} of {name} comes after the record that ends the file.",
        hint="Files cannot be merged by appending one to the other; use a merge tool.",
        line=number,
    )


def _truncated(name: str, why: str) -> InputError:
    return InputError(
        Code.IMAGE_TRUNCATED,
        f"{name} is not complete: {why}.",
        hint="The copy or download stopped early, or the build did; take the file again.",
    )
