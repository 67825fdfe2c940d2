"""The next test: what tells most, before anything is destroyed."""

from __future__ import annotations

import pytest

from firmline.data import load_table
from firmline.diagnosis.diagnostic_tests import diagnostic_tests, equipment
from firmline.diagnosis.evidence import Incident
from firmline.diagnosis.next_test import WORTH_BITS, Proposal, plan
from firmline.diagnosis.ranking import rank
from firmline.diagnosis.vocabulary import vocabulary
from unit.diagnosis.cases import Case, cases, incident

ORIGIN = {
    "transport": "ble",
    "bootloader": "secure",
    "sdk": "sdk_15_3",
    "chip": "nrf52832",
    "host_tool": "desktop_dongle",
    "time_to_failure": "instant",
    "reproducibility": "always",
    "unit_scope": "one",
    "supply": "coin_cell",
    "not_cured_by": ["retry"],
    "flags": ["app_ok"],
}
"""The case that the project starts from, before anybody has touched the cell."""


ORIGIN_ORDER = (
    *("see-phase", "see-resets", "read-reset-reason", "second-host"),
    *("app-restart", "pin-reset", "supply-in-parallel", "power-cycle"),
)
"""What the issue of the diagnosis asks for: what destroys nothing first, the power last."""


def planned(seen: Incident, **options: object) -> tuple[Proposal, ...]:
    return plan(seen, rank(seen), **options)  # type: ignore[arg-type]


def names(proposals: tuple[Proposal, ...]) -> list[str]:
    return [each.test.slug for each in proposals]


@pytest.mark.parametrize("slug", sorted(diagnostic_tests()))
def test_every_test_is_of_the_vocabulary_and_can_be_done(slug: str) -> None:
    test = diagnostic_tests()[slug]
    assert bool(test.action) != bool(test.fields or test.flags)
    assert not test.action or test.action in vocabulary()["cured_by"].meanings
    assert all(not vocabulary()[field].many for field in test.fields)
    assert set(test.flags) <= set(vocabulary()["flags"].meanings)
    assert set(test.needs) <= set(equipment())
    assert set(test.not_at) <= set(vocabulary()["end_state"].meanings)
    assert set(test.destroys) <= set(load_table("diagnostic_tests")["destroys"])
    assert test.steps
    assert all(step.endswith((".", "?")) for step in test.steps)
    assert test.minutes > 0


@pytest.mark.parametrize(
    ("transport", "is_proposed"),
    [("uart", False), ("usb", False), ("smp_serial", False), ("ble", True), ("none", True)],
)
def test_what_only_a_radio_allows_is_proposed_for_a_radio_only(
    transport: str, is_proposed: bool
) -> None:
    over_radio = [each for each in diagnostic_tests().values() if each.over_radio]
    assert {each.slug for each in over_radio} >= {"smaller-mtu", "host-bluetooth", "unpair"}
    seen = incident(transport=transport)
    assert {each.can_be_done(seen) for each in over_radio} == {is_proposed}
    proposed = names(planned(incident(transport=transport, phase="data_transfer")))
    assert is_proposed or not set(proposed) & {each.slug for each in over_radio}


def test_what_takes_the_power_away_comes_last_in_the_origin_case() -> None:
    order = names(planned(incident(**ORIGIN)))
    assert order[0] == "see-phase"
    power = [slug for slug in order if diagnostic_tests()[slug].takes_power]
    assert power
    assert order[-len(power) :] == power
    for before in ("see-resets", "read-reset-reason", "app-restart", "pin-reset"):
        assert order.index(before) < order.index("supply-in-parallel") or before == "pin-reset"
        assert order.index(before) < order.index(power[0])


def test_the_origin_case_is_tested_in_the_order_that_keeps_its_evidence() -> None:
    order = [each for each in names(planned(incident(**ORIGIN))) if each in ORIGIN_ORDER]
    assert order == list(ORIGIN_ORDER)


def test_a_test_in_which_a_hand_may_slip_costs_more_than_its_minutes() -> None:
    bridge = diagnostic_tests()["supply-in-parallel"]
    assert bridge.risks == ("power",)
    assert not bridge.takes_power
    assert bridge.cost > bridge.minutes


def test_what_only_a_failing_unit_shows_comes_before_what_may_cure_it() -> None:
    order = names(planned(incident(**ORIGIN)))
    assert order.index("read-reset-reason") < order.index("app-restart")
    assert order.index("cell-under-load") < order.index("pin-reset")
    by_slug = {each.test.slug: each for each in planned(incident(**ORIGIN))}
    for slug in ("app-restart", "bootloader-restart", "pin-reset"):
        proposal = by_slug[slug]
        assert 0 < proposal.passes < 1
        assert proposal.worth(with_failure=True) < proposal.worth(with_failure=False)


def test_an_attempt_counts_whole_where_nothing_is_left_to_see() -> None:
    looks = [each.slug for each in diagnostic_tests().values() if each.only_while_failing]
    seen = incident(**ORIGIN)
    order = names(planned(seen, done=looks))
    assert order.index("app-restart") < order.index("dump-flash")
    by_worth = [each for each in planned(seen, done=looks) if not each.test.takes_power]
    told = [each.worth(with_failure=False) for each in by_worth]
    assert told == sorted(told, reverse=True)


@pytest.mark.parametrize(
    ("state", "test"),
    [
        ("stuck_in_dfu", "app-restart"),
        ("gone_silent", "app-restart"),
        ("back_in_app", "bootloader-restart"),
    ],
)
def test_no_test_is_proposed_that_cannot_be_done_where_the_unit_is(state: str, test: str) -> None:
    assert test in names(planned(incident(**ORIGIN)))
    assert test not in names(planned(incident(**ORIGIN, end_state=state)))


def test_what_tells_next_to_nothing_waits_for_what_tells_more() -> None:
    seen = incident(**ORIGIN)
    proposals = planned(seen)
    harmless = [each for each in proposals if not each.test.takes_power]
    assert len(harmless) <= 14
    assert "other-tool" not in names(proposals)
    better = [each.test.slug for each in harmless]
    assert "other-tool" in names(planned(seen, done=better))


@pytest.mark.slow
def test_no_reason_says_that_a_test_tells_nothing() -> None:
    for case in cases():
        assert not [each for each in planned(case.incident) if "degree" in each.because]


@pytest.mark.slow
@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_no_plan_takes_the_power_away_while_another_test_tells_something(case: Case) -> None:
    proposals = planned(case.incident)
    takes_power = [each.test.takes_power for each in proposals]
    assert takes_power == sorted(takes_power)
    keep = [each for each in proposals if not each.test.takes_power]
    for place, each in enumerate(keep):
        if not each.test.is_harmless:
            later = [other for other in keep[place + 1 :] if other.test.is_harmless]
            assert all(other.per_minute < each.per_minute for other in later)
    assert all(each.bits >= WORTH_BITS or each.is_owed for each in proposals)
    assert all(each.because for each in proposals)


def test_what_is_known_is_not_asked_again() -> None:
    seen = incident(
        **ORIGIN | {"not_cured_by": ["retry", "pin_reset"]},
        unit_resets="no",
        end_state="back_in_app",
    )
    assert not {"pin-reset", "see-resets", "see-end", "retry"} & set(names(planned(seen)))


def test_what_was_looked_for_in_vain_is_not_looked_for_again() -> None:
    flags = list(diagnostic_tests()["read-reset-reason"].flags)
    seen = incident(**ORIGIN)
    denied = seen.with_more(
        each
        for flag in flags
        for each in [type(seen.evidence[0])(field="flags", value=flag, origin="person", seen=False)]  # type: ignore[arg-type]
    )
    assert "read-reset-reason" in names(planned(seen))
    assert "read-reset-reason" not in names(planned(denied))


def test_a_test_needs_what_is_at_hand() -> None:
    seen = incident(**ORIGIN)
    assert "supply-in-parallel" in names(planned(seen))
    assert "supply-in-parallel" not in names(planned(seen, lacks=["bench-supply"]))
    assert "see-phase" not in names(planned(seen, done=["see-phase"]))


def test_what_is_certain_needs_no_test() -> None:
    seen = incident(
        phase="init_execute", result_code="r0B", ext_error="x05", unit_scope="units_updated_before"
    )
    assert not [each for each in planned(seen) if each.bits > 0.3]


def test_the_outcome_of_a_test_is_evidence() -> None:
    test = diagnostic_tests()["supply-in-parallel"]
    assert test.outcome(passed=True).field == "cured_by"
    assert test.outcome(passed=False).field == "not_cured_by"
    seen = incident(**ORIGIN)
    cured = rank(seen.with_more([test.outcome(passed=True)]))
    failed = rank(seen.with_more([test.outcome(passed=False)]))
    assert cured.causes[0].slug == "power-brownout-coincell"
    assert failed.causes[0].slug != "power-brownout-coincell"


def test_a_plan_gets_shorter_as_more_is_known() -> None:
    seen = incident(**ORIGIN)
    before = planned(seen)
    after = planned(seen.with_more([diagnostic_tests()["supply-in-parallel"].outcome(passed=True)]))
    assert sum(each.bits for each in after) < sum(each.bits for each in before)
