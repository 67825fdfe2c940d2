"""Zigbee OTA Upgrade files: every byte of the layout, and what is refused."""

from __future__ import annotations

import zlib
from typing import Any

import pytest

from firmline.errors import Code
from firmline.formats.zigbee_ota import ZigbeeOta, decode_zigbee_ota, encode_zigbee_ota
from unit.formats.makers import refuses

OTA = ZigbeeOta(
    manufacturer=0x007B,
    image_type=0x0141,
    file_version=0x01020101,
    comment="good_image",
    init_packet=b"\x12\x34\x56",
    firmware=b"\x01\x02\x03\x04",
)


def changed(**values: Any) -> ZigbeeOta:
    fields = {name: getattr(OTA, name) for name in OTA.__slots__}
    return ZigbeeOta(**{**fields, **values})


def test_every_byte_is_where_the_specification_has_it() -> None:
    # ZCL 11.4.2: the header as the table lists its fields, then elements of tag, length and data.
    trigger = b"\x10" + b"".join(
        number.to_bytes(4, "big")
        for number in (3, zlib.crc32(OTA.init_packet), 4, zlib.crc32(OTA.firmware))
    )
    expected = bytes.fromhex("1ef1ee0b 0001 3800 0000 7b00 4101 01010201 0200")
    expected += b"\x0agood_image" + bytes(21) + (56 + 3 * 6 + 17 + 3 + 4).to_bytes(4, "little")
    expected += bytes.fromhex("efcd 11000000") + trigger
    expected += bytes.fromhex("0000 03000000") + OTA.init_packet
    expected += bytes.fromhex("0000 04000000") + OTA.firmware
    assert encode_zigbee_ota(OTA) == expected


def test_a_range_of_hardware_versions_makes_the_header_longer() -> None:
    plain, ranged = encode_zigbee_ota(OTA), encode_zigbee_ota(changed(hw_versions=(50, 0x1234)))
    assert ranged[6:10] == bytes.fromhex("3c00 0400")
    assert ranged[56:60] == bytes.fromhex("3200 3412")
    assert ranged[60:] == plain[56:]
    assert int.from_bytes(ranged[52:56], "little") == len(ranged) == len(plain) + 4


@pytest.mark.parametrize(
    "ota",
    [OTA, changed(hw_versions=(0, 0xFFFF)), changed(comment=""), changed(comment="x" * 30)],
    ids=["plain", "range", "no comment", "longest comment"],
)
def test_what_is_written_is_read(ota: ZigbeeOta) -> None:
    assert decode_zigbee_ota(encode_zigbee_ota(ota), name="f") == ota
    assert decode_zigbee_ota(encode_zigbee_ota(ota) + b"\xff\xff\xff", name="f") == ota


def test_the_name_says_what_the_header_says() -> None:
    assert OTA.file_name == "007B-0141-01020101-good_image.zigbee"
    wild = ZigbeeOta(file_version=7, init_packet=b"", firmware=b"")
    assert wild.file_name == "FFFF-FFFF-00000007-.zigbee"


@pytest.mark.parametrize(
    ("values", "code", "fragment"),
    [
        ({"manufacturer": 0x10000}, Code.NUMBER_OUT_OF_RANGE, "manufacturer code"),
        ({"image_type": -1}, Code.NUMBER_OUT_OF_RANGE, "image type"),
        ({"file_version": 1 << 32}, Code.NUMBER_OUT_OF_RANGE, "file version"),
        ({"hw_versions": (0, 0x10000)}, Code.NUMBER_OUT_OF_RANGE, "hardware version"),
        ({"comment": "x" * 31}, Code.ZIGBEE_COMMENT, "31 characters"),
        ({"comment": "caf\u00e9"}, Code.ZIGBEE_COMMENT, "printable ASCII"),
        ({"comment": "a\nb"}, Code.ZIGBEE_COMMENT, "printable ASCII"),
        ({"comment": "../x"}, Code.ZIGBEE_COMMENT, "file name"),
        ({"comment": "a\\b"}, Code.ZIGBEE_COMMENT, "file name"),
    ],
)
def test_values_that_do_not_fit(values: dict[str, Any], code: Code, fragment: str) -> None:
    with refuses(code, fragment):
        changed(**values)


@pytest.mark.parametrize(
    ("at", "byte", "fragment"),
    [
        (0, 0x1F, "does not begin"),
        (4, 0x01, "does not begin"),
        (18, 0x03, "does not begin"),
        (6, 0x3C, "optional fields"),
        (8, 0x01, "optional fields"),
        (20, 0x20, "damaged text"),
        (20, 0x09, "damaged text"),
        (22, 0xC3, "damaged text"),
        (52, 0xFF, "says that it has"),
        (56, 0x00, "in this order"),
        (58, 0x10, "in this order"),
        (62 + 8, 0x00, "checksums"),
        (-1, 0x05, "checksums"),
    ],
)
def test_a_wrong_byte_is_found(at: int, byte: int, fragment: str) -> None:
    content = bytearray(encode_zigbee_ota(OTA))
    assert content[at] != byte
    content[at] = byte
    with refuses(Code.ZIGBEE_MALFORMED, fragment):
        decode_zigbee_ota(bytes(content), name="f")


def test_no_beginning_of_a_file_is_a_file() -> None:
    content = encode_zigbee_ota(OTA)
    for size in range(len(content)):
        with refuses(Code.ZIGBEE_MALFORMED, ""):
            decode_zigbee_ota(content[:size], name="f")


def test_something_behind_the_end_is_refused() -> None:
    with refuses(Code.ZIGBEE_MALFORMED, "says that it has"):
        decode_zigbee_ota(encode_zigbee_ota(OTA) + b"\x00", name="f")


def test_a_fourth_element_is_refused() -> None:
    content = bytearray(encode_zigbee_ota(OTA) + bytes.fromhex("0000 00000000"))
    content[52:56] = len(content).to_bytes(4, "little")
    with refuses(Code.ZIGBEE_MALFORMED, "more than"):
        decode_zigbee_ota(bytes(content), name="f")
