from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest

from firmline.device.bootloader.init_decoder import UndecodableError, decode
from firmline.errors import Code, LocalProtocolError
from firmline.formats.init_packet import (
    BootValidation,
    BootValidationType,
    FwType,
    HashType,
    InitCommand,
    SignatureType,
    decode_init_packet,
    encode_init_command,
    encode_init_packet,
    hash_firmware,
)
from firmline.values import FwVersion
from unit.formats.makers import refuses

HASH = bytes(range(32))
SIGNATURE = bytes(range(64))
COMMAND = InitCommand(
    kind=FwType.APPLICATION,
    fw_version=FwVersion(5),
    hw_version=52,
    sd_req=(0x103,),
    app_size=1000,
    hash=HASH,
    boot_validations=(BootValidation(type=BootValidationType.VALIDATE_GENERATED_CRC),),
)
# Field by field from spec section 16.2 S1: key = number << 3 | wire type.
FIELDS = [
    "0805",  # fw_version 5
    "1034",  # hw_version 52
    "1a028302",  # sd_req, packed
    "2000",  # type application, written though zero
    "2800",  # sd_size
    "3000",  # bl_size
    "38e807",  # app_size
    "422408031220" + HASH.hex(),  # hash {type SHA-256, 32 bytes}
    "4800",  # is_debug
    "520408011200",  # boot_validation {CRC, no bytes}
]
ENCODED = bytes.fromhex("".join(FIELDS))


def wrap(init: bytes) -> bytes:
    """An unsigned packet around the bytes of an init command, at most 123 of them."""
    inner = b"\x08\x01\x12" + bytes([len(init)]) + init
    return b"\x0a" + bytes([len(inner)]) + inner


def changed_hash(more: str) -> bytes:
    """The init command with something more at the end of its hash."""
    body = "08031220" + HASH.hex() + more
    return changed("422408031220" + HASH.hex(), f"42{len(body) // 2:02x}" + body)


def without(prefix: str) -> bytes:
    return bytes.fromhex("".join(field for field in FIELDS if not field.startswith(prefix)))


def changed(old: str, new: str) -> bytes:
    assert old in FIELDS
    return bytes.fromhex("".join(new if field == old else field for field in FIELDS))


def test_zeros_are_written_and_fields_are_in_order() -> None:
    assert encode_init_command(COMMAND) == ENCODED


def test_an_unsigned_packet() -> None:
    packet = decode_init_packet(encode_init_packet(ENCODED, None))
    assert packet.encoded == wrap(ENCODED)
    assert packet.command == COMMAND
    assert packet.signed_bytes == ENCODED
    assert (packet.signature_type, packet.signature) == (None, None)


def test_a_signed_packet() -> None:
    packet = decode_init_packet(encode_init_packet(ENCODED, SIGNATURE))
    assert packet.encoded.startswith(b"\x12")
    assert packet.encoded.endswith(b"\x10\x00\x1a\x40" + SIGNATURE)
    assert packet.command == COMMAND
    assert packet.signed_bytes == ENCODED
    assert packet.signature_type is SignatureType.ECDSA_P256_SHA256
    assert packet.signature == SIGNATURE


def test_another_signature_type_survives() -> None:
    encoded = encode_init_packet(ENCODED, SIGNATURE, signature_type=SignatureType.ED25519)
    assert decode_init_packet(encoded).signature_type is SignatureType.ED25519


def test_versions_may_be_absent_and_are_then_not_written() -> None:
    bare = replace(COMMAND, fw_version=None, hw_version=None, sd_req=())
    assert encode_init_command(bare) == bytes.fromhex("".join(FIELDS[3:]))
    assert decode_init_packet(wrap(encode_init_command(bare))).command == bare


def test_zero_is_not_absent() -> None:
    zero = replace(COMMAND, fw_version=FwVersion(0), hw_version=0)
    assert encode_init_command(zero).startswith(b"\x08\x00\x10\x00")
    assert decode_init_packet(wrap(encode_init_command(zero))).command == zero


def test_absent_sizes_read_as_zero() -> None:
    command = decode_init_packet(wrap(without("2800"))).command
    assert command == COMMAND


def test_a_missing_op_code_is_fine_as_it_is_for_the_unit() -> None:
    inner = b"\x12" + bytes([len(ENCODED)]) + ENCODED
    assert decode_init_packet(b"\x0a" + bytes([len(inner)]) + inner).command == COMMAND


def test_sd_req_keeps_its_order_its_repetitions_and_32_bits() -> None:
    odd = replace(COMMAND, sd_req=(0x124, 0xCB, 0x124, 0, 0xFFFF_FFFF))
    assert decode_init_packet(wrap(encode_init_command(odd))).command.sd_req == odd.sd_req


@pytest.mark.parametrize(
    ("kind", "size"),
    [
        (FwType.APPLICATION, 1),
        (FwType.EXTERNAL_APPLICATION, 1),
        (FwType.SOFTDEVICE, 10),
        (FwType.BOOTLOADER, 100),
        (FwType.SOFTDEVICE_BOOTLOADER, 110),
    ],
)
def test_the_size_a_unit_expects(kind: FwType, size: int) -> None:
    command = InitCommand(kind=kind, app_size=1, sd_size=10, bl_size=100)
    assert command.firmware_size == size


def test_the_hash_is_reversed() -> None:
    assert hash_firmware(b"abc") == bytes(reversed(hashlib.sha256(b"abc").digest()))


@pytest.mark.parametrize(
    ("content", "fragment"),
    [
        (b"", "does not hold exactly one command"),
        (wrap(ENCODED) + encode_init_packet(ENCODED, SIGNATURE), "exactly one command"),
        (wrap(ENCODED)[:-1], "is damaged: its envelope"),
        (b"\x0a\x02\x08\x01", "has no init command"),
        (wrap(ENCODED).replace(b"\x08\x01\x12", b"\x08\x02\x12", 1), "has op code 2"),
        (wrap(ENCODED) + b"\x00", "is damaged"),
        (wrap(ENCODED) * 2, "read differently (envelope)"),
        (wrap(ENCODED + b"\x12"), "is damaged: its init command"),
        (wrap(without("2000")), "what kind of image"),
        (wrap(without("42")), "has no hash"),
        (wrap(changed("2000", "2005")), "the unknown type 5"),
        (wrap(changed("2000", "20ff01")), "the unknown type 255"),
        (wrap(changed("422408031220" + HASH.hex(), "42040803120101")), "is damaged"),
        (wrap(changed("422408031220" + HASH.hex(), "4205080312010a")), "SHA-256 of 1 bytes"),
        (wrap(changed("422408031220" + HASH.hex(), "42020803")), "has no hash"),
        (wrap(changed("422408031220" + HASH.hex(), "4204080912000000"[:12])), "hash type 9"),
        (wrap(changed("520408011200", "52020801")), "without its type or data"),
        (wrap(changed("520408011200", "520408041200")), "boot validation type 4"),
        (wrap(changed("0805", "08858080808001")), "read differently (init command)"),
        (wrap(changed("1034", "10341035")), "read differently (init command)"),
        (wrap(changed("4800", "4802")), "read differently (init command)"),
        (wrap(changed("0805", "")[:2] + b"\x08\x05" + ENCODED[4:]), "read differently"),
    ],
)
def test_malformed_packets(content: bytes, fragment: str) -> None:
    with refuses(Code.INIT_PACKET_MALFORMED, fragment):
        decode_init_packet(content)


def test_what_follows_the_init_command_would_be_hashed_too() -> None:
    # Spec section 5: the unit hashes up to the end of the command; op_code last fails there.
    inner = b"\x12" + bytes([len(ENCODED)]) + ENCODED + b"\x08\x01"
    with refuses(Code.INIT_PACKET_MALFORMED, "read differently (command)"):
        decode_init_packet(b"\x0a" + bytes([len(inner)]) + inner)
    unknown = b"\x12" + bytes([len(ENCODED)]) + ENCODED + b"\x18\x01"
    with refuses(Code.INIT_PACKET_MALFORMED, "something after its init command"):
        decode_init_packet(b"\x0a" + bytes([len(unknown)]) + unknown)


def test_an_init_command_that_is_repeated_behind_itself_is_something_behind_it() -> None:
    # The unit would hash both; the bytes at the end alone do not tell.
    init = without("0805")[2:]  # begins with a number that the command around it does not know
    inner = b"\x12" + bytes([len(init)]) + init + init
    assert decode_init_packet(wrap(init)).signed_bytes == init
    with refuses(Code.INIT_PACKET_MALFORMED, "something after its init command"):
        decode_init_packet(b"\x0a" + varint(len(inner)) + inner)


def varint(number: int) -> bytes:
    return bytes([number]) if number < 0x80 else bytes([number & 0x7F | 0x80, number >> 7])


GROUP = "73080174"  # field 14: start, a number, end
OTHER_TYPE = "2100000000000000f0"  # field 4, the image's kind, as 64 bits of fixed size


@pytest.mark.parametrize(
    "init",
    [
        ENCODED + bytes.fromhex(GROUP),
        ENCODED + bytes.fromhex(OTHER_TYPE),
        changed_hash(GROUP),
        changed_hash("0d00000000"),
        changed("520408011200", "5208" + "08011200" + GROUP),
    ],
)
def test_fields_that_a_library_skips_and_a_unit_does_not(init: bytes) -> None:
    # Section 16.2 S1: a unit's decoder knows no groups, and no known field of another wire type.
    with pytest.raises(UndecodableError):
        decode(wrap(init))
    with refuses(Code.INIT_PACKET_MALFORMED, "a unit may read differently (init command)"):
        decode_init_packet(wrap(init))


def test_fields_that_both_skip_do_no_harm() -> None:
    unknown = bytes.fromhex("7801" + "fa0101ff")
    packet = decode_init_packet(wrap(ENCODED + unknown))
    assert packet.command == COMMAND
    assert packet.signed_bytes == ENCODED + unknown == decode(packet.encoded).signed_range


def test_signature_problems() -> None:
    signed = encode_init_packet(ENCODED, SIGNATURE)
    body = signed[3:-68]  # the command, in front of the type and the signature
    for tail, fragment in (
        (b"\x10\x00\x1a\x3f" + bytes(63), "signature of 63 bytes"),
        (b"\x10\x07\x1a\x40" + SIGNATURE, "unknown signature type 7"),
        (b"\x1a\x40" + SIGNATURE, "without its command or signature type"),
    ):
        inner = body + tail
        content = b"\x12" + bytes([len(inner) & 0x7F | 0x80, len(inner) >> 7]) + inner
        with refuses(Code.INIT_PACKET_MALFORMED, fragment):
            decode_init_packet(content)


def test_the_name_is_in_the_message() -> None:
    with refuses(Code.INIT_PACKET_MALFORMED, "file.dat in x.zip does not hold"):
        decode_init_packet(b"", name="file.dat in x.zip")


def test_512_bytes_are_the_limit() -> None:
    with refuses(Code.INIT_PACKET_TOO_LARGE, "513 bytes"):
        decode_init_packet(bytes(513))
    with refuses(Code.INIT_PACKET_MALFORMED, "damaged"):
        decode_init_packet(bytes(512))


@pytest.mark.parametrize(
    ("change", "fragment"),
    [
        ({"sd_req": tuple(range(17))}, "names 17 SoftDevices, 16 are allowed"),
        ({"hash": bytes(33), "hash_type": HashType.SHA512}, "hash of 33 bytes"),
        ({"boot_validations": COMMAND.boot_validations * 4}, "4 boot validations"),
        (
            {
                "boot_validations": (
                    BootValidation(
                        type=BootValidationType.VALIDATE_ECDSA_P256_SHA256, data=bytes(65)
                    ),
                )
            },
            "above 64 bytes",
        ),
    ],
)
def test_the_limits_of_a_bootloaders_decoder(change: dict[str, object], fragment: str) -> None:
    with refuses(Code.INIT_PACKET_MALFORMED, fragment):
        encode_init_command(replace(COMMAND, **change))  # type: ignore[arg-type]


def test_more_softdevices_than_a_unit_decodes_are_refused_when_read_too() -> None:
    many = "1a11" + "01" * 17
    with refuses(Code.INIT_PACKET_MALFORMED, "names 17 SoftDevices"):
        decode_init_packet(wrap(changed("1a028302", many)))


@pytest.mark.parametrize(
    "change", [{"app_size": 1 << 32}, {"hw_version": -1}, {"sd_req": (1 << 32,)}, {"sd_size": -4}]
)
def test_numbers_beyond_32_bits(change: dict[str, object]) -> None:
    with refuses(Code.NUMBER_OUT_OF_RANGE, "does not fit into 32 bits"):
        encode_init_command(replace(COMMAND, **change))  # type: ignore[arg-type]


def test_the_largest_packet_of_all_fields_and_one_that_is_too_large() -> None:
    signature = BootValidation(type=BootValidationType.VALIDATE_ECDSA_P256_SHA256, data=bytes(64))
    full = replace(COMMAND, sd_req=(0xFFFF,) * 16, boot_validations=(signature,) * 3)
    encoded = encode_init_packet(encode_init_command(full), SIGNATURE)
    assert len(encoded) == 392
    huge = replace(full, sd_req=(0xFFFF_FFFF,) * 16)
    assert decode_init_packet(encode_init_packet(encode_init_command(huge), None)).command == huge
    with refuses(Code.INIT_PACKET_TOO_LARGE, "would have"):
        encode_init_packet(bytes(510), None)


def test_a_signature_of_another_size_is_our_own_mistake() -> None:
    with pytest.raises(LocalProtocolError, match="64 bytes, not 63"):
        encode_init_packet(ENCODED, bytes(63))
