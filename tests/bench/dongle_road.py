"""Writes to a dongle at a pseudo-terminal: our driver here, the chip in another process.

What is measured is the serial protocol, both its ends, without the times of a UART. As a program,
it is that chip. How much of a UART our driver uses is counted in virtual time, by
``integration/connectivity/test_speed.py``.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from integration.connectivity.eager import BAUD, SIZE, Eager, seconds_to_send

if TYPE_CHECKING:
    from bench.run import Figure

RUNS = 7
LIMIT = 200
KILO = 1000


@contextmanager
def chip() -> Iterator[str]:
    """A dongle whose bytes take no time; where."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.dongle_road"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        yield process.stdout.readline().decode().strip()
    finally:
        process.communicate()  # the end of its input ends it


async def seconds_over(port: str) -> float:
    """How long the image takes through our driver."""
    from firmline.links.connectivity.dongle import Dongle  # noqa: PLC0415 - not for the chip
    from firmline.links.connectivity.wire.api5 import API5  # noqa: PLC0415 - likewise
    from firmline.links.serial.descriptor import open_descriptor  # noqa: PLC0415 - likewise
    from firmline.links.serial.options import FlowControl, SerialOptions  # noqa: PLC0415

    options = SerialOptions(port=port, baud=BAUD, flow=FlowControl.NONE)
    return await seconds_to_send(Dongle(open_descriptor(options), table=API5, port=port))


def measure_dongle() -> list[Figure]:
    """150 kB in writes of 244 bytes, each when the one before it was sent."""
    from bench.run import Figure  # noqa: PLC0415 - it imports this module

    speeds = []
    for _ in range(RUNS):
        with chip() as port:
            speeds.append(SIZE / asyncio.run(seconds_over(port)) / KILO)
    return [
        Figure(
            name="writes to a dongle, no byte times",
            unit="kB/s",
            limit=LIMIT,
            at_least=True,
            values=tuple(speeds),
        )
    ]


async def serve() -> None:
    """Be a chip, until the input ends."""
    from firmline.links.serving.pseudo_terminal import serve_on_pty  # noqa: PLC0415
    from firmline.links.virtual_dongle.chip import VirtualDongle  # noqa: PLC0415

    dongle = VirtualDongle(Eager, baud=None)
    async with serve_on_pty(dongle) as path:
        print(path, flush=True)
        await asyncio.to_thread(sys.stdin.read)
    dongle.close()


if __name__ == "__main__":
    asyncio.run(serve())
