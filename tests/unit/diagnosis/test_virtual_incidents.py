"""The diagnosis of virtual incidents, from their traces alone: how good it is, and that it says so.

The faults of the virtual unit were known when the evidence of traces was written. What keeps that
from being circular is that chances come from the mechanism, and that the same chances have to hold
the level over the public cases (``test_ranking.py``).
"""

from __future__ import annotations

from collections import Counter

import pytest

from firmline.updater.bench.incidents import SEEDS
from firmline.updater.bench.truths import truth_of
from unit.diagnosis.virtual_incidents import (
    VirtualIncident,
    all_cases,
    causes_of,
    incident_of,
    virtual_incidents,
)

LEAST_RIGHT, LEAST_FAMILY = 0.98, 0.99
FEWEST = 200


@pytest.mark.slow
def test_the_level_over_virtual_incidents_is_held() -> None:
    found = virtual_incidents()
    confused = Counter(f"{each.text}: {each.first}" for each in found if not each.is_right)
    right = sum(each.is_right for each in found)
    family = sum(each.is_family_right for each in found)
    report = "\n".join(f"{number:4} {text}" for text, number in confused.most_common())
    told = f"{right} of {len(found)} by cause, {family} by family\n{report}"
    print(told)  # noqa: T201 - with -s, for whoever changes the catalogue
    assert len(found) >= FEWEST
    assert right >= LEAST_RIGHT * len(found), told
    assert family >= LEAST_FAMILY * len(found), told


@pytest.mark.slow
def test_where_the_trace_decides_it_decides() -> None:
    decided = [each for each in virtual_incidents() if truth_of(each.case).trace is None]
    confused = sorted({f"{each.text}: {each.first}" for each in decided if not each.is_right})
    assert len(decided) >= 50
    assert sum(each.is_right for each in decided) >= LEAST_RIGHT * len(decided), confused


@pytest.mark.slow
def test_it_is_not_surer_of_virtual_incidents_than_it_is_right() -> None:
    found = virtual_incidents()
    sure = sum(each.ranking.causes[0].probability for each in found)
    assert sure <= sum(each.is_right for each in found)


def quick(*texts: str) -> list[VirtualIncident]:
    """The first incident of each of these faults, over the radio."""
    wanted = dict.fromkeys(texts)
    found = []
    for case, seed in all_cases():
        if case.link == "radio" and case.text in wanted and seed == SEEDS[0]:
            incident = incident_of(case, seed)
            assert incident is not None
            found.append(incident)
            del wanted[case.text]
        if not wanted:
            break
    return found


@pytest.mark.slow
@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("application-crash", "bootloader-missing"),
        ("application-crash", "reset-brown-out times=1000"),
        ("wrong-address", "crystal"),
    ],
)
def test_what_no_trace_tells_apart_leaves_the_same_evidence(one: str, other: str) -> None:
    first, second = (each.incident for each in quick(one, other))
    assert first.by_field() == second.by_field()
    assert first.looked_for_in_vain() == second.looked_for_in_vain()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("bond-mismatch", "host-bond-mismatch"),
        ("application-crash when=on-request", "jump-app-crashes"),
        ("application-stays", "jump-app-holds-restart"),
        ("legacy-bootloader", "protocol-mismatch-legacy-secure"),
        ("watchdog", "watchdog-rr7-not-fed"),
        ("brown-out", "power-brownout-coincell"),
        ("link-loss after_packets=0 times=1000", "transfer-link-drops"),
    ],
)
def test_what_a_trace_decides(text: str, cause: str) -> None:
    (found,) = quick(text)
    assert found.causes == {cause}
    assert found.first == cause


def test_a_fault_without_a_row_is_told() -> None:
    cases = [case for case, _ in all_cases() if case.text == "host-gone"]
    with pytest.raises(KeyError, match="no row for host-gone"):
        causes_of(cases[0])
