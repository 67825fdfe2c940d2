"""The answer to the last EXECUTE over a wire: lost, damaged, doubled, late, or a false refusal.

A serial line has no checksum, and its bootloader stands still for its flash. So any answer may be
wrong, but no question reaches a unit between its verdict and its reset: none is ended by a host
that asks too early, and this is where that is shown.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest

from firmline import events
from firmline.device.application import GPREGRET_ENTER_DFU
from firmline.device.bootloader.objects import ObjectHandler
from firmline.device.bootloader.prevalidation import RefusalError
from firmline.device.faults.plan import (
    CorruptedPackets,
    DelayedPackets,
    Direction,
    DuplicatedPackets,
    Fault,
    FaultPlan,
    LostPackets,
)
from firmline.device.profile import PROFILES
from firmline.device.unit import VirtualUnit
from firmline.errors import Code
from firmline.events import Event, Outcome, UnitMode
from firmline.formats.package import Package
from firmline.protocol.answers import AnswerBody
from firmline.protocol.codes import ResultCode
from firmline.values import FwVersion
from integration.serial_port import road
from integration.story import package
from integration.usb import bus
from unit.device.makers import describe

pytestmark = pytest.mark.slow
WIRED = [name for name, profile in PROFILES.items() if not profile.is_ble]
OBJECT = 4096
SIZES = [OBJECT, 2 * OBJECT, 4 * OBJECT + 4, 20_000]
TURNS = range(16)
"""Seeds: each turns another bit of the answer."""
THE_NEXT = "virtual application 5+"


@dataclass(frozen=True)
class Ended:
    """How an update over a wire ended."""

    outcome: Outcome
    code: str
    heard: list[Event]
    unit: VirtualUnit
    size: int

    @property
    def is_new(self) -> bool:
        return (self.unit.firmware_revision or "").startswith("4+")

    def count(self, kind: type[Event]) -> int:
        return sum(isinstance(event, kind) for event in self.heard)

    @property
    def last_answer(self) -> int:
        """The number of the answer to the last EXECUTE."""
        end = next(n for n, event in enumerate(self.heard) if isinstance(event, events.ImageSent))
        return sum(isinstance(event, events.AnswerReceived) for event in self.heard[:end])


def sent_to(
    profile: str,
    size: int,
    *faults: Fault,
    seed: int = 1,
    prn: int = 0,
    contents: Package | None = None,
) -> Ended:
    """An image of this size, to a unit that waits in its bootloader, or has a trigger (USB)."""
    plan = FaultPlan(faults=faults, seed=seed)
    contents = contents or package(size)
    if profile.endswith("usb"):
        over_usb = bus.update(
            bus.plugged(profile=PROFILES[profile], faults=plan), contents=contents, prn=prn
        )
        finished, heard, unit = over_usb.result.finished, over_usb.heard, over_usb.unit
    else:
        waits = road.waiting(*faults, seed=seed, profile=PROFILES[profile])
        told = road.update(waits, contents, prn=prn)
        finished, heard, unit = told.result.finished, told.heard, told.unit
    return Ended(finished.outcome, finished.code, heard, unit, size)


def assert_whole(ended: Ended, profile: str, *, context: object = None) -> None:
    """The unit lives, no success is false, and it takes the next package when it is asked to."""
    logged = [entry.what for entry in ended.unit.log]
    assert "boot_loop" not in logged, context
    assert "buffer_lost" not in logged, context
    assert ended.outcome is not Outcome.UPDATED or ended.is_new, context
    flash = ended.unit.board.flash
    content = flash.read(0, flash.size)
    after = package(seed="the one after", application_version=FwVersion(5))
    if profile.endswith("usb"):
        usb = bus.update(bus.plugged(profile=PROFILES[profile]), contents=after, flash=content)
        assert usb.ended == (Outcome.UPDATED, ""), context
    else:
        by_hand = describe(profile=PROFILES[profile], gpregret=GPREGRET_ENTER_DFU)
        uart = road.update(by_hand, after, expect=THE_NEXT, flash=content)
        assert uart.result.finished.outcome is Outcome.UPDATED, context


def is_honest_about(ended: Ended, profile: str) -> bool:
    """Over USB the unit is asked again; behind a UART nobody can be, so it is left open."""
    if profile.endswith("usb"):
        return ended.outcome is Outcome.UPDATED
    return (ended.outcome, ended.code) == (Outcome.UNVERIFIED, Code.NEW_APPLICATION_NOT_SEEN)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("profile", WIRED)
def test_a_last_answer_that_is_lost(profile: str, size: int) -> None:
    last = sent_to(profile, size).last_answer
    ended = sent_to(profile, size, LostPackets(first=last, direction=Direction.FROM_UNIT))
    assert is_honest_about(ended, profile)
    assert ended.is_new
    assert_whole(ended, profile)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("profile", WIRED)
def test_a_last_answer_that_comes_too_late(profile: str, size: int) -> None:
    last = sent_to(profile, size).last_answer
    late = DelayedPackets(first=last, delay_s=15, direction=Direction.FROM_UNIT)
    ended = sent_to(profile, size, late)
    assert is_honest_about(ended, profile)
    assert_whole(ended, profile)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("profile", WIRED)
def test_a_last_answer_that_comes_twice(profile: str, size: int) -> None:
    last = sent_to(profile, size).last_answer
    ended = sent_to(profile, size, DuplicatedPackets(first=last, direction=Direction.FROM_UNIT))
    assert (ended.outcome, ended.is_new) == (Outcome.UPDATED, True)
    assert ended.count(events.ImageSent) == 1
    assert_whole(ended, profile)


@pytest.mark.parametrize("prn", [0, 4])
@pytest.mark.parametrize("size", [OBJECT, 4 * OBJECT + 4])
@pytest.mark.parametrize("profile", WIRED)
def test_a_last_answer_with_a_turned_bit(profile: str, size: int, prn: int) -> None:
    last = sent_to(profile, size, prn=prn).last_answer
    damage = CorruptedPackets(first=last, direction=Direction.FROM_UNIT)
    refused = 0
    for seed in TURNS:
        ended = sent_to(profile, size, damage, seed=seed, prn=prn)
        refused += ended.count(events.Refused)
        assert is_honest_about(ended, profile), seed
        assert ended.is_new, seed
        assert_whole(ended, profile, context=seed)
    assert refused, "no bit made a refusal of a success"


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("profile", WIRED)
def test_a_last_execute_whose_success_arrived_as_a_refusal(
    profile: str, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    once(monkeypatch, "finish", size, behind=True)
    ended = sent_to(profile, size)
    assert is_honest_about(ended, profile)
    assert ended.is_new
    monkeypatch.undo()
    assert_whole(ended, profile)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("profile", WIRED)
def test_a_last_execute_that_was_not_permitted_is_said_again(
    profile: str, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    once(monkeypatch, "take_over", size, behind=False)
    ended = sent_to(profile, size)
    assert (ended.outcome, ended.is_new) == (Outcome.UPDATED, True)
    assert ended.count(events.ImageSent) == 1
    assert ended.count(events.SessionRepeated) == 1
    assert_whole(ended, profile)


def once(monkeypatch: pytest.MonkeyPatch, name: str, size: int, *, behind: bool) -> None:
    """The last EXECUTE is answered with 08, once: before it was carried out, or behind that."""
    carry_out: Callable[[ObjectHandler], AnswerBody] = getattr(ObjectHandler, name)
    left = [1]

    def answer(objects: ObjectHandler) -> AnswerBody:
        is_last = objects._store.ram.image_offset == size
        body = carry_out(objects) if behind or not (is_last and left[0]) else None
        if is_last and left[0]:
            left[0] -= 1
            raise RefusalError(ResultCode.OPERATION_NOT_PERMITTED)
        assert body is not None
        return body

    monkeypatch.setattr(ObjectHandler, name, answer)


@pytest.mark.parametrize("profile", [name for name in WIRED if name.endswith("uart")])
def test_a_verdict_on_the_image_is_the_unit_s_word(profile: str) -> None:
    contents = package()
    (image,) = contents.images
    turned = bytes([image.firmware[0] ^ 1]) + image.firmware[1:]
    spoiled = replace(contents, images=(replace(image, firmware=turned),))
    ended = sent_to(profile, len(image.firmware), contents=spoiled)
    assert (ended.outcome, ended.code) == (Outcome.REFUSED, Code.REFUSED_VERIFICATION)
    assert not ended.is_new


@pytest.mark.parametrize("profile", [name for name in WIRED if name.endswith("uart")])
def test_a_refusal_behind_which_the_unit_is_silent_is_told_as_what_it_may_be(profile: str) -> None:
    """The first seed that makes a refusal of the success."""
    last = sent_to(profile, OBJECT).last_answer
    damage = CorruptedPackets(first=last, direction=Direction.FROM_UNIT)
    every = (sent_to(profile, OBJECT, damage, seed=seed) for seed in TURNS)
    ended = next(one for one in every if one.count(events.Refused))
    finished = ended.heard[-1]
    assert isinstance(finished, events.UpdateFinished)
    assert "arrived as a refusal (result" in finished.message
    assert "an application says 'firmline virtual application 4+" in finished.message
    assert ended.count(events.TextHeard) == 1
    assert ended.unit.mode is UnitMode.APPLICATION
