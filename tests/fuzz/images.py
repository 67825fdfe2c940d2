"""Intel HEX, S-records and ELF files: record by record, header by header."""

from __future__ import annotations

import random
import struct
import zlib
from pathlib import Path

from firmline.errors import InputError
from firmline.formats.elf import parse_elf
from firmline.formats.firmware import MAX_IMAGE_SIZE, FirmwareImage, parse_firmware, parse_memory
from firmline.formats.records import format_intel_hex, parse_intel_hex, parse_srec
from firmline.formats.spans import Span
from firmline.values import ImageKind
from fuzz.damage import NUMBERS, damaged, damaged_lines
from fuzz.files import Target
from unit.formats.makers import elf_file, hex_file

GOLDEN = Path(__file__).resolve().parent.parent / "golden" / "formats" / "data"
_CORPUS = tuple((GOLDEN / name).read_bytes() for name in ("gap.hex", "settings_v1.hex"))
_ADDRESSES = (0, 0xFFC, 0x1000, 0x26000, 0x2FFF8, 0x7F000, 0xFFF8, 0x1000_1000, 0xFFFF_FFF0)


def intel_hex_record(kind: int, address: int, data: bytes, *, wrong: int = 0) -> bytes:
    """A line; with ``wrong`` its checksum is off by that."""
    body = bytes([len(data) & 0xFF, address >> 8 & 0xFF, address & 0xFF, kind]) + data
    return b":" + (body + bytes([(wrong - sum(body)) & 0xFF])).hex().upper().encode()


def srec_record(digit: int, size: int, address: int, data: bytes, *, wrong: int = 0) -> bytes:
    """A line; ``size`` is of the address, and the count may be wrapped by a long line."""
    body = (address & ((1 << 8 * size) - 1)).to_bytes(size, "big") + data
    body = bytes([(len(body) + 1) & 0xFF]) + body
    return b"S%d" % digit + (body + bytes([(~sum(body) + wrong) & 0xFF])).hex().upper().encode()


def _wrong(rng: random.Random) -> int:
    return 1 if rng.random() < 0.02 else 0


def _length(rng: random.Random) -> int:
    return rng.choice([0, 1, 4, 16, 16, 16, 32, 250])


def _hex_lines(rng: random.Random) -> list[bytes]:
    lines, base, at = [], 0, 0
    for _ in range(rng.choice([1, 3, 10, 40])):
        match rng.choices(range(6), [20, 3, 1, 1, 0.3, 0.3])[0]:
            case 0:
                data = rng.randbytes(_length(rng))
                lines.append(intel_hex_record(0, at, data, wrong=_wrong(rng)))
                at += len(data) + rng.choice([0, 0, 0, 0, 0, 4, -4 if rng.random() < 0.1 else 4])
                at &= 0xFFFF
            case 1:
                base = (base + 0x1_0000) & 0xFFFF_FFFF
                lines.append(intel_hex_record(4, 0, (base >> 16).to_bytes(2, "big")))
            case 2:
                segment = rng.choice([0x2600, 0x3000, 0xFFFF, 0])
                lines.append(intel_hex_record(2, 0, segment.to_bytes(2, "big")))
            case 3:
                lines.append(intel_hex_record(rng.choice([3, 5]), 0, bytes(4)))
            case 4:
                kind = rng.choice([1, 2, 3, 4, 5, 6, 0x7F, 0xFF])
                lines.append(intel_hex_record(kind, 0, rng.randbytes(rng.choice([0, 1, 2, 3, 4]))))
            case _:
                base = rng.choice(_ADDRESSES)
                at = base & 0xFFFF
                lines.append(intel_hex_record(4, 0, (base >> 16).to_bytes(2, "big")))
    lines.append(intel_hex_record(1, 0, b""))
    return lines


def _srec_lines(rng: random.Random) -> list[bytes]:
    digit = rng.choice([1, 2, 3])
    size, at = digit + 1, rng.choice(_ADDRESSES) & ((1 << 8 * (digit + 1)) - 1)
    lines = [srec_record(0, 2, 0, b"fuzz")]
    for _ in range(rng.choice([1, 3, 10, 40])):
        data = rng.randbytes(_length(rng))
        lines.append(srec_record(digit, size, at, data, wrong=_wrong(rng)))
        at += len(data) + rng.choice([0, 0, 0, 0, 16, -4 if rng.random() < 0.1 else 0])
        if rng.random() < 0.03:
            lines.append(srec_record(rng.choice([4, 5, 6]), 2, len(lines), b""))
        if rng.random() < 0.02:
            lines.append(srec_record(rng.randrange(10), rng.choice([2, 3, 4]), 0, b"x"))
    lines.append(srec_record(10 - digit, size, 0, b""))
    return lines


def _text(rng: random.Random, lines: list[bytes]) -> bytes:
    end = rng.choice([b"\n", b"\r\n", b"\n", b"\r", b"\n\n"])
    text = end.join(lines) + rng.choice([end, b"", b"\x1a"] if rng.random() < 0.1 else [end])
    text = text.lower() if lines[0][:1] == b":" and rng.random() < 0.1 else text
    match rng.randrange(12):
        case 0:
            return b"\xef\xbb\xbf" + text
        case 1 | 2:
            return damaged_lines(rng, [text, *_CORPUS])
        case 3 | 4:
            return damaged(rng, [text], most=2)
        case 5:
            return text[: rng.randrange(len(text))]
        case 6 if rng.random() < 0.02:  # long for a line, and many lines of nothing
            return rng.choice([b":" + b"0" * 1_000_000, b"\n" * 1_000_000, text * 50])
    return text


def _draw_hex(rng: random.Random) -> bytes:
    if rng.random() < 0.15:
        return damaged_lines(rng, _CORPUS)
    return _text(rng, _hex_lines(rng))


def _draw_srec(rng: random.Random) -> bytes:
    return _text(rng, _srec_lines(rng))


def _draw_elf(rng: random.Random) -> bytes:
    sections, at = [], rng.choice([0x1000, 0x26000, 0x26000, 0xFFF0, 0xFFFF_FF00])
    for _ in range(rng.choice([1, 2, 2, 5])):
        data = rng.randbytes(rng.choice([1, 4, 64, 300]))
        sections.append((at & 0xFFFF_FFFF, data))
        at += len(data) + rng.choice([0, 0, 4, 256])
    if sections[-1][0] < sections[0][0]:
        sections = sections[:1]
    content = bytearray(elf_file(sections, leading=rng.choice([0, 0, 16])))
    if rng.random() < 0.45:
        return bytes(content)
    for _ in range(rng.choice([1, 1, 2, 3])):
        _spoil_elf(rng, content)
    return bytes(content) if rng.random() < 0.8 else damaged(rng, [bytes(content)])


def _spoil_elf(rng: random.Random, content: bytearray) -> None:
    """A number of one of the headers."""
    sections_at, count = struct.unpack_from("<I", content, 32)[0], 4
    table = rng.choice(["header", "segment", "section", "section"])
    size = 2 if table == "header" and rng.random() < 0.5 else 4
    at = {
        "header": rng.choice(range(40, 52, 2) if size == 2 else range(16, 40, 4)),
        "segment": 52 + 4 * rng.randrange(8),
        "section": sections_at + 40 * rng.randrange(count) + 4 * rng.randrange(10),
    }[table]
    right = int.from_bytes(content[at : at + size], "little")
    wrong = rng.choice(
        [*NUMBERS, right + 1, right - 1, len(content), right ^ 1 << rng.randrange(16)]
    )
    content[at : at + size] = (wrong & ((1 << 8 * size) - 1)).to_bytes(size, "little")


def _check_spans(content: bytes, spans: tuple[Span, ...]) -> None:
    """Sorted, apart, below 4 GiB, no more than the file can hold; written and read as it is."""
    end = -1
    for span in spans:
        assert span.data
        assert span.address > end
        end = span.end
    assert end <= 1 << 32
    assert sum(len(span.data) for span in spans) <= len(content)
    assert parse_intel_hex(format_intel_hex(spans).encode(), name="again") == spans
    _check_firmware(content)


def _check_firmware(content: bytes) -> None:
    """What is memory is an image or refused, and an image is a whole number of words."""
    kind = list(ImageKind)[zlib.crc32(content) % len(ImageKind)]
    try:
        image = parse_firmware(content, name="fuzz", kind=kind)
    except InputError:
        return  # as good as an image: the file may hold nothing that an update writes
    _check_image(image)


def _check_image(image: FirmwareImage) -> None:
    assert 0 < len(image.data) <= MAX_IMAGE_SIZE + 3
    assert len(image.data) % 4 == 0
    if image.address is not None and len(image.data) <= 64 * 1024:  # more would be gaps alone
        again = hex_file((image.address, image.data))
        other = parse_firmware(again, name="again.hex", kind=ImageKind.APPLICATION)
        assert (other.data, other.address) == (image.data, image.address)


def _draw_any(rng: random.Random) -> bytes:
    """Any format, or none."""
    match rng.randrange(5):
        case 0:
            return rng.randbytes(rng.choice([0, 1, 100, 5000]))
        case 1:
            return rng.choice([b":", b"S", b"\x7fELF", b"PK\x03\x04", b"hello"]) + rng.randbytes(80)
    return rng.choice([_draw_hex, _draw_srec, _draw_elf])(rng)


def _read_firmware(content: bytes) -> FirmwareImage:
    names = ("app.hex", "app.bin", "app", "app.s19", "app.elf")
    number = zlib.crc32(content)
    kind = list(ImageKind)[number // 8 % len(ImageKind)]
    return parse_firmware(content, name=names[number % len(names)], kind=kind)


def read_memory(content: bytes) -> tuple[Span, ...]:
    """As a settings page or a dump is read."""
    spans = parse_memory(content, name="dump.bin")
    return (Span(address=0, data=content),) if spans is None else spans


HEX = Target(
    name="hex",
    draw=_draw_hex,
    read=lambda content: parse_intel_hex(content, name="app.hex"),
    check=_check_spans,
)
SREC = Target(
    name="srec",
    draw=_draw_srec,
    read=lambda content: parse_srec(content, name="app.s19"),
    check=_check_spans,
)
ELF = Target(
    name="elf",
    draw=_draw_elf,
    read=lambda content: parse_elf(content, name="app.elf"),
    check=_check_spans,
)
FIRMWARE = Target(
    name="firmware",
    draw=_draw_any,
    read=_read_firmware,
    check=lambda _content, image: _check_image(image),
)
