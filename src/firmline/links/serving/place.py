"""Where to serve a unit: ``pty``, ``nrfconn``, ``tcp:PORT``, ``hci-tcp:PORT`` or ``hci-unix:``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from firmline.errors import Code, InputError

MAX_PORT: Final = 65_535
FORMS: Final = "pty, tcp:PORT, hci-tcp:PORT, hci-unix:PATH or nrfconn"
_PORT: Final = re.compile(r"[0-9]{1,5}")


class Road(StrEnum):
    """How clients reach the unit."""

    PTY = "pty"
    TCP = "tcp"
    HCI_TCP = "hci-tcp"
    HCI_UNIX = "hci-unix"
    NRFCONN = "nrfconn"

    @property
    def is_radio(self) -> bool:
        """Whether clients reach it through the air: with a controller, or a dongle."""
        return self in {Road.HCI_TCP, Road.HCI_UNIX, Road.NRFCONN}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a unit is served.

    Attributes:
        road: How.
        port: TCP port on 127.0.0.1; 0: a free one.
        path: Of a unix socket.
    """

    road: Road
    port: int = 0
    path: str = ""


def parse_place(text: str) -> Place:
    """Read the value of ``--on``.

    Raises:
        InputError: ``USAGE``, or ``NUMBER_OUT_OF_RANGE`` for a port that there cannot be.
    """
    name, colon, where = text.partition(":")
    try:
        road = Road(name)
    except ValueError:
        raise _not_understood(text) from None
    match road:
        case Road.PTY | Road.NRFCONN if not colon:
            return Place(road=road)
        case Road.TCP | Road.HCI_TCP if _PORT.fullmatch(where):
            return Place(road=road, port=_port(where))
        case Road.HCI_UNIX if where and "\0" not in where:
            return Place(road=road, path=where)
        case _:
            raise _not_understood(text)


def _port(text: str) -> int:
    port = int(text)
    if port > MAX_PORT:
        raise InputError(
            Code.NUMBER_OUT_OF_RANGE,
            f"There is no TCP port {port}.",
            hint=f"Give a number up to {MAX_PORT}, or 0 for a port that is free.",
        )
    return port


def _not_understood(text: str) -> InputError:
    return InputError(
        Code.USAGE,
        f"A unit cannot be served on {text[:80]!r}.",
        hint=f"--on takes {FORMS}; with PORT 0 a free port is chosen.",
    )
