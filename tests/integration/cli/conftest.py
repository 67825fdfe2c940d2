"""As for the unit tests of the command line, with the evidence of the issue in reach."""

from __future__ import annotations

from pathlib import Path

import pytest

from unit.cli.program import Program, alone_in, program_in_process


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return alone_in(tmp_path, monkeypatch)


@pytest.fixture
def firmline(capsys: pytest.CaptureFixture[str]) -> Program:
    return program_in_process(capsys)


@pytest.fixture
def peer(shared: Path) -> Path:
    """Files that nrfutil 6.1.7 made, and those it made them of."""
    return shared / "data" / "nrfutil"
