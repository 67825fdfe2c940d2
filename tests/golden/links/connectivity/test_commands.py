"""Our commands are, byte for byte, those of the maker's own driver."""

from __future__ import annotations

from pathlib import Path

import pytest

from firmline.links.connectivity.wire import messages as says
from firmline.links.connectivity.wire.api5 import API5

HERE = Path(__file__).parent
COMMANDS = [
    tuple(line.split()) for line in (HERE / "api5-commands.txt").read_text("ascii").splitlines()
]
PEER = says.Peer(kind=1, octets=bytes.fromhex("f5f4f3f2f1f0"))
SCAN = says.ScanParameters(is_active=1, interval=320, window=240, timeout_s=10)
PASSIVELY = says.ScanParameters(is_active=1, interval=160, window=80, timeout_s=10)
CONNECTION = 0
NORDICS_BASE = bytes.fromhex("50eada308883b89f604f15f30000c98e")
MEANT: dict[str, object] = {
    "0060": says.Enable(),
    "006501": says.GetVersion(),
    "006d01": says.GetAddress(),
    "006c01020605040302c1": says.SetAddress(
        address=says.Peer(kind=1, octets=bytes.fromhex("0605040302c1"))
    ),
    "008a0101a00050000a00": says.StartScan(parameters=PASSIVELY),
    "008b": says.StopScan(),
    "008c0102f5f4f3f2f1f001014001f0000a00010c0018000000900100": says.Connect(
        peer=PEER,
        scan=SCAN,
        parameters=says.LinkParameters(
            interval_min=12, interval_max=24, latency=0, supervision=400
        ),
        tag=0,
    ),
    "007500000106000c0000009001": says.UpdateParameters(
        connection=CONNECTION,
        parameters=says.LinkParameters(interval_min=6, interval_max=12, latency=0, supervision=400),
    ),
    "00620150eada308883b89f604f15f30000c98e01": says.AddUuidBase(base=NORDICS_BASE),
    "00940000010000": says.DiscoverServices(connection=CONNECTION, start=1, uuid=None),
    "0094000001000159fe01": says.DiscoverServices(
        connection=CONNECTION, start=1, uuid=says.Uuid(number=0xFE59, kind=1)
    ),
    "00960000010a00ffff": says.DiscoverCharacteristics(
        connection=CONNECTION, handles=says.Handles(start=10, end=0xFFFF)
    ),
    "00970000010c000d00": says.DiscoverDescriptors(
        connection=CONNECTION, handles=says.Handles(start=12, end=13)
    ),
    "009a00000c000000": says.Read(connection=CONNECTION, handle=12, offset=0),
    "009d00000c00": says.ConfirmIndication(connection=CONNECTION, handle=12),
    "009c00000101000c0000000200010900": says.Write(
        connection=CONNECTION, operation=says.WRITE_REQUEST, handle=12, value=b"\x09\x00"
    ),
    "009c00000102000f000000030001010203": says.Write(
        connection=CONNECTION, operation=says.WRITE_COMMAND, handle=15, value=b"\x01\x02\x03"
    ),
    "009e0000f700": says.ExchangeMtu(connection=CONNECTION, mtu=247),
    "00900000" + "01fb00fb000000000001": says.UpdateDataLength(
        connection=CONNECTION,
        lengths=says.DataLengths(tx_octets=251, rx_octets=251, tx_time_us=0, rx_time_us=0),
    ),
    "008f0000010202": says.UpdatePhy(connection=CONNECTION, phys=says.Phys(tx=2, rx=2)),
    "007e0000013107100303": says.Authenticate(
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
    "0076000013": says.Disconnect(connection=CONNECTION, reason=0x13),
    "008800000000": says.StartRssi(connection=CONNECTION, threshold=0),
    "008e000001": says.GetRssi(connection=CONNECTION),
    "008d": says.CancelConnect(),
    "00ad0000f700": says.AnswerMtu(connection=CONNECTION, mtu=247),
    "0075000000": says.UpdateParameters(connection=CONNECTION, parameters=None),
    "00900000" + "0001": says.UpdateDataLength(connection=CONNECTION, lengths=None),
}


@pytest.mark.parametrize(("name", "recorded"), COMMANDS, ids=[each[0] for each in COMMANDS])
def test_a_recorded_command_is_read_and_said_in_the_same_bytes(name: str, recorded: str) -> None:
    payload = bytes.fromhex(recorded)
    command = API5.decode_command(payload)
    assert API5.encode_command(command) == payload, name
    assert command == MEANT[recorded]


def test_nothing_that_was_recorded_is_left_out() -> None:
    assert {recorded for _, recorded in COMMANDS} == set(MEANT)


def test_the_beginning_of_a_session_of_the_makers_driver(shared: Path) -> None:
    """The configuration, the discovery, an init packet and three objects of an update."""
    path = shared / "data" / "connectivity" / "api5-dfu-session-start.txt"
    payloads = [bytes.fromhex(line.split()[1]) for line in path.read_text("ascii").splitlines()]
    assert len(payloads) == 80
    said = [API5.decode_command(payload) for payload in payloads]
    assert [API5.encode_command(command) for command in said] == payloads
    assert said[0] == says.LimitMtu(tag=1, mtu=247)
    assert said[1] == says.LimitLinks(tag=1, count=1, event_length=5)
    written = [each for each in said if isinstance(each, says.Write)]
    assert sum(each.operation == says.WRITE_COMMAND for each in written) == 50
