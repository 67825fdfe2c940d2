from __future__ import annotations

from typing import Any

import pytest

from firmline.errors import Code, LocalProtocolError, RemoteProtocolError
from firmline.links.connectivity.wire import happenings as told
from firmline.links.connectivity.wire import messages as says
from firmline.links.connectivity.wire.api2 import API2
from firmline.links.connectivity.wire.api5 import API5
from firmline.links.connectivity.wire.fields import (
    U8,
    BitsAndData,
    Given,
    Many,
    Maybe,
    Octets,
    Shifted,
    Source,
)
from firmline.links.connectivity.wire.layouts import Call, Layout, Table
from firmline.links.connectivity.wire.variants import variant

BARE_PEER = Layout(says.Peer, (("octets", Octets(6)), ("kind", U8)))
PEER = says.Peer(kind=1, octets=b"123456")


def changed(*layouts: Layout[Any]) -> Table:
    return variant(
        API5,
        9,
        opcodes={says.SetAddress: 0x11, says.GetAddress: 0x12, says.Enable: 0x13},
        numbers={told.Connected: 0x99},
        layouts=layouts,
    )


def test_a_part_is_another_one_wherever_it_stands() -> None:
    table = changed(BARE_PEER)
    assert table.encode_command(says.SetAddress(address=PEER)) == b"\x00\x11\x01123456\x01"
    said = table.encode_response(says.GetAddress, results=says.OwnAddress(address=PEER))
    assert said == b"\x01\x12\x00\x00\x00\x00123456\x01"
    link = says.LinkParameters(interval_min=1, interval_max=2, latency=3, supervision=4)
    event = told.Connected(connection=0, peer=PEER, role=2, parameters=link)
    assert table.encode_event(event).startswith(b"\x02\x99\x00\x00\x00123456\x01\x02")
    assert table.decode_said(table.encode_event(event)) == event


def test_the_table_that_it_is_told_by_is_what_it_was() -> None:
    before = API5.encode_command(says.SetAddress(address=PEER))
    changed(BARE_PEER)
    assert API5.encode_command(says.SetAddress(address=PEER)) == before == b"\x00\x6c\x01\x02123456"


def test_what_is_not_listed_is_not_there() -> None:
    table = changed()
    assert table.knows(says.Enable)
    assert table.knows(told.Connected)
    assert not table.knows(says.Disconnect)
    assert not table.knows(told.Disconnected)
    with pytest.raises(LocalProtocolError, match="interface 9 has no Disconnect"):
        table.encode_command(says.Disconnect(connection=0, reason=19))


def test_parts_behind_presence_and_in_lists_are_changed_too() -> None:
    old = Layout(says.Peer, (("kind", U8), ("octets", Octets(6))))
    rows = (("peer", Maybe(old)), ("scan", Given(old)), ("parameters", Many(U8, old)))
    base = Table.of(1, [Call(1, Layout(says.Connect, rows))], [])
    table = variant(base, 2, opcodes={says.Connect: 2}, numbers={}, layouts=[BARE_PEER])
    assert [field for _, field in table.calls[says.Connect].command.rows] == [
        Maybe(BARE_PEER),
        Given(BARE_PEER),
        Many(U8, BARE_PEER),
    ]


@pytest.mark.parametrize(
    "kind",
    [
        *(says.LimitMtu, says.LimitLinks, says.Enable, says.ExchangeMtu, says.AnswerMtu),
        *(says.UpdatePhy, says.UpdateDataLength, told.MtuExchanged, told.MtuWanted),
        *(told.PhyWanted, told.PhyUpdated, told.DataLengthWanted, told.DataLengthUpdated),
    ],
)
def test_interface_2_has_no_longer_packets_and_no_other_phy(kind: type) -> None:
    assert API5.knows(kind)
    assert not API2.knows(kind)


def test_a_timeout_is_counted_from_elsewhere() -> None:
    for what, octet in ((1, 2), (2, 3)):
        event = told.TimedOut(connection=says.NO_CONNECTION, what=what)
        assert API2.encode_event(event)[-1] == octet
        assert API5.encode_event(event)[-1] == what
        assert API2.decode_said(API2.encode_event(event)) == event


def test_a_number_that_is_shifted_stays_a_byte() -> None:
    for value in range(256):
        out = bytearray()
        Shifted(3).put(value, out)
        assert len(out) == 1
        assert Shifted(3).take(Source(bytes(out))) == value


def test_a_size_shares_its_byte_with_numbers() -> None:
    field = BitsAndData((1, 2))
    out = bytearray()
    field.put((1, 2, b"abc"), out)
    assert out == bytes([1 | 2 << 1 | 3 << 3]) + b"abc"
    assert field.take(Source(bytes(out))) == (1, 2, b"abc")
    field.put((0, 0, bytes(31)), out)
    with pytest.raises(LocalProtocolError, match="31 can be"):
        field.put((0, 0, bytes(32)), out)
    with pytest.raises(RemoteProtocolError) as caught:
        field.take(Source(b"\x18ab"))
    assert caught.value.code is Code.DONGLE_NONSENSE
