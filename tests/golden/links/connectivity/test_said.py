"""Our events are, byte for byte, those that the maker's own driver has read as what is meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from firmline.links.connectivity.wire import happenings as told
from firmline.links.connectivity.wire import messages as says
from firmline.links.connectivity.wire.api5 import API5

LINES = (Path(__file__).parent / "api5-said.txt").read_text("ascii").splitlines()
RECORDED = [bytes.fromhex(line.partition("#")[0]) for line in LINES]
COMMON = {"connection": 0, "status": 0, "error_handle": 0}
SIG = says.Uuid(number=0xFE59, kind=1)
WANTED = says.LinkParameters(interval_min=12, interval_max=12, latency=0, supervision=400)
PEER = says.Peer(kind=1, octets=bytes.fromhex("010203040506"))
LENGTHS = says.DataLengths(tx_octets=251, rx_octets=251, tx_time_us=2120, rx_time_us=2120)
MEANT: list[object] = [
    told.Heard(
        connection=says.NO_CONNECTION,
        peer=PEER,
        directed_to=says.Peer(kind=0, octets=bytes(6)),
        rssi_dbm=-60,
        is_response=0,
        kind=0,
        data=b"\x02\x01\x06",
    ),
    told.Connected(connection=0, peer=PEER, role=2, parameters=WANTED),
    told.ServicesFound(
        **COMMON,
        services=(told.Service(uuid=SIG, handles=says.Handles(start=10, end=0xFFFF)),),
    ),
    told.CharacteristicsFound(
        **COMMON,
        characteristics=(
            told.Characteristic(uuid=SIG, properties=16, is_extended=0, declaration=11, value=12),
        ),
    ),
    told.DescriptorsFound(
        **COMMON,
        descriptors=(told.Descriptor(handle=13, uuid=says.Uuid(number=0x2902, kind=1)),),
    ),
    told.ReadDone(**COMMON, handle=12, offset=0, value=bytes([170, 187])),
    told.WriteDone(**COMMON, handle=12, operation=1, offset=0, value=b""),
    told.ValueHeard(**COMMON, handle=12, kind=1, value=bytes([96, 1, 1])),
    told.MtuExchanged(**COMMON, mtu=247),
    told.CommandsSent(**COMMON, count=1),
    told.ParametersUpdated(connection=0, parameters=WANTED),
    told.ParametersWanted(connection=0, parameters=WANTED),
    told.PhyWanted(connection=0, phys=says.Phys(tx=2, rx=2)),
    told.PhyUpdated(connection=0, status=0, phys=says.Phys(tx=2, rx=2)),
    told.DataLengthWanted(connection=0, lengths=LENGTHS),
    told.DataLengthUpdated(connection=0, lengths=LENGTHS),
    told.MtuWanted(connection=0, mtu=247),
    told.TimedOut(connection=0, what=1),
    told.Disconnected(connection=0, reason=8),
]


@pytest.mark.parametrize(
    ("payload", "meant"),
    list(zip(RECORDED, MEANT, strict=True)),
    ids=[type(each).__name__ for each in MEANT],
)
def test_an_event_is_what_the_makers_driver_makes_of_it(payload: bytes, meant: object) -> None:
    assert API5.decode_said(payload) == meant
    assert API5.encode_event(meant) == payload
