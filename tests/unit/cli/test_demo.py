"""The demo's parts: its units, what it prints of them, and that its commands have to work."""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from firmline.cli import main
from firmline.cli.demo import command
from firmline.cli.demo.gallery import COUNT, ODD, ORIGIN, serial_number, unit_files
from firmline.cli.demo.making import RECIPE, application_hex, write_units
from firmline.cli.demo.shift import PASSED_A_LINE, Telling
from firmline.device.unit_file import read_unit
from firmline.device.unit_file_keys import UNIT_FILE
from firmline.errors import Code, ExitCode
from firmline.formats.toml_text import decode_toml
from firmline.line.outcomes import StepOutcome
from firmline.line.recipe.keys import RECIPE_FILE
from firmline.line.recipe.reading import read_recipe
from firmline.line.station.slots import SlotState, SlotView
from unit.cli.makers import KEY
from unit.cli.program import Program


def test_every_unit_is_one_that_can_be_read() -> None:
    files = unit_files(KEY.public_key)
    for serial, text in files.items():
        read_unit(decode_toml(text.encode(), where=serial, form=UNIT_FILE), name=serial, where="")
    missing = {serial_number(number) for number in range(1, COUNT + 1)} - set(files)
    assert missing == {each.serial for each in ODD if not each.kind}


def test_all_trust_the_makers_key_but_the_one_that_is_odd_by_that() -> None:
    trusts = {
        serial: read_unit(
            decode_toml(text.encode(), where=serial, form=UNIT_FILE), name=serial, where=""
        ).public_key
        == KEY.public_key
        for serial, text in unit_files(KEY.public_key).items()
    }
    assert [serial for serial, is_ours in trusts.items() if not is_ours] == [
        each.serial for each in ODD if each.keeps_key
    ]


def test_the_origin_case_is_among_them_and_no_number_is_there_twice() -> None:
    assert ORIGIN in ODD
    assert len({each.number for each in ODD}) == len(ODD)
    assert all(1 <= each.number <= COUNT for each in ODD)


def test_the_recipe_takes_the_serial_numbers() -> None:
    text = decode_toml(RECIPE.encode(), where="r.toml", form=RECIPE_FILE)
    recipe = read_recipe(text, where="r.toml").recipe
    assert all(recipe.product.serial_pattern.matches(serial_number(n)) for n in (1, COUNT))


def test_the_units_are_written_under_their_numbers(folder: Path) -> None:
    (folder / "demo.key").write_bytes(KEY.format_pem())
    there = write_units(folder / "units", folder / "demo.key")
    assert there == len(list((folder / "units").glob("SN-*.toml"))) == COUNT - 1


def test_of_the_demos_application_nothing_is_to_be_said(firmline: Program, folder: Path) -> None:
    (folder / "app.hex").write_text(application_hex(), "ascii")
    (folder / "demo.key").write_bytes(KEY.format_pem())
    ran = firmline(
        *("pkg", "generate", "--hw-version", "52", "--sd-req", "0x103", "--key-file", "demo.key"),
        *("--application", "app.hex", "--application-version", "5", "dfu.zip"),
    )
    assert (ran.code, ran.err) == (0, "")


# What is printed of the shift.


def view(number: int, outcome: StepOutcome, **more: Any) -> SlotView:
    state = SlotState.PASS if outcome is StepOutcome.PASS else SlotState.FAIL
    return SlotView(
        number=1, state=state, serial=serial_number(number), outcome=outcome, seconds=14, **more
    )


def test_passed_units_share_a_line_and_none_is_forgotten(
    capsys: pytest.CaptureFixture[str],
) -> None:
    telling = Telling()
    for number in range(1, PASSED_A_LINE + 2):
        telling.slot(SlotView(number=1, state=SlotState.RUNNING, serial=serial_number(number)))
        telling.slot(view(number, StepOutcome.PASS))
    first, *more = capsys.readouterr().out.splitlines()
    assert (first.split()[0], len(first.split()) - 1, more) == ("PASS", PASSED_A_LINE, [])
    telling.total(Counter({StepOutcome.PASS: PASSED_A_LINE + 1}))
    last, total = capsys.readouterr().out.splitlines()
    assert last.split() == ["PASS", serial_number(PASSED_A_LINE + 1)]
    assert total == "7 runs: 7 pass."


def test_a_unit_that_failed_is_told_with_cause_and_test(capsys: pytest.CaptureFixture[str]) -> None:
    telling = Telling()
    telling.slot(view(1, StepOutcome.PASS))
    failed = view(
        2,
        StepOutcome.FAIL,
        code=str(Code.LINK_LOST),
        sentence="It was lost.",
        cause="The supply sags (70%)",
        next_test="good-unit",
    )
    telling.slot(failed)
    assert capsys.readouterr().out.splitlines() == [
        "   PASS  SN-0001",
        "   FAIL  SN-0002 in slot 1: It was lost.",
        "         cause: The supply sags (70%)",
        "         test:  good-unit, before its power is touched",
    ]


# The frame.


@pytest.mark.parametrize("code", [ExitCode.INPUT, ExitCode.DEFECT, ExitCode.INTERRUPTED])
@pytest.mark.parametrize("name", ["keys", "pkg", "line"])
def test_a_part_that_fails_ends_the_demo_with_its_own_code(
    name: str,
    code: ExitCode,
    firmline: Program,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    real = main.run

    def run(arguments: list[str]) -> int:
        return code if arguments[0] == name else real(arguments)

    monkeypatch.setattr(main, "run", run)
    monkeypatch.setattr(command, "_work", lambda _speed, _listen: None)
    ran = firmline("demo")
    assert (ran.code, ran.err) == (code, "")
    assert "That was a shift" not in ran.out


def test_what_is_not_shown_begins_where_it_is_said(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(_arguments: list[str]) -> int:
        print("first\nsecond\nthird")  # noqa: T201 - as a command does
        return 0

    monkeypatch.setattr(main, "run", run)
    command._run("report", until="second")
    assert capsys.readouterr().out.splitlines()[1:] == ["first"]
