"""The page about traces is made of the events, and names every one of them."""

from __future__ import annotations

from pathlib import Path

import pytest

import traces_page
from firmline import events
from firmline.formats.event_json import event_types


def test_the_page_is_as_the_events_say() -> None:
    text = traces_page.PAGE.read_text(encoding="utf-8")
    assert text == traces_page.page(), "run python tools/traces_page.py"


@pytest.mark.parametrize("name", sorted(event_types()))
def test_every_event_says_what_it_is(name: str) -> None:
    summary, fields = traces_page.described(event_types()[name])
    assert summary.endswith(".")
    assert fields.keys() <= {*event_types()[name].__dataclass_fields__}


def test_a_field_is_described_over_several_lines() -> None:
    _, fields = traces_page.described(events.LinkDeclared)
    assert fields["capabilities"] == "By name (LinkCapabilities, SerialCapabilities)."


def test_a_stale_page_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traces_page, "PAGE", tmp_path / "traces.md")
    assert traces_page.main(["--check"]) == 1
    assert traces_page.main([]) == 0
    assert traces_page.main(["--check"]) == 0
