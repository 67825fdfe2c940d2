"""Dumps and traces of different units are not mixed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from firmline import events
from firmline.device.description import gallery_unit
from firmline.device.dump import dump_unit
from firmline.device.fabrication import fabricate
from firmline.diagnosis.autopsy.examination import Autopsy, examine
from firmline.diagnosis.same_unit import of_the_unit
from firmline.events import UnitMode
from firmline.formats.flash.information import FICR
from firmline.formats.trace import Trace
from firmline.values import BleAddress
from unit.diagnosis.autopsy.bodies import without

OWN = "C6:05:04:03:02:C1"


def read(name: str = "worn-page") -> Autopsy:
    """What a dump of a ready unit says; it is named as the unit is."""
    return examine(replace(dump_unit(fabricate(gallery_unit(name))), name=name))


def met(*addresses: str) -> Trace:
    """A trace in which a unit was met under these."""
    return Trace(
        entries=tuple(
            events.Connected(
                at_s=float(at), address=BleAddress.parse(each), mode=UnitMode.APPLICATION, mtu=247
            )
            for at, each in enumerate(addresses)
        )
    )


@pytest.mark.parametrize(
    "heard",
    [
        [OWN],
        ["C6:05:04:03:02:C2"],
        ["C6:05:04:03:02:31", OWN],  # one of them is enough
        ["00:05:04:03:02:31"],  # public: the application has set it
        [],
    ],
)
def test_a_dump_of_the_unit_that_was_met_is_used(heard: list[str]) -> None:
    autopsy = read()
    assert of_the_unit([autopsy], met(*heard)) == ((autopsy,), ())


def test_the_bootloader_of_an_address_that_ends_in_ff() -> None:
    described = replace(gallery_unit("worn-page"), address=BleAddress.parse("C6:05:04:03:02:FF"))
    autopsy = examine(dump_unit(fabricate(described)))
    for bootloader in ("C6:05:04:03:02:00", "C6:05:04:03:03:00"):
        assert of_the_unit([autopsy], met(bootloader)) == ((autopsy,), ())


def test_a_dump_of_another_unit_is_told_and_left_out() -> None:
    used, (note,) = of_the_unit([read()], met("C6:05:04:03:02:31"))
    assert used == ()
    assert "worn-page is of another unit than the trace" in note
    assert OWN in note
    assert "C6:05:04:03:02:31" in note


def test_a_dump_without_ficr_may_be_of_any_unit() -> None:
    dump = without(dump_unit(fabricate(gallery_unit("worn-page"))), FICR, FICR + 0x1000)
    autopsy = examine(dump)
    assert of_the_unit([autopsy, read()], met("C6:05:04:03:02:31"))[0] == (autopsy,)


def test_of_two_dumps_of_two_units_the_first_is_used() -> None:
    first, second = read(), read("weak-coin-cell")
    used, (note,) = of_the_unit([first, second], None)
    assert used == (first,)
    assert "weak-coin-cell is of another unit than worn-page" in note


def test_two_dumps_of_one_unit_are_both_used() -> None:
    twice = [read(), read()]
    assert of_the_unit(twice, None) == (tuple(twice), ())
