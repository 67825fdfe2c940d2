"""The reference of recipes is what the reader's tables say."""

from __future__ import annotations

import recipe_page


def test_the_page_is_as_the_tables_say() -> None:
    assert recipe_page.PAGE.read_text(encoding="utf-8") == recipe_page.page(), "run make docs"
