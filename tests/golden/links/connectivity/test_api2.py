"""What nRF51 dongles are told, and tell, is what the maker's own driver says and understands."""

from __future__ import annotations

from pathlib import Path

import pytest

from firmline.links.connectivity.wire import happenings as told
from firmline.links.connectivity.wire import messages as says
from firmline.links.connectivity.wire.api2 import API2
from firmline.links.connectivity.wire.layouts import Response

HERE = Path(__file__).parent
COMMANDS = [line.split() for line in (HERE / "api2-commands.txt").read_text("ascii").splitlines()]
SAID = [
    bytes.fromhex(line.partition("#")[0])
    for line in (HERE / "api2-said.txt").read_text("ascii").splitlines()
]
CONNECTION = 0
PEER = says.Peer(kind=1, octets=bytes.fromhex("f5f4f3f2f1f0"))
OWN = says.Peer(kind=1, octets=bytes.fromhex("0605040302c1"))
LINK = says.LinkParameters(interval_min=12, interval_max=12, latency=0, supervision=400)
SIG = says.Uuid(number=0xFE59, kind=1)
COMMON = {"connection": 0, "status": 0, "error_handle": 0}
MEANT: list[object] = [
    says.GetVersion(),
    says.GetAddress(),
    says.SetAddress(address=OWN),
    says.StartScan(
        parameters=says.ScanParameters(is_active=1, interval=160, window=80, timeout_s=10)
    ),
    says.StopScan(),
    says.Connect(
        peer=PEER,
        scan=says.ScanParameters(is_active=1, interval=320, window=240, timeout_s=10),
        parameters=says.LinkParameters(
            interval_min=12, interval_max=24, latency=0, supervision=400
        ),
    ),
    says.UpdateParameters(
        connection=CONNECTION,
        parameters=says.LinkParameters(interval_min=6, interval_max=12, latency=0, supervision=400),
    ),
    says.AddUuidBase(base=bytes.fromhex("50eada308883b89f604f15f30000c98e")),
    says.DiscoverServices(connection=CONNECTION, start=1, uuid=None),
    says.DiscoverServices(connection=CONNECTION, start=1, uuid=SIG),
    says.DiscoverCharacteristics(connection=CONNECTION, handles=says.Handles(start=10, end=0xFFFF)),
    says.DiscoverDescriptors(connection=CONNECTION, handles=says.Handles(start=12, end=13)),
    says.Read(connection=CONNECTION, handle=12, offset=0),
    says.EnableWith(uuid_bases=10, peripherals=0, centrals=1, pairings=1, has_service_changed=1),
    says.StartRssi(connection=CONNECTION),
    says.GetRssi(connection=CONNECTION),
    says.UpdateParameters(connection=CONNECTION, parameters=None),
    says.Write(connection=CONNECTION, operation=says.WRITE_REQUEST, handle=12, value=b"\x09\x00"),
    says.Write(
        connection=CONNECTION, operation=says.WRITE_COMMAND, handle=15, value=b"\x01\x02\x03"
    ),
    says.ConfirmIndication(connection=CONNECTION, handle=12),
    says.Authenticate(
        connection=CONNECTION,
        parameters=says.SecurityParameters(
            bond=1,
            mitm=0,
            lesc=0,
            keypress=0,
            io=3,
            oob=0,
            min_key_size=7,
            max_key_size=16,
            own_keys=3,
            peer_keys=3,
        ),
    ),
    says.CancelConnect(),
    says.Disconnect(connection=CONNECTION, reason=0x13),
]
HAPPENED: list[object] = [
    told.Heard(
        connection=says.NO_CONNECTION,
        peer=PEER,
        rssi_dbm=-60,
        is_response=0,
        kind=0,
        data=b"\x02\x01\x06",
    ),
    told.Connected(connection=0, peer=PEER, own=OWN, role=2, parameters=LINK),
    told.ServicesFound(
        **COMMON, services=(told.Service(uuid=SIG, handles=says.Handles(start=10, end=0xFFFF)),)
    ),
    told.CharacteristicsFound(
        **COMMON,
        characteristics=(
            told.Characteristic(
                uuid=says.Uuid(number=1, kind=2),
                properties=16,
                is_extended=0,
                declaration=11,
                value=12,
            ),
        ),
    ),
    told.DescriptorsFound(
        **COMMON, descriptors=(told.Descriptor(handle=13, uuid=says.Uuid(number=0x2902, kind=1)),)
    ),
    told.ReadDone(**COMMON, handle=12, offset=0, value=bytes([170, 187])),
    told.WriteDone(**COMMON, handle=12, operation=1, offset=0, value=b""),
    told.ValueHeard(**COMMON, handle=12, kind=1, value=bytes([96, 1, 1])),
    told.CommandsSent(connection=0, count=1),
    told.ParametersUpdated(connection=0, parameters=LINK),
    told.ParametersWanted(connection=0, parameters=LINK),
    told.TimedOut(connection=says.NO_CONNECTION, what=1),
    told.Disconnected(connection=0, reason=8),
]


@pytest.mark.parametrize(
    ("recorded", "meant"),
    [(line[1], meant) for line, meant in zip(COMMANDS, MEANT, strict=True)],
    ids=[line[0] for line in COMMANDS],
)
def test_a_recorded_command_is_read_and_said_in_the_same_bytes(
    recorded: str, meant: object
) -> None:
    payload = bytes.fromhex(recorded)
    assert API2.decode_command(payload) == meant
    assert API2.encode_command(meant) == payload


def test_the_recordings_that_the_project_was_given_are_all_here(shared: Path) -> None:
    given = (shared / "data" / "connectivity" / "api2-commands.txt").read_text("ascii")
    assert [line.split() for line in given.splitlines()] == COMMANDS[: len(given.splitlines())]


@pytest.mark.parametrize(
    ("payload", "meant"),
    list(zip(SAID, HAPPENED, strict=True)),
    ids=[type(each).__name__ for each in HAPPENED],
)
def test_an_event_is_what_the_makers_driver_makes_of_it(payload: bytes, meant: object) -> None:
    assert API2.decode_said(payload) == meant
    assert API2.encode_event(meant) == payload


@pytest.mark.parametrize(
    ("text", "kind", "meant"),
    [
        (
            "01 66 00000000 08 5900 8700",
            says.GetVersion,
            says.Version(version=8, company=0x0059, subversion=0x0087),
        ),
        ("01 63 00000000 01 02", says.AddUuidBase, says.UuidKind(kind=2)),
        ("01 71 00000000 01 0605040302c1", says.GetAddress, says.OwnAddress(address=OWN)),
        ("01 8e 00000000 c4", says.GetRssi, says.Rssi(dbm=-60)),
        ("01 60 04000000", says.EnableWith, None),
    ],
)
def test_a_result_is_what_the_makers_driver_makes_of_it(
    text: str, kind: type, meant: object
) -> None:
    response = API2.decode_said(bytes.fromhex(text))
    assert isinstance(response, Response)
    assert API2.decode_results(kind, response) == meant
    said = API2.encode_response(kind, error=response.error, results=meant)
    assert said == bytes.fromhex(text)
