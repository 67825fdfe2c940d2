"""The DFU trigger's words: numbers as published, strings made safe."""

from __future__ import annotations

import pytest

from firmline.protocol.usb_trigger import (
    INTERFACE_CLASS,
    INTERFACE_PROTOCOL,
    INTERFACE_SUBCLASS,
    NORDIC_VENDOR_ID,
    OPEN_BOOTLOADER_ID,
    TriggerRequest,
    decode_version,
    encode_version,
)


def test_numbers_are_those_that_nordic_has_published() -> None:
    assert (INTERFACE_CLASS, INTERFACE_SUBCLASS, INTERFACE_PROTOCOL) == (0xFF, 1, 1)
    assert (NORDIC_VENDOR_ID, OPEN_BOOTLOADER_ID) == (0x1915, 0x521F)
    assert [(each.name, each.value) for each in TriggerRequest] == [
        ("DETACH", 0),
        ("FIRMWARE_INFO", 7),
        ("VERSION_STRING", 8),
    ]


@pytest.mark.parametrize("text", ["tag 1.2.0", "rssi 0.1.0+MAY-02-2018-10-11-12", "größe 1.0.0"])
def test_a_version_comes_back(text: str) -> None:
    assert decode_version(encode_version(text)) == text


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"tag 1.0.0", "tag 1.0.0"),
        (b"tag 1.0.0\0rest", "tag 1.0.0"),
        (b"", ""),
        (b"\0", ""),
        (b"  tag\r\n\x1b[31m 1 ", "tag[31m 1"),
        (b"\xff\xfe", "\N{REPLACEMENT CHARACTER}" * 2),
    ],
)
def test_what_is_no_plain_text_is_made_safe(data: bytes, text: str) -> None:
    assert decode_version(data) == text
