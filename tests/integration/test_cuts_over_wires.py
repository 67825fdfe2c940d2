"""A power cut at every flash operation of an update over a UART and over USB.

Over a radio this is told in ``test_recovery``, of the bootloader alone by ``firmline sim cuts``.
Here the real updater is at the other end of the wire, and whoever starts it again.
"""

from __future__ import annotations

import pytest

from firmline import events
from firmline.device.application import GPREGRET_ENTER_DFU
from firmline.device.faults.plan import FaultPlan, PowerCutAt
from firmline.device.profile import PROFILES
from firmline.device.unit import VirtualUnit
from firmline.errors import Code
from firmline.events import Event, Outcome
from firmline.formats.package import Package
from firmline.updater.timeouts import SerialTimeouts, Timeouts
from integration.serial_port import road
from integration.story import Told, package
from integration.usb import bus
from unit.device.makers import describe

pytestmark = [pytest.mark.slow, pytest.mark.sweep]
ONE_OBJECT, FOUR_OBJECTS = package(256), package(12_300)
EVERY_OBJECT_S = 0.001
"""Between two checkpoints: there is one behind every object."""
PARTS = 6
"""Into which the operations are divided, for those who test with several processes."""
QUICK = Timeouts(
    serial=SerialTimeouts(silence_s=2, answer_s=2, erase_s=2, execute_s=4, expect_s=2, replug_s=5),
    return_s=8,
)
OLD_OR_NEW = ("3+", "4+")


def over_uart(profile: str, contents: Package, operation: int) -> Told:
    return road.update(
        road.waiting(PowerCutAt(operation=operation), profile=PROFILES[profile]),
        contents,
        timeouts=QUICK,
        checkpoint_s=EVERY_OBJECT_S,
    )


def over_usb(profile: str, contents: Package, operation: int) -> bus.Told:
    faults = FaultPlan(faults=(PowerCutAt(operation=operation),), seed=1)
    return bus.update(
        bus.plugged(profile=PROFILES[profile], faults=faults),
        contents=contents,
        timeouts=QUICK,
        checkpoint_s=EVERY_OBJECT_S,
    )


def operations_of(profile: str, contents: Package) -> int:
    """Of an update that nothing happens to, from the first saving of settings to the last."""
    usb = profile.endswith("usb")
    told: Told | bus.Told = (over_usb if usb else over_uart)(profile, contents, 1_000_000)
    assert told.result.finished.outcome is Outcome.UPDATED
    return told.unit.board.flash.operations


def assert_alive(unit: VirtualUnit, *, operation: int) -> None:
    logged = [entry.what for entry in unit.log]
    assert logged.count("power_lost") == 1, operation
    assert "boot_loop" not in logged, operation
    revision = unit.firmware_revision
    assert revision is None or revision.startswith(OLD_OR_NEW), operation


def has_begun_afresh(heard: list[Event]) -> bool:
    """Whether the init packet was sent, instead of found."""
    return any(
        isinstance(each, events.ObjectCreated) and each.object_type == "command" for each in heard
    )


def resumed(heard: list[Event]) -> list[int]:
    return [
        each.offset
        for each in heard
        if isinstance(each, events.Resumed) and each.object_type == "data"
    ]


def saved(heard: list[Event]) -> int:
    """Up to where the unit has said that its progress is saved; it saves before it says so."""
    return max((each.offset for each in heard if isinstance(each, events.ProgressSaved)), default=0)


def by_hand(profile: str, contents: Package, unit: VirtualUnit) -> Told:
    """Somebody gets the unit into its bootloader, and starts the update again."""
    flash = unit.board.flash
    return road.update(
        describe(profile=PROFILES[profile], gpregret=GPREGRET_ENTER_DFU),
        contents,
        flash=flash.read(0, flash.size),
    )


def story_over_uart(profile: str, contents: Package, operation: int) -> tuple[Told, Told]:
    told = over_uart(profile, contents, operation)
    assert_alive(told.unit, operation=operation)
    outcome, code = told.result.finished.outcome, told.result.finished.code
    match outcome:
        case Outcome.UPDATED:
            assert told.is_new, operation
        case Outcome.UNVERIFIED:
            assert code == Code.NEW_APPLICATION_NOT_SEEN, operation
        case _:
            assert (outcome, code) == (Outcome.FAILED, Code.LINK_TIMEOUT), operation
            assert not told.is_new, operation
            assert_restart_is_told(told)
    again = by_hand(profile, contents, told.unit)
    assert again.result.finished.outcome is Outcome.UPDATED, operation
    assert again.is_new, operation
    return told, again


def assert_restart_is_told(told: Told) -> None:
    """Its old application printed its greeting while the answer was still waited for."""
    texts = [each.text for each in told.heard if isinstance(each, events.TextHeard)]
    assert texts == [f"firmline virtual application {told.unit.firmware_revision}"]
    assert told.result.error is not None
    assert "It was reset or has lost its power" in (told.result.error.hint or "")


def story_over_usb(profile: str, contents: Package, operation: int) -> bus.Told:
    """The unit is asked into its bootloader again by the same run."""
    told = over_usb(profile, contents, operation)
    assert_alive(told.unit, operation=operation)
    before_commit = told.ended == (Outcome.UNVERIFIED, Code.SAME_APPLICATION_SEEN)
    assert told.is_new is not before_commit, operation
    assert before_commit or told.ended == (Outcome.UPDATED, ""), operation
    if before_commit:
        flash = told.unit.board.flash
        again = bus.update(
            bus.plugged(profile=PROFILES[profile]),
            contents=contents,
            flash=flash.read(0, flash.size),
        )
        assert (again.ended, again.is_new) == ((Outcome.UPDATED, ""), True), operation
    return told


@pytest.mark.parametrize("part", range(PARTS))
def test_at_every_operation_over_a_uart(part: int) -> None:
    outcomes = set()
    for operation in range(1 + part, operations_of("sdk15.3-uart", ONE_OBJECT) + 1, PARTS):
        told, _ = story_over_uart("sdk15.3-uart", ONE_OBJECT, operation)
        outcomes.add(told.result.finished.outcome)
    assert outcomes == {Outcome.UPDATED, Outcome.UNVERIFIED, Outcome.FAILED}


@pytest.mark.parametrize("part", range(PARTS))
def test_at_every_operation_over_usb(part: int) -> None:
    outcomes = set()
    for operation in range(1 + part, operations_of("sdk15.3-usb", ONE_OBJECT) + 1, PARTS):
        outcomes.add(story_over_usb("sdk15.3-usb", ONE_OBJECT, operation).ended[0])
    assert outcomes == {Outcome.UPDATED.value, Outcome.UNVERIFIED.value}


@pytest.mark.parametrize("profile", [name for name in PROFILES if name.endswith("uart")])
def test_what_was_saved_before_the_cut_is_not_sent_again_over_a_uart(profile: str) -> None:
    goes_on = 0
    for operation in range(1, operations_of(profile, FOUR_OBJECTS) + 1, 97):
        told, again = story_over_uart(profile, FOUR_OBJECTS, operation)
        if told.result.finished.outcome is Outcome.FAILED and saved(told.heard):
            assert resumed(again.heard)[0] >= saved(told.heard), operation
            assert not has_begun_afresh(again.heard), operation
            goes_on += 1
    assert goes_on


@pytest.mark.parametrize("profile", [name for name in PROFILES if name.endswith("usb")])
def test_what_was_saved_before_the_cut_is_not_sent_again_over_usb(profile: str) -> None:
    goes_on = 0
    for operation in range(1, operations_of(profile, FOUR_OBJECTS) + 1, 97):
        told = story_over_usb(profile, FOUR_OBJECTS, operation)
        cut = next((n for n, each in enumerate(told.heard) if isinstance(each, events.LinkLost)), 0)
        sent = any(isinstance(each, events.ImageSent) for each in told.heard[:cut])
        if not sent and saved(told.heard[:cut]):
            assert resumed(told.heard[cut:])[0] >= saved(told.heard[:cut]), operation
            assert not has_begun_afresh(told.heard[cut:]), operation
            goes_on += 1
    assert goes_on
