"""The check of every boot: what is kept of an image, and whether an image passes."""

from __future__ import annotations

import pytest

from firmline.formats.boot_check import boot_check_value, passes_boot_check
from firmline.formats.init_command import BootValidationType

IMAGE = b"123456789"
CRC = (0xCBF4_3926).to_bytes(4, "little")  # the check value of CRC-32, as its definition gives it
SHA256 = bytes.fromhex("15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225")
NONE, BY_CRC, BY_SHA256, BY_SIGNATURE = BootValidationType
UNKNOWN = 4


def page_data(value: bytes) -> bytes:
    return value.ljust(64, b"\0")


@pytest.mark.parametrize(
    ("kind", "value"),
    [(NONE, b""), (BY_CRC, CRC), (BY_SHA256, SHA256), (BY_SIGNATURE, None), (UNKNOWN, None)],
)
def test_what_is_kept_of_an_image(kind: int, value: bytes | None) -> None:
    assert boot_check_value(kind, IMAGE) == value


@pytest.mark.parametrize(("kind", "value"), [(NONE, b""), (BY_CRC, CRC), (BY_SHA256, SHA256)])
def test_the_image_it_was_made_of_passes(kind: int, value: bytes) -> None:
    assert passes_boot_check(kind, page_data(value), IMAGE) is True


@pytest.mark.parametrize(("kind", "value"), [(BY_CRC, CRC), (BY_SHA256, SHA256)])
def test_another_image_or_other_data_does_not_pass(kind: int, value: bytes) -> None:
    for at in range(len(value)):
        data = bytearray(page_data(value))
        data[at] ^= 1
        assert passes_boot_check(kind, bytes(data), IMAGE) is False
    assert passes_boot_check(kind, page_data(value), IMAGE + b"0") is False


def test_what_lies_behind_the_value_is_not_looked_at() -> None:
    assert passes_boot_check(BY_CRC, CRC.ljust(64, b"\xff"), IMAGE) is True


def test_where_nothing_is_checked_every_image_passes() -> None:
    assert passes_boot_check(NONE, b"\xff" * 64, b"") is True


def test_a_type_that_no_bootloader_knows_never_passes() -> None:
    assert passes_boot_check(UNKNOWN, bytes(64), IMAGE) is False


def test_a_signature_is_for_the_key_to_judge() -> None:
    seen: list[tuple[bytes, bytes]] = []

    def verify(image: bytes, signature: bytes) -> bool:
        seen.append((image, signature))
        return signature == bytes(64)

    assert passes_boot_check(BY_SIGNATURE, bytes(64), IMAGE, verify=verify) is True
    assert passes_boot_check(BY_SIGNATURE, b"\x01" * 64, IMAGE, verify=verify) is False
    assert seen == [(IMAGE, bytes(64)), (IMAGE, b"\x01" * 64)]


def test_without_the_key_nobody_can_say() -> None:
    assert passes_boot_check(BY_SIGNATURE, bytes(64), IMAGE) is None
