"""Targets that name a serial port, and what is missing where pyserial is."""

from __future__ import annotations

import sys

import pytest

from firmline.errors import Code, InputError, TransportError
from firmline.links.serial.link import serial_link
from firmline.links.serial.options import FlowControl, SerialOptions, serial_options
from firmline.links.serial.ports import port_names, port_with_serial_number
from firmline.links.target import parse_target


def options(text: str) -> SerialOptions:
    return serial_options(parse_target(text))


def test_a_port_alone_is_as_nordics_example_has_it() -> None:
    assert options("serial:/dev/ttyACM0") == SerialOptions(
        port="/dev/ttyACM0", baud=115_200, flow=FlowControl.RTSCTS
    )


def test_everything_can_be_said() -> None:
    assert options("serial:COM3?baud=1000000&flow=none") == SerialOptions(
        port="COM3", baud=1_000_000, flow=FlowControl.NONE
    )


def test_a_url_is_known_as_one() -> None:
    assert options("serial:rfc2217://host:2217?baud=9600").is_url
    assert not options("serial:/dev/ttyS0").is_url


@pytest.mark.parametrize(
    "text",
    [
        "serial:COM3?baud=0",
        "serial:COM3?baud=-9600",
        "serial:COM3?baud=fast",
        "serial:COM3?baud=" + "9" * 5_000,
        "serial:COM3?flow=xonxoff",
        "serial:COM3?parity=even",
    ],
)
def test_what_cannot_be_said_is_refused(text: str) -> None:
    with pytest.raises(InputError) as caught:
        options(text)
    assert caught.value.code is Code.TARGET_MALFORMED
    assert len(caught.value.message) < 200


@pytest.mark.parametrize("port", ["/dev/null", "loop://"])
async def test_without_pyserial_the_command_that_installs_it_is_named(
    port: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "serial", None)
    with pytest.raises(TransportError) as caught:
        await serial_link(SerialOptions(port=port)).open()
    assert caught.value.code is Code.LINK_EXTRA_MISSING
    assert "firmline[serial]" in caught.value.hint


def test_without_pyserial_no_port_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "serial.tools.list_ports", None)
    assert port_names() == []
    with pytest.raises(TransportError) as caught:
        port_with_serial_number("FL-1")
    assert caught.value.code is Code.LINK_EXTRA_MISSING


def test_a_port_is_found_by_the_serial_number_of_its_device(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from serial.tools import list_ports  # noqa: PLC0415
    from serial.tools.list_ports_common import ListPortInfo  # noqa: PLC0415

    ports = [ListPortInfo("/dev/ttyACM1"), ListPortInfo("/dev/ttyACM0")]
    ports[0].serial_number = "ab12"
    monkeypatch.setattr(list_ports, "comports", lambda: ports)
    assert port_with_serial_number("AB12") == "/dev/ttyACM1"
    with pytest.raises(TransportError) as caught:
        port_with_serial_number("none")
    assert caught.value.code is Code.PORT_NOT_FOUND
    assert "/dev/ttyACM0, /dev/ttyACM1" in caught.value.hint
