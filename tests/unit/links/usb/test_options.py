"""``usb:`` targets: a serial number, or nothing, and nothing else."""

from __future__ import annotations

import pytest

from firmline.errors import Code, InputError
from firmline.links.target import Scheme, parse_radio, parse_target
from firmline.links.usb.options import serial_number_of


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("usb:E1B2C3D4", "E1B2C3D4"),
        ("USB:e1b2", "e1b2"),
        ("usb:", ""),
        ("usb: A 1 ", "A 1"),
        ("usb:" + "9" * 126, "9" * 126),
    ],
)
def test_what_stands_behind_the_scheme_is_the_serial_number(text: str, number: str) -> None:
    assert serial_number_of(parse_target(text)) == number


@pytest.mark.parametrize(
    ("text", "fragment"),
    [
        ("usb:A?baud=1", "no option 'baud'"),
        ("usb:?flow=none", "no option 'flow'"),
        ("usb:" + "9" * 127, "no serial number"),
        ("usb:A\x1b[1m", "no serial number"),
    ],
)
def test_what_can_be_no_serial_number_is_refused(text: str, fragment: str) -> None:
    with pytest.raises(InputError, match=fragment) as caught:
        serial_number_of(parse_target(text))
    assert caught.value.code is Code.TARGET_MALFORMED


@pytest.mark.parametrize("text", ["usb", "usb:", "USB"])
def test_a_scan_names_the_bus_alone(text: str) -> None:
    target = parse_radio(text)
    assert (target.scheme, target.where, target.text) == (Scheme.USB, "", text)


@pytest.mark.parametrize("scheme", [scheme for scheme in Scheme if scheme is not Scheme.USB])
def test_every_other_scheme_names_a_unit(scheme: Scheme) -> None:
    with pytest.raises(InputError, match="names no unit"):
        parse_target(f"{scheme}:")
