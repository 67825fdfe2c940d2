"""No advice behind a failure destroys what the diagnosis would look at.

It stands one line above the diagnosis, so whoever reads it does it first: what takes the power
away, or resets the unit, is told behind the diagnosis, and a supply is fed in parallel.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from firmline.data import load_table
from house_tree import SOURCE

CARELESS = re.compile(
    r"fresh (?:cell|supply|battery)"
    r"|new (?:cell|battery)"
    r"|on a bench supply"
    r"|chang\w+ \w+ (?:cell|battery)"
    r"|(?:[Tt]ake|[Rr]emove)s? (?:\S+ ){0,3}(?:power|cell|battery|supply)\b"
    r"|power.cycle"
    r"|[Uu]nplug it"
    r"|\b[Rr]eset (?:it|the unit|this one)\b(?! into| with its (?:DFU )?button)",
)
"""What destroys evidence."""
CAREFUL = re.compile(
    r"firmline diagnose|with(?:out taking| its supply in place)|before you\b|do not remove"
)
"""What is done before that, or how nothing is lost."""
OF_OTHERS = frozenset({"DFU-LINK-008", "DFU-ENTER-001"})
"""They speak of a unit that has not failed: it stands in the way of the one that is updated."""


def is_careless(advice: str) -> bool:
    """Whether it says to destroy something before, or without, saying what comes first."""
    found = CARELESS.search(advice)
    careful = CAREFUL.search(advice)
    return found is not None and (careful is None or careful.start() > found.end() + 40)


def texts(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Every text of a module that is no docstring, with what is filled in left out."""
    docstrings = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            parts = [each.value for each in node.values if isinstance(each, ast.Constant)]
            yield node.lineno, "".join(map(str, parts))
        elif isinstance(node, ast.Constant) and id(node) not in docstrings:
            yield node.lineno, str(node.value)


@pytest.mark.parametrize("code", sorted(set(load_table("errors")) - OF_OTHERS))
def test_the_next_thing_of_no_code_destroys_evidence(code: str) -> None:
    assert not is_careless(load_table("errors")[code]["do"])


def test_no_hint_of_an_update_destroys_evidence() -> None:
    careless = [
        f"{path.relative_to(SOURCE)}:{line}: {text}"
        for path in sorted((SOURCE / "updater").rglob("*.py"))
        if "bench" not in path.parts
        for line, text in texts(ast.parse(path.read_text(encoding="utf-8")))
        if is_careless(text)
    ]
    assert careless == []


@pytest.mark.parametrize(
    "advice",
    [
        "Try again with a fresh supply.",
        "Remove the unit's power for a moment, and run the update again.",
        "Try it with a fresh cell or on a bench supply.",
        "If it stays silent, reset it.",
        "Unplug it and try again.",
    ],
)
def test_careless_advice_is_found(advice: str) -> None:
    assert is_careless(advice)
