"""The public keys that can have made an ECDSA signature on P-256, from the signature alone.

Rules of this module: everything here is public, so nothing has to be hidden from a clock; the curve
arithmetic with scalars is the cryptographic library's, only the addition of two points is ours.

Theory (SEC 1 version 2.0, section 4.1.6). A signature (r, s) of the number e, the SHA-256 of the
data, holds for exactly the keys Q = (s/r)R - (e/r)G, where R is a point whose x is r modulo the
group order n. There are two points of one x, R and -R, hence two keys; where r + n is still a
coordinate (r below 2**224, which does not happen by chance) there are up to four. One signature
cannot tell which of them made it. Two signatures of one key have that key in common and, but by a
chance of 2**-255, no other. A signature that is only repeated, or its mirror image (r, n - s), has
the same keys and adds nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec

from firmline.formats.keys import NUMBER_SIZE, PublicKey

# The curve's numbers: NIST SP 800-186, section 3.2.1.3 (P-256, which is secp256r1).
FIELD: Final = 0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF
ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
CURVE_A: Final = -3
CURVE_B: Final = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
_CURVE = ec.SECP256R1()

_Point = tuple[int, int] | None  # None: the point at infinity


def recover_keys(data: bytes, signature: bytes) -> tuple[PublicKey, ...]:
    """Every public key for which a signature holds.

    Args:
        data: What was signed; its SHA-256 was.
        signature: r then s, each 32 bytes little-endian.

    Returns:
        Two keys, in the order of their x; very rarely another number. None where no key can have
        made the signature: another length, a number out of range, an r that is no coordinate.
    """
    if len(signature) != 2 * NUMBER_SIZE:
        return ()
    r = int.from_bytes(signature[:NUMBER_SIZE], "little")
    s = int.from_bytes(signature[NUMBER_SIZE:], "little")
    if not (0 < r < ORDER and 0 < s < ORDER):
        return ()
    e = int.from_bytes(hashlib.sha256(data).digest(), "big")
    found = {key for point in _keys(r, s, e) if (key := _as_key(point)) is not None}
    holding = [key for key in found if key.verify(data, signature)]
    return tuple(sorted(holding, key=lambda key: (key.x, key.y)))


def common_keys(candidates: Iterable[Sequence[PublicKey]]) -> tuple[PublicKey, ...]:
    """The keys that can have made every one of several signatures.

    Args:
        candidates: Of each signature what :func:`recover_keys` says.

    Returns:
        Empty: they were not all made by one key. One: it is the key. Two: all of them are one
        signature, or its mirror image. In the order of the first signature's keys.
    """
    each = list(candidates)
    if not each:
        return ()
    return tuple(key for key in each[0] if all(key in others for others in each[1:]))


def _keys(r: int, s: int, e: int) -> Iterator[_Point]:
    """``(s/r)R - (e/r)G`` for every R that r can stand for."""
    inverse = pow(r, -1, ORDER)
    fixed = _multiple_of_generator(-e * inverse % ORDER)
    for x in (r, r + ORDER):
        y = _lift(x)
        if y is None:
            continue
        moved = _multiple_of(s * inverse % ORDER, (x, y))
        yield _add(moved, fixed)
        yield _add(_negative(moved), fixed)


def _lift(x: int) -> int | None:
    """A y of the points with this x; None if there are none."""
    if x >= FIELD:
        return None
    root = _root(x)
    return root if root * root % FIELD == _right_side(x) else None


def _right_side(x: int) -> int:
    """What y squared is on the curve."""
    return (x * x * x + CURVE_A * x + CURVE_B) % FIELD


def _root(x: int) -> int:
    """The y of a point with this x, where there is one: p is 3 modulo 4, so a root is a power."""
    return pow(_right_side(x), (FIELD + 1) // 4, FIELD)


def _multiple_of_generator(scalar: int) -> _Point:
    if scalar == 0:
        return None
    numbers = ec.derive_private_key(scalar, _CURVE).public_key().public_numbers()
    return numbers.x, numbers.y


def _multiple_of(scalar: int, point: tuple[int, int]) -> tuple[int, int]:
    """A multiple of a point, or the negative of that: a key exchange gives its x alone."""
    peer = ec.EllipticCurvePublicNumbers(*point, _CURVE).public_key()
    shared = ec.derive_private_key(scalar, _CURVE).exchange(ec.ECDH(), peer)
    x = int.from_bytes(shared, "big")
    return x, _root(x)


def _negative(point: tuple[int, int]) -> tuple[int, int]:
    return point[0], FIELD - point[1]  # no point of P-256 has y = 0: its order is odd


def _add(one: _Point, other: _Point) -> _Point:
    """The sum of two points in affine coordinates."""
    if one is None or other is None:
        return other if one is None else one
    (x1, y1), (x2, y2) = one, other
    if x1 != x2:
        slope = (y2 - y1) * pow(x2 - x1, -1, FIELD)
    elif y1 == y2:
        slope = (3 * x1 * x1 + CURVE_A) * pow(2 * y1, -1, FIELD)
    else:
        return None
    x = (slope * slope - x1 - x2) % FIELD
    return x, (slope * (x1 - x) - y1) % FIELD


def _as_key(point: _Point) -> PublicKey | None:
    return None if point is None else PublicKey(x=point[0], y=point[1])
