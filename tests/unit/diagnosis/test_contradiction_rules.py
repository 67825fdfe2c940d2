"""The table of what is never true together: its form, and what its patterns stand for."""

from __future__ import annotations

from typing import Any

import pytest

from firmline.data import load_table
from firmline.diagnosis.consistency import contradictions
from firmline.diagnosis.contradiction_rules import (
    Rule,
    Side,
    group,
    one_value,
    rules,
    side_of,
    wider,
)
from firmline.diagnosis.evidence import Evidence, Incident, Origin
from firmline.diagnosis.vocabulary import vocabulary
from unit.diagnosis.cases import incident

TABLE = load_table("contradictions")
GROUPS = sorted(TABLE["groups"])


def named(rule: Rule) -> str:
    return f"{rule.one.field}-{rule.other.field}"


def told(rule: Rule, one: str, other: str) -> Incident:
    """Both sides of a rule, as a report has them."""
    if rule.one.field == rule.other.field:
        return incident(**{rule.one.field: [one, other]})
    fields: dict[str, Any] = {rule.one.field: one, rule.other.field: other}
    many = {name: [value] for name, value in fields.items() if vocabulary()[name].many}
    return incident(**{**fields, **many})


def test_the_table_has_these_parts_and_nothing_else() -> None:
    assert set(TABLE) == {"one_value", "wider", "groups", "rules"}
    for row in TABLE["rules"]:
        assert set(row) - {"used"} == {"one", "other", "because"}
        assert row.get("used", "one") == "one"
    for row in TABLE["groups"].values():
        assert set(row) == {"field", "values"}


def test_a_field_of_one_value_is_one_of_the_vocabulary_that_takes_one() -> None:
    assert len(one_value()) == len(TABLE["one_value"])
    assert all(not vocabulary()[name].many for name in one_value())


def test_a_wider_value_takes_in_others_and_not_itself() -> None:
    assert len(wider()) == len(TABLE["wider"])
    for row in TABLE["wider"]:
        assert set(row) == {"field", "value", "of"}
    for (name, value), narrower in wider().items():
        assert value in vocabulary()[name].meanings
        assert narrower <= set(vocabulary()[name].meanings) - {value}
        assert not any((name, each) in wider() for each in narrower)


def test_every_group_is_used_by_a_rule() -> None:
    used = {row[side].get("group") for row in TABLE["rules"] for side in ("one", "other")}
    assert used - {None} == set(GROUPS)


@pytest.mark.parametrize("rule", rules(), ids=named)
def test_every_rule_is_of_the_vocabulary_and_says_why(rule: Rule) -> None:
    for side in (rule.one, rule.other):
        assert side.values
        assert side.values <= set(vocabulary()[side.field].meanings)
    assert rule.because.strip(". ") == rule.because != ""


@pytest.mark.parametrize("rule", rules(), ids=named)
def test_no_rule_excludes_a_value_by_itself(rule: Rule) -> None:
    if rule.one.field == rule.other.field:
        assert vocabulary()[rule.one.field].many, "one value each is a contradiction in any case"
        assert not rule.one.values & rule.other.values


def test_no_pair_of_values_is_excluded_twice() -> None:
    pairs = [
        frozenset({(rule.one.field, one), (rule.other.field, other)})
        for rule in rules()
        for one in rule.one.values
        for other in rule.other.values
    ]
    assert len(pairs) == len(set(pairs))


@pytest.mark.parametrize("rule", rules(), ids=named)
def test_every_pair_of_a_rule_is_told(rule: Rule) -> None:
    for one in rule.one.values:
        for other in rule.other.values:
            assert any(rule.because in each for each in contradictions(told(rule, one, other)))


@pytest.mark.parametrize(
    ("row", "values"),
    [
        ({"field": "unit_resets", "values": ["no"]}, {"no"}),
        ({"field": "unit_resets", "values": ["*e*", "no"]}, {"once", "repeatedly", "no"}),
        ({"field": "unit_resets", "except": ["no"]}, {"once", "repeatedly"}),
        ({"field": "unit_resets"}, {"no", "once", "repeatedly"}),
        ({"group": "radio"}, {"ble", "smp_ble"}),
    ],
)
def test_what_a_side_stands_for(row: dict[str, Any], values: set[str]) -> None:
    assert side_of(row).values == values


def test_no_name_is_taken_for_the_beginning_of_another() -> None:
    assert side_of({"field": "sdk", "values": ["sdk_15"]}).values == {"sdk_15"}
    assert side_of({"field": "sdk", "values": ["sdk_15*"]}).values == {"sdk_15", "sdk_15_3"}


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ({"field": "unit_resets", "values": ["never"]}, "no value of unit_resets is never"),
        ({"field": "unit_resets", "values": ["no", "x*"]}, r"no value of unit_resets is x\*"),
        ({"field": "unit_resets", "except": ["NO"]}, "no value of unit_resets is NO"),
        ({"field": "resets", "values": ["no"]}, "no field of the vocabulary: resets"),
        ({"field": "unit_resets", "value": ["no"]}, "a side is a group, or a field"),
        ({"group": "radio", "values": ["ble"]}, "a side is a group, or a field"),
        ({}, "a side is a group, or a field"),
    ],
)
def test_a_side_that_is_none_of_the_vocabulary_is_refused(
    row: dict[str, Any], problem: str
) -> None:
    with pytest.raises(ValueError, match=problem):
        side_of(row)


def test_what_was_looked_for_in_vain_is_on_no_side() -> None:
    side = Side(field="unit_resets", values=frozenset({"no"}))
    seen = incident(unit_resets="no")
    assert [each.origin for each in side.found_in(seen)] == [Origin.REPORT]
    in_vain = Evidence(field="unit_resets", value="no", origin=Origin.PERSON, seen=False)
    assert side.found_in(Incident(evidence=(in_vain,))) == []


@pytest.mark.parametrize("name", GROUPS)
def test_a_group_has_its_values(name: str) -> None:
    assert group(name) == side_of(TABLE["groups"][name]).values
