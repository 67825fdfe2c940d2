"""What waits for a server, in threads that nobody waits for."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading

import pytest

from firmline.line.queue.apart import apart
from firmline.links.virtual_time import run_in_virtual_time

HANGS = """
import asyncio, threading
from firmline.line.queue.apart import apart

async def main():
    waiting = asyncio.create_task(apart(threading.Event().wait))
    await asyncio.sleep(0.1)
    waiting.cancel()

asyncio.run(main())
print("ended")
"""


def run(*asked: object) -> object:
    async def main() -> object:
        return await apart(*asked)  # type: ignore[arg-type] # a function and its arguments

    return asyncio.run(main())


def test_the_answer_comes_back() -> None:
    assert run(divmod, 7, 2) == (3, 1)
    assert run(lambda: None) is None


def test_so_does_what_it_raises() -> None:
    with pytest.raises(ZeroDivisionError):
        run(divmod, 7, 0)


def test_arguments_may_have_names() -> None:
    async def main() -> dict[str, int]:
        return await apart(dict, one=1)

    assert asyncio.run(main()) == {"one": 1}


def test_it_is_another_thread_each_time() -> None:
    async def main() -> list[threading.Thread]:
        return await asyncio.gather(*(apart(threading.current_thread) for _ in range(3)))

    threads = asyncio.run(main())
    assert len({id(each) for each in threads}) == 3
    assert all(each.daemon for each in threads)


def test_virtual_time_waits_for_it() -> None:
    async def main() -> tuple[bool, float]:
        began_s = asyncio.get_running_loop().time()
        answer = await apart(threading.Event().wait, 0.05)
        return answer, asyncio.get_running_loop().time() - began_s

    assert run_in_virtual_time(main()) == (False, 0.0)


def test_who_is_cancelled_waits_no_more_and_nobody_hears_the_answer() -> None:
    goes_on, is_done = threading.Event(), threading.Event()

    def ask() -> None:
        goes_on.wait()
        is_done.set()
        raise ValueError

    async def main() -> None:
        waiting = asyncio.create_task(apart(ask))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        goes_on.set()
        await asyncio.to_thread(is_done.wait)
        await asyncio.sleep(0.01)

    asyncio.run(main())


def test_an_answer_behind_the_end_of_the_loop_is_for_nobody() -> None:
    goes_on, is_begun = threading.Event(), threading.Event()
    threads: list[threading.Thread] = []

    def ask() -> None:
        threads.append(threading.current_thread())
        is_begun.set()
        goes_on.wait()

    async def main() -> None:
        waiting = asyncio.create_task(apart(ask))
        await asyncio.to_thread(is_begun.wait)
        waiting.cancel()

    asyncio.run(main())
    goes_on.set()
    threads[0].join()  # a problem in it would be a warning, and warnings are errors


@pytest.mark.slow
def test_a_program_ends_while_a_server_is_silent() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", HANGS], capture_output=True, text=True, timeout=20, check=False
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "ended\n", "")
