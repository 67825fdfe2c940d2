"""Public keys from signatures: the published examples, and the corners of the arithmetic."""

from __future__ import annotations

import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from firmline.formats.key_recovery import CURVE_B, FIELD, ORDER, common_keys, recover_keys
from firmline.formats.keys import PublicKey, SigningKey

# RFC 6979, appendix A.2.5: a key, and its signatures of "sample" and "test" with SHA-256.
KEY = PublicKey(
    x=0x60FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6,
    y=0x7903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299,
)
SAMPLE = (
    0xEFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716,
    0xF7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8,
)
TEST = (
    0xF1ABB023518351CD71D881567B1EA663ED3EFCF6C5132B354F28D3B0B7D38367,
    0x019F4113742A2B14BD25926B49C649155F267E60D3814B4C0CC84250E46F0083,
)
GENERATOR = ec.derive_private_key(1, ec.SECP256R1()).public_key().public_numbers()


def raw(numbers: tuple[int, int]) -> bytes:
    return b"".join(number.to_bytes(32, "little") for number in numbers)


def hashed(data: bytes) -> int:
    return int.from_bytes(hashlib.sha256(data).digest(), "big")


def point(scalar: int) -> PublicKey:
    numbers = ec.derive_private_key(scalar % ORDER, ec.SECP256R1()).public_key().public_numbers()
    return PublicKey(x=numbers.x, y=numbers.y)


def test_the_numbers_are_those_of_the_curve() -> None:
    assert pow(2, FIELD - 1, FIELD) == pow(2, ORDER - 1, ORDER) == 1
    x, y = GENERATOR.x, GENERATOR.y
    assert (y * y - (x**3 - 3 * x + CURVE_B)) % FIELD == 0
    minus_one = point(ORDER - 1)  # only the right order gives the generator's mirror image
    assert (minus_one.x, minus_one.y) == (x, FIELD - y)


def test_the_key_of_a_published_signature_is_one_of_two() -> None:
    found = recover_keys(b"sample", raw(SAMPLE))
    assert len(found) == 2
    assert KEY in found
    assert all(key.verify(b"sample", raw(SAMPLE)) for key in found)
    assert found == tuple(sorted(found, key=lambda key: (key.x, key.y)))


def test_two_signatures_have_the_key_alone_in_common() -> None:
    candidates = [recover_keys(b"sample", raw(SAMPLE)), recover_keys(b"test", raw(TEST))]
    assert common_keys(candidates) == (KEY,)


def test_the_mirror_image_of_a_signature_adds_nothing() -> None:
    mirrored = raw((SAMPLE[0], ORDER - SAMPLE[1]))
    found = recover_keys(b"sample", raw(SAMPLE))
    assert recover_keys(b"sample", mirrored) == found
    assert common_keys([found, recover_keys(b"sample", mirrored)]) == found


def test_nothing_in_common_is_empty() -> None:
    other = SigningKey.generate()
    candidates = [recover_keys(b"sample", raw(SAMPLE)), recover_keys(b"x", other.sign(b"x"))]
    assert common_keys(candidates) == ()
    assert common_keys([]) == ()
    assert common_keys([candidates[0], ()]) == ()


@pytest.mark.parametrize(
    "numbers",
    [
        (0, 1),
        (1, 0),
        (ORDER, 1),
        (SAMPLE[0], ORDER),
        (2**256 - 1, SAMPLE[1]),
        # The RFC's r plus 2: x**3 - 3x + b has no root there.
        (SAMPLE[0] + 2, SAMPLE[1]),
    ],
)
def test_a_signature_that_no_key_can_have_made(numbers: tuple[int, int]) -> None:
    assert recover_keys(b"sample", raw(numbers)) == ()


@pytest.mark.parametrize("size", [0, 1, 63, 65, 72])
def test_a_signature_of_another_length_is_nobodys(size: int) -> None:
    assert recover_keys(b"sample", (raw(SAMPLE) * 2)[:size]) == ()


# With R = G, which is no secret nonce, keys can be chosen so that the points meet: the candidates
# are then (s - e)/r and (-s - e)/r times G.


def test_where_one_candidate_would_be_infinity_there_is_one_key() -> None:
    e, r = hashed(b"meet"), GENERATOR.x % ORDER
    for s, scalar in ((e % ORDER, -2 * e), (-e % ORDER, -2 * e)):
        expected = point(scalar * pow(r, -1, ORDER))
        assert recover_keys(b"meet", raw((r, s))) == (expected,)


def test_an_x_above_the_order_stands_behind_a_small_r() -> None:
    """The least x from the group order on that has a point: r is 2, 3 or so, and x = r + n."""
    r = next(
        r
        for r in range(1, 100)
        if pow((r + ORDER) ** 3 - 3 * (r + ORDER) + CURVE_B, (FIELD - 1) // 2, FIELD) == 1
    )
    found = recover_keys(b"small", raw((r, 12345)))
    x_itself = pow(r**3 - 3 * r + CURVE_B, (FIELD - 1) // 2, FIELD) == 1
    assert len(found) == (4 if x_itself else 2)
    assert all(key.verify(b"small", raw((r, 12345))) for key in found)
