"""Turns: nobody has an address that another one has, and everybody's turn comes."""

from __future__ import annotations

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from firmline.updater.turns import Turns, addresses_of
from firmline.values import AdvertisedName, BleAddress, PeripheralId

BASE = BleAddress.parse("C6:05:04:03:02:00")


def at(last: int) -> BleAddress:
    return BleAddress(BASE.octets[:5] + bytes([last]))


def test_a_unit_has_its_own_address_and_its_bootloaders() -> None:
    assert addresses_of(at(7)) == (at(7), at(8))


def test_at_the_end_of_the_row_the_order_is_the_same_for_all() -> None:
    assert addresses_of(at(0xFF)) == (at(0), at(0xFF))


def test_where_no_address_is_known_nobody_waits() -> None:
    nobody_knows = PeripheralId.parse("00001800-0000-1000-8000-00805F9B34FB")
    for pin in (None, AdvertisedName("Tag"), nobody_knows):
        assert addresses_of(pin) == ()


async def test_who_waits_is_told_for_which_address_and_the_failure_of_one_ends_its_turn() -> None:
    turns, waited = Turns(), list[BleAddress]()
    first, second = addresses_of(at(1)), addresses_of(at(2))

    async def wait() -> None:
        async with turns.taken(second, waiting=waited.append):
            pass

    waiting: asyncio.Task[None] | None = None
    try:
        async with turns.taken(first, waiting=waited.append):
            assert not waited
            waiting = asyncio.create_task(wait())
            await asyncio.sleep(0)
            assert not waiting.done()
            raise ValueError  # noqa: TRY301 - a turn that fails
    except ValueError:
        pass
    assert waiting is not None
    await waiting
    assert waited == [at(2)]


async def test_who_is_cancelled_while_it_waits_keeps_nobody_waiting() -> None:
    turns = Turns()

    async def take(last: int) -> None:
        async with turns.taken(addresses_of(at(last)), waiting=lambda _address: None):
            pass

    async with turns.taken(addresses_of(at(2)), waiting=lambda _address: None):
        waiting = asyncio.create_task(take(1))  # has 1, waits for 2
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        await asyncio.wait_for(take(0), 1)
    await asyncio.wait_for(take(1), 1)


@given(st.lists(st.integers(0, 255), min_size=1, max_size=40, unique=True))
def test_any_units_all_have_their_turn_and_no_address_has_two(lasts: list[int]) -> None:
    has: set[BleAddress] = set()
    done: list[int] = []

    async def have_turn(turns: Turns, last: int) -> None:
        addresses = addresses_of(at(last))
        async with turns.taken(addresses, waiting=lambda _address: None):
            assert has.isdisjoint(addresses)
            has.update(addresses)
            await asyncio.sleep(0)
            has.difference_update(addresses)
            done.append(last)

    async def all_of_them() -> None:
        turns = Turns()
        await asyncio.wait_for(asyncio.gather(*(have_turn(turns, last) for last in lasts)), 5)

    asyncio.run(all_of_them())
    assert sorted(done) == sorted(lasts)
