"""Readers of what comes from elsewhere never fail in another way than by a refusal."""

from __future__ import annotations

import contextlib
from typing import Any

from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from hypothesis import given
from hypothesis import strategies as st

from firmline.errors import InputError
from firmline.formats.signature_file import parse_signature
from firmline.formats.signing_request import parse_request
from firmline.formats.zigbee_ota import (
    MAX_COMMENT_LENGTH,
    ZigbeeOta,
    decode_zigbee_ota,
    encode_zigbee_ota,
)
from firmline.tokens.uri import parse_token_uri

U16 = st.integers(0, 0xFFFF)
NUMBER = st.integers(2**240, 2**256 - 1)  # shorter ones are as rare as a guessed key
COMMENTS = st.text(
    st.characters(min_codepoint=32, max_codepoint=126, exclude_characters='/\\:*?"<>|'),
    max_size=MAX_COMMENT_LENGTH,
)
FILES = st.builds(
    ZigbeeOta,
    manufacturer=U16,
    image_type=U16,
    file_version=st.integers(0, 0xFFFF_FFFF),
    comment=COMMENTS,
    init_packet=st.binary(max_size=200),
    firmware=st.binary(max_size=200).filter(lambda data: not data.endswith(b"\xff")),
    hw_versions=st.none() | st.tuples(U16, U16),
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
)


@given(FILES)
def test_zigbee_files_read_back(ota: ZigbeeOta) -> None:
    assert decode_zigbee_ota(encode_zigbee_ota(ota), name="f") == ota


@given(FILES, st.data())
def test_a_changed_zigbee_file_is_another_or_refused(ota: ZigbeeOta, data: st.DataObject) -> None:
    content = bytearray(encode_zigbee_ota(ota))
    at = data.draw(st.integers(0, len(content) - 1))
    content[at] ^= data.draw(st.integers(1, 255))
    with contextlib.suppress(InputError):
        # The flags of the trigger are for the unit: their byte is not a part of the values.
        assert decode_zigbee_ota(bytes(content), name="f") != ota or 56 < at < 75


@given(st.binary(max_size=300))
def test_any_bytes_are_a_zigbee_file_or_refused(content: bytes) -> None:
    with contextlib.suppress(InputError):
        decode_zigbee_ota(content, name="f")


@given(NUMBER, NUMBER)
def test_every_form_of_a_signature_is_the_same(r: int, s: int) -> None:
    raw = r.to_bytes(32, "big") + s.to_bytes(32, "big")
    ours = r.to_bytes(32, "little") + s.to_bytes(32, "little")
    der = encode_dss_signature(r, s)
    assert parse_signature(raw, name="s") == ours
    assert parse_signature(der, name="s") == ours
    assert parse_signature(der.hex().encode(), name="s") == ours


@given(st.binary(max_size=200))
def test_any_bytes_are_a_signature_or_refused(content: bytes) -> None:
    with contextlib.suppress(InputError):
        assert len(parse_signature(content, name="s")) == 64


@given(st.binary(max_size=100) | VALUES.map(lambda value: repr(value).encode()))
def test_any_bytes_are_a_request_or_refused(content: bytes) -> None:
    with contextlib.suppress(InputError):
        parse_request(content, name="r")


@given(st.text(max_size=80))
def test_any_text_is_a_token_uri_or_refused(text: str) -> None:
    with contextlib.suppress(InputError):
        parse_token_uri(f"pkcs11:{text}")
