"""What actions that failed say together, and what one more of them would still tell."""

from __future__ import annotations

import pytest

from firmline.diagnosis.catalogue import catalogue
from firmline.diagnosis.cures import (
    EMPTY,
    HELPS_ANYWAY,
    UNKNOWN_HELPS,
    chance_of_help,
    chance_of_help_now,
    chance_of_no_help,
    chance_of_some_help,
    observed_failures,
)
from firmline.diagnosis.information import FAILS, PASSES, bits, outcomes_of_action
from firmline.diagnosis.next_test import plan
from firmline.diagnosis.ranking import Ranking, rank
from firmline.diagnosis.vocabulary import vocabulary
from unit.diagnosis.cases import incident

MISUSE = catalogue()["jump-flag-misuse"]
STUCK = catalogue()["gpregret-stuck"]
BACK_IN_APPLICATION = {
    "transport": "ble",
    "bootloader": "secure",
    "phase": "enter_bootloader",
    "failure_kind": "none",
    "end_state": "back_in_app",
    "unit_resets": "once",
}


def of(ranking: Ranking) -> dict[str, float]:
    return {each.slug: each.probability for each in ranking.causes}


def test_all_that_empties_the_registers_is_of_the_vocabulary() -> None:
    assert set(vocabulary()["cured_by"].meanings) > EMPTY


def test_what_empties_the_registers_is_one_observation_and_the_rest_its_own() -> None:
    tried = ["app_restart", "pin_reset", "retry", "power_cycle"]
    assert observed_failures(incident(not_cured_by=tried)) == (
        ("app_restart",),
        ("retry",),
        ("pin_reset", "power_cycle"),
    )
    assert observed_failures(incident(phase="scan")) == ()


def test_to_try_again_what_fails_each_time_is_no_observation() -> None:
    always = incident(reproducibility="always", not_cured_by=["retry", "other_host"])
    assert observed_failures(always) == (("other_host",),)
    bonds = {**BACK_IN_APPLICATION, "reproducibility": "always"}
    assert of(rank(incident(**bonds, not_cured_by=["retry"]))) == pytest.approx(
        of(rank(incident(**bonds)))
    )


def test_a_second_emptying_tells_nothing_of_what_the_first_would_have_helped() -> None:
    seen = {**BACK_IN_APPLICATION, "reproducibility": "always"}
    one = of(rank(incident(**seen, not_cured_by=["pin_reset"])))
    both = of(rank(incident(**seen, not_cured_by=["pin_reset", "power_cycle"])))
    none = of(rank(incident(**seen)))
    assert one["jump-flag-misuse"] < none["jump-flag-misuse"]
    pair = ("jump-flag-misuse", "jump-bond-config")
    assert both[pair[0]] / both[pair[1]] == pytest.approx(one[pair[0]] / one[pair[1]])


def test_of_several_that_failed_the_best_counts() -> None:
    failed = chance_of_no_help(STUCK, ["new_cell", "power_cycle"])
    assert failed == pytest.approx(1 - chance_of_help(STUCK, "power_cycle"))


def test_of_several_that_helped_at_least_one_has() -> None:
    together = chance_of_some_help(STUCK, ["soft_reset", "power_cycle"], 0.0)
    assert together > chance_of_help(STUCK, "power_cycle")


def test_what_the_next_one_would_still_do_is_what_it_does_beside() -> None:
    tried = incident(**BACK_IN_APPLICATION, not_cured_by=["pin_reset"])
    assert chance_of_help_now(MISUSE, "power_cycle", tried) == pytest.approx(0.0)
    assert chance_of_help_now(MISUSE, "other_firmware_build", tried) == pytest.approx(0.7)
    untried = incident(**BACK_IN_APPLICATION)
    assert chance_of_help_now(MISUSE, "power_cycle", untried) == pytest.approx(0.45)


def test_what_helps_more_than_the_first_still_may() -> None:
    brown_out = catalogue()["power-brownout-coincell"]
    tried = incident(**BACK_IN_APPLICATION, not_cured_by=["power_cycle"])
    before = chance_of_help(brown_out, "bench_supply")
    now = chance_of_help_now(brown_out, "bench_supply", tried)
    assert 0.5 * before < now < before


def test_an_attempt_that_passes_anyway_passes_behind_what_failed_too() -> None:
    tried = incident(reproducibility="intermittent", not_cured_by=["pin_reset"])
    assert chance_of_help_now(MISUSE, "power_cycle", tried) == pytest.approx(0.35)


@pytest.mark.parametrize(("slug", "helps"), [("", UNKNOWN_HELPS), ("host-permission", None)])
def test_of_a_cause_that_is_not_known_little_is_expected(slug: str, helps: float | None) -> None:
    expected = HELPS_ANYWAY if helps is None else helps
    assert chance_of_help(catalogue().get(slug), "pin_reset") == pytest.approx(expected)


def test_the_plan_empties_no_register_twice() -> None:
    seen = {**BACK_IN_APPLICATION, "reproducibility": "always"}
    likely = {"jump-flag-misuse": 0.4, "jump-bond-config": 0.6}
    before = outcomes_of_action("power_cycle", incident(**seen), likely)
    after = outcomes_of_action("power_cycle", incident(**seen, not_cured_by=["pin_reset"]), likely)
    assert bits(before, likely) > 0.05 > bits(after, likely)
    assert set(before) == set(after) == {PASSES, FAILS}
    tried = incident(**seen, not_cured_by=["pin_reset", "retry"])
    slugs = {each.test.slug for each in plan(tried, rank(tried))}
    assert not slugs & {"power-cycle", "cell-reseated", "long-power-off"}


def test_where_it_fails_each_time_to_try_again_is_not_proposed() -> None:
    seen = incident(**BACK_IN_APPLICATION, reproducibility="always")
    assert "retry" not in {each.test.slug for each in plan(seen, rank(seen))}
