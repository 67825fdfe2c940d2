"""What contradicts itself in one field: neither counts, the user is told, and less is known."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmline.diagnosis.catalogue import UNKNOWN
from firmline.diagnosis.consistency import consistent, contradictions, doubts
from firmline.diagnosis.contradiction_rules import group, one_value, wider
from firmline.diagnosis.evidence import Evidence, Incident, Origin
from firmline.diagnosis.exclusions import exclusions
from firmline.diagnosis.joining import joined
from firmline.diagnosis.outcomes import result_of
from firmline.diagnosis.ranking import DOUBT, rank
from firmline.diagnosis.reading import Kind, Source
from firmline.diagnosis.same_field import several_bits
from firmline.diagnosis.vocabulary import vocabulary
from unit.diagnosis.cases import incident


def told(field: str, *values: str, by: Origin = Origin.PERSON) -> list[Evidence]:
    return [Evidence(field=field, value=each, origin=by) for each in values]


def shown(*results: str) -> Incident:
    """What results of tests come to, as ``--result`` takes them."""
    return Incident().with_more(each for text in results for each in result_of(text)[1])


def unknown(known: Incident) -> float:
    return rank(known).families[UNKNOWN]


PAIRS = [
    (name, one, other)
    for name in sorted(one_value())
    for one, other in combinations(vocabulary()[name].meanings, 2)
    if other not in wider().get((name, one), ()) and one not in wider().get((name, other), ())
]


@given(st.sampled_from(PAIRS), st.sampled_from([Origin.PERSON, Origin.REPORT, Origin.LOG]))
def test_of_two_values_neither_counts_and_less_is_known(
    pair: tuple[str, str, str], by: Origin
) -> None:
    name, one, other = pair
    rest = incident(supply="coin_cell", reproducibility="always")
    both = rest.with_more(told(name, one, other, by=by))
    assert consistent(both) == rest
    assert doubts(both) == 1
    [sentence] = contradictions(both)
    assert one in sentence
    assert other in sentence
    assert sentence.endswith("neither is used.")
    before, after = unknown(rest), unknown(both)
    assert after / (1 - after) == pytest.approx(DOUBT * before / (1 - before))


@given(st.sampled_from(PAIRS))
def test_of_two_sources_the_more_certain_is_used(pair: tuple[str, str, str]) -> None:
    name, one, other = pair
    sure = told(name, one, by=Origin.TRACE)
    both = Incident().with_more([*told(name, other), *sure])
    assert consistent(both).by_field() == {name: (one,)}
    assert doubts(both) == 0
    [sentence] = contradictions(both)
    assert f"told to be {other} and {one}," in sentence
    assert sentence.endswith(f"the more certain is used, {one}.")
    assert rank(both).families == rank(Incident().with_more(sure)).families


def test_what_a_trace_has_recorded_at_two_times_is_true_of_both() -> None:
    both = Incident().with_more(told("chip", "nrf52832", "nrf52840", by=Origin.TRACE))
    assert consistent(both) is both


@pytest.mark.parametrize(
    ("field", "wide", "narrow"),
    [
        ("chip", "nrf52", "nrf52840"),
        ("result_code", "refused", "r05"),
        ("host_tool", "phone", "ios"),
        ("host_code", "gatt_error", "gatt_133"),
    ],
)
def test_a_value_that_takes_in_the_other_is_no_contradiction(
    field: str, wide: str, narrow: str
) -> None:
    both = Incident().with_more(told(field, wide, narrow))
    assert not contradictions(both)
    assert consistent(both).by_field() == {field: (narrow,)}
    assert rank(both).families == rank(Incident().with_more(told(field, narrow))).families


def test_what_two_who_look_see_differently_counts_in_part() -> None:
    both = Incident().with_more(told("phase", "find_bootloader", "connect_bootloader"))
    assert consistent(both) is both
    assert contradictions(both) == ("phase is told to be find_bootloader and connect_bootloader.",)


# As it comes in.


def test_two_results_of_one_test() -> None:
    both = shown("see-resets=no", "see-resets=repeatedly")
    assert rank(both).causes[0].slug == UNKNOWN
    assert unknown(both) > unknown(shown("see-resets=no")) * 3
    assert unknown(both) > unknown(shown("see-resets=repeatedly")) * 3


def test_two_answers_of_one_unit() -> None:
    both = shown("see-phase=r05,r0B,x07")
    assert not {"result_code", "ext_error"} & set(consistent(both).by_field())
    assert rank(both).causes[0].slug == UNKNOWN
    assert unknown(both) > 0.8
    assert len(contradictions(both)) == 2


def test_two_reports_of_one_failure() -> None:
    reports = [
        Source(kind=Kind.REPORT, incident=incident(result_code="r0B", ext_error=code))
        for code in ("x05", "x07")
    ]
    both = joined(reports).incident
    assert consistent(both).by_field() == {"result_code": ("r0B",)}
    assert rank(both).causes[0].slug == UNKNOWN
    one = rank(reports[0].incident)
    assert one.causes[0].probability > 0.9
    assert unknown(both) > 5 * one.families[UNKNOWN]


def test_what_is_told_to_be_so_and_not_to_be_so_is_not_used() -> None:
    both = shown("read-reset-reason=watchdog_reset_seen", "read-reset-reason=none")
    left = consistent(both)
    assert "flags" not in left.by_field()
    assert "watchdog_reset_seen" not in left.looked_for_in_vain()["flags"]
    assert doubts(both) == 1
    assert "watchdog_reset_seen is told to be so, and not to be so: neither is used." in (
        contradictions(both)
    )


def test_what_a_trace_has_looked_for_is_more_certain_than_who_says_otherwise() -> None:
    denied = Evidence(field="flags", value="rssi_low", origin=Origin.TRACE, seen=False)
    both = Incident().with_more([*told("flags", "rssi_low"), denied])
    assert consistent(both).evidence == (denied,)
    assert "the more certain is used, that it is not." in contradictions(both)[0]
    assert doubts(both) == 0


# A register of reset reasons: its bits add up.

BITS = sorted(group("bit_set"))


def test_one_bit_counts_in_full() -> None:
    assert several_bits(["watchdog_reset_seen", "app_ok"]) == ()
    assert rank(incident(flags=["watchdog_reset_seen"])).causes[0].slug == "wdt-not-fed"


def test_of_several_bits_one_counts_and_nobody_knows_which() -> None:
    alone = {each: rank(incident(flags=[each])) for each in BITS}
    together = incident(flags=BITS)
    ranking = rank(together)
    chances = {each.slug: each.probability for each in ranking.causes}
    for first in (each.causes[0] for each in alone.values()):
        assert chances[first.slug] < first.probability
    [sentence] = contradictions(together)
    assert all(each in sentence for each in BITS)
    assert "add up" in sentence
    assert not exclusions(together)
    assert any(exclusions(incident(flags=[each])) for each in BITS)


@pytest.mark.slow
def test_several_bits_say_no_more_of_any_cause_than_the_one_that_says_the_most() -> None:
    def odds(flags: list[str], slug: str) -> float:
        chances = {each.slug: each.probability for each in rank(incident(flags=flags)).causes}
        return chances[slug] / chances[UNKNOWN]

    for each in rank(incident(flags=BITS)).causes:
        if each.slug != UNKNOWN:
            most = max(odds([bit], each.slug) for bit in BITS)
            least = min(odds([bit], each.slug) for bit in BITS)
            assert least * 0.999 <= odds(BITS, each.slug) <= most * 1.001


def test_four_reasons_at_once_are_a_contradiction_and_two_bits() -> None:
    flags = ["reset_reason_brownout", "watchdog_reset_seen", "reset_reason_lockup"]
    both = shown(f"read-reset-reason={','.join([*flags, 'reset_reason_not_soft'])}")
    assert set(consistent(both).by_field()["flags"]) == {*BITS, "reset_reason_not_soft"}
    first, second = contradictions(both)
    assert "a brown-out and a power-on leave no bit set" in first
    assert "add up" in second
    assert rank(both).causes[0].slug == UNKNOWN
    assert unknown(both) > 3 * unknown(incident(flags=["reset_reason_brownout"]))
