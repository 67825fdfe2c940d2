"""The table of SoftDevice interface 5: dongle firmware 4.1.4 with S132 5.1.0.

Opcodes, numbers and rows are those of nrf-connectivity spec, "Serialization layer", which were seen
on the wire; the commands are compared with the bytes of the maker's own driver.
"""

from __future__ import annotations

from typing import Final

from firmline.links.connectivity.wire import happenings as told
from firmline.links.connectivity.wire import messages as says
from firmline.links.connectivity.wire.fields import (
    I8,
    RESULT_PLACE,
    U8,
    U16,
    Bits,
    Data,
    Given,
    Many,
    Maybe,
    Octets,
)
from firmline.links.connectivity.wire.layouts import Call, Happening, Layout, Row, Table

# Parts.

PEER: Final = Layout(says.Peer, ((("is_identity", "kind"), Bits((1, 7))), ("octets", Octets(6))))
UUID: Final = Layout(says.Uuid, (("number", U16), ("kind", U8)))
HANDLES: Final = Layout(says.Handles, (("start", U16), ("end", U16)))
SCAN: Final = Layout(
    says.ScanParameters,
    (
        (("is_active", "whitelist", "directed"), Bits((1, 1, 1))),
        ("interval", U16),
        ("window", U16),
        ("timeout_s", U16),
    ),
)
PARAMETERS: Final = Layout(
    says.LinkParameters,
    (("interval_min", U16), ("interval_max", U16), ("latency", U16), ("supervision", U16)),
)
PHYS: Final = Layout(says.Phys, (("tx", U8), ("rx", U8)))
LENGTHS: Final = Layout(
    says.DataLengths,
    (("tx_octets", U16), ("rx_octets", U16), ("tx_time_us", U16), ("rx_time_us", U16)),
)
LIMITS: Final = Layout(
    says.DataLengthLimits, (("tx_octets", U16), ("rx_octets", U16), ("time_us", U16))
)
SECURITY: Final = Layout(
    says.SecurityParameters,
    (
        (("bond", "mitm", "lesc", "keypress", "io", "oob"), Bits((1, 1, 1, 1, 3, 1))),
        ("min_key_size", U8),
        ("max_key_size", U8),
        ("own_keys", U8),
        ("peer_keys", U8),
    ),
)
CONNECTION: Final[Row] = ("connection", U16)
GATT_RESULT: Final[tuple[Row, ...]] = (CONNECTION, ("status", U16), ("error_handle", U16))
"""What every event of a GATT client begins with."""
SHORT_DATA: Final = Data(U8, has_presence=True)
LONG_DATA: Final = Data(U16, has_presence=True)
VALUE: Final = Data(U16, has_presence=False)
"""In the events of a GATT client."""

# Commands.

_LINKS: Final = (0x20).to_bytes(4, "little")
_MTU: Final = (0x23).to_bytes(4, "little")
"""What is configured: BLE_CONN_CFG_GAP and BLE_CONN_CFG_GATT, with a tag behind."""
_OF_THE_DONGLE: Final = (
    Call(
        0x69,
        Layout(
            says.LimitLinks,
            (("", RESULT_PLACE), ("tag", U8), ("count", U8), ("event_length", U16)),
        ),
        begins=_LINKS,
    ),
    Call(
        0x69,
        Layout(says.LimitMtu, (("", RESULT_PLACE), ("tag", U8), ("mtu", U16))),
        begins=_MTU,
    ),
    Call(0x60, Layout(says.Enable)),
    Call(
        0x65,
        Layout(says.GetVersion, (("", RESULT_PLACE),)),
        Layout(says.Version, (("version", U8), ("company", U16), ("subversion", U16))),
    ),
    Call(
        0x62,
        Layout(says.AddUuidBase, (("base", Given(Octets(16))), ("", RESULT_PLACE))),
        Layout(says.UuidKind, (("kind", Given(U8)),)),
    ),
    Call(0x6C, Layout(says.SetAddress, (("address", Given(PEER)),))),
    Call(
        0x6D,
        Layout(says.GetAddress, (("", RESULT_PLACE),)),
        Layout(says.OwnAddress, (("address", PEER),)),
    ),
)
_OF_THE_AIR: Final = (
    Call(0x8A, Layout(says.StartScan, (("parameters", Given(SCAN)),))),
    Call(0x8B, Layout(says.StopScan)),
    Call(
        0x8C,
        Layout(
            says.Connect,
            (
                ("peer", Given(PEER)),
                ("scan", Given(SCAN)),
                ("parameters", Given(PARAMETERS)),
                ("tag", U8),
            ),
        ),
    ),
    Call(0x8D, Layout(says.CancelConnect)),
)
_OF_A_CONNECTION: Final = (
    Call(0x76, Layout(says.Disconnect, (CONNECTION, ("reason", U8)))),
    Call(0x75, Layout(says.UpdateParameters, (CONNECTION, ("parameters", Maybe(PARAMETERS))))),
    Call(0x8F, Layout(says.UpdatePhy, (CONNECTION, ("phys", Given(PHYS))))),
    Call(
        0x90,
        Layout(
            says.UpdateDataLength,
            (CONNECTION, ("lengths", Maybe(LENGTHS)), ("", RESULT_PLACE)),
        ),
        Layout(says.Limited, (("limits", Maybe(LIMITS)),)),
    ),
    Call(
        0x88,
        Layout(says.StartRssi, (CONNECTION, ("threshold", U8), ("skipped", U8))),
    ),
    Call(
        0x8E,
        Layout(says.GetRssi, (CONNECTION, ("", RESULT_PLACE))),
        Layout(says.Rssi, (("dbm", Given(I8)),)),
    ),
    Call(0xAD, Layout(says.AnswerMtu, (CONNECTION, ("mtu", U16)))),
    Call(0x7E, Layout(says.Authenticate, (CONNECTION, ("parameters", Given(SECURITY))))),
)
_OF_A_CLIENT: Final = (
    Call(0x9E, Layout(says.ExchangeMtu, (CONNECTION, ("mtu", U16)))),
    Call(
        0x94,
        Layout(says.DiscoverServices, (CONNECTION, ("start", U16), ("uuid", Maybe(UUID)))),
    ),
    Call(0x96, Layout(says.DiscoverCharacteristics, (CONNECTION, ("handles", Given(HANDLES))))),
    Call(0x97, Layout(says.DiscoverDescriptors, (CONNECTION, ("handles", Given(HANDLES))))),
    Call(0x9A, Layout(says.Read, (CONNECTION, ("handle", U16), ("offset", U16)))),
    Call(
        0x9C,
        Layout(
            says.Write,
            (
                CONNECTION,
                ("", RESULT_PLACE),
                ("operation", U8),
                ("flags", U8),
                ("handle", U16),
                ("offset", U16),
                ("value", LONG_DATA),
            ),
        ),
    ),
    Call(0x9D, Layout(says.ConfirmIndication, (CONNECTION, ("handle", U16)))),
)

# Events.

_IN_THE_AIR: Final = (
    Happening(
        0x10,
        Layout(
            told.Connected,
            (CONNECTION, ("peer", PEER), ("role", U8), ("parameters", PARAMETERS)),
        ),
    ),
    Happening(0x11, Layout(told.Disconnected, (CONNECTION, ("reason", U8)))),
    Happening(0x1B, Layout(told.TimedOut, (CONNECTION, ("what", U8)))),
    Happening(
        0x1D,
        Layout(
            told.Heard,
            (
                CONNECTION,
                ("peer", PEER),
                ("directed_to", PEER),
                ("rssi_dbm", I8),
                (("is_response", "kind"), Bits((1, 2))),
                ("data", SHORT_DATA),
            ),
        ),
    ),
)
_ON_A_CONNECTION: Final = (
    Happening(0x12, Layout(told.ParametersUpdated, (CONNECTION, ("parameters", PARAMETERS)))),
    Happening(0x1F, Layout(told.ParametersWanted, (CONNECTION, ("parameters", PARAMETERS)))),
    Happening(0x21, Layout(told.PhyWanted, (CONNECTION, ("phys", PHYS)))),
    Happening(0x22, Layout(told.PhyUpdated, (CONNECTION, ("status", U8), ("phys", PHYS)))),
    Happening(0x23, Layout(told.DataLengthWanted, (CONNECTION, ("lengths", LENGTHS)))),
    Happening(0x24, Layout(told.DataLengthUpdated, (CONNECTION, ("lengths", LENGTHS)))),
    Happening(0x55, Layout(told.MtuWanted, (CONNECTION, ("mtu", U16)))),
)
SERVICE: Final = Layout(told.Service, (("uuid", UUID), ("handles", HANDLES)))
CHARACTERISTIC: Final = Layout(
    told.Characteristic,
    (
        ("uuid", UUID),
        ("properties", U8),
        ("is_extended", U8),
        ("declaration", U16),
        ("value", U16),
    ),
)
DESCRIPTOR: Final = Layout(told.Descriptor, (("handle", U16), ("uuid", UUID)))
_AT_A_CLIENT: Final = (
    Happening(0x30, Layout(told.ServicesFound, (*GATT_RESULT, ("services", Many(U16, SERVICE))))),
    Happening(
        0x32,
        Layout(
            told.CharacteristicsFound,
            (*GATT_RESULT, ("characteristics", Many(U16, CHARACTERISTIC))),
        ),
    ),
    Happening(
        0x33,
        Layout(told.DescriptorsFound, (*GATT_RESULT, ("descriptors", Many(U16, DESCRIPTOR)))),
    ),
    Happening(
        0x36,
        Layout(told.ReadDone, (*GATT_RESULT, ("handle", U16), ("offset", U16), ("value", VALUE))),
    ),
    Happening(
        0x38,
        Layout(
            told.WriteDone,
            (
                *GATT_RESULT,
                ("handle", U16),
                ("operation", U8),
                ("offset", U16),
                ("value", VALUE),
            ),
        ),
    ),
    Happening(
        0x39,
        Layout(told.ValueHeard, (*GATT_RESULT, ("handle", U16), ("kind", U8), ("value", VALUE))),
    ),
    Happening(0x3A, Layout(told.MtuExchanged, (*GATT_RESULT, ("mtu", U16)))),
    Happening(0x3B, Layout(told.GattTimedOut, (*GATT_RESULT, ("source", U8)))),
    Happening(0x3C, Layout(told.CommandsSent, (*GATT_RESULT, ("count", U8)))),
)

API5: Final = Table.of(
    5,
    (*_OF_THE_DONGLE, *_OF_THE_AIR, *_OF_A_CONNECTION, *_OF_A_CLIENT),
    (*_IN_THE_AIR, *_ON_A_CONNECTION, *_AT_A_CLIENT),
)
