"""What happens to files, and what attackers do to them, whatever their format."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

NUMBERS = (
    0,
    1,
    2,
    0x7F,
    0x80,
    0xFF,
    0x7FFF,
    0xFFFF,
    0x10000,
    0x7FFF_FFFF,
    0x8000_0000,
    0xFFFF_FFFF,
)
"""Where the readers of files go wrong."""

Damage = Callable[[random.Random, bytearray, Sequence[bytes]], None]


def damaged(rng: random.Random, originals: Sequence[bytes], *, most: int = 3) -> bytes:
    """One of the originals with a few things done to it; of the rest pieces may be put into it."""
    content = bytearray(rng.choice(originals))
    for _ in range(rng.randint(1, most)):
        rng.choice(_DAMAGES)(rng, content, originals)
    return bytes(content)


def damaged_lines(rng: random.Random, originals: Sequence[bytes], *, most: int = 2) -> bytes:
    """The same for text, line by line."""
    lines = rng.choice(originals).splitlines(keepends=True)
    for _ in range(rng.randint(1, most)):
        at = rng.randrange(len(lines) + 1)
        other = rng.choice(originals).splitlines(keepends=True) or [b"\n"]
        match rng.randrange(7):
            case 0:
                del lines[at : at + rng.randint(1, 3)]
            case 1:
                lines[at:at] = lines[at : at + rng.randint(1, 3)]
            case 2:
                lines.insert(at, rng.choice(other))
            case 3:
                rest = lines[at:]
                rng.shuffle(rest)
                lines[at:] = rest
            case 4:
                lines.insert(
                    at, rng.choice([b"\n", b" \t\r\n", b"\x0c", b"\xef\xbb\xbf", b"# x\n"])
                )
            case 5:
                end = rng.choice([b"\r\n", b"\r", b"\n\n", b" \n", b"\x0b"])
                lines = [line.rstrip(b"\r\n") + end for line in lines]
            case _ if at < len(lines):
                lines[at] = damaged(rng, [lines[at]], most=1)
    return b"".join(lines)


def _at(rng: random.Random, content: bytearray) -> int:
    return rng.randrange(len(content) + 1)


def _bit(rng: random.Random, content: bytearray, _: Sequence[bytes]) -> None:
    if content:
        content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)


def _octet(rng: random.Random, content: bytearray, _: Sequence[bytes]) -> None:
    at = _at(rng, content)
    content[at : at + 1] = bytes([rng.choice([0, 0xFF, 0x80, rng.randrange(256)])])


def _number(rng: random.Random, content: bytearray, _: Sequence[bytes]) -> None:
    at, size = _at(rng, content), rng.choice([1, 2, 4])
    number = rng.choice(NUMBERS) & ((1 << 8 * size) - 1)
    content[at : at + size] = number.to_bytes(size, rng.choice(["little", "big"]))


def _cut_out(rng: random.Random, content: bytearray, _: Sequence[bytes]) -> None:
    at = _at(rng, content)
    del content[at : at + rng.randint(1, 64)]


def _cut_off(rng: random.Random, content: bytearray, _: Sequence[bytes]) -> None:
    del content[_at(rng, content) :]


def _insert(rng: random.Random, content: bytearray, _: Sequence[bytes]) -> None:
    at = _at(rng, content)
    content[at:at] = rng.randbytes(rng.randint(1, 16))


def _repeat(rng: random.Random, content: bytearray, _: Sequence[bytes]) -> None:
    at = _at(rng, content)
    content[at:at] = content[at : at + rng.randint(1, 64)] * rng.choice([1, 1, 2, 50])


def _splice(rng: random.Random, content: bytearray, originals: Sequence[bytes]) -> None:
    other = rng.choice(originals)
    start = rng.randrange(len(other) + 1)
    at = _at(rng, content)
    content[at : at + rng.choice([0, 8, 64])] = other[start : start + rng.randint(1, 200)]


_DAMAGES: tuple[Damage, ...] = (
    *(_bit, _bit, _octet, _number, _number, _cut_out, _cut_off, _insert, _repeat, _splice),
)
