"""Events and JSON: one object for each event, in both directions.

It has ``type`` (the class name in snake case), ``at_s`` and the fields of the event; bytes are
lower-case hexadecimal, and the secrets of URIs are left out of every text.

Rules of this module: the fields of an event and their types are those of its dataclass, read once
from its annotations, so that an event that is added can be read at once. Numbers and words are
taken as they are or refused, never bent: ``true`` is no number, ``"7"`` is none either.
"""

from __future__ import annotations

import math
import re
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields
from enum import Enum
from functools import cache, lru_cache

from firmline import events
from firmline.errors import InputError, without_secrets
from firmline.events import Event
from firmline.values import BleAddress, PeripheralId

MAX_NUMBER: typing.Final = 1e12
"""Largest number of seconds that is read; sums of them stay numbers, and dates."""
Decoder = Callable[[object], object]
"""Makes a field's value of what JSON has for it; raises :class:`ValueError` for what is none."""


class NotAnEventError(Exception):
    """A JSON object is not the event that its type names; its text says why, in a few words."""


# Into JSON.


def event_type(event: Event) -> str:
    """The ``type`` of an event in JSON: its class name in snake case."""
    return event_type_name(type(event))


def event_type_name(kind: type[Event]) -> str:
    """The ``type`` of all events of a class."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", kind.__name__).lower()


def event_to_json(event: Event) -> dict[str, object]:
    """An event as a JSON-ready dictionary."""
    values = {field.name: _plain(getattr(event, field.name)) for field in fields(event)}
    return {"type": event_type(event), **values}


def _plain(value: object) -> object:
    match value:
        case float():
            plain: object = round(value, 6)
        case Enum():
            plain = value.value
        case str():
            plain = without_secrets(value)
        case bytes():
            plain = value.hex()
        case BleAddress() | PeripheralId():
            plain = str(value)
        case Mapping():
            plain = {str(key): _plain(item) for key, item in value.items()}
        case tuple() | list():
            plain = [_plain(item) for item in value]
        case _:
            plain = value
    return plain


# Out of JSON.

MAX_ADDRESSES: typing.Final = 256
"""Addresses that are kept parsed: a trace names the same two in every other line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Field:
    decode: Decoder
    is_optional: bool
    kind: str


@cache
def event_types() -> Mapping[str, type[Event]]:
    """Every event there is, by its ``type`` in JSON."""
    kinds = (kind for kind in vars(events).values() if isinstance(kind, type))
    known = [kind for kind in kinds if issubclass(kind, Event) and kind is not Event]
    return {event_type_name(kind): kind for kind in known}


def event_from_json(fields_of: Mapping[str, object]) -> Event | None:
    """The event that a JSON object is.

    Args:
        fields_of: The object: ``type``, ``at_s`` and the fields. Fields that the event does not
            have are of a newer version, and left out.

    Returns:
        The event; ``None`` where there is no event of this type.

    Raises:
        NotAnEventError: The object lacks a field, or a field is not what it has to be.
    """
    name = fields_of.get("type")
    if not isinstance(name, str):
        raise NotAnEventError("it has no type")
    kind = event_types().get(name)
    if kind is None:
        return None
    values: dict[str, object] = {}
    for field_name, field in _fields_of(name).items():
        if field_name in fields_of:
            try:
                values[field_name] = field.decode(fields_of[field_name])
            except ValueError:
                raise NotAnEventError(f"{field_name} of {name} is no {field.kind}") from None
        elif not field.is_optional or field_name == "at_s":
            raise NotAnEventError(f"{name} has no {field_name}")
    return kind(**values)  # type: ignore[arg-type] # each was made by the field's own decoder


@cache
def _fields_of(name: str) -> Mapping[str, _Field]:
    kind = event_types()[name]
    hints = typing.get_type_hints(kind)
    return {
        field.name: _Field(
            decode=_decoder(hints[field.name]),
            is_optional=field.default is not MISSING or field.default_factory is not MISSING,
            kind=type_in_words(hints[field.name]),
        )
        for field in fields(kind)
    }


def type_in_words(hint: object) -> str:
    """What a field holds in JSON, as the reference and the messages say it."""
    match typing.get_origin(hint):
        case types.UnionType | typing.Union:
            words = [type_in_words(arm) for arm in typing.get_args(hint)]
            return " or ".join(dict.fromkeys(words))
        case origin if origin is tuple:
            return f"list of {type_in_words(typing.get_args(hint)[0])}"
        case None if isinstance(hint, type) and issubclass(hint, Enum):
            return " or ".join(f"`{member.value}`" for member in hint)
        case None:
            return _WORDS[hint]
        case _:
            return f"object of {type_in_words(typing.get_args(hint)[1])}"


_WORDS: typing.Final[dict[object, str]] = {
    str: "text",
    int: "whole number",
    float: "number",
    bool: "true or false",
    bytes: "bytes in hexadecimal",
    BleAddress: "Bluetooth address",
    PeripheralId: "peripheral identifier",
    type(None): "null",
}


def _decoder(hint: object) -> Decoder:
    match typing.get_origin(hint):
        case types.UnionType | typing.Union:
            return _one_of([_decoder(arm) for arm in typing.get_args(hint)])
        case origin if origin is tuple:
            return _list_of(_decoder(typing.get_args(hint)[0]))
        case None if isinstance(hint, type) and issubclass(hint, Enum):
            return hint
        case None:
            return _DECODERS[hint]
        case _:
            return _object_of(_decoder(typing.get_args(hint)[1]))


def _one_of(arms: list[Decoder]) -> Decoder:
    def decode(value: object) -> object:
        for arm in arms:
            try:
                return arm(value)
            except ValueError:
                continue
        raise ValueError

    return decode


def _list_of(item: Decoder) -> Decoder:
    def decode(value: object) -> object:
        if not isinstance(value, list):
            raise ValueError  # noqa: TRY004 - one error for every value that does not fit
        return tuple(item(part) for part in value)

    return decode


def _object_of(item: Decoder) -> Decoder:
    def decode(value: object) -> object:
        if not isinstance(value, dict):
            raise ValueError  # noqa: TRY004 - likewise
        return {str(name): item(part) for name, part in value.items()}

    return decode


def _exactly(kind: type) -> Decoder:
    def decode(value: object) -> object:
        if type(value) is not kind:  # True would be a whole number
            raise ValueError
        return value

    return decode


def _number(value: object) -> float:
    if type(value) is float and -MAX_NUMBER <= value <= MAX_NUMBER:  # as nearly all are; NaN is not
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError  # noqa: TRY004 - likewise
    try:
        number = float(value)
    except OverflowError:
        raise ValueError from None
    if not math.isfinite(number) or abs(number) > MAX_NUMBER:
        raise ValueError
    return number


def number_or_none(value: object) -> float | None:
    """A number of seconds, where it is one."""
    try:
        return _number(value)
    except ValueError:
        return None


def _bytes(value: object) -> object:
    if not isinstance(value, str):
        raise ValueError  # noqa: TRY004 - likewise
    data = bytes.fromhex(value)
    if data.hex() != value.lower():  # it would take spaces, too
        raise ValueError
    return data


def _parsed(parse: Callable[[str], object]) -> Decoder:
    def decode(value: object) -> object:
        if not isinstance(value, str):
            raise ValueError  # noqa: TRY004 - likewise
        try:
            return parse(value)
        except InputError:
            raise ValueError from None

    return decode


_DECODERS: typing.Final[dict[object, Decoder]] = {
    str: _exactly(str),
    int: _exactly(int),
    float: _number,
    bool: _exactly(bool),
    bytes: _bytes,
    BleAddress: _parsed(lru_cache(MAX_ADDRESSES)(BleAddress.parse)),
    PeripheralId: _parsed(PeripheralId.parse),
    type(None): _exactly(type(None)),
}
