"""One list of devices out of two: each once, and no two of them as one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from firmline.links.usb.device import UsbDevice, UsbKind
from firmline.links.usb.joining import joined

PORT = UsbDevice(
    vendor_id=0x1915, product_id=0x520F, serial_number="A1", port="/dev/ttyACM0", place="1-4"
)
DEVICE = UsbDevice(
    vendor_id=0x1915, product_id=0x520F, serial_number="A1", trigger=2, place="1-4", address=9
)


def test_a_device_with_a_port_comes_out_once_with_both() -> None:
    assert joined([PORT], [DEVICE]) == (replace(DEVICE, port="/dev/ttyACM0"),)


def test_a_device_with_two_ports_has_the_first() -> None:
    (found,) = joined([replace(PORT, port="/dev/ttyACM1"), PORT], [DEVICE])
    assert found.port == "/dev/ttyACM0"


def test_two_with_one_serial_number_come_out_as_two() -> None:
    other = replace(DEVICE, place="1-5", address=10)
    found = joined([PORT, replace(PORT, port="/dev/ttyACM1", place="1-5")], [other, DEVICE])
    assert {(each.place, each.port) for each in found} == {
        ("1-4", "/dev/ttyACM0"),
        ("1-5", "/dev/ttyACM1"),
    }


def test_buses_that_are_counted_otherwise_are_joined_by_serial_number() -> None:
    (found,) = joined([replace(PORT, place="3-1")], [DEVICE])
    assert (found.port, found.trigger) == ("/dev/ttyACM0", 2)


def test_a_serial_number_that_two_have_joins_nothing() -> None:
    found = joined([replace(PORT, place="")], [DEVICE, replace(DEVICE, place="1-5", address=10)])
    assert len(found) == 3
    assert [each.trigger for each in found if each.port] == [None]


def test_another_product_at_the_same_place_is_another_device() -> None:
    """Between the two lists the unit has restarted."""
    assert len(joined([PORT], [replace(DEVICE, product_id=0x521F)])) == 2


def test_a_number_that_only_the_port_tells_is_kept() -> None:
    (found,) = joined([PORT], [replace(DEVICE, serial_number="")])
    assert found.serial_number == "A1"


def test_a_port_without_a_place_stays_one_of_its_own() -> None:
    bare = replace(PORT, place="", serial_number="")
    assert joined([bare, replace(bare, port="COM4")], []) == (bare, replace(bare, port="COM4"))


@pytest.mark.parametrize(
    ("device", "kind"),
    [
        (DEVICE, UsbKind.APPLICATION),
        (replace(DEVICE, product_id=0x521F, trigger=None), UsbKind.BOOTLOADER),
        (replace(DEVICE, product_id=0x521F), UsbKind.BOOTLOADER),
        (replace(DEVICE, vendor_id=0x1366, trigger=None), UsbKind.OTHER),
        (replace(DEVICE, vendor_id=0x1366, product_id=0x521F, trigger=None), UsbKind.OTHER),
    ],
)
def test_a_device_shows_what_it_is(device: UsbDevice, kind: UsbKind) -> None:
    assert device.kind is kind


def test_a_device_is_shown_with_all_that_it_is_recognised_by() -> None:
    assert PORT.shown == "A1 (1915:520F at /dev/ttyACM0)"
    assert replace(DEVICE, serial_number="").shown == "(no serial number) (1915:520F)"
    assert PORT.is_called("a1")
    assert not PORT.is_called("A")
