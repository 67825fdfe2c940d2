"""What a system says of a way to a controller, in one sentence each, with the next thing to do."""

from __future__ import annotations

import errno
import socket
import sys
from typing import Final

from firmline.errors import Code, TransportError, TransportReason, shortened
from firmline.links.bumble.failure import SERVED
from firmline.links.extras import extra_missing
from firmline.links.serial.problems import errno_of

_MISSING: Final = frozenset(
    {errno.ENOENT, errno.ENXIO, errno.ENODEV, errno.ENOTDIR, errno.ECONNREFUSED}
)
_BUSY: Final = frozenset({errno.EBUSY, errno.EAGAIN})
_FORBIDDEN: Final = frozenset({errno.EACCES, errno.EPERM})
_NOT_ONE: Final = frozenset({errno.ENOTTY, errno.EISDIR, errno.EINVAL, errno.ENOTSOCK})
_USB: Final = {
    "USBErrorAccess": Code.CONTROLLER_FORBIDDEN,
    "USBErrorBusy": Code.CONTROLLER_BUSY,
    "USBErrorNoDevice": Code.CONTROLLER_NOT_FOUND,
    "USBErrorNotFound": Code.CONTROLLER_NOT_FOUND,
}
"""The errors of libusb that say more than that something went wrong."""
_ON_LINUX: Final = {
    (Code.CONTROLLER_NOT_FOUND, "usb"): "Plug the dongle in; lsusb lists what is there.",
    (Code.CONTROLLER_FORBIDDEN, "usb"): "Let your group open it with a udev rule, such as"
    ' SUBSYSTEM=="usb", ATTR{{idVendor}}=="2fe3", GROUP="plugdev", MODE="0660".',
    (
        Code.CONTROLLER_FORBIDDEN,
        "serial",
    ): "Join its group, and log in anew: sudo usermod -aG dialout $USER.",
    (Code.CONTROLLER_BUSY, "serial"): "Close that program; fuser {device} names it.",
}
"""The next thing to do, where the system has it; elsewhere the general advice."""
OPENING_S: Final = 10.0
"""How long a transport may take to open: a host on a network may not answer at all; ours."""


def cannot_open(transport: str, problem: Exception) -> TransportError:
    """The error of a controller that cannot be reached.

    Args:
        transport: As the user named it.
        problem: What Bumble, one of its libraries or the system has raised.
    """
    if isinstance(problem, ImportError):
        return part_missing(transport, problem)
    code = _code_of(problem)
    name, kind = shortened(transport), transport.partition(":")[0]
    match code:
        case Code.CONTROLLER_NOT_FOUND:
            says = f"There is no Bluetooth controller at {name}{_nobody(kind)}."
        case Code.CONTROLLER_BUSY:
            says = f"The Bluetooth controller {name} is in use by another program."
        case Code.CONTROLLER_FORBIDDEN:
            says = f"You may not use the Bluetooth controller {name}."
        case _:
            says = f"The Bluetooth controller {name} cannot be opened: {_why(problem)}."
    return TransportError(
        code, says, reason=TransportReason.NOT_AVAILABLE, hint=_hint(code, transport)
    )


def part_missing(transport: str, problem: ImportError) -> TransportError:
    """The error of a computer that lacks a library for a transport."""
    return extra_missing("hci", f"{shortened(transport)} needs {problem.name or 'a library'}")


def _code_of(problem: Exception) -> Code:
    number = errno_of(problem)
    if isinstance(problem, TimeoutError | socket.gaierror) or number in _MISSING | _NOT_ONE:
        return Code.CONTROLLER_NOT_FOUND
    if number in _BUSY or "exclusively lock" in str(problem):
        return Code.CONTROLLER_BUSY
    if number in _FORBIDDEN:
        return Code.CONTROLLER_FORBIDDEN
    if "not found" in str(problem):  # how Bumble says it of USB devices
        return Code.CONTROLLER_NOT_FOUND
    return _USB.get(type(problem).__name__, Code.CONTROLLER_FAILED)


def _nobody(kind: str) -> str:
    return ": nobody listens there" if kind in SERVED else ""


def _hint(code: Code, transport: str) -> str:
    kind, _, where = transport.partition(":")
    if code is Code.CONTROLLER_NOT_FOUND and kind in SERVED:
        return "Start what serves it; firmline sim serve --on hci-tcp:0 serves a virtual unit."
    if (code, kind) == (Code.CONTROLLER_FAILED, "hci-socket"):
        return "Reach the dongle as usb: or serial:, which needs nothing of the system."
    if sys.platform != "linux":
        return ""
    return _ON_LINUX.get((code, kind), "").format(device=where.partition(",")[0])


def _why(problem: Exception) -> str:
    said = getattr(problem, "strerror", None) or str(problem) or type(problem).__name__
    return shortened(" ".join(str(said).split())).rstrip(".")
