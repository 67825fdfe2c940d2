"""The examples of the page on the Python API, run as they stand there."""

from __future__ import annotations

import doctest

import pytest

from house_tree import ROOT

PAGE = ROOT / "docs" / "reference" / "python-api.md"


@pytest.mark.slow
def test_the_examples_do_what_the_page_shows() -> None:
    failed, tried = doctest.testfile(str(PAGE), module_relative=False, encoding="utf-8")
    assert tried > 30
    assert failed == 0
