"""Whatever is signed with whatever key: the key is among those recovered."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from firmline.formats.key_recovery import ORDER, common_keys, recover_keys
from unit.formats.makers import key_of

SCALARS = st.integers(1, ORDER - 1) | st.integers(1, 3) | st.integers(ORDER - 3, ORDER - 1)


@given(SCALARS, st.binary(max_size=200))
def test_the_key_is_among_the_candidates(scalar: int, data: bytes) -> None:
    key = key_of(scalar)
    signature = key.sign(data)
    found = recover_keys(data, signature)
    assert key.public_key in found
    assert len(found) == 2
    assert all(each.verify(data, signature) for each in found)


@given(SCALARS, st.lists(st.binary(max_size=60), min_size=2, max_size=5, unique=True))
def test_several_signatures_name_exactly_the_key(scalar: int, messages: list[bytes]) -> None:
    key = key_of(scalar)
    candidates = [recover_keys(data, key.sign(data)) for data in messages]
    assert common_keys(candidates) == (key.public_key,)


@given(st.lists(SCALARS, min_size=2, max_size=2, unique=True), st.binary(max_size=60))
def test_two_keys_have_no_candidate_in_common(scalars: list[int], data: bytes) -> None:
    one, other = (key_of(scalar) for scalar in scalars)
    candidates = [
        recover_keys(data, one.sign(data)),
        recover_keys(data + b"'", other.sign(data + b"'")),
    ]
    assert common_keys(candidates) == ()


@settings(max_examples=300)
@given(st.binary(max_size=80), st.binary(min_size=60, max_size=68))
def test_any_bytes_have_keys_that_hold_or_none(data: bytes, signature: bytes) -> None:
    for key in recover_keys(data, signature):
        assert key.verify(data, signature)
