"""What stands behind ``ble:``, on every system; and what Bleak calls things."""

from __future__ import annotations

from dataclasses import replace

import pytest

from firmline.errors import Code, InputError
from firmline.links.base import LinkCapabilities
from firmline.links.bluetooth.ears import radio_address, split_uuids, uuid_text
from firmline.links.bluetooth.options import adapter_of, pin_of
from firmline.links.bluetooth.stack import Stack, System, this_stack
from firmline.links.open_many import prn_for
from firmline.links.target import Scheme, Target, parse_radio, parse_target
from firmline.values import AdvertisedName, BleAddress, PeripheralId, UnitPin
from unit.protocol.expect import fails

ADDRESS_TEXT = "C6:05:04:03:02:01"
UUID_TEXT = "6B1FE2A8-5C0D-4E8A-9C3B-0123456789AB"
LINUX, WINDOWS, MACOS = (Stack(system=system) for system in System)


@pytest.mark.parametrize(
    ("text", "stack", "pin"),
    [
        (ADDRESS_TEXT, LINUX, BleAddress.parse(ADDRESS_TEXT)),
        ("c6-05-04-03-02-01", WINDOWS, BleAddress.parse(ADDRESS_TEXT)),
        (UUID_TEXT.lower(), MACOS, PeripheralId(UUID_TEXT)),
        ("name=Tag", LINUX, AdvertisedName("Tag")),
        ("name=Tag", MACOS, AdvertisedName("Tag")),
        ("name=Tag 7: kitchen", WINDOWS, AdvertisedName("Tag 7: kitchen")),
        ("name=Who%3F", LINUX, AdvertisedName("Who?")),
        ("name=50%", LINUX, AdvertisedName("50%")),
        ("name=a=b", LINUX, AdvertisedName("a=b")),
        (f"name={ADDRESS_TEXT}", MACOS, AdvertisedName(ADDRESS_TEXT)),
    ],
)
def test_a_unit_is_named_by_its_address_its_name_or_what_macos_calls_it(
    text: str, stack: Stack, pin: UnitPin
) -> None:
    assert pin_of(parse_target(f"ble:{text}"), stack) == pin


@pytest.mark.parametrize(
    ("text", "stack", "says"),
    [
        (UUID_TEXT, LINUX, "is an identifier of macOS"),
        (ADDRESS_TEXT, MACOS, "shows no Bluetooth addresses"),
        ("Tag", LINUX, "is not a Bluetooth address"),
        ("Tag", MACOS, "shows no Bluetooth addresses"),
        (f"{UUID_TEXT}00", MACOS, "is not a peripheral identifier"),
        ("name=", LINUX, "is no name"),
        ("name=%0A", LINUX, "is no name"),
    ],
)
def test_what_finds_no_unit_on_a_system_is_refused(text: str, stack: Stack, says: str) -> None:
    with fails(InputError, Code.TARGET_MALFORMED, says):
        pin_of(parse_target(f"ble:{text}"), stack)


@pytest.mark.parametrize("adapter", ["hci0", "hci1", "hci123"])
def test_an_adapter_of_linux_is_chosen(adapter: str) -> None:
    assert adapter_of(parse_target(f"ble:{ADDRESS_TEXT}?adapter={adapter}"), LINUX) == adapter


def test_without_one_the_system_chooses() -> None:
    assert adapter_of(parse_target(f"ble:{ADDRESS_TEXT}"), WINDOWS) is None


@pytest.mark.parametrize(
    ("query", "stack", "says"),
    [
        ("adapter=hci0", WINDOWS, "on Linux only"),
        ("adapter=hci0", MACOS, "on Linux only"),
        ("adapter=0", LINUX, "is no name of an adapter"),
        ("adapter=hci0/dev", LINUX, "is no name of an adapter"),
        ("mtu=247", LINUX, "has no option 'mtu'"),
    ],
)
def test_an_option_that_means_nothing_is_refused(query: str, stack: Stack, says: str) -> None:
    with fails(InputError, Code.TARGET_MALFORMED, says):
        adapter_of(parse_target(f"ble:{ADDRESS_TEXT}?{query}"), stack)


@pytest.mark.parametrize(
    ("platform", "system"),
    [
        ("linux", System.BLUEZ),
        ("win32", System.WINRT),
        ("darwin", System.CORE_BLUETOOTH),
        ("freebsd14", System.BLUEZ),
    ],
)
def test_the_system_decides(platform: str, system: System) -> None:
    stack = this_stack(platform)
    assert stack.system is system
    assert stack.addresses_visible == (platform != "darwin")
    assert (stack.scanner, stack.client, stack.adapter) == (None, None, None)


# A radio without a unit.


@pytest.mark.parametrize("text", ["ble", "ble:", "BLE", "Ble:"])
def test_the_computers_bluetooth_is_a_radio_by_its_name_alone(text: str) -> None:
    assert parse_radio(text) == Target(text=text, scheme=Scheme.BLE, where="")


@pytest.mark.parametrize("text", ["ble?adapter=hci1", "ble:?adapter=hci1"])
def test_a_radio_has_options(text: str) -> None:
    assert parse_radio(text).options == {"adapter": "hci1"}


def test_other_radios_are_named_as_targets_are() -> None:
    assert parse_radio("sim:ble-reference") == parse_target("sim:ble-reference")
    assert parse_radio("ble-reference", default_scheme="sim").scheme is Scheme.SIM
    with fails(InputError, Code.TARGET_MALFORMED, "names no unit"):
        parse_radio("sim:")


# What Bleak calls things.


def test_addresses_and_identifiers_are_told_apart() -> None:
    assert radio_address(ADDRESS_TEXT) == BleAddress.parse(ADDRESS_TEXT)
    assert radio_address(UUID_TEXT) == PeripheralId(UUID_TEXT)


def test_services_of_the_sig_are_numbers_and_others_are_text() -> None:
    uuids = ["0000fe59-0000-1000-8000-00805f9b34fb", "8d53dc1d-1db7-4cd3-868b-8a527460aa84"]
    assert split_uuids(uuids) == (
        frozenset({0xFE59}),
        frozenset({"8D53DC1D-1DB7-4CD3-868B-8A527460AA84"}),
    )
    assert uuid_text("12340001-0000-1000-8000-00805f9b34fb").startswith("12340001-")


def test_without_flow_control_a_unit_confirms_every_eight_packets() -> None:
    can = LinkCapabilities(
        mtu_request=False,
        addresses_visible=True,
        flow_control=True,
        data_length=False,
        phy_2m=False,
        connection_parameters=False,
        remote_version=False,
        pairing=False,
    )
    assert prn_for(can) == 0
    cannot = replace(can, flow_control=False)
    assert prn_for(cannot) == 8
