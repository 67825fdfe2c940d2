"""What a comparison says of the failure, in the words of the vocabulary."""

from __future__ import annotations

from itertools import chain

import pytest

from firmline.diagnosis.comparison import Counted, Side, Standing, compare, next_side
from firmline.diagnosis.comparison_evidence import evidence_of_comparison, is_provoked
from firmline.diagnosis.evidence import Evidence, Incident, Origin
from firmline.diagnosis.exclusions import exclusions
from firmline.diagnosis.ranking import rank


def standing(a: str, b: str) -> Standing:
    """Outcomes of each condition, F or p, in the order in which they are run."""
    left = {Side.A: list(a), Side.B: list(b)}
    done: list[Counted] = []
    while left[side := next_side(done)]:
        done.append(Counted(side, left[side].pop(0) == "F"))
    return compare(done, most_runs=40)


def said(result: Standing, factor: str, a: str, b: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    evidence = evidence_of_comparison(result, factor=factor, labels=(a, b))
    for each in evidence:
        found.setdefault(each.field, []).append(each.value)
    assert Incident().with_more(evidence).contradictions() == ()
    return found


DIFFERENT = standing("FFFF", "pppp")
ALIKE = standing("F" * 8, "F" * 8)


@pytest.mark.parametrize(
    ("factor", "a", "b", "cure"),
    [
        ("supply", "cell", "bench", "bench_supply"),
        ("supply", "cell", "bench in parallel", "supply_in_parallel"),
        ("supply", "old cell", "new cell", "new_cell"),
        ("supply", "own supply", "3.0V", "bench_supply"),
        ("power-cycle", "as it is", "power-cycled", "power_cycle"),
        ("host", "dongle", "phone", "other_host"),
    ],
)
def test_the_better_condition_is_the_cure(factor: str, a: str, b: str, cure: str) -> None:
    found = said(DIFFERENT, factor, a, b)
    assert found["cured_by"] == [cure]
    assert found["reproducibility"] == ["always"]


def test_a_cell_that_fails_again_each_time_it_is_put_back_was_not_cured_by_that() -> None:
    found = said(DIFFERENT, "supply", "cell", "bench")
    assert found["not_cured_by"] == ["cell_reseated", "power_cycle"]
    assert found["supply"] == ["coin_cell"]


def test_the_contact_stays_in_question_where_the_cell_worked_once_it_was_put_back() -> None:
    mixed = standing("FpFFFFFFF", "ppppppppp")
    assert mixed.verdict.value == "different"
    found = said(mixed, "supply", "cell", "bench")
    assert "not_cured_by" not in found
    assert found["reproducibility"] == ["intermittent"]


def test_a_cell_that_stays_in_was_not_put_back() -> None:
    assert "not_cured_by" not in said(DIFFERENT, "supply", "cell", "bench in parallel")


@pytest.mark.parametrize("a_runs", ["pppp", "ppppppppp"])
@pytest.mark.parametrize(
    ("factor", "a", "b"),
    [
        ("supply", "3.0V", "3.0V,300ohm"),
        ("supply", "bench", "cell"),
        ("power-cycle", "as it is", "power-cycled"),
        ("host", "dongle", "phone"),
        ("other", "old cable", "new cable"),
    ],
)
def test_a_failure_that_the_other_condition_provokes_says_nothing_of_the_failure(
    factor: str, a: str, b: str, a_runs: str
) -> None:
    provoked = standing(a_runs, "F" * len(a_runs))
    assert provoked.verdict.value == "different"
    assert said(provoked, factor, a, b) == {}


@pytest.mark.parametrize("result", [DIFFERENT, ALIKE, standing("FpFFFFFFF", "ppppppppp")])
@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("3.0V,60ohm", "3.0V"),
        ("2.0V", "bench"),
        ("bench at 2 V", "bench at 3 V"),
        ("1.9V,60ohm", "new cell"),
        ("1.9V", "bench in parallel"),
        ("bench", "fresh cell"),
        ("bench in parallel", "bench"),
    ],
)
def test_a_setting_of_a_bench_supply_that_fails_is_no_failure_of_the_unit(
    result: Standing, a: str, b: str
) -> None:
    """A healthy unit fails there as well."""
    assert said(result, "supply", a, b) == {}
    assert is_provoked("supply", (a, b))
    assert not is_provoked("other", (a, b))


@pytest.mark.parametrize(
    ("a", "b", "cure"),
    [
        ("cell on the bench", "cell in its holder", None),
        ("cell", "not renewed", None),
        ("new cell", "bench", "bench_supply"),
        ("cell", "cell, bench-parallel", "supply_in_parallel"),
    ],
)
def test_a_condition_is_what_its_words_say(a: str, b: str, cure: str | None) -> None:
    assert said(DIFFERENT, "supply", a, b).get("cured_by", [None]) == [cure]


def test_one_failure_of_many_runs_is_not_yet_an_intermittent_one() -> None:
    once, twice = standing("p" * 7 + "F", "p" * 8), standing("p" * 6 + "FF", "p" * 8)
    assert said(once, "power-cycle", "as it is", "power-cycled") == {}
    found = said(twice, "power-cycle", "as it is", "power-cycled")
    assert found == {"reproducibility": ["intermittent"]}


def test_a_failure_of_the_unit_as_it_is_says_nothing_where_the_other_condition_provokes_more() -> (
    None
):
    provoked = standing("FF" + "p" * 14, "F" * 16)
    assert provoked.worse is Side.B
    assert said(provoked, "host", "dongle", "phone") == {}


def test_what_fails_in_both_was_not_cured() -> None:
    assert said(ALIKE, "supply", "cell", "bench")["not_cured_by"] == ["bench_supply"]
    hosts = said(ALIKE, "host", "dongle", "phone")
    assert hosts["not_cured_by"] == ["other_host"]
    assert hosts["host_scope"] == ["all_hosts"]


def test_one_unit_of_two_does_not_say_how_many_of_all() -> None:
    assert said(DIFFERENT, "unit", "1", "2") == {"reproducibility": ["always"]}


def test_what_the_vocabulary_has_no_word_for_is_not_said() -> None:
    found = said(DIFFERENT, "other", "old cable", "new cable")
    assert found == {"reproducibility": ["always"]}


@pytest.mark.parametrize("factor", ["supply", "power-cycle", "host", "unit", "other"])
@pytest.mark.parametrize("runs", [("", ""), ("F", ""), ("p", "p"), ("p" * 8, "p" * 8)])
def test_nothing_is_said_of_nothing(factor: str, runs: tuple[str, str]) -> None:
    found = said(standing(*runs), factor, "cell", "bench")
    assert list(chain(*found.values())) == []


# --- what the failed runs show ------------------------------------------------------------------


def shown(*more: tuple[str, str]) -> tuple[Evidence, ...]:
    """What the trace of a failed run shows."""
    fields = (("transport", "ble"), ("phase", "data_transfer"), ("host_code", "hci_08"), *more)
    return tuple(
        Evidence(field=field, value=value, origin=Origin.TRACE, where="at 1.0 s")
        for field, value in fields
    )


def test_where_the_unit_fails_is_said_by_its_failed_runs() -> None:
    evidence = evidence_of_comparison(
        DIFFERENT, factor="supply", labels=("cell", "bench"), failure=shown()
    )
    assert {each.origin for each in evidence} == {Origin.PERSON, Origin.TRACE}
    found = Incident(evidence=evidence).by_field()
    assert found["cured_by"] == ("bench_supply",)
    assert (found["transport"], found["phase"]) == (("ble",), ("data_transfer",))


def test_what_many_runs_say_is_not_said_otherwise_by_one_of_them() -> None:
    one = shown(
        ("reproducibility", "once"), ("not_cured_by", "bench_supply"), ("not_cured_by", "retry")
    )
    evidence = evidence_of_comparison(
        DIFFERENT, factor="supply", labels=("cell", "bench"), failure=one
    )
    incident = Incident(evidence=evidence)
    assert incident.contradictions() == ()
    assert incident.by_field()["reproducibility"] == ("always",)
    assert incident.by_field()["not_cured_by"] == ("cell_reseated", "power_cycle", "retry")


@pytest.mark.parametrize(
    ("result", "a", "b"),
    [
        (standing("pppp", "FFFF"), "cell", "bench"),
        (DIFFERENT, "1.9V", "bench"),
        (standing("p" * 7 + "F", "p" * 8), "cell", "bench"),
        (standing("F", ""), "cell", "bench"),
    ],
    ids=["B provokes it", "A provokes it", "failed once", "one run"],
)
def test_where_nothing_is_learned_of_the_failure_its_runs_say_nothing_either(
    result: Standing, a: str, b: str
) -> None:
    evidence = evidence_of_comparison(
        result, factor="supply", labels=(a, b), failure=shown(), passes_in_between=True
    )
    assert evidence == ()


def test_a_unit_that_passes_in_between_is_within_reach_and_its_package_is_for_it() -> None:
    evidence = evidence_of_comparison(
        DIFFERENT, factor="supply", labels=("cell", "bench"), passes_in_between=True
    )
    excluded = {each.cause.slug for each in exclusions(Incident(evidence=evidence))}
    assert {"unit-out-of-reach", "pkg-key-mismatch", "jump-bootloader-missing"} <= excluded
    assert "power-brownout-coincell" not in excluded
    before = evidence_of_comparison(DIFFERENT, factor="supply", labels=("cell", "bench"))
    chances = [
        {each.slug: each.probability for each in rank(Incident(evidence=said)).causes}
        for said in (before, evidence)
    ]
    assert chances[1]["unit-out-of-reach"] < chances[0]["unit-out-of-reach"] / 10


def test_with_what_its_runs_show_the_supply_is_sure() -> None:
    seen = shown(
        ("failure_kind", "disconnect"), ("end_state", "back_in_app"), ("unit_resets", "repeatedly")
    )
    evidence = evidence_of_comparison(
        DIFFERENT,
        factor="supply",
        labels=("cell", "bench"),
        failure=seen,
        passes_in_between=True,
    )
    first = rank(Incident(evidence=evidence)).causes[0]
    assert first.slug == "power-brownout-coincell"
    assert first.probability > 0.85
