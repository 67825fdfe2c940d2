"""Results of the tests that a diagnosis proposes."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmline import events
from firmline.diagnosis.diagnostic_tests import diagnostic_tests
from firmline.diagnosis.evidence import Evidence, Origin
from firmline.errors import Code, InputError
from firmline.line.station.diagnosing import Diagnosed, diagnosed
from firmline.line.station.results import (
    PASSED,
    TRIED,
    YES_NO,
    result_questions,
    with_result,
)
from firmline.line.station.showing import diagnosed_view
from firmline.line.station.slots import SlotState, SlotView
from unit.cli.failed_trace import failed_update


def found() -> Diagnosed:
    """Of an update that has lost its unit, which may have many causes."""
    told = failed_update()
    end = told[-1]
    assert isinstance(end, events.UpdateFinished)
    heard = [each for each in told[:-1] if not isinstance(each, events.Refused)]
    made = diagnosed([*heard, replace(end, code="DFU-LINK-004")])
    assert made is not None
    assert made.tests
    return made


def first_like(made: Diagnosed, *, tries: bool) -> Diagnosed:
    """The same, as if a test that tries something, or looks for things, came first."""
    if tries:
        proposal = next(each for each in made.tests if each.test.action)
    else:
        proposal = next(each for each in made.tests if each.test.flags)
    return replace(made, tests=(proposal, *(each for each in made.tests if each is not proposal)))


def test_a_test_that_tries_something_passes_or_does_not() -> None:
    made = first_like(found(), tries=True)
    test = made.tests[0].test
    (question,) = result_questions(test, made.incident)
    assert (question.key, question.choices) == (TRIED, PASSED)
    failed = with_result(made, test.slug, {TRIED: "failed"})
    assert test.action in failed.incident.by_field()["not_cured_by"]
    passed = with_result(made, test.slug, {TRIED: "passed"})
    assert test.action in passed.incident.by_field()["cured_by"]
    assert passed.causes != failed.causes


def test_a_test_that_looks_asks_for_what_is_not_known_yet() -> None:
    made = found()
    test = diagnostic_tests()["dump-flash"]
    keys = [each.key for each in result_questions(test, made.incident)]
    assert keys == list(test.flags)
    seen = made.incident.with_more(
        [Evidence(field="flags", value=test.flags[0], origin=Origin.PERSON, where="")]
    )
    assert [each.key for each in result_questions(test, seen)] == keys[1:]
    assert all(each.choices == YES_NO for each in result_questions(test, seen))


@pytest.mark.parametrize(("said", "seen"), [("yes", True), ("no", False)])
def test_what_was_seen_or_looked_for_in_vain_is_evidence(said: str, seen: bool) -> None:
    made = first_like(found(), tries=False)
    test = made.tests[0].test
    question = next(q for q in result_questions(test, made.incident) if q.choices == YES_NO)
    again = with_result(made, test.slug, {question.key: said})
    known = again.incident.by_field() if seen else again.incident.looked_for_in_vain()
    assert question.key in known["flags"]


@pytest.mark.slow
def test_a_test_that_was_done_is_not_proposed_again_whatever_is_known_of_it() -> None:
    made = found()
    done: list[str] = []
    for _ in range(len(diagnostic_tests())):
        if not made.tests:
            break
        slug = made.tests[0].test.slug
        assert slug not in done
        done.append(slug)
        made = with_result(made, slug, {})
    assert made.tests == ()
    assert made.done == frozenset(done)


@pytest.mark.parametrize(
    ("test", "answers"),
    [
        ("no-such-test", {}),
        ("", {"no-such-key": "yes"}),
        ("", {"flags": "<script>"}),
    ],
)
def test_what_the_test_does_not_show_is_refused(test: str, answers: dict[str, str]) -> None:
    made = found()
    with pytest.raises(InputError) as refused:
        with_result(made, test or made.tests[0].test.slug, answers)
    assert refused.value.code is Code.REQUEST_MALFORMED


@pytest.mark.slow
@given(st.data())
def test_every_answer_to_every_test_makes_a_diagnosis(data: st.DataObject) -> None:
    made = found()
    for _ in range(4):
        if not made.tests:
            break
        test = made.tests[0].test
        questions = result_questions(test, made.incident)
        answers = {
            each.key: data.draw(st.sampled_from([value for value, _ in each.choices]))
            for each in questions
            if data.draw(st.booleans())
        }
        made = with_result(made, test.slug, answers)
        assert sum(each.probability for each in made.causes) == pytest.approx(1)


def test_a_fix_that_destroys_what_tests_look_at_waits_for_them() -> None:
    made = found()
    reset = next(each for each in made.tests if each.test.slug == "read-reset-reason")
    made = replace(made, tests=(reset, *made.tests))
    assert (made.fix, made.fix_waits) == ("", False), "nothing is likely yet"
    likely = with_result(made, "read-reset-reason", {"reset_reason_brownout": "yes"})
    assert likely.cause
    assert "cell" in likely.fix
    assert likely.fix_waits
    view = diagnosed_view(SlotView(number=1, state=SlotState.FAIL), likely)
    assert (view.fix, view.fix_waits) == (likely.fix, True)


def test_a_fix_that_destroys_nothing_does_not_wait() -> None:
    made = diagnosed(failed_update())
    assert made is not None
    assert (made.fix.startswith("Raise the version"), made.fix_waits) == (True, False)
