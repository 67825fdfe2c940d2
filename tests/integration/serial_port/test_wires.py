"""One contract, every wire: a device in the event loop, and the same one read in a thread."""

from __future__ import annotations

import asyncio
import os
import tty
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from firmline.errors import Code, TransportError, TransportReason
from firmline.links.serial import descriptor, threaded
from firmline.links.serial.descriptor import open_descriptor
from firmline.links.serial.options import FlowControl, SerialOptions
from firmline.links.serial.threaded import open_threaded
from firmline.links.serial.wire import Wire

MOST_S = 10.0
"""How long anything here may take."""
SHORT_S = 2.0
"""How long a wire may take that waits for nothing: less than what a blocked port is given."""


async def _open_descriptor(options: SerialOptions) -> Wire:
    return open_descriptor(options)


OPENERS: dict[str, Callable[[SerialOptions], Awaitable[Wire]]] = {
    "descriptor": _open_descriptor,
    "threaded": open_threaded,
}


class Bench:
    """A wire, and the other end of its pseudo-terminal."""

    def __init__(self, wire: Wire, end: int) -> None:
        self.wire = wire
        self.end = end
        self.heard = b""
        self.lost: list[TransportError] = []
        self._news = asyncio.Event()

    def listen(self) -> None:
        self.wire.listen(self._on_data, self._on_lost)

    def _on_data(self, data: bytes) -> None:
        self.heard += data
        self._news.set()

    def _on_lost(self, error: TransportError) -> None:
        self.lost.append(error)
        self._news.set()

    async def until(self, is_so: Callable[[], bool]) -> None:
        async with asyncio.timeout(MOST_S):
            while not is_so():
                self._news.clear()
                await self._news.wait()

    def unplug(self) -> None:
        os.close(self.end)
        self.end = -1


@pytest.fixture(params=OPENERS)
async def bench(request: pytest.FixtureRequest) -> AsyncIterator[Bench]:
    ours, theirs = os.openpty()
    tty.setraw(theirs)
    options = SerialOptions(port=os.ttyname(theirs), flow=FlowControl.NONE)
    wire = await OPENERS[request.param](options)
    os.close(theirs)
    bench = Bench(wire, ours)
    yield bench
    await wire.close()
    if bench.end >= 0:
        os.close(bench.end)


async def test_every_byte_arrives_in_its_order(bench: Bench) -> None:
    bench.listen()
    everything = bytes(range(256)) * 4
    for begin in range(0, len(everything), 100):
        os.write(bench.end, everything[begin : begin + 100])
        await asyncio.sleep(0)
    await bench.until(lambda: len(bench.heard) >= len(everything))
    assert bench.heard == everything


async def test_every_byte_is_written(bench: Bench) -> None:
    everything = bytes(range(256)) * 64
    bench.listen()
    writing = asyncio.create_task(bench.wire.write(everything))
    arrived = b""
    async with asyncio.timeout(MOST_S):
        while len(arrived) < len(everything):
            arrived += await asyncio.to_thread(os.read, bench.end, 4096)
        await writing
    assert arrived == everything


@pytest.mark.slow
async def test_a_port_that_goes_is_told_once(bench: Bench) -> None:
    bench.listen()
    bench.unplug()
    await bench.until(lambda: bool(bench.lost))
    await asyncio.sleep(0.1)
    assert [(error.code, error.reason) for error in bench.lost] == [
        (Code.LINK_LOST, TransportReason.LOST)
    ]


async def test_what_is_written_to_a_port_that_is_gone_is_lost(bench: Bench) -> None:
    bench.unplug()
    with pytest.raises(TransportError) as caught:
        await bench.wire.write(b"anybody?")
    assert caught.value.code is Code.LINK_LOST


async def test_a_port_that_takes_nothing_is_blocked(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(descriptor, "STALLED_S", 0.05)
    monkeypatch.setattr(threaded, "STALLED_S", 0.05)
    port = getattr(bench.wire, "_port")  # noqa: B009 - pyserial's, which has the time of a write
    if isinstance(bench.wire, threaded.ThreadedWire):
        port.write_timeout = 0.05
    with pytest.raises(TransportError) as caught:
        await bench.wire.write(bytes(1_000_000))  # more than the system keeps, and nobody reads
    assert caught.value.code is Code.PORT_BLOCKED
    assert caught.value.reason is TransportReason.TIMEOUT


async def test_a_closed_wire_is_closed_again_without_harm(bench: Bench) -> None:
    bench.listen()
    await bench.wire.close()
    await bench.wire.close()
    assert bench.lost == []  # it was we who ended it


async def test_closing_waits_for_nothing_that_is_held_back(bench: Bench) -> None:
    bench.listen()
    writing = asyncio.create_task(bench.wire.write(bytes(100_000)))
    await asyncio.sleep(0.05)
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing
    async with asyncio.timeout(SHORT_S):
        await bench.wire.close()


async def test_a_write_under_which_the_port_is_closed_was_not_done() -> None:
    """In a thread; in the event loop nobody writes while somebody else closes."""
    ours, theirs = os.openpty()
    tty.setraw(theirs)
    wire = await open_threaded(SerialOptions(port=os.ttyname(theirs), flow=FlowControl.NONE))
    writing = asyncio.create_task(wire.write(bytes(1_000_000)))
    await asyncio.sleep(0.05)
    async with asyncio.timeout(SHORT_S):
        await wire.close()
    with pytest.raises(TransportError) as caught:
        await writing
    assert caught.value.code is Code.LINK_LOST
    os.close(theirs)
    os.close(ours)


async def test_a_speed_that_there_is_not_is_refused(bench: Bench) -> None:
    with pytest.raises(TransportError) as caught:
        bench.wire.set_baud(-1)
    assert caught.value.code is Code.PORT_FAILED
    bench.wire.set_baud(57_600)


async def test_a_pseudo_terminal_does_not_tell_of_cts(bench: Bench) -> None:
    assert bench.wire.clear_to_send() is None


@pytest.mark.parametrize("opener", OPENERS)
async def test_a_port_that_is_not_there(opener: str) -> None:
    with pytest.raises(TransportError) as caught:
        await OPENERS[opener](SerialOptions(port="/dev/there-is-no-such-port"))
    assert caught.value.code is Code.PORT_NOT_FOUND
