"""What a test of the plan has shown, as somebody who has done it says in a few words.

``TEST=OUTCOME``: of a test that tries something ``helped`` or ``failed``; of one that looks, what
was seen, in the values of its fields and flags; ``none`` where nothing of its flags was seen.
"""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Final

from firmline.diagnosis.diagnostic_tests import Test, diagnostic_tests
from firmline.diagnosis.evidence import Evidence, Origin
from firmline.diagnosis.vocabulary import vocabulary
from firmline.errors import Code, InputError, shortened

HELPED, FAILED = "helped", "failed"
"""Whether the attempt behind an action has passed."""
NONE: Final = "none"
"""Nothing of what was looked for was there."""
WORDS: Final = {"helped": True, "passed": True, "failed": False, "not-helped": False}
"""How an action can have ended, and whether the attempt behind it has passed."""


def result_of(text: str) -> tuple[Test, tuple[Evidence, ...]]:
    """The test that was done, and what it has shown.

    Args:
        text: ``TEST=OUTCOME``; several outcomes with commas between them; an outcome that could be
            of several fields as ``FIELD:VALUE``.

    Raises:
        InputError: ``USAGE``: there is no such test, or it cannot show that; the message names what
            it can show.
    """
    slug, equals, told = text.partition("=")
    test = diagnostic_tests().get(slug.strip())
    if test is None or not equals:
        raise InputError(
            Code.USAGE,
            f"--result {shortened(text)!r} is not TEST=OUTCOME with a test of the plan.",
            hint=_meant(slug.strip()),
        )
    return test, tuple(_shown(test, [each.strip() for each in told.split(",")]))


def outcomes_of(test: Test) -> tuple[str, ...]:
    """Everything that a test can show, as it is written behind ``TEST=``."""
    if test.action:
        return HELPED, FAILED
    values = [value for field in test.fields for value in vocabulary()[field].meanings]
    fields = [
        f"{field}:{value}" if values.count(value) > 1 else value
        for field in test.fields
        for value in vocabulary()[field].meanings
    ]
    return (*fields, *test.flags, *((NONE,) if test.flags else ()))


def _meant(slug: str) -> str:
    near = get_close_matches(slug, list(diagnostic_tests()), n=1)
    name = near[0] if near else "app-restart"
    outcome = outcomes_of(diagnostic_tests()[name])[0]
    return f"Write it as in the plan, such as --result {name}={outcome}."


def _shown(test: Test, told: list[str]) -> Iterator[Evidence]:
    for outcome in dict.fromkeys(told):
        if test.action and outcome in WORDS:
            yield test.outcome(passed=WORDS[outcome])
        elif test.flags and outcome == NONE:
            for flag in test.flags:
                yield _evidence(test, "flags", flag, seen=False)
        elif outcome in test.flags:
            yield _evidence(test, "flags", outcome)
        else:
            yield _evidence(test, *_field_of(test, outcome))


def _evidence(test: Test, field: str, value: str, *, seen: bool = True) -> Evidence:
    return Evidence(field=field, value=value, origin=Origin.PERSON, where=test.title, seen=seen)


def _field_of(test: Test, outcome: str) -> tuple[str, str]:
    """The field, and its value, that an outcome names.

    Raises:
        InputError: ``USAGE``: it names none of this test's, or one of several.
    """
    named, colon, value = outcome.partition(":")
    fields = [
        field
        for field in test.fields
        if (not colon or field == named)
        and (value if colon else outcome) in vocabulary()[field].meanings
    ]
    if len(fields) == 1:
        return fields[0], value if colon else outcome
    if fields:
        which = " or ".join(f"{field}:{outcome}" for field in fields)
        raise InputError(
            Code.USAGE,
            f"{shortened(outcome)!r} can be a value of several fields of {test.slug}.",
            hint=f"Say which is meant: {which}.",
        )
    raise InputError(
        Code.USAGE,
        f"The test {test.slug} cannot show {shortened(outcome)!r}.",
        hint=f"It can show: {', '.join(outcomes_of(test))}.",
    )
