"""TOML files of people: the line of every key, and what a text is told that is no TOML."""

from __future__ import annotations

import pytest

from firmline.errors import Code, InputError
from firmline.formats.toml_text import (
    MAX_LINE,
    MAX_SIZE,
    KeyPath,
    TomlForm,
    TomlText,
    decode_toml,
)

FORM = TomlForm(code=Code.TABLE_MALFORMED, noun="a list", start="firmline lists prints one")
TEXT = """\ufefftitle = "say # [x] \\" = "
lines = '''
[supply]
seed = 1
'''
[timing] # [application]
"boot s".'a.b' = 1
[[faults]]
name = "x"
list = [
  1,
]
[[faults]]
name = "y"
"""


def toml(text: str) -> TomlText:
    return TomlText(text, where="my/list.toml", form=FORM)


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("title",), 1),
        (("lines",), 2),
        (("timing",), 6),
        (("timing", "boot s", "a.b"), 7),
        (("faults", 0), 8),
        (("faults", 0, "name"), 9),
        (("faults", 0, "list", 1), 10),
        (("faults", 1), 13),
        (("faults", 1, "name"), 14),
        (("faults", 2), 8),
        (("nowhere",), 1),
        ((), 1),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_every_key_has_its_line(path: KeyPath, line: int, end: str) -> None:
    assert toml(TEXT.replace("\n", end)).line_of(path) == line


def test_an_error_names_file_and_line_and_has_the_code_of_the_form_or_another() -> None:
    text = toml(TEXT)
    error = text.error(("timing",), "it is wrong.", hint="Mend it.")
    assert (error.code, error.message) == (FORM.code, "my/list.toml, line 6: it is wrong.")
    assert (error.hint, error.context) == ("Mend it.", {"line": 6})
    assert text.error((), "it is.", code=Code.REPORT_MALFORMED).code is Code.REPORT_MALFORMED


NESTED = """[[steps]]
[[steps.limits]]
a = 1
[[steps.limits]]
a = 2
[[steps]]
[steps.arguments]
a = 3
[[steps.limits]]
a = 4
"""


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("steps", 0, "limits", 0, "a"), 3),
        (("steps", 0, "limits", 1), 4),
        (("steps", 0, "limits", 1, "a"), 5),
        (("steps", 1), 6),
        (("steps", 1, "arguments", "a"), 8),
        (("steps", 1, "limits", 0, "a"), 10),
        (("steps", 1, "limits", 1, "a"), 9),
    ],
)
def test_tables_in_lists_in_lists_have_their_lines(path: KeyPath, line: int) -> None:
    assert toml(NESTED).line_of(path) == line


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("x", 1, "this is not TOML: expected '='"),
        ("a = 1\nb = 'x", 2, "this is not TOML"),
        ("a = 1\n\na = 2", 3, "cannot overwrite a value"),
        ("[a.b]\n[a.b]", 2, "the table 'a.b' is declared twice"),
        ("a = " + "[" * 500, 1, "brackets stand too deep inside one another"),
        ("\n" + "x" * (MAX_LINE + 1), 2, "the line has 1001 characters, and 1000 are allowed"),
        ("# x\n" * (MAX_SIZE // 4 + 1), MAX_SIZE // 4 + 1, "a list has at most 64 kB"),
    ],
)
def test_a_text_that_is_none_is_told_with_its_line(text: str, line: int, words: str) -> None:
    with pytest.raises(InputError) as caught:
        toml(text)
    assert caught.value.code is FORM.code
    assert caught.value.message.startswith(f"my/list.toml, line {line}: ")
    assert words in caught.value.message


def test_what_to_start_from_is_told_where_it_is_no_toml() -> None:
    with pytest.raises(InputError) as caught:
        toml("x")
    assert caught.value.hint == "Write key = value, one a line; firmline lists prints one."


def test_bytes_that_are_no_text_are_named_with_their_line() -> None:
    assert decode_toml(b"# \xc3\xa4", where="f", form=FORM) == "# ä"
    with pytest.raises(InputError) as caught:
        decode_toml(b"\n\n# \xe4\n", where="f.toml", form=FORM)
    assert caught.value.code is FORM.code
    assert caught.value.message == "f.toml, line 3: the byte 0xE4 is not UTF-8 text."
