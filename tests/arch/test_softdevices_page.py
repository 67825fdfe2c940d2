"""The page of the SoftDevices says what the table says."""

from __future__ import annotations

import softdevices_page


def test_the_page_is_as_the_data_say() -> None:
    assert softdevices_page.PAGE.read_text(encoding="utf-8") == softdevices_page.page(), (
        "run make docs"
    )


def test_the_page_shows_what_is_indirect_as_such() -> None:
    (row,) = (line for line in softdevices_page.page().splitlines() if "`0x0123`" in line)
    assert "(`0x27000`)" in row
