"""Everything that can be wrong with a unit on a serial port: recovered, or refused with a reason.

What must never happen is a success of an update that was none.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from firmline import events
from firmline.device.chips import chip
from firmline.device.faults.plan import (
    FAULTS,
    BootloaderMissing,
    BrownOut,
    CorruptedPackets,
    CrystalDead,
    DelayedPackets,
    Direction,
    DroppedOperation,
    DuplicatedPackets,
    Fault,
    LostPackets,
    PacketFault,
    PowerCutAt,
    StaleSettings,
    StuckGpregret,
    WatchdogRunning,
    WornPage,
)
from firmline.errors import Code
from firmline.events import Outcome
from integration.serial_port.road import update, waiting
from integration.story import Told, package
from unit.device.makers import BANK_0, PAGE, SETTINGS_PAGE

pytestmark = pytest.mark.slow
FROM_UNIT = Direction.FROM_UNIT
BANK_1 = BANK_0 + 5 * PAGE
IN_THE_IMAGE = 1_500
"""A flash operation behind both settings pages and before the end of the image."""

ENDS: list[tuple[Fault, Outcome, Code | None]] = [
    # What is asked for again.
    (LostPackets(first=20), Outcome.UPDATED, None),
    (LostPackets(first=20, every=150), Outcome.UPDATED, None),
    (LostPackets(first=30, every=31), Outcome.UPDATED, None),
    (LostPackets(first=5, direction=FROM_UNIT), Outcome.UPDATED, None),
    (LostPackets(first=13, direction=FROM_UNIT), Outcome.UPDATED, None),
    (CorruptedPackets(first=20), Outcome.UPDATED, None),
    (CorruptedPackets(first=20, every=200), Outcome.UPDATED, None),
    (CorruptedPackets(first=4, every=16, direction=FROM_UNIT), Outcome.UPDATED, None),
    (DuplicatedPackets(first=20), Outcome.UPDATED, None),
    (DuplicatedPackets(first=3, every=15, direction=FROM_UNIT), Outcome.UPDATED, None),
    (DuplicatedPackets(first=3, every=5, direction=FROM_UNIT), Outcome.UPDATED, None),
    (DelayedPackets(first=20, delay_s=1), Outcome.UPDATED, None),
    (DelayedPackets(first=8, delay_s=4, direction=FROM_UNIT), Outcome.UPDATED, None),
    # What does not concern a bootloader that was there from the start, and has no radio.
    (WatchdogRunning(), Outcome.UPDATED, None),
    (CrystalDead(), Outcome.UPDATED, None),
    (StaleSettings(), Outcome.UPDATED, None),
    # What ends the update: a line on which nothing arrives whole, a unit that starts anew.
    (CorruptedPackets(first=30, every=7), Outcome.FAILED, Code.LINK_TIMEOUT),
    (LostPackets(first=9, every=7, direction=FROM_UNIT), Outcome.FAILED, Code.LINK_TIMEOUT),
    (LostPackets(share=1, direction=FROM_UNIT), Outcome.FAILED, Code.PORT_SILENT),
    (LostPackets(share=1), Outcome.FAILED, Code.PORT_SILENT),
    (PowerCutAt(operation=IN_THE_IMAGE), Outcome.FAILED, Code.LINK_TIMEOUT),
    (BrownOut(load="flash"), Outcome.FAILED, Code.LINK_TIMEOUT),
    (BootloaderMissing(), Outcome.FAILED, Code.PORT_NONSENSE),
    # What shows at the end.
    (DroppedOperation(operation=IN_THE_IMAGE), Outcome.REFUSED, Code.REFUSED_VERIFICATION),
    (WornPage(address=BANK_1), Outcome.REFUSED, Code.REFUSED_VERIFICATION),
    (WornPage(address=SETTINGS_PAGE), Outcome.UNVERIFIED, Code.UNIT_DID_NOT_RETURN),
    (StuckGpregret(), Outcome.UNVERIFIED, Code.UNIT_DID_NOT_RETURN),
    (CrystalDead(program="application"), Outcome.UNVERIFIED, Code.NEW_APPLICATION_NOT_SEEN),
    (
        CorruptedPackets(first=9, every=12, direction=FROM_UNIT),
        Outcome.UNVERIFIED,
        Code.NEW_APPLICATION_NOT_SEEN,
    ),
]


def by_name(value: object) -> str | None:
    return value.name if isinstance(value, Fault) else None


def told_with(*faults: Fault, seed: int = 1) -> Told:
    told = update(waiting(*faults, seed=seed))
    assert_honest(told)
    return told


def assert_honest(told: Told) -> None:
    """Success means that the unit runs what was sent, and nothing else is called so."""
    is_updated = told.result.finished.outcome is Outcome.UPDATED
    assert not is_updated or told.is_new
    assert is_updated == (told.result.error is None)
    assert "packet_without_buffer" not in told.logged


def test_every_fault_of_a_unit_without_a_radio_is_met() -> None:
    wired = {name for name, kind in FAULTS.items() if not kind.needs_radio}
    assert {fault.name for fault, *_ in ENDS} == wired


@pytest.mark.parametrize(("fault", "outcome", "code"), ENDS, ids=by_name)
def test_how_an_update_of_a_faulty_unit_ends(
    fault: Fault, outcome: Outcome, code: Code | None
) -> None:
    finished = told_with(fault).result.finished
    assert (finished.outcome, finished.code) == (outcome, code or "")


@pytest.mark.parametrize("seed", range(12))
def test_a_line_that_errs_both_ways_never_makes_a_false_success(seed: int) -> None:
    told_with(
        LostPackets(share=0.002),
        CorruptedPackets(share=0.004),
        DuplicatedPackets(share=0.002),
        LostPackets(share=0.02, direction=FROM_UNIT),
        CorruptedPackets(share=0.03, direction=FROM_UNIT),
        seed=seed,
    )


def test_a_lost_answer_to_the_last_execute_is_no_success() -> None:
    """The unit has restarted by then, and its application prints what is expected: not enough."""
    answers = update(waiting()).of(events.AnswerReceived)
    told = told_with(LostPackets(first=len(answers), direction=FROM_UNIT))
    assert told.is_new
    assert told.result.finished.code == Code.NEW_APPLICATION_NOT_SEEN
    assert "last EXECUTE" in told.result.finished.message


@pytest.mark.parametrize(
    ("fault", "seed"),
    [
        (CorruptedPackets(first=8, direction=FROM_UNIT), 1),
        (CorruptedPackets(first=12, direction=FROM_UNIT), 3),
        (CorruptedPackets(first=8), 0),
        (CorruptedPackets(first=9), 0),
        (CorruptedPackets(first=9), 1),
    ],
)
def test_a_refusal_that_is_only_damage_is_asked_again(fault: Fault, seed: int) -> None:
    told = told_with(fault, seed=seed)
    assert told.of(events.Refused)
    assert told.of(events.SessionRepeated)
    assert told.result.error is None


def test_a_refusal_that_is_said_twice_is_one() -> None:
    told = update(waiting(), package(hw_version=53))
    refusals = told.of(events.Refused)
    assert [refusal.ext_error for refusal in refusals] == [6, 6]
    assert told.result.finished.code == Code.REFUSED_HW_VERSION
    assert "53" in told.result.error.hint if told.result.error else False


def test_slow_flash_is_waited_for() -> None:
    told = update(waiting(chip=replace(chip("nrf52832-512k"), erase_page_ms=2_500)))
    assert told.result.finished.outcome is Outcome.UPDATED
    assert told.result.finished.duration_s > 2.5 * 2 * 5  # every page is erased twice


@pytest.mark.parametrize("kind", [LostPackets, CorruptedPackets, DuplicatedPackets])
@pytest.mark.parametrize("direction", list(Direction))
def test_one_fault_anywhere_is_recovered_from_but_for_the_last_answer(
    kind: type[PacketFault], direction: Direction
) -> None:
    positions = range(1, 28) if direction is FROM_UNIT else range(1, 340, 17)
    ends = [told_with(kind(first=first, direction=direction)) for first in positions]
    unseen = [told for told in ends if told.result.error is not None]
    assert len(unseen) <= (direction is FROM_UNIT)
    assert all("last EXECUTE" in told.result.finished.message for told in unseen)


def test_after_a_power_cut_the_way_back_is_told_also_to_those_without_a_button() -> None:
    error = update(waiting(PowerCutAt(operation=IN_THE_IMAGE))).result.error
    assert error is not None
    assert error.code is Code.LINK_TIMEOUT
    assert "has lost its power" in error.hint
    assert "one without a button" in error.hint
    assert "start the update again" in error.hint


def test_a_line_that_fails_in_every_session_is_what_is_to_be_checked() -> None:
    told = told_with(LostPackets(first=9, every=7, direction=FROM_UNIT))
    assert told.result.error is not None
    assert told.result.error.hint.startswith("In each of 4 sessions something was lost or changed")
    assert "on the line (DFU-LINK-005), while the unit answered" in told.result.error.hint


@pytest.mark.parametrize("seed", range(12))
def test_a_question_whether_it_is_there_that_a_line_has_changed_is_asked_again(seed: int) -> None:
    """Only that it knows no PING is a word that no single bit makes of a yes."""
    told = told_with(CorruptedPackets(first=1, direction=FROM_UNIT), seed=seed)
    assert told.result.finished.outcome is Outcome.UPDATED
