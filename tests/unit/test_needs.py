"""A test that lacks something is skipped, and fails where everything has to be there."""

from __future__ import annotations

import pytest

from needs import missing


def test_what_is_missing_skips_with_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FIRMLINE_REQUIRE_ALL", raising=False)
    with pytest.raises(pytest.skip.Exception, match="no server here"):
        missing("no server here")


def test_where_everything_is_required_it_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIRMLINE_REQUIRE_ALL", "1")
    with pytest.raises(pytest.fail.Exception, match="no server here"):
        missing("no server here")
