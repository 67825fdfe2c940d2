"""Results of the tests that a diagnosis proposes, as a person at the station tells them. Pure.

A test that tries something passes or does not; one that looks sees values, or sees things that are
there or not. What somebody does not know says nothing; the test is done all the same, and is not
proposed again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from firmline.diagnosis.diagnostic_tests import Test, diagnostic_tests
from firmline.diagnosis.evidence import Evidence, Incident, Origin
from firmline.diagnosis.information import may_apply
from firmline.diagnosis.vocabulary import vocabulary
from firmline.errors import Code, InputError, shortened
from firmline.line.station.diagnosing import Diagnosed, diagnosis_of

TRIED: Final = "tried"
"""The key of the question how an attempt ended."""
FLAGS: Final = "flags"
YES_NO: Final = (("yes", "yes"), ("no", "no"))
PASSED: Final = (("passed", "it passed"), ("failed", "it failed again"))


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultQuestion:
    """Something that a test shows.

    Attributes:
        key: Its name.
        text: As it is put to a person.
        choices: Values and what they mean.
    """

    key: str
    text: str
    choices: tuple[tuple[str, str], ...]


def result_questions(test: Test, incident: Incident) -> tuple[ResultQuestion, ...]:
    """What a test shows that is not known yet."""
    if test.action:
        return (
            ResultQuestion(key=TRIED, text="How did the attempt behind it end?", choices=PASSED),
        )
    words, seen = vocabulary(), incident.by_field()
    known = (*seen.get(FLAGS, ()), *incident.looked_for_in_vain().get(FLAGS, ()))
    fields = [
        ResultQuestion(
            key=name, text=words[name].question, choices=tuple(words[name].meanings.items())
        )
        for name in test.fields
        if name not in seen and may_apply(name, seen)
    ]
    flags = [
        ResultQuestion(key=flag, text=f"Is it so: {words[FLAGS].meanings[flag]}?", choices=YES_NO)
        for flag in test.flags
        if flag not in known
    ]
    return (*fields, *flags)


def with_result(found: Diagnosed, test: str, answers: Mapping[str, str]) -> Diagnosed:
    """The diagnosis with what a test has shown.

    Args:
        found: As it was.
        test: The test that was done, or cannot be done here.
        answers: What it showed, by the keys of its questions; what is left out is not known.

    Raises:
        InputError: ``REQUEST_MALFORMED``: it is not the next test, or does not show that.
    """
    if not found.tests or found.tests[0].test.slug != test:
        raise InputError(
            Code.REQUEST_MALFORMED, f"{shortened(test)!r} is not the next test any more."
        )
    asked = diagnostic_tests()[test]
    questions = {each.key: each for each in result_questions(asked, found.incident)}
    for key, value in answers.items():
        if key not in questions or value not in dict(questions[key].choices):
            raise InputError(
                Code.REQUEST_MALFORMED,
                f"{asked.title}: {shortened(value)!r} is no answer to {shortened(key)!r}.",
            )
    incident = found.incident.with_more(
        _evidence(asked, key, value) for key, value in answers.items()
    )
    return diagnosis_of(incident, done={*found.done, test})


def _evidence(test: Test, key: str, value: str) -> Evidence:
    if key == TRIED:
        return test.outcome(passed=value == "passed")
    if key in test.fields:
        return Evidence(field=key, value=value, origin=Origin.PERSON, where=test.title)
    return Evidence(
        field=FLAGS, value=key, origin=Origin.PERSON, where=test.title, seen=value == "yes"
    )
