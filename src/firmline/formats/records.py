"""Text formats of memory: Intel HEX and Motorola S-records.

Rules of this module: one record is decoded by bincopy; everything about the file as a whole is
ours, because a user needs the line number, the difference between a damaged and a half-copied file,
and a refusal where two records claim one address (bincopy 20 lets some of those pass).

Sources: Intel, *Hexadecimal Object File Format Specification*, revision A, 1988; Motorola S-record,
M68000 family reference.
"""

from __future__ import annotations

import string
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import bincopy

from firmline.errors import Code, InputError
from firmline.formats.spans import Span, join_spans

MAX_TEXT_SIZE = 32 * 1024 * 1024  # ours: 1 MiB of flash is 3 MB of Intel HEX
_HEX_BYTES_PER_LINE = 16
_ADDRESSES = 1 << 32

_DATA, _END, _SEGMENT, _START_SEGMENT, _LINEAR, _START_LINEAR = range(6)
_ARGUMENT_SIZES = {_END: 0, _SEGMENT: 2, _START_SEGMENT: 4, _LINEAR: 2, _START_LINEAR: 4}

_Pieces = list[tuple[int, bytearray]]
_Record = tuple[Any, int, int, bytearray]  # type (a number or a digit), address, size, data


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
    pieces: _Pieces = []
    base = 0
    ended = False
    for number, (kind, address, _, data) in _records(content, bincopy.unpack_ihex, name):
        if ended:
            raise _after_end(number, name)
        if kind == _DATA:
            _add(pieces, base + address, data, number, name)
        elif len(data) != _ARGUMENT_SIZES.get(kind, -1):
            raise _malformed(name, number, f"has a record of type {kind} that cannot be")
        elif kind == _END:
            ended = True
        elif kind in (_SEGMENT, _LINEAR):
            base = int.from_bytes(data, "big") << (4 if kind == _SEGMENT else 16)
    if not ended:
        raise _truncated(name, "it has no end-of-file record")
    return join_spans(pieces, name=name)


def parse_srec(content: bytes, *, name: str) -> tuple[Span, ...]:
    """Read a Motorola S-record file; arguments, result and errors as :func:`parse_intel_hex`."""
    pieces: _Pieces = []
    ended = False
    for number, (kind, address, _, data) in _records(content, bincopy.unpack_srec, name):
        if ended:
            raise _after_end(number, name)
        if kind in "123":
            _add(pieces, address, data, number, name)
        elif kind in "789":
            ended = True
    if not ended:
        raise _truncated(name, "it has no termination record")
    return join_spans(pieces, name=name)


def format_intel_hex(spans: Iterable[Span]) -> str:
    """Write memory as Intel HEX, 16 bytes a line, extended linear addresses, LF line ends."""
    lines = []
    upper = 0
    for span in spans:
        position = span.address
        while position < span.end:
            if position >> 16 != upper:
                upper = position >> 16
                lines.append(bincopy.pack_ihex(_LINEAR, 0, 2, upper.to_bytes(2, "big")))
            boundary = ((position >> 16) + 1) << 16
            stop = min(position + _HEX_BYTES_PER_LINE, span.end, boundary)
            data = span.data[position - span.address : stop - span.address]
            lines.append(bincopy.pack_ihex(_DATA, position & 0xFFFF, len(data), data))
            position = stop
    lines.append(bincopy.pack_ihex(_END, 0, 0, b""))
    return "\n".join(lines) + "\n"


def _add(pieces: _Pieces, address: int, data: bytearray, number: int, name: str) -> None:
    if address + len(data) > _ADDRESSES:
        raise _malformed(name, number, "runs past the last address, 0xFFFFFFFF")
    if pieces and pieces[-1][0] + len(pieces[-1][1]) == address:
        pieces[-1][1].extend(data)
    else:
        pieces.append((address, data))


def _records(
    content: bytes, unpack: Callable[[str], _Record], name: str
) -> Iterator[tuple[int, _Record]]:
    if len(content) > MAX_TEXT_SIZE:
        raise InputError(
            Code.FILE_TOO_LARGE,
            f"{name} has {len(content)} bytes of text, far more than any nRF5x image.",
        )
    lines = content.removeprefix(b"\xef\xbb\xbf").splitlines()
    last = max((number for number, line in enumerate(lines, 1) if line.strip()), default=0)
    for number, line in enumerate(lines, 1):
        text = line.strip().decode("latin-1")
        if not text:
            continue
        try:
            record = unpack(text)
        except (bincopy.Error, ValueError):
            why, cut = _what_is_wrong(text)
            if cut and number == last:
                raise _truncated(name, f"its last line, {number}, {why}") from None
            raise _malformed(name, number, why) from None
        yield number, record


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
