"""What Bleak, BlueZ, D-Bus, WinRT and CoreBluetooth raise, each as one error of ours."""

from __future__ import annotations

import errno
from typing import Any

import pytest
from bleak.exc import (
    BleakBluetoothNotAvailableError,
    BleakBluetoothNotAvailableReason,
    BleakDBusError,
    BleakDeviceNotFoundError,
    BleakError,
    BleakGATTProtocolError,
)

from firmline.errors import Code, TransportError, TransportReason
from firmline.links.bluetooth.problems import PROBLEMS, adapter_problem, unit_problem
from firmline.links.bluetooth.stack import System
from firmline.values import BleAddress

PEER = BleAddress.parse("C6:05:04:03:02:01")
Why = BleakBluetoothNotAvailableReason


class AuthError(ValueError):
    """As dbus-fast has it, where D-Bus does not let us in."""

    __module__ = "dbus_fast.errors"


class InvalidAddressError(ValueError):
    __module__ = "dbus_fast.errors"


def windows(hresult: int) -> OSError:
    """An error of Windows, as pywinrt raises it."""
    problem = OSError(0, "Windows says something.")
    problem.winerror = hresult - (1 << 32)  # type: ignore[attr-defined]
    return problem


def of_adapter(problem: Exception, system: System = System.BLUEZ) -> TransportError:
    assert isinstance(problem, PROBLEMS)
    return adapter_problem(problem, system)


def of_unit(problem: Exception) -> TransportError:
    assert isinstance(problem, PROBLEMS)
    return unit_problem(problem, peer=PEER, what="a write to control", system=System.BLUEZ)


ADAPTER: list[tuple[Exception, Code]] = [
    (BleakBluetoothNotAvailableError("off", Why.POWERED_OFF), Code.BLUETOOTH_OFF),
    (BleakBluetoothNotAvailableError("none", Why.NO_BLUETOOTH), Code.BLUETOOTH_MISSING),
    (BleakBluetoothNotAvailableError("old", Why.NO_BLE_CENTRAL_ROLE), Code.BLUETOOTH_MISSING),
    (BleakBluetoothNotAvailableError("user", Why.DENIED_BY_USER), Code.BLUETOOTH_FORBIDDEN),
    (BleakBluetoothNotAvailableError("sys", Why.DENIED_BY_SYSTEM), Code.BLUETOOTH_FORBIDDEN),
    (BleakBluetoothNotAvailableError("?", Why.DENIED_BY_UNKNOWN), Code.BLUETOOTH_FORBIDDEN),
    (BleakBluetoothNotAvailableError("?", Why.UNKNOWN), Code.BLUETOOTH_FAILED),
    (
        BleakDBusError("org.freedesktop.DBus.Error.ServiceUnknown", ["no bluez"]),
        Code.BLUETOOTH_SERVICE,
    ),
    (BleakDBusError("org.freedesktop.DBus.Error.NameHasNoOwner", []), Code.BLUETOOTH_SERVICE),
    (BleakDBusError("org.freedesktop.DBus.Error.AccessDenied", []), Code.BLUETOOTH_FORBIDDEN),
    (BleakDBusError("org.bluez.Error.NotReady", ["Resource Not Ready"]), Code.BLUETOOTH_OFF),
    (BleakDBusError("org.bluez.Error.InProgress", ["Busy"]), Code.BLUETOOTH_BUSY),
    (BleakDBusError("org.bluez.Error.NotAuthorized", []), Code.BLUETOOTH_FORBIDDEN),
    (BleakDBusError("org.bluez.Error.Failed", ["something new"]), Code.BLUETOOTH_FAILED),
    (BleakError("adapter 'hci9' not found"), Code.BLUETOOTH_MISSING),
    (BleakError("Bleak requires BlueZ >= 5.55."), Code.BLUETOOTH_SERVICE),
    (BleakError("Failed to start scanner. Is Bluetooth turned on?"), Code.BLUETOOTH_OFF),
    (BleakError("Scanner already started"), Code.BLUETOOTH_FAILED),
    (FileNotFoundError(errno.ENOENT, "No such file or directory"), Code.BLUETOOTH_SERVICE),
    (ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused"), Code.BLUETOOTH_SERVICE),
    (EOFError(), Code.BLUETOOTH_SERVICE),
    (OSError(errno.EBADF, "Bad file descriptor"), Code.BLUETOOTH_SERVICE),
    (OSError(errno.EIO, "Input/output error"), Code.BLUETOOTH_FAILED),
    (PermissionError(errno.EACCES, "Permission denied"), Code.BLUETOOTH_FORBIDDEN),
    (AuthError("REJECTED"), Code.BLUETOOTH_FORBIDDEN),
    (InvalidAddressError("no address"), Code.BLUETOOTH_SERVICE),
    (windows(0x800710DF), Code.BLUETOOTH_OFF),
    (windows(0x80070005), Code.BLUETOOTH_FORBIDDEN),
    (windows(0x80004005), Code.BLUETOOTH_FAILED),
    (AssertionError(), Code.BLUETOOTH_FAILED),
]


@pytest.mark.parametrize(
    ("problem", "code"), ADAPTER, ids=[f"{at} {code}" for at, (_, code) in enumerate(ADAPTER)]
)
def test_trouble_with_the_adapter(problem: Exception, code: Code) -> None:
    error = of_adapter(problem)
    assert error.code is code
    assert error.reason is TransportReason.NOT_AVAILABLE
    assert error.message.endswith(".")
    assert ".." not in error.message


UNIT: list[tuple[Exception, Code, TransportReason]] = [
    (BleakError("Not connected"), Code.LINK_LOST, TransportReason.LOST),
    (BleakError("disconnected"), Code.LINK_LOST, TransportReason.LOST),
    (
        BleakError("failed to discover services, device disconnected"),
        Code.LINK_LOST,
        TransportReason.LOST,
    ),
    (
        BleakError("Could not get GATT services: Unreachable"),
        Code.LINK_LOST,
        TransportReason.LOST,
    ),
    (BleakError("failed to connect: <NSError>"), Code.LINK_LOST, TransportReason.LOST),
    (
        BleakDBusError("org.bluez.Error.Failed", ["le-connection-abort-by-local"]),
        Code.LINK_LOST,
        TransportReason.LOST,
    ),
    (
        BleakDBusError("org.freedesktop.DBus.Error.UnknownObject", ["gone"]),
        Code.LINK_LOST,
        TransportReason.LOST,
    ),
    (BleakDBusError("org.bluez.Error.NotConnected", []), Code.LINK_LOST, TransportReason.LOST),
    (AssertionError(), Code.LINK_LOST, TransportReason.LOST),
    (AttributeError("'NoneType' has no 'call'"), Code.LINK_LOST, TransportReason.LOST),
    (windows(0x80000013), Code.LINK_LOST, TransportReason.LOST),
    (windows(0x800704C7), Code.LINK_LOST, TransportReason.LOST),
    (
        BleakDBusError("org.freedesktop.DBus.Error.NoReply", ["no reply"]),
        Code.LINK_TIMEOUT,
        TransportReason.TIMEOUT,
    ),
    (
        BleakDeviceNotFoundError("C6:05:04:03:02:01", "was not found"),
        Code.UNIT_NOT_FOUND,
        TransportReason.NOT_FOUND,
    ),
    (
        BleakError("Could not write value: Access Denied"),
        Code.BLUETOOTH_BUSY,
        TransportReason.NOT_AVAILABLE,
    ),
    (
        BleakDBusError("org.bluez.Error.NotReady", []),
        Code.BLUETOOTH_OFF,
        TransportReason.NOT_AVAILABLE,
    ),
]


@pytest.mark.parametrize(
    ("problem", "code", "reason"), UNIT, ids=[f"{at} {one[1]}" for at, one in enumerate(UNIT)]
)
def test_trouble_with_a_unit(problem: Exception, code: Code, reason: TransportReason) -> None:
    error = of_unit(problem)
    assert (error.code, error.reason) == (code, reason)


@pytest.mark.parametrize(
    "problem", [BleakGATTProtocolError(0xFD), windows(0x806500FD)], ids=["Bleak", "Windows"]
)
def test_an_att_error_is_a_refusal_of_the_unit(problem: Exception) -> None:
    error = of_unit(problem)
    assert (error.code, error.reason) == (Code.LINK_REFUSED, TransportReason.REFUSED)
    assert error.context["att_status"] == 0xFD
    assert "a write to control" in error.message


def test_the_systems_own_words_are_kept_cleaned_and_cut() -> None:
    problem = BleakError("some\n\x1b[31mthing " + "long " * 100)
    message = of_adapter(problem).message
    assert "some" in message
    assert not any(ord(char) < 0x20 for char in message)
    assert len(message) < 200


@pytest.mark.parametrize("system", list(System))
@pytest.mark.parametrize("why", [Why.POWERED_OFF, Why.DENIED_BY_USER])
def test_what_to_do_is_said_for_this_system(system: System, why: Why) -> None:
    hints = {one: of_adapter(BleakBluetoothNotAvailableError("x", why), one).hint for one in System}
    assert hints[system]
    assert len(set(hints.values())) == len(System)


def test_all_reasons_of_bleak_are_known() -> None:
    codes = {why: of_adapter(BleakBluetoothNotAvailableError("x", why)).code for why in Why}
    assert set(codes.values()) <= {
        Code.BLUETOOTH_OFF,
        Code.BLUETOOTH_MISSING,
        Code.BLUETOOTH_FORBIDDEN,
        Code.BLUETOOTH_FAILED,
    }


def test_our_own_errors_are_none_of_bleaks_problems() -> None:
    ours: Any = TransportError(Code.LINK_LOST, "Lost.", reason=TransportReason.LOST)
    assert not isinstance(ours, PROBLEMS)
    assert not isinstance(TypeError(), PROBLEMS)
