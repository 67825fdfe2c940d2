"""What a signal to end does at each moment; the processes are those of the integration tests."""

from __future__ import annotations

import asyncio
import importlib
import os
import signal
import sys
import threading
import time
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest

from firmline.cli import interruption
from firmline.cli.interruption import CANCELLED_BY, ENDING, Interruptions, interruptions
from firmline.cli.running import run_with, run_work
from firmline.errors import InputError
from firmline.links.target import parse_target

NUMBER = signal.SIGTERM
KINDS = [getattr(signal, name) for name in ENDING if hasattr(signal, name)]


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> Iterator[Interruptions]:
    """The program's signals, taken for one test; no command before it has ended the process."""
    monkeypatch.setattr(interruptions, "_over_s", None)
    before = {number: signal.getsignal(number) for number in KINDS}
    interruptions.take()
    yield interruptions
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interruption, "PATIENCE_S", 0.2)


def frame() -> Any:
    return sys._getframe()


@pytest.mark.parametrize("number", KINDS)
def test_in_plain_code_a_signal_is_a_keyboard_interrupt(number: int, taken: Interruptions) -> None:
    assert signal.getsignal(number) == taken.handle
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(number)


def test_a_safe_end_is_not_broken_off(
    taken: Interruptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    with taken.finishing():
        signal.raise_signal(NUMBER)
        signal.raise_signal(NUMBER)
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(NUMBER)
    monkeypatch.setattr(interruption, "FINISHING_S", 0.0)
    with taken.finishing(), pytest.raises(KeyboardInterrupt):
        signal.raise_signal(NUMBER)  # it has waited long enough


def test_what_was_ignored_stays_ignored() -> None:
    before = signal.signal(NUMBER, signal.SIG_IGN)
    others = {number: signal.getsignal(number) for number in KINDS if number != NUMBER}
    try:
        Interruptions().take()
        assert signal.getsignal(NUMBER) is signal.SIG_IGN
    finally:
        for number, handler in {**others, NUMBER: before}.items():
            signal.signal(number, handler)


@pytest.mark.usefixtures("taken")
def test_in_the_middle_of_an_import_it_waits_for_the_end_of_that(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the import would have turned it into another exception, or lost it."""
    (tmp_path / "hit_by_a_signal.py").write_text(
        "import os\n"
        "class Named:\n"
        "    def __set_name__(self, owner, name):\n"
        f"        os.kill(os.getpid(), {int(NUMBER)})\n"
        "class Owner:\n"
        "    named = Named()\n"
        "done = True\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    seen = []
    with pytest.raises(KeyboardInterrupt):  # noqa: PT012 - when it comes is what is asked
        seen.append(importlib.import_module("hit_by_a_signal").done)
        time.sleep(20)
    assert seen == [True]


def cancels(work: Coroutine[Any, Any, Any]) -> None:
    with pytest.raises(KeyboardInterrupt):
        run_work(work)


@pytest.mark.usefixtures("taken")
@pytest.mark.parametrize("count", range(1, CANCELLED_BY + 1))
def test_work_in_a_loop_is_cancelled_and_comes_to_its_end(count: int) -> None:
    steps: list[str] = []

    async def work() -> None:
        try:
            signal.raise_signal(NUMBER)
            steps.append("goes on to its next wait")
            await asyncio.sleep(20)
        finally:
            if count > 1:
                signal.raise_signal(NUMBER)
                with pytest.raises(asyncio.CancelledError):
                    await asyncio.sleep(20)
            steps.append("tidy")

    cancels(work())
    assert steps == ["goes on to its next wait", "tidy"]


@pytest.mark.usefixtures("taken")
def test_work_that_does_not_let_itself_be_cancelled_is_broken_off() -> None:
    times = 0

    async def work() -> None:
        nonlocal times
        while True:
            times += 1
            signal.raise_signal(NUMBER)
            try:
                await asyncio.sleep(20)
            except asyncio.CancelledError:
                assert times <= CANCELLED_BY

    cancels(work())
    assert times == CANCELLED_BY + 1


@pytest.mark.usefixtures("taken")
def test_a_waiting_loop_is_woken() -> None:
    async def work() -> None:
        threading.Timer(0.05, os.kill, [os.getpid(), NUMBER]).start()
        await asyncio.Event().wait()

    cancels(work())


@pytest.mark.usefixtures("taken")
def test_a_signal_before_the_work_has_begun_cancels_it_then() -> None:
    begun = []

    async def work() -> None:
        begun.append(True)
        await asyncio.sleep(20)

    def runner(main: Coroutine[Any, Any, None]) -> None:
        signal.raise_signal(NUMBER)
        asyncio.run(main)

    with pytest.raises(KeyboardInterrupt):
        run_work(work(), runner=runner)
    assert begun == [True]


@pytest.mark.usefixtures("taken")
def test_a_signal_behind_the_work_comes_when_the_loop_has_ended() -> None:
    ended = []

    def runner(main: Coroutine[Any, Any, None]) -> None:
        asyncio.run(main)
        signal.raise_signal(NUMBER)
        time.sleep(0.1)
        ended.append(True)

    with pytest.raises(KeyboardInterrupt):  # noqa: PT012 - when it comes is what is asked
        run_work(asyncio.sleep(0), runner=runner)
        time.sleep(20)
    assert ended == [True]


@pytest.mark.slow
@pytest.mark.usefixtures("taken", "soon")
def test_a_loop_that_does_not_end_is_broken_off() -> None:
    def runner(main: Coroutine[Any, Any, None]) -> None:
        main.close()
        signal.raise_signal(NUMBER)
        time.sleep(20)

    with pytest.raises(KeyboardInterrupt):
        run_work(asyncio.sleep(0), runner=runner)


@pytest.mark.usefixtures("taken")
def test_work_that_ends_in_spite_of_a_signal_has_its_result() -> None:
    async def work() -> str:
        signal.raise_signal(NUMBER)
        return "done"

    assert run_work(work()) == "done"


def test_work_that_is_cancelled_by_somebody_else_is_no_interruption() -> None:
    async def work() -> None:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        run_work(work())


def test_work_that_cannot_be_begun_leaves_nothing_behind() -> None:
    """Warnings are errors: its coroutine was never awaited."""
    with pytest.raises(InputError):
        run_with(parse_target("sim:ble-reference?nonsense=1"), asyncio.sleep(0))


def test_where_the_command_is_over_a_signal_changes_nothing(taken: Interruptions) -> None:
    here = Interruptions()
    here.over()
    here.handle(NUMBER, frame())
    assert signal.getsignal(NUMBER) == taken.handle


@pytest.mark.slow
@pytest.mark.usefixtures("taken", "soon")
def test_where_the_command_is_over_and_its_process_is_not_a_signal_ends_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sent: list[tuple[int, object]] = []
    monkeypatch.setattr(
        signal, "raise_signal", lambda number: sent.append((number, signal.getsignal(number)))
    )
    here = Interruptions()
    here.over()
    time.sleep(0.25)
    here.handle(NUMBER, frame())
    assert sent == [(NUMBER, signal.SIG_DFL)]


@pytest.mark.parametrize("has_kill", [True, False], ids=["here", "on Windows"])
def test_several_signals_that_are_put_off_come_as_one(
    has_kill: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    came: list[int] = []
    sent = threading.Event()

    def send(*words: int) -> None:
        came.append(words[-1])
        sent.set()

    if has_kill:
        monkeypatch.setattr(signal, "pthread_kill", send)
    else:
        monkeypatch.delattr(signal, "pthread_kill")
        monkeypatch.setattr(signal, "raise_signal", send)
    here = Interruptions()
    with here.held():
        here.handle(NUMBER, frame())
        here.handle(NUMBER, frame())
        assert sent.wait(5)
    assert came == [NUMBER]
