"""A name goes through a target and comes out as it was, whatever it holds."""

from __future__ import annotations

from urllib.parse import quote

from hypothesis import given
from hypothesis import strategies as st

from firmline.cli.dfu_ble import _target
from firmline.errors import InputError
from firmline.links.bluetooth.options import pin_of
from firmline.links.bluetooth.stack import Stack, System
from firmline.links.target import parse_target
from firmline.values import AdvertisedName, BleAddress, PeripheralId

LINUX, MACOS = Stack(system=System.BLUEZ), Stack(system=System.CORE_BLUETOOTH)
NAMES = st.text(min_size=1, max_size=60).filter(str.isprintable)


@given(NAMES)
def test_a_name_of_dfu_ble_is_taken_as_it_is_written(name: str) -> None:
    assert pin_of(_target(None, name, None), LINUX) == AdvertisedName(name)


@given(NAMES)
def test_a_quoted_name_comes_out_of_a_uri_as_it_went_in(name: str) -> None:
    target = parse_target(f"ble:name={quote(name, safe='')}")
    assert pin_of(target, MACOS) == AdvertisedName(name)


@given(st.binary(min_size=6, max_size=6))
def test_an_address_is_taken_in_both_of_its_forms(octets: bytes) -> None:
    address = BleAddress(octets)
    for text in (str(address), octets.hex()):
        assert pin_of(_target(text, None, None), LINUX) == address


@given(st.uuids())
def test_what_macos_calls_a_unit_is_taken_in_any_case(uuid: object) -> None:
    assert pin_of(parse_target(f"ble:{uuid}"), MACOS) == PeripheralId.parse(str(uuid))


@given(st.text(max_size=40).filter(lambda text: "?" not in text))
def test_nothing_else_than_an_error_of_ours_comes_of_any_text(text: str) -> None:
    for stack in (LINUX, MACOS):
        try:
            pin = pin_of(parse_target(f"ble:{text}"), stack)
        except InputError:
            continue
        assert str(pin)
