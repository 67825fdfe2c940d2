"""Formats, protocol and device open nothing, read no clock and draw no random numbers.

import-linter refuses the modules that do such things; this test finds the calls that an import does
not show: built-ins, ``datetime.now`` and the functions of ``random``, whose class ``Random`` is
allowed because it is passed in.
"""

from __future__ import annotations

import ast

import pytest

from house_tree import modules

PURE_ROOMS = {
    *("diagnosis", "device", "errors", "events", "formats", "protocol", "values"),
}
PURE_PARTS = (
    *("line/accounts/roles.py", "line/accounts/throttle.py", "line/accounts/values.py"),
    *("line/audit/chain.py", "line/outcomes.py", "line/webhooks/signing.py"),
    *("line/campaigns/", "line/drawing/", "line/recipe/", "line/statistics/"),
    "links/connectivity/wire/",
)
"""Of rooms that are not pure as a whole."""
BUILT_INS = {"breakpoint", "eval", "exec", "input", "open", "print"}
CLOCKS = {"now", "today", "utcnow"}
CLOCK_OWNERS = {"date", "datetime"}
DRAWING = {"uuid1", "uuid4"}


def impurities(tree: ast.AST) -> list[str]:
    """What the code does that a pure room must not do, with line numbers."""
    found = []
    for node in ast.walk(tree):
        what = _of_import(node) or _of_attribute(node) or _of_call(node)
        if what:
            found.append(f"line {getattr(node, 'lineno', 0)}: {what}")
    return found


def _of_import(node: ast.AST) -> str:
    if isinstance(node, ast.ImportFrom) and node.module == "random":
        names = [alias.name for alias in node.names if alias.name != "Random"]
        return f"from random import {', '.join(names)}" if names else ""
    return ""


def _of_attribute(node: ast.AST) -> str:
    if not isinstance(node, ast.Attribute):
        return ""
    owner = ast.unparse(node.value)
    if owner == "random" and node.attr != "Random":
        return f"random.{node.attr}"
    if node.attr in CLOCKS and owner.split(".")[-1] in CLOCK_OWNERS:
        return f"{owner}.{node.attr}"
    return node.attr if node.attr in DRAWING else ""


def _of_call(node: ast.AST) -> str:
    if not isinstance(node, ast.Call):
        return ""
    name = ast.unparse(node.func)
    if name in BUILT_INS:
        return f"{name}()"
    unseeded = name in {"Random", "random.Random"} and not node.args and not node.keywords
    return "Random() without a seed" if unseeded else ""


@pytest.mark.parametrize(
    "code",
    [
        "open('x')",
        "print(1)",
        "import random\nrandom.random()",
        "from random import randint",
        "rng = random.Random()",
        "from datetime import datetime\ndatetime.now()",
        "import datetime\ndatetime.datetime.utcnow()",
        "import uuid\nuuid.uuid4()",
    ],
)
def test_an_impure_line_is_recognised(code: str) -> None:
    assert impurities(ast.parse(code))


@pytest.mark.parametrize(
    "code",
    [
        "import random\ndef f(rng: random.Random) -> float:\n    return rng.random()",
        "from random import Random",
        "rng = random.Random(7)",
        "from datetime import datetime\ndatetime(2024, 1, 1)",
        "zipfile.ZipFile(file).open('x')",
    ],
)
def test_a_pure_line_passes(code: str) -> None:
    assert impurities(ast.parse(code)) == []


def test_the_pure_rooms_are_pure() -> None:
    found = {
        module.name: impurities(module.tree)
        for module in modules()
        if module.room in PURE_ROOMS or module.name.startswith(PURE_PARTS)
    }
    assert len(found) > 5
    assert {name: what for name, what in found.items() if what} == {}
