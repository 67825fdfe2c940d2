"""Keys that MCUboot verifies images with: ECDSA on P-256 or P-384, RSA-2048 or 3072, Ed25519.

Rules of this module: what a signature is over follows MCUboot, ``image_validate.c`` and
``image_*.c``: the hash that the image names, with Ed25519 as the message itself, or with a "pure"
signature all that is hashed. An RSA signature is PSS with a salt as long as the hash. Which hash a
key goes with, the image says.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import Final, Self

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

from firmline.data import load_table
from firmline.errors import Code, InputError
from firmline.formats.keys import MAX_KEY_FILE_SIZE, check_opening_work, is_encrypted_pem
from firmline.formats.mcuboot.image import McubootImage
from firmline.formats.mcuboot.tlv import HASHES, TlvType

AnyKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey | ed25519.Ed25519PublicKey
_ALGORITHMS: Final[dict[TlvType, hashes.HashAlgorithm]] = {
    TlvType.SHA256: hashes.SHA256(),
    TlvType.SHA384: hashes.SHA384(),
    TlvType.SHA512: hashes.SHA512(),
}
_CURVES: Final = {"secp256r1": "ECDSA P-256", "secp384r1": "ECDSA P-384"}
_RSA: Final = {2048: TlvType.RSA2048, 3072: TlvType.RSA3072}
_OTHER: Final = "is of a kind that MCUboot verifies nothing with"


class Trust(Enum):
    """What a key says of an image."""

    HOLDS = "holds"
    UNKNOWN = "unknown"
    """The image is encrypted, and its signature is over all of it."""
    OTHER_KEY = "other-key"
    """The image says that another key signed it."""
    OTHER_KIND = "other-kind"
    """It is signed by a key of another kind."""
    WRONG = "wrong"
    UNSIGNED = "unsigned"


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownImageKey:
    """A row of ``data/mcuboot_keys.toml``: a key whose private half is public.

    Attributes:
        name: For people.
        note: One sentence on what a signature with it means.
        source: Where the key was found.
    """

    name: str
    note: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageKey:
    """A public key, made by :meth:`parse_pem`.

    Attributes:
        title: What kind of key, such as ``ECDSA P-256``.
        signature: The type of the signatures that it makes.
        encoded: The key as an image and MCUboot hold it: PKCS#1 for RSA, else
            SubjectPublicKeyInfo, DER.
    """

    title: str
    signature: TlvType
    encoded: bytes
    _key: AnyKey

    @classmethod
    def parse_pem(cls, content: bytes, *, name: str, password: bytes | None = None) -> Self:
        """Read a PEM file with a public key, or with a private one, whose public half is taken.

        Args:
            content: The file.
            name: What to call it in a message.
            password: Opens an encrypted file.

        Raises:
            InputError: ``FILE_EMPTY``, ``FILE_TOO_LARGE``, ``KEY_MALFORMED``, ``KEY_ENCRYPTED``,
                ``KEY_WRONG_PASSWORD`` or ``KEY_WRONG_CURVE``.
        """
        return cls.of(_load_pem(content, name, password), name=name)

    @classmethod
    def of(cls, key: object, *, name: str) -> Self:
        """A key of the cryptographic library's.

        Raises:
            InputError: ``KEY_WRONG_CURVE``: it is none that MCUboot verifies with.
        """
        spki = serialization.PublicFormat.SubjectPublicKeyInfo
        match key:
            case ec.EllipticCurvePublicKey() if key.curve.name in _CURVES:
                title, kind, form = _CURVES[key.curve.name], TlvType.ECDSASIG, spki
            case rsa.RSAPublicKey() if key.key_size in _RSA:
                title, kind = f"RSA-{key.key_size}", _RSA[key.key_size]
                form = serialization.PublicFormat.PKCS1
            case ed25519.Ed25519PublicKey():
                title, kind, form = "Ed25519", TlvType.ED25519, spki
            case _:
                raise InputError(
                    Code.KEY_WRONG_CURVE,
                    f"The key in {name} {_OTHER}.",
                    hint="It takes ECDSA on P-256 or P-384, RSA-2048, RSA-3072 or Ed25519.",
                )
        encoded = key.public_bytes(serialization.Encoding.DER, form)
        return cls(title=title, signature=kind, encoded=encoded, _key=key)

    def hash(self, kind: TlvType = TlvType.SHA256) -> bytes:
        """What images and MCUboot name it by: a hash of its encoded form, mostly SHA-256."""
        return hashlib.new(HASHES[kind], self.encoded).digest()

    def judge(self, image: McubootImage) -> Trust:
        """What this key says of an image."""
        if not image.signatures:
            return Trust.UNSIGNED
        named = (*image.key_hashes, *image.public_keys)
        own = (*(self.hash(kind) for kind in HASHES), self.encoded)
        if named and not any(each in own for each in named):
            return Trust.OTHER_KEY
        signatures = [value for kind, value in image.signatures if kind is self.signature]
        if not signatures:
            return Trust.OTHER_KIND
        if image.is_pure and image.is_encrypted:
            return Trust.UNKNOWN
        holds = any(self._verifies(image, signature) for signature in signatures)
        return Trust.HOLDS if holds else Trust.WRONG

    def _verifies(self, image: McubootImage, signature: bytes) -> bool:
        if image.is_pure:
            return self._holds(signature, image.hashed, None)
        return any(self._holds(signature, value, kind) for kind, value in image.hashes)

    def _holds(self, signature: bytes, message: bytes, kind: TlvType | None) -> bool:
        algorithm = _ALGORITHMS[kind] if kind is not None else None
        try:
            match self._key:
                case ed25519.Ed25519PublicKey():
                    self._key.verify(signature, message)
                case ec.EllipticCurvePublicKey() if algorithm is not None:
                    exact = _without_padding(signature)
                    self._key.verify(exact, message, ec.ECDSA(Prehashed(algorithm)))
                case rsa.RSAPublicKey() if algorithm is not None:
                    pss = padding.PSS(
                        mgf=padding.MGF1(algorithm), salt_length=algorithm.digest_size
                    )
                    self._key.verify(signature, message, pss, Prehashed(algorithm))
                case _:
                    return False  # pure signatures are Ed25519's
        except (InvalidSignature, ValueError):
            return False
        return True


@cache
def _known() -> dict[bytes, KnownImageKey]:
    rows = load_table("mcuboot_keys").values()
    return {
        bytes.fromhex(row["hash"]): KnownImageKey(
            name=row["name"], note=row["note"], source=row["source"]
        )
        for row in rows
    }


def known_image_key(image: McubootImage) -> KnownImageKey | None:
    """The row of the key that an image says it was signed with; None if it is not known."""
    named = [*image.key_hashes, *(hashlib.sha256(key).digest() for key in image.public_keys)]
    return next((known for each in named if (known := _known().get(each)) is not None), None)


def _without_padding(signature: bytes) -> bytes:
    """An ECDSA signature without the zeros that early MCUboots wanted behind it."""
    size = signature[1] + 2 if len(signature) > 1 else 0
    exact, rest = signature[:size], signature[size:]
    return signature if any(rest) else exact


def _load_pem(content: bytes, name: str, password: bytes | None) -> object:
    if not content.strip():
        raise InputError(Code.FILE_EMPTY, f"{name} is empty.")
    if len(content) > MAX_KEY_FILE_SIZE:
        raise InputError(
            Code.FILE_TOO_LARGE, f"{name} has {len(content)} bytes, far more than a key."
        )
    is_private = b"PRIVATE KEY-----" in content
    check_opening_work(content, name=name)
    try:
        if not is_private:
            return serialization.load_pem_public_key(content)
        # A private key that is not encrypted refuses a password.
        secret = password if is_encrypted_pem(content) else None
        return serialization.load_pem_private_key(content, secret).public_key()
    except TypeError:
        raise InputError(
            Code.KEY_ENCRYPTED, f"{name} is encrypted and needs its password.", name=name
        ) from None
    except (ValueError, UnsupportedAlgorithm):
        if is_private and password:
            raise InputError(
                Code.KEY_WRONG_PASSWORD, f"The password does not open {name}.", name=name
            ) from None
        raise InputError(Code.KEY_MALFORMED, f"{name} does not hold a key in PEM form.") from None
