"""What goes wrong with USB, in one sentence each, with the next thing to do on this system."""

from __future__ import annotations

import errno
import sys
from collections.abc import Iterable
from typing import Final

from firmline.errors import Code, TransportError, TransportReason, shortened
from firmline.links.extras import extra_missing as missing
from firmline.links.usb.device import UsbDevice

MAX_NAMED: Final = 8
"""Devices that a message names."""
UDEV_RULE: Final = 'SUBSYSTEM=="usb", ATTR{{idVendor}}=="{vendor}", TAG+="uaccess"'
"""Lets who sits at the computer use a device (systemd's udev, tag ``uaccess``)."""
RULES_FILE: Final = "/etc/udev/rules.d/70-firmline.rules"
"""Before 73-seat-late.rules, which acts on the tag."""
LIBUSB_AT: Final = {
    "linux": "Install it: sudo apt-get install libusb-1.0-0 (or libusb1, as your system calls it).",
    "darwin": "Install it: brew install libusb.",
    "win32": "Put libusb-1.0.dll of libusb.info beside python.exe, or into a folder of PATH.",
}
_FORBIDDEN: Final = frozenset({errno.EACCES, errno.EPERM})
_BUSY: Final = frozenset({errno.EBUSY})
_STALLED: Final = frozenset({errno.EPIPE})
_TIMED_OUT: Final = frozenset({errno.ETIMEDOUT})


def extra_missing() -> TransportError:
    """The error of a computer without pyusb."""
    return missing(
        "usb",
        "Asking an application over USB into its bootloader needs pyusb",
        alternative="or get the unit into its bootloader by hand",
    )


def library_missing(platform: str = sys.platform) -> TransportError:
    """The error of a computer without libusb."""
    return TransportError(
        Code.USB_LIBRARY_MISSING,
        "Asking an application over USB into its bootloader needs the library libusb 1.0, which is"
        " not found here.",
        reason=TransportReason.NOT_AVAILABLE,
        hint=LIBUSB_AT.get(platform, "Install libusb 1.0."),
    )


def not_listed(problem: Exception) -> TransportError:
    """The error of a system that does not list its USB devices."""
    return TransportError(
        Code.USB_FAILED,
        f"The system does not list its USB devices: {_why(problem)}.",
        reason=TransportReason.NOT_AVAILABLE,
    )


def request_failed(
    device: UsbDevice, problem: Exception, platform: str = sys.platform
) -> TransportError:
    """The error of a request to a device.

    Args:
        device: Which.
        problem: What pyusb has raised.
        platform: The system, as Python calls it.
    """
    number = getattr(problem, "errno", None)
    if number in _FORBIDDEN or isinstance(problem, NotImplementedError):
        return TransportError(
            Code.USB_FORBIDDEN,
            f"You may not talk to the USB device {device.shown}.",
            reason=TransportReason.NOT_AVAILABLE,
            hint=_permission_hint(device, platform),
        )
    if number in _STALLED:
        reason = TransportReason.REFUSED
    elif number in _TIMED_OUT:
        reason = TransportReason.TIMEOUT
    else:  # a device that resets in the middle fails in many ways, with and without a number
        reason = TransportReason.NOT_AVAILABLE if number in _BUSY else TransportReason.LOST
    return TransportError(
        Code.USB_FAILED,
        f"The USB device {device.shown} cannot be asked: {_why(problem)}.",
        reason=reason,
    )


def nobody(serial_number: str, devices: Iterable[UsbDevice]) -> TransportError:
    """The error of a unit that is not plugged in."""
    which = f"with the serial number {serial_number[:40]!r}" if serial_number else "for updates"
    there = ", ".join(device.shown for device in _some(devices))
    return TransportError(
        Code.UNIT_NOT_FOUND,
        f"No USB unit {which} is plugged in.",
        reason=TransportReason.NOT_FOUND,
        hint=f"There are: {there}."
        if there
        else "Plug it in; firmline scan --on usb lists what there is.",
    )


def several(serial_number: str, devices: Iterable[UsbDevice]) -> TransportError:
    """The error of a serial number, or of no number, that fits more than one device."""
    fits = list(devices)
    there = ", ".join(device.shown for device in _some(fits))
    if serial_number:
        says = f"{len(fits)} USB devices have the serial number {serial_number[:40]!r}: {there}."
        hint = "Unplug all but one of them: nothing else would tell them apart after a restart."
    else:
        says = f"{len(fits)} USB units are plugged in: {there}."
        hint = "Name one by its serial number: usb:SERIAL."
    return TransportError(
        Code.USB_NOT_UNIQUE, says, reason=TransportReason.NOT_AVAILABLE, hint=hint
    )


def _permission_hint(device: UsbDevice, platform: str) -> str:
    if platform == "linux":
        rule = UDEV_RULE.format(vendor=f"{device.vendor_id:04x}")
        return f"Put this line into {RULES_FILE} and plug the unit in anew: {rule}"
    if platform == "win32":
        return (
            "Its DFU trigger interface needs the driver WinUSB: choose it for that interface with"
            " Zadig (zadig.akeo.ie), and leave the serial port's driver as it is."
        )
    return "Close programs that hold the device, and plug it in anew."


def _some(devices: Iterable[UsbDevice]) -> list[UsbDevice]:
    return sorted(devices, key=lambda device: (device.serial_number, device.place))[:MAX_NAMED]


def _why(problem: Exception) -> str:
    why = getattr(problem, "strerror", None) or str(problem)
    return shortened(" ".join(str(why).split())).rstrip(".") or type(problem).__name__
