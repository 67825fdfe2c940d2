"""Facts of Nordic's DFU services, and bytes from the air made safe."""

from __future__ import annotations

import uuid

import pytest

from firmline.errors import Code, TransportReason
from firmline.links.base import DeviceInformation
from firmline.links.gatt import (
    CHANNEL_UUIDS,
    INFORMATION_FIELDS,
    LEGACY_DFU_SERVICE,
    SMP_SERVICE,
    battery_percent,
    clean_text,
    information_from,
    lost,
    not_found,
    parse_advertising,
    refused,
    timed_out,
    uuid_text,
)
from firmline.protocol.channels import Channel
from firmline.values import BleAddress

PEER = BleAddress.parse("E1:22:33:44:55:66")
# As the SDK's bootloader advertises (spec section 11).
DFU_TARG = bytes.fromhex("020106 030259FE 0809") + b"DfuTarg"


def test_only_the_channels_of_bluetooth_have_a_uuid() -> None:
    assert set(Channel) - set(CHANNEL_UUIDS) == {Channel.SERIAL}
    assert len({uuid.UUID(text) for text in CHANNEL_UUIDS.values()}) == 5


def test_a_bootloaders_advertisement_is_understood() -> None:
    advertised = parse_advertising(DFU_TARG)
    assert advertised.name == "DfuTarg"
    assert advertised.services == {0xFE59}


def test_a_complete_list_of_services_counts_as_well() -> None:
    assert parse_advertising(bytes.fromhex("05030A1859FE")).services == {0x180A, 0xFE59}


def test_half_a_service_uuid_is_left_out() -> None:
    assert parse_advertising(bytes.fromhex("040359FE0A")).services == {0xFE59}


def test_the_complete_name_wins_over_the_shortened_one() -> None:
    assert parse_advertising(b"\x03\x08Df\x04\x09Dfu").name == "Dfu"
    assert parse_advertising(b"\x04\x09Dfu\x03\x08Df").name == "Dfu"
    assert parse_advertising(b"\x03\x08Df").name == "Df"


def test_advertising_data_may_end_anywhere() -> None:
    for size in range(len(DFU_TARG)):
        advertised = parse_advertising(DFU_TARG[:size])
        assert advertised.name == ""
        assert advertised.services == (frozenset({0xFE59}) if size >= 7 else frozenset())


def test_a_length_of_zero_ends_the_data() -> None:
    assert parse_advertising(b"\x00" + DFU_TARG).name == ""
    assert parse_advertising(b"").services == frozenset()


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"plain", "plain"),
        (b"  padded\x00\x00", "padded"),
        ("Gerät".encode(), "Gerät"),
        (b"\x1b[31mred", "[31mred"),
        (b"line\r\nbreak", "linebreak"),
        (b"\xff\xfe", "\ufffd\ufffd"),
        (b"x" * 300, "x" * 64),
        (b"", ""),
    ],
)
def test_text_of_a_unit_is_cleaned_and_capped(raw: bytes, text: str) -> None:
    assert clean_text(raw) == text


def test_device_information_is_named_and_cleaned() -> None:
    information = information_from({0x2A26: b"1.2\n", 0x2A29: b"ACME", 0x2A50: b"\x01\x02"})
    assert information == DeviceInformation(firmware_revision="1.2", manufacturer="ACME")


def test_no_device_information_is_none_of_it() -> None:
    assert information_from({}) == DeviceInformation()


def test_every_field_of_device_information_has_its_uuid() -> None:
    all_of_it = information_from(dict.fromkeys(INFORMATION_FIELDS, b"text"))
    assert all_of_it == DeviceInformation(**dict.fromkeys(INFORMATION_FIELDS.values(), "text"))


def test_a_loss_names_its_reason() -> None:
    error = lost(PEER, 0x08)
    assert (error.code, error.reason, error.hci_reason) == (
        Code.LINK_LOST,
        TransportReason.LOST,
        0x08,
    )
    assert error.message == "The connection to E1:22:33:44:55:66 was lost (HCI reason 0x08)."
    assert lost(PEER, None).message.endswith("was lost.")


def test_a_refusal_carries_the_att_status() -> None:
    error = refused(PEER, "a write to control", 0xFD)
    assert (error.code, error.reason) == (Code.LINK_REFUSED, TransportReason.REFUSED)
    assert error.context["att_status"] == 0xFD
    assert "0xFD" in error.message


def test_waits_in_vain_say_how_long_they_were() -> None:
    silent, absent = timed_out(PEER, "answer", 2.5), not_found(PEER, 10.0)
    assert (silent.code, silent.reason) == (Code.LINK_TIMEOUT, TransportReason.TIMEOUT)
    assert (absent.code, absent.reason) == (Code.UNIT_NOT_FOUND, TransportReason.NOT_FOUND)
    assert "2.5 s" in silent.message
    assert "10 s" in absent.message


def long_uuids(*texts: str, kind: int = 0x06) -> bytes:
    """A list of 128-bit UUIDs as it is sent."""
    content = b"".join(uuid.UUID(text).bytes[::-1] for text in texts)
    return bytes([1 + len(content), kind]) + content


@pytest.mark.parametrize("kind", [0x06, 0x07])
def test_long_service_uuids_are_understood(kind: int) -> None:
    advertised = parse_advertising(long_uuids(LEGACY_DFU_SERVICE, kind=kind))
    assert advertised.long_services == {LEGACY_DFU_SERVICE}
    assert advertised.services == frozenset()


def test_several_long_uuids_and_half_of_one() -> None:
    whole = long_uuids(LEGACY_DFU_SERVICE, SMP_SERVICE)
    assert parse_advertising(whole).long_services == {LEGACY_DFU_SERVICE, SMP_SERVICE}
    half = bytes([1 + 24, 0x06]) + whole[2:26]
    assert parse_advertising(half).long_services == {LEGACY_DFU_SERVICE}


def test_a_long_uuid_is_written_as_everyone_writes_it() -> None:
    raw = uuid.UUID(SMP_SERVICE).bytes[::-1]
    assert uuid_text(raw) == SMP_SERVICE == str(uuid.UUID(bytes=raw[::-1])).upper()


@pytest.mark.parametrize(
    ("raw", "percent"),
    [
        (b"\x00", 0),
        (b"\x57", 87),
        (b"\x64", 100),
        (b"\x65", None),
        (b"", None),
        (b"\x01\x02", None),
    ],
)
def test_a_battery_level_is_a_percentage_or_nothing(raw: bytes, percent: int | None) -> None:
    assert battery_percent(raw) == percent
