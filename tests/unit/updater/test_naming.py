"""Looking for a unit by its name: found, not found, several, and a radio that fails."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from firmline.errors import Code, TransportError, TransportReason
from firmline.links.base import Sighting
from firmline.protocol.buttonless import NAME_MAX_SIZE
from firmline.updater.radio.naming import find_named, fresh_name
from firmline.values import BleAddress
from unit.updater.fakes import FakeLink, transport_error

Hear = Callable[[Sighting], None]


def sighting(last: int, name: str = "Tag") -> Sighting:
    address = BleAddress(bytes([0xC0, 0, 0, 0, 0, last]))
    return Sighting(address=address, name=name, services=frozenset(), rssi_dbm=None)


class Air(FakeLink):
    """A road on which things are heard at times of the test's choice."""

    def __init__(self, *heard: tuple[float, Sighting | TransportError]) -> None:
        super().__init__(unit=None)
        self._heard_in = heard
        self.stopped = False

    async def scan(self, *, duration_s: float, seen: Hear) -> None:
        try:
            async with asyncio.timeout(duration_s):
                for wait_s, what in self._heard_in:
                    await asyncio.sleep(wait_s)
                    if isinstance(what, TransportError):
                        raise what
                    seen(what)
                await asyncio.Event().wait()
        except TimeoutError:
            pass
        finally:
            self.stopped = True


async def test_the_search_ends_with_the_first_who_has_the_name() -> None:
    air = Air((0, sighting(1, "Other")), (0, sighting(2)), (60, sighting(3)))
    found = await find_named(air, "Tag", timeout_s=30)
    assert found == sighting(2)
    assert air.stopped


async def test_somebody_heard_twice_is_one_unit() -> None:
    air = Air((0, sighting(2)), (0, sighting(2)))
    assert await find_named(air, "Tag", timeout_s=30, settle_s=0.02) == sighting(2)


@pytest.mark.slow
async def test_a_second_unit_that_is_heard_a_little_later_is_noticed() -> None:
    air = Air((0, sighting(2)), (0.01, sighting(3)))
    with pytest.raises(TransportError) as caught:
        await find_named(air, "Tag", timeout_s=30, settle_s=0.2)
    assert caught.value.code is Code.UNIT_AMBIGUOUS
    assert caught.value.context["addresses"] == ["C0:00:00:00:00:02", "C0:00:00:00:00:03"]


async def test_nobody_is_found_in_time() -> None:
    air = Air((0, sighting(1, "Tag2")))
    with pytest.raises(TransportError) as caught:
        await find_named(air, "Tag", timeout_s=0.02)
    assert caught.value.code is Code.UNIT_NOT_FOUND
    assert air.stopped


@pytest.mark.parametrize("before", [(), ((0, sighting(2)),)], ids=["at once", "while settling"])
async def test_a_radio_that_fails_says_so(before: tuple[tuple[float, Sighting], ...]) -> None:
    air = Air(*before, (0, transport_error(TransportReason.NOT_AVAILABLE)))
    with pytest.raises(TransportError) as caught:
        await find_named(air, "Tag", timeout_s=30, settle_s=0.5)
    assert caught.value.code is Code.LINK_NOT_AVAILABLE


async def test_a_search_that_is_cancelled_leaves_no_scan_behind() -> None:
    air = Air()
    search = asyncio.create_task(find_named(air, "Tag", timeout_s=30))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    search.cancel()
    with pytest.raises(asyncio.CancelledError):
        await search
    assert air.stopped
    assert asyncio.all_tasks() == {asyncio.current_task()}


def test_drawn_names_differ_and_fit_into_the_service() -> None:
    names = {fresh_name() for _ in range(100)}
    assert len(names) == 100
    assert {len(name.encode()) for name in names} == {16}
    assert max(len(name.encode()) for name in names) <= NAME_MAX_SIZE
