"""What a person is asked: what tells most, once, and nothing that cannot apply."""

from __future__ import annotations

from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmline.diagnosis.asking import WORTH_BITS, Kind, Question, next_question
from firmline.diagnosis.evidence import Incident, Origin
from firmline.diagnosis.ranking import rank
from firmline.diagnosis.vocabulary import vocabulary
from unit.diagnosis.cases import Case, cases, incident


def question_of(seen: Incident, asked: set[str] | None = None) -> Question | None:
    return next_question(seen, rank(seen), asked=asked or set())


def first(seen: Incident) -> Question:
    question = question_of(seen)
    assert question is not None
    return question


def all_questions(seen: Incident) -> list[Question]:
    """Every question that is asked of somebody who knows nothing."""
    told: dict[str, Question] = {}
    ranking = rank(seen)
    while (question := next_question(seen, ranking, asked=told)) is not None:
        assert question.key not in told
        told[question.key] = question
    return [*told.values()]


@cache
def asked_of_who_knows_nothing() -> list[Question]:
    return all_questions(Incident())


def test_at_first_the_place_of_the_failure_is_asked_for() -> None:
    question = first(Incident())
    assert (question.key, question.kind) == ("phase", Kind.CHOICE)
    assert {value for value, _ in question.choices} == set(vocabulary()["phase"].meanings)


@pytest.mark.slow
def test_who_knows_nothing_is_asked_everything_once_and_then_no_more() -> None:
    asked = asked_of_who_knows_nothing()
    assert len({each.key for each in asked}) == len(asked)
    assert all(each.bits >= WORTH_BITS for each in asked)
    told = [each.bits for each in asked]
    assert told == sorted(told, reverse=True)


@pytest.mark.slow
def test_what_is_known_is_not_asked() -> None:
    seen = incident(phase="data_transfer", flags=["prn_on"], cured_by=["retry"])
    keys = {each.key for each in all_questions(seen)}
    assert not {"phase", "flags=prn_on", "cured_by=retry"} & keys


@pytest.mark.slow
@pytest.mark.parametrize(
    ("seen", "not_asked"),
    [
        ({"failure_kind": "disconnect"}, "result_code"),
        ({"result_code": "r05"}, "ext_error"),
        ({"phase": "init_execute"}, "progress"),
    ],
)
def test_what_cannot_apply_is_not_asked(seen: dict[str, str], not_asked: str) -> None:
    assert (
        not_asked in {each.key for each in asked_of_who_knows_nothing()} or not_asked == "ext_error"
    )
    assert not_asked not in {each.key for each in all_questions(incident(**seen))}


@pytest.mark.slow
def test_answers_are_evidence_of_a_person() -> None:
    choice = first(Incident())
    told = choice.answered("scan")
    assert (told.field, told.value, told.origin) == ("phase", "scan", Origin.PERSON)
    asked = all_questions(incident(supply="coin_cell", unit_scope="one"))
    flag = next(each for each in asked if each.kind is Kind.YES_NO)
    assert flag.answered("yes").seen
    assert not flag.answered("no").seen
    cure = next(each for each in asked if each.kind is Kind.HELPED)
    assert cure.answered("yes").field == "cured_by"
    assert cure.answered("no").field == "not_cured_by"


@pytest.mark.parametrize("answer", ["", "perhaps", "13", "yes"])
def test_what_is_no_answer_is_refused(answer: str) -> None:
    with pytest.raises(ValueError, match="no answer to this question"):
        first(Incident()).answered(answer)


@pytest.mark.slow
@pytest.mark.parametrize("case", cases()[::4], ids=lambda case: case.name)
def test_who_answers_what_is_known_of_a_case_is_led_to_its_cause(case: Case) -> None:
    """From nothing, by questions alone; "don't know" where the case does not say."""
    known = case.incident.by_field()
    seen, asked = Incident(), set[str]()
    while (question := question_of(seen, asked)) is not None:
        asked.add(question.key)
        values = known.get(question.field, ())
        if question.kind is Kind.CHOICE and values:
            seen = seen.with_more([question.answered(values[0])])
        elif question.value in values:
            seen = seen.with_more([question.answered("yes")])
    assert case.cause in [each.slug for each in rank(seen).causes[:3]]


@pytest.mark.slow
@settings(max_examples=30)
@given(st.data())
def test_any_answers_lead_to_an_end(data: st.DataObject) -> None:
    seen, asked = Incident(), set[str]()
    for _ in range(6):
        question = question_of(seen, asked)
        if question is None:
            return
        asked.add(question.key)
        choices = [value for value, _ in question.choices] or ["yes", "no"]
        answer = data.draw(st.sampled_from([None, *choices]))
        if answer is not None:
            seen = seen.with_more([question.answered(answer)])
    assert not seen.contradictions()
