"""Target URIs: how a user names one unit and the road to it (``design/command-line.md``).

``SCHEME:WHERE[?option=value&...]``, e.g. ``sim:ble-reference``, ``ble:AA:BB:CC:DD:EE:FF``,
``serial:/dev/ttyACM0?baud=115200``. The scheme decides the road, and ``sim`` alone ever reaches a
virtual unit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from firmline.errors import Code, InputError, uri_without_secrets


class Scheme(StrEnum):
    """The roads to a unit."""

    BLE = "ble"
    HCI = "hci"
    NRFCONN = "nrfconn"
    SERIAL = "serial"
    USB = "usb"
    SIM = "sim"


_FORMS: Final = {
    Scheme.BLE: "ble:AA:BB:CC:DD:EE:FF or ble:name=NAME",
    Scheme.HCI: "hci:TRANSPORT/AA:BB:CC:DD:EE:FF, such as hci:usb:0/AA:BB:CC:DD:EE:FF",
    Scheme.NRFCONN: "nrfconn:PORT/AA:BB:CC:DD:EE:FF, such as nrfconn:COM3/AA:BB:CC:DD:EE:FF",
    Scheme.SERIAL: "serial:PORT",
    Scheme.USB: "usb:SERIAL",
    Scheme.SIM: "sim:NAME; firmline sim units lists them",
}
"""How a unit is written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One unit, as the user named it.

    Attributes:
        text: The URI as it was written.
        scheme: The road.
        where: What stands between the scheme and the options.
        options: What stands behind ``?``, by name.
    """

    text: str
    scheme: Scheme
    where: str
    options: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def shown(self) -> str:
        """The URI without the secrets in it: what may be printed and kept."""
        return uri_without_secrets(self.text)


def parse_radio(text: str, *, default_scheme: str = "") -> Target:
    """Read what names a radio and no unit: as a target, or ``ble`` or ``usb``, with options or not.

    Raises:
        InputError: ``TARGET_MALFORMED``.
    """
    head, question, query = text.partition("?")
    scheme = head.lower().removesuffix(":")
    if scheme not in (Scheme.BLE, Scheme.USB):
        return parse_target(text, default_scheme=default_scheme)
    everyone = parse_target(f"{scheme}:everyone{question}{query}")
    return replace(everyone, text=text, where="")


def parse_target(text: str, *, default_scheme: str = "") -> Target:
    """Read a target URI.

    Args:
        text: What the user wrote.
        default_scheme: Used where the text begins with no scheme (``FIRMLINE_LINK``).

    Raises:
        InputError: ``TARGET_MALFORMED``.
    """
    scheme, rest = _split_scheme(text, default_scheme)
    where, _, query = rest.partition("?")
    if not where and scheme is not Scheme.USB:  # usb: alone is the one unit there is
        raise InputError(
            Code.TARGET_MALFORMED,
            f"The target {text[:60]!r} names no unit.",
            hint=f"Write what to reach behind the scheme: {_FORMS[scheme]}.",
        )
    options: dict[str, str] = {}
    for pair in filter(None, query.split("&")):
        name, equals, value = pair.partition("=")
        if not equals or not name or not value or name in options:
            raise InputError(
                Code.TARGET_MALFORMED,
                f"The option {pair[:40]!r} of the target {text[:60]!r} is not name=value, once.",
                hint="Give each option once, with a value: ...?name=value&other=value, in quotes,"
                " or the shell takes the & for itself.",
            )
        options[name] = value
    return Target(text=text, scheme=scheme, where=where, options=MappingProxyType(options))


def _split_scheme(text: str, default_scheme: str) -> tuple[Scheme, str]:
    known = {scheme.value: scheme for scheme in Scheme}
    usual = [scheme.value for scheme in Scheme]
    head, colon, rest = text.partition(":")
    if colon and head.lower() in known:
        return known[head.lower()], rest
    if default_scheme.lower() in known:
        return known[default_scheme.lower()], text
    if default_scheme:
        raise InputError(
            Code.TARGET_MALFORMED,
            f"FIRMLINE_LINK is {default_scheme[:20]!r}, which is no scheme.",
            hint=f"Use one of: {', '.join(usual)}.",
        )
    begins = f"{head[:20]!r}, which is no scheme" if colon and head else "no scheme"
    raise InputError(
        Code.TARGET_MALFORMED,
        f"The target {text[:60]!r} begins with {begins}.",
        hint=f"Begin it with one of: {', '.join(f'{name}:' for name in usual)} - for a virtual unit"
        " sim:ble-reference.",
    )
