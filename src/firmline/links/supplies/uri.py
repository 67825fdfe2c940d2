"""Supply URIs, and settings as people write them: ``scpi:RESOURCE?channel=2``, ``3.0V,20ohm``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from firmline.errors import Code, InputError, shortened
from firmline.links.supplies.base import Limits, Setting


class SupplyKind(StrEnum):
    """The supplies there are."""

    PERSON = "person"
    SIM = "sim"
    SCPI = "scpi"
    PPK2 = "ppk2"


_FORMS: Final = (
    "Write person, sim, scpi:RESOURCE such as scpi:TCPIP::192.0.2.7::5025::SOCKET, or ppk2:PORT."
)
_RESOURCES: Final = (
    "Write it as pyvisa-shell lists it, such as scpi:TCPIP::192.0.2.7::5025::SOCKET,"
    " scpi:ASRL/dev/ttyUSB0::INSTR or scpi:USB0::0x1AB1::0x0E11::DP8::INSTR."
)
_OPTIONS: Final = {SupplyKind.SCPI: ("channel", "visa")}
_NUMBER: Final = r"[0-9]{1,6}(?:\.[0-9]{1,6})?"
_SETTING: Final = re.compile(
    rf"\s*({_NUMBER})\s*V(?:\s*,\s*({_NUMBER})\s*(?:ohm|Ohm|\u03a9))?\s*", re.IGNORECASE
)
_PLAIN: Final = "Write it plainly, such as 47 or 0.05, without a unit."
_AS_DRAWN: Final = re.compile(r"\s*([0-9]{1,6})\s*[Vv]\s*([0-9]{1,6})\s*")
"""A voltage as schematics write it: 3V3."""
_RANGE: Final = re.compile(rf"({_NUMBER})\.\.({_NUMBER})")


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplyUri:
    """A supply, as the user named it.

    Attributes:
        kind: Which kind.
        where: What stands behind the colon; empty where there is none.
        options: What stands behind ``?``, by name.
    """

    kind: SupplyKind
    where: str = ""
    options: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


def parse_supply(text: str) -> SupplyUri:
    """Read a supply URI.

    Raises:
        InputError: ``SUPPLY_MALFORMED``.
    """
    head, colon, rest = text.partition(":")
    try:
        kind = SupplyKind(head.strip().lower())
    except ValueError:
        raise _malformed(f"{shortened(text)!r} names no kind of supply.", _FORMS) from None
    if kind in (SupplyKind.PERSON, SupplyKind.SIM):
        if colon:
            raise _malformed(f"{kind} takes nothing behind it.", f"Write {kind} alone.")
        return SupplyUri(kind=kind)
    where, _, query = rest.partition("?")
    if not where:
        raise _malformed(f"{shortened(text)!r} does not say which instrument.", _FORMS)
    if kind is SupplyKind.SCPI and "::" not in where:
        raise _malformed(f"{shortened(where)!r} is no VISA resource name.", _RESOURCES)
    known = _OPTIONS.get(kind, ())
    options: dict[str, str] = {}
    for pair in filter(None, query.split("&")):
        name, equals, value = pair.partition("=")
        if name not in known or not equals or not value or name in options:
            has = f"has the options {', '.join(known)}, each once" if known else "has no options"
            raise _malformed(f"A {kind}: supply {has}, and was given {shortened(pair)!r}.", _FORMS)
        options[name] = value
    channel = options.get("channel", "1")
    if not (channel.isascii() and channel.isdigit() and 0 < int(channel[:4]) < 100):
        raise _malformed(f"channel={shortened(channel)} is no number of an output.", _FORMS)
    return SupplyUri(kind=kind, where=where, options=MappingProxyType(options))


def parse_setting(text: str) -> Setting | None:
    """A voltage, with a series resistance or without; ``None``: it is none.

    Raises:
        InputError: ``NUMBER_MALFORMED``: it is written as schematics do, 3V3.
    """
    found = _SETTING.fullmatch(text)
    if found is None:
        check_not_as_drawn(text.split(",", maxsplit=1)[0], what="A voltage")
        return None
    return Setting(voltage_v=float(found[1]), resistance_ohm=float(found[2] or 0))


def check_not_as_drawn(text: str, *, what: str) -> None:
    """Refuse 3V3, which would be read as a name elsewhere.

    Raises:
        InputError: ``NUMBER_MALFORMED``.
    """
    found = _AS_DRAWN.fullmatch(text)
    if found is not None:
        raise InputError(
            Code.NUMBER_MALFORMED,
            f"{what} is written as in a schematic: {shortened(text.strip())!r}.",
            hint=f"Write {found[1]}.{found[2]}; as a condition, {found[1]}.{found[2]}V.",
        )


def parse_range(text: str, *, what: str) -> tuple[float, float]:
    """Two numbers, ``1.8..3.0``, in either order.

    Raises:
        InputError: ``USAGE``, ``NUMBER_MALFORMED``.
    """
    for end in text.split(".."):
        check_not_as_drawn(end, what=what)
    found = _RANGE.fullmatch(text.strip())
    if found is None or float(found[1]) == float(found[2]):
        raise InputError(
            Code.USAGE,
            f"{what} is two different numbers with two dots between them, such as 1.8..3.0, and was"
            f" given {shortened(text)!r}.",
            hint="Write the lower number, two dots and the upper one, without units.",
        )
    return float(found[1]), float(found[2])


def parse_amount(text: str, *, what: str, most: float) -> float:
    """A number from 0 to ``most``.

    Raises:
        InputError: ``NUMBER_MALFORMED`` or ``NUMBER_OUT_OF_RANGE``.
    """
    check_not_as_drawn(text, what=what)
    if re.fullmatch(_NUMBER, text.strip()) is None:
        raise InputError(
            Code.NUMBER_MALFORMED, f"{what} is no number: {shortened(text)!r}.", hint=_PLAIN
        )
    value = float(text)
    if value > most:
        raise InputError(
            Code.NUMBER_OUT_OF_RANGE, f"{what} is {value:g}, and {most:g} is the most."
        )
    return value


def parse_limits(text: str) -> Limits:
    """The voltages between which a unit may be fed.

    Raises:
        InputError: ``USAGE``.
    """
    low, high = sorted(parse_range(text, what="--limits"))
    return Limits(least_v=low, most_v=high)


def _malformed(message: str, hint: str) -> InputError:
    return InputError(Code.SUPPLY_MALFORMED, message, hint=hint)
