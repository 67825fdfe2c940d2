"""Waiting for the radio's turn to connect: whoever waits is not gone, and who is gone holds nobody.

In virtual time, over both kinds of Bluetooth link: a unit vanishes after it was heard.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

import pytest

from firmline.errors import Code, TransportError, TransportReason
from firmline.links.base import Link
from firmline.links.bluetooth.link import BluetoothLink
from firmline.links.bluetooth.stack import System
from firmline.links.bumble.central import BumbleLink
from firmline.links.connecting_turns import FIRST_TURN_S, ConnectingTurns, TurnOverError
from firmline.links.virtual_radio import open_virtual_radio
from firmline.links.virtual_radio.radio import VirtualRadio
from firmline.links.virtual_time import run_in_virtual_time
from firmline.protocol.channels import Channel
from firmline.values import BleAddress
from integration.bluetooth.bleak_over_bumble import Computer
from integration.links.scripted import HOME, ScriptedUnit

pytestmark = pytest.mark.slow
_T = TypeVar("_T")
GONE = BleAddress.parse("C0:00:00:00:00:01")
CONNECT_S = 3.0
"""Shorter than a first turn: whoever waits behind one that is gone waits longer than its time."""
OpenLink = Callable[[VirtualRadio], Awaitable[Link]]


async def over_bumble(radio: VirtualRadio) -> BumbleLink:
    return await radio.open_link()


async def over_bluez(radio: VirtualRadio) -> BluetoothLink:
    return BluetoothLink(stack=Computer(radio=radio).stack)


async def over_winrt(radio: VirtualRadio) -> BluetoothLink:
    return BluetoothLink(stack=Computer(radio=radio, system=System.WINRT).stack)


EVERY_LINK = pytest.mark.parametrize("opening", [over_bumble, over_bluez, over_winrt])


@asynccontextmanager
async def in_the_air(opening: OpenLink, count: int) -> AsyncIterator[tuple[Link, list[BleAddress]]]:
    """So many units, and one that was heard and has vanished since."""
    radio = open_virtual_radio()
    try:
        link = await opening(radio)
        gone = ScriptedUnit(name="gone", address=GONE)
        peripheral = radio.add_unit(gone)
        await link.find(GONE, timeout_s=5)
        units = [
            ScriptedUnit(address=BleAddress(HOME.octets[:5] + bytes([at]))) for at in range(count)
        ]
        for unit in units:
            radio.add_unit(unit)
            await link.find(unit.address, timeout_s=5)
        await peripheral.close()
        yield link, [unit.address for unit in units]
        await link.close()
    finally:
        await radio.close()


async def timed(awaited: Awaitable[_T]) -> float:
    began_s = asyncio.get_running_loop().time()
    await awaited
    return asyncio.get_running_loop().time() - began_s


@EVERY_LINK
def test_units_that_wait_behind_one_that_vanished_are_connected_to(opening: OpenLink) -> None:
    async def story() -> None:
        async with in_the_air(opening, 5) as (link, addresses):
            vanished = asyncio.ensure_future(link.connect(GONE, timeout_s=4 * FIRST_TURN_S))
            await asyncio.sleep(0.5)
            made = await asyncio.gather(
                *(link.connect(address, timeout_s=CONNECT_S) for address in addresses)
            )
            assert [connection.peer for connection in made] == addresses
            assert not vanished.done()
            with pytest.raises(TransportError) as caught:
                await vanished
            assert caught.value.reason is TransportReason.NOT_FOUND
            for connection in made:
                await connection.write(Channel.CONTROL, b"\x03")

    run_in_virtual_time(story())


@EVERY_LINK
def test_one_that_vanished_is_called_for_all_its_time_where_nobody_waits(opening: OpenLink) -> None:
    async def story() -> None:
        async with in_the_air(opening, 0) as (link, _):
            began_s = asyncio.get_running_loop().time()
            with pytest.raises(TransportError):
                await link.connect(GONE, timeout_s=2 * FIRST_TURN_S)
            took_s = asyncio.get_running_loop().time() - began_s
            assert took_s == pytest.approx(2 * FIRST_TURN_S, abs=1)

    run_in_virtual_time(story())


@EVERY_LINK
def test_one_that_vanished_holds_another_up_for_one_turn_at_the_most(opening: OpenLink) -> None:
    async def story() -> None:
        async with in_the_air(opening, 1) as (link, (address,)):
            vanished = asyncio.ensure_future(link.connect(GONE, timeout_s=30))
            await asyncio.sleep(0.1)
            for most_s in (FIRST_TURN_S + 1, 1):
                began_s = asyncio.get_running_loop().time()
                connection = await link.connect(address, timeout_s=CONNECT_S)
                assert asyncio.get_running_loop().time() - began_s < most_s
                await connection.close()
            vanished.cancel()
            with pytest.raises(asyncio.CancelledError):
                await vanished

    run_in_virtual_time(story())


# The turns by themselves.


def test_the_clock_of_a_connection_stands_still_while_it_waits() -> None:
    async def story() -> None:
        turns = ConnectingTurns()

        async def hold(in_turn_s: float, timeout_s: float) -> None:
            async with asyncio.timeout(timeout_s) as limit:
                async with turns.taken(GONE, limit=limit, was_heard=True):
                    await asyncio.sleep(in_turn_s)

        took_s = await timed(asyncio.gather(*(hold(2, 2.5) for _ in range(6))))
        assert took_s == pytest.approx(12)
        with pytest.raises(TimeoutError):
            await hold(2, 1.5)

    run_in_virtual_time(story())


def test_a_turn_that_does_not_come_says_that_the_radio_is_busy() -> None:
    async def story() -> None:
        turns = ConnectingTurns(patience_s=10)

        async def hold(timeout_s: float) -> None:
            async with asyncio.timeout(timeout_s) as limit:
                async with turns.taken(GONE, limit=limit, was_heard=True):
                    await asyncio.sleep(50)

        holding = asyncio.ensure_future(hold(99))
        await asyncio.sleep(1)
        with pytest.raises(TransportError) as caught:
            await hold(1)
        error = caught.value
        assert (error.code, error.reason) == (Code.LINK_TIMEOUT, TransportReason.TIMEOUT)
        assert "busy with other connections" in error.message
        await holding

    run_in_virtual_time(story())


def test_a_first_turn_ends_as_soon_as_it_was_long_enough_and_others_wait() -> None:
    async def story() -> None:
        turns = ConnectingTurns(first_turn_s=4)

        async def call(in_turn_s: float) -> str:
            try:
                async with asyncio.timeout(60) as limit:
                    async with turns.taken(GONE, limit=limit, was_heard=False):
                        await asyncio.sleep(in_turn_s)
            except TurnOverError:
                return "over"
            return "done"

        first = asyncio.ensure_future(call(20))
        await asyncio.sleep(10)  # nobody waits so far
        assert not first.done()
        assert await timed(call(1)) == pytest.approx(1)
        assert await first == "over"
        assert await call(20) == "done"

    run_in_virtual_time(story())


def test_who_stops_waiting_leaves_the_turn_to_the_next() -> None:
    async def story() -> None:
        turns = ConnectingTurns()

        async def hold(in_turn_s: float) -> None:
            async with asyncio.timeout(60) as limit:
                async with turns.taken(GONE, limit=limit, was_heard=True):
                    await asyncio.sleep(in_turn_s)

        first, second, third = (asyncio.ensure_future(hold(3)) for _ in range(3))
        await asyncio.sleep(1)
        second.cancel()
        assert await timed(asyncio.gather(first, third)) == pytest.approx(5)
        assert second.cancelled()

    run_in_virtual_time(story())
