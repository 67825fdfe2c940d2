"""Keys in PEM files: the right structures with wrong contents, and random DER.

Structures: RFC 5915 (EC PRIVATE KEY), RFC 5208 (PKCS#8), RFC 5280 (public keys), RFC 8018 (PBES2).
Iteration counts stay small: a key file that is made to keep its own owner busy is no attack.
"""

from __future__ import annotations

import base64
import random
import textwrap
from collections.abc import Callable
from functools import lru_cache

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from firmline.errors import InputError
from firmline.formats.key_recovery import FIELD, ORDER
from firmline.formats.keys import PublicKey, SigningKey, format_public_key_c
from fuzz.damage import damaged, damaged_lines
from fuzz.files import BrokenError, Target
from unit.formats.makers import key_of

PASSWORD = b"correct horse"
_INTEGER, _BITS, _OCTETS, _NULL, _OID, _SEQUENCE = 2, 3, 4, 5, 6, 0x30
_EC_KEY = bytes.fromhex("2a8648ce3d0201")
_CURVES = {
    "p256": bytes.fromhex("2a8648ce3d030107"),
    "p384": bytes.fromhex("2b81040022"),
    "k256": bytes.fromhex("2b8104000a"),
    "p192": bytes.fromhex("2a8648ce3d030101"),
    "none": bytes.fromhex("2a030405"),
    "empty": b"",
    "rsa": bytes.fromhex("2a864886f70d010101"),
    "ed25519": bytes.fromhex("2b6570"),
}
_PBES2 = bytes.fromhex("2a864886f70d01050d")
_PBKDF2 = bytes.fromhex("2a864886f70d01050c")
_AES = bytes.fromhex("60864801650304012a")


def der(tag: int, *parts: bytes) -> bytes:
    """One value."""
    body = b"".join(parts)
    if len(body) < 0x80:
        return bytes([tag, len(body)]) + body
    size = len(body).to_bytes((len(body).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(size)]) + size + body


def pem(label: str, body: bytes) -> bytes:
    """A PEM file."""
    text = "\n".join(textwrap.wrap(base64.b64encode(body).decode(), 64))
    return f"-----BEGIN {label}-----\n{text}\n-----END {label}-----\n".encode()


@lru_cache(maxsize=64)
def _point(scalar: int) -> bytes:
    return (
        key_of(scalar)
        ._key.public_key()
        .public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    )


def _scalar(rng: random.Random) -> int:
    return rng.choice([1, 2, 3, 0x1234, ORDER - 1, ORDER // 2, 1 << 200])


def _number(rng: random.Random) -> bytes:
    """A secret number as its 32 bytes, mostly good."""
    if rng.random() < 0.6:
        return _scalar(rng).to_bytes(32, "big")
    wrong = rng.choice([0, ORDER, ORDER + 1, (1 << 256) - 1])
    return rng.choice([wrong.to_bytes(32, "big"), b"", b"\x01", bytes(33), b"\x05" * 48])


def _curve(rng: random.Random) -> bytes:
    if rng.random() < 0.75:
        return der(_OID, _CURVES["p256"])
    if rng.random() < 0.7:
        return der(_OID, rng.choice(list(_CURVES.values())))
    return rng.choice([der(_NULL), b"", _explicit(rng), _random_der(rng, 3)])


def _explicit(rng: random.Random) -> bytes:
    """The curve's own numbers in place of its name; one of them may be another's."""
    numbers = [FIELD, ORDER, 1]
    if rng.random() < 0.5:
        numbers[rng.randrange(3)] = rng.choice([0, 1, 2, 15, 1 << 255])
    prime, order, cofactor = (der(_INTEGER, n.to_bytes(33, "big")) for n in numbers)
    field = der(_SEQUENCE, der(_OID, bytes.fromhex("2a8648ce3d0101")), prime)
    a, b = (FIELD - 3).to_bytes(32, "big"), rng.choice([bytes(32), b"\x07" * 32])
    curve = der(_SEQUENCE, der(_OCTETS, a), der(_OCTETS, b))
    return der(
        _SEQUENCE, der(_INTEGER, b"\x01"), field, curve, der(_OCTETS, _point(1)), order, cofactor
    )


def _public_point(rng: random.Random, number: bytes) -> bytes:
    scalar = int.from_bytes(number, "big")
    right = _point(scalar if 0 < scalar < ORDER and len(number) == 32 else 1)
    if rng.random() < 0.7:
        return right
    return rng.choice(
        [
            *(
                b"",
                b"\x00",
                right[:-1],
                right + b"\x00",
                b"\x04" + bytes(64),
                b"\x04" + b"\xff" * 64,
            ),
            *(b"\x02" + right[1:33], b"\x03" + right[1:33], b"\x05" + right[1:33], _point(2)),
        ]
    )


def _random_der(rng: random.Random, depth: int) -> bytes:
    if depth == 0 or rng.random() < 0.2:
        body = rng.randbytes(rng.choice([0, 1, 4, 32]))
        return der(rng.choice([1, 2, 3, 4, 5, 6, 0x0C, 0x17, 0x80]), body)
    parts = [_random_der(rng, depth - 1) for _ in range(rng.randint(0, 4))]
    return der(rng.choice([_SEQUENCE, _SEQUENCE, 0x31, 0xA0, 0xA1]), *parts)


def _sec1(rng: random.Random) -> bytes:
    number = _number(rng)
    parts = [der(_INTEGER, rng.choice([b"\x01"] * 9 + [b"\x00"])), der(_OCTETS, number)]
    if rng.random() < 0.9:
        parts.append(der(0xA0, _curve(rng)))
    if rng.random() < 0.7:
        parts.append(der(0xA1, der(_BITS, b"\x00" + _public_point(rng, number))))
    return der(_SEQUENCE, *parts)


def _pkcs8(rng: random.Random) -> bytes:
    algorithm = der(_SEQUENCE, der(_OID, _EC_KEY), _curve(rng))
    return der(_SEQUENCE, der(_INTEGER, b"\x00"), algorithm, der(_OCTETS, _sec1(rng)))


def _encrypted(rng: random.Random) -> bytes:
    """Encrypted PKCS#8 whose parameters are good or not; the contents are never."""
    count = rng.choice([b"\x00", b"\x01", b"\x08\x00", b"\xff", b"\x03\xe8"])
    derive = der(
        _SEQUENCE, der(_OID, _PBKDF2), der(_SEQUENCE, der(_OCTETS, bytes(8)), der(_INTEGER, count))
    )
    cipher = der(_SEQUENCE, der(_OID, _AES), der(_OCTETS, bytes(rng.choice([0, 8, 16, 17]))))
    algorithm = der(_SEQUENCE, der(_OID, _PBES2), der(_SEQUENCE, derive, cipher))
    return der(_SEQUENCE, algorithm, der(_OCTETS, rng.randbytes(rng.choice([0, 16, 17, 48, 160]))))


def _as_encrypted(rng: random.Random, content: bytes) -> bytes:
    """With the lines that RFC 1421 has for an encrypted key."""
    head, _, rest = content.partition(b"\n")
    info = rng.choice([b"DES-EDE3-CBC,00", b"AES-128-CBC," + b"0" * 32, b"X", b""])
    return head + b"\nProc-Type: 4,ENCRYPTED\nDEK-Info: " + info + b"\n\n" + rest


def _relabelled(rng: random.Random, content: bytes) -> bytes:
    return content.replace(b"PRIVATE", rng.choice([b"PUBLIC", b"RSA PRIVATE", b"DSA PRIVATE"]))


def _unfolded(rng: random.Random, content: bytes) -> bytes:
    return content.rstrip(b"\n").replace(b"\n", b"", rng.choice([1, 2, 3]))


def _long(rng: random.Random, content: bytes) -> bytes:
    return content + b"A" * rng.choice([60_000, 70_000])


_AROUND: tuple[tuple[Callable[[random.Random, bytes], bytes], float], ...] = (
    (lambda _rng, content: content, 6),
    (lambda _rng, content: b"Bag Attributes\n  friendlyName: x\n" + content, 1),
    (lambda _rng, content: content + content, 1),
    (lambda _rng, content: content.replace(b"\n", b"\r\n"), 1),
    (lambda rng, content: content.replace(b"-----", rng.choice([b"----", b"----- "]), 1), 1),
    (lambda rng, content: damaged_lines(rng, [content]), 1),
    (lambda rng, content: damaged(rng, [content], most=2), 1),
    *((_as_encrypted, 1), (_relabelled, 1), (_unfolded, 1), (_long, 0.1)),
)


def _around(rng: random.Random, content: bytes) -> bytes:
    """What a PEM file may have before, behind and in its lines."""
    makers, weights = zip(*_AROUND, strict=True)
    around: bytes = rng.choices(makers, weights)[0](rng, content)
    return around


def _body(rng: random.Random, kind: str) -> bytes:
    makers = {"EC PRIVATE KEY": _sec1, "PRIVATE KEY": _pkcs8, "ENCRYPTED PRIVATE KEY": _encrypted}
    body = makers[kind](rng)
    match rng.randrange(12):
        case 0:
            return damaged(rng, [body], most=1)
        case 1:
            return _random_der(rng, rng.choice([1, 3, 6]))
        case 2 if rng.random() < 0.3:
            return b"\x30\x80" * rng.choice([10, 1000, 20_000])
    return body


def _draw_private(rng: random.Random) -> bytes:
    kinds = ("EC PRIVATE KEY", "PRIVATE KEY", "ENCRYPTED PRIVATE KEY")
    kind = rng.choices(kinds, [5, 5, 1])[0]
    return _around(rng, pem(kind, _body(rng, kind)))


def _draw_public(rng: random.Random) -> bytes:
    number = _scalar(rng).to_bytes(32, "big")
    algorithm = der(_SEQUENCE, der(_OID, _EC_KEY), _curve(rng))
    bits = der(_BITS, rng.choice([b"\x00"] * 9 + [b"\x07"]) + _public_point(rng, number))
    body = der(_SEQUENCE, algorithm, bits)
    if rng.random() < 0.1:
        body = damaged(rng, [body], most=1)
    if rng.random() < 0.05:
        body = _random_der(rng, 4)
    label = rng.choice(["PUBLIC KEY"] * 9 + ["EC PUBLIC KEY", "CERTIFICATE", "RSA PUBLIC KEY"])
    return _around(rng, pem(label, body))


def _read_private(content: bytes) -> SigningKey:
    try:
        return SigningKey.parse_pem(content, name="private.key", password=PASSWORD)
    except InputError as error:
        _check_silent(content, error)
        raise


def _check_silent(content: bytes, error: InputError) -> None:
    """Nothing of the file's body is in what is said of it."""
    said = f"{error!r} {error} {error.hint} {error.context}"
    lines = [line.strip().decode("latin-1") for line in content.splitlines()]
    for line in lines:
        if len(line) >= 16 and not line.startswith("-----") and line[:16] in said:
            raise BrokenError("the refusal tells what is in the key's file")


def _check_private(_content: bytes, key: SigningKey) -> None:
    for password in (None, PASSWORD) if int(key.format_hex()[:2], 16) == 1 else (None,):
        text = key.format_pem(password)
        again = SigningKey.parse_pem(text, name="again", password=password)
        assert again.format_hex() == key.format_hex()
        assert again.public_key == key.public_key
    assert key.format_hex() not in repr(key)
    assert key.public_key.verify(b"data", key.sign(b"data"))
    secret = int.from_bytes(bytes.fromhex(key.format_hex()), "little")
    derived = ec.derive_private_key(secret, ec.SECP256R1()).public_key().public_numbers()
    assert (derived.x, derived.y) == (key.public_key.x, key.public_key.y)


def _check_public(_content: bytes, key: PublicKey) -> None:
    assert PublicKey.parse_pem(key.format_pem(), name="again") == key
    assert PublicKey.from_le_bytes(key.le_bytes) == key
    assert "pk[64]" in format_public_key_c(key)
    assert not key.verify(b"data", bytes(64))


PRIVATE = Target(name="private-key", draw=_draw_private, read=_read_private, check=_check_private)
PUBLIC = Target(
    name="public-key",
    draw=_draw_public,
    read=lambda content: PublicKey.parse_pem(content, name="public.pem"),
    check=_check_public,
)
