"""Zip files, header by header, around a package: every field can lie.

The layout is PKWARE's APPNOTE 6.3.10, sections 4.3 and 4.4. Most inputs are a good package with one
or two things wrong, so that the checks behind the first are reached, too.
"""

from __future__ import annotations

import json
import random
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from firmline.formats.init_packet import (
    FwType,
    InitCommand,
    encode_init_command,
    encode_init_packet,
    hash_firmware,
)
from firmline.formats.package import Package, read_package, write_package
from firmline.formats.package_zip import (
    MAX_ENTRY_SIZE,
    MAX_TOTAL_SIZE,
    check_entry_name,
    read_entries,
    write_entries,
)
from firmline.values import FwVersion
from fuzz.damage import NUMBERS, damaged
from fuzz.files import Target
from fuzz.init_packets import check_packet, draw_packet
from fuzz.manifests import draw_manifest
from unit.formats.makers import key_of

_KEY = key_of(0x1234_5678)
_KINDS = {
    "application": (FwType.APPLICATION, ("app_size",)),
    "bootloader": (FwType.BOOTLOADER, ("bl_size",)),
    "softdevice": (FwType.SOFTDEVICE, ("sd_size",)),
    "softdevice_bootloader": (FwType.SOFTDEVICE_BOOTLOADER, ("sd_size", "bl_size")),
}
_PARTS = ("app_size", "bl_size", "sd_size")
_ENCRYPTED, _DESCRIPTOR, _UTF8 = 0x1, 0x8, 0x800
_U16, _U32 = 0xFFFF, 0xFFFF_FFFF


@dataclass(slots=True, kw_only=True)
class Entry:
    """An entry, with everything its headers say; None: what is right.

    Attributes:
        name: As it is written.
        data: What is packed.
        packed: What lies in the file instead of ``data``, packed.
        method: How it is packed.
        flags: General purpose bits.
        crc: Of ``data``.
        size: Of ``data``.
        packed_size: Of what lies in the file.
        extra: Behind the name, in the directory.
        local_extra: The same in front of the data.
        local_name: The name in front of the data.
        descriptor: Whether sizes and checksum come behind the data.
        attributes: External; the mode in the upper half.
        at: Where the directory says it lies.
        version: Needed to unpack.
    """

    name: bytes
    data: bytes
    packed: bytes | None = None
    method: int = 0
    flags: int = 0
    crc: int | None = None
    size: int | None = None
    packed_size: int | None = None
    extra: bytes = b""
    local_extra: bytes = b""
    local_name: bytes | None = None
    descriptor: bool = False
    attributes: int = 0o100644 << 16
    at: int | None = None
    version: int = 20


@dataclass(slots=True, kw_only=True)
class Archive:
    """A zip file; None: what is right."""

    entries: list[Entry] = field(default_factory=list)
    front: bytes = b""
    comment: bytes = b""
    behind: bytes = b""
    count: int | None = None
    directory_size: int | None = None
    directory_at: int | None = None
    zip64: bool = False
    zip64_numbers: tuple[int, int, int] | None = None


@lru_cache(maxsize=4096)
def _deflated(data: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(data) + packer.flush()


def zip_bytes(archive: Archive) -> bytes:
    """The file."""
    content = bytearray(archive.front)
    directory = bytearray()
    for entry in archive.entries:
        at = len(content) if entry.at is None else entry.at
        packed = entry.packed
        if packed is None:
            packed = _deflated(entry.data) if entry.method == 8 else entry.data
        crc = zlib.crc32(entry.data) if entry.crc is None else entry.crc
        packed_size = len(packed) if entry.packed_size is None else entry.packed_size
        size = len(entry.data) if entry.size is None else entry.size
        numbers = (crc & _U32, packed_size & _U32, size & _U32)
        flags = entry.flags | (_DESCRIPTOR if entry.descriptor else 0)
        shared = (entry.version, flags, entry.method, 0, 0x21)
        local_name = entry.name if entry.local_name is None else entry.local_name
        local = (0, 0, 0) if entry.descriptor else numbers
        lengths = (len(local_name) & _U16, len(entry.local_extra) & _U16)
        content += struct.pack("<4s5H3I2H", b"PK\x03\x04", *shared, *local, *lengths)
        content += local_name + entry.local_extra + packed
        if entry.descriptor:
            content += struct.pack("<4s3I", b"PK\x07\x08", *numbers)
        lengths = (len(entry.name) & _U16, len(entry.extra) & _U16)
        directory += struct.pack("<4sH5H3I2H", b"PK\x01\x02", 0x314, *shared, *numbers, *lengths)
        directory += struct.pack("<3H2I", 0, 0, 0, entry.attributes, at & _U32)
        directory += entry.name + entry.extra
    return bytes(content + directory + _end(archive, len(content), len(directory)))


def _end(archive: Archive, at: int, size: int) -> bytes:
    count = len(archive.entries) if archive.count is None else archive.count
    size = size if archive.directory_size is None else archive.directory_size
    start = at if archive.directory_at is None else archive.directory_at
    front = b""
    if archive.zip64:
        numbers = archive.zip64_numbers or (count, size, start)
        record = struct.pack("<QHHIIQQQQ", 44, 45, 45, 0, 0, numbers[0], *numbers)
        locator = struct.pack("<4sIQI", b"PK\x06\x07", 0, at + size, 1)
        front = b"PK\x06\x06" + record + locator
    fields = (0, 0, count & _U16, count & _U16, size & _U32, start & _U32)
    end = struct.pack("<4s4H2IH", b"PK\x05\x06", *fields, len(archive.comment) & _U16)
    return front + end + archive.comment + archive.behind


@lru_cache(maxsize=64)
def _good_entries(kinds: tuple[str, ...], size: int) -> tuple[tuple[str, bytes], ...]:
    """The files of a package of such images; the manifest first."""
    files: dict[str, bytes] = {}
    images: dict[str, dict[str, Any]] = {}
    for kind in kinds:
        fw_type, parts = _KINDS[kind]
        firmware = bytes((7 * index + len(kind)) & 0xFF for index in range(size))
        sizes = {part: size // len(parts) if part in parts else 0 for part in _PARTS}
        command = InitCommand(
            kind=fw_type,
            fw_version=FwVersion(4),
            hw_version=52,
            sd_req=(0x101,),
            hash=hash_firmware(firmware),
            app_size=sizes["app_size"],
            bl_size=sizes["bl_size"],
            sd_size=sizes["sd_size"],
        )
        encoded = encode_init_command(command)
        files[f"{kind}.bin"] = firmware
        files[f"{kind}.dat"] = encode_init_packet(encoded, _KEY.sign(encoded))
        images[kind] = {"bin_file": f"{kind}.bin", "dat_file": f"{kind}.dat"}
        if len(parts) == 2:
            images[kind]["info_read_only_metadata"] = {part: sizes[part] for part in parts}
    manifest = json.dumps({"manifest": images}).encode()
    return (("manifest.json", manifest), *files.items())


def _good(rng: random.Random) -> Archive:
    """A package as somebody's tool may write it."""
    together: list[tuple[str, ...]] = [
        ("application",),
        ("application",),
        ("bootloader",),
        ("softdevice",),
    ]
    together += [("softdevice_bootloader",), ("softdevice_bootloader", "application")]
    kinds = rng.choice(together)
    files = dict(_good_entries(kinds, rng.choice([4, 64, 5_000])))
    if rng.random() < 0.15:
        document = json.loads(files["manifest.json"])
        files["manifest.json"] = draw_manifest(rng, document)
    if rng.random() < 0.1:
        files[f"{kinds[0]}.dat"] = draw_packet(rng)
    archive = Archive(entries=[Entry(name=n.encode(), data=d) for n, d in files.items()])
    for entry in archive.entries:
        entry.method = rng.choice([0, 8])
        entry.descriptor = entry.method == 8 and rng.random() < 0.2
    if rng.random() < 0.3:
        rng.shuffle(archive.entries)
    if rng.random() < 0.1:
        archive.comment = rng.randbytes(rng.choice([1, 40, 3000]))
    if rng.random() < 0.1:
        archive.entries.append(Entry(name=b"README", data=b"x", flags=_UTF8))
    return archive


# What can be wrong with it.


def _name(rng: random.Random, archive: Archive) -> None:
    names = (
        *(b"../a", b"/etc/passwd", b"a/b", b"a\\b", b"C:a", b"a:b", b"", b".", b".."),
        *(b"a\x00b", b"a\x00.bin", b"\xff\xfe", b"\x1b[2J", b"n" * 256, b"n" * 65_535),
        *(b"manifest.json/", b"manifest.json ", b"MANIFEST.JSON", b"\xe2\x80\xaenib.a"),
        *("\xe4".encode(), b"\xe4", "\u200b".encode(), b"application.bin", b"manifest.json"),
    )
    entry = rng.choice(archive.entries)
    if rng.random() < 0.5:
        archive.entries.append(
            Entry(name=rng.choice(names), data=b"x", flags=rng.choice([0, _UTF8]))
        )
    else:
        entry.name = rng.choice(names)
        entry.flags |= rng.choice([0, _UTF8])


def _local_name(rng: random.Random, archive: Archive) -> None:
    rng.choice(archive.entries).local_name = rng.choice([b"", b"other", b"../a", b"\xff"])


def _twice(rng: random.Random, archive: Archive) -> None:
    entry = rng.choice(archive.entries)
    archive.entries.append(Entry(name=entry.name, data=rng.choice([entry.data, b"x"])))


def _number_of(rng: random.Random, archive: Archive) -> None:
    """One of the numbers that describe an entry."""
    entry = rng.choice(archive.entries)
    right = len(entry.data)
    wrong = rng.choice([*NUMBERS, right - 1, right + 1, MAX_ENTRY_SIZE, MAX_ENTRY_SIZE + 1])
    name = rng.choice(["size", "size", "packed_size", "packed_size", "crc", "at"])
    setattr(entry, name, max(wrong, 0))
    if rng.random() < 0.3:
        entry.size = entry.packed_size = max(wrong, 0)


def _header_of(rng: random.Random, archive: Archive) -> None:
    entry = rng.choice(archive.entries)
    match rng.randrange(4):
        case 0:
            entry.flags |= rng.choice([_ENCRYPTED, 0x40, 0x2000, 0x20, 1 << rng.randrange(16)])
        case 1:
            entry.method = rng.choice([1, 6, 9, 12, 14, 93, 95, 98, 99, 0xFFFF])
            entry.packed = entry.data
        case 2:
            entry.version = rng.choice([0, 45, 63, 64, 255, 0xFFFF])
        case _:
            modes = (0o120777, 0o040755, 0o020666, 0o010644, 0o104755)
            entry.attributes = rng.choice(modes) << 16 | rng.choice([0, 0x10])


def _extra(rng: random.Random, archive: Archive) -> None:
    entry = rng.choice(archive.entries)
    wide = struct.pack("<4Q", *(rng.choice([0, 1, len(entry.data), 1 << 40, (1 << 64) - 1])
                                for _ in range(4)))  # fmt: skip
    extra = rng.choice(
        [
            struct.pack("<HH", 1, 32) + wide,
            struct.pack("<HH", 1, 8) + wide[:8],
            struct.pack("<HH", 1, 3) + wide[:3],
            struct.pack("<HH", 0x7075, 9) + b"\x01\x00\x00\x00\x00evil",
            struct.pack("<HH", 0x5455, 0xFFFF),
            struct.pack("<HH", 0x9901, 7) + bytes(7),
            b"\x01",
            bytes(rng.choice([1, 4, 60_000])),
        ]
    )
    entry.extra = extra
    if rng.random() < 0.5:
        entry.local_extra = extra
    if rng.random() < 0.5:
        entry.size = _U32
    if rng.random() < 0.5:
        entry.packed_size = _U32
    if rng.random() < 0.2:
        entry.at = _U32


def _end_of(rng: random.Random, archive: Archive) -> None:
    match rng.randrange(6):
        case 0:
            archive.count = rng.choice([0, 1, len(archive.entries) + 1, 0xFFFE, 0xFFFF])
        case 1:
            archive.directory_size = rng.choice([*NUMBERS, 46])
        case 2:
            archive.directory_at = rng.choice(NUMBERS)
        case 3:
            archive.behind = rng.choice([b"\n", bytes(100), b"PK\x05\x06", rng.randbytes(70_000)])
        case 4:
            archive.zip64 = True
            archive.count = archive.directory_size = archive.directory_at = None
            numbers = (3, 200, _U32, 1 << 40, (1 << 64) - 1)
            if rng.random() < 0.7:
                archive.zip64_numbers = (
                    rng.choice(numbers),
                    rng.choice(numbers),
                    rng.choice(numbers),
                )
        case _:
            archive.front = rng.choice([b"#!/bin/sh\n", bytes(50), b"PK\x03\x04", b"PK\x05\x06"])


def _bomb(rng: random.Random, archive: Archive) -> None:
    """Much out of little, declared or not."""
    size = rng.choice([MAX_ENTRY_SIZE, MAX_ENTRY_SIZE + 1, 3 * MAX_TOTAL_SIZE])
    entry = Entry(name=b"zeros.bin", data=b"", method=8, packed=_deflated_zeros(size))
    entry.size = rng.choice([size, 1, 0, MAX_ENTRY_SIZE, size + 1])
    entry.crc = zlib.crc32(bytes(min(entry.size, size)))
    if rng.random() < 0.3:
        entry.name = archive.entries[0].name
        archive.entries[0] = entry
    else:
        archive.entries.insert(rng.choice([0, len(archive.entries)]), entry)


def _bombs(rng: random.Random, archive: Archive) -> None:
    """One stream unpacked many times, each time said to be small, or at the bound."""
    size = rng.choice([1, 1000, MAX_TOTAL_SIZE // 64, MAX_ENTRY_SIZE])
    stream, crc = _deflated_zeros(MAX_ENTRY_SIZE), zlib.crc32(bytes(size))
    room = min(64, MAX_TOTAL_SIZE // size) - len(archive.entries)
    for number in range(max(room, 1)):
        name = b"zeros%d" % number
        entry = Entry(name=name, data=b"", method=8, packed=stream, size=size, crc=crc)
        archive.entries.append(entry)


@lru_cache(maxsize=8)
def _deflated_zeros(size: int) -> bytes:
    return _deflated(bytes(size))


def _overlapping(rng: random.Random, archive: Archive) -> None:
    """Entries that share their bytes."""
    first = archive.entries[0]
    for number in range(rng.choice([1, 2, 40, 300])):
        other = Entry(name=b"again%d" % number, data=first.data, method=first.method, at=0)
        other.packed = b""
        other.packed_size = len(_deflated(first.data) if first.method == 8 else first.data)
        archive.entries.append(other)


def _many(rng: random.Random, archive: Archive) -> None:
    for number in range(rng.choice([55, 58, 61, 64, 1000, 5000])):
        archive.entries.append(Entry(name=b"%d" % number, data=b""))


def _nested(rng: random.Random, archive: Archive) -> None:
    """A zip in a zip in a zip."""
    content = zip_bytes(archive)
    for _ in range(rng.randint(1, 20)):
        content = zip_bytes(Archive(entries=[Entry(name=b"dfu.zip", data=content)]))
    if rng.random() < 0.5:
        archive.entries = [Entry(name=b"dfu.zip", data=content)]
    else:
        archive.entries.append(Entry(name=b"dfu.zip", data=content))


def _missing(rng: random.Random, archive: Archive) -> None:
    del archive.entries[rng.randrange(len(archive.entries))]


def _stream(rng: random.Random, archive: Archive) -> None:
    """A deflate stream that is damaged, or goes on behind its end."""
    entry = rng.choice(archive.entries)
    entry.method = 8
    good = _deflated(entry.data)
    entry.packed = rng.choice([good + b"more", good[:-1], b"", damaged(rng, [good], most=1)])


_ATTACKS: tuple[tuple[Callable[[random.Random, Archive], None], float], ...] = (
    *((_name, 4), (_local_name, 1), (_twice, 1), (_number_of, 5), (_header_of, 4), (_extra, 4)),
    *((_end_of, 4), (_bomb, 0.7), (_bombs, 0.15), (_overlapping, 1), (_many, 0.3), (_nested, 1)),
    *((_missing, 1), (_stream, 2)),
)


def draw_zip(rng: random.Random) -> bytes:
    """A package with at most two things wrong."""
    if rng.random() < 0.03:
        return rng.randbytes(rng.randrange(100))
    archive = _good(rng)
    kinds, weights = zip(*_ATTACKS, strict=True)
    for attack in rng.choices(kinds, weights, k=rng.choice([0, 0, 1, 1, 1, 2])):
        if archive.entries:
            attack(rng, archive)
    content = zip_bytes(archive)
    return damaged(rng, [content], most=2) if rng.random() < 0.15 else content


def _check_entries(_content: bytes, entries: dict[str, bytes]) -> None:
    for name, data in entries.items():
        check_entry_name(name, package="again")
        assert len(data) <= MAX_ENTRY_SIZE
    assert sum(map(len, entries.values())) <= MAX_TOTAL_SIZE
    again = read_entries(write_entries(entries), name="again")
    assert again == entries
    assert write_entries(again) == write_entries(entries)


def _check_package(_content: bytes, package: Package) -> None:
    assert package.images
    for image in package.images:
        command = image.init_packet.command
        assert len(image.firmware) == command.firmware_size
        check_packet(image.init_packet.encoded, image.init_packet)
    again = write_package(package)
    assert read_package(again, name="again") == package


ZIP = Target(
    name="zip",
    draw=draw_zip,
    read=lambda content: read_entries(content, name="dfu.zip"),
    check=_check_entries,
)
PACKAGE = Target(
    name="package",
    draw=draw_zip,
    read=lambda content: read_package(content, name="dfu.zip"),
    check=_check_package,
)
