"""Public keys in memory: found where they are, and nothing else taken for one."""

from __future__ import annotations

import random

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from firmline.errors import Code
from firmline.formats.key_recovery import CURVE_B, FIELD
from firmline.formats.key_search import (
    MAX_DUMP_SIZE,
    FoundKey,
    find_any_keys,
    find_keys,
    parse_dump,
)
from firmline.formats.keys import PublicKey
from firmline.formats.known_keys import known_keys
from firmline.formats.spans import Span
from unit.formats.makers import hex_file, key_of, refuses

KEY, OTHER = key_of(11).public_key, key_of(12).public_key


def noise(size: int) -> bytes:
    return random.Random(size).randbytes(size)


def memory(*pieces: tuple[int, bytes]) -> tuple[Span, ...]:
    return tuple(Span(address=address, data=data) for address, data in pieces)


@pytest.mark.parametrize("offset", [0, 4, 5, 1000])
def test_a_given_key_is_found_at_any_address(offset: int) -> None:
    spans = memory(
        (0x1000, noise(300)), (0x78000, noise(offset) + KEY.le_bytes + noise(100)), (0xF0000, b"x")
    )
    assert find_keys(spans, [OTHER, KEY]) == (FoundKey(key=KEY, address=0x78000 + offset),)
    assert find_keys(spans, [OTHER]) == ()


def test_a_key_that_lies_there_twice_is_told_twice() -> None:
    spans = memory((0, KEY.le_bytes + bytes(4) + OTHER.le_bytes + KEY.le_bytes))
    expected = (
        FoundKey(key=KEY, address=0),
        FoundKey(key=OTHER, address=68),
        FoundKey(key=KEY, address=132),
    )
    assert find_keys(spans, [KEY, OTHER]) == expected
    assert find_any_keys(spans) == expected


@pytest.mark.parametrize("start", [0x78000, 0x78001, 0x78002, 0x78003])
def test_any_key_is_found_at_a_multiple_of_4_wherever_the_piece_begins(start: int) -> None:
    lead = -start % 4 + 40
    spans = memory((start, noise(lead) + KEY.le_bytes + b"\xff" * 64))
    assert find_any_keys(spans) == (FoundKey(key=KEY, address=start + lead),)


@pytest.mark.parametrize("known", known_keys(), ids=lambda known: known.name)
def test_the_keys_of_the_table_are_found_without_being_named(known: object) -> None:
    key = known.key  # type: ignore[attr-defined]
    spans = memory((0, noise(200) + key.le_bytes + noise(200)))
    assert [found.key for found in find_any_keys(spans)] == [key]


def test_the_generator_of_the_curve_is_no_key() -> None:
    private = ec.derive_private_key(1, ec.SECP256R1())
    numbers = private.public_key().public_numbers()
    generator = PublicKey(x=numbers.x, y=numbers.y)
    spans = memory((0, noise(20) + generator.le_bytes + KEY.le_bytes))
    assert [found.key for found in find_any_keys(spans)] == [KEY]


@pytest.mark.parametrize(
    "data",
    [b"", b"\x00" * 200, b"\xff" * 200, KEY.le_bytes[:-1], noise(20_000)],
    ids=["empty", "zeros", "erased", "cut off", "noise"],
)
def test_nothing_else_is_taken_for_a_key(data: bytes) -> None:
    assert find_any_keys(memory((0, data))) == ()
    assert find_keys(memory((0, data)), [KEY]) == ()


def test_a_coordinate_beyond_the_field_is_no_key() -> None:
    """x = 5 is on the curve; x + p satisfies its equation too, and is no coordinate."""
    y = pow(5**3 - 3 * 5 + CURVE_B, (FIELD + 1) // 4, FIELD)
    point = PublicKey(x=5, y=y)
    assert [found.key for found in find_any_keys(memory((0, point.le_bytes)))] == [point]
    beyond = (5 + FIELD).to_bytes(32, "little") + y.to_bytes(32, "little")
    assert find_any_keys(memory((0, beyond))) == ()


def test_a_dump_is_read_in_every_form() -> None:
    (span,) = parse_dump(noise(100), name="flash.bin")
    assert (span.address, span.data) == (0, noise(100))
    spans = parse_dump(hex_file((0x78000, KEY.le_bytes), (0x1000_1000, b"\1\2\3\4")), name="x.hex")
    assert [found.address for found in find_keys(spans, [KEY])] == [0x78000]


def test_a_dump_beyond_any_chip_is_refused() -> None:
    assert parse_dump(bytes(MAX_DUMP_SIZE), name="a.bin")
    with refuses(Code.IMAGE_TOO_LARGE, "far more than the flash"):
        parse_dump(bytes(MAX_DUMP_SIZE + 1), name="a.bin")


@pytest.mark.parametrize(
    ("content", "name", "code"),
    [
        (b"", "a.bin", Code.FILE_EMPTY),
        (b"PK\x03\x04 and so on", "a.bin", Code.IMAGE_MALFORMED),
        (b"this is text", "a.txt", Code.IMAGE_MALFORMED),
        (hex_file((0, bytes(40)))[:-14], "a.hex", Code.IMAGE_TRUNCATED),
    ],
)
def test_what_is_no_dump_is_refused(content: bytes, name: str, code: Code) -> None:
    with refuses(code, name):
        parse_dump(content, name=name)
