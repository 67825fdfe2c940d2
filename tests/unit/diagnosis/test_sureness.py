"""Sure enough to act: never before what the fix would destroy was looked at."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from firmline.data import load_table
from firmline.diagnosis.catalogue import catalogue
from firmline.diagnosis.diagnostic_tests import diagnostic_tests, harm_of
from firmline.diagnosis.evidence import Evidence, Incident, Origin
from firmline.diagnosis.expectation import Look
from firmline.diagnosis.information import likely_causes
from firmline.diagnosis.investigation import End, Next, Order, fix_waits, may_act, next_step
from firmline.diagnosis.next_test import Proposal, fix_destroys, plan
from firmline.diagnosis.ranking import RankedCause, Ranking, rank
from firmline.diagnosis.sureness import FINDS, SURE, TRUST, could_be_another, is_known
from unit.diagnosis.cases import Case, cases, incident

BROWNOUT = "power-brownout-coincell"
CONTACT = {
    "transport": "ble",
    "bootloader": "secure",
    "chip": "nrf52832",
    "sdk": "sdk_17",
    "phase": "init_execute",
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
"""How a contact of a cell that gives way looks, and a stale state or a radio link might, too."""
REFUSED = {"phase": "init_execute", "result_code": "r0B", "ext_error": "x05"}
HARMLESS = ("see-end", "read-reset-reason", "see-resets", "second-host")


def concluded(seen: Incident, **options: object) -> tuple[Ranking, tuple[Proposal, ...]]:
    ranking = rank(seen)
    return ranking, plan(seen, ranking, **options)  # type: ignore[arg-type]


def owed(proposals: tuple[Proposal, ...]) -> list[str]:
    return [each.test.slug for each in proposals if each.is_owed]


def flags(
    seen: Incident,
    *,
    found: tuple[str, ...] = (),
    denied: tuple[str, ...] = (),
    origin: Origin = Origin.UNIT,
) -> Incident:
    return seen.with_more(
        Evidence(field="flags", value=value, origin=origin, seen=value in found)
        for value in (*found, *denied)
    )


# What the fix of a cause destroys.


@pytest.mark.parametrize("slug", sorted(catalogue()))
def test_what_a_fix_destroys_is_named_as_tests_name_it(slug: str) -> None:
    assert set(catalogue()[slug].fix_destroys) <= set(load_table("diagnostic_tests")["destroys"])


def test_a_cause_says_it_itself_or_its_family_does() -> None:
    assert catalogue()[BROWNOUT].fix_destroys == ("power",)
    assert catalogue()["power-loss-mid-update"].fix_destroys == ("session",)
    assert catalogue()["pkg-version-not-higher"].fix_destroys == ()
    assert catalogue()["rx-buffer-leak"].fix_destroys == ("ram",)


def test_the_power_is_worse_than_all_else_together() -> None:
    everything = [each for each in load_table("diagnostic_tests")["destroys"] if each != "power"]
    assert harm_of(()) == 1.0
    assert harm_of(everything) < harm_of(["power"]) == math.inf
    for test in diagnostic_tests().values():
        assert (test.harm == math.inf) == test.takes_power
        assert (test.harm == 1.0) == test.is_harmless


# What is owed.


def test_a_cause_that_is_known_by_how_it_looks_is_not_acted_on() -> None:
    seen = incident(**CONTACT)
    ranking, proposals = concluded(seen)
    assert is_known(ranking)
    assert ranking.causes[0].slug == BROWNOUT
    assert not may_act(ranking, proposals)
    assert set(HARMLESS) <= set(owed(proposals))
    assert "supply-in-parallel" in owed(proposals)
    assert fix_waits(seen, ranking, proposals)


def test_what_is_owed_and_harmless_comes_first_and_never_takes_the_power() -> None:
    _, proposals = concluded(incident(**CONTACT))
    first = [each.is_owed and each.test.is_harmless for each in proposals]
    assert first == sorted(first, reverse=True)
    assert not any(each.test.takes_power for each in proposals if each.is_owed)


def test_the_reset_reason_settles_it() -> None:
    seen = flags(
        incident(**CONTACT), found=("reset_reason_brownout",), denied=("watchdog_reset_seen",)
    )
    ranking, proposals = concluded(seen, done=("read-reset-reason",))
    assert may_act(ranking, proposals)
    assert not owed(proposals)
    assert not fix_waits(seen, ranking, proposals)


def test_what_is_not_at_hand_or_done_is_not_owed() -> None:
    seen = incident(**CONTACT)
    everything = tuple(diagnostic_tests())
    ranking, proposals = concluded(seen, done=everything)
    assert not proposals
    assert may_act(ranking, proposals)
    _, without = concluded(seen, lacks=("second-host", "bench-supply"))
    assert not {"second-host", "supply-in-parallel"} & set(owed(without))


def test_a_fix_that_leaves_the_unit_as_it_is_never_waits() -> None:
    seen = incident(**REFUSED)
    ranking, proposals = concluded(seen)
    assert ranking.causes[0].slug == "pkg-version-not-higher"
    assert fix_destroys(seen, ranking) == ()
    assert may_act(ranking, proposals)
    assert not fix_waits(seen, ranking, proposals)


def test_what_is_gone_already_is_kept_for_nobody() -> None:
    """Who has had the cell out has nothing left that only the power held."""
    seen = incident(**CONTACT | {"cured_by": ["bench_supply"]})
    ranking, proposals = concluded(seen)
    assert ranking.causes[0].slug == BROWNOUT
    assert fix_destroys(seen, ranking) == ()
    assert may_act(ranking, proposals)
    bridged = incident(**CONTACT | {"not_cured_by": ["retry", "app_restart"]})
    assert fix_destroys(bridged, rank(bridged)) == ("power",)


def test_a_fix_waits_also_where_nothing_is_known_yet() -> None:
    seen = incident(supply="coin_cell", unit_scope="one", failure_kind="disconnect")
    ranking, proposals = concluded(seen)
    assert ranking.causes[0].slug == BROWNOUT
    assert not is_known(ranking)
    assert not owed(proposals)
    assert fix_waits(seen, ranking, proposals)


@pytest.mark.parametrize("order", Order)
def test_an_investigation_does_not_end_before_what_is_owed_is_done(order: Order) -> None:
    seen = incident(**CONTACT)
    step = next_step(seen, rank(seen), order=order)
    assert isinstance(step, Next)
    assert not step.test.takes_power
    done = tuple(diagnostic_tests())
    assert next_step(seen, rank(seen), order=order, done=done) is End.SURE


@pytest.mark.slow
@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_nothing_is_acted_on_whose_fix_destroys_what_could_say_otherwise(case: Case) -> None:
    """For every cause: the rule itself, over what is left to do."""
    ranking, proposals = concluded(case.incident)
    harm = harm_of(fix_destroys(case.incident, ranking))
    if may_act(ranking, proposals):
        assert ranking.causes[0].probability >= SURE
        assert not owed(proposals)
    for each in proposals:
        assert not each.is_owed or (is_known(ranking) and each.test.harm < harm)
    if is_known(ranking) and proposals and proposals[0].test.takes_power:
        assert not owed(proposals)


# What could show another cause.


def ranking_of(first: float, *, direct: bool) -> Ranking:
    """Of a cause that is as likely as that, by how it looks or by what was found."""
    seen = incident(supply="coin_cell", failure_kind="disconnect")
    ranking = rank(flags(seen, found=("reset_reason_brownout",)) if direct else seen)
    top = next(each for each in ranking.causes if each.slug == BROWNOUT)
    rest = [each for each in ranking.causes if each is not top]
    whole = sum(each.probability for each in rest)
    return Ranking(
        causes=(_with(top, first), *(_with(r, r.probability / whole * (1 - first)) for r in rest)),
        families={},
    )


def _with(ranked: RankedCause, probability: float) -> RankedCause:
    return replace(ranked, probability=probability)


def look(ranking: Ranking, with_first: float, with_others: float) -> Look:
    """Something that is as likely with the first cause, and with all others."""
    chances = {
        each.slug: with_first if each.slug == BROWNOUT else with_others for each in ranking.causes
    }
    return Look(
        what="reset_reason_brownout",
        outcomes={"seen": chances, "not seen": {slug: 1 - c for slug, c in chances.items()}},
    )


def could(first: float, with_first: float, with_others: float, *, direct: bool = False) -> bool:
    ranking = ranking_of(first, direct=direct)
    looks = [look(ranking, with_first, with_others)]
    return could_be_another(ranking, looks, likely_causes(ranking))


def test_a_test_that_tells_nothing_could_not_show_another_cause() -> None:
    assert not could(0.93, 0.5, 0.5)


def test_how_it_looks_is_not_trusted_further_than_it_was_right() -> None:
    """One outcome is a quarter as likely with the cause: enough at 95 %, too little at 99.9 %."""
    assert could(TRUST, 0.75, 0.02)
    assert could(0.999, 0.75, 0.02)
    assert not could(0.999, 0.75, 0.02, direct=True)


@given(st.floats(SURE, 0.9999), st.floats(0.01, 0.99), st.floats(0.01, 0.99), st.booleans())
def test_what_is_owed_finds_a_share_of_what_else_it_could_be(
    first: float, with_first: float, with_others: float, direct: bool
) -> None:
    """By Bayes' rule alone: how many of the others come out so that the first is not known."""
    trusted = first if direct else min(first, TRUST)
    found = 0.0
    for own, other in ((with_first, with_others), (1 - with_first, 1 - with_others)):
        after = trusted * own / (trusted * own + (1 - trusted) * other)
        assume(abs(after - SURE) > 1e-3)
        found += other if after < SURE else 0.0
    assume(abs(found - FINDS) > 1e-3)
    assert could(first, with_first, with_others, direct=direct) == (found >= FINDS)


def test_an_empty_register_that_a_program_may_have_cleared_settles_nothing() -> None:
    seen = flags(incident(**CONTACT), found=("reset_register_empty",))
    ranking, proposals = concluded(seen, done=("read-reset-reason",))
    assert not may_act(ranking, proposals)
    assert {"see-end", "see-resets", "supply-in-parallel"} <= set(owed(proposals))


def test_who_has_read_a_reset_reason_sees_first_whether_there_was_a_reset() -> None:
    seen = flags(incident(**CONTACT), found=("reset_reason_brownout",), origin=Origin.PERSON)
    ranking, proposals = concluded(seen, done=("read-reset-reason",))
    assert set(owed(proposals)) == {"see-end", "see-resets"}
    assert not may_act(ranking, proposals)
    more = seen.with_more(
        Evidence(field=field, value=value, origin=Origin.PERSON)
        for field, value in (("unit_resets", "repeatedly"), ("end_state", "reset_loop"))
    )
    assert may_act(*concluded(more, done=("read-reset-reason", "see-resets", "see-end")))


def test_a_reset_reason_of_a_unit_that_never_restarted_is_not_believed() -> None:
    seen = flags(
        incident(**CONTACT), found=("reset_reason_brownout",), origin=Origin.PERSON
    ).with_more([Evidence(field="unit_resets", value="no", origin=Origin.PERSON)])
    ranking, _ = concluded(seen)
    alone, _ = concluded(incident(**CONTACT))
    assert ranking.causes[0].probability <= alone.causes[0].probability
