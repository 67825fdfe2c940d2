"""The table of SoftDevice interface 2: nRF51 dongles, firmware 4.1.4 with S130 2.0.1.

Told by what is different from interface 5. There is no configuration before the stack is switched
on, one command does both; ATT MTU, data length and PHY are what they are; and a write command that
was sent is told by an event of its own. Opcodes, numbers and rows are those that the maker's own
driver for this interface sends and understands (nrf-connectivity spec, "API versions", and
recordings of that driver).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from firmline.links.connectivity.wire import happenings as told
from firmline.links.connectivity.wire import messages as says
from firmline.links.connectivity.wire.api5 import API5, CONNECTION, PARAMETERS
from firmline.links.connectivity.wire.fields import (
    ABSENT,
    I8,
    PRESENT,
    U8,
    U16,
    U32,
    Bits,
    BitsAndData,
    Constant,
    Given,
    Octets,
    Shifted,
)
from firmline.links.connectivity.wire.layouts import Layout, Table
from firmline.links.connectivity.wire.variants import variant

_OPCODES: Final[Mapping[type, int]] = {
    says.EnableWith: 0x60,
    says.AddUuidBase: 0x63,
    says.GetVersion: 0x66,
    says.SetAddress: 0x70,
    says.GetAddress: 0x71,
    says.UpdateParameters: 0x75,
    says.Disconnect: 0x76,
    says.Authenticate: 0x7E,
    says.StartRssi: 0x88,
    says.StartScan: 0x8A,
    says.StopScan: 0x8B,
    says.Connect: 0x8C,
    says.CancelConnect: 0x8D,
    says.GetRssi: 0x8E,
    says.DiscoverServices: 0x90,
    says.DiscoverCharacteristics: 0x92,
    says.DiscoverDescriptors: 0x93,
    says.Read: 0x96,
    says.Write: 0x98,
    says.ConfirmIndication: 0x99,
}
_NUMBERS: Final[Mapping[type, int]] = {
    told.CommandsSent: 0x01,
    told.Connected: 0x10,
    told.Disconnected: 0x11,
    told.ParametersUpdated: 0x12,
    told.TimedOut: 0x1B,
    told.Heard: 0x1D,
    told.ParametersWanted: 0x1F,
    told.ServicesFound: 0x30,
    told.CharacteristicsFound: 0x32,
    told.DescriptorsFound: 0x33,
    told.ReadDone: 0x36,
    told.WriteDone: 0x38,
    told.ValueHeard: 0x39,
    told.GattTimedOut: 0x3A,
}
PEER: Final = Layout(says.Peer, (("kind", U8), ("octets", Octets(6))))
SCAN: Final = Layout(
    says.ScanParameters,
    (
        (("is_active", "whitelist"), Bits((1, 7))),
        ("", Constant(ABSENT)),
        ("interval", U16),
        ("window", U16),
        ("timeout_s", U16),
    ),
)
"""Its whitelist would stand behind the flags."""
_LAYOUTS: Final = (
    PEER,
    SCAN,
    Layout(
        says.EnableWith,
        (
            ("", Constant(PRESENT)),
            ("uuid_bases", U16),
            ("", Constant(ABSENT)),  # how busy each connection may be
            ("peripherals", U8),
            ("centrals", U8),
            ("pairings", U8),
            ("has_service_changed", U8),
            ("attribute_table", U32),
        ),
    ),
    Layout(says.SetAddress, (("", Constant(b"\0")), ("address", Given(PEER)))),
    Layout(
        says.Connect,
        (("peer", Given(PEER)), ("scan", Given(SCAN)), ("parameters", Given(PARAMETERS))),
    ),
    Layout(says.Rssi, (("dbm", I8),)),
    Layout(told.CommandsSent, (CONNECTION, ("count", U8))),
    Layout(
        told.Connected,
        (
            CONNECTION,
            ("peer", PEER),
            ("own", PEER),
            ("role", U8),
            ("resolved_by", U8),
            ("parameters", PARAMETERS),
        ),
    ),
    # 0 is advertising here, and 1 security.
    Layout(told.TimedOut, (CONNECTION, ("what", Shifted(1)))),
    Layout(
        told.Heard,
        (
            CONNECTION,
            ("peer", PEER),
            ("rssi_dbm", I8),
            (("is_response", "kind", "data"), BitsAndData((1, 2))),
        ),
    ),
)

API2: Final[Table] = variant(API5, 2, opcodes=_OPCODES, numbers=_NUMBERS, layouts=_LAYOUTS)
