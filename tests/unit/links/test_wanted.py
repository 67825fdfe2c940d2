"""Which units can be reached at once: one unit is one, however it is written."""

from __future__ import annotations

import sys
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmline.errors import Code, InputError
from firmline.links.target import parse_target
from firmline.links.wanted import WantedTarget, check_targets
from firmline.values import BleAddress

ADDRESS = "C6:05:04:03:02:01"


def check(*texts: str) -> None:
    check_targets([WantedTarget(target=parse_target(text)) for text in texts])


def refusal(*texts: str) -> InputError:
    with pytest.raises(InputError) as caught:
        check(*texts)
    return caught.value


ONE_UNIT = {
    "the very same": ("ble:C6:05:04:03:02:01", "ble:C6:05:04:03:02:01"),
    "hyphens": ("ble:C6:05:04:03:02:01", "ble:C6-05-04-03-02-01"),
    "lower case": ("ble:C6:05:04:03:02:01", "BLE:c6:05:04:03:02:01"),
    "two adapters": (f"ble:{ADDRESS}?adapter=hci0", f"ble:{ADDRESS}?adapter=hci1"),
    "two controllers": (f"hci:usb:0/{ADDRESS}", f"hci:usb:1/{ADDRESS.replace(':', '-')}"),
    "a controller and the system's": (f"hci:usb:0/{ADDRESS}", f"ble:{ADDRESS.lower()}"),
    "other options": (f"hci:usb:0/{ADDRESS}?phy=1m", f"hci:usb:0/{ADDRESS}?interval=30"),
    "a name": ("ble:name=Tag", "ble:name=T%61g"),
    "an identifier of macOS": (
        "ble:0A1B2C3D-0000-1111-2222-333344445555",
        "ble:0a1b2c3d-0000-1111-2222-333344445555",
    ),
    "a serial number": ("usb:ABC123", "usb:abc123 "),
    "the only one": ("usb:", "usb:"),
    "a port at two speeds": ("serial:/dev/ttyX9", "serial:/dev/ttyX9?baud=1000000"),
    "a detour to a port": ("serial:/dev/ttyX9", "serial:/dev/../dev/./ttyX9"),
    "a long name of Windows": ("serial:COM12", "serial:\\\\.\\COM12"),
    "a host": ("serial:socket://Bench:4000", "serial:socket://bench:4000/"),
    "a virtual unit": ("sim:ble-reference", "sim:ble-reference"),
}


@pytest.mark.parametrize("name", ONE_UNIT)
def test_one_unit_in_two_spellings_is_refused_in_either_order(name: str) -> None:
    for texts in (ONE_UNIT[name], ONE_UNIT[name][::-1]):
        error = refusal("ble:AA:BB:CC:DD:EE:FF", *texts, "serial:/dev/ttyX1")
        assert error.code is Code.OPTION_CONFLICT
        assert all(repr(text)[1:-1] in error.message for text in texts)
        assert ("is named twice" in error.message) == (texts[0] == texts[1])
        assert "Name each unit once" in error.hint


@pytest.mark.skipif(sys.platform == "win32", reason="links want rights there")
def test_a_link_to_a_port_is_that_port(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "port").touch()
    (tmp_path / "by-id").symlink_to("port")
    monkeypatch.chdir(tmp_path)
    names = [f"serial:{tmp_path}/port", "serial:./port", "serial:by-id"]
    for texts in pairwise(names):
        assert "are one unit" in refusal(*texts).message


@pytest.mark.parametrize(
    "texts",
    [
        ("ble:C6:05:04:03:02:01", "ble:C6:05:04:03:02:02"),
        (f"hci:usb:0/{ADDRESS}", "hci:usb:0/C6:05:04:03:02:11"),
        ("ble:name=Tag", "ble:name=tag"),
        ("usb:ABC", "usb:ABD"),
        ("serial:/dev/ttyX1", "serial:/dev/ttyX2"),
        ("serial:socket://bench:4000", "serial:socket://bench:4001"),
        ("serial:socket://bench:4000", "serial:rfc2217://bench:4000"),
        ("serial:socket://[", "serial:socket://]["),
    ],
)
def test_two_units_are_two(texts: tuple[str, str]) -> None:
    check(*texts)


def test_the_only_unit_on_usb_cannot_be_one_of_two() -> None:
    error = refusal("usb:ABC", "usb:")
    assert error.code is Code.OPTION_CONFLICT
    assert "'usb:' means the only unit that is plugged in" in error.message


def test_secrets_in_a_target_are_not_printed() -> None:
    error = refusal(
        "sim:uart-reference?key=pkcs11:object=k;pin-value=1234",
        "sim:uart-reference?key=pkcs11:object=k;pin-value=1234",
    )
    assert "1234" not in error.message


@pytest.mark.parametrize("texts", [("hci:usb:0", "ble:name=a"), ("usb:a?b=c", "usb:d")])
def test_a_target_that_can_be_no_unit_is_told_before_a_road_is_opened(
    texts: tuple[str, str],
) -> None:
    assert refusal(*texts).code is Code.TARGET_MALFORMED


@given(st.binary(min_size=6, max_size=6))
def test_an_address_is_one_in_every_spelling(octets: bytes) -> None:
    address = str(BleAddress(octets))
    spellings = [address, address.lower(), address.replace(":", "-")]
    for first, second in pairwise(spellings):
        assert refusal(f"ble:{first}", f"hci:usb:0/{second}").code is Code.OPTION_CONFLICT


def test_the_time_of_a_virtual_unit_is_not_that_of_a_real_one() -> None:
    assert "one time" in refusal("sim:ble-reference", "usb:ABC").message
    assert "one time" in refusal("sim:ble-reference?speed=2", "sim:uart-reference").message
