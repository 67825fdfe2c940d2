"""Every fault has a name, a meaning of one line, a page, and a test that shows its symptom."""

from __future__ import annotations

import ast
import re
from collections import Counter
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

import pytest

import faults_page
from firmline.device.faults import plan as plan_module
from firmline.device.faults.plan import FAULTS, NO_FAULTS, Fault, FaultPlan, LostPackets, PowerCutAt

EACH = pytest.mark.parametrize("kind", FAULTS.values(), ids=lambda kind: kind.name)
LINE = 100


def marked() -> Counter[str]:
    """How many tests in this folder are marked as showing each fault."""
    names: Counter[str] = Counter()
    for path in Path(__file__).parent.glob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(
                    func=ast.Attribute(attr="fault", value=ast.Attribute(attr="mark")),
                    args=[ast.Constant(value=str(name))],
                ):
                    names[name] += 1
                case _:
                    pass
    return names


def test_names_are_unique_and_every_fault_is_in_the_table() -> None:
    classes = [
        kind
        for kind in vars(plan_module).values()
        if isinstance(kind, type) and issubclass(kind, Fault) and kind.name
    ]
    assert len({kind.name for kind in classes}) == len(classes) == len(FAULTS) == 21
    assert set(FAULTS.values()) == set(classes)


@EACH
def test_a_name_is_of_small_letters_and_hyphens(kind: type[Fault]) -> None:
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", kind.name)


@EACH
def test_meaning_and_symptom_are_one_line_each(kind: type[Fault]) -> None:
    assert 10 < len(kind.meaning) < LINE
    assert 10 < len(kind.symptom) < 1.4 * LINE
    for text in (kind.meaning, kind.symptom):
        assert text == text.strip().rstrip(".")
        assert "\n" not in text


@EACH
def test_every_field_says_what_it_is_for_and_what_it_takes(kind: type[Fault]) -> None:
    for field in fields(kind):
        about = field.metadata
        assert about["says"]
        default: Any = field.default
        if "choices" in about:
            assert default in about["choices"]
            continue
        assert about["least"] < about["most"]
        if default is not MISSING:
            assert about["least"] <= default <= about["most"]


def test_every_fault_has_a_test_that_shows_its_symptom() -> None:
    assert set(marked()) == set(FAULTS)


def test_the_page_is_as_the_faults_say() -> None:
    """Run ``python tools/faults_page.py`` if it is not."""
    text = faults_page.PAGE.read_text(encoding="utf-8")
    assert text == faults_page.page()
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == list(FAULTS)


def test_the_page_can_be_written_and_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(faults_page, "PAGE", tmp_path / "faults.md")
    assert faults_page.main(["--check"]) == 1
    assert faults_page.main([]) == 0
    assert faults_page.main(["--check"]) == 0
    assert "as the faults say" in capsys.readouterr().out


def test_a_plan_finds_its_faults_by_kind() -> None:
    cuts = (PowerCutAt(operation=1), PowerCutAt(operation=2))
    some = FaultPlan(faults=(cuts[0], LostPackets(), cuts[1]))
    assert tuple(some.of(PowerCutAt)) == cuts
    assert some.one(PowerCutAt) == cuts[0]
    assert NO_FAULTS.one(PowerCutAt) is None
