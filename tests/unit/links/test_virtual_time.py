"""The event loop whose time is virtual."""

from __future__ import annotations

import asyncio
import math
import signal
import time
from contextlib import suppress

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


def test_several_that_wait_for_the_same_moment_do_not_wake_each_other_in_turn() -> None:
    """Each sees less than the resolution of the real clock left, and waits for the rest of it."""
    waits = 0

    async def wait_until(until_s: float, *, turns_later: int) -> None:
        nonlocal waits
        loop = asyncio.get_running_loop()
        await asyncio.sleep(until_s - 5e-10)
        for _ in range(turns_later):
            await asyncio.sleep(0)
        while (left_s := until_s - loop.time()) > 0:
            waits += 1
            assert waits < 100, "time stands still"
            with suppress(TimeoutError):
                async with asyncio.timeout(left_s):
                    await asyncio.Event().wait()

    async def main() -> None:
        await asyncio.gather(*(wait_until(1.0, turns_later=turns) for turns in range(3)))

    run_in_virtual_time(main())


@pytest.mark.parametrize("at_s", [0.0, 1e-9, 1.0, 1e6, 1e9])
def test_no_timer_runs_early_and_none_is_forgotten(at_s: float) -> None:
    async def main() -> list[float]:
        loop = asyncio.get_running_loop()
        ran: list[float] = []

        def run(due_s: float) -> None:
            ran.append(loop.time() - due_s)

        due = [at_s, math.nextafter(at_s, math.inf), at_s + 1e-3]
        for due_s in due:
            loop.call_at(due_s, run, due_s)
        await asyncio.sleep(at_s + 1)
        return ran

    early = run_in_virtual_time(main())
    assert len(early) == 3
    assert min(early) >= 0


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


@pytest.mark.slow
def test_the_end_waits_for_other_threads_in_their_own_time() -> None:
    done: list[str] = []

    def slow() -> None:
        time.sleep(0.2)
        done.append("written")

    async def main() -> None:
        asyncio.get_running_loop().run_in_executor(None, slow)

    run_in_virtual_time(main())  # a warning that time has run out would be an error here
    assert done == ["written"]
