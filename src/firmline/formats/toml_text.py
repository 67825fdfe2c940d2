"""The text of a TOML file that a person wrote: parsed, and with the line of every key at hand.

``tomllib`` names lines for errors of syntax alone. What is wrong with a key or a value is found
later, so a small scanner notes where each statement begins. It runs over valid TOML only. Which
kind of file it is (a unit file, a recipe), and with it the code of its errors, is a
:class:`TomlForm`.
"""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from firmline.errors import Code, InputError

KeyPath = tuple[str | int, ...]
"""Where a value stands, e.g. ``("faults", 0, "operation")``; ``()`` is the whole file."""

MAX_SIZE: Final = 64 * 1024
"""Largest file, bytes; ours: the largest unit file of the gallery has 2 kB, a recipe 6 kB."""
MAX_LINE: Final = 1000
"""Longest line, characters; ours: tomllib takes 17 s for a key of 32,000 dotted parts."""

_DEEP: Final = 100
_POSITION: Final = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
_TUPLE: Final = re.compile(r"\(['\"].*\)", re.DOTALL)
"""How tomllib names a dotted key."""
_SHOWN: Final = 100
"""Characters of a key that a message shows."""
_TOKEN: Final = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}'
    r"|'''.*?'{3,5}"
    r'|"(?:\\.|[^"\\])*"'
    r"|'[^']*'"
    r"|\#[^\n]*"
    r"|\n"
    r"|[^\"'\#\n]+",
    re.DOTALL,
)
_PART: Final = r'(?:[A-Za-z0-9_-]+|"(?:\\.|[^"\\])*"|\'[^\']*\')'
_KEY: Final = re.compile(rf"\s*({_PART}(?:\s*\.\s*{_PART})*)\s*")


@dataclass(frozen=True, slots=True, kw_only=True)
class TomlForm:
    """A kind of TOML file.

    Attributes:
        code: Of what is wrong in it.
        noun: What a message calls one, with its article.
        start: Where one to start from comes from, as the end of a hint.
    """

    code: Code
    noun: str
    start: str


class TomlText:
    """A TOML file.

    Args:
        text: What it holds.
        where: What a message calls it.
        form: What kind of file it is.

    Raises:
        InputError: With the form's code: it is too large or no TOML.

    Attributes:
        content: What it says.
    """

    def __init__(self, text: str, *, where: str, form: TomlForm) -> None:
        self._where = where
        self._form = form
        self._text = text.replace("\r\n", "\n").removeprefix("\ufeff")
        self._check_bounds()
        self.content: dict[str, Any] = self._parse()
        self._lines = dict(_places(self._text))

    def line_of(self, path: KeyPath) -> int:
        """The line of a key, or of the innermost part around it that has a line; from 1."""
        while path and path not in self._lines:
            path = path[:-1]
        return self._lines.get(path, 1)

    def error(
        self, path: KeyPath, sentence: str, *, hint: str = "", code: Code | None = None
    ) -> InputError:
        """The error for what stands there; the form's code by default."""
        return self._error_at(self.line_of(path), sentence, hint=hint, code=code)

    def _error_at(
        self, line: int, sentence: str, *, hint: str = "", code: Code | None = None
    ) -> InputError:
        return InputError(
            code or self._form.code,
            f"{self._where}, line {line}: {sentence}",
            hint=hint,
            line=line,
        )

    def _check_bounds(self) -> None:
        size = 0
        for number, line in enumerate(self._text.split("\n"), 1):
            size += len(line) + 1
            if size > MAX_SIZE + 1:
                raise self._error_at(
                    number,
                    f"{self._form.noun} has at most {MAX_SIZE // 1024} kB, and here it has more.",
                )
            if len(line) > MAX_LINE:
                raise self._error_at(
                    number,
                    f"the line has {len(line)} characters, and {MAX_LINE} are allowed.",
                )

    def _parse(self) -> dict[str, Any]:
        try:
            return tomllib.loads(self._text)
        except RecursionError:
            raise self._error_at(
                self._deep_line(), "brackets stand too deep inside one another."
            ) from None
        except ValueError as problem:
            message = str(problem)
            found = _POSITION.search(message)
            line = int(found[1]) if found and found[1] else self._text.count("\n") + 1
            column = f", at column {found[2]}" if found and found[2] else ""
            said = _in_words(_POSITION.sub("", message))
            raise self._error_at(
                line,
                f"this is not TOML{column}: {said[:1].lower()}{said[1:]}.",
                hint=f"Write key = value, one a line; {self._form.start}.",
            ) from None

    def _deep_line(self) -> int:
        """Where the brackets that nobody closes have become many."""
        depth = 0
        for number, line in enumerate(self._text.split("\n"), 1):
            depth += _opened(line)
            if depth > _DEEP:
                return number
        return 1


def _in_words(message: str) -> str:
    """What tomllib says, without the Python that it writes keys in."""
    found = _TUPLE.search(message)
    if found is None:
        return message
    key = ".".join(str(part) for part in ast.literal_eval(found[0]))[:_SHOWN]
    if message == f"Cannot declare {found[0]} twice":
        return f"the table {key!r} is declared twice"
    return message.replace(found[0], repr(key))


def decode_toml(content: bytes, *, where: str, form: TomlForm) -> str:
    """The text of such a file, which has to be UTF-8.

    Raises:
        InputError: With the form's code, naming the line of the first byte that is not.
    """
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as problem:
        line = content.count(b"\n", 0, problem.start) + 1
        raise InputError(
            form.code,
            f"{where}, line {line}: the byte 0x{content[problem.start]:02X} is not UTF-8 text.",
            hint="Save the file as UTF-8 in the editor.",
            line=line,
        ) from None


def _opened(text: str) -> int:
    """How many more brackets are opened than closed."""
    return text.count("[") + text.count("{") - text.count("]") - text.count("}")


def _statements(text: str) -> Iterator[tuple[int, str]]:
    """Each statement of valid TOML without its comments, and the line it begins in."""
    line = start = 1
    depth = 0
    parts: list[str] = []
    for match in _TOKEN.finditer(text):
        token = match[0]
        line += token.count("\n")
        if token == "\n" and depth == 0:  # noqa: S105 - a line end, not a password
            yield start, "".join(parts).strip()
            parts, start = [], line
        elif token[0] in "\"'":
            parts.append(token)
        elif token[0] != "#":
            depth += _opened(token)
            parts.append(token)
    yield start, "".join(parts).strip()


def _places(text: str) -> Iterator[tuple[KeyPath, int]]:
    """Every key and table header that is a statement, with its line."""
    found: dict[KeyPath, int] = {}
    items: dict[KeyPath, int] = {}
    table: KeyPath = ()
    for line, statement in _statements(text):
        if statement.startswith("[["):
            *around, last = _key(statement[2:])
            name = (*_in_items(around, items), last)
            items[name] = items.get(name, -1) + 1
            table = path = (*name, items[name])
        elif statement.startswith("["):
            table = path = _in_items(_key(statement[1:]), items)
        else:
            path = table + _key(statement)
        for end in range(1, len(path) + 1):
            found.setdefault(path[:end], line)
    yield from found.items()


def _in_items(name: Iterable[str | int], items: Mapping[KeyPath, int]) -> KeyPath:
    """Where a header leads: of a list of tables that it names on its way, to the last table."""
    path: KeyPath = ()
    for part in name:
        path = (*path, part)
        if path in items:
            path = (*path, items[path])
    return path


def _key(text: str) -> KeyPath:
    """The parts of the dotted key that a text begins with."""
    match = _KEY.match(text)
    if match is None:
        return ()
    return tuple(_unquoted(part) for part in re.findall(_PART, match[1]))


def _unquoted(part: str) -> str:
    return str(tomllib.loads(f"part = {part}")["part"]) if part[0] in "\"'" else part
