"""The mark of a test that shows what a fault does; the table test counts them."""

from __future__ import annotations

import pytest


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "fault(name): shows the symptom of this fault")
