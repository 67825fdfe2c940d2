"""The clock of the fakes goes on with their steps, not with ours: nobody rests."""

from __future__ import annotations

import pytest

from firmline.updater.radio import recovery


@pytest.fixture(autouse=True)
def no_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recovery, "REST_S", 0.0)
