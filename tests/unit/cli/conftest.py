"""The program in this process, in an empty folder, with nobody to ask."""

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
