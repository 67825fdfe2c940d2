"""The stores that the suite of records runs on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from firmline.line.records.address import parse_address
from firmline.line.records.base import Records
from firmline.line.records.memory import MemoryRecords
from firmline.line.records.open import open_records


@pytest.fixture(
    params=["memory", "sqlite", pytest.param("postgresql", marks=pytest.mark.slow)],
)
def records(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Records]:
    """An empty store of records of each kind."""
    address = str(tmp_path / "shift.db")
    if request.param == "postgresql":
        address = request.getfixturevalue("postgresql_url")
    opened: Records = (
        MemoryRecords()
        if request.param == "memory"
        else open_records(parse_address(address), create=True)
    )
    yield opened
    opened.close()
