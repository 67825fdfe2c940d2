"""Sockets that a server has left behind."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture
def dead_socket() -> Callable[[Path], None]:
    """Leaves the file of a socket at which nobody listens any more."""

    def leave(path: Path) -> None:
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(str(path))
            server.listen()

    return leave
