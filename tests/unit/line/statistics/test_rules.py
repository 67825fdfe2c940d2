"""Run rules, at the point that completes their pattern and not before."""

from __future__ import annotations

import pytest

from firmline.line.statistics.rules import RULES, RuleSet, signals

WE, NELSON = RuleSet.WESTERN_ELECTRIC, RuleSet.NELSON
UP_AND_DOWN = [0.5, -0.5] * 7


def completed(points: list[float], rules: RuleSet) -> dict[int, list[str]]:
    """The rules by the place of the point that completes them."""
    found = signals(points, RULES[rules])
    return {place: [rule.name for rule in each] for place, each in enumerate(found) if each}


@pytest.mark.parametrize(
    ("rules", "points", "expected"),
    [
        (WE, [0, 3.1], {1: ["WE 1"]}),
        (WE, [0, -3.1], {1: ["WE 1"]}),
        (WE, [0, 3.0], {}),
        (WE, [2.1, 0, 2.1], {2: ["WE 2"]}),
        (WE, [2.1, 2.1], {1: ["WE 2"]}),
        (WE, [2.1, 0, -2.1], {}),
        (WE, [2.1, 0, 0, 2.1], {}),
        (WE, [2.1, 2.1, 0], {1: ["WE 2"]}),
        (WE, [-1.1, -1.1, 0, -1.1, -1.1], {4: ["WE 3"]}),
        (WE, [1.1, 1.1, 0, 0, 1.1, 1.1], {}),
        (WE, [0.1] * 8, {7: ["WE 4"]}),
        (WE, [0.1] * 7, {}),
        (WE, [0.1] * 4 + [0.0] + [0.1] * 4, {}),
        (NELSON, [0.1, 0.2] * 4, {}),
        (NELSON, [-0.1, -0.2] * 4 + [-0.1], {8: ["Nelson 2"]}),
        (NELSON, [-0.5, -0.2, 0, 0.1, 0.2, 0.3], {5: ["Nelson 3"]}),
        (NELSON, [0.5, 0.2, 0, -0.1, -0.2, -0.3], {5: ["Nelson 3"]}),
        (NELSON, [-0.5, -0.2, 0, 0, 0.2, 0.3], {}),
        (NELSON, UP_AND_DOWN, {13: ["Nelson 4"]}),
        (NELSON, UP_AND_DOWN[:13], {}),
        (NELSON, [0.5, 0.4, -0.4, -0.3, 0.6] * 3, {14: ["Nelson 7"]}),
        (NELSON, [1.1, 1.1, 1.1, -1.2, -1.1, 1.1, 1.1, -1.2], {7: ["Nelson 8"]}),
    ],
)
def test_a_rule_is_completed(
    rules: RuleSet, points: list[float], expected: dict[int, list[str]]
) -> None:
    assert completed(points, rules) == expected


def test_every_rule_of_a_set_has_a_name_and_a_meaning_of_its_own() -> None:
    assert [len(RULES[each]) for each in (WE, NELSON)] == [4, 8]
    for rules in RULES.values():
        assert len({rule.name for rule in rules}) == len({rule.meaning for rule in rules})


def test_points_that_are_not_judged_are_the_past_of_those_that_are() -> None:
    points = [0.1] * 10
    all_of_them = signals(points, RULES[WE])
    assert signals(points, RULES[WE], first=8) == all_of_them[8:]
    assert [len(each) for each in all_of_them[7:]] == [1, 1, 1]
    assert signals([], RULES[WE]) == []
