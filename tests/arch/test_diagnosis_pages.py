"""The pages of the diagnosis are what its tables say."""

from __future__ import annotations

from pathlib import Path

import pytest

import diagnosis_pages


@pytest.mark.parametrize("path", diagnosis_pages.pages(), ids=lambda path: path.name)
def test_the_page_is_as_the_tables_say(path: Path) -> None:
    text = diagnosis_pages.pages()[path].rstrip() + "\n"
    assert path.read_text(encoding="utf-8") == text, "run make docs"
