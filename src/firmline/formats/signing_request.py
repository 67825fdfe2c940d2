"""Signing in two steps: what has to be signed elsewhere, and the package once it is.

Rules of this module:

* What is wanted follows from the unsigned package alone; a request describes it for people and
  pins it by hashes, so that neither can be changed between the two steps without being noticed.
* A boot validation that is a signature lies inside the bytes that the init packet's signature
  covers. So it is signed first, and the init packet in a round of its own after it.
* Every signature is verified before it is used; the result is byte for byte what signing at once
  gives, if the signer's signatures are those of RFC 6979.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

from firmline.errors import Code, InputError
from firmline.formats.init_packet import (
    BootValidationType,
    decode_init_packet,
    encode_init_command,
    encode_init_packet,
)
from firmline.formats.keys import PublicKey
from firmline.formats.known_softdevices import describe_fwid
from firmline.formats.manifest import KIND_TITLES
from firmline.formats.package import Package, PackageImage
from firmline.values import ImageKind

REQUEST_NAME: Final = "request.json"
REQUEST_VERSION: Final = 1
MAX_REQUEST_SIZE: Final = 64 * 1024  # ours: a request has about 1 kB
TO_SIGN: Final = ".tosign"
SIGNED: Final = ".sig"
_FORMAT: Final = "firmline signing request"
_BOOT: Final = ".boot"


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedSignature:
    """One signature that a package still needs.

    Attributes:
        name: ``application`` for the init packet of the application, ``application.boot`` for its
            boot validation; likewise for the other kinds of images.
        image: Of which image.
        of: The program that it is over; for an init packet the whole image's kind.
        data: Exactly the bytes to sign, with ECDSA on P-256 over their SHA-256.
    """

    name: str
    image: PackageImage
    of: ImageKind
    data: bytes

    @property
    def is_boot_validation(self) -> bool:
        """Whether it goes into the init packet, not onto it."""
        return self.name.endswith(_BOOT)

    @property
    def purpose(self) -> str:
        """What it is for, in words."""
        title = KIND_TITLES[self.of]
        if self.is_boot_validation:
            return f"boot validation of the {title}: the bootloader checks it at every boot"
        return f"init packet of the {title}: the bootloader checks it before it takes the image"


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningRequest:
    """What ``request.json`` says.

    Attributes:
        package_sha256: Of the unsigned package, in hexadecimal.
        time: That of the package's entries.
        sha256: Of what is to be signed, by the signature's name, in hexadecimal.
    """

    package_sha256: str
    time: datetime
    sha256: Mapping[str, str]


def wanted_signatures(package: Package) -> tuple[WantedSignature, ...]:
    """What can be signed now: none if the package is signed.

    An image with an empty boot validation wants that first, and its init packet afterwards.
    """
    wanted = []
    for image in package.images:
        name, packet = image.kind.value, image.init_packet
        index = _unsigned_boot_validation(image)
        if index is not None:
            part = image.boot_parts[index]
            wanted.append(
                WantedSignature(name=name + _BOOT, image=image, of=part.kind, data=part.data)
            )
        elif packet.signature is None:
            wanted.append(
                WantedSignature(name=name, image=image, of=image.kind, data=packet.signed_bytes)
            )
    return tuple(wanted)


def _unsigned_boot_validation(image: PackageImage) -> int | None:
    """Which boot validation wants a signature next; None where none does."""
    entries = image.init_packet.command.boot_validations
    for index, (entry, _) in enumerate(zip(entries, image.boot_parts, strict=False)):
        if entry.type is BootValidationType.VALIDATE_ECDSA_P256_SHA256 and not entry.data:
            return index
    return None


def format_request(content: bytes, package: Package, *, time: datetime) -> bytes:
    """``request.json`` of an unsigned package.

    Args:
        content: The package as it was written.
        package: The same.
        time: That of its entries.
    """
    document = {
        "format": _FORMAT,
        "version": REQUEST_VERSION,
        "package": {"sha256": _sha256(content), "time": time.astimezone(UTC).isoformat()},
        "algorithm": "ECDSA, P-256, SHA-256",
        "signatures": [_described(wanted) for wanted in wanted_signatures(package)],
    }
    return (json.dumps(document, indent=2) + "\n").encode()


def _described(wanted: WantedSignature) -> dict[str, object]:
    command = wanted.image.init_packet.command
    return {
        "name": wanted.name,
        "purpose": wanted.purpose,
        "file": wanted.name + TO_SIGN,
        "size": len(wanted.data),
        "sha256": _sha256(wanted.data),
        "image": {
            "kind": command.kind.name.lower(),
            "size": command.firmware_size,
            "sha256": _sha256(wanted.image.firmware),
            "fw_version": command.fw_version,
            "hw_version": command.hw_version,
            "sd_req": [describe_fwid(fwid) for fwid in command.sd_req],
        },
    }


def parse_request(content: bytes, *, name: str) -> SigningRequest:
    """Read ``request.json``.

    Raises:
        InputError: ``SIGNING_REQUEST_MALFORMED``.
    """
    try:
        return _request(content)
    except (ValueError, KeyError, TypeError, RecursionError, OverflowError):
        raise InputError(
            Code.SIGNING_REQUEST_MALFORMED,
            f"{name} is not a signing request of version {REQUEST_VERSION}, or it is damaged.",
        ) from None


def _request(content: bytes) -> SigningRequest:
    if len(content) > MAX_REQUEST_SIZE:
        raise ValueError("too large")
    document: Mapping[str, Any] = json.loads(content)
    if (document["format"], document["version"]) != (_FORMAT, REQUEST_VERSION):
        raise ValueError("another format")
    time = datetime.fromisoformat(document["package"]["time"])
    if time.tzinfo is None:
        raise ValueError("no time zone")
    time = time.astimezone(UTC)
    hashes = {str(entry["name"]): str(entry["sha256"]) for entry in document["signatures"]}
    return SigningRequest(
        package_sha256=str(document["package"]["sha256"]), time=time, sha256=hashes
    )


def check_request(
    request: SigningRequest, content: bytes, package: Package, *, name: str
) -> tuple[WantedSignature, ...]:
    """See that a request and a package belong together; what is wanted.

    Args:
        request: The request.
        content: The package as it was read.
        package: The same.
        name: What to call the package in a message.

    Raises:
        InputError: ``SIGNATURE_NOT_WANTED``, ``SIGNING_REQUEST_OTHER`` or
            ``SIGNING_REQUEST_MALFORMED``.
    """
    wanted = wanted_signatures(package)
    if not wanted:
        raise InputError(Code.SIGNATURE_NOT_WANTED, f"{name} is signed already.")
    if _sha256(content) != request.package_sha256:
        raise InputError(
            Code.SIGNING_REQUEST_OTHER, f"{name} is not the package that the request was made for."
        )
    if {one.name: _sha256(one.data) for one in wanted} != request.sha256:
        raise InputError(
            Code.SIGNING_REQUEST_MALFORMED,
            f"The request asks for other signatures than {name} needs: it was changed.",
        )
    return wanted


def verify_signatures(
    wanted: tuple[WantedSignature, ...], signatures: Mapping[str, bytes], key: PublicKey
) -> None:
    """See that each signature is the key's on what was to be signed.

    Args:
        wanted: What was asked for.
        signatures: One for each, by name: 64 bytes, r then s, each little-endian.
        key: The public half of the key that was to sign.

    Raises:
        InputError: ``SIGNATURE_WRONG``.
    """
    for one in wanted:
        signature = signatures[one.name]
        if key.verify(one.data, signature):
            continue
        other = next((two.name for two in wanted if key.verify(two.data, signature)), None)
        if other is not None:
            problem = f"that of {other}: two signatures were swapped"
        else:
            problem = f"not this key's on {one.name}{TO_SIGN}"
        raise InputError(Code.SIGNATURE_WRONG, f"The signature given for {one.name} is {problem}.")


def verify_boot_signatures(package: Package, key: PublicKey) -> None:
    """See that the boot validations of a package that are signed already are the key's, too.

    A bootloader has one key for both, so a package by two keys is refused by every unit.

    Args:
        package: The package, whose boot validations may have been signed in an earlier round.
        key: The public half of the key that signs its init packets.

    Raises:
        InputError: ``SIGNATURE_WRONG``.
    """
    for image in package.images:
        entries = image.init_packet.command.boot_validations
        for entry, part in zip(entries, image.boot_parts, strict=False):
            is_signed = entry.type is BootValidationType.VALIDATE_ECDSA_P256_SHA256 and entry.data
            if is_signed and not key.verify(part.data, entry.data):
                raise InputError(
                    Code.SIGNATURE_WRONG,
                    f"The boot validation of the {KIND_TITLES[part.kind]} was signed in an earlier"
                    " round, by another key than this one.",
                    hint="A bootloader checks both with one key: sign both rounds with the same.",
                )


def attach_signatures(package: Package, signatures: Mapping[str, bytes]) -> Package:
    """The package with these signatures; they are not verified here.

    Args:
        package: The unsigned package.
        signatures: By the names of :func:`wanted_signatures`.

    Raises:
        InputError: ``INIT_PACKET_TOO_LARGE``.
    """
    images = []
    for image in package.images:
        name, packet = image.kind.value, image.init_packet
        if (signature := signatures.get(name)) is not None:
            encoded = encode_init_packet(packet.signed_bytes, signature)
        elif (signature := signatures.get(name + _BOOT)) is not None:
            encoded = encode_init_packet(_with_boot_signature(image, signature), None)
        else:
            encoded = packet.encoded
        images.append(replace(image, init_packet=decode_init_packet(encoded)))
    return Package(images=tuple(images))


def _with_boot_signature(image: PackageImage, signature: bytes) -> bytes:
    command = image.init_packet.command
    wanted = _unsigned_boot_validation(image)
    entries = tuple(
        replace(entry, data=signature) if index == wanted else entry
        for index, entry in enumerate(command.boot_validations)
    )
    return encode_init_command(replace(command, boot_validations=entries))


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
