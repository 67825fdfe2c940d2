"""Parts that inspections share: one thing and then the other, and what a plan says of itself."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from firmline.errors import Code, FirmlineError, TransportError, TransportReason, VerifyError
from firmline.events import UnitMode
from firmline.formats.probes import ProbeCatalogue, SignedOnDemand
from firmline.formats.probes_versions import VersionLimits
from firmline.updater.inspection.link import LinkInspection
from firmline.updater.inspection.plan import InspectionPlan
from firmline.updater.inspection.record import interrupted, not_back, one_then_other
from firmline.updater.wired_road import end_not_seen
from unit.device.makers import KEY
from unit.updater.fakes import FakeLink, transport_error

EVERY = VersionLimits.every()
PROBES = SignedOnDemand(
    catalogue=ProbeCatalogue(
        hw_versions=(52,), softdevices=(), app_limits=EVERY, bootloader_limits=EVERY
    ),
    signer=KEY,
)


class Step:
    """A step that ends with an error, or not, and remembers that it was taken."""

    def __init__(self, error: FirmlineError | None = None) -> None:
        self.taken = 0
        self._error = error

    async def __call__(self) -> None:
        self.taken += 1
        if self._error is not None:
            raise self._error


LOST = transport_error(TransportReason.LOST)
SILENT = transport_error(TransportReason.TIMEOUT)
KEPT = VerifyError(Code.UNIT_DID_NOT_RETURN, "It stays.")


@pytest.mark.parametrize(
    ("first", "second", "raised"),
    [
        (None, None, None),
        (SILENT, None, SILENT),
        (None, KEPT, KEPT),
        (SILENT, KEPT, SILENT),
        (LOST, KEPT, LOST),
    ],
)
async def test_both_are_done_and_the_first_that_went_wrong_is_told(
    first: FirmlineError | None, second: FirmlineError | None, raised: FirmlineError | None
) -> None:
    one, other = Step(first), Step(second)
    if raised is None:
        await one_then_other(one, other)
    else:
        with pytest.raises(FirmlineError) as caught:
            await one_then_other(one, other)
        assert caught.value is raised
    assert (one.taken, other.taken) == (1, 1)


@pytest.mark.parametrize(("first", "times"), [(LOST, 0), (SILENT, 1), (None, 1)])
async def test_what_needs_the_link_is_left_out_where_that_is_lost(
    first: FirmlineError | None, times: int
) -> None:
    one, other = Step(first), Step()
    with suppress(FirmlineError):
        await one_then_other(one, other, unless_lost=True)
    assert (one.taken, other.taken) == (1, times)


async def test_a_defect_is_not_held_back_for_anything() -> None:
    other = Step()

    async def fails() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await one_then_other(fails, other)
    assert not other.taken


@pytest.mark.parametrize(
    ("changes", "enters", "with_probes"),
    [
        ({}, False, False),
        ({"enter": True}, True, False),
        ({"probes": PROBES, "public_key": "00"}, True, True),
    ],
)
def test_a_plan_says_whether_it_takes_a_unit_anywhere(
    changes: dict[str, object], enters: bool, with_probes: bool
) -> None:
    plan = InspectionPlan(unit_name="usb:A1", pin=None, **changes)  # type: ignore[arg-type]
    assert plan.enters is enters
    started = plan.started
    assert (started.unit, started.enters, started.with_probes) == ("usb:A1", enters, with_probes)


class Reading(LinkInspection[FakeLink]):
    """Takes the unit out of its application, or not, and counts who looks for its return."""

    takes_out = True
    looked = 0
    lasts_s = 0.0

    async def _inspect(self) -> None:
        self._record.entered = self.takes_out
        self._record.left_in = UnitMode.BOOTLOADER
        if self.lasts_s:
            await asyncio.sleep(self.lasts_s)

    async def _see_return(self) -> None:
        self.looked += 1


@pytest.mark.parametrize(
    ("takes_out", "stay", "looked"), [(True, False, 1), (True, True, 0), (False, False, 0)]
)
async def test_only_who_was_taken_out_and_is_not_to_stay_is_looked_for(
    takes_out: bool, stay: bool, looked: int
) -> None:
    plan = InspectionPlan(unit_name="sim:unit", pin=None, stay=stay)
    reading = Reading(plan, link=FakeLink(None), report=lambda _event: None)
    reading.takes_out = takes_out
    result = await reading.run()
    assert (result.error, reading.looked) == (None, looked)
    assert result.finished.left_in is UnitMode.BOOTLOADER


@pytest.mark.parametrize(("there", "says"), [(True, "again"), (False, "130 s after")])
def test_a_unit_that_is_not_back_is_told_by_where_it_is(there: bool, says: str) -> None:
    error = not_back(in_bootloader=there, waited_s=130.0)
    assert error.code is Code.UNIT_DID_NOT_RETURN
    assert says in error.message


def test_an_end_that_could_not_be_seen_keeps_what_to_do_about_the_road() -> None:
    gone = TransportError(
        Code.LINK_LOST, "The port is gone.", reason=TransportReason.LOST, hint="Plug it in."
    )
    error = end_not_seen(gone)
    assert isinstance(error, VerifyError)
    assert error.message.endswith("The port is gone.")
    assert error.hint == "Plug it in."


@pytest.mark.parametrize(
    ("left_in", "entered", "says"),
    [
        (UnitMode.APPLICATION, False, "; the unit runs its application."),
        (
            UnitMode.BOOTLOADER,
            True,
            (
                "; the unit is in its bootloader, which starts its application after 120 s, if that"
                " is valid."
            ),
        ),
        (
            None,
            True,
            (
                " while the unit restarted: a bootloader that is left alone starts its application"
                " after 120 s, if that is valid."
            ),
        ),
        (None, False, "."),
    ],
)
def test_who_interrupts_an_inspection_is_told_where_the_unit_is(
    left_in: UnitMode | None, entered: bool, says: str
) -> None:
    error = interrupted(left_in, entered=entered)
    assert error.code is Code.INTERRUPTED
    assert error.message == f"The inspection was interrupted{says}"
    assert ("120 s from now" in error.hint) == entered


async def test_an_inspection_that_is_cancelled_has_its_result() -> None:
    plan = InspectionPlan(unit_name="sim:unit", pin=None)
    reading = Reading(plan, link=FakeLink(None), report=lambda _event: None)
    reading.takes_out = True
    reading.lasts_s = 60.0
    task = asyncio.ensure_future(reading.run())
    await asyncio.sleep(0)
    assert reading.result is None
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert reading.result is not None
    assert reading.result.error is not None
    assert "the unit is in its bootloader" in reading.result.finished.message
