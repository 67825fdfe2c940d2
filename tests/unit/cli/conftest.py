"""The program in this process, in an empty folder, with nobody to ask."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from unit.cli.program import Program, alone_in, program_in_process
from unit.cli.terminal import Terminal


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return alone_in(tmp_path, monkeypatch)


@pytest.fixture
def firmline(capsys: pytest.CaptureFixture[str]) -> Program:
    return program_in_process(capsys)


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    terminal = Terminal()
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "100")
    yield terminal
    terminal.close()
