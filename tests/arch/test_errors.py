"""Error codes: the enumeration, the data, the page and their use name the same set."""

from __future__ import annotations

import ast
import re
import tomllib
from collections import Counter

import pytest

import errors_page
from firmline.errors import Code, ExitCode
from house_tree import modules

ERRORS = tomllib.loads(errors_page.DATA.read_text(encoding="utf-8"))
PAGE = errors_page.PAGE.read_text(encoding="utf-8")


def test_the_data_explain_every_code_and_no_other() -> None:
    assert set(ERRORS) == {str(code) for code in Code}


def test_the_data_keep_the_order_of_the_codes() -> None:
    assert list(ERRORS) == [str(code) for code in Code if str(code) in ERRORS]


def test_the_page_has_a_heading_for_every_code() -> None:
    headings = re.findall(r"^### (\S+)$", PAGE, re.MULTILINE)
    assert Counter(headings) == Counter(str(code) for code in Code)


def test_the_page_is_as_the_data_say() -> None:
    assert errors_page.page(ERRORS) == PAGE, "run make docs"


def test_the_page_gives_exit_codes_that_exist() -> None:
    exits = {exit_code for _, exit_code in errors_page.GROUPS.values()}
    assert exits <= {int(code) for code in ExitCode}


@pytest.mark.parametrize("code", sorted(Code))
def test_a_code_has_the_form_that_tools_may_rely_on(code: Code) -> None:
    assert re.fullmatch(r"DFU-[A-Z]{2,5}-[0-9]{3}", code)
    assert errors_page.group_of(code) in errors_page.GROUPS


@pytest.mark.parametrize("code", sorted(ERRORS))
def test_an_entry_says_what_it_means_and_what_to_do(code: str) -> None:
    entry = ERRORS[code]
    assert set(entry) == {"title", "meaning", "do"}
    assert 5 <= len(entry["title"]) <= 60
    assert not entry["title"].endswith(".")
    assert 1 <= len(re.findall(r"[.](?: |$)", entry["meaning"])) <= 3
    assert entry["meaning"].endswith(".")
    assert re.fullmatch(r"[A-Z][^\n]*[.]", entry["do"])
    assert not re.search(r"[.] [A-Z]", entry["do"]), "one sentence"


def test_every_code_is_used() -> None:
    used = {
        node.attr
        for module in modules()
        if module.room != "errors"
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Attribute) and ast.unparse(node.value).split(".")[-1] == "Code"
    }
    # LocalProtocolError gives every defect its code, in errors.py itself.
    unused = {code.name for code in Code} - used - {"DEFECT"}
    assert sorted(unused) == [], "a code that nobody raises is a promise that nobody keeps"


@pytest.mark.parametrize("code", ["USAGE", "TARGET_MALFORMED"])
def test_a_word_that_does_not_fit_is_answered_with_one_that_does(code: str) -> None:
    """The general advice for these codes is no more than to look it up."""
    calls = [
        (module.path.name, node)
        for module in modules()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call)
        and node.args
        and isinstance(node.func, ast.Name)
        and node.func.id == "InputError"
        and ast.unparse(node.args[0]) == f"Code.{code}"
    ]
    assert len(calls) > 5
    silent = [
        f"{name}:{call.lineno}"
        for name, call in calls
        if "hint" not in {keyword.arg for keyword in call.keywords}
    ]
    assert silent == []
