"""The stores that the suite of the audit trail runs on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from firmline.line.audit.base import AuditTrail
from firmline.line.audit.memory import MemoryAudit
from firmline.line.audit.sql import SqlAudit
from firmline.line.records.address import parse_address
from firmline.line.records.database import Database

DATABASES = ["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)]


def address_of(request: pytest.FixtureRequest, folder: Path) -> str:
    if request.param == "postgresql":
        return str(request.getfixturevalue("postgresql_url"))
    return str(folder / "shift.db")


@pytest.fixture(params=DATABASES)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An empty database of each kind."""
    address = parse_address(address_of(request, tmp_path))
    with closing(Database.open(address, create=True)) as opened:
        yield opened


@pytest.fixture(params=["memory", *DATABASES])
def trail(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[AuditTrail]:
    """An empty trail of each kind."""
    if request.param == "memory":
        yield MemoryAudit()
        return
    address = parse_address(address_of(request, tmp_path))
    with closing(Database.open(address, create=True)) as opened:
        yield SqlAudit(opened)
