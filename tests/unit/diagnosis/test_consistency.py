"""What cannot all be true is said, and the more certain of it is used, or none."""

from __future__ import annotations

from itertools import product

import pytest

from firmline.diagnosis.consistency import consistent, contradictions
from firmline.diagnosis.evidence import Evidence, Incident, Origin
from firmline.diagnosis.ranking import rank
from firmline.diagnosis.vocabulary import vocabulary
from unit.diagnosis.cases import blind_cases, cases, incident


@pytest.mark.parametrize(
    ("told", "left"),
    [
        ({"unit_resets": "no", "failure_kind": "unit_reset"}, set()),
        ({"unit_resets": "once", "end_state": "unchanged"}, set()),
        ({"phase": "init_transfer", "progress": "end"}, set()),
        ({"phase": "final_execute", "progress": "none"}, set()),
        ({"transport": "ble", "host_code": "no_ping"}, {"host_code"}),
        ({"transport": "uart", "host_code": "gatt_133"}, {"host_code"}),
        ({"transport": "usb", "host_tool": "ios"}, set()),
        ({"bootloader": "legacy", "result_code": "r05"}, {"result_code"}),
        ({"bootloader": "secure", "result_code": "l06"}, {"result_code"}),
        ({"bootloader": "legacy", "ext_error": "x07"}, {"ext_error"}),
        ({"failure_kind": "none", "host_code": "gatt_8"}, {"host_code"}),
        ({"host_tool": "ios", "host_code": "gatt_8"}, {"host_code"}),
        ({"phase": "programming", "transport": "ble"}, set()),
        ({"phase": "programming", "result_code": "l02"}, {"result_code"}),
        ({"chip": "nrf51", "transport": "usb"}, set()),
        ({"chip": "nrf51", "sdk": "sdk_17"}, set()),
        ({"result_code": "r05", "ext_error": "x05"}, set()),
        ({"flags": ["prn_on", "prn_off"]}, set()),
        ({"flags": ["supply_measured_ok", "battery_low"]}, set()),
    ],
)
def test_of_two_that_cannot_be_true_the_more_certain_is_used(
    told: dict[str, object], left: set[str]
) -> None:
    seen = incident(**told, supply="coin_cell")
    [sentence] = contradictions(seen)
    assert all(name in sentence for name in told)
    assert set(consistent(seen).by_field()) == {*left, "supply"}
    unknown, as_if = (rank(each).families["unknown"] for each in (seen, consistent(seen)))
    assert unknown > as_if


@pytest.mark.parametrize("origin", [Origin.UNIT, Origin.PERSON])
@pytest.mark.parametrize(
    "bit", ["reset_reason_lockup", "reset_reason_not_soft", "watchdog_reset_seen"]
)
@pytest.mark.parametrize("seen", [("unit_resets", "no"), ("end_state", "unchanged")])
def test_a_bit_of_a_unit_that_did_not_restart_is_of_an_earlier_restart(
    bit: str, origin: Origin, seen: tuple[str, str]
) -> None:
    looked = incident(**dict([seen]), supply="coin_cell")
    both = looked.with_more([Evidence(field="flags", value=bit, origin=origin)])
    [sentence] = contradictions(both)
    assert sentence.endswith(f"of an earlier restart: {seen[0]} is used.")
    assert rank(both) == rank(looked)


@pytest.mark.parametrize(
    "told",
    [
        {"unit_resets": "once", "flags": ["reset_reason_lockup"]},
        {"phase": "data_transfer", "progress": "none"},
        {"phase": "init_transfer", "progress": "none"},
        {"bootloader": "secure", "result_code": "b04"},
        {"bootloader": "legacy", "result_code": "refused"},
        {"transport": "smp_serial", "host_tool": "mcumgr_client"},
        {"phase": "programming", "transport": "wire"},
        {"chip": "nrf51", "sdk": "sdk_12"},
        {"result_code": "r0B", "ext_error": "x05"},
        {"result_code": "refused", "ext_error": "x05"},
    ],
)
def test_what_can_be_true_is_no_contradiction(told: dict[str, object]) -> None:
    seen = incident(**told)
    assert not contradictions(seen)
    assert consistent(seen) is seen


def test_an_action_that_is_said_to_have_helped_and_not_to_have_says_nothing() -> None:
    seen = incident(cured_by=["retry", "delay"], not_cured_by=["retry"])
    assert contradictions(seen) == (
        "retry is told to have helped, and not to have: neither is used.",
    )
    assert consistent(seen).by_field() == {"cured_by": ("delay",)}


def test_what_was_tried_in_vain_first_may_help_later() -> None:
    first = Evidence(field="not_cured_by", value="retry", origin=Origin.TRACE)
    seen = incident(cured_by=["retry"]).with_more([first])
    assert not contradictions(seen)
    assert consistent(seen) is seen


def test_a_report_that_contradicts_itself_throughout_is_no_sure_cause() -> None:
    ranking = rank(
        incident(
            transport="ble",
            result_code="l02",
            bootloader="secure",
            end_state="off",
            phase="programming",
            supply="usb",
            cured_by=["retry"],
            not_cured_by=["retry"],
            flags=["prn_on", "prn_off"],
        )
    )
    assert ranking.causes[0].slug == "unknown"
    shown = [
        each.values for each in (*ranking.causes[1].speaks_for, *ranking.causes[1].speaks_against)
    ]
    assert not {("prn_on",), ("prn_off",)} & set(shown)


def test_what_was_recorded_is_believed_before_what_was_told() -> None:
    for origin, left in ((Origin.TRACE, "phase"), (Origin.PERSON, "progress")):
        seen = Incident(
            evidence=(
                Evidence(field="phase", value="init_execute", origin=origin),
                Evidence(field="progress", value="end", origin=Origin.LOG),
            )
        )
        assert set(consistent(seen).by_field()) == {left}
        assert f"the more certain is used, {left}" in contradictions(seen)[0]
        assert rank(seen).families == rank(consistent(seen)).families


def test_a_trace_of_firmlines_own_does_not_contradict_itself() -> None:
    """A unit that was lost in the middle of the image may not be found again."""
    seen = (("phase", "connect_bootloader"), ("progress", "random_offset"))
    told = [Evidence(field=name, value=value, origin=Origin.TRACE) for name, value in seen]
    assert not contradictions(Incident().with_more(told))


def test_what_was_looked_for_in_vain_contradicts_nothing() -> None:
    denied = Evidence(field="flags", value="reset_reason_lockup", origin=Origin.PERSON, seen=False)
    assert not contradictions(incident(unit_resets="no").with_more([denied]))


def test_no_real_failure_contradicts_itself() -> None:
    assert [case.name for case in (*cases(), *blind_cases()) if contradictions(case.incident)] == []


def test_any_two_values_can_be_ranked() -> None:
    phases, progress = (vocabulary()[name].meanings for name in ("phase", "progress"))
    for phase, far in product(phases, progress):
        assert len(contradictions(incident(phase=phase, progress=far))) <= 1
