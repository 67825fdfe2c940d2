"""The options about patience and power cuts."""

from __future__ import annotations

from pathlib import Path

import pytest

from firmline.cli.recovery_options import read_spacing, read_timeouts
from firmline.errors import Code, ExitCode, InputError
from firmline.updater.checkpointing import Spacing
from firmline.updater.timeouts import Timeouts, timeout_names, with_timeout
from house_tree import ROOT
from unit.cli.makers import package
from unit.cli.program import Program, assert_failed


@pytest.mark.parametrize(
    ("text", "spacing_s"),
    [("off", None), ("auto", "auto"), ("10", 10.0), ("1", 1.0), ("2.5", 2.5), ("3600", 3600)],
)
def test_a_spacing_is_seconds_auto_or_off(text: str, spacing_s: Spacing) -> None:
    assert read_spacing(text) == spacing_s


@pytest.mark.parametrize("text", ["", "0", "-1", "nan", "inf", "3601", "1e9", "ten", "OFF", "10s"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(InputError) as caught:
        read_spacing(text)
    assert caught.value.code is Code.USAGE


def test_it_is_refused_before_anything_is_read(firmline: Program) -> None:
    ran = firmline("update", "none.zip", "--to", "sim:ble-reference", "--checkpoints", "0")
    assert_failed(ran, Code.USAGE)
    assert "is not auto, off or a number of seconds" in ran.err


# Timeouts.


def test_who_cuts_one_short_is_told_that_it_may_be_why_it_failed(
    firmline: Program, folder: Path
) -> None:
    (folder / "a.zip").write_bytes(package())
    words = ("update", "a.zip", "--to", "sim:ble-reference", "--timeout", "search=0.1", "--json")
    ran = firmline(*words)
    assert_failed(ran, Code.UNIT_NOT_FOUND, ExitCode.LINK)
    told = "Try again with more time: search was given 0.1 s, where 15 s are usual."
    assert f"next: {told}" in ran.err
    assert ran.result["next"].startswith(told)


def test_without_any_the_timeouts_are_the_usual_ones() -> None:
    assert read_timeouts(()) == Timeouts()


def test_a_name_that_both_kinds_of_roads_have_means_both() -> None:
    timeouts = read_timeouts(("execute=40", "return=120", "ping=0.5"))
    assert (timeouts.execute_s, timeouts.serial.execute_s) == (40, 40)
    assert (timeouts.return_s, timeouts.serial.ping_s) == (120, 0.5)
    assert timeouts.search_s == Timeouts().search_s


@pytest.mark.parametrize("name", timeout_names())
def test_every_name_changes_something_and_nothing_of_another_name(name: str) -> None:
    changed = with_timeout(Timeouts(), name, 77.0)
    assert changed != Timeouts()
    for other in timeout_names():
        same = with_timeout(changed, other, 77.0) == changed
        assert same == (other == name)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("40", "is not NAME=SECONDS"),
        ("", "is not NAME=SECONDS"),
        ("=40", "is not NAME=SECONDS"),
        ("serial=40", "is not NAME=SECONDS"),
        ("Execute=40", "is not NAME=SECONDS"),
        ("execute", "is not NAME=SECONDS"),
        ("execute=", "a number of seconds from 0.1 to 3600"),
        ("execute=0", "a number of seconds"),
        ("execute=-1", "a number of seconds"),
        ("execute=nan", "a number of seconds"),
        ("execute=inf", "a number of seconds"),
        ("execute=1=2", "a number of seconds"),
        ("execute=40s", "a number of seconds"),
    ],
)
def test_what_is_no_timeout_is_refused_with_the_names(text: str, words: str) -> None:
    with pytest.raises(InputError) as caught:
        read_timeouts((text,))
    assert caught.value.code is Code.USAGE
    assert words in caught.value.message
    assert "names" in caught.value.hint or "seconds" in caught.value.message


def test_the_same_twice_is_refused(firmline: Program) -> None:
    ran = firmline(
        *("update", "none.zip", "--to", "sim:ble-reference"),
        *("--timeout", "execute=3", "--timeout", "execute=4"),
    )
    assert_failed(ran, Code.USAGE)
    assert "given twice" in ran.err


def test_a_name_there_is_not_has_no_timeout() -> None:
    with pytest.raises(KeyError):
        with_timeout(Timeouts(), "serial", 1.0)


def test_the_reference_names_every_timeout_and_what_is_usual() -> None:
    page = (ROOT / "docs" / "reference" / "commands.md").read_text(encoding="utf-8")
    section = page.split("### Timeouts")[1].split("###")[0]
    rows = [line.split("|")[1:3] for line in section.splitlines() if line.startswith("| `")]
    told = {name.strip(" `"): usual.strip() for name, usual in rows}
    assert list(told) == timeout_names()
    usual = Timeouts()
    for name, text in told.items():
        field = name.replace("-", "_") + "_s"
        values = [getattr(usual, field, None), getattr(usual.serial, field, None)]
        assert text == ", ".join(f"{value:g}" for value in values if value is not None)
