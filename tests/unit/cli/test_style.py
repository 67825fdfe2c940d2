"""Text for terminals."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmline.cli.style import paint, printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("schlüssel 鍵", "schlüssel 鍵"),
        ("a\x1b[31mb", r"a\x1b[31mb"),
        ("two\nlines\r\tand\x07", r"two\nlines\r\tand\x07"),
        ("\udcff", r"\udcff"),
        ("\u202egnp.exe", r"\u202egnp.exe"),
        ("\x9b2J", r"\x9b2J"),
        ("\u2028", r"\u2028"),
        ("", ""),
    ],
)
def test_what_a_terminal_would_obey_is_written_as_an_escape(text: str, shown: str) -> None:
    assert printable(text) == shown


@given(st.text(st.characters()))
def test_any_text_becomes_one_line_that_can_be_encoded(text: str) -> None:
    shown = printable(text)
    assert shown.isprintable()
    assert shown.encode().decode() == shown


def test_a_path_is_shown_as_its_text() -> None:
    assert printable(Path("build") / "dfu.zip") == str(Path("build/dfu.zip"))


def test_paint_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert paint("x", fg="red", bold=True) == "\x1b[31m\x1b[1mx\x1b[0m"


def test_paint_keeps_to_no_color_unless_it_is_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert paint("x", fg="red", bold=True) == "x"
    monkeypatch.setenv("NO_COLOR", "")
    assert "\x1b" in paint("x", fg="red")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("pkcs11:token=T?pin-value=1234", "pkcs11:token=T?pin-value=..."),
        (
            "'pkcs11:?pin-value=12%2034&module-path=/m.so'",
            "'pkcs11:?pin-value=...&module-path=/m.so'",
        ),
        ("PKCS11:?PIN-VALUE=1234", "PKCS11:?PIN-VALUE=..."),
        ("no file pkcs11:?pin-value=1234 (here).", "no file pkcs11:?pin-value=... (here)."),
    ],
)
def test_a_pin_in_a_uri_is_left_out(text: str, shown: str) -> None:
    assert printable(text) == shown
