"""Many units at once over one radio, in virtual time: none disturbs another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from firmline import events
from firmline.device.description import UnitDescription
from firmline.device.fabrication import fabricate, physics_of
from firmline.device.faults.plan import FaultPlan, LinkLoss, LostPackets, PowerCutAt
from firmline.device.synthetic import synthetic_bytes
from firmline.device.unit import VirtualUnit
from firmline.events import Event, Outcome
from firmline.formats.firmware import FirmwareImage
from firmline.formats.package import Package
from firmline.formats.package_build import PackageSpec, build_package
from firmline.links.virtual_radio import open_virtual_radio
from firmline.links.virtual_time import run_in_virtual_time
from firmline.protocol.pacing import AHEAD
from firmline.updater.many import update_all
from firmline.updater.update import Update, UpdateResult, plan_for
from firmline.values import BleAddress, Fwid, FwVersion
from unit.device.makers import FWID, KEY, OTHER_KEY, describe

pytestmark = pytest.mark.slow
SIZE = 16_384


def package() -> Package:
    image = FirmwareImage(
        data=synthetic_bytes("one of many", SIZE), address=None, source_name="app.bin"
    )
    return build_package(
        PackageSpec(
            application=image,
            hw_version=52,
            application_version=FwVersion(4),
            sd_req=(Fwid(FWID),),
            signing_key=KEY,
        )
    )


def units(count: int) -> list[UnitDescription]:
    """As many as said, each with room for its bootloader's address before the next one's."""
    first = int.from_bytes(bytes.fromhex("C60504030000"))
    return [
        replace(
            describe(),
            name=f"unit-{index}",
            serial_number=f"S-{index}",
            address=BleAddress((first + 2 * index).to_bytes(6)),
        )
        for index in range(count)
    ]


class Shift:
    """What came of it."""

    def __init__(self, descriptions: Sequence[UnitDescription]) -> None:
        self.units: list[VirtualUnit] = [
            fabricate(one, physics=physics_of(one)) for one in descriptions
        ]
        self.heard: list[list[Event]] = [[] for _ in descriptions]
        self.results: list[UpdateResult] = run_in_virtual_time(self._story())

    async def _story(self) -> list[UpdateResult]:
        radio = open_virtual_radio(timed=True)
        content = package()
        try:
            for unit in self.units:
                unit.power_on(now_s=radio.now_s())
                radio.add_unit(unit)
            link = await radio.open_link()
            return await update_all(
                [
                    Update(
                        plan_for(
                            content,
                            b"",
                            package_name="update.zip",
                            unit_name=unit.name,
                            pin=unit.address,
                            pacing=AHEAD,
                        ),
                        link=link,
                        report=heard.append,
                    )
                    for unit, heard in zip(self.units, self.heard, strict=True)
                ]
            )
        finally:
            await radio.close()

    @property
    def outcomes(self) -> list[Outcome]:
        return [result.finished.outcome for result in self.results]

    def runs(self, index: int) -> str:
        """The last that a unit's application said of itself."""
        seen = [e for e in self.heard[index] if isinstance(e, events.ApplicationSeen)]
        return seen[-1].information["firmware_revision"]


def test_32_units_are_updated_at_once_each_in_a_stream_of_its_own() -> None:
    shift = Shift(units(32))
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


def test_units_with_troubles_of_their_own_disturb_no_other() -> None:
    descriptions = units(8)
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
    for index in (3, 5, 6):
        assert outcomes[index] in {Outcome.UPDATED, Outcome.UNVERIFIED}
        assert shift.runs(index).startswith("4+")
    assert shift.runs(1).startswith("1+") or not shift.runs(1).startswith("4+")
