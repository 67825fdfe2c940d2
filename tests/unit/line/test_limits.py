"""Limits: what is within, what is marginal, and every limit that cannot be one."""

from __future__ import annotations

import math

import pytest

from firmline.errors import Code
from firmline.line.outcomes import StepOutcome
from firmline.line.recipe.limits import Judgement, Limit, outcome_of
from firmline.line.recipe.words import limit_in_words
from unit.line.recipes import BEFORE, last_step, measuring, recipe, refused, with_step

WITHIN, MARGINAL, OUTSIDE, NONSENSE = Judgement
S = 'measurement = "duration"\nunit = "s"\n'


def limit(lines: str) -> Limit:
    return recipe(measuring(lines)).steps[-1].limits[0]


@pytest.mark.parametrize(
    ("lines", "words", "judged"),
    [
        (
            S + "at_most = 60\nmarginal = 45",
            "duration at most 60 s, marginal above 45 s",
            {-1: WITHIN, 45: WITHIN, 45.1: MARGINAL, 60: MARGINAL, 60.1: OUTSIDE},
        ),
        (
            S + "at_least = 5\nmarginal = 7.5",
            "duration at least 5 s, marginal below 7.5 s",
            {4.9: OUTSIDE, 5: MARGINAL, 7.4: MARGINAL, 7.5: WITHIN, math.inf: WITHIN},
        ),
        (
            S + "in_range = [5, 60]\nmarginal_range = [10, 60]",
            "duration from 5 to 60 s, marginal outside of 10 to 60 s",
            {4: OUTSIDE, 5: MARGINAL, 10: WITHIN, 60: WITHIN, 61: OUTSIDE},
        ),
        (
            S + "in_range = [5, 60]",
            "duration from 5 to 60 s",
            {4: OUTSIDE, 5: WITHIN, 60: WITHIN, 61: OUTSIDE},
        ),
        (
            'measurement = "attempts"\nequals = 1',
            "attempts equals 1",
            {1: WITHIN, 2: OUTSIDE},
        ),
    ],
)
def test_a_limit_judges_as_its_words_say(
    lines: str, words: str, judged: dict[float, Judgement]
) -> None:
    found = limit(lines)
    assert limit_in_words(found) == words
    assert {value: found.judge(value) for value in judged} == judged
    nonsense: tuple[object, ...] = (math.nan, True, "1", None, [])
    assert {found.judge(value) for value in nonsense} == {NONSENSE}


def test_a_step_of_the_customers_may_be_limited_to_a_text() -> None:
    found = last_step(
        'kind = "custom"\ncall = "a:b"\n[[steps.limits]]\nmeasurement = "colour"\nequals = "grün"'
    ).limits[0]
    assert limit_in_words(found) == "colour equals 'grün'"
    assert [found.judge(each) for each in ("grün", "rot", 1)] == [WITHIN, OUTSIDE, NONSENSE]


@pytest.mark.parametrize(
    ("measured", "outcome"),
    [
        ({"duration": 5, "attempts": 1, "rssi": -200}, StepOutcome.PASS),
        ({"duration": 50, "attempts": 1}, StepOutcome.PASS),
        ({"duration": 61, "attempts": 1}, StepOutcome.FAIL),
        ({"duration": 61, "attempts": math.nan}, StepOutcome.ERROR),
        ({"duration": 5}, StepOutcome.ERROR),
        ({}, StepOutcome.ERROR),
    ],
)
def test_the_outcome_of_a_step_is_that_of_its_measurements(
    measured: dict[str, float], outcome: StepOutcome
) -> None:
    lines = (
        S + 'at_most = 60\nmarginal = 45\n[[steps.limits]]\nmeasurement = "attempts"\nequals = 1'
    )
    limits = recipe(measuring(lines)).steps[-1].limits
    assert outcome_of(limits, measured) is outcome
    assert outcome_of([], measured) is StepOutcome.PASS


@pytest.mark.parametrize(
    ("lines", "line", "words"),
    [
        (S, 3, "the limit of duration has no bound, and needs exactly one of in_range, equals"),
        (S + "at_most = 5\nat_least = 1", 3, "has at_least and at_most, and needs exactly one"),
        (S + "in_range = [60, 5]", 6, "in_range is upside down: 60 is not below 5"),
        (S + "in_range = [5, 5]", 6, "in_range is upside down: 5 is not below 5"),
        (S + "in_range = [5]", 6, "in_range has 1 numbers, and needs two"),
        (S + "in_range = []", 6, "in_range has 0 numbers, and needs two"),
        (S + "at_most = 60\nmarginal = 60", 7, "has to lie below at_most, which is 60"),
        (S + "at_most = 60\nmarginal = 61", 7, "marginal is 61, and has to lie below at_most"),
        (S + "at_least = 5\nmarginal = 4", 7, "has to lie above at_least, which is 5"),
        (
            S + "in_range = [5, 9]\nmarginal_range = [4, 8]",
            7,
            "marginal_range is [4, 8], and has to lie inside of in_range, which is [5, 9]",
        ),
        (S + "in_range = [5, 9]\nmarginal_range = [5, 9]", 7, "has to lie inside of in_range"),
        (S + "in_range = [5, 9]\nmarginal_range = [8, 7]", 7, "marginal_range is upside down"),
        (S + "in_range = [5, 9]\nmarginal = 6", 7, "marginal means nothing beside in_range"),
        (S + "at_most = 9\nmarginal_range = [5, 6]", 7, "means nothing beside at_most"),
        (S + "equals = 9\nmarginal = 8", 7, "marginal means nothing beside equals"),
        (S + 'equals = "9"', 6, "duration is a number, and equals is '9'"),
        (
            S.replace('"s"', '"ms"') + "at_most = 5",
            5,
            "unit is 'ms', and duration is measured",
        ),
        ('measurement = "duration"\nat_most = 5', 3, "unit is missing, and duration is measured"),
        ('measurement = "attempts"\nunit = "s"\nat_most = 5', 5, "measured as a plain number"),
        ('measurement = "rssi"\nunit = "dBm"\nat_least = 80', 6, "rssi lies anywhere from -127 to"),
        (S + "at_least = -1\nmarginal = 5", 6, "the limit of duration is -1, and duration lies"),
        ('measurement = "duratoin"\nat_most = 1', 4, "does not measure 'duratoin'; it measures"),
        ('measurement = "Duration"\nat_most = 1', 4, "lower-case letters and digits"),
        (S + "at_most = 5\n[[steps.limits]]\n" + S + "at_least = 1", 8, "duration has two limits"),
    ],
)
def test_a_limit_that_cannot_be_is_named_with_its_line(lines: str, line: int, words: str) -> None:
    error = refused(measuring(lines), Code.RECIPE_LIMIT, BEFORE + line)
    assert words in error.message


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("nan", "nan"),
        ("inf", "inf"),
        ("-inf", "-inf"),
        ("1e999", "inf"),
        ("true", "true"),
        ("1e10", "10000000000.0"),
        ("9" * 900, "9" * 40 + "..."),
        ("'5'", "'5'"),
        ("[1]", "a list"),
        ("1979-05-27", "a date or a time"),
    ],
)
def test_what_is_no_number_that_could_be_meant_is_none(value: str, shown: str) -> None:
    error = refused(measuring(f"{S}at_most = {value}"), line=BEFORE + 6)
    assert f"steps.limits.at_most is {shown}, and has to be a number from" in error.message
    error = refused(measuring(f"{S}in_range = [0, {value}]"), line=BEFORE + 6)
    assert "in_range is a list, and has to be a list of at most 2, each a number" in error.message


def test_a_step_that_judges_needs_a_limit() -> None:
    error = refused(with_step('kind = "measure"'), Code.RECIPE_LIMIT, BEFORE + 1)
    assert "a step 'measure' without a limit would pass whatever it measures" in error.message
    assert "duration, rate, rssi, limit_share, attempts" in error.hint


def test_a_step_that_measures_nothing_has_none() -> None:
    text = with_step(f'kind = "inspect"\n[[steps.limits]]\n{S}at_most = 1')
    error = refused(text, Code.RECIPE_LIMIT, BEFORE + 3)
    assert "a step 'inspect' measures nothing that could have a limit" in error.message
    assert "kind measure" in error.hint
