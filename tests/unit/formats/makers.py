"""Small files made by hand, and the one way to expect a refusal."""

from __future__ import annotations

import io
import struct
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from firmline.errors import Code, InputError
from firmline.formats.firmware import FirmwareImage
from firmline.formats.keys import SigningKey
from firmline.formats.records import format_intel_hex
from firmline.formats.softdevice import build_softdevice_info
from firmline.formats.spans import Span
from firmline.values import Fwid


@contextmanager
def refuses(code: Code, fragment: str) -> Iterator[None]:
    """The block must raise an InputError with this code, and these words in its message."""
    with pytest.raises(InputError) as caught:
        yield
    assert caught.value.code is code
    assert fragment in caught.value.message


def hex_file(*pieces: tuple[int, bytes]) -> bytes:
    """An Intel HEX file."""
    return format_intel_hex(Span(address=at, data=data) for at, data in pieces).encode()


def image(data: bytes, *, address: int | None = 0x26000, name: str = "app.hex") -> FirmwareImage:
    return FirmwareImage(data=data, address=address, source_name=name)


def softdevice_image(
    *, end: int = 0x26000, fwid: int = 0x101, name: str = "s132.hex"
) -> FirmwareImage:
    info = build_softdevice_info(size_word=end, fwid=Fwid(fwid), family=132, version=7_002_000)
    return image(bytes(0x2000) + info + bytes(8), address=0x1000, name=name)


def zip_file(*entries: tuple[str, bytes], deflated: bool = False) -> bytes:
    """A zip file with entries in this order; the same name may come twice."""
    buffer = io.BytesIO()
    method = zipfile.ZIP_DEFLATED if deflated else zipfile.ZIP_STORED
    with warnings.catch_warnings(), zipfile.ZipFile(buffer, "w", method) as archive:
        warnings.filterwarnings("ignore", "Duplicate name")
        for name, data in entries:
            archive.writestr(zipfile.ZipInfo(name), data, method)
    return buffer.getvalue()


def elf_file(
    sections: list[tuple[int, bytes]],
    *,
    machine: int = 40,
    virtual_shift: int = 0,
    leading: int = 0,
) -> bytes:
    """An ELF file with one loadable segment over all sections, as a linker script makes it.

    Args:
        sections: Load addresses and bytes, in order; a gap in addresses is a gap in the file.
        machine: ``e_machine``.
        virtual_shift: How far the sections run from where they are loaded.
        leading: How many bytes in front of the first section the segment covers, too.
    """
    base = sections[0][0]
    start = 52 + 32 + 44 + leading  # headers, one program header, room for the leading bytes
    size = sections[-1][0] + len(sections[-1][1]) - base
    body = bytearray(b"\xaa" * size)
    rows = [struct.pack("<10I", 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)]
    for address, data in sections:
        offset = address - base
        body[offset : offset + len(data)] = data
        place = (address + virtual_shift, start + offset, len(data))
        rows.append(struct.pack("<10I", 1, 1, 2, *place, 0, 0, 4, 0))
    # Two that must not be taken although their offsets lie in the segment: .bss and .comment.
    rows.append(struct.pack("<10I", 1, 8, 3, 0x2000_0000, start, 4, 0, 0, 4, 0))
    rows.append(struct.pack("<10I", 1, 1, 0x31, 0, start, 4, 0, 0, 1, 0))
    segment = struct.pack(
        "<8I", 1, start - leading, base + virtual_shift, base - leading, size + leading, size, 5, 4
    )
    tables_at = start + size
    header = struct.pack(
        "<16sHHIIIIIHHHHHH",
        b"\x7fELF\x01\x01\x01",
        2,
        machine,
        1,
        base,
        52,
        tables_at,
        0,
        52,
        32,
        1,
        40,
        len(rows),
        0,
    )
    front = (header + segment).ljust(start, b"\x55")
    return front + bytes(body) + b"".join(rows)


def key_of(scalar: int) -> SigningKey:
    """The signing key with this secret number."""
    private = ec.derive_private_key(scalar, ec.SECP256R1())
    pem = private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return SigningKey.parse_pem(pem, name="key")
