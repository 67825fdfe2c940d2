"""What goes wrong with a dongle, in one sentence each, with the next thing to do."""

from __future__ import annotations

from typing import Final

from firmline.errors import Code, TransportError, TransportReason, shortened
from firmline.formats.known_softdevices import describe_fwid
from firmline.links.base import NORDIC
from firmline.links.connectivity.wire import three_wire
from firmline.links.connectivity.wire.messages import Version
from firmline.links.failure import Failure

FIRMWARE: Final = "the connectivity firmware 4.1.4 with S132 5.1.0"
"""The one that this driver speaks to."""
NO_MEMORY: Final = 4
NOT_FOUND: Final = 5
NOT_SUPPORTED: Final = 6
INVALID_PARAMETER: Final = 7
INVALID_STATE: Final = 8
BUSY: Final = 17
NO_RESOURCES: Final = 19
INVALID_CONNECTION: Final = 0x3002
_IN_WORDS: Final = {
    1: "its handler is missing",
    2: "its SoftDevice is not enabled",
    3: "an internal error",
    NO_MEMORY: "no memory is left",
    NOT_FOUND: "not found",
    NOT_SUPPORTED: "not supported",
    INVALID_PARAMETER: "a parameter is not valid",
    INVALID_STATE: "not in this state",
    9: "a length is not valid",
    10: "flags are not valid",
    11: "data are not valid",
    13: "it took too long",
    15: "forbidden",
    16: "an address is not valid",
    BUSY: "it is busy",
    18: "no more connections",
    NO_RESOURCES: "no resources are left",
    0x3001: "Bluetooth is not enabled",
    INVALID_CONNECTION: "there is no such connection",
}
"""Errors of the SoftDevice, by their numbers (its ``nrf_error.h`` and ``ble_err.h``)."""


def silent(port: str, waited_s: float) -> Failure:
    """Nothing answers."""
    return Failure(
        code=Code.DONGLE_SILENT,
        message=f"Nothing at {shortened(port)} answered as an nRF Connectivity dongle within"
        f" {waited_s:g} s.",
    )


def unreadable(port: str, heard: bytes) -> Failure:
    """What answers is none."""
    return Failure(
        code=Code.DONGLE_UNREADABLE,
        message=f"What is at {shortened(port)} is no nRF Connectivity dongle, or one at another"
        f" speed: it sent {heard[:8].hex(' ').upper()}.",
    )


def stopped(port: str, waited_s: float) -> Failure:
    """It answered, and does no more."""
    return Failure(
        code=Code.DONGLE_LOST,
        message=f"The dongle at {shortened(port)} has not answered for {waited_s:g} s.",
    )


def restarted(port: str) -> Failure:
    """It has restarted by itself, or somebody else has reset it."""
    return Failure(
        code=Code.DONGLE_LOST,
        message=f"The dongle at {shortened(port)} has restarted, and its connections are gone.",
    )


def out_of_step(port: str) -> Failure:
    """It acknowledges what was never sent."""
    return Failure(
        code=Code.DONGLE_LOST,
        message=f"The dongle at {shortened(port)} acknowledged what it was never sent: bytes are"
        " lost on the way, or another program uses it.",
    )


def of_link(port: str, why: three_wire.Failure, heard: bytes) -> Failure:
    """The failure of a serial link."""
    match why:
        case three_wire.Failure.SILENT:
            return silent(port, three_wire.OPENING_S)
        case three_wire.Failure.UNREADABLE:
            return unreadable(port, heard)
        case three_wire.Failure.NOT_ACKNOWLEDGED:
            return stopped(port, three_wire.TRIES * three_wire.SENDS_AGAIN_S)
        case three_wire.Failure.OUT_OF_STEP:
            return out_of_step(port)


def nonsense(port: str, why: str) -> Failure:
    """A message that cannot be read."""
    return Failure(code=Code.DONGLE_NONSENSE, message=f"{why.rstrip('.')} (at {shortened(port)}).")


def refused(port: str, what: str, error: int) -> TransportError:
    """A command was refused; its number is in ``context['nrf_error']``."""
    words = _IN_WORDS.get(error)
    because = f": {words}" if words else ""
    return TransportError(
        Code.DONGLE_REFUSED,
        f"The dongle at {shortened(port)} refused {what}{because} (error 0x{error:X}).",
        reason=TransportReason.NOT_AVAILABLE,
        nrf_error=error,
    )


def not_understood(port: str, error: TransportError | None) -> TransportError:
    """It is a dongle, and does not understand what this driver says first."""
    because = "" if error is None else f": {error.message}"
    return TransportError(
        Code.DONGLE_VERSION,
        f"The dongle at {shortened(port)} does not answer as {FIRMWARE} does{because.rstrip('.')}.",
        reason=TransportReason.NOT_AVAILABLE,
    )


def other_firmware(port: str, version: Version) -> TransportError:
    """It runs a SoftDevice that this driver does not speak to."""
    runs = (
        f"SoftDevice {describe_fwid(version.subversion)}"
        if version.company == NORDIC
        else f"the radio of another maker (company 0x{version.company:04X})"
    )
    return TransportError(
        Code.DONGLE_VERSION,
        f"The dongle at {shortened(port)} runs {runs}, and this driver speaks to {FIRMWARE}.",
        reason=TransportReason.NOT_AVAILABLE,
    )
