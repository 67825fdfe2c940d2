"""The ranking: as good as it was, better than what anybody would try first, and sound."""

from __future__ import annotations

import itertools
import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmline.diagnosis.catalogue import UNKNOWN, catalogue
from firmline.diagnosis.consistency import contradictions, doubts
from firmline.diagnosis.evidence import Evidence, Incident, Origin
from firmline.diagnosis.likelihood import CODES, chance_of, weigh
from firmline.diagnosis.ranking import TELLS, Ranking, rank
from firmline.diagnosis.vocabulary import vocabulary
from unit.diagnosis.baselines import BASELINES
from unit.diagnosis.cases import Case, blind_cases, cases, incident
from unit.diagnosis.scores import Scores, score

PUBLIC = [case for case in cases() if case.is_public]
BLIND = blind_cases()
NOT_ANNOUNCED = [case for case in PUBLIC if not case.announced]


def chances(ranking: Ranking) -> dict[str, float]:
    return {each.slug: each.probability for each in ranking.causes}


def ranked(case: Case) -> dict[str, float]:
    return chances(rank(case.incident))


def leads(evidence: Incident) -> str:
    return rank(evidence).causes[0].slug


# How good it is. These cases were known when the catalogue was written: the level says that a
# change has not spoilt it, not how good it is on others.


@pytest.mark.parametrize("group", [PUBLIC, NOT_ANNOUNCED], ids=["all", "not announced"])
def test_the_level_that_was_reached_is_held(group: list[Case]) -> None:
    scores = score(group, ranked)
    assert scores.top1 >= 0.92
    assert scores.top3 >= 0.97
    assert scores.family >= 0.97
    assert scores.brier <= 0.16


@pytest.mark.slow
@pytest.mark.parametrize(("looked_at", "top1", "brier"), [(True, 0.54, 0.57), (False, 0.61, 0.5)])
def test_the_level_over_cases_that_were_encoded_blind(
    looked_at: bool, top1: float, brier: float
) -> None:
    """What it is worth to others: far less than over the cases that the catalogue was made of."""
    scores = score([each for each in BLIND if each.looked_at is looked_at], ranked)
    assert scores.top1 >= top1
    assert scores.top3 >= 0.79
    assert scores.family >= 0.62
    assert scores.brier <= brier


@pytest.mark.slow
def test_of_what_it_is_sure_of_four_in_five_are_right_also_of_blind_cases() -> None:
    tops = [(rank(each.incident).causes[0], each.cause) for each in BLIND]
    sure = [top.slug == cause for top, cause in tops if top.probability >= 0.8]
    assert len(sure) >= 30
    assert sum(sure) >= 0.8 * len(sure)


@pytest.mark.slow
@pytest.mark.parametrize(("group", "by"), [(PUBLIC, 0.3), (BLIND, 0.15)], ids=["public", "blind"])
@pytest.mark.parametrize("name", BASELINES)
def test_it_beats_what_anybody_would_try_first(name: str, group: list[Case], by: float) -> None:
    def of_others(case: Case) -> dict[str, float]:
        return BASELINES[name]([each for each in PUBLIC if each is not case], case)

    ours, theirs = score(group, ranked), score(group, of_others)
    assert ours.top1 > theirs.top1 + by
    assert ours.top3 > theirs.top3 + by
    assert ours.brier < theirs.brier - 0.3


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_every_case_is_among_the_first_three(case: Case) -> None:
    order = [each.slug for each in rank(case.incident).causes]
    assert case.cause in order[:3]


@pytest.mark.slow
@pytest.mark.parametrize("keep", [1.0, 0.8, 0.6, 0.4])
def test_it_is_not_surer_than_it_is_right(keep: float) -> None:
    """Also of what remains where a report says less than it could."""
    drawn = random.Random(1)
    sure = right = 0.0
    for case in PUBLIC:
        evidence = tuple(each for each in case.incident.evidence if drawn.random() < keep)
        top = rank(Incident(evidence=evidence)).causes[0]
        sure += top.probability
        right += top.slug == case.cause
    assert sure <= right


# What it is made of.


def any_evidence() -> st.SearchStrategy[Evidence]:
    """Any evidence that there can be."""
    pairs = [(field.name, value) for field in vocabulary().values() for value in field.meanings]
    many = {field.name for field in vocabulary().values() if field.many}
    return st.builds(
        lambda pair, seen: Evidence(
            field=pair[0], value=pair[1], origin=Origin.REPORT, seen=seen or pair[0] not in many
        ),
        st.sampled_from(pairs),
        st.booleans(),
    )


@given(st.lists(any_evidence(), max_size=20))
def test_chances_are_one_together_whatever_was_seen(evidence: list[Evidence]) -> None:
    ranking = rank(Incident().with_more(evidence))
    assert math.isclose(sum(chances(ranking).values()), 1.0, abs_tol=1e-9)
    assert math.isclose(sum(ranking.families.values()), 1.0, abs_tol=1e-9)
    assert set(chances(ranking)) == {*catalogue(), UNKNOWN}
    assert all(each.probability > 0 for each in ranking.causes)
    order = [each.probability for each in ranking.causes]
    assert order == sorted(order, reverse=True)


@pytest.mark.slow
@given(st.lists(any_evidence(), max_size=8), st.randoms(use_true_random=False))
def test_the_order_of_the_evidence_does_not_matter(
    evidence: list[Evidence], drawn: random.Random
) -> None:
    shuffled = drawn.sample(evidence, len(evidence))
    one, other = (chances(rank(Incident().with_more(each))) for each in (evidence, shuffled))
    assert all(math.isclose(one[slug], other[slug], rel_tol=1e-9) for slug in one)


@pytest.mark.parametrize("field", [f.name for f in vocabulary().values() if not f.many])
def test_the_values_of_a_field_share_one_chance(field: str) -> None:
    for cause in (None, *catalogue().values()):
        if cause is not None and field in cause.excludes:
            continue  # what is excluded was taken out, and is nobody else's
        if field in CODES:
            continue  # the rest is that there is no code, or a code of another protocol
        whole = sum(chance_of(cause, field, value) for value in vocabulary()[field].meanings)
        assert math.isclose(whole, 1.0, rel_tol=1e-9)


def test_nothing_was_seen_and_nothing_is_known() -> None:
    ranking = rank(Incident())
    assert ranking.causes[0].slug == UNKNOWN
    assert ranking.causes[0].probability < 0.2
    assert not ranking.causes[0].speaks_for


def test_an_answer_that_decides_decides() -> None:
    for code, cause in (
        ("x05", "pkg-version-not-higher"),
        ("x06", "pkg-wrong-target"),
        ("x07", "pkg-wrong-sd-req"),
    ):
        top = rank(incident(result_code="r0B", ext_error=code)).causes[0]
        assert top.slug == cause
        assert top.probability > 0.8


DECIDES = ("x05", "x06", "x07", "x08", "x0B", "x0D")
"""Extended errors that one cause alone has, of those of the vocabulary."""
HOW_IT_LOOKED = [
    (field, value)
    for field in ("phase", "failure_kind", "host_code")
    for value in vocabulary()[field].meanings
    # That there was no error, or a debugger at work, denies the answer.
    if (field, value) not in {("failure_kind", "none"), ("phase", "programming")}
]


@pytest.mark.parametrize("code", DECIDES)
def test_no_step_that_somebody_names_outweighs_an_answer_that_decides(code: str) -> None:
    alone = rank(incident(result_code="r0B", ext_error=code)).causes[0]
    assert alone.probability > 0.9
    for field, value in HOW_IT_LOOKED:
        told = {"result_code": "r0B", "ext_error": code, field: value}
        top = rank(incident(**told)).causes[0]
        assert top.slug == alone.slug, value
        assert top.probability > alone.probability - 0.02, value


def test_a_step_that_an_answer_is_never_of_is_told_and_makes_nothing_else_doubtful() -> None:
    told = incident(ext_error="x05", phase="connect")
    [sentence] = contradictions(told)
    assert "an extended error answers an EXECUTE" in sentence
    assert doubts(told) == 0
    near = incident(ext_error="x05", phase="init_transfer")
    assert not contradictions(near)
    assert chances(rank(told)) == chances(rank(incident(ext_error="x05")))


@pytest.mark.parametrize("code", ["r02", "r03", "r05", "b02", "b06", "b07", "l02", "l04", "s09"])
def test_a_step_off_by_one_does_not_take_a_result_its_cause(code: str) -> None:
    alone = rank(incident(result_code=code)).causes[0]
    steps = list(vocabulary()["phase"].meanings)
    about = alone.cause.about("phase") if alone.cause is not None else None
    assert about is not None
    usual = steps.index(max(about.chances, key=lambda each: about.chances[each]))
    for phase in steps[usual - 1 : usual + 2]:
        assert leads(incident(result_code=code, phase=phase)) == alone.slug, phase


def test_a_step_that_a_trace_has_recorded_keeps_its_weight() -> None:
    told, seen = (
        incident(result_code="r08").with_more(
            [Evidence(field="phase", value="data_transfer", origin=origin)]
        )
        for origin in (Origin.PERSON, Origin.TRACE)
    )
    slug = "transfer-first-object-delay"
    assert chances(rank(seen))[slug] > chances(rank(told))[slug]


# What several causes share.


def test_that_the_application_runs_says_nothing_where_it_has_led_to_the_failure() -> None:
    told = {"transport": "ble", "phase": "connect_bootloader", "failure_kind": "disconnect"}
    assert chances(rank(incident(**told, flags=["app_ok"]))) == chances(rank(incident(**told)))
    before = rank(incident(phase="connect", flags=["app_ok"]))
    assert chances(before) != chances(rank(incident(phase="connect")))


def test_a_link_that_is_lost_on_the_way_is_not_surely_the_cell() -> None:
    """Of one unit on its coin cell: a radio that breaks and a restart look alike to one host."""
    lost = {
        "transport": "ble",
        "sdk": "sdk_17",
        "chip": "nrf52832",
        "bootloader": "secure",
        "phase": "connect_bootloader",
        "failure_kind": "disconnect",
        "host_code": "hci_08",
        "progress": "none",
        "time_to_failure": "instant",
        "reproducibility": "always",
        "unit_scope": "one",
        "supply": "coin_cell",
        "not_cured_by": ["retry"],
        "flags": ["app_ok"],
    }
    seen = chances(rank(incident(**lost)))
    assert seen["power-brownout-coincell"] < 0.9
    assert seen["transfer-link-drops"] > 0.05
    # Whether it restarts decides.
    stays = rank(incident(**lost, unit_resets="no", end_state="stuck_in_dfu"))
    assert stays.causes[0].slug == "transfer-link-drops"


BACK = {
    "transport": "ble",
    "bootloader": "secure",
    "phase": "enter_bootloader",
    "failure_kind": "none",
    "end_state": "back_in_app",
    "unit_resets": "once",
    "progress": "none",
    "time_to_failure": "instant",
}
"""A unit that agrees, restarts, and is in its application again."""
WATCHDOGS = ("wdt-not-fed", "watchdog-rr7-not-fed")


@pytest.mark.parametrize("scope", [None, "one", "all"])
@pytest.mark.parametrize("sdk", [None, "sdk_15_3", "sdk_17"])
def test_the_watchdogs_reset_reason_speaks_for_a_watchdog_where_no_bootloader_was_seen(
    scope: str | None, sdk: str | None
) -> None:
    """A period shorter than the host's link time-out: only the application is ever met."""
    known = {"unit_scope": scope, "sdk": sdk}
    told = BACK | {name: value for name, value in known.items() if value is not None}
    found = chances(rank(incident(**told, flags=["watchdog_reset_seen"])))
    others = [each for slug, each in found.items() if slug not in WATCHDOGS]
    assert sum(found[each] for each in WATCHDOGS) > max(0.5, *others)
    assert found["jump-flag-misuse"] < 0.05
    without = chances(rank(incident(**told)))
    assert sum(without[each] for each in WATCHDOGS) < 0.15


def test_a_copy_that_was_begun_anew_is_no_loss_of_power() -> None:
    """What an interrupted copy leaves is copied again at the next start (spec 9)."""
    told = {
        "transport": "uart",
        "bootloader": "secure",
        "phase": "activation",
        "failure_kind": "none",
        "end_state": "stuck_in_dfu",
        "reproducibility": "once",
        "cured_by": ["retry"],
    }
    before, after = (
        chances(rank(incident(**told, flags=each)))["power-loss-mid-update"]
        for each in ([], ["app_copy_invalid"])
    )
    assert before > 0.5
    assert after < 0.1


NEVER_SENT = {"r07"}
"""Unused, by the bootloader's description (section 2.3)."""


@pytest.mark.parametrize("field", ["result_code", "ext_error", "host_code"])
def test_every_code_is_named_by_a_cause(field: str) -> None:
    seen = [cause.about(field) for cause in catalogue().values()]
    named = {value for about in seen if about is not None for value in about.chances}
    assert set(vocabulary()[field].meanings) - named == NEVER_SENT & set(
        vocabulary()[field].meanings
    )


@pytest.mark.parametrize("field", ["result_code", "ext_error"])
def test_the_first_cause_of_a_code_names_it_or_is_unknown(field: str) -> None:
    for value in vocabulary()[field].meanings:
        first = rank(incident(**{field: value})).causes[0]
        about = None if first.cause is None else first.cause.about(field)
        assert first.slug == UNKNOWN or (about is not None and value in about.chances), value


def test_a_reason_speaks_of_what_was_seen_and_of_no_other_value() -> None:
    ranking = rank(incident(result_code="r0B", ext_error="x0D"))
    assert ranking.causes[0].slug == "flash-space-insufficient"
    key = next(each for each in ranking.causes if each.slug == "pkg-key-mismatch")
    assert "08: the packet" not in [each.because for each in key.speaks_for]


def test_what_a_flag_excludes_is_excluded() -> None:
    told = {"supply": "coin_cell", "unit_resets": "once", "cured_by": ["bench_supply"]}
    before, after = (
        chances(rank(incident(**told, flags=flags)))["power-brownout-coincell"]
        for flags in (["app_ok"], ["app_ok", "supply_measured_ok"])
    )
    assert after < before / 5


def test_what_every_reset_gives_back_is_refuted_by_resets() -> None:
    told = {
        "transport": "ble",
        "bootloader": "secure",
        "sdk": "sdk_15_3",
        "unit_scope": "one",
        "unit_resets": "no",
        "phase": "init_execute",
        "failure_kind": "error_code",
        "result_code": "r08",
        "time_to_failure": "instant",
        "reproducibility": "always",
    }
    before = rank(incident(**told, not_cured_by=["retry"]))
    after = rank(incident(**told, not_cured_by=["retry", "pin_reset", "soft_reset"]))
    assert before.causes[0].slug == "rx-buffer-leak"
    assert chances(after)["rx-buffer-leak"] < 0.2
    assert chances(after)[UNKNOWN] > chances(before)[UNKNOWN]


def test_a_step_that_was_reached_without_any_failure_decides_nothing() -> None:
    assert rank(incident(phase="connect")).causes[0].probability < 0.5


def test_a_unit_that_is_not_found_is_first_of_all_not_there() -> None:
    assert leads(incident(transport="ble", phase="scan", failure_kind="not_found")) == (
        "unit-out-of-reach"
    )


def test_a_supervision_time_out_is_no_evidence_beside_a_restart() -> None:
    told = {"failure_kind": "disconnect", "unit_resets": "repeatedly"}
    with_code = rank(incident(**told, host_code="hci_08"))
    assert chances(with_code) == pytest.approx(chances(rank(incident(**told))))


def test_what_follows_from_a_code_is_not_counted_twice() -> None:
    once = rank(incident(ext_error="x05"))
    twice = rank(incident(ext_error="x05", result_code="r0B", failure_kind="error_code"))
    assert chances(once) == pytest.approx(chances(twice))


def test_two_actions_at_once_leave_open_which_has_helped() -> None:
    together = rank(
        incident(supply="coin_cell", unit_scope="one", cured_by=["bench_supply", "power_cycle"])
    )
    apart = rank(incident(supply="coin_cell", unit_scope="one", cured_by=["supply_in_parallel"]))
    assert chances(apart)["power-brownout-coincell"] > 0.8
    assert chances(together)["power-brownout-coincell"] < chances(apart)["power-brownout-coincell"]
    assert together.causes[0].probability < 0.8


def test_a_cure_says_less_of_a_failure_that_comes_and_goes() -> None:
    seen = {"phase": "data_transfer", "supply": "coin_cell"}
    always = rank(incident(**seen, reproducibility="always", cured_by=["new_cell"]))
    sometimes = rank(incident(**seen, reproducibility="intermittent", cured_by=["new_cell"]))
    assert strength(always, "cured_by") > strength(sometimes, "cured_by")


def strength(ranking: Ranking, field: str) -> float:
    top = next(each for each in ranking.causes if each.slug == "power-brownout-coincell")
    return sum(each.strength for each in top.speaks_for if each.field == field)


def test_what_did_not_help_speaks_against_what_it_would_have_helped() -> None:
    helped = incident(supply="coin_cell", unit_scope="one", not_cured_by=["new_cell"])
    without = incident(supply="coin_cell", unit_scope="one")
    slug = "power-brownout-coincell"
    assert chances(rank(helped))[slug] < chances(rank(without))[slug]


def test_what_was_looked_for_in_vain_speaks_against() -> None:
    found = Evidence(field="flags", value="watchdog_in_app", origin=Origin.PERSON)
    denied = Evidence(field="flags", value="watchdog_in_app", origin=Origin.PERSON, seen=False)
    base = incident(phase="data_transfer", failure_kind="unit_reset", time_to_failure="constant")
    yes, no, open_ = (
        chances(rank(base.with_more(more)))["wdt-not-fed"] for more in ([found], [denied], [])
    )
    assert yes > open_ > no


def test_one_answer_that_cannot_be_true_with_another_helps_nobody() -> None:
    """Two values of a field with one: either may be right."""
    both = incident(phase="init_execute").with_more(incident(phase="activation").evidence)
    assert both.contradictions()
    only = [rank(incident(phase=phase)) for phase in ("init_execute", "activation")]
    for slug in ("pkg-key-mismatch", "mcuboot-slot-space"):
        low, high = sorted(chances(each)[slug] for each in only)
        assert low < chances(rank(both))[slug] < high


def test_what_speaks_for_a_cause_is_what_it_makes_likelier() -> None:
    top = rank(incident(result_code="r05", phase="init_execute", package_scope="own_only"))
    first = top.causes[0]
    assert first.slug == "pkg-key-mismatch"
    assert {each.field for each in first.speaks_for} == {"result_code", "phase", "package_scope"}
    assert all(each.strength >= TELLS and each.because for each in first.speaks_for)
    assert not first.speaks_against
    strengths = [each.strength for each in first.speaks_for]
    assert strengths == sorted(strengths, reverse=True)


# What is learned.


def test_resolved_runs_move_the_ranking_and_are_told() -> None:
    seen = incident(result_code="r05", phase="init_execute")
    before, after = rank(seen), rank(seen, resolved={"pkg-wrong-target": 500})
    assert chances(after)["pkg-wrong-target"] > chances(before)["pkg-wrong-target"]
    assert before.learned is None
    assert after.learned is not None
    assert after.learned.runs == 500


def test_runs_whose_cause_the_catalogue_lacks_make_the_unknown_likelier() -> None:
    seen = incident(phase="init_execute")
    after = rank(seen, resolved={"solder-whisker": 300})
    assert chances(after)[UNKNOWN] > chances(rank(seen))[UNKNOWN]


def test_a_few_runs_do_not_outweigh_an_answer_that_decides() -> None:
    seen = incident(result_code="r0B", ext_error="x05")
    after = rank(seen, resolved={"power-brownout-coincell": 50})
    assert after.causes[0].slug == "pkg-version-not-higher"


def test_a_place_where_the_unit_is_not_speaks_against_what_would_bring_it_there() -> None:
    def told(*places: str) -> Incident:
        return Incident().with_more(
            Evidence(field="end_state", value=place, origin=Origin.TRACE, seen=False)
            for place in places
        )

    before, after = chances(rank(Incident())), chances(rank(told("stuck_in_dfu")))
    assert after["app-invalid-settings"] < before["app-invalid-settings"] / 2
    assert after["jump-bond-config"] > before["jump-bond-config"]
    # Several are one observation: none of them can take what another has taken already.
    both = rank(told("stuck_in_dfu", "gone_silent"))
    assert {len(each.values) for cause in both.causes for each in cause.speaks_against} == {2}


@pytest.mark.parametrize("origin", Origin)
def test_what_was_recorded_excludes_more_than_what_somebody_describes(origin: Origin) -> None:
    def told(by: Origin) -> float:
        place = Evidence(field="phase", value="data_transfer", origin=by)
        return chances(rank(Incident(evidence=(place,))))["jump-bond-config"]

    is_recorded = origin in {Origin.TRACE, Origin.UNIT}
    assert (told(origin) < told(Origin.PERSON)) is is_recorded


def test_observations_are_the_same_for_every_cause() -> None:
    case = cases()[0].incident
    shapes = {
        tuple((each.field, each.values, each.seen) for each in weigh(cause, case))
        for cause in (None, *catalogue().values())
    }
    assert len(shapes) == 1


def test_scores_are_what_they_say() -> None:
    case = next(iter(PUBLIC))
    perfect = score([case], lambda each: {each.cause: 1.0})
    assert perfect == Scores(top1=1.0, top3=1.0, family=1.0, brier=0.0)
    other = next(slug for slug in catalogue() if slug != case.cause)
    assert score([case], lambda _: {other: 1.0}).brier == 2.0


def test_pairs_that_reports_cannot_tell_apart_stay_close() -> None:
    """An observer who sees no more must not be told more."""
    seen = incident(phase="final_execute", result_code="r0B", ext_error="x0C", progress="end")
    among = chances(rank(seen))
    trio = ("flash-op-lost-silently", "unaligned-packet-length", "host-mtu-too-large")
    for one, other in itertools.combinations(trio[:2], 2):
        assert 0.4 < among[one] / among[other] < 2.5
    assert sum(among[slug] for slug in trio) > 0.7


def test_what_a_cause_says_nothing_of_does_not_speak_against_it() -> None:
    """That a unit is in its bootloader is likelier with some, and no news for the others."""
    seen = incident(flags=["dfutarg_visible"], ext_error="x05", phase="init_execute")
    for ranked in rank(seen).causes:
        fields = {each.field for each in ranked.speaks_against if not each.because}
        assert fields <= {"ext_error", "result_code"}


def test_a_supply_that_does_not_sag_excludes_that_it_does() -> None:
    for supply in ("usb", "bench"):
        told = {"phase": "data_transfer", "failure_kind": "unit_reset", "unit_resets": "once"}
        chances = {each.slug: each.probability for each in rank(incident(**told)).causes}
        fed = {each.slug: each.probability for each in rank(incident(**told, supply=supply)).causes}
        assert fed["power-brownout-coincell"] < chances["power-brownout-coincell"] / 10
