"""What may stand in a TOML file that a person writes: keys, and the checking of a table by them.

A reader says of each table which keys it may have (:class:`Key`); :class:`Section` refuses
everything else, naming the line, what stands there and what is allowed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from enum import StrEnum
from typing import Any, Final

from firmline.errors import Code, InputError
from firmline.formats.toml_text import KeyPath, TomlText
from firmline.values import U32_MAX

_SHOWN: Final = 40
"""Characters of a wrong value that a message shows."""
_LINE: Final = 80
"""Longest text where a number may stand as well, characters."""


class Kind(StrEnum):
    """What a value is; the texts stand in messages."""

    WHOLE = "a whole number"
    NUMBER = "a number"
    TEXT = "a text"
    LINE = "a line of text"
    PEM = "a PEM text"
    FLAG = "true or false"
    TABLE = "a table"
    TABLES = "a list of tables"
    WHOLES = "a list of whole numbers"
    NUMBERS = "a list of numbers"
    TEXTS = "a list of texts"
    SCALAR = "a number or a text"


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """What a value has to be.

    Attributes:
        kind: What it is; a list is checked item by item.
        least: Smallest number; fewest characters.
        most: Largest number; most characters.
        choices: The texts that are allowed; empty: any.
        items: Most items of a list.
        required: Whether it must be there.
    """

    kind: Kind
    least: float = 0
    most: float = U32_MAX
    choices: tuple[str, ...] = ()
    items: int = 16
    required: bool = False

    @property
    def allowed(self) -> str:
        """What is allowed, for a message."""
        match self.kind:
            case Kind.WHOLES | Kind.NUMBERS | Kind.TEXTS:
                return f"a list of at most {self.items}, each {self._item.allowed}"
            case _ if self.choices:
                return f"one of {', '.join(self.choices)}"
            case Kind.TEXT | Kind.LINE:
                letters = "ASCII characters" if self.kind is Kind.TEXT else "characters"
                return f"a text of {self.least:.0f} to {self.most:.0f} printable {letters}"
            case Kind.WHOLE | Kind.NUMBER | Kind.SCALAR:
                is_scalar = self.kind is Kind.SCALAR
                number = f"{Kind.NUMBER if is_scalar else self.kind} from"
                other = ", or a text of printable characters" if is_scalar else ""
                return f"{number} {self.least:.12g} to {self.most:.12g}{other}"
            case _:
                return str(self.kind)

    def admits(self, value: object) -> bool:
        """Whether a value is allowed."""
        match self.kind:
            case Kind.WHOLE:  # a bool is an int to Python
                return type(value) is int and self.least <= value <= self.most
            case Kind.NUMBER:
                return self._is_number_between(value)
            case Kind.TEXT:
                return isinstance(value, str) and self._is_plain_text(value)
            case Kind.LINE:
                return isinstance(value, str) and self._is_line(value)
            case Kind.SCALAR:
                is_line = (
                    isinstance(value, str) and 1 <= len(value) <= _LINE and value.isprintable()
                )
                return is_line or self._is_number_between(value)
            case _:
                return self._admits_other(value)

    def _admits_other(self, value: object) -> bool:
        match self.kind:
            case Kind.FLAG:
                return isinstance(value, bool)
            case Kind.TABLE:
                return isinstance(value, dict)
            case Kind.TABLES:
                return isinstance(value, list) and all(isinstance(row, dict) for row in value)
            case Kind.WHOLES | Kind.NUMBERS | Kind.TEXTS:
                return isinstance(value, list) and self._admits_items(value)
            case _:
                return isinstance(value, str)

    def _admits_items(self, values: list[object]) -> bool:
        return len(values) <= self.items and all(map(self._item.admits, values))

    @property
    def _item(self) -> Key:
        """What each item of a list has to be."""
        return replace(self, kind=_ITEMS[self.kind])

    def _is_number_between(self, value: object) -> bool:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        is_finite = isinstance(value, int) or math.isfinite(value)
        return is_finite and self.least <= value <= self.most

    def _is_line(self, value: str) -> bool:
        return self.least <= len(value) <= self.most and value.isprintable()

    def _is_plain_text(self, value: str) -> bool:
        if self.choices:
            return value in self.choices
        return self.least <= len(value) <= self.most and all(" " <= mark <= "~" for mark in value)


_ITEMS: Final = {Kind.WHOLES: Kind.WHOLE, Kind.NUMBERS: Kind.NUMBER, Kind.TEXTS: Kind.TEXT}


class Section:
    """One table of a file, all of whose values are allowed.

    Args:
        file: The file.
        path: Where the table stands.
        content: What it holds.
        keys: What may stand in it.

    Raises:
        InputError: With the code of the file's form: a key is unknown or missing, or a value is
            wrong.
    """

    def __init__(
        self, file: TomlText, path: KeyPath, content: dict[str, Any], keys: Mapping[str, Key]
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

    def error(
        self, name: str, sentence: str, *, hint: str = "", code: Code | None = None
    ) -> InputError:
        """The error for a key; an empty name means the table."""
        path = (*self.path, name) if name else self.path
        return self._file.error(path, sentence, hint=hint, code=code)

    def error_at(
        self, path: KeyPath, sentence: str, *, hint: str = "", code: Code | None = None
    ) -> InputError:
        """The error for what stands elsewhere in the file."""
        return self._file.error(path, sentence, hint=hint, code=code)

    def wrong(
        self, name: str, allowed: str, *, hint: str = "", code: Code | None = None
    ) -> InputError:
        """The error for the value of a key."""
        found = shown(self.values[name])
        sentence = f"{self._label(name)} is {found}, and has to be {allowed}."
        return self.error(name, sentence, hint=hint, code=code)

    def section(self, name: str, keys: Mapping[str, Key]) -> Section | None:
        """The table with this name; ``None``: it is not there."""
        return self.part(name, keys) if name in self.values else None

    def part(self, name: str, keys: Mapping[str, Key]) -> Section:
        """The table with this name, which is required."""
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
