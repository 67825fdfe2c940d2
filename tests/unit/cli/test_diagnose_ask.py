"""``firmline diagnose --ask``: questions on one stream, the diagnosis on the other."""

from __future__ import annotations

import json
from collections.abc import Callable
from io import BytesIO, TextIOWrapper
from pathlib import Path

import pytest

from unit.cli.program import Program

Asked = Callable[..., tuple[str, str]]


@pytest.fixture
def asked(firmline: Program, monkeypatch: pytest.MonkeyPatch) -> Asked:
    """Asks, with these answers; what is printed, and what is asked."""

    def ask(answers: str, *words: str) -> tuple[str, str]:
        monkeypatch.setattr("sys.stdin", TextIOWrapper(BytesIO(answers.encode())))
        told = firmline("diagnose", "--ask", *words)
        assert told.code == 0
        return told.out, told.err

    return ask


def test_a_person_is_asked_until_they_have_enough(asked: Asked) -> None:
    out, err = asked("init_execute\nq\n")
    assert "Which is the last step that was begun?" in err
    assert "now: " in err
    assert out.startswith("Causes")
    assert "pkg-" in out.splitlines()[1]


def test_answers_may_be_numbers_words_or_nothing(asked: Asked) -> None:
    out, err = asked("PHASE\n0\n99\n999999999999999\nscan\n\n?\nq\n", "--json")
    assert err.count("That is no answer to this") == 4
    evidence = json.loads(out)["evidence"]
    assert evidence == [
        {"field": "phase", "value": "scan", "seen": True, "origin": "person", "where": ""}
    ]


@pytest.mark.parametrize("answers", ["", "q\n", "stop\n"])
def test_who_says_nothing_gets_what_is_known_of_any_failure(asked: Asked, answers: str) -> None:
    out, _ = asked(answers)
    rows = out.splitlines()
    assert "Nothing of it is evidence" in rows[0]
    assert "unknown" in rows[rows.index("Causes") + 1]


def test_only_what_the_file_does_not_tell_is_asked(asked: Asked, tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_text('{"evidence": {"phase": "data_transfer"}}', encoding="utf-8")
    _, err = asked("q\n", str(path))
    assert "last step" not in err


@pytest.mark.parametrize(("words", "code"), [([], "DFU-ARG-001"), (["--ask", "-"], "DFU-ARG-006")])
def test_there_has_to_be_something_to_go_by(firmline: Program, words: list[str], code: str) -> None:
    told = firmline("diagnose", *words)
    assert told.code == 2
    assert code in told.err


@pytest.mark.slow
@pytest.mark.parametrize("answer", ["r0B", "0x0B", "0b", "0x0b", "11", "R0B"])
def test_a_code_is_understood_however_it_is_written(
    asked: Asked, tmp_path: Path, answer: str
) -> None:
    path = tmp_path / "report.json"
    seen = {"phase": "init_execute", "failure_kind": "error_code", "bootloader": "secure"}
    path.write_text(json.dumps({"evidence": seen}), encoding="utf-8")
    out, err = asked(f"{answer}\nq\n", str(path), "--json")
    assert "Which result does the unit answer?" in err
    told = {each["field"]: each["value"] for each in json.loads(out)["evidence"]}
    assert told["result_code"] == "r0B"
    assert "  r0B  " in err
    assert ("taken as r0B" in err) == (answer.lower() != "r0b")


def test_a_number_that_is_no_code_is_no_answer(asked: Asked, tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    seen = {"phase": "init_execute", "failure_kind": "error_code", "bootloader": "secure"}
    path.write_text(json.dumps({"evidence": seen}), encoding="utf-8")
    _, err = asked("99\n0x\nffff\nq\n", str(path))
    assert err.count("That is no answer to this") == 3
