"""The program as tests run it: inside this process, as a process of its own, or at a terminal."""

from __future__ import annotations

import io
import json
import os
import pty
import select
import socket
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from firmline.cli.main import run
from firmline.errors import Code, ExitCode

Program = Callable[..., "Ran"]
"""Runs one command line, given as words."""

SCRIPT = str(Path(sys.executable).parent / "firmline")
PATIENCE_S = 30
"""Until a process that hangs fails its test; no test waits for it."""
TAKE_TERMINAL = """
import fcntl, os, sys, termios
os.setsid()
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""
"""Makes the terminal at standard input the process's own, so that Ctrl-C there means it."""
NOBODY = 65534
VARIABLES = ("NO_COLOR", "FIRMLINE_LINK", "FIRMLINE_DEBUG", "FIRMLINE_KEY_PASSWORD", "COLUMNS")
"""Of the environment; what they are set to where the tests run is no part of a test."""


@contextmanager
def nobody_listens() -> Iterator[str]:
    """Host and port number of a socket that refuses connections, and that nobody else can take."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield "{}:{}".format(*held.getsockname())


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """How a command line ended, and what it printed."""

    code: int
    out: str
    err: str

    @property
    def json_lines(self) -> list[dict[str, Any]]:
        """Standard output, every line of which has to be a JSON object."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def result(self) -> dict[str, Any]:
        """The one result line, which has to come last."""
        *events, last = self.json_lines
        assert [line["type"] for line in events if line["type"] == "result"] == []
        assert last["type"] == "result"
        return last


def alone_in(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A current folder, nobody to ask, and an environment that changes nothing."""
    for variable in VARIABLES:
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    monkeypatch.chdir(folder)
    return folder


def program_in_process(capsys: pytest.CaptureFixture[str]) -> Program:
    """The program called as a function, which is far cheaper than a process."""

    def call(*words: str) -> Ran:
        capsys.readouterr()
        code = run(list(words))
        printed = capsys.readouterr()
        return Ran(code=code, out=printed.out, err=printed.err)

    return call


def environment(**variables: str) -> dict[str, str]:
    """This process's environment without what changes the program, and with ``variables``."""
    kept = {name: value for name, value in os.environ.items() if name not in VARIABLES}
    return {**kept, "TERM": "xterm-256color", **variables}


def run_process(
    *words: str | bytes,
    cwd: Path,
    env: Mapping[str, str] | None = None,
    stdout: int = subprocess.PIPE,
    script: Sequence[str] = (SCRIPT,),
    stdin: str | None = None,
    patience_s: float = PATIENCE_S,
) -> Ran:
    """The installed program in a process of its own, in pipes; nobody to ask but ``stdin``."""
    done = subprocess.run(
        [*script, *words],
        cwd=cwd,
        env=environment() if env is None else env,
        input=b"" if stdin is None else stdin.encode(),
        stdout=stdout,
        stderr=subprocess.PIPE,
        timeout=patience_s,
        check=False,
    )
    return Ran(
        code=done.returncode,
        out=(done.stdout or b"").decode(),
        err=done.stderr.decode(),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a terminal saw of a process."""

    code: int
    text: str
    restored: bool
    """Whether the terminal's modes are what they were before."""


def run_at_terminal(
    *words: str,
    cwd: Path,
    answers: Sequence[tuple[str, str]] = (),
    env: Mapping[str, str] | None = None,
) -> Seen:
    """The installed program at a terminal.

    Args:
        words: The command line.
        cwd: Where it runs.
        answers: What to wait for, and what to type then.
        env: Its environment.
    """
    ours, theirs = pty.openpty()
    try:
        before = termios.tcgetattr(theirs)
        with subprocess.Popen(
            [sys.executable, "-IS", "-c", TAKE_TERMINAL, SCRIPT, *words],
            cwd=cwd,
            env=environment() if env is None else env,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
        ) as process:
            text = _converse(process, ours, list(answers))
        restored = termios.tcgetattr(theirs) == before
    finally:
        os.close(ours)
        os.close(theirs)
    return Seen(code=process.returncode, text=text, restored=restored)


def _converse(
    process: subprocess.Popen[bytes], terminal: int, answers: list[tuple[str, str]]
) -> str:
    seen = b""
    answered = 0
    deadline_s = time.monotonic() + PATIENCE_S
    while True:
        gone = process.poll() is not None
        readable, _, _ = select.select([terminal], [], [], 0 if gone else 0.02)
        if readable:
            seen += os.read(terminal, 65536)
            if answers and answers[0][0].encode() in seen[answered:]:
                answered = len(seen)
                os.write(terminal, answers.pop(0)[1].encode())
        elif gone:
            assert answers == [], f"never asked: {answers}; seen: {seen!r}"
            return seen.decode()
        elif time.monotonic() > deadline_s:
            process.kill()
            pytest.fail(f"it hangs; seen: {seen!r}")


def assert_failed(ran: Ran, code: Code, exit_code: ExitCode = ExitCode.INPUT) -> None:
    """The command failed as every command must: one sentence, its code, the next thing to do."""
    assert f"[{code}]" in ran.err, ran.err
    assert ran.code == exit_code
    lines = ran.err.splitlines()
    assert len([line for line in lines if line.startswith("error: ")]) == 1, ran.err
    assert len([line for line in lines if line.startswith("  next: ")]) == 1, ran.err
    assert "Traceback" not in ran.err + ran.out
    assert "\x1b" not in ran.err + ran.out


def files_in(folder: Path) -> set[str]:
    """Everything below a folder, hidden files too."""
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


@contextmanager
def as_ordinary_user() -> Iterator[None]:
    """Permissions hold inside, also where the tests run as root."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)
