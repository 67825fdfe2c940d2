"""What may stand in a unit file: every key, what its value has to be, and the checking of it.

The keys of a fault are the fields of its dataclass (:mod:`firmline.device.faults.plan`), so that a
new fault is known here without a word.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from difflib import get_close_matches
from enum import Enum, StrEnum
from typing import Any, Final, get_type_hints

from firmline.device.application_dfu import ApplicationDfu
from firmline.device.chips import chip_names
from firmline.device.faults.plan import Fault
from firmline.device.physics.supply import COIN_CELL_MAH, MAX_V, START_V
from firmline.device.profile import PROFILES
from firmline.device.unit_file_text import KeyPath, UnitFileText
from firmline.errors import InputError
from firmline.values import U32_MAX

_SHOWN: Final = 40
"""Characters of a wrong value that a message shows."""


class Kind(StrEnum):
    """What a value is; the texts stand in messages."""

    WHOLE = "a whole number"
    NUMBER = "a number"
    TEXT = "a text"
    PEM = "a PEM text"
    FLAG = "true or false"
    TABLE = "a table"
    TABLES = "a list of tables"


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """What a value has to be.

    Attributes:
        kind: What it is.
        least: Smallest number; fewest characters.
        most: Largest number; most characters.
        choices: The texts that are allowed; empty: any.
        required: Whether it must be there.
    """

    kind: Kind
    least: float = 0
    most: float = U32_MAX
    choices: tuple[str, ...] = ()
    required: bool = False

    @property
    def allowed(self) -> str:
        """What is allowed, for a message."""
        if self.choices:
            return f"one of {', '.join(self.choices)}"
        match self.kind:
            case Kind.WHOLE | Kind.NUMBER:
                return f"{self.kind} from {self.least:.12g} to {self.most:.12g}"
            case Kind.TEXT:
                return f"a text of {self.least:.0f} to {self.most:.0f} printable ASCII characters"
            case _:
                return str(self.kind)

    def admits(self, value: object) -> bool:
        """Whether a value is allowed."""
        match self.kind:
            case Kind.WHOLE:  # a bool is an int to Python
                allowed = type(value) is int and self.least <= value <= self.most
            case Kind.NUMBER:
                allowed = isinstance(value, int | float) and self._is_number_between(value)
            case Kind.TEXT:
                allowed = isinstance(value, str) and self._is_plain_text(value)
            case Kind.PEM:
                allowed = isinstance(value, str)
            case Kind.FLAG:
                allowed = isinstance(value, bool)
            case Kind.TABLE:
                allowed = isinstance(value, dict)
            case Kind.TABLES:
                allowed = isinstance(value, list) and all(isinstance(row, dict) for row in value)
        return allowed

    def _is_number_between(self, value: float) -> bool:
        if isinstance(value, bool) or (isinstance(value, float) and not math.isfinite(value)):
            return False
        return self.least <= value <= self.most

    def _is_plain_text(self, value: str) -> bool:
        if self.choices:
            return value in self.choices
        return self.least <= len(value) <= self.most and all(" " <= mark <= "~" for mark in value)


_TABLE: Final = Key(kind=Kind.TABLE)
_WORD: Final = Key(kind=Kind.WHOLE)

UNIT: Final[Mapping[str, Key]] = {
    "title": Key(kind=Kind.TEXT, least=1, most=120),
    "chip": Key(kind=Kind.TEXT, choices=tuple(chip_names()), required=True),
    "profile": Key(kind=Kind.TEXT, choices=tuple(PROFILES), required=True),
    "hw_version": _WORD,
    "address": Key(kind=Kind.TEXT, least=1, most=40),
    "serial_number": Key(kind=Kind.TEXT, least=1, most=32),
    "public_key": Key(kind=Kind.TEXT, least=128, most=128),
    "public_key_pem": Key(kind=Kind.PEM),
    "bootloader_version": _WORD,
    "gpregret": Key(kind=Kind.WHOLE, most=0xFF),
    "lost_buffers": Key(kind=Kind.WHOLE, most=255),
    "seed": _WORD,
    "softdevice": _TABLE,
    "application": _TABLE,
    "supply": _TABLE,
    "timing": _TABLE,
    "faults": Key(kind=Kind.TABLES),
}
"""The keys of the file itself; ``lost_buffers`` has a closer bound by the profile."""

SOFTDEVICE: Final[Mapping[str, Key]] = {
    "fwid": Key(kind=Kind.WHOLE, most=0xFFFF, required=True),
    "family": _WORD,
    "version": _WORD,
    "size_word": _WORD,
}
APPLICATION: Final[Mapping[str, Key]] = {
    "version": _WORD,
    "size": Key(kind=Kind.WHOLE, least=4),
    "dfu": Key(kind=Kind.TEXT, choices=tuple(ApplicationDfu)),
}
BENCH, CR2032 = "bench", "cr2032"
SUPPLY: Final[Mapping[str, Key]] = {
    "source": Key(kind=Kind.TEXT, choices=(BENCH, CR2032), required=True),
    "open_circuit_v": Key(kind=Kind.NUMBER, least=START_V, most=MAX_V),
    "resistance_ohm": Key(kind=Kind.NUMBER, most=10_000),
    "used_mah": Key(kind=Kind.NUMBER, most=COIN_CELL_MAH),
    "state_of_charge": Key(kind=Kind.NUMBER, most=1),
    "temperature_c": Key(kind=Kind.NUMBER, least=-40, most=85),
    "contact_ohm": Key(kind=Kind.NUMBER, most=10_000),
    "passivation_ohm": Key(kind=Kind.NUMBER, most=10_000),
    "capacitance_uf": Key(kind=Kind.NUMBER, most=10_000),
    "dcdc": Key(kind=Kind.FLAG),
    "power_fail_v": Key(kind=Kind.NUMBER, most=2.8),
}
SUPPLY_OF: Final[Mapping[str, frozenset[str]]] = {
    BENCH: frozenset({"open_circuit_v", "resistance_ohm"}),
    CR2032: frozenset({"used_mah", "state_of_charge", "temperature_c", "contact_ohm"}),
}
"""Keys that mean something for one source alone."""

_SECONDS: Final = Key(kind=Kind.NUMBER, most=60)
_FLASH_SECONDS: Final = Key(kind=Kind.NUMBER, least=1e-6, most=60)
TIMING: Final[Mapping[str, Key]] = {
    "erase_page_s": _FLASH_SECONDS,
    "write_word_s": _FLASH_SECONDS,
    "chunk_s": _SECONDS,
    "patience_s": _SECONDS,
    "radio_event_s": _SECONDS,
    "signature_check_s": _SECONDS,
    "boot_s": _SECONDS,
    "farewell_s": _SECONDS,
}


def keys_of_fault(kind: type[Fault]) -> dict[str, Key]:
    """The keys of one kind of fault: its name, and the fields of its dataclass."""
    hints = get_type_hints(kind)
    keys = {"name": Key(kind=Kind.TEXT, choices=(kind.name,), required=True)}
    for field in fields(kind):
        hint = hints[field.name]
        facts = field.metadata
        required = field.default is MISSING
        if issubclass(hint, Enum):
            choices = tuple(str(member.value) for member in hint)
            keys[field.name] = Key(kind=Kind.TEXT, choices=choices, required=required)
        elif hint is str:
            choices = tuple(facts["choices"])
            keys[field.name] = Key(kind=Kind.TEXT, choices=choices, required=required)
        else:
            number = Kind.WHOLE if hint is int else Kind.NUMBER
            keys[field.name] = Key(
                kind=number, least=facts["least"], most=facts["most"], required=required
            )
    return keys


class Section:
    """One table of a unit file, all of whose values are allowed.

    Args:
        file: The file.
        path: Where the table stands.
        content: What it holds.
        keys: What may stand in it.

    Raises:
        InputError: ``UNIT_FILE_MALFORMED``: a key is unknown or missing, or a value is wrong.
    """

    def __init__(
        self, file: UnitFileText, path: KeyPath, content: dict[str, Any], keys: Mapping[str, Key]
    ) -> None:
        self._file = file
        self.path = path
        self.values = content
        for name in content:
            if name not in keys:
                raise self._unknown(name, keys)
            self._check(name, keys[name])
        for name, key in keys.items():
            if key.required and name not in content:
                raise self.error("", f"{self._label(name)} is missing; it has to be {key.allowed}.")

    def __contains__(self, name: str) -> bool:
        return name in self.values

    def get(self, name: str, default: Any) -> Any:  # noqa: ANN401 - any key's value
        """The value of a key, or what it is by default."""
        return self.values.get(name, default)

    def error(self, name: str, sentence: str, *, hint: str = "") -> InputError:
        """The error for a key; an empty name means the table."""
        path = (*self.path, name) if name else self.path
        return self._file.error(path, sentence, hint=hint)

    def wrong(self, name: str, allowed: str, *, hint: str = "") -> InputError:
        """The error for the value of a key."""
        found = shown(self.values[name])
        return self.error(
            name, f"{self._label(name)} is {found}, and has to be {allowed}.", hint=hint
        )

    def section(self, name: str, keys: Mapping[str, Key]) -> Section | None:
        """The table with this name; ``None``: it is not there."""
        if name not in self.values:
            return None
        return Section(self._file, (*self.path, name), self.values[name], keys)

    def items(self, name: str) -> list[tuple[KeyPath, dict[str, Any]]]:
        """The tables of a list of tables, and where each stands."""
        rows = self.values.get(name, [])
        return [((*self.path, name, index), row) for index, row in enumerate(rows)]

    def item(self, path: KeyPath, content: dict[str, Any], keys: Mapping[str, Key]) -> Section:
        """One of them."""
        return Section(self._file, path, content, keys)

    def _check(self, name: str, key: Key) -> None:
        value = self.values[name]
        if key.admits(value):
            return
        if key.kind is Kind.TABLES and isinstance(value, list):
            raise self._no_table(name, value)
        meant = nearest(value, key.choices) if isinstance(value, str) else ""
        raise self.wrong(name, key.allowed, hint=f"Did you mean {meant}?" if meant else "")

    def _no_table(self, name: str, rows: list[object]) -> InputError:
        """The error for a list that holds something else than tables."""
        number, row = next(
            (number, row) for number, row in enumerate(rows, 1) if not isinstance(row, dict)
        )
        return self.error(
            name,
            f"{self._label(name)} has to be {Kind.TABLES}, and its entry {number} is {shown(row)}.",
            hint=f"Write each as a table: [[{name}]] on a line, its keys below.",
        )

    def _unknown(self, name: str, keys: Mapping[str, Key]) -> InputError:
        meant = nearest(name, keys)
        return self.error(
            name,
            f"there is no key {self._label(name)[:_SHOWN]!r}"
            + (f"; did you mean {meant!r}?" if meant else "."),
            hint=f"The keys here are: {', '.join(keys)}.",
        )

    def _label(self, name: str) -> str:
        return ".".join(str(part) for part in (*self.path, name) if not isinstance(part, int))


def nearest(text: str, names: Mapping[str, object] | tuple[str, ...]) -> str:
    """The name that a text was probably meant to be; empty: none comes near."""
    return next(iter(get_close_matches(text[:100].lower(), list(names), n=1, cutoff=0.5)), "")


def shown(value: object) -> str:
    """A wrong value, for a message."""
    match value:
        case bool():
            return str(value).lower()
        case dict():
            return "a table"
        case list():
            return "a list"
        case str() | int() | float():
            text = repr(value)
            return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
        case _:
            return "a date or a time"
