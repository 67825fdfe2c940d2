"""Images for MCUboot, by themselves and in packages: every field of header and TLVs can lie."""

from __future__ import annotations

import hashlib
import json
import random
import struct

from firmline.formats.mcuboot.image import Integrity
from firmline.formats.mcuboot.package import McubootPackage, read_mcuboot
from fuzz.damage import NUMBERS, damaged
from fuzz.files import Target
from fuzz.manifests import draw_manifest
from unit.formats.makers import zip_file

_FLAGS = (0, 0, 0, 0x4, 0x10, 0x20, 0x100, 0x400, 0xFFFF_FFFF)
_KINDS = (0x01, 0x02, 0x22, 0x24, 0x25, 0x33, 0x40, 0x50, 0x60, 0x71, 0x74, 0xA0, 0x1A7, 0xFFFF)


def _area(rng: random.Random, magic: int, tlvs: list[tuple[int, bytes]]) -> bytes:
    body = b"".join(struct.pack("<HH", kind, len(value)) + value for kind, value in tlvs)
    total = len(body) + 4 if rng.random() < 0.97 else rng.choice(NUMBERS) & 0xFFFF
    return struct.pack("<HH", magic, total) + body


def draw_image(rng: random.Random) -> bytes:
    """An image; its hash is right, and mostly everything else."""
    program = rng.randbytes(rng.choice([0, 4, 64, 3000]))
    counter = [(0x50, struct.pack("<I", rng.choice(NUMBERS)))]
    dependency = [(0x40, struct.pack("<B3xBBHI", 1, 2, 0, 1, 5))]
    protected = rng.choice([[], counter, counter + dependency * rng.randrange(3)])
    more = [(rng.choice(_KINDS), rng.randbytes(rng.choice([0, 1, 4, 32])))]
    protected = protected + (more if rng.random() < 0.1 else [])
    covered = _area(rng, 0x6908, protected) if protected else b""
    sizes = [32, len(covered), len(program)]
    if rng.random() < 0.1:
        sizes[rng.randrange(3)] = rng.choice(NUMBERS)
    version = (1, 2, 3, rng.choice(NUMBERS))
    header = struct.pack(
        "<IIHHIIBBHII",
        *(0x96F3B83D, 0, sizes[0] & 0xFFFF, sizes[1] & 0xFFFF, sizes[2], rng.choice(_FLAGS)),
        *(*version, 0),
    )
    hashed = header + program + covered
    tlvs = [(0x10, hashlib.sha256(hashed).digest()), *(more if rng.random() < 0.3 else [])]
    image = hashed + _area(rng, 0x6907, tlvs)
    padding = rng.choice([b"", b"", b"\xff" * 500, bytes(24), rng.randbytes(20)])
    return image + padding


def _draw(rng: random.Random) -> bytes:
    image = draw_image(rng)
    if rng.random() < 0.4:
        return damaged(rng, [image], most=2) if rng.random() < 0.4 else image
    rows = [
        {"file": f"{number}.bin", "size": len(image), "image_index": str(number),
         "version_MCUBOOT": rng.choice([None, "1.2.3"]), "load_address": rng.choice(NUMBERS)}
        for number in range(rng.choice([1, 1, 2]))
    ]  # fmt: skip
    document = {"format-version": rng.choice([0, 1, 1]), "name": "app", "files": rows}
    manifest = draw_manifest(rng, document) if rng.random() < 0.4 else json.dumps(document).encode()
    entries = [(str(row["file"]), image) for row in rows]
    made = zip_file(("manifest.json", manifest), *entries, deflated=rng.random() < 0.5)
    return damaged(rng, [made], most=1) if rng.random() < 0.1 else made


def _check(_content: bytes, package: McubootPackage) -> None:
    assert package.images
    for _, image in package.images:
        assert image.integrity in (Integrity.HOLDS, Integrity.UNKNOWN)
        assert len(image.hashed) <= image.size <= image.file_size
        assert 0 <= image.stray <= image.file_size - image.size
        assert image.security_counter is None or image.security_counter >= 0
        assert all(each.image < 256 for each in image.dependencies)


MCUBOOT = Target(
    name="mcuboot",
    draw=_draw,
    read=lambda content: read_mcuboot(content, name="dfu_application.zip"),
    check=_check,
)
