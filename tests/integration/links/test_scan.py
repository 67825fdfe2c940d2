"""A host that listens to everyone, and what a connection tells of services and battery."""

from __future__ import annotations

import asyncio

import pytest

from firmline.errors import Code, TransportError
from firmline.links.base import Sighting
from firmline.links.bumble.central import BumbleLink
from firmline.links.gatt import LEGACY_DFU_SERVICE
from firmline.links.virtual_radio.radio import VirtualRadio
from firmline.values import BleAddress
from integration.links.scripted import APPLICATION, HOME, ScriptedUnit

pytestmark = pytest.mark.slow
OTHER = BleAddress.parse("E1:22:33:44:55:77")


async def test_everyone_in_the_air_is_heard_again_and_again(
    radio: VirtualRadio, link: BumbleLink
) -> None:
    radio.add_unit(ScriptedUnit(name="one"))
    radio.add_unit(ScriptedUnit(name="two", address=OTHER))
    radio.add_unit(ScriptedUnit(name="mute", address=HOME.plus_one(), silent=True))
    heard: list[Sighting] = []
    await link.scan(duration_s=0.3, seen=heard.append)
    assert {(one.address, one.name) for one in heard} == {(HOME, "one"), (OTHER, "two")}
    assert all(one.rssi_dbm == -50 and one.services == {0xFE59} for one in heard)
    assert len(heard) > 4


async def test_nothing_is_heard_after_the_end(radio: VirtualRadio, link: BumbleLink) -> None:
    radio.add_unit(ScriptedUnit())
    heard: list[Sighting] = []
    await link.scan(duration_s=0.1, seen=heard.append)
    count = len(heard)
    await asyncio.sleep(0.1)
    assert len(heard) == count > 0


async def test_a_search_goes_on_when_a_scan_ends_before_it(
    radio: VirtualRadio, link: BumbleLink
) -> None:
    search = asyncio.create_task(link.find(HOME, timeout_s=2))
    await link.scan(duration_s=0.05, seen=lambda _one: None)
    radio.add_unit(ScriptedUnit())
    assert (await search).address == HOME


async def test_a_scan_can_be_cancelled(radio: VirtualRadio, link: BumbleLink) -> None:
    radio.add_unit(ScriptedUnit())
    heard: list[Sighting] = []
    task = asyncio.create_task(link.scan(duration_s=60, seen=heard.append))
    await asyncio.sleep(0.1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    count = len(heard)
    await asyncio.sleep(0.1)
    assert len(heard) == count > 0


async def test_a_radio_that_is_given_back_ends_a_scan(link: BumbleLink) -> None:
    task = asyncio.create_task(link.scan(duration_s=60, seen=lambda _one: None))
    await asyncio.sleep(0.05)
    await link.close()
    with pytest.raises(TransportError) as caught:
        await task
    assert caught.value.code is Code.LINK_NOT_AVAILABLE
    with pytest.raises(TransportError):
        await link.scan(duration_s=1, seen=lambda _one: None)


async def test_a_connection_tells_all_services(radio: VirtualRadio, link: BumbleLink) -> None:
    radio.add_unit(
        ScriptedUnit(
            channels=APPLICATION,
            legacy_dfu=True,
            battery_level=87,
            device_information=((0x2A26, "5"),),
        )
    )
    connection = await link.connect(HOME, timeout_s=1)
    assert connection.services >= {"FE59", "180A", "180F", LEGACY_DFU_SERVICE}


@pytest.mark.parametrize(("offered", "read"), [(87, 87), (0, 0), (None, None), (255, None)])
async def test_a_battery_level_is_read_where_there_is_one(
    radio: VirtualRadio, link: BumbleLink, offered: int | None, read: int | None
) -> None:
    radio.add_unit(ScriptedUnit(battery_level=offered))
    connection = await link.connect(HOME, timeout_s=1)
    assert await connection.battery_level() == read


async def test_a_battery_level_of_a_lost_connection_is_an_error(
    radio: VirtualRadio, link: BumbleLink
) -> None:
    radio.add_unit(ScriptedUnit(battery_level=87))
    connection = await link.connect(HOME, timeout_s=1)
    await connection.close()
    with pytest.raises(TransportError):
        await connection.battery_level()
