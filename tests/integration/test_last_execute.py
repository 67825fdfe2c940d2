"""The last EXECUTE answered with 08: no image is at its end before the unit has said so.

No fault of the virtual unit makes this answer, so its bootloader is given one here: either it does
not take what it has, or it has taken it and the answer was changed on its way.
"""

from __future__ import annotations

import pytest

from firmline import events
from firmline.device.bootloader.objects import ObjectHandler
from firmline.device.bootloader.prevalidation import RefusalError
from firmline.device.profile import PROFILES
from firmline.events import Outcome, UnitMode
from firmline.protocol.answers import AnswerBody
from firmline.protocol.codes import ResultCode
from firmline.protocol.pacing import AHEAD, FOR_BLUETOOTH, Pacing
from integration.story import Told, package, update
from unit.device.makers import BANK_0, describe

pytestmark = pytest.mark.slow
BLE = [name for name, profile in PROFILES.items() if profile.is_ble]
PACINGS = [pytest.param(FOR_BLUETOOTH, id="step-by-step"), pytest.param(AHEAD, id="ahead")]
OBJECT = 4096
SIZES = [OBJECT, 4 * OBJECT, 4 * OBJECT + 4, 20_000]
NO = RefusalError(ResultCode.OPERATION_NOT_PERMITTED)


def told_of(size: int, *, profile: str, pacing: Pacing) -> Told:
    return update(describe(profile=PROFILES[profile]), package(size), pacing=pacing)


def is_new(told: Told, size: int) -> bool:
    return told.unit.board.flash.read(BANK_0, size) == package(size).images[0].firmware


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("pacing", PACINGS)
@pytest.mark.parametrize("profile", BLE)
@pytest.mark.parametrize("size", SIZES)
def test_a_last_execute_that_was_not_permitted_is_said_again(
    size: int, profile: str, pacing: Pacing, times: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = [times]
    take_over = ObjectHandler.take_over

    def refuse(objects: ObjectHandler) -> AnswerBody:
        if left[0] and objects._store.ram.image_offset == size:
            left[0] -= 1
            raise NO
        return take_over(objects)

    monkeypatch.setattr(ObjectHandler, "take_over", refuse)
    told = told_of(size, profile=profile, pacing=pacing)
    assert told.result.finished.outcome is Outcome.UPDATED, told.result.finished.message
    assert told.count(events.Refused) == times
    assert told.count(events.ImageSent) == 1
    assert "buffer_lost" not in told.logged
    assert is_new(told, size)


@pytest.mark.parametrize("pacing", PACINGS)
@pytest.mark.parametrize("profile", BLE)
@pytest.mark.parametrize("size", SIZES)
def test_a_last_execute_whose_success_arrived_as_a_refusal_is_followed_by_its_reset(
    size: int, profile: str, pacing: Pacing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A unit that is asked anything before that saves new progress, and may never start again."""
    finish = ObjectHandler.finish
    left = [1]

    def spoil(objects: ObjectHandler) -> AnswerBody:
        is_last = objects._store.ram.image_offset == size
        body = finish(objects)
        if is_last and left[0]:
            left[0] -= 1
            raise NO
        return body

    monkeypatch.setattr(ObjectHandler, "finish", spoil)
    told = told_of(size, profile=profile, pacing=pacing)
    assert told.unit.mode is UnitMode.APPLICATION
    assert is_new(told, size)
    assert "buffer_lost" not in told.logged
    assert told.result.finished.outcome is Outcome.UPDATED
