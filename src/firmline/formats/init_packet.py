"""The init packet (``.dat``): what a unit is told about an image before it gets the image.

Layout: ``init_packet.proto`` (spec section 16.2 S1). A packet is an envelope around the *init
command*; a signature covers the bytes of the init command alone. Those bytes are kept exactly as
they came and are never encoded again (:attr:`InitPacket.signed_bytes`).

The reader is stricter than the bootloader's decoder: bytes that do not come out the same when the
values are written again (a field twice, a number above 32 bits, fields out of order) are refused,
because a unit could read them in another way than we do. Sizes, versions and required SoftDevices
are not judged here; that is the unit's part.

``init_packet_pb2.py`` and ``.pyi`` are generated from the ``.proto`` by
``tests/golden/formats/regenerate_init_packet.py``; a test proves that they fit together.
"""

from __future__ import annotations

import hashlib
from enum import IntEnum
from typing import TypeVar

from google.protobuf.message import DecodeError, Message
from google.protobuf.unknown_fields import UnknownFieldSet

from firmline.errors import Code, InputError, LocalProtocolError
from firmline.formats import init_packet_pb2 as pb
from firmline.formats.init_command import (
    MAX_BOOT_VALIDATION_SIZE,
    MAX_BOOT_VALIDATIONS,
    MAX_HASH_SIZE,
    MAX_INIT_PACKET_SIZE,
    MAX_SD_REQ,
    SIGNATURE_SIZE,
    BootValidation,
    BootValidationType,
    FwType,
    HashType,
    InitCommand,
    InitPacket,
    SignatureType,
)
from firmline.values import U32_MAX, FwVersion

__all__ = [
    "MAX_BOOT_VALIDATIONS",
    "MAX_BOOT_VALIDATION_SIZE",
    "MAX_HASH_SIZE",
    "MAX_INIT_PACKET_SIZE",
    "MAX_SD_REQ",
    "SIGNATURE_SIZE",
    "BootValidation",
    "BootValidationType",
    "FwType",
    "HashType",
    "InitCommand",
    "InitPacket",
    "SignatureType",
    "decode_init_packet",
    "encode_init_command",
    "encode_init_packet",
    "hash_firmware",
]

_OP_CODE_INIT = 1  # the only command with an init command in it (section 16.2 S1)
_GROUP = 3  # wire type: the start of a group

_M = TypeVar("_M", bound=Message)
_E = TypeVar("_E", bound=IntEnum)


def hash_firmware(firmware: bytes) -> bytes:
    """The SHA-256 of an image as an init packet carries it: 32 bytes, reversed."""
    return hashlib.sha256(firmware).digest()[::-1]


def decode_init_packet(content: bytes, *, name: str = "The init packet") -> InitPacket:
    """Read an init packet of at most 512 bytes.

    Args:
        content: The bytes of a ``.dat`` file.
        name: What to call it in a message.

    Raises:
        InputError: ``INIT_PACKET_TOO_LARGE``, or ``INIT_PACKET_MALFORMED`` for anything else.
    """
    if len(content) > MAX_INIT_PACKET_SIZE:
        raise InputError(
            Code.INIT_PACKET_TOO_LARGE,
            f"{name} has {len(content)} bytes; a bootloader takes at most {MAX_INIT_PACKET_SIZE}.",
        )
    try:
        return _decode_packet(content)
    except _MalformedError as error:
        raise InputError(Code.INIT_PACKET_MALFORMED, f"{name} {error}.") from None


class _MalformedError(Exception):
    """What is wrong with a packet, as the end of a sentence that begins with its name."""


def _decode_packet(content: bytes) -> InitPacket:
    packet = _parse(pb.Packet, content, "envelope")
    if packet.HasField("command") == packet.HasField("signed_command"):
        raise _MalformedError("does not hold exactly one command, signed or not")
    if packet.HasField("command"):
        init = _init_bytes(packet.command)
        return InitPacket(command=_decode_command(init), encoded=content, signed_bytes=init)
    signed = packet.signed_command
    if not (signed.HasField("command") and signed.HasField("signature_type")):
        raise _MalformedError("has a signed command without its command or signature type")
    if len(signed.signature) != SIGNATURE_SIZE:
        raise _MalformedError(
            f"has a signature of {len(signed.signature)} bytes instead of {SIGNATURE_SIZE}"
        )
    init = _init_bytes(signed.command)
    return InitPacket(
        command=_decode_command(init),
        encoded=content,
        signed_bytes=init,
        signature_type=_member(SignatureType, signed.signature_type, "signature type"),
        signature=signed.signature,
    )


def _init_bytes(encoded: bytes) -> bytes:
    command = _parse(pb.Command, encoded, "command")
    if command.HasField("op_code") and command.op_code != _OP_CODE_INIT:
        raise _MalformedError(f"has op code {command.op_code} instead of {_OP_CODE_INIT}")
    if not command.HasField("init"):
        raise _MalformedError("has no init command")
    if len(UnknownFieldSet(command)):
        # They stand behind the init command, where else they would have been refused already; the
        # unit hashes from the init command to the end of the command (spec section 5).
        raise _MalformedError("has something after its init command, which breaks its signature")
    return command.init


def _decode_command(encoded: bytes) -> InitCommand:
    init = _parse(pb.InitCommand, encoded, "init command")
    if not init.HasField("type"):
        raise _MalformedError("does not say what kind of image it is for")
    if not (init.hash.HasField("hash_type") and init.hash.HasField("hash")):
        raise _MalformedError("has no hash of its image")
    hash_type = _member(HashType, init.hash.hash_type, "hash type")
    if hash_type is HashType.SHA256 and len(init.hash.hash) != MAX_HASH_SIZE:
        raise _MalformedError(f"has a SHA-256 of {len(init.hash.hash)} bytes instead of 32")
    command = InitCommand(
        kind=_member(FwType, init.type, "type"),
        fw_version=FwVersion(init.fw_version) if init.HasField("fw_version") else None,
        hw_version=init.hw_version if init.HasField("hw_version") else None,
        sd_req=tuple(init.sd_req),
        sd_size=init.sd_size,
        bl_size=init.bl_size,
        app_size=init.app_size,
        hash_type=hash_type,
        hash=init.hash.hash,
        is_debug=init.is_debug,
        boot_validations=tuple(_decode_validation(entry) for entry in init.boot_validation),
    )
    if (problem := _beyond_limits(command)) is not None:
        raise _MalformedError(problem)
    return command


def _decode_validation(entry: pb.BootValidation) -> BootValidation:
    if not (entry.HasField("type") and entry.HasField("data")):
        raise _MalformedError("has a boot validation without its type or data")
    kind = _member(BootValidationType, entry.type, "boot validation type")
    return BootValidation(type=kind, data=entry.data)


def _parse(message: type[_M], encoded: bytes, what: str) -> _M:
    try:
        value = message.FromString(encoded)
    except DecodeError:
        raise _MalformedError(f"is damaged: its {what} cannot be decoded") from None
    if value.SerializeToString(deterministic=True) != encoded or _is_unreadable(value):
        raise _MalformedError(f"is encoded in a way that a unit may read differently ({what})")
    return value


def _is_unreadable(message: Message) -> bool:
    """Whether a field that protobuf only keeps is one that a unit's decoder does not skip.

    It skips no group, and fails on a known number with another wire type (section 16.2 S1).
    """
    known = message.DESCRIPTOR.fields_by_number
    unknown = UnknownFieldSet(message)
    for at in range(len(unknown)):
        if unknown[at].wire_type == _GROUP or unknown[at].field_number in known:
            return True
    for field, value in message.ListFields():
        if field.message_type is not None:
            entries = (value,) if isinstance(value, Message) else value
            if any(_is_unreadable(entry) for entry in entries):
                return True
    return False


def _member(enum: type[_E], value: int, what: str) -> _E:
    try:
        return enum(value)
    except ValueError:
        raise _MalformedError(f"has the unknown {what} {value}") from None


def _beyond_limits(command: InitCommand) -> str | None:
    """Which limit of the bootloader's decoder is exceeded (spec section 5), if any."""
    validations = command.boot_validations
    if len(command.sd_req) > MAX_SD_REQ:
        return f"names {len(command.sd_req)} SoftDevices, {MAX_SD_REQ} are allowed"
    if len(command.hash) > MAX_HASH_SIZE:
        return f"has a hash of {len(command.hash)} bytes, {MAX_HASH_SIZE} are allowed"
    if len(validations) > MAX_BOOT_VALIDATIONS:
        return f"has {len(validations)} boot validations, {MAX_BOOT_VALIDATIONS} are allowed"
    if any(len(entry.data) > MAX_BOOT_VALIDATION_SIZE for entry in validations):
        return f"has boot validation data above {MAX_BOOT_VALIDATION_SIZE} bytes"
    return None


def encode_init_command(command: InitCommand) -> bytes:
    """The bytes of an init command; a signature covers exactly these.

    Every number is written even where it is zero, as nrfutil 6.1.7 does (spec nrfutil-peer).

    Raises:
        InputError: ``INIT_PACKET_MALFORMED``: a list is longer than a bootloader decodes.
            ``NUMBER_OUT_OF_RANGE``: a number does not fit into 32 bits.
    """
    if (problem := _beyond_limits(command)) is not None:
        hint = ""
        if len(command.sd_req) > MAX_SD_REQ:
            hint = f"List at most {MAX_SD_REQ} FWIDs; those of --sd-req and --sd-id count together."
        raise InputError(Code.INIT_PACKET_MALFORMED, f"The init packet {problem}.", hint=hint)
    numbers = (command.hw_version or 0, command.sd_size, command.bl_size, command.app_size)
    for number in (*numbers, *command.sd_req):
        if not 0 <= number <= U32_MAX:
            raise InputError(
                Code.NUMBER_OUT_OF_RANGE, f"{number} does not fit into 32 bits of an init packet."
            )
    message = pb.InitCommand(
        fw_version=command.fw_version,
        hw_version=command.hw_version,
        sd_req=command.sd_req,
        type=command.kind,
        sd_size=command.sd_size,
        bl_size=command.bl_size,
        app_size=command.app_size,
        hash=pb.Hash(hash_type=command.hash_type, hash=command.hash),
        is_debug=command.is_debug,
        boot_validation=[
            pb.BootValidation(type=entry.type, data=entry.data)
            for entry in command.boot_validations
        ],
    )
    return message.SerializeToString(deterministic=True)


def encode_init_packet(
    command: bytes,
    signature: bytes | None,
    *,
    signature_type: SignatureType = SignatureType.ECDSA_P256_SHA256,
) -> bytes:
    """Wrap an encoded init command, and its signature if it has one, as a unit wants it.

    Args:
        command: From :func:`encode_init_command`; used as it is.
        signature: 64 bytes over ``command``, r then s, each little-endian; None for an unsigned
            packet.
        signature_type: How it was signed.

    Raises:
        InputError: ``INIT_PACKET_TOO_LARGE``: the packet would have more than 512 bytes.
    """
    inner = pb.Command(op_code=_OP_CODE_INIT, init=command).SerializeToString(deterministic=True)
    if signature is None:
        packet = pb.Packet(command=inner)
    elif len(signature) != SIGNATURE_SIZE:
        raise LocalProtocolError(f"A signature has {SIGNATURE_SIZE} bytes, not {len(signature)}.")
    else:
        packet = pb.Packet(
            signed_command=pb.SignedCommand(
                command=inner, signature_type=signature_type, signature=signature
            )
        )
    encoded = packet.SerializeToString(deterministic=True)
    if len(encoded) > MAX_INIT_PACKET_SIZE:
        raise InputError(
            Code.INIT_PACKET_TOO_LARGE,
            f"The init packet would have {len(encoded)} bytes; a bootloader takes at most"
            f" {MAX_INIT_PACKET_SIZE}.",
            hint="Name fewer SoftDevices, or use a shorter boot validation.",
        )
    return encoded
