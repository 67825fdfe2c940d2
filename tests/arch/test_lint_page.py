"""Findings: every slug is used in the source, and the page says what the data say."""

from __future__ import annotations

import ast

import lint_page
from firmline.formats.lint import Slug
from house_tree import modules


def test_the_page_is_as_the_data_say() -> None:
    assert lint_page.PAGE.read_text(encoding="utf-8") == lint_page.page(), "run make docs"


def test_every_slug_is_found_by_some_rule() -> None:
    used = {
        node.attr
        for module in modules()
        if module.name.startswith("formats/lint/")
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "Slug"
    }
    assert used == set(Slug.__members__)
