"""The same radio under a loop whose time is virtual: exact, repeatable, and cancelled anywhere."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from firmline.errors import TransportError, TransportReason
from firmline.links.bumble.central import BumbleLink
from firmline.links.virtual_radio import open_virtual_radio
from firmline.links.virtual_radio.radio import VirtualRadio
from firmline.protocol.channels import Channel
from integration.links.scripted import HOME, ScriptedUnit
from integration.links.virtual_time import VirtualTimeLoop, virtual_loop

pytestmark = pytest.mark.slow

Story = Callable[[VirtualRadio, BumbleLink], Awaitable[None]]


def play(story: Story) -> None:
    """Run a story under virtual time; nothing may be raised in passing or left behind."""
    stray: list[dict[str, Any]] = []

    async def main() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _loop, what: stray.append(what))
        radio = open_virtual_radio()
        await story(radio, await radio.open_link())
        await radio.close()
        assert asyncio.all_tasks() == {asyncio.current_task()}

    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        runner.run(main())
        gc.collect()
    assert stray == []


async def work(link: BumbleLink) -> None:
    """Everything that a link can be asked for."""
    await link.find(HOME, timeout_s=2)
    connection = await link.connect(HOME, timeout_s=2)
    try:
        await connection.remote_version(timeout_s=5)
        await connection.device_information()
        for _ in range(40):
            await connection.write(Channel.PACKET, bytes(244))
        await connection.write(Channel.CONTROL, b"\x03")
        assert (await connection.receive(timeout_s=1)).data == b"\x03"
    finally:
        await connection.close()


def test_an_hour_of_waiting_passes_at_once_and_is_exact() -> None:
    async def story(_radio: VirtualRadio, link: BumbleLink) -> None:
        started_s = link.now_s()
        for wait in (link.connect, link.find):
            with pytest.raises(TransportError) as caught:
                await wait(HOME, timeout_s=3600)
            assert caught.value.reason is TransportReason.NOT_FOUND
        assert link.now_s() - started_s == pytest.approx(7200, abs=1e-3)

    started_s = time.monotonic()
    play(story)
    assert time.monotonic() - started_s < 30


@pytest.mark.parametrize("interval_ms", [20.0, 25.0, 100.0, 1022.5])
def test_a_unit_advertises_at_its_interval(interval_ms: float) -> None:
    async def story(radio: VirtualRadio, link: BumbleLink) -> None:
        radio.add_unit(ScriptedUnit(interval_ms=interval_ms))
        await link.find(HOME, timeout_s=5)
        first_s = link.now_s()
        await link.find(HOME, timeout_s=5)
        second_s = link.now_s()
        assert second_s - first_s == pytest.approx(interval_ms / 1000, abs=0.000625)

    play(story)


def test_a_unit_is_woken_at_its_time_and_not_before() -> None:
    async def story(radio: VirtualRadio, link: BumbleLink) -> None:
        wake_at_s = link.now_s() + 123.456
        unit = ScriptedUnit(silent=True, wake_at_s=wake_at_s)
        radio.add_unit(unit)
        await link.find(HOME, timeout_s=200)
        assert link.now_s() == pytest.approx(wake_at_s, abs=0.001)
        assert unit.life == ["woken"]

    play(story)


def test_a_busy_unit_keeps_its_advertising_interval() -> None:
    class Busy(ScriptedUnit):
        def wake(self, *, now_s: float) -> None:
            self.wake_at_s = now_s + 0.003

    async def story(radio: VirtualRadio, link: BumbleLink) -> None:
        radio.add_unit(Busy(interval_ms=100, wake_at_s=link.now_s()))
        await link.find(HOME, timeout_s=1)
        first_s = link.now_s()
        for _ in range(5):
            await link.find(HOME, timeout_s=1)
        assert link.now_s() - first_s == pytest.approx(0.5, abs=0.005)

    play(story)


def test_a_silent_unit_is_a_timeout_after_the_time_of_att() -> None:
    peripheral: Any = None

    class Dead(ScriptedUnit):
        def receive(self, channel: Channel, data: bytes, *, now_s: float) -> Any:
            _ = channel, data, now_s
            peripheral._controller.hci_sink = None  # The chip's firmware hangs; its link stays.
            return 0

    async def story(radio: VirtualRadio, link: BumbleLink) -> None:
        nonlocal peripheral
        peripheral = radio.add_unit(Dead())
        connection = await link.connect(HOME, timeout_s=2)
        started_s = link.now_s()
        with pytest.raises(TransportError) as caught:
            await connection.write(Channel.CONTROL, b"\x03")
        assert caught.value.reason is TransportReason.TIMEOUT
        assert link.now_s() - started_s == pytest.approx(30, abs=0.01)

    play(story)


def test_a_version_that_is_never_told_is_a_timeout() -> None:
    async def story(radio: VirtualRadio, link: BumbleLink) -> None:
        peripheral = radio.add_unit(ScriptedUnit())
        connection = await link.connect(HOME, timeout_s=2)
        peripheral._controller.le_connections.clear()  # Hears nothing of this link any more.
        started_s = link.now_s()
        with pytest.raises(TransportError) as caught:
            await connection.remote_version(timeout_s=5)
        assert caught.value.reason is TransportReason.TIMEOUT
        assert link.now_s() - started_s == pytest.approx(5, abs=0.01)

    play(story)


def test_setting_up_that_takes_too_long_is_a_timeout_and_is_undone() -> None:
    peripheral: Any = None

    class Mute(ScriptedUnit):
        def connected(self, *, now_s: float, interval_s: float | None = None) -> None:
            super().connected(now_s=now_s, interval_s=interval_s)
            peripheral._host.hci_sink = None  # The unit's stack hears but cannot answer.

    async def story(radio: VirtualRadio, link: BumbleLink) -> None:
        nonlocal peripheral
        unit = Mute()
        peripheral = radio.add_unit(unit)
        with pytest.raises(TransportError) as caught:
            await link.connect(HOME, timeout_s=7)
        assert caught.value.reason is TransportReason.TIMEOUT
        await asyncio.sleep(0.1)
        assert unit.life == ["connected", "disconnected"]

    play(story)


def turns_of(story: Story) -> int:
    """How many turns of the loop a story takes."""
    turns = 0

    async def counted(radio: VirtualRadio, link: BumbleLink) -> None:
        nonlocal turns
        before = virtual_loop().turns
        await story(radio, link)
        turns = virtual_loop().turns - before

    play(counted)
    return turns


async def cancelled_at_every_turn(link: BumbleLink, unit: ScriptedUnit) -> int:
    """Cancel the work one turn later each time; the number of times it took."""
    loop = virtual_loop()
    for turn in range(1, 10_000):
        task = asyncio.create_task(work(link))
        loop.at_turn(loop.turns + turn, task.cancel)
        (result,) = await asyncio.gather(task, return_exceptions=True)
        assert (await link.find(HOME, timeout_s=1)).address == HOME
        assert unit.life.count("connected") == unit.life.count("disconnected")
        if result is None:
            return turn
        assert isinstance(result, asyncio.CancelledError)
    raise AssertionError("The work never ended.")


def test_a_link_is_as_usable_as_before_wherever_its_user_is_cancelled() -> None:
    async def story(radio: VirtualRadio, link: BumbleLink) -> None:
        unit = ScriptedUnit(device_information=((0x2A26, "1"),))
        radio.add_unit(unit)
        turns = await cancelled_at_every_turn(link, unit)
        assert turns > 50
        await work(link)

    play(story)


def test_a_unit_may_restart_at_any_turn_of_the_work() -> None:
    async def restarting(radio: VirtualRadio, link: BumbleLink) -> None:
        unit = ScriptedUnit(device_information=((0x2A26, "1"),))
        peripheral = radio.add_unit(unit)
        loop = virtual_loop()

        def restart() -> None:
            unit.restart()
            peripheral.settle()

        for turn in range(1, turns + 20):
            loop.at_turn(loop.turns + turn, restart)
            (result,) = await asyncio.gather(work(link), return_exceptions=True)
            if result is not None:
                assert isinstance(result, TransportError)
                assert result.reason is TransportReason.LOST
            assert (await link.find(HOME, timeout_s=1)).address == HOME
        assert unit.boots > turns // 2

    async def undisturbed(radio: VirtualRadio, link: BumbleLink) -> None:
        radio.add_unit(ScriptedUnit(device_information=((0x2A26, "1"),)))
        await work(link)

    turns = turns_of(undisturbed)
    play(restarting)


@pytest.mark.slow
def test_the_radio_may_be_closed_at_any_turn_of_the_work() -> None:
    async def undisturbed(radio: VirtualRadio, link: BumbleLink) -> None:
        radio.add_unit(ScriptedUnit())
        await work(link)

    def closing_at(turn: int) -> Story:
        async def closing(radio: VirtualRadio, link: BumbleLink) -> None:
            radio.add_unit(ScriptedUnit())
            time_to_go = asyncio.Event()
            loop = virtual_loop()
            loop.at_turn(loop.turns + turn, time_to_go.set)
            task = asyncio.create_task(work(link))
            await time_to_go.wait()
            await radio.close()
            (result,) = await asyncio.gather(task, return_exceptions=True)
            assert result is None or isinstance(result, TransportError)

        return closing

    for turn in range(1, turns_of(undisturbed) + 1):
        play(closing_at(turn))


def test_two_runs_are_the_same_turn_by_turn() -> None:
    async def story(radio: VirtualRadio, link: BumbleLink) -> None:
        for number in range(5):
            address = HOME if number == 3 else type(HOME)(HOME.octets[:5] + bytes([number]))
            radio.add_unit(ScriptedUnit(address=address))
        await work(link)

    assert len({turns_of(story) for _ in range(3)}) == 1
