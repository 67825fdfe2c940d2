"""Whoever is cancelled, wherever: the radio is as usable as before."""

from __future__ import annotations

import asyncio

import pytest

from firmline.links.bumble.central import BumbleLink
from firmline.links.virtual_radio.radio import VirtualRadio
from firmline.protocol.channels import Channel
from integration.links.chips import chip_of
from integration.links.scripted import APPLICATION, DROP, HOME, ScriptedUnit

pytestmark = pytest.mark.slow


async def steps(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def test_a_cancelled_find_stops_the_scan(link: BumbleLink) -> None:
    task = asyncio.create_task(link.find(HOME, timeout_s=9))
    await steps(2)
    assert chip_of(link).le_scan_enable
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await steps(5)
    assert not chip_of(link).le_scan_enable


async def test_a_cancelled_connect_stops_initiating(link: BumbleLink) -> None:
    task = asyncio.create_task(link.connect(HOME, timeout_s=9))
    await steps(5)
    assert chip_of(link).pending_le_connection is not None
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await steps(5)
    assert chip_of(link).pending_le_connection is None


async def test_a_powering_on_that_is_cancelled_leaves_nothing(radio: VirtualRadio) -> None:
    for count in range(0, 30, 3):
        task = asyncio.create_task(radio.open_link())
        await steps(count)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    radio.add_unit(ScriptedUnit())
    link = await radio.open_link()
    assert (await link.find(HOME, timeout_s=1)).address == HOME


async def test_a_cancelled_writer_leaves_room_for_the_next(
    radio: VirtualRadio, link: BumbleLink
) -> None:
    unit = ScriptedUnit()
    radio.add_unit(unit)
    connection = await link.connect(HOME, timeout_s=1)

    async def endless() -> None:
        while True:
            await connection.write(Channel.PACKET, bytes(244))

    for _ in range(5):
        task = asyncio.create_task(endless())
        await steps(10)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    sent = connection._queue.queued
    await connection.write(Channel.CONTROL, b"\x03")
    assert 5 * 16 <= unit.packets < sent


async def test_closing_while_the_unit_drops_the_link_is_harmless(
    radio: VirtualRadio, link: BumbleLink
) -> None:
    radio.add_unit(ScriptedUnit(channels=APPLICATION | {Channel.CONTROL}))
    for _ in range(5):
        connection = await link.connect(HOME, timeout_s=1)
        drop = asyncio.create_task(connection.write(Channel.CONTROL, DROP))
        await steps(3)
        await connection.close()
        await asyncio.gather(drop, return_exceptions=True)
