from __future__ import annotations

import pytest

from firmline.errors import Code, LocalProtocolError, RemoteProtocolError
from firmline.links.connectivity.wire import happenings as told
from firmline.links.connectivity.wire import messages as says
from firmline.links.connectivity.wire.api5 import API5
from firmline.links.connectivity.wire.fields import U8, U16, Constant, Data, Maybe, Octets, Source
from firmline.links.connectivity.wire.layouts import Response, Unknown


def said(text: str) -> object:
    return API5.decode_said(bytes.fromhex(text))


def test_the_version_tells_the_softdevice() -> None:
    response = said("01 65 00000000 09 5900 a500")
    assert isinstance(response, Response)
    version = says.Version(version=9, company=0x0059, subversion=0x00A5)
    assert API5.decode_results(says.GetVersion, response) == version


def test_a_refusal_has_no_results() -> None:
    response = said("01 65 08000000")
    assert response == Response(0x65, 8)
    assert isinstance(response, Response)
    assert API5.decode_results(says.GetVersion, response) is None


def test_a_uuid_base_gets_a_kind() -> None:
    response = said("01 62 00000000 01 02")
    assert isinstance(response, Response)
    assert API5.decode_results(says.AddUuidBase, response) == says.UuidKind(kind=2)


def test_an_advertisement_with_its_strength() -> None:
    event = said("02 1d00 ffff 02 010203040506 00 000000000000 c4 00 03 01 020106")
    assert event == told.Heard(
        connection=says.NO_CONNECTION,
        peer=says.Peer(kind=1, octets=bytes.fromhex("010203040506")),
        directed_to=says.Peer(kind=0, octets=bytes(6)),
        rssi_dbm=-60,
        is_response=0,
        kind=0,
        data=b"\x02\x01\x06",
    )


def test_a_scan_response_is_told_from_an_advertisement() -> None:
    event = said("02 1d00 ffff 02 010203040506 00 000000000000 c4 01 00 00")
    assert isinstance(event, told.Heard)
    assert event.is_response
    assert event.data == b""


def test_a_connection_and_its_end() -> None:
    event = said("02 1000 0000 02 010203040506 02 0c00 0c00 0000 9001")
    assert isinstance(event, told.Connected)
    assert event.role == 2
    assert event.parameters.interval_max == 12
    assert said("02 1100 0000 08") == told.Disconnected(connection=0, reason=8)


def test_a_notification() -> None:
    assert said("02 3900 0000 0000 0000 0c00 01 0300 600101") == told.ValueHeard(
        connection=0, status=0, error_handle=0, handle=12, kind=1, value=b"\x60\x01\x01"
    )


def test_an_event_that_nobody_needs_is_no_error() -> None:
    assert said("02 5000 0000 01 02") == Unknown(0x50, bytes.fromhex("00000102"))


@pytest.mark.parametrize("text", ["", "01", "0160 0000", "02", "02 10", "07 00", "02 1100 0000"])
def test_what_is_no_message_is_named(text: str) -> None:
    with pytest.raises(RemoteProtocolError) as caught:
        said(text)
    assert caught.value.code is Code.DONGLE_NONSENSE
    assert "cannot be read" in caught.value.message


def test_a_command_that_there_is_not_is_our_defect() -> None:
    with pytest.raises(LocalProtocolError, match="interface 5 has no int"):
        API5.encode_command(1)
    with pytest.raises(LocalProtocolError, match="has no Enable"):
        API5.encode_event(says.Enable())


def test_a_chip_tells_an_opcode_that_it_does_not_know() -> None:
    with pytest.raises(RemoteProtocolError, match="opcode 0xEE"):
        API5.decode_command(b"\x00\xee")
    with pytest.raises(RemoteProtocolError, match="no command"):
        API5.decode_command(b"\x01\x60")


def test_presence_is_zero_or_one() -> None:
    with pytest.raises(RemoteProtocolError, match="presence of 2"):
        Maybe(U16).take(Source(b"\x02\x00\x00"))
    with pytest.raises(RemoteProtocolError, match="stands where"):
        Constant(b"\x01").take(Source(b"\x00"))


def test_data_that_are_absent_are_none_whatever_their_length() -> None:
    assert Data(U8, has_presence=True).take(Source(b"\x05\x00")) == b""


def test_bytes_of_another_size_are_our_defect() -> None:
    with pytest.raises(LocalProtocolError):
        Octets(6).put(b"12345", bytearray())
