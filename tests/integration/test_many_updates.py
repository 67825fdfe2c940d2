"""Many units at once over one radio, in virtual time: none disturbs another.

With a step of 1 between their addresses each unit's bootloader has the address of the next one's
application, as on a real line.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from itertools import cycle

import pytest

from firmline import events
from firmline.device.description import UnitDescription
from firmline.device.fabrication import fabricate, physics_of
from firmline.device.faults.plan import Fault, FaultPlan, LinkLoss, LostPackets, PowerCutAt
from firmline.device.unit import VirtualUnit
from firmline.errors import Code
from firmline.events import Event, Outcome
from firmline.links.base import Link
from firmline.links.bluetooth.link import BluetoothLink
from firmline.links.open_many import prn_for
from firmline.links.virtual_radio import open_virtual_radio
from firmline.links.virtual_radio.radio import VirtualRadio
from firmline.links.virtual_time import run_in_virtual_time
from firmline.protocol.pacing import AHEAD, FOR_BLUETOOTH
from firmline.updater.many import update_all
from firmline.updater.update import Update, UpdateResult, plan_for
from firmline.values import AdvertisedName, BleAddress
from integration.bluetooth.bleak_over_bumble import Computer
from integration.story import package
from unit.device.makers import OTHER_KEY, describe

pytestmark = pytest.mark.slow
SIZE = 16_384
LATEST = 1.25
"""Of equal units the last is at its end no later than this times the first: they connect one after
the other, and over Bleak that includes the discovery of their services."""


def units(count: int, *, step: int = 2) -> list[UnitDescription]:
    """As many as said; with a step of 2 there is room for a bootloader between two of them."""
    first = int.from_bytes(bytes.fromhex("C60504030000"))
    return [
        replace(
            describe(),
            name=f"unit-{index}",
            serial_number=f"S-{index}",
            address=BleAddress((first + step * index).to_bytes(6)),
        )
        for index in range(count)
    ]


async def over_controller(radio: VirtualRadio) -> Link:
    """A controller of ours."""
    return await radio.open_link()


async def over_bluetooth(radio: VirtualRadio) -> Link:
    """The computer's own Bluetooth."""
    return BluetoothLink(stack=Computer(radio=radio).stack)


OpenLink = Callable[[VirtualRadio], Awaitable[Link]]
EVERY_LINK = pytest.mark.parametrize("opening", [over_controller, over_bluetooth])


async def placed(
    radio: VirtualRadio,
    units: Sequence[VirtualUnit],
    heard: Sequence[list[Event]],
    *,
    links: Sequence[Link],
    vanishing: Sequence[int] = (),
    by_name: bool = False,
) -> list[Update]:
    """Updates of units that are in one air, over these radios in turn.

    Args:
        radio: The air.
        units: Switched off so far.
        heard: The stream of each.
        links: The first unit is reached over the first of them, the second over the next.
        vanishing: Who vanishes, for good, once its bootloader was seen.
        by_name: The units are known by what they advertise.
    """
    content = package(SIZE)
    peripherals = []
    for unit in units:
        unit.power_on(now_s=radio.now_s())
        peripherals.append(radio.add_unit(unit))
    leaving: dict[int, asyncio.Task[None]] = {}

    def report_of(index: int) -> Callable[[Event], None]:
        bootloader = units[index].address.plus_one()

        def hear(event: Event) -> None:
            heard[index].append(event)
            is_there = isinstance(event, events.UnitSeen) and event.address == bootloader
            if is_there and index in vanishing and index not in leaving:
                leaving[index] = asyncio.create_task(peripherals[index].close())

        return hear

    return [
        Update(
            plan_for(
                content,
                b"",
                package_name="update.zip",
                unit_name=unit.name,
                pin=AdvertisedName(unit.name) if by_name else unit.address,
                pacing=AHEAD if link.capabilities.flow_control else FOR_BLUETOOTH,
                prn=prn_for(link.capabilities),
            ),
            link=link,
            report=report_of(index),
        )
        for index, (unit, link) in enumerate(zip(units, cycle(links), strict=False))
    ]


class Shift:
    """What came of it.

    Args:
        descriptions: The units.
        radios: What opens the link of each radio that they are reached over.
        vanishing: Who vanishes, for good, once its bootloader was seen.
        by_name: The units are known by what they advertise.
    """

    def __init__(
        self,
        descriptions: Sequence[UnitDescription],
        *,
        radios: Sequence[OpenLink] = (over_controller,),
        vanishing: Sequence[int] = (),
        by_name: bool = False,
    ) -> None:
        self._radios = radios
        self._by_name = by_name
        self._vanishing = vanishing
        self.units: list[VirtualUnit] = [
            fabricate(one, physics=physics_of(one)) for one in descriptions
        ]
        self.heard: list[list[Event]] = [[] for _ in descriptions]
        self.results: list[UpdateResult] = run_in_virtual_time(self._story())

    async def _story(self) -> list[UpdateResult]:
        radio = open_virtual_radio(timed=True)
        try:
            links = [await opening(radio) for opening in self._radios]
            updates = await placed(
                radio,
                self.units,
                self.heard,
                links=links,
                vanishing=self._vanishing,
                by_name=self._by_name,
            )
            results = await update_all(updates)
            for link in links:
                await link.close()
            return results
        finally:
            await radio.close()

    @property
    def outcomes(self) -> list[Outcome]:
        return [result.finished.outcome for result in self.results]

    @property
    def ends_s(self) -> list[float]:
        """When each was at its end, counted from the first event of all."""
        begin_s = min(heard[0].at_s for heard in self.heard)
        return [heard[-1].at_s - begin_s for heard in self.heard]

    def runs(self, index: int) -> str:
        """The last that a unit's application said of itself."""
        seen = [e for e in self.heard[index] if isinstance(e, events.ApplicationSeen)]
        return seen[-1].information["firmware_revision"]


STEPS = pytest.mark.parametrize("step", [1, 2])


@STEPS
def test_32_units_are_updated_at_once_each_in_a_stream_of_its_own(step: int) -> None:
    shift = Shift(units(32, step=step))
    assert shift.outcomes == [Outcome.UPDATED] * 32
    for index, heard in enumerate(shift.heard):
        addresses = {e.address for e in heard if isinstance(e, events.Connected)}
        own = shift.units[index].address
        assert own in addresses
        assert addresses <= {own, own.plus_one()}
        times = [event.at_s for event in heard]
        assert times == sorted(times)
        assert isinstance(heard[-1], events.UpdateFinished)


def test_together_they_take_hardly_longer_than_one_alone() -> None:
    alone, together = Shift(units(1)), Shift(units(8))
    longest_s = max(result.finished.duration_s for result in together.results)
    assert longest_s < 1.5 * alone.results[0].finished.duration_s


def test_of_a_row_every_other_unit_is_updated_at_once_and_then_the_rest() -> None:
    shift = Shift(units(8, step=1))
    waited = [
        [e.address for e in heard if isinstance(e, events.NeighbourAwaited)]
        for heard in shift.heard
    ]
    assert all(not addresses for addresses in waited[::2])
    for index, addresses in enumerate(waited[1::2]):
        own = shift.units[2 * index + 1].address
        assert own in addresses
        assert set(addresses) <= {own, own.plus_one()}
    # Its duration is its own: the wait is none of it.
    durations = [result.finished.duration_s for result in shift.results]
    assert max(durations) < 1.5 * min(durations)
    ends = [heard[-1].at_s for heard in shift.heard]
    assert max(ends) - shift.heard[0][0].at_s < 2.5 * max(durations)


@pytest.mark.parametrize(
    "fault", [LinkLoss(after_packets=60), PowerCutAt(operation=1500), PowerCutAt(operation=1)]
)
@pytest.mark.parametrize("index", [0, 1, 2])
def test_in_a_row_a_unit_recovers_beside_its_neighbours(index: int, fault: Fault) -> None:
    descriptions = units(3, step=1)
    descriptions[index] = replace(descriptions[index], faults=FaultPlan(faults=(fault,)))
    shift = Shift(descriptions)
    assert shift.outcomes == [Outcome.UPDATED] * 3
    assert any(isinstance(event, events.LadderStepped) for event in shift.heard[index])
    assert all(shift.runs(each).startswith("4+") for each in range(3))


def test_updates_that_are_interrupted_in_their_turn_or_before_it_all_end_their_streams() -> None:
    heard: list[list[Event]] = [[] for _ in range(4)]

    async def story() -> None:
        radio = open_virtual_radio(timed=True)
        try:
            made = [fabricate(one, physics=physics_of(one)) for one in units(4, step=1)]
            links = [await radio.open_link()]
            updates = await placed(radio, made, heard, links=links)
            running = asyncio.ensure_future(update_all(updates))
            await asyncio.sleep(5)
            running.cancel()
            with pytest.raises(asyncio.CancelledError):
                await running
        finally:
            await radio.close()

    run_in_virtual_time(story())
    for each in heard:
        last = each[-1]
        assert isinstance(last, events.UpdateFinished)
        assert last.code == Code.INTERRUPTED
    for each in heard[1::2]:
        assert any(isinstance(event, events.NeighbourAwaited) for event in each)
        assert not any(isinstance(event, events.Searching) for event in each)


@STEPS
def test_units_with_troubles_of_their_own_disturb_no_other(step: int) -> None:
    descriptions = units(8, step=step)
    descriptions[1] = replace(descriptions[1], public_key=OTHER_KEY.public_key)
    descriptions[3] = replace(descriptions[3], faults=FaultPlan(faults=(LinkLoss(),)))
    descriptions[5] = replace(
        descriptions[5], faults=FaultPlan(faults=(LostPackets(first=20, every=30),))
    )
    descriptions[6] = replace(
        descriptions[6], faults=FaultPlan(faults=(PowerCutAt(operation=1500),))
    )
    shift = Shift(descriptions)
    outcomes = shift.outcomes
    assert outcomes[1] is Outcome.REFUSED
    assert [outcomes[index] for index in (0, 2, 4, 7)] == [Outcome.UPDATED] * 4
    assert [outcomes[index] for index in (3, 5, 6)] == [Outcome.UPDATED] * 3
    assert [shift.runs(index).split("+")[0] for index in range(8)] == list("43444444")


@EVERY_LINK
def test_units_that_vanish_in_their_jump_end_no_other(opening: OpenLink) -> None:
    shift = Shift(units(8), radios=[opening], vanishing=[0, 1, 2])
    assert shift.outcomes == [*[Outcome.FAILED] * 3, *[Outcome.UPDATED] * 5]
    assert {result.finished.code for result in shift.results[:3]} == {Code.UNIT_NOT_FOUND}
    others = shift.heard[3:]
    assert not any(isinstance(e, events.LadderStepped) for heard in others for e in heard)


@EVERY_LINK
def test_neighbours_that_are_known_by_their_names_take_turns_too(opening: OpenLink) -> None:
    shift = Shift(units(4, step=1), radios=[opening], by_name=True)
    assert shift.outcomes == [Outcome.UPDATED] * 4
    met = 0
    for index, heard in enumerate(shift.heard):
        own = shift.units[index].address
        addresses = {e.address for e in heard if isinstance(e, events.Connected)}
        assert addresses == {own, own.plus_one()}
        met += any(isinstance(event, events.NeighbourAwaited) for event in heard)
    assert met


# Fair.


@EVERY_LINK
@pytest.mark.parametrize("count", [4, 12])
def test_of_equal_units_none_ends_long_after_the_others(opening: OpenLink, count: int) -> None:
    shift = Shift(units(count), radios=[opening])
    assert shift.outcomes == [Outcome.UPDATED] * count
    ends_s = shift.ends_s
    assert max(ends_s) < LATEST * min(ends_s)


@pytest.mark.parametrize("second", [over_controller, over_bluetooth])
def test_units_are_updated_over_two_radios_at_once(second: OpenLink) -> None:
    shift = Shift(units(8), radios=[over_controller, second])
    assert shift.outcomes == [Outcome.UPDATED] * 8
    for index in range(8):
        assert shift.runs(index).startswith("4+")
    ends_s = shift.ends_s
    for radio in (ends_s[::2], ends_s[1::2]):
        assert max(radio) < LATEST * min(radio)
