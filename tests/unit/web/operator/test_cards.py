"""What a slot looks like."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmline.diagnosis.diagnostic_tests import diagnostic_tests
from firmline.line.outcomes import StepOutcome
from firmline.line.station.slots import SlotState, SlotView
from firmline.web.operator.cards import Face, card_of, todo_of
from firmline.web.pages import fragment

RUNNING = SlotView(
    number=3, state=SlotState.RUNNING, serial="SN-7", run=9, step="Update", place=5, steps=7
)
FAILED = SlotView(
    number=3,
    state=SlotState.FAIL,
    serial="SN-7",
    run=9,
    outcome=StepOutcome.FAIL,
    code="DFU-UNIT-005",
    sentence="The unit refused the init packet.",
    cause="Signed with another key (76%)",
    next_test="dump-flash",
)


@pytest.mark.parametrize(
    ("view", "is_next", "face", "word"),
    [
        (SlotView(number=1), False, Face.IDLE, "IDLE"),
        (SlotView(number=1), True, Face.SCAN, "SCAN"),
        (RUNNING, False, Face.RUNNING, "RUNS"),
        (replace(RUNNING, share=0.4271), False, Face.RUNNING, "42 %"),
        (replace(RUNNING, share=1.0), False, Face.RUNNING, "99 %"),
        (SlotView(number=1, state=SlotState.PASS, seconds=52.4), True, Face.PASS, "PASS"),
        (FAILED, False, Face.FAIL, "FAIL"),
        (replace(FAILED, state=SlotState.ERROR), False, Face.ERROR, "ERROR"),
    ],
)
def test_a_slot_has_one_giant_state(view: SlotView, is_next: bool, face: Face, word: str) -> None:
    card = card_of(view, is_next=is_next)
    assert (card.face, card.word) == (face, word)


def test_a_run_says_its_step_its_attempt_and_its_speed() -> None:
    card = card_of(replace(RUNNING, share=0.5, rate_kb_s=9.12, attempt=2), is_next=False)
    assert (card.sentence, card.detail) == ("Update", "step 5 of 7, attempt 2, 9.1 kB/s")


def test_a_run_that_was_stopped_leaves_a_word() -> None:
    view = SlotView(number=1, serial="SN-7", outcome=StepOutcome.ABORTED)
    assert card_of(view, is_next=False).sentence == "SN-7 was stopped."


@given(
    state=st.sampled_from(SlotState),
    is_next=st.booleans(),
    share=st.none() | st.floats(0, 1),
    test=st.sampled_from(["", *diagnostic_tests(), "gone-by-now"]),
    code=st.sampled_from(["", "DFU-UNIT-005", "DFU-XXX-999"]),
)
def test_every_slot_has_a_word_and_one_thing_to_do(
    state: SlotState, is_next: bool, share: float | None, test: str, code: str
) -> None:
    view = SlotView(number=2, state=state, share=share, next_test=test, code=code)
    card = card_of(view, is_next=is_next)
    assert card.word
    assert card.action
    todo = todo_of(view)
    assert (todo is not None) == state.waits_for_person
    assert todo is None or todo.action


def test_the_next_test_is_told_step_by_step_with_what_it_needs() -> None:
    todo = todo_of(FAILED)
    assert todo is not None
    assert todo.test is diagnostic_tests()["dump-flash"]
    assert todo.test.steps
    assert todo.needs == ("a debug probe",)


def test_where_there_is_a_test_to_do_the_power_stays_on() -> None:
    assert "power" in card_of(FAILED, is_next=False).action
    assert "ok 3" in card_of(replace(FAILED, next_test=""), is_next=False).action


def test_a_fix_that_has_to_wait_is_shown_as_one() -> None:
    waits = replace(FAILED, fix="A fresh cell.", fix_waits=True)
    drawn = fragment("operator/todo.html", todo=todo_of(waits))
    assert "Not its fix yet:" in drawn
    assert drawn.index("Leave its power on") < drawn.index("A fresh cell.")
    may = fragment("operator/todo.html", todo=todo_of(replace(waits, fix_waits=False)))
    assert "Not its fix yet" not in may
    assert "Its fix:" in may


def test_where_no_test_is_left_a_fix_waits_for_none() -> None:
    todo = todo_of(replace(FAILED, fix="A fresh cell.", fix_waits=True, next_test=""))
    assert todo is not None
    assert not todo.fix_waits


def test_without_a_likely_cause_no_fix_is_shown() -> None:
    assert "fix" not in fragment("operator/todo.html", todo=todo_of(FAILED))
