"""What a ``hci:`` target says, and what it cannot say."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmline.errors import Code, InputError
from firmline.links.bumble.options import hci_radio_options, hci_unit_options
from firmline.links.target import parse_target
from firmline.values import BleAddress
from unit.formats.makers import refuses

ADDRESS = BleAddress.parse("C6:05:04:03:02:01")
TRANSPORTS = [
    "usb:0",
    "usb:1+sco=2",
    "usb:2fe3:000b",
    "usb:2FE3:000B/00E04C239987",
    "usb:0b05:17cb#1",
    "usb:0B05:17CB!",
    "usb:3-3.4.1",
    "usb:[driver=rtk]0",
    "serial:/dev/ttyACM0",
    "serial:/dev/ttyACM0,1000000",
    "serial:/dev/serial/by-id/usb-Zephyr-if00,115200,rtscts,delay",
    "serial:COM3,1000000",
    "tcp-client:127.0.0.1:6402",
    "tcp-client:::1:6402",
    "unix-client:/run/user/1000/hci.sock",
    "unix-client:@abstract",
    "hci-socket",
    "hci-socket:0",
    "ws-client:ws://localhost:7681/v1/websocket/bt",
]


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_the_last_slash_separates_transport_and_address(transport: str) -> None:
    options = hci_unit_options(parse_target(f"hci:{transport}/{ADDRESS}"))
    assert (options.transport, options.address) == (transport, ADDRESS)
    assert (options.interval_s, options.phy_2m) == (0.015, True)


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_radio_needs_no_address(transport: str) -> None:
    options = hci_radio_options(parse_target(f"hci:{transport}"))
    assert (options.transport, options.address) == (transport, None)


def test_interval_and_phy_can_be_asked_for() -> None:
    options = hci_unit_options(parse_target(f"hci:usb:0/{ADDRESS}?interval=30&phy=1M"))
    assert (options.interval_s, options.phy_2m) == (0.03, False)
    assert hci_unit_options(parse_target(f"hci:usb:0/{ADDRESS}?phy=2m")).phy_2m


@pytest.mark.parametrize(
    ("text", "fragment"),
    [
        ("hci:usb:0", "names no unit behind a controller"),
        ("hci:/C6:05:04:03:02:01", "names no unit behind a controller"),
        ("hci:usb:0/", "names no unit behind a controller"),
        ("hci:usb:0/name=Tag", "is not a Bluetooth address"),
        (f"hci:usb:0/{ADDRESS}?speed=2", "no option 'speed'"),
        (f"hci:usb:0/{ADDRESS}?interval=5", "interval=5 is not a number of milliseconds"),
        (f"hci:usb:0/{ADDRESS}?interval=8", "interval=8 is not a number of milliseconds"),
        (f"hci:usb:0/{ADDRESS}?interval=x", "interval=x is not a number of milliseconds"),
        (f"hci:usb:0/{ADDRESS}?phy=coded", "phy=coded is neither 1m nor 2m"),
        (f"hci:/{ADDRESS}", "names no unit"),
        (f"hci:{ADDRESS}", "names no unit"),
    ],
)
def test_what_is_no_unit_is_refused(text: str, fragment: str) -> None:
    with refuses(Code.TARGET_MALFORMED, fragment):
        hci_unit_options(parse_target(text))


@pytest.mark.parametrize(
    "transport",
    [
        "foo",
        "foo:0",
        "usb",
        "usb:",
        "usb:x",
        "usb:2fe3",
        "usb:2fe3:",
        "usb:2fe3:zzzz",
        "usb:-1",
        "serial",
        "serial:",
        "serial:,115200",
        "serial:/dev/ttyACM0,fast",
        "serial:/dev/ttyACM0,99999999999",
        "serial:/dev/ttyACM0,299",
        "serial:/dev/ttyACM0,\N{ARABIC-INDIC DIGIT NINE}00000",
        "serial:/dev/ttyACM0,115200,xonxoff",
        "tcp-client:127.0.0.1",
        "tcp-client::6402",
        "tcp-client:127.0.0.1:0",
        "tcp-client:127.0.0.1:65536",
        "tcp-client:127.0.0.1:x",
        "unix-client:",
        "unix-client:a\x00b",
        "hci-socket:x",
        "ws-client:http://localhost",
        # These wait for a controller to come, or stand for one.
        "tcp-server:_:6402",
        "unix-server:/tmp/x",
        "ws-server:_:1",
        "pty",
        "vhci",
        "file:/dev/x",
    ],
)
def test_what_leads_to_no_controller_is_refused(transport: str) -> None:
    with refuses(Code.TARGET_MALFORMED, ""):
        hci_unit_options(parse_target(f"hci:{transport}/{ADDRESS}"))
    with refuses(Code.TARGET_MALFORMED, ""):
        hci_radio_options(parse_target(f"hci:{transport}"))


def test_a_unit_where_a_radio_is_wanted_is_told() -> None:
    with refuses(Code.TARGET_MALFORMED, "names a unit, where a radio is wanted"):
        hci_radio_options(parse_target(f"hci:tcp-client:127.0.0.1:6402/{ADDRESS}"))


@given(st.text(max_size=40))
def test_any_text_is_understood_or_refused(text: str) -> None:
    for read in (hci_unit_options, hci_radio_options):
        with suppress(InputError):
            read(parse_target(f"hci:{text}"))
