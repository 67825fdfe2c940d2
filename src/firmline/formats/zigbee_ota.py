"""Zigbee OTA Upgrade files: an image and its init packet, as a Zigbee OTA server hands them out.

Rules of this module (Zigbee Cluster Library 07-5123-06, section 11.4.2; the elements are those that
nrfutil 6.1.7 writes, ``data/nrfutil/*.zigbee``):

* All numbers are little-endian, except those in the trigger element, which are big-endian.
* A header of 56 bytes (60 with the range of hardware versions), then three elements, each with a
  tag of 16 bits and a length of 32: the trigger (sizes and CRC-32 of what follows), the init packet
  and the image. The last two have the tag 0: the file's own order tells them apart.
* The header's text is a length in one byte and up to 30 characters of ASCII, filled with zeros.
* The file's name is made of what its header says: manufacturer, image type, version and comment.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from typing import Final, NamedTuple, NoReturn

from firmline.errors import Code, InputError
from firmline.values import U32_MAX

FILE_IDENTIFIER: Final = 0x0BEEF11E
HEADER_VERSION: Final = 0x0100
STACK_VERSION: Final = 0x0002  # ZigBee PRO
ANY_MANUFACTURER: Final = 0xFFFF  # wild card (11.4.2.5)
ANY_IMAGE_TYPE: Final = 0xFFFF  # wild card (11.4.2.6)
MAX_COMMENT_LENGTH: Final = 30  # nrfutil's; the header's text has 32 bytes with its length
MAX_VERSION: Final = 0xFFFF
TRIGGER_TAG: Final = 0xCDEF  # nRF's own, seen in nrfutil's file; not in the table of 11.4.2.15
_HAS_HW_VERSIONS: Final = 0x0004  # field control, bit 2 (11.4.2.4)
_TRIGGER_FLAGS: Final = 0x10  # version 1 of the trigger, not in DFU mode
_HEADER = struct.Struct("<IHHHHHIHB31sI")
_HW_VERSIONS = struct.Struct("<HH")
_ELEMENT = struct.Struct("<HI")
_TRIGGER = struct.Struct(">BIIII")
_IMAGE_TAG: Final = 0x0000


class _Header(NamedTuple):
    """The fields of the header, in the order of the file."""

    identifier: int
    header_version: int
    size: int
    field_control: int
    manufacturer: int
    image_type: int
    file_version: int
    stack_version: int
    text_length: int
    text: bytes
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ZigbeeOta:
    """One Zigbee OTA Upgrade file.

    Attributes:
        manufacturer: Code of the device's maker, 16 bits; 0xFFFF means every maker.
        image_type: The maker's number for the kind of device, 16 bits; 0xFFFF means every kind.
        file_version: Version of the firmware, 32 bits.
        comment: Up to 30 printable ASCII characters; part of the file's name.
        init_packet: As a unit gets it.
        firmware: As a unit gets it.
        hw_versions: Lowest and highest hardware version (16 bits each) of the devices it is for;
            None where the file names none.

    Raises:
        InputError: ``NUMBER_OUT_OF_RANGE`` or ``ZIGBEE_COMMENT``.
    """

    manufacturer: int = ANY_MANUFACTURER
    image_type: int = ANY_IMAGE_TYPE
    file_version: int
    comment: str = ""
    init_packet: bytes
    firmware: bytes
    hw_versions: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        check_comment(self.comment)
        numbers = [
            ("The manufacturer code", self.manufacturer, MAX_VERSION),
            ("The image type", self.image_type, MAX_VERSION),
            ("The file version", self.file_version, U32_MAX),
            *(("A hardware version", number, MAX_VERSION) for number in self.hw_versions or ()),
        ]
        for what, number, maximum in numbers:
            if not 0 <= number <= maximum:
                raise InputError(
                    Code.NUMBER_OUT_OF_RANGE,
                    f"{what} of a Zigbee file is a number from 0 to {maximum}, not {number}.",
                )

    @property
    def file_name(self) -> str:
        """How the file is called, as nrfutil does."""
        numbers = f"{self.manufacturer:04X}-{self.image_type:04X}-{self.file_version:08X}"
        return f"{numbers}-{self.comment}.zigbee"


def check_comment(comment: str) -> None:
    """Refuse a comment that does not fit into the header or into a file's name.

    Raises:
        InputError: ``ZIGBEE_COMMENT``.
    """
    if len(comment) > MAX_COMMENT_LENGTH:
        problem = f"has {len(comment)} characters, {MAX_COMMENT_LENGTH} are allowed"
    elif not (comment.isascii() and (comment.isprintable() or not comment)):
        problem = "holds characters other than printable ASCII"
    elif any(mark in comment for mark in '/\\:*?"<>|'):
        problem = "holds a character that a file name must not have, and it becomes part of one"
    else:
        return
    raise InputError(Code.ZIGBEE_COMMENT, f"The Zigbee comment {problem}.")


def encode_zigbee_ota(ota: ZigbeeOta) -> bytes:
    """The bytes of the file."""
    trigger = _TRIGGER.pack(
        _TRIGGER_FLAGS,
        len(ota.init_packet),
        zlib.crc32(ota.init_packet),
        len(ota.firmware),
        zlib.crc32(ota.firmware),
    )
    elements = b"".join(
        _ELEMENT.pack(tag, len(content)) + content
        for tag, content in (
            (TRIGGER_TAG, trigger),
            (_IMAGE_TAG, ota.init_packet),
            (_IMAGE_TAG, ota.firmware),
        )
    )
    versions = _HW_VERSIONS.pack(*ota.hw_versions) if ota.hw_versions is not None else b""
    header_size = _HEADER.size + len(versions)
    header = _HEADER.pack(
        FILE_IDENTIFIER,
        HEADER_VERSION,
        header_size,
        _HAS_HW_VERSIONS if versions else 0,
        ota.manufacturer,
        ota.image_type,
        ota.file_version,
        STACK_VERSION,
        len(ota.comment),
        ota.comment.encode("ascii"),
        header_size + len(elements),
    )
    return header + versions + elements


def looks_like_zigbee_ota(content: bytes) -> bool:
    """Whether bytes begin as every Zigbee OTA Upgrade file does."""
    return content.startswith(FILE_IDENTIFIER.to_bytes(4, "little"))


def decode_zigbee_ota(content: bytes, *, name: str) -> ZigbeeOta:
    """Read a file that nrfutil or firmline made; every size and checksum has to be right.

    Bytes of 0xFF behind the end are padding, as inside a package, and are left out.

    Args:
        content: The file.
        name: What to call it in a message.

    Raises:
        InputError: ``ZIGBEE_MALFORMED``, ``NUMBER_OUT_OF_RANGE`` or ``ZIGBEE_COMMENT``.
    """
    if len(content) < _HEADER.size:
        _malformed(name, f"has {len(content)} bytes, fewer than its header")
    header = _Header._make(_HEADER.unpack_from(content))
    if header[:2] != (FILE_IDENTIFIER, HEADER_VERSION) or header.stack_version != STACK_VERSION:
        _malformed(name, "does not begin as a Zigbee OTA Upgrade file of ZigBee PRO")
    has_versions = header.field_control == _HAS_HW_VERSIONS
    if header.field_control & ~_HAS_HW_VERSIONS or header.size != _HEADER.size + 4 * has_versions:
        _malformed(name, "has optional fields in its header that nRF devices do not use")
    if header.total > len(content) or content[header.total :].strip(b"\xff"):
        _malformed(name, f"says that it has {header.total} bytes, and has {len(content)}")
    text, rest = header.text[: header.text_length], header.text[header.text_length :]
    if header.text_length > len(header.text) or rest.strip(b"\0") or not text.isascii():
        _malformed(name, "has a damaged text in its header")
    trigger, init_packet, firmware = _elements(content[header.size : header.total], name)
    expected = (len(init_packet), zlib.crc32(init_packet), len(firmware), zlib.crc32(firmware))
    if _TRIGGER.unpack(trigger)[1:] != expected:
        _malformed(name, "holds other bytes than its trigger says: sizes or checksums differ")
    low, high = _HW_VERSIONS.unpack_from(content, _HEADER.size)
    return ZigbeeOta(
        manufacturer=header.manufacturer,
        image_type=header.image_type,
        file_version=header.file_version,
        comment=text.decode("ascii"),
        init_packet=init_packet,
        firmware=firmware,
        hw_versions=(low, high) if has_versions else None,
    )


def _elements(content: bytes, name: str) -> tuple[bytes, bytes, bytes]:
    """The contents of the three elements, in order."""
    found: list[bytes] = []
    for wanted in (TRIGGER_TAG, _IMAGE_TAG, _IMAGE_TAG):
        if len(content) < _ELEMENT.size:
            _malformed(name, "ends before its last element")
        tag, size = _ELEMENT.unpack_from(content)
        body, content = content[_ELEMENT.size :][:size], content[_ELEMENT.size + size :]
        if tag != wanted or len(body) != size:
            _malformed(name, "does not hold a trigger, an init packet and an image in this order")
        found.append(body)
    trigger, init_packet, firmware = found
    if content or len(trigger) != _TRIGGER.size:
        _malformed(name, "holds more than a trigger, an init packet and an image")
    return trigger, init_packet, firmware


def _malformed(name: str, what: str) -> NoReturn:
    raise InputError(Code.ZIGBEE_MALFORMED, f"{name} {what}.")
