"""No key is in a capture, and nothing else is missing from it."""

from __future__ import annotations

import pytest
from bumble import hci
from hypothesis import given
from hypothesis import strategies as st

from firmline.links.bumble.redaction import without_keys

KEY = bytes(range(0x30, 0x40))
ENABLE = hci.HCI_LE_Enable_Encryption_Command(
    connection_handle=1, random_number=bytes(8), encrypted_diversifier=0, long_term_key=KEY
)
REPLY = hci.HCI_LE_Long_Term_Key_Request_Reply_Command(connection_handle=1, long_term_key=KEY)
RESOLVE = hci.HCI_LE_Add_Device_To_Resolving_List_Command(
    peer_identity_address_type=1,
    peer_identity_address=hci.Address("C0:00:00:00:00:01"),
    peer_irk=KEY,
    local_irk=KEY,
)
ENCRYPT = b"\x01\x17\x20\x20" + KEY + b"a word for a page"[:16]
DHKEY = bytes.fromhex("043e220900") + KEY + KEY


def acl(code: int, key: bytes = KEY) -> bytes:
    """A packet of the Security Manager, in one piece."""
    smp = bytes([code]) + key
    channel = len(smp).to_bytes(2, "little") + b"\x06\x00"
    return b"\x02\x01\x20" + (len(smp) + 4).to_bytes(2, "little") + channel + smp


@pytest.mark.parametrize(
    "packet",
    [
        bytes(ENABLE),
        bytes(REPLY),
        bytes(RESOLVE),
        ENCRYPT,
        DHKEY,
        acl(0x06),
        acl(0x08),
        acl(0x0A),
    ],
    ids=["enable", "reply", "resolve", "encrypt", "dhkey", "encryption", "identity", "signing"],
)
def test_a_key_is_replaced_by_zeros_and_the_rest_stays(packet: bytes) -> None:
    assert KEY in packet
    assert without_keys(packet) == packet.replace(KEY, bytes(16))


@pytest.mark.parametrize(
    "packet",
    [
        acl(0x01),
        acl(0x03),
        bytes(hci.HCI_Reset_Command()),
        b"\x04" + bytes(ENABLE)[1:],
        b"\x02\x01\x20\x15\x00\x11\x00\x04\x00\x08" + KEY,
    ],
)
def test_what_holds_no_key_is_as_it_was(packet: bytes) -> None:
    assert without_keys(packet) == packet


@given(st.binary(max_size=64))
def test_no_packet_changes_its_length_or_raises(packet: bytes) -> None:
    assert len(without_keys(packet)) == len(packet)


@given(cut=st.integers(0, 40))
def test_a_packet_that_is_cut_short_shows_no_part_of_a_key(cut: int) -> None:
    for packet in (bytes(ENABLE), bytes(REPLY), DHKEY, acl(0x08)):
        shown = without_keys(packet[:cut])
        assert not set(KEY) & set(shown[packet.index(KEY) :])
