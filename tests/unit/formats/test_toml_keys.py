"""Keys of TOML files: what each kind of value admits, and what a wrong one is told."""

from __future__ import annotations

import math

import pytest

from firmline.errors import Code, InputError
from firmline.formats.toml_keys import Key, Kind, Section, nearest, shown
from firmline.formats.toml_text import TomlForm, TomlText

FORM = TomlForm(code=Code.TABLE_MALFORMED, noun="a list", start="see there")
KINDS: dict[Kind, tuple[list[object], list[object]]] = {
    Kind.WHOLE: ([0, 9], [-1, 10, True, 1.0, "1", [], 10**400]),
    Kind.NUMBER: ([0, 9.0], [-0.1, 9.1, math.nan, math.inf, False, "1", 10**400]),
    Kind.TEXT: (["", "a-z"], ["ä", "a\n", "x" * 10, 1]),
    Kind.LINE: (["", "Gerät 1"], ["a\n", "\x1b", "\ud800", "x" * 10, 1]),
    Kind.PEM: (["\n"], [1]),
    Kind.FLAG: ([True], [1, "true"]),
    Kind.TABLE: ([{}], [[]]),
    Kind.TABLES: ([[], [{}]], [{}, [1]]),
    Kind.WHOLES: ([[], [1, 9]], [1, [True], [1.0], [10], [1] * 17]),
    Kind.NUMBERS: ([[], [1, 8.5]], [1.0, [math.nan], [10], ["1"]]),
    Kind.TEXTS: ([["a", "b"]], ["a", [1], ["ä"], ["a\n"]]),
    Kind.SCALAR: ([1, 8.5, "B", "x" * 80], [True, math.nan, 10, "", "\n", "x" * 81, []]),
}


def section(text: str, **keys: Key) -> Section:
    file = TomlText(text, where="f.toml", form=FORM)
    return Section(file, (), file.content, keys)


def refused(text: str, **keys: Key) -> InputError:
    with pytest.raises(InputError) as caught:
        section(text, **keys)
    assert caught.value.code is FORM.code
    return caught.value


@pytest.mark.parametrize("kind", list(Kind))
def test_a_kind_admits_its_values_and_no_others(kind: Kind) -> None:
    key = Key(kind=kind, least=0, most=9)
    good, bad = KINDS[kind]
    assert [value for value in good if not key.admits(value)] == []
    assert [value for value in bad if key.admits(value)] == []
    assert key.allowed


def test_what_is_allowed_is_said_in_words() -> None:
    assert Key(kind=Kind.WHOLE, most=9).allowed == "a whole number from 0 to 9"
    assert Key(kind=Kind.TEXT, choices=("a", "b")).allowed == "one of a, b"
    texts = Key(kind=Kind.TEXTS, choices=("a", "b"), items=2)
    assert (texts.admits(["a", "b"]), texts.admits(["c"])) == (True, False)
    assert texts.allowed == "a list of at most 2, each one of a, b"
    listed = Key(kind=Kind.WHOLES, most=9, items=2).allowed
    assert listed == "a list of at most 2, each a whole number from 0 to 9"


def test_a_key_that_is_unknown_or_missing_is_told() -> None:
    count = Key(kind=Kind.WHOLE, most=9, required=True)
    error = refused("\ncuont = 1", count=count)
    assert error.message == "f.toml, line 2: there is no key 'cuont'; did you mean 'count'?"
    assert error.hint == "The keys here are: count."
    missing = refused("", count=count).message
    assert missing == "f.toml, line 1: count is missing; it has to be a whole number from 0 to 9."


def test_a_wrong_value_is_shown_beside_what_is_allowed() -> None:
    key = Key(kind=Kind.TEXT, choices=("inspect", "update"))
    error = refused("kind = 'updaet'", kind=key)
    assert error.message == (
        "f.toml, line 1: kind is 'updaet', and has to be one of inspect, update."
    )
    assert error.hint == "Did you mean update?"
    entry = refused("rows = [1]", rows=Key(kind=Kind.TABLES))
    assert "its entry 1 is 1." in entry.message


def test_tables_are_sections_of_their_own() -> None:
    whole = section("[[rows]]\na = 1\n[[rows]]\na = 20", rows=Key(kind=Kind.TABLES))
    (first, one), (second, two) = whole.items("rows")
    assert whole.item(first, one, {"a": Key(kind=Kind.WHOLE)}).get("a", 0) == 1
    with pytest.raises(InputError, match=r"line 4: rows\.a is 20, and has to be"):
        whole.item(second, two, {"a": Key(kind=Kind.WHOLE, most=9)})
    assert whole.section("other", {}) is None
    error = whole.error("rows", "too many.", code=Code.REPORT_MALFORMED)
    assert error.code is Code.REPORT_MALFORMED


def test_the_name_that_was_meant() -> None:
    assert nearest("UPDAET", ("update", "inspect")) == "update"
    assert nearest("zzz", ("update", "inspect")) == ""


def test_values_are_shown_short() -> None:
    values: tuple[object, ...] = (True, {}, [], 1.5)
    assert [shown(value) for value in values] == ["true", "a table", "a list", "1.5"]
    assert shown("x" * 99) == "'" + "x" * 39 + "..."
    assert shown(object()) == "a date or a time"
