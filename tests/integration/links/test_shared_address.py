"""Two units under one address: exactly one takes a connection, and neither disturbs the other's.

A bootloader has the address after its application's, which is the next unit's where units were made
in a row.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable

import pytest

from firmline.device.radio_face import Notify
from firmline.errors import TransportError, TransportReason
from firmline.links.bumble.central import BumbleLink
from firmline.links.virtual_radio import open_virtual_radio
from firmline.links.virtual_radio.radio import VirtualRadio
from firmline.links.virtual_time import run_in_virtual_time
from firmline.protocol.channels import Channel
from integration.links.scripted import APPLICATION, HOME, ScriptedUnit

pytestmark = pytest.mark.slow

Story = Callable[[VirtualRadio, BumbleLink], Awaitable[None]]


def play(story: Story, *, starts_s: float = 1.0) -> None:
    """Tell a story in an air with time."""

    async def main() -> None:
        await asyncio.sleep(starts_s)  # scripted units assert that they are told a time
        radio = open_virtual_radio(timed=True)
        try:
            await story(radio, await radio.open_link(interval_s=0.03))
        finally:
            await radio.close()

    run_in_virtual_time(main())


def a_pair(radio: VirtualRadio) -> tuple[ScriptedUnit, ScriptedUnit]:
    """A bootloader, and the application of the unit after it."""
    bootloader = ScriptedUnit()
    application = ScriptedUnit(channels=APPLICATION, interval_ms=100)
    for unit in (bootloader, application):
        radio.add_unit(unit)
    return bootloader, application


@pytest.mark.parametrize("waits_ms", range(0, 100, 7))
def test_a_connection_goes_to_one_and_the_other_goes_on_advertising(waits_ms: int) -> None:
    async def story(radio: VirtualRadio, link: BumbleLink) -> None:
        units = a_pair(radio)
        first = await link.connect(HOME, timeout_s=5)
        assert sorted(len(unit.life) > 0 for unit in units) == [False, True]
        other = await radio.open_link()
        assert (await other.find(HOME, timeout_s=1)).address == HOME
        second = await other.connect(HOME, timeout_s=5)
        assert first.channels != second.channels
        assert [unit.life.count("connected") for unit in units] == [1, 1]

    play(story, starts_s=1 + waits_ms / 1000)


def test_who_connects_again_and_again_reaches_both_and_is_cut_off_by_neither() -> None:
    async def story(radio: VirtualRadio, link: BumbleLink) -> None:
        units = a_pair(radio)
        reached: Counter[bool] = Counter()
        for _ in range(60):
            connection = await link.connect(HOME, timeout_s=5)
            # It is the other end's, and not cut off by what the one before says at its end.
            await connection.remote_version(timeout_s=5)
            is_bootloader = Channel.CONTROL in connection.channels
            if is_bootloader:
                await connection.write(Channel.CONTROL, b"\x05")
                assert (await connection.receive(timeout_s=5)).data == b"\x05"
            reached[is_bootloader] += 1
            await connection.close()
        assert min(reached[True], reached[False]) > 0
        lives = [Counter(step for step in unit.life if "connect" in step) for unit in units]
        assert sum(life["connected"] for life in lives) == 60

    play(story)


def test_the_last_words_of_one_are_not_heard_from_the_other() -> None:
    async def story(radio: VirtualRadio, link: BumbleLink) -> None:
        bootloader = ScriptedUnit()
        peripheral = radio.add_unit(bootloader)
        radio.add_unit(ScriptedUnit(channels=APPLICATION, interval_ms=21))
        crossed = 0
        for moment in range(40):
            speaker = await link.connect(HOME, timeout_s=5)
            # Between two connection events, so that what is said now waits for the next one.
            await asyncio.sleep(1 + moment * 0.001)
            bootloader.say(Notify(channel=Channel.CONTROL, data=b"last words"))
            peripheral.settle()
            await speaker.close()
            connection = await link.connect(HOME, timeout_s=5)
            if Channel.CONTROL in speaker.channels - connection.channels:
                crossed += 1
                with pytest.raises(TransportError) as nothing:
                    await connection.receive(timeout_s=0.5)
                assert nothing.value.reason is TransportReason.TIMEOUT
            await connection.close()
        assert crossed

    play(story)
