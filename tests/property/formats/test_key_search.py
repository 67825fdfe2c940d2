"""A key is found wherever it lies, and nothing that is found is not one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from firmline.errors import InputError
from firmline.formats.key_search import FoundKey, find_any_keys, find_keys, parse_dump
from firmline.formats.keys import PublicKey
from firmline.formats.spans import Span
from unit.formats.makers import hex_file, key_of

KEYS = [key_of(scalar).public_key for scalar in range(70, 74)]


@given(
    st.binary(max_size=300),
    st.sampled_from(KEYS),
    st.binary(max_size=300),
    st.integers(0, 0x8_0000),
)
def test_a_key_between_any_bytes_is_found(
    before: bytes, key: PublicKey, after: bytes, at: int
) -> None:
    spans = parse_dump(hex_file((at, before + key.le_bytes + after)), name="dump.hex")
    found = FoundKey(key=key, address=at + len(before))
    assert found in find_keys(spans, KEYS)
    assert (found in find_any_keys(spans)) == (found.address % 4 == 0)


@given(st.binary(min_size=1, max_size=2000), st.sampled_from(["a.bin", "a.hex", "a.s19", "a"]))
def test_any_file_is_searched_or_refused(content: bytes, name: str) -> None:
    try:
        spans = parse_dump(content, name=name)
    except InputError:
        return
    for found in find_any_keys(spans):
        (again,) = find_keys([Span(address=0, data=found.key.le_bytes)], [found.key])
        assert again.key == found.key
