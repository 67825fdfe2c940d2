"""The air with time: intervals that are agreed upon, and sides that fall silent."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from bumble import hci

from firmline.links.bumble.central import BumbleLink
from firmline.links.virtual_radio import open_virtual_radio
from firmline.links.virtual_radio.radio import VirtualRadio
from firmline.links.virtual_time import run_in_virtual_time
from integration.links.scripted import HOME, ScriptedUnit

Story = Callable[[VirtualRadio, BumbleLink], Awaitable[None]]


def play(story: Story) -> None:
    async def main() -> None:

        await asyncio.sleep(1)  # scripted units assert that they are told a time
        radio = open_virtual_radio(timed=True)
        try:
            await story(radio, await radio.open_link(interval_s=0.03))
        finally:
            await radio.close()

    run_in_virtual_time(main())


def test_the_unit_hears_of_a_new_interval() -> None:
    async def story(radio: VirtualRadio, link: BumbleLink) -> None:
        unit = ScriptedUnit()
        radio.add_unit(unit)
        connection = await link.connect(HOME, timeout_s=5)
        link._host.post(
            hci.HCI_LE_Connection_Update_Command(
                connection_handle=connection._link.handle,
                connection_interval_min=80,
                connection_interval_max=80,
                max_latency=0,
                supervision_timeout=400,
                min_ce_length=0,
                max_ce_length=0,
            )
        )
        await connection.device_information()
        await connection.remote_version(timeout_s=5)
        assert "interval 0.1" in unit.life

    play(story)


def test_who_falls_silent_is_missed_after_the_supervision_timeout() -> None:
    async def story(radio: VirtualRadio, link: BumbleLink) -> None:
        unit = ScriptedUnit()
        peripheral = radio.add_unit(unit)
        connection = await link.connect(HOME, timeout_s=5)
        silent_s = link.now_s()
        await peripheral.close()
        assert await connection.wait_closed(timeout_s=10) == 0x08
        assert link.now_s() - silent_s == pytest.approx(4.0, abs=0.1)

    play(story)
