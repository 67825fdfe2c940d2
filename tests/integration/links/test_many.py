"""Several units and several hosts in one air."""

from __future__ import annotations

import asyncio
import os
import zlib

import pytest

from firmline.errors import TransportError, TransportReason
from firmline.links.bumble.central import BumbleLink
from firmline.links.virtual_radio.radio import VirtualRadio
from firmline.protocol.channels import Channel
from firmline.values import BleAddress
from integration.links.chips import chip_of
from integration.links.scripted import HOME, ScriptedUnit

pytestmark = pytest.mark.slow

NOBODY = BleAddress.parse("C0:00:00:00:00:01")


def ten_units(radio: VirtualRadio) -> list[ScriptedUnit]:
    addresses = [BleAddress(HOME.octets[:5] + bytes([number])) for number in range(10)]
    units = [ScriptedUnit(name="twin", address=address) for address in addresses]
    for unit in units:
        radio.add_unit(unit)
    return units


async def send(link: BumbleLink, unit: ScriptedUnit, size: int) -> None:
    connection = await link.connect(unit.address, timeout_s=2)
    image = os.urandom(size)
    for offset in range(0, size, 244):
        await connection.write(Channel.PACKET, image[offset : offset + 244])
    await connection.write(Channel.CONTROL, b"\x03")
    assert (unit.size, unit.crc) == (size, zlib.crc32(image))
    await connection.close()


async def test_find_ignores_twins(radio: VirtualRadio, link: BumbleLink) -> None:
    units = ten_units(radio)
    for unit in (units[7], units[0]):
        assert (await link.find(unit.address, timeout_s=1)).address == unit.address
    with pytest.raises(TransportError):
        await link.find(NOBODY, timeout_s=0.1)


async def test_connect_takes_exactly_the_unit_asked_for(
    radio: VirtualRadio, link: BumbleLink
) -> None:
    units = ten_units(radio)
    connection = await link.connect(units[4].address, timeout_s=1)
    await connection.write(Channel.CONTROL, b"\x03")
    assert [len(unit.life) for unit in units] == [0, 0, 0, 0, 3, 0, 0, 0, 0, 0]


async def test_many_may_be_sought_at_once(radio: VirtualRadio, link: BumbleLink) -> None:
    units = ten_units(radio)
    wanted = [unit.address for unit in units for _ in range(2)]
    found = await asyncio.gather(*(link.find(address, timeout_s=1) for address in wanted))
    assert [sighting.address for sighting in found] == wanted


async def test_one_link_serves_ten_units_at_once(radio: VirtualRadio, link: BumbleLink) -> None:
    units = ten_units(radio)
    await asyncio.gather(*(send(link, unit, 20_000) for unit in units))
    assert all(unit.life[-1] == "disconnected" for unit in units)


async def test_two_hosts_serve_two_units_at_once(radio: VirtualRadio) -> None:
    first, second = ten_units(radio)[:2]
    links = await asyncio.gather(radio.open_link(), radio.open_link())
    await asyncio.gather(send(links[0], first, 50_000), send(links[1], second, 50_000))


async def test_two_hosts_cannot_have_the_same_unit(radio: VirtualRadio) -> None:
    unit = ScriptedUnit()
    radio.add_unit(unit)
    links = await asyncio.gather(radio.open_link(), radio.open_link())
    results = await asyncio.gather(
        *(link.connect(HOME, timeout_s=0.3) for link in links), return_exceptions=True
    )
    errors = [result for result in results if isinstance(result, TransportError)]
    assert len(errors) == 1
    assert errors[0].reason is TransportReason.NOT_FOUND
    assert unit.life == ["connected", "control on"]


async def test_the_unit_goes_to_the_second_host_after_the_first(radio: VirtualRadio) -> None:
    radio.add_unit(ScriptedUnit())
    first, second = await asyncio.gather(radio.open_link(), radio.open_link())
    held = await first.connect(HOME, timeout_s=1)
    waiting = asyncio.create_task(second.connect(HOME, timeout_s=1))
    await asyncio.sleep(0.05)
    await held.close()
    assert (await waiting).mtu == 247


async def test_an_absent_unit_is_given_up_in_time_and_the_radio_lives_on(
    radio: VirtualRadio, link: BumbleLink
) -> None:
    radio.add_unit(ScriptedUnit())
    started_s = link.now_s()
    with pytest.raises(TransportError) as caught:
        await link.connect(NOBODY, timeout_s=0.2)
    assert caught.value.reason is TransportReason.NOT_FOUND
    assert 0.2 <= link.now_s() - started_s < 0.4
    assert (await link.connect(HOME, timeout_s=1)).mtu == 247


async def test_a_turn_that_never_comes_ends_in_time(link: BumbleLink) -> None:
    started_s = link.now_s()
    results = await asyncio.gather(
        link.connect(NOBODY, timeout_s=0.3),
        link.connect(HOME, timeout_s=0.1),
        return_exceptions=True,
    )
    assert all(isinstance(result, TransportError) for result in results)
    assert link.now_s() - started_s < 0.5


async def test_closing_the_radio_tells_everyone_and_leaves_no_task(radio: VirtualRadio) -> None:
    radio.add_unit(ScriptedUnit())
    link = await radio.open_link()
    connection = await link.connect(HOME, timeout_s=1)
    waits = [
        asyncio.create_task(connection.receive(timeout_s=9)),
        asyncio.create_task(link.find(NOBODY, timeout_s=9)),
        asyncio.create_task(link.connect(NOBODY, timeout_s=9)),
    ]
    await asyncio.sleep(0.01)
    await radio.close()
    await radio.close()
    results = await asyncio.gather(*waits, return_exceptions=True)
    reasons = [error.reason for error in results if isinstance(error, TransportError)]
    assert reasons == [
        TransportReason.LOST,
        TransportReason.NOT_AVAILABLE,
        TransportReason.NOT_AVAILABLE,
    ]
    assert asyncio.all_tasks() == {asyncio.current_task()}
    for late in (link.find(HOME, timeout_s=1), link.connect(HOME, timeout_s=1)):
        with pytest.raises(TransportError) as caught:
            await late
        assert caught.value.reason is TransportReason.NOT_AVAILABLE


async def test_a_radio_may_be_closed_before_anything_happened(radio: VirtualRadio) -> None:
    radio.add_unit(ScriptedUnit())
    await radio.close()
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_a_close_that_is_cancelled_still_ends_everything(radio: VirtualRadio) -> None:
    radio.add_unit(ScriptedUnit())
    link = await radio.open_link()
    connection = await link.connect(HOME, timeout_s=1)
    chip_of(link).hci_sink = None  # The chip hangs: the disconnection is never confirmed.
    closing = asyncio.create_task(link.close())
    await asyncio.sleep(0.01)
    closing.cancel()
    await asyncio.gather(closing, return_exceptions=True)
    with pytest.raises(TransportError) as caught:
        await connection.receive(timeout_s=1)
    assert caught.value.hci_reason == 0x16
    await connection.close()
    await link.close()
