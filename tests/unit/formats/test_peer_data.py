"""The keys of a bonded host in a settings page: where each byte lies, and what is not taken."""

from __future__ import annotations

import zlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmline.formats.peer_data import (
    NO_PEER_DATA,
    PEER_DATA_SIZE,
    PeerKeys,
    decode_peer_data,
    encode_peer_data,
)
from firmline.values import BleAddress

LTK = bytes(range(0x10, 0x20))
IRK = bytes(range(0x80, 0x90))
KEYS = PeerKeys(address=BleAddress.parse("C6:05:04:03:02:01"), ltk=LTK, irk=IRK)
keys = st.builds(
    PeerKeys,
    address=st.builds(BleAddress, st.binary(min_size=6, max_size=6)),
    ltk=st.binary(min_size=16, max_size=16),
    irk=st.binary(min_size=16, max_size=16),
    authenticated=st.booleans(),
    hears_changes=st.booleans(),
)


def test_every_field_lies_where_the_c_compiler_puts_it() -> None:
    data = encode_peer_data(KEYS)
    assert len(data) == PEER_DATA_SIZE
    assert data[:4] == zlib.crc32(data[4:]).to_bytes(4, "little")
    assert data[4:20] == IRK
    assert data[20:27] == bytes.fromhex("01 01020304 05C6")
    assert data[28:44] == LTK
    assert data[44] == 0x41  # 16 bytes of key, Secure Connections, not authenticated
    assert data[45:] == bytes(19)


def test_the_subscription_to_service_changed_is_the_cccd_behind_the_keys() -> None:
    data = encode_peer_data(replace(KEYS, hears_changes=True))
    assert data[56:] == bytes.fromhex("0B00 0200 0200 0000")


@given(keys)
def test_what_is_written_is_read(some: PeerKeys) -> None:
    assert decode_peer_data(encode_peer_data(some)) == some


@given(some=keys, at=st.integers(0, PEER_DATA_SIZE - 1), bit=st.integers(0, 7))
def test_damaged_keys_are_none(some: PeerKeys, at: int, bit: int) -> None:
    data = bytearray(encode_peer_data(some))
    data[at] ^= 1 << bit
    assert decode_peer_data(bytes(data)) is None


@pytest.mark.parametrize("data", [NO_PEER_DATA, bytes(PEER_DATA_SIZE)], ids=["erased", "zeros"])
def test_where_nothing_is_stored_there_are_no_keys(data: bytes) -> None:
    assert decode_peer_data(data) is None


@given(keys)
def test_no_text_of_keys_shows_them(some: PeerKeys) -> None:
    for text in (repr(some), str(some)):
        assert "ltk" not in text
        assert "irk" not in text
