"""The bootloader's decoder, rule by rule (spec sections 5, 16.1 W8, 16.2 S1 and S2)."""

from __future__ import annotations

import pytest

from firmline.device.bootloader.init_decoder import UndecodableError, UnitInitCommand, decode
from unit.device.makers import (
    FWID,
    KEY,
    blob,
    command,
    init_command,
    number,
    pair,
    signed_packet,
    understood,
    unsigned_packet,
    varint,
)

HASH = bytes(range(32))
GOOD = init_command(bytes(8), digest=HASH, validations=[(1, b""), (2, b"\x05")])


def undecodable(packet: bytes) -> None:
    with pytest.raises(UndecodableError):
        decode(packet)


# What a packet says.


def test_every_field_is_read() -> None:
    init = init_command(
        kind=3,
        fw_version=0xFFFF_FFFF,
        hw_version=52,
        sd_req=(0xFFFE, 0),
        sd_size=0x100,
        bl_size=0x200,
        app_size=0x300,
        hash_type=3,
        digest=HASH,
        validations=[(1, b""), (3, bytes(64))],
    )
    assert understood(init + number(9, 1)) == UnitInitCommand(
        fw_version=0xFFFF_FFFF,
        hw_version=52,
        sd_req=[0xFFFE, 0],
        type=3,
        sd_size=0x100,
        bl_size=0x200,
        app_size=0x300,
        hash_type=3,
        hash=HASH,
        is_debug=True,
        boot_validations=[(1, b""), (3, bytes(64))],
    )


def test_what_is_absent_is_absent() -> None:
    absent = understood(b"")
    assert absent == UnitInitCommand()
    assert (absent.type, absent.fw_version, absent.hw_version) == (None, None, None)
    assert (absent.sd_size, absent.bl_size, absent.app_size, absent.hash_type) == (0, 0, 0, 0)


def test_a_signed_packet_carries_its_signature_and_what_was_signed() -> None:
    packet = decode(signed_packet(GOOD, signature_type=1))
    assert packet.command == understood(GOOD)
    assert packet.signed_range == GOOD
    assert (packet.signature_type, packet.signature) == (1, KEY.sign(GOOD))


def test_an_unsigned_packet_has_no_signature() -> None:
    packet = decode(unsigned_packet(GOOD))
    assert (packet.signature_type, packet.signature, packet.signed_range) == (None, b"", GOOD)


def test_the_op_code_may_be_anything_or_absent() -> None:
    for before in (b"", number(1, 0), number(1, 255)):
        assert decode(blob(1, command(GOOD, before=before))).command == understood(GOOD)


# Envelopes.

SIGNED = blob(1, command(GOOD)) + number(2, 0) + blob(3, bytes(64))


@pytest.mark.parametrize(
    "packet",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(number(3, 1), id="neither command nor signed command"),
        pytest.param(blob(1, command(GOOD)) + blob(2, SIGNED), id="both"),
        pytest.param(blob(2, SIGNED) + blob(1, command(GOOD)), id="both, the other way round"),
        pytest.param(blob(2, SIGNED) * 2, id="twice signed"),
        pytest.param(blob(1, command(GOOD)) * 2, id="two commands"),
        pytest.param(number(1, 4), id="a command that is a number"),
        pytest.param(blob(1, b""), id="an empty command"),
        pytest.param(blob(1, number(1, 1)), id="a command without init"),
        pytest.param(blob(1, number(2, 1)), id="an init that is a number"),
        pytest.param(blob(1, blob(1, b"\x01") + blob(2, GOOD)), id="an op code of bytes"),
        pytest.param(blob(1, number(1, 256) + blob(2, GOOD)), id="an op code that needs nine bits"),
        pytest.param(blob(1, b"\x12\x05abc"), id="an init longer than its command"),
        pytest.param(blob(2, number(2, 0) + blob(3, bytes(64))), id="signed without command"),
        pytest.param(
            blob(2, blob(1, command(GOOD)) + blob(3, bytes(64))), id="without signature type"
        ),
        pytest.param(blob(2, blob(1, command(GOOD)) + number(2, 0)), id="without signature"),
        pytest.param(
            blob(2, blob(1, command(GOOD)) + number(2, 256) + blob(3, bytes(64))),
            id="a signature type that needs nine bits",
        ),
        pytest.param(
            blob(2, blob(1, command(GOOD)) + number(2, 0) + blob(3, bytes(65))),
            id="a signature of 65 bytes",
        ),
        pytest.param(
            blob(2, number(1, 0) + number(2, 0) + blob(3, bytes(64))), id="a command as number"
        ),
        pytest.param(blob(2, b"\x08" + SIGNED[1:]), id="a command under the tag of a number"),
        pytest.param(
            blob(2, blob(1, command(GOOD)) + blob(2, b"") + blob(3, bytes(64))),
            id="a signature type of bytes",
        ),
        pytest.param(
            blob(2, blob(1, command(GOOD)) + number(2, 0) + number(3, 1)),
            id="a signature that is a number",
        ),
        pytest.param(blob(2, SIGNED)[:-1], id="one byte short"),
        pytest.param(blob(2, SIGNED) + b"\x08", id="one byte more that begins a field"),
        pytest.param(blob(2, SIGNED) + b"\x1b", id="a group (wire type 3)"),
        pytest.param(blob(2, SIGNED) + b"\x1f", id="wire type 7"),
    ],
)
def test_an_envelope_is_undecodable_with(packet: bytes) -> None:
    undecodable(packet)


def test_a_zero_tag_ends_a_message_without_complaint() -> None:
    packet = decode(blob(2, SIGNED) + b"\x00" + b"\xff" * 5)
    assert packet.command == understood(GOOD)
    assert understood(GOOD + b"\x00" + number(1, 9)).fw_version == 4


@pytest.mark.parametrize(
    "unknown",
    [
        number(20, 1 << 63),
        varint(21 << 3 | 1) + bytes(8),
        blob(22, b"anything"),
        varint(23 << 3 | 5) + bytes(4),
    ],
    ids=["a number", "eight bytes", "bytes", "four bytes"],
)
def test_unknown_fields_are_skipped_at_every_level(unknown: bytes) -> None:
    init = unknown + GOOD + unknown
    inside = unknown + blob(2, init)
    packet = unknown + blob(2, unknown + blob(1, inside) + number(2, 0) + blob(3, bytes(64)))
    assert decode(packet + unknown).command == understood(GOOD)


def test_unknown_fields_are_skipped_in_pairs_too() -> None:
    unknown = blob(9, number(1, 7) + blob(2, b"not this"))
    command = understood(blob(8, unknown + number(1, 3) + blob(2, HASH) + unknown))
    assert (command.hash_type, command.hash) == (3, HASH)


# The range that is hashed and decoded (W8).


def test_fields_behind_the_init_command_are_signed_and_read_as_its_own() -> None:
    packet = decode(signed_packet(GOOD, after=number(1, 1)))
    assert packet.signed_range == GOOD + number(1, 1)
    assert packet.command.fw_version == 1


# Fields of the init command (S2).


@pytest.mark.parametrize(
    "field",
    [
        pytest.param(blob(1, b"\x01"), id="fw_version as bytes"),
        pytest.param(blob(2, b"\x01"), id="hw_version as bytes"),
        pytest.param(varint(3 << 3 | 5) + bytes(4), id="sd_req as four bytes"),
        pytest.param(blob(4, b"\x01"), id="type as bytes"),
        pytest.param(blob(5, b"\x01"), id="sd_size as bytes"),
        pytest.param(varint(6 << 3 | 1) + bytes(8), id="bl_size as eight bytes"),
        pytest.param(blob(7, b"\x01"), id="app_size as bytes"),
        pytest.param(number(8, 3), id="hash as number"),
        pytest.param(blob(9, b"\x01"), id="is_debug as bytes"),
        pytest.param(number(10, 1), id="boot validation as number"),
        pytest.param(number(1, 1 << 32), id="fw_version of 33 bits"),
        pytest.param(number(2, 52 + (1 << 32)), id="hw_version of 33 bits"),
        pytest.param(blob(3, varint(1 << 32)), id="packed sd_req of 33 bits"),
        pytest.param(number(3, 1 << 32), id="sd_req of 33 bits"),
        pytest.param(number(4, 256), id="type of nine bits"),
        pytest.param(number(5, 1 << 32), id="sd_size of 33 bits"),
        pytest.param(number(6, 1 << 32), id="bl_size of 33 bits"),
        pytest.param(number(7, 1 << 32), id="app_size of 33 bits"),
        pytest.param(pair(8, 256 + 3, HASH), id="hash type of nine bits"),
        pytest.param(pair(8, 3, bytes(33)), id="hash of 33 bytes"),
        pytest.param(blob(8, number(1, 3)), id="hash without its bytes"),
        pytest.param(blob(8, blob(2, HASH)), id="hash without its type"),
        pytest.param(blob(8, blob(1, b"\x03") + blob(2, HASH)), id="hash type as bytes"),
        pytest.param(blob(8, number(1, 3) + number(2, 1)), id="hash bytes as number"),
        pytest.param(pair(8, 3, HASH) + blob(8, number(1, 3)), id="a second hash inherits nothing"),
        pytest.param(pair(10, 1, bytes(65)), id="boot validation of 65 bytes"),
        pytest.param(pair(10, 256, b""), id="boot validation type of nine bits"),
        pytest.param(pair(10, 1, b"") * 4, id="four boot validations"),
        pytest.param(number(3, FWID) * 17, id="17 SoftDevices one by one"),
        pytest.param(blob(3, varint(FWID) * 17), id="17 SoftDevices packed"),
        pytest.param(blob(3, varint(FWID) * 16) + number(3, 1), id="16 packed and one more"),
        pytest.param(blob(3, b"\x80"), id="a packed SoftDevice that breaks off"),
        pytest.param(varint(1 << 3) + b"\x80" * 10 + b"\x00", id="a number of eleven bytes"),
        pytest.param(b"\x09" + bytes(7), id="eight bytes that are seven"),
    ],
)
def test_an_init_command_is_undecodable_with(field: bytes) -> None:
    undecodable(unsigned_packet(GOOD + field))


@pytest.mark.parametrize(
    ("field", "name", "value"),
    [
        pytest.param(number(1, 9), "fw_version", 9, id="the last version wins"),
        pytest.param(number(4, 255), "type", 255, id="a type of eight bits is a type"),
        pytest.param(b"\x88\x00\x07", "fw_version", 7, id="a tag longer than it must be"),
        pytest.param(b"\x08\x87\x80\x00", "fw_version", 7, id="a number longer than it must be"),
        pytest.param(number(9, 2), "is_debug", True, id="is_debug of 2"),
        pytest.param(number(9, 0), "is_debug", False, id="is_debug of 0"),
        pytest.param(pair(8, 1, b""), "hash_type", 1, id="the last hash wins"),
        pytest.param(number(3, 2), "sd_req", [FWID, 2], id="SoftDevices packed and not"),
        pytest.param(blob(3, b""), "sd_req", [FWID], id="an empty list of SoftDevices"),
    ],
)
def test_an_init_command_is_read_with(field: bytes, name: str, value: object) -> None:
    assert getattr(understood(GOOD + field), name) == value


@pytest.mark.parametrize("packed", [True, False])
def test_16_softdevices_are_read(packed: bool) -> None:
    field = blob(3, varint(5) * 16) if packed else number(3, 5) * 16
    assert understood(field).sd_req == [5] * 16


def test_three_boot_validations_of_64_bytes_are_read() -> None:
    assert understood(pair(10, 9, bytes(64)) * 3).boot_validations == [(9, bytes(64))] * 3


@pytest.mark.parametrize("cut", range(1, len(GOOD)))
def test_a_packet_that_breaks_off_is_undecodable(cut: int) -> None:
    undecodable(unsigned_packet(GOOD)[:-cut])
