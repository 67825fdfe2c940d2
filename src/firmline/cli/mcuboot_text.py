"""An image or file for MCUboot, in words and in JSON fields."""

from __future__ import annotations

import uuid
from typing import Any

from firmline.cli.style import printable
from firmline.formats.mcuboot.image import Integrity, McubootImage
from firmline.formats.mcuboot.keys import ImageKey, known_image_key
from firmline.formats.mcuboot.manifest import ManifestFile
from firmline.formats.mcuboot.package import McubootFile
from firmline.formats.mcuboot.tlv import Tlv, TlvType

_SHOWN_BYTES = 32
_SAID = {
    Integrity.HOLDS: "",
    Integrity.UNKNOWN: " (not checked: it is over the image before encryption)",
}
_UUIDS = {TlvType.UUID_VID: "vendor", TlvType.UUID_CID: "class"}


def file_lines(file: McubootFile) -> list[str]:
    """One file, for people."""
    rows = [] if file.listed is None else _listed_rows(file.listed)
    if file.image is None:
        return _table(file.name, [("holds", "no image for MCUboot"), ("size", _bytes(file)), *rows])
    return _table(file.name, [*_image_rows(file.image), *rows])


def file_fields(file: McubootFile, key: ImageKey | None) -> dict[str, Any]:
    """One file, for programs; numbers are bytes, values of TLVs hexadecimal.

    Args:
        file: The file.
        key: What its signature is verified with, if anything.
    """
    return {
        "file": printable(file.name),
        "size": file.size,
        "listed": None if file.listed is None else _listed_fields(file.listed),
        "image": None if file.image is None else _image_fields(file.image, key),
    }


def _table(title: str, rows: list[tuple[str, str]]) -> list[str]:
    return [title, *(f"  {label:<11} {text}" for label, text in rows)]


def _bytes(file: McubootFile) -> str:
    return f"{file.size:,} bytes"


def _image_rows(image: McubootImage) -> list[tuple[str, str]]:
    header = image.header
    rows = [
        ("version", str(header.version)),
        ("size", f"{image.size:,} bytes: header {header.size}, program {header.image_size:,}"),
        ("flags", ", ".join(header.flag_names) or "none"),
    ]
    if header.order == "big":
        rows.append(("byte order", "big-endian, as no chip of Nordic's has it"))
    if header.load_address:
        rows.append(("runs at", f"0x{header.load_address:08X}"))
    if image.address is not None:
        rows.append(("lies at", f"0x{image.address:08X}"))
    rows += [
        (kind.name, f"{value.hex()}{_SAID.get(image.integrity, '')}")
        for kind, value in image.hashes
    ]
    return [*rows, *_key_rows(image), *_more_rows(image), *_end_rows(image)]


def _key_rows(image: McubootImage) -> list[tuple[str, str]]:
    rows = [("key hash", value.hex()) for value in image.key_hashes]
    rows += [("public key", _shortened(value)) for value in image.public_keys]
    known = known_image_key(image)
    if known is not None:
        rows.append(("known as", f"{known.name}. {known.note}"))
    pure = ", over the whole image (pure)" if image.is_pure else ""
    names = [f"{kind.name}, {len(value)} bytes{pure}" for kind, value in image.signatures]
    return [*rows, *(("signature", name) for name in names or ["none"])]


def _more_rows(image: McubootImage) -> list[tuple[str, str]]:
    rows = []
    if image.security_counter is not None:
        rows.append(("counter", f"{image.security_counter} (security counter)"))
    rows += [
        ("depends on", f"image {each.image}, version {each.version} or above")
        for each in image.dependencies
    ]
    if image.encryption is not None:
        state = "encrypted" if image.is_encrypted else "not encrypted, but made to be"
        rows.append(("encryption", f"{state}; its key is packed by {image.encryption}"))
    if image.is_compressed:
        rows.append(("compressed", f"yes; unpacked {image.unpacked_size or 0:,} bytes"))
    rows += [
        (label, str(uuid.UUID(bytes=value)))
        for kind, label in _UUIDS.items()
        for value in image.protected_values(kind)
    ]
    rows += [("more TLVs", f"{tlv.title}: {_shortened(tlv.value)}") for tlv in _others(image)]
    if image.rogue:
        names = ", ".join(tlv.title for tlv in image.rogue)
        rows.append(("rogue TLVs", f"{names}: no hash covers them, and MCUboot refuses them"))
    return rows


def _end_rows(image: McubootImage) -> list[tuple[str, str]]:
    rows = []
    if image.trailer is not None:
        state = "confirmed: it is never reverted" if image.trailer.is_confirmed else "to be tested"
        rows.append(("padded", f"to {image.file_size:,} bytes, with a trailer; {state}"))
    if image.stray:
        rows.append(("behind it", f"{image.stray:,} bytes that belong neither to it nor a trailer"))
    return rows


def _others(image: McubootImage) -> list[Tlv]:
    """The protected TLVs of makers, and those of MCUboot's own that have no row."""
    return [
        tlv
        for tlv in image.protected
        if tlv.kind >= 0xA0 or tlv.kind in {TlvType.BOOT_RECORD, TlvType.DECOMP_SHA}
    ]


def _listed_rows(listed: ManifestFile) -> list[tuple[str, str]]:
    slots = [str(slot) for slot in listed.slots if slot is not None]
    rows = [
        ("image", str(listed.image)),
        ("built for", "" if listed.slot is None else f"slot {listed.slot}"),
        ("slots", " and ".join(slots)),
        ("type", listed.kind or ""),
        ("board", listed.board or ""),
        ("chip", listed.soc or ""),
        ("load address", "" if listed.load_address is None else f"0x{listed.load_address:X}"),
        ("own version", listed.other_version or ""),
    ]
    return [(label, text) for label, text in rows if text]


def _listed_fields(listed: ManifestFile) -> dict[str, Any]:
    texts = {
        "type": listed.kind,
        "board": listed.board,
        "soc": listed.soc,
        "version": listed.version,
        "other_version": listed.other_version,
    }
    return {
        **{name: None if text is None else printable(text) for name, text in texts.items()},
        "image_index": listed.image,
        "slot": listed.slot,
        "slot_index_primary": listed.slots[0],
        "slot_index_secondary": listed.slots[1],
        "load_address": listed.load_address,
        "direct_xip": listed.is_xip,
    }


def _image_fields(image: McubootImage, key: ImageKey | None) -> dict[str, Any]:
    header, known, trailer = image.header, known_image_key(image), image.trailer
    return {
        "version": str(header.version),
        "byte_order": header.order,
        "header_size": header.size,
        "image_size": header.image_size,
        "size": image.size,
        "address": image.address,
        "load_address": header.load_address,
        "flags": list(header.flag_names),
        "integrity": image.integrity.value,
        "protected": [_tlv_fields(tlv) for tlv in image.protected],
        "unprotected": [_tlv_fields(tlv) for tlv in image.unprotected],
        "rogue": [tlv.title for tlv in image.rogue],
        "security_counter": image.security_counter,
        "dependencies": [
            {"image": each.image, "version": str(each.version)} for each in image.dependencies
        ],
        "encrypted": image.is_encrypted,
        "encryption": image.encryption,
        "compressed": image.is_compressed,
        "pure": image.is_pure,
        "known_key": known.name if known is not None else None,
        "signature": None if key is None else key.judge(image).value,
        "trailer": None if trailer is None else {"confirmed": trailer.is_confirmed},
        "stray": image.stray,
    }


def _tlv_fields(tlv: Tlv) -> dict[str, str]:
    return {"type": tlv.title, "value": tlv.value.hex()}


def _shortened(value: bytes) -> str:
    digits = value[:_SHOWN_BYTES].hex()
    return digits if len(value) <= _SHOWN_BYTES else f"{digits}... ({len(value)} bytes)"
