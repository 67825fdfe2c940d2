"""What a ``hci:`` target says: the transport to a controller, the unit's address, and options.

``hci:TRANSPORT/AA:BB:CC:DD:EE:FF``, where the last ``/`` separates the two: the transports of
Bumble have colons and slashes of their own. Bumble is not imported here, so that a target which
cannot be meant is refused without it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from firmline.errors import Code, InputError, shortened
from firmline.links.base import USUAL_INTERVAL_S
from firmline.links.serial.options import MAX_BAUD, MIN_BAUD
from firmline.links.target import Target
from firmline.links.target_options import (
    interval_option,
    phy_2m_option,
    refuse_others,
    road_alone,
    road_and_unit,
)
from firmline.values import BleAddress

HCI_OPTIONS: Final = ("interval", "phy")
"""``interval``: the connection interval to ask for, in milliseconds. ``phy``: ``2m``, asked for
where the controller has it, or ``1m``."""

_PORT: Final = re.compile(r"[0-9]{1,5}")
_METADATA: Final = re.compile(r"\[\w+=[^,\]]+(,\w+=[^,\]]+)*,?\]")
"""What Bumble takes for itself, such as the driver of a chip: ``[driver=rtk]``."""
_MAX_PORT: Final = 65_535
_SERIAL_WORDS: Final = frozenset({"rtscts", "dsrdtr", "delay", "resync"})
_USB: Final = re.compile(
    r"([0-9]{1,3}|[0-9]+-[0-9.]+|[0-9a-f]{4}:[0-9a-f]{4}(/[^/]+|#[0-9]{1,3})?)(\+sco=[0-9])?!?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class HciOptions:
    """What a ``hci:`` target says.

    Attributes:
        transport: How Bumble names the way to the controller.
        address: Of the unit's application; ``None``: the target names a radio alone.
        interval_s: The connection interval to ask for.
        phy_2m: Whether the 2M PHY is asked for, where the controller has it.
    """

    transport: str
    address: BleAddress | None
    interval_s: float = USUAL_INTERVAL_S
    phy_2m: bool = True


def hci_unit_options(target: Target) -> HciOptions:
    """Read a ``hci:`` target that names a unit.

    Raises:
        InputError: ``TARGET_MALFORMED``.
    """
    transport, address = road_and_unit(target, kind="controller", form="TRANSPORT", example="usb:0")
    return _options(target, transport, address)


def hci_radio_options(target: Target) -> HciOptions:
    """Read a ``hci:`` target that names a controller alone.

    Raises:
        InputError: ``TARGET_MALFORMED``; also where it names a unit.
    """
    return _options(target, road_alone(target), None)


def _options(target: Target, transport: str, address: BleAddress | None) -> HciOptions:
    check_transport(transport)
    refuse_others(target, HCI_OPTIONS)
    return HciOptions(
        transport=transport,
        address=address,
        interval_s=interval_option(target),
        phy_2m=phy_2m_option(target, fails="a unit or a controller"),
    )


# Transports.


def check_transport(transport: str) -> None:
    """See that a transport can be meant; whether it is there, opening it will show.

    Raises:
        InputError: ``TARGET_MALFORMED``.
    """
    kind, _, rest = transport.partition(":")
    if kind not in _TRANSPORTS:
        raise InputError(
            Code.TARGET_MALFORMED,
            f"{kind[:40]!r} is no transport to a Bluetooth controller.",
            hint=f"Use one of: {', '.join(form for _, form in _TRANSPORTS.values())}.",
        )
    is_meant, form = _TRANSPORTS[kind]
    if not transport.isprintable() or not is_meant(_METADATA.sub("", rest)):
        raise InputError(
            Code.TARGET_MALFORMED,
            f"{shortened(transport)!r} is not {form}.",
            hint="The page on updates through a dongle shows each of them.",
        )


def _is_usb(rest: str) -> bool:
    return _USB.fullmatch(rest) is not None


def _is_serial(rest: str) -> bool:
    device, *words = rest.split(",")
    return bool(device) and all(word in _SERIAL_WORDS or _is_baud(word) for word in words)


def _is_baud(word: str) -> bool:
    digits = word.isascii() and word.isdecimal() and len(word) < len(str(MAX_BAUD)) + 1
    return digits and MIN_BAUD <= int(word) <= MAX_BAUD


def _is_host_and_port(rest: str) -> bool:
    host, _, port = rest.rpartition(":")
    return bool(host) and _PORT.fullmatch(port) is not None and 0 < int(port) <= _MAX_PORT


def _is_url(rest: str) -> bool:
    return rest.startswith(("ws://", "wss://"))


def _is_number(rest: str) -> bool:
    return not rest or rest.isdecimal()


def _is_something(rest: str) -> bool:
    return bool(rest) and "\0" not in rest


_TRANSPORTS: Final[Mapping[str, tuple[Callable[[str], bool], str]]] = {
    "usb": (_is_usb, "usb:0, usb:VVVV:PPPP or usb:VVVV:PPPP/SERIAL"),
    "serial": (_is_serial, f"serial:PORT[,BAUD][,rtscts], BAUD from {MIN_BAUD} to {MAX_BAUD}"),
    "tcp-client": (_is_host_and_port, "tcp-client:HOST:PORT"),
    "unix-client": (_is_something, "unix-client:PATH"),
    "hci-socket": (_is_number, "hci-socket:NUMBER"),
    "ws-client": (_is_url, "ws-client:ws://HOST:PORT"),
}
"""The transports of Bumble that lead to a controller. Those that wait for one to come would listen
beyond this computer, and the others stand for a controller."""
