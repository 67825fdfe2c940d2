"""``firmline sim serve`` as a process of its own, and the clients of its serial ports."""

from __future__ import annotations

import json
import os
import queue
import select
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import pytest

from firmline.device.synthetic import synthetic_bytes
from firmline.formats.keys import SigningKey
from firmline.formats.package import write_package
from firmline.formats.package_build import PackageSpec, build_package
from firmline.protocol.slip import END
from firmline.values import Fwid, FwVersion
from unit.cli.program import PATIENCE_S, SCRIPT, environment
from unit.formats.makers import image

Line = dict[str, Any]
APPLICATION = synthetic_bytes("served application", 6_000)


class Serving:
    """A server, whose lines are read as they come.

    Attributes:
        first: The line that says where.
        lines: What was read behind it.
    """

    def __init__(self, *words: str, cwd: Path) -> None:
        self.process = subprocess.Popen(
            [SCRIPT, "sim", "serve", "--json", *words],
            cwd=cwd,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self.lines: list[Line] = []
        self._arriving: queue.Queue[Line | None] = queue.Queue()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        self.first = self._next()

    def __enter__(self) -> Self:
        """The server serves already."""
        return self

    def __exit__(self, *raised: object) -> None:
        """No server outlives its test."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._reader.join()
        for stream in (self.process.stdout, self.process.stderr):
            assert stream is not None
            stream.close()

    def until(self, what: str, **facts: object) -> Line:
        """The next line that says this."""
        while True:
            line = self._next()
            self.lines.append(line)
            if line.get("what") == what and facts.items() <= line.items():
                return line

    def end(self, number: int = signal.SIGTERM, *, code: int = 0) -> Line:
        """End the server with a signal; its result."""
        self.process.send_signal(number)
        while (line := self._arriving.get(timeout=PATIENCE_S)) is not None:
            self.lines.append(line)
        assert self.process.wait(PATIENCE_S) == code
        assert self.process.stderr is not None
        assert self.process.stderr.read() == b""
        *others, result = self.lines
        assert "result" not in [line["type"] for line in others]
        assert result["type"] == "result"
        return result

    def _next(self) -> Line:
        line = self._arriving.get(timeout=PATIENCE_S)
        if line is None:
            assert self.process.stderr is not None
            pytest.fail(f"it has ended: {self.process.stderr.read().decode()}")
        return line

    def _read(self) -> None:
        assert self.process.stdout is not None
        for text in self.process.stdout:
            self._arriving.put(json.loads(text))
        self._arriving.put(None)


def read_frame(descriptor: int) -> bytes:
    """Bytes up to an END."""
    seen = b""
    deadline_s = time.monotonic() + PATIENCE_S
    while not seen.endswith(bytes([END])):
        readable, _, _ = select.select([descriptor], [], [], deadline_s - time.monotonic())
        assert readable, f"no answer; seen: {seen.hex(' ')}"
        octet = os.read(descriptor, 1)
        assert octet, f"the end; seen: {seen.hex(' ')}"
        seen += octet
    return seen


@contextmanager
def port(path: str) -> Iterator[int]:
    """A serial port, opened as it is: nothing of it is set."""
    descriptor = os.open(path, os.O_RDWR | os.O_NOCTTY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def connect(address: str) -> socket.socket:
    """A connection to ``HOST:PORT``."""
    host, _, number = address.rpartition(":")
    return socket.create_connection((host, int(number)), timeout=PATIENCE_S)


def ask(descriptor: int, request: bytes) -> bytes:
    """Write a request, read its answer."""
    assert os.write(descriptor, request) == len(request)
    return read_frame(descriptor)


def make_update(folder: Path, *, version: int = 2) -> tuple[Path, Path]:
    """A package for the reference units, and the fresh key that signs it."""
    key = SigningKey.generate()
    spec = PackageSpec(
        application=image(APPLICATION),
        application_version=FwVersion(version),
        hw_version=52,
        sd_req=(Fwid(0x103),),
        signing_key=key,
    )
    package, key_file = folder / "app.zip", folder / "private.key"
    package.write_bytes(write_package(build_package(spec)))
    key_file.write_bytes(key.format_pem())
    return package, key_file
