"""The event loop whose time is virtual."""

from __future__ import annotations

import asyncio
import signal
import time

import pytest

from firmline.errors import LocalProtocolError
from firmline.links.virtual_time import run_in_virtual_time


def test_hours_pass_at_once() -> None:
    async def sleep() -> tuple[float, float]:
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        await asyncio.sleep(36_000)
        return began_s, loop.time()

    assert run_in_virtual_time(sleep()) == (0.0, 36_000.0)


def test_timers_run_in_the_order_of_their_times() -> None:
    async def main() -> list[tuple[float, str]]:
        loop = asyncio.get_running_loop()
        ran: list[tuple[float, str]] = []

        def note(name: str) -> None:
            ran.append((loop.time(), name))

        for at_s, name in ((3.0, "c"), (1.0, "a"), (1.0, "b"), (2.5, "between")):
            loop.call_at(at_s, note, name)
        await asyncio.sleep(10)
        return ran

    assert run_in_virtual_time(main()) == [(1.0, "a"), (1.0, "b"), (2.5, "between"), (3.0, "c")]


def test_a_wait_for_nothing_is_told_and_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("firmline.links.virtual_time.DEADLOCK_S", 0.05)

    async def wait() -> None:
        await asyncio.Event().wait()

    with pytest.raises(LocalProtocolError, match="no timer will bring"):
        run_in_virtual_time(wait())


def test_with_a_speed_it_waits_after_all() -> None:
    async def sleep() -> float:
        await asyncio.sleep(20)
        return asyncio.get_running_loop().time()

    began_s = time.monotonic()
    assert run_in_virtual_time(sleep(), speed=200) == 20.0
    assert time.monotonic() - began_s >= 0.09


def test_a_wait_with_a_speed_is_ended_by_control_c() -> None:
    async def sleep() -> None:
        asyncio.get_running_loop().call_soon(signal.raise_signal, signal.SIGINT)
        await asyncio.sleep(1e6)

    with pytest.raises(KeyboardInterrupt):
        run_in_virtual_time(sleep(), speed=1)


def test_what_another_thread_hands_over_is_taken() -> None:
    async def main() -> str:
        loop = asyncio.get_running_loop()
        given: asyncio.Future[str] = loop.create_future()
        loop.run_in_executor(None, loop.call_soon_threadsafe, given.set_result, "given")
        async with asyncio.timeout(1e6):
            return await given

    assert run_in_virtual_time(main(), speed=10) == "given"
