"""Signing keys: ECDSA on P-256, the one signature that bootloaders check (spec section 5).

Rules of this module:

* Every number of a key or signature is 32 bytes **little-endian** on the wire, the reverse of what
  cryptographic libraries use (spec section 5.1).
* Signatures are deterministic (RFC 6979): the same key and bytes give the same signature, so a
  package can be built twice and compared.
* Key material never enters a message, a ``repr`` or an error's context.
"""

from __future__ import annotations

import binascii
import hashlib
import re
from dataclasses import dataclass, field
from typing import Protocol, Self

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)

from firmline.errors import Code, InputError
from firmline.formats.key_encryption import MAX_WORK, opening_work

NUMBER_SIZE = 32  # bytes of one P-256 number
PUBLIC_KEY_SIZE = 2 * NUMBER_SIZE
MAX_KEY_FILE_SIZE = 64 * 1024  # ours: a PEM file of one key is below 1 kB
_CURVE = ec.SECP256R1()
# The header lines alone tell; text in front of them may hold any words (RFC 7468; RFC 1421, 4.6).
_ENCRYPTED = re.compile(
    rb"-----BEGIN (?:ENCRYPTED PRIVATE KEY-----"
    rb"|[A-Z0-9 ]*PRIVATE KEY-----\s+Proc-Type: ?4, ?ENCRYPTED)"
)


def _le(number: int) -> bytes:
    return number.to_bytes(NUMBER_SIZE, "little")


def _from_le(content: bytes) -> tuple[int, int]:
    low, high = content[:NUMBER_SIZE], content[NUMBER_SIZE:]
    return int.from_bytes(low, "little"), int.from_bytes(high, "little")


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicKey:
    """A point of P-256: what a bootloader holds to check signatures with.

    Attributes:
        x: First coordinate.
        y: Second coordinate.

    Raises:
        InputError: ``KEY_MALFORMED``: the point is not on the curve.
    """

    x: int
    y: int

    def __post_init__(self) -> None:
        self._load()

    def _load(self) -> ec.EllipticCurvePublicKey:
        try:
            return ec.EllipticCurvePublicNumbers(self.x, self.y, _CURVE).public_key()
        except ValueError:
            raise InputError(
                Code.KEY_MALFORMED, "The public key is not a point of the curve P-256."
            ) from None

    @property
    def le_bytes(self) -> bytes:
        """64 bytes, x then y, each little-endian: the bootloader's array ``pk``."""
        return _le(self.x) + _le(self.y)

    @classmethod
    def from_le_bytes(cls, content: bytes) -> Self:
        """Read the bootloader's form, 64 bytes.

        Raises:
            InputError: ``KEY_MALFORMED``.
        """
        if len(content) != PUBLIC_KEY_SIZE:
            raise InputError(
                Code.KEY_MALFORMED,
                f"A public key has {PUBLIC_KEY_SIZE} bytes, not {len(content)}.",
            )
        x, y = _from_le(content)
        return cls(x=x, y=y)

    @classmethod
    def parse_pem(cls, content: bytes, *, name: str) -> Self:
        """Read a PEM file that holds a public key, or a certificate, whose key is taken.

        Raises:
            InputError: ``KEY_MALFORMED`` or ``KEY_WRONG_CURVE``.
        """
        _check_size(content, name)
        is_certificate = b"-----BEGIN CERTIFICATE-----" in content
        try:
            key = (
                _certified_key(content)
                if is_certificate
                else serialization.load_pem_public_key(content)
            )
        except (ValueError, UnsupportedAlgorithm):
            what = "a certificate that can be read" if is_certificate else "a public key"
            raise InputError(
                Code.KEY_MALFORMED, f"{name} does not hold {what} in PEM form."
            ) from None
        if not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.name != _CURVE.name:
            raise _wrong_curve(name, key)
        numbers = key.public_numbers()
        return cls(x=numbers.x, y=numbers.y)

    @classmethod
    def parse_certificate(cls, content: bytes, *, name: str) -> Self:
        """Read the key out of an X.509 certificate in DER.

        Raises:
            InputError: ``KEY_MALFORMED`` or ``KEY_WRONG_CURVE``.
        """
        body = binascii.b2a_base64(content)
        pem = b"-----BEGIN CERTIFICATE-----\n" + body + b"-----END CERTIFICATE-----\n"
        return cls.parse_pem(pem, name=name)

    def format_pem(self) -> bytes:
        """The key as a PEM file, ``BEGIN PUBLIC KEY``."""
        return self._load().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the key as other tools hash it (DER, SubjectPublicKeyInfo), 64 hex digits."""
        der = self._load().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return hashlib.sha256(der).hexdigest()

    def verify(self, data: bytes, signature: bytes) -> bool:
        """Whether ``signature`` (64 bytes: r, s, each little-endian) is this key's on ``data``."""
        if len(signature) != 2 * NUMBER_SIZE:
            return False
        der = encode_dss_signature(*_from_le(signature))
        try:
            self._load().verify(der, data, ec.ECDSA(hashes.SHA256()))
        except InvalidSignature:
            return False
        return True


class Signer(Protocol):
    """Whoever holds a private key on P-256: a :class:`SigningKey`, or a token that keeps it."""

    @property
    def public_key(self) -> PublicKey:
        """The half that a bootloader holds."""

    def sign(self, data: bytes) -> bytes:
        """64 bytes, r then s, each little-endian: ECDSA over the SHA-256 of ``data``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKey:
    """A private key on P-256 that signs init packets; made by a class method, never directly."""

    _key: ec.EllipticCurvePrivateKey = field(repr=False)

    @classmethod
    def generate(cls) -> Self:
        """A new key; the randomness is the cryptographic library's."""
        return cls(_key=ec.generate_private_key(_CURVE))

    @classmethod
    def parse_pem(cls, content: bytes, *, name: str, password: bytes | None = None) -> Self:
        """Read a PEM file that holds a private key: SEC1 as nrfutil writes it, or PKCS#8.

        Args:
            content: The file.
            name: What to call the file in a message.
            password: Opens an encrypted file; ignored where the file is not encrypted.

        Raises:
            InputError: ``KEY_MALFORMED``, ``KEY_ENCRYPTED``, ``KEY_WRONG_PASSWORD``,
                ``KEY_WRONG_CURVE`` or ``KEY_NOT_PRIVATE``.
        """
        _check_size(content, name)
        if b"PRIVATE KEY-----" not in content:
            raise _not_private(content, name)
        check_opening_work(content, name=name)
        encrypted = is_encrypted_pem(content)
        if encrypted and not password:
            raise InputError(
                Code.KEY_ENCRYPTED, f"{name} is encrypted and needs its password.", name=name
            )
        try:
            key = serialization.load_pem_private_key(content, password if encrypted else None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            if encrypted:
                raise InputError(
                    Code.KEY_WRONG_PASSWORD, f"The password does not open {name}.", name=name
                ) from None
            raise InputError(
                Code.KEY_MALFORMED, f"{name} is damaged: its private key cannot be read.", name=name
            ) from None
        if not isinstance(key, ec.EllipticCurvePrivateKey) or key.curve.name != _CURVE.name:
            raise _wrong_curve(name, key)
        return cls(_key=key)

    def format_pem(self, password: bytes | None = None) -> bytes:
        """The key as a PEM file: SEC1 as nrfutil writes it, or encrypted PKCS#8 with a password."""
        if password:
            return self._key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.BestAvailableEncryption(password),
            )
        return self._key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        )

    def format_hex(self) -> str:
        """The secret number as ``keys display --key sk --format hex`` shows it, little-endian."""
        return _le(self._key.private_numbers().private_value).hex()

    @property
    def public_key(self) -> PublicKey:
        """The half that a bootloader holds."""
        numbers = self._key.public_key().public_numbers()
        return PublicKey(x=numbers.x, y=numbers.y)

    def sign(self, data: bytes) -> bytes:
        """64 bytes, r then s, each little-endian: ECDSA over the SHA-256 of ``data``."""
        algorithm = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)
        r, s = decode_dss_signature(self._key.sign(data, algorithm))
        return _le(r) + _le(s)


def format_public_key_c(key: PublicKey, *, debug: bool = False) -> str:
    """The key as C source for a bootloader, which expects ``const uint8_t pk[64]``.

    Args:
        key: The key.
        debug: Let the source compile in a debug bootloader only, for a key that is not secret.
    """
    numbers = [f"0x{octet:02x}" for octet in key.le_bytes]
    rows = [", ".join(numbers[start : start + 8]) for start in range(0, PUBLIC_KEY_SIZE, 8)]
    guard = "#ifndef NRF_DFU_DEBUG_VERSION\n#error This key is for debugging only.\n#endif\n\n"
    return (
        "/* Public key for nrf_dfu, written by firmline: x then y, little-endian. */\n\n"
        '#include <stdint.h>\n#include "compiler_abstraction.h"\n\n'
        f"{guard if debug else ''}"
        "__ALIGN(4) const uint8_t pk[64] =\n{\n    " + ",\n    ".join(rows) + "\n};\n"
    )


def _certified_key(content: bytes) -> object:
    # Here, because X.509 takes its time to load and few keys come in certificates.
    from cryptography import x509  # noqa: PLC0415

    return x509.load_pem_x509_certificate(content).public_key()


def _check_size(content: bytes, name: str) -> None:
    if not content.strip():
        raise InputError(Code.FILE_EMPTY, f"{name} is empty.")
    if len(content) > MAX_KEY_FILE_SIZE:
        raise InputError(
            Code.FILE_TOO_LARGE, f"{name} has {len(content)} bytes, far more than a key."
        )


def is_encrypted_pem(content: bytes) -> bool:
    """Whether a PEM file's private key opens with a password only."""
    return _ENCRYPTED.search(content) is not None


def check_opening_work(content: bytes, *, name: str) -> None:
    """Refuse a PEM file that takes for ever to open.

    Raises:
        InputError: ``KEY_MALFORMED``.
    """
    work = opening_work(content)
    if work > MAX_WORK:
        raise InputError(
            Code.KEY_MALFORMED,
            f"{name} wants its password hashed {work:,} times, more than {MAX_WORK:,}, before it"
            " opens.",
            hint="Encrypt the key anew where it was made, e.g. with openssl pkcs8 -topk8.",
            name=name,
        )


def _not_private(content: bytes, name: str) -> InputError:
    for label, what in ((b"PUBLIC KEY", "a public key"), (b"CERTIFICATE", "a certificate")):
        if b"-----BEGIN " + label in content:
            return InputError(
                Code.KEY_NOT_PRIVATE,
                f"{name} holds {what}, but signing needs the private key.",
                name=name,
            )
    return InputError(Code.KEY_MALFORMED, f"{name} does not hold a private key in PEM form.")


def _wrong_curve(name: str, key: object) -> InputError:
    curve = getattr(getattr(key, "curve", None), "name", "")
    what = f"on the curve {curve}" if curve else "not one of an elliptic curve"
    return InputError(
        Code.KEY_WRONG_CURVE,
        f"The key in {name} is {what}; bootloaders check signatures on P-256 (secp256r1) only.",
        name=name,
    )
