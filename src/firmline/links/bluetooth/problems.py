"""What Bleak and the systems below it say of trouble, in one sentence each, with a code.

Bleak hands much of what BlueZ, D-Bus, WinRT and CoreBluetooth say through as it is, some of it only
as text. The tables here are from reading Bleak 3.1; what is in none of them keeps the system's own
words, under the code ``BLUETOOTH_FAILED``.
"""

from __future__ import annotations

import errno
import re
from typing import Final

from bleak.exc import (
    BleakBluetoothNotAvailableError,
    BleakBluetoothNotAvailableReason,
    BleakDBusError,
    BleakDeviceNotFoundError,
    BleakError,
    BleakGATTProtocolError,
)

from firmline.errors import Code, TransportError, TransportReason, shortened
from firmline.links.bluetooth.stack import System
from firmline.links.gatt import clean_text, refused
from firmline.links.gatt import lost as lost_link
from firmline.values import RadioAddress

PROBLEMS: Final = (BleakError, OSError, EOFError, AssertionError, AttributeError, ValueError)
"""What calls of Bleak raise. The last three are how a stack stumbles whose link, or bus, goes in
the middle of a call (``assert self._bus``), and how dbus-fast says that it cannot log in."""

_Reason = BleakBluetoothNotAvailableReason
_AVAILABLE: Final = {
    _Reason.POWERED_OFF: Code.BLUETOOTH_OFF,
    _Reason.NO_BLUETOOTH: Code.BLUETOOTH_MISSING,
    _Reason.NO_BLE_CENTRAL_ROLE: Code.BLUETOOTH_MISSING,
    _Reason.DENIED_BY_USER: Code.BLUETOOTH_FORBIDDEN,
    _Reason.DENIED_BY_SYSTEM: Code.BLUETOOTH_FORBIDDEN,
    _Reason.DENIED_BY_UNKNOWN: Code.BLUETOOTH_FORBIDDEN,
    _Reason.UNKNOWN: Code.BLUETOOTH_FAILED,
}
_BUS: Final = "org.freedesktop.DBus.Error."
_BLUEZ: Final = "org.bluez.Error."
_DBUS: Final = {
    f"{_BUS}ServiceUnknown": Code.BLUETOOTH_SERVICE,
    f"{_BUS}NameHasNoOwner": Code.BLUETOOTH_SERVICE,
    f"{_BUS}NoServer": Code.BLUETOOTH_SERVICE,
    f"{_BUS}Disconnected": Code.BLUETOOTH_SERVICE,
    f"{_BUS}AccessDenied": Code.BLUETOOTH_FORBIDDEN,
    f"{_BUS}AuthFailed": Code.BLUETOOTH_FORBIDDEN,
    f"{_BLUEZ}NotAuthorized": Code.BLUETOOTH_FORBIDDEN,
    f"{_BLUEZ}NotReady": Code.BLUETOOTH_OFF,
    f"{_BLUEZ}InProgress": Code.BLUETOOTH_BUSY,
    f"{_BUS}NoReply": Code.LINK_TIMEOUT,
    f"{_BUS}Timeout": Code.LINK_TIMEOUT,
    f"{_BUS}UnknownObject": Code.LINK_LOST,
    f"{_BUS}UnknownMethod": Code.LINK_LOST,
    f"{_BLUEZ}DoesNotExist": Code.LINK_LOST,
    f"{_BLUEZ}NotConnected": Code.LINK_LOST,
}
"""Errors on the bus by their name (D-Bus specification; BlueZ, ``doc/org.bluez.*.rst``)."""
_TEXTS: Final = (
    (re.compile(r"adapter '[^']*' not found", re.IGNORECASE), Code.BLUETOOTH_MISSING),
    (re.compile(r"requires BlueZ", re.IGNORECASE), Code.BLUETOOTH_SERVICE),
    (re.compile(r"Is Bluetooth turned on", re.IGNORECASE), Code.BLUETOOTH_OFF),
    (re.compile(r"Access Denied", re.IGNORECASE), Code.BLUETOOTH_BUSY),
    (
        re.compile(
            r"not connected|disconnected|unreachable|failed to connect|connection-abort"
            r"|connection abort|Host is down|profile-unavailable|device '[^']*' not found",
            re.IGNORECASE,
        ),
        Code.LINK_LOST,
    ),
)
"""What has no name of its own, by its text."""

_ATT_FACILITY: Final = 0x8065_0000
_HRESULTS: Final = {
    0x8007_10DF: Code.BLUETOOTH_OFF,  # ERROR_DEVICE_NOT_AVAILABLE: the radio is off
    0x8007_048F: Code.LINK_LOST,  # ERROR_DEVICE_NOT_CONNECTED
    0x8007_04C7: Code.LINK_LOST,  # ERROR_CANCELLED: what a link that goes leaves behind
    0x8000_0013: Code.LINK_LOST,  # RO_E_CLOSED
    0x8007_0005: Code.BLUETOOTH_FORBIDDEN,  # E_ACCESSDENIED
}
"""Errors of Windows by number (winerror.h); those of ATT have the facility 0x065."""

_BUS_IS_GONE: Final = frozenset({errno.EBADF, errno.ENOTCONN})
"""What a message bus leaves behind that has died while it was in use."""

_SAYS: Final = {
    Code.BLUETOOTH_OFF: "Bluetooth is switched off on this computer",
    Code.BLUETOOTH_MISSING: "This computer has no Bluetooth LE adapter that can be used",
    Code.BLUETOOTH_FORBIDDEN: "This program may not use the computer's Bluetooth",
    Code.BLUETOOTH_SERVICE: "The Bluetooth service of this computer cannot be reached",
    Code.BLUETOOTH_BUSY: "The computer's Bluetooth is busy with another program",
    Code.BLUETOOTH_FAILED: "The computer's Bluetooth has failed",
}
_HINTS: Final = {
    (Code.BLUETOOTH_OFF, System.BLUEZ): "Switch it on: rfkill unblock bluetooth; bluetoothctl"
    " power on.",
    (Code.BLUETOOTH_OFF, System.WINRT): "Switch it on: Settings, Bluetooth & devices.",
    (Code.BLUETOOTH_OFF, System.CORE_BLUETOOTH): "Switch it on: System Settings, Bluetooth.",
    (Code.BLUETOOTH_MISSING, System.BLUEZ): "bluetoothctl list shows the adapters that Linux has"
    " found; plug one in.",
    (Code.BLUETOOTH_FORBIDDEN, System.BLUEZ): "Run it in your own session at this computer, or join"
    " the group that may: sudo usermod -aG bluetooth $USER, and log in anew.",
    (Code.BLUETOOTH_FORBIDDEN, System.WINRT): "Allow it: Settings, Privacy & security, Radios.",
    (Code.BLUETOOTH_FORBIDDEN, System.CORE_BLUETOOTH): "Allow your terminal to use it: System"
    " Settings, Privacy & Security, Bluetooth; then start the terminal anew.",
    (Code.BLUETOOTH_SERVICE, System.BLUEZ): "Install BlueZ 5.55 or newer and start it: sudo"
    " systemctl start bluetooth. In a container, mount /run/dbus.",
}


def adapter_problem(problem: Exception, system: System) -> TransportError:
    """The error of a computer whose Bluetooth does not do what it should.

    Args:
        problem: What Bleak has raised; one of :data:`PROBLEMS`.
        system: What is under Bleak.
    """
    code = _code_of(problem)
    if code not in _SAYS:
        code = Code.BLUETOOTH_FAILED
    return TransportError(
        code,
        f"{_SAYS[code]}{_in_its_words(problem)}.",
        reason=TransportReason.NOT_AVAILABLE,
        hint=_HINTS.get((code, system), ""),
    )


def unit_problem(
    problem: Exception, *, peer: RadioAddress, what: str, system: System
) -> TransportError:
    """The error of something that was asked of a unit.

    Args:
        problem: What Bleak has raised; one of :data:`PROBLEMS`.
        peer: The unit.
        what: What was asked of it, for messages.
        system: What is under Bleak.
    """
    att_status = _att_status_of(problem)
    if att_status is not None:
        return refused(peer, what, att_status)
    match _code_of(problem):
        case Code.LINK_LOST:
            return lost_link(peer, None)
        case Code.LINK_TIMEOUT:
            return TransportError(
                Code.LINK_TIMEOUT,
                f"{peer} did not answer {what} in time{_in_its_words(problem)}.",
                reason=TransportReason.TIMEOUT,
            )
        case Code.UNIT_NOT_FOUND:
            return TransportError(
                Code.UNIT_NOT_FOUND,
                f"{peer} is not in the air any more.",
                reason=TransportReason.NOT_FOUND,
            )
        case _:
            return adapter_problem(problem, system)


def _att_status_of(problem: Exception) -> int | None:
    """The ATT error with which a unit answered."""
    if isinstance(problem, BleakGATTProtocolError):
        return int(problem.code)
    number = _hresult_of(problem)
    if number is not None and number & 0xFFFF_0000 == _ATT_FACILITY:
        return number & 0xFF
    return None


def _code_of(problem: Exception) -> Code:
    """What it is, as far as it can be told."""
    match problem:
        case BleakBluetoothNotAvailableError(reason=reason):
            return _AVAILABLE.get(reason, Code.BLUETOOTH_FAILED)
        case BleakDeviceNotFoundError():
            return Code.UNIT_NOT_FOUND
        case BleakDBusError(dbus_error=name) if name in _DBUS:
            return _DBUS[name]
        case BleakError():
            text = str(problem)
            return next((code for say, code in _TEXTS if say.search(text)), Code.BLUETOOTH_FAILED)
        case _:
            return _code_below_bleak(problem)


def _code_below_bleak(problem: Exception) -> Code:
    """What it is, where Bleak has let an error of the system through."""
    number = _hresult_of(problem)
    kind = type(problem)
    # dbus-fast is there on Linux alone; it says by a ValueError that it could not log in.
    is_login = kind.__module__.startswith("dbus_fast") and kind.__name__.startswith("Auth")
    if number in _HRESULTS:
        code = _HRESULTS[number]
    elif isinstance(problem, PermissionError) or is_login:
        code = Code.BLUETOOTH_FORBIDDEN
    elif _is_of_the_bus(problem):
        code = Code.BLUETOOTH_SERVICE
    elif isinstance(problem, AssertionError | AttributeError):
        code = Code.LINK_LOST
    else:
        code = Code.BLUETOOTH_FAILED
    return code


def _is_of_the_bus(problem: Exception) -> bool:
    """Whether it comes from the socket of D-Bus, or from what speaks D-Bus."""
    if isinstance(problem, FileNotFoundError | ConnectionError | EOFError):
        return True
    is_gone = isinstance(problem, OSError) and problem.errno in _BUS_IS_GONE
    return is_gone or type(problem).__module__.startswith("dbus_fast")


def _hresult_of(problem: Exception) -> int | None:
    """The number of an error of Windows, unsigned."""
    number = getattr(problem, "winerror", None)
    return number & 0xFFFF_FFFF if isinstance(number, int) else None


def _in_its_words(problem: Exception) -> str:
    """What the system says, cleaned and cut, in brackets."""
    if isinstance(problem, BleakBluetoothNotAvailableError):
        text = str(problem.args[0])
    elif isinstance(problem, OSError) and problem.strerror:
        text = problem.strerror
    else:
        text = str(problem)
    words = clean_text(" ".join(text.split()).encode("utf-8", "replace")).rstrip(".")
    return f" ({shortened(words)})" if words else ""
