"""What a system says of a way to a controller, as one sentence with a code."""

from __future__ import annotations

import errno
import socket

import pytest
import serial
import usb1  # type: ignore[import-untyped]

from firmline.errors import Code, ExitCode, TransportReason
from firmline.links.bumble.problems import cannot_open


def an_os_error(number: int) -> OSError:
    return OSError(number, "as the system says")


@pytest.mark.parametrize(
    ("transport", "problem", "code"),
    [
        ("tcp-client:h:1", ConnectionRefusedError(errno.ECONNREFUSED, ""), "NOT_FOUND"),
        ("tcp-client:h:1", socket.gaierror(-2, "Name or service not known"), "NOT_FOUND"),
        ("tcp-client:h:1", TimeoutError(), "NOT_FOUND"),
        ("tcp-client:h:1", an_os_error(errno.ENETUNREACH), "FAILED"),
        ("unix-client:/x", FileNotFoundError(errno.ENOENT, ""), "NOT_FOUND"),
        ("unix-client:/x", PermissionError(errno.EACCES, ""), "FORBIDDEN"),
        ("unix-client:/x", OSError("AF_UNIX path too long"), "FAILED"),
        ("serial:/dev/x", serial.SerialException(errno.ENOENT, "no"), "NOT_FOUND"),
        ("serial:/dev/x", serial.SerialException(errno.EACCES, "no"), "FORBIDDEN"),
        ("serial:/dev/x", serial.SerialException(errno.EBUSY, "no"), "BUSY"),
        ("serial:/dev/x", serial.SerialException(errno.ENOTTY, "no"), "NOT_FOUND"),
        (
            "serial:/dev/x",
            serial.SerialException("Could not exclusively lock port /dev/x: [Errno 11]"),
            "BUSY",
        ),
        ("serial:COM9", serial.SerialException("could not open port 'COM9': oh"), "FAILED"),
        ("usb:0", RuntimeError("device not found"), "NOT_FOUND"),
        ("usb:0", usb1.USBErrorAccess(), "FORBIDDEN"),
        ("usb:0", usb1.USBErrorBusy(), "BUSY"),
        ("usb:0", usb1.USBErrorNoDevice(), "NOT_FOUND"),
        ("usb:0", usb1.USBErrorIO(), "FAILED"),
        ("hci-socket:0", RuntimeError("Bluetooth HCI sockets not supported"), "FAILED"),
        ("usb:0", AssertionError(), "FAILED"),
    ],
)
def test_each_problem_has_its_code(transport: str, problem: Exception, code: str) -> None:
    error = cannot_open(transport, problem)
    assert error.code is Code[f"CONTROLLER_{code}"]
    assert error.reason is TransportReason.NOT_AVAILABLE
    assert error.exit_code is ExitCode.LINK
    assert transport in error.message
    assert error.message.endswith(".")
    assert "\n" not in error.message


def test_a_library_that_is_missing_is_named_with_what_installs_it() -> None:
    error = cannot_open("usb:0", ModuleNotFoundError("No module named 'usb1'", name="usb1"))
    assert error.code is Code.LINK_EXTRA_MISSING
    assert error.message == "usb:0 needs usb1, which is not installed here."
    assert "pip install 'firmline[hci]'" in error.hint


@pytest.mark.parametrize(
    ("transport", "problem", "fragment"),
    [
        ("tcp-client:h:1", ConnectionRefusedError(errno.ECONNREFUSED, ""), "nobody listens there"),
        ("usb:0", usb1.USBErrorIO(), "cannot be opened: LIBUSB_ERROR_IO"),
        ("usb:0", AssertionError(), "cannot be opened: AssertionError"),
    ],
)
def test_the_sentence_says_what_is_known(transport: str, problem: Exception, fragment: str) -> None:
    assert fragment in cannot_open(transport, problem).message


@pytest.mark.parametrize(
    ("platform", "transport", "problem", "fragment"),
    [
        ("linux", "usb:0", usb1.USBErrorAccess(), "udev rule"),
        ("linux", "usb:0", usb1.USBErrorNoDevice(), "lsusb"),
        ("linux", "serial:/dev/x", serial.SerialException(errno.EACCES, ""), "dialout"),
        ("linux", "serial:/dev/x,9600", serial.SerialException(errno.EBUSY, ""), "fuser /dev/x "),
        ("win32", "usb:0", usb1.USBErrorAccess(), ""),
        ("win32", "serial:COM1", serial.SerialException(errno.EACCES, ""), ""),
        ("win32", "tcp-client:h:1", TimeoutError(), "firmline sim serve"),
    ],
)
def test_the_next_thing_to_do_is_the_systems(
    monkeypatch: pytest.MonkeyPatch,
    platform: str,
    transport: str,
    problem: Exception,
    fragment: str,
) -> None:
    monkeypatch.setattr("sys.platform", platform)
    assert fragment in cannot_open(transport, problem).hint
