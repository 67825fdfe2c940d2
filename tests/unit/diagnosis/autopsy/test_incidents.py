"""Updates of faulty virtual units: what a dump of the unit afterwards adds to the trace."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import pytest

from firmline.device.faults.plan import FaultPlan
from firmline.diagnosis.autopsy.examination import combined, examine
from firmline.diagnosis.ranking import RankedCause, rank
from firmline.diagnosis.trace_evidence import evidence_of_traces
from firmline.events import Event, Outcome, UpdateFinished
from firmline.formats.trace import Trace
from firmline.updater.bench.incidents import SEEDS
from firmline.updater.fault_matrix.cases import Case
from firmline.updater.fault_matrix.endings import Truth
from firmline.updater.fault_matrix.subjects import Sdk
from firmline.updater.fault_matrix.trial import left_behind
from unit.diagnosis.virtual_incidents import all_cases, causes_of

pytestmark = [pytest.mark.slow, pytest.mark.sweep]
FEWEST = 150


@dataclass(frozen=True, kw_only=True)
class Pair:
    """What comes first of one failure, without its dump and with it."""

    case: Case
    alone: RankedCause
    both: RankedCause
    flags: frozenset[str]
    contradictions: tuple[str, ...]


@lru_cache
def pairs() -> tuple[Pair, ...]:
    """Every fault on every link with every SDK, where the update did not succeed."""
    found = []
    for case, seed in all_cases():
        if not case.applies or seed != SEEDS[0]:
            continue
        heard: list[Event] = []
        dump, truth = left_behind(case.subject, FaultPlan(faults=(case.fault,), seed=seed), heard)
        finished = heard[-1]
        assert isinstance(finished, UpdateFinished)
        if finished.outcome is Outcome.UPDATED or truth is Truth.NEW:
            continue
        incident = evidence_of_traces([Trace(entries=tuple(heard))])
        both = combined(incident, [examine(dump)])
        pair = Pair(
            case=case,
            alone=rank(incident).causes[0],
            both=rank(both).causes[0],
            flags=frozenset(both.by_field().get("flags", ())),
            contradictions=both.contradictions(),
        )
        found.append(pair)
    return tuple(found)


def is_right(case: Case, ranked: RankedCause) -> bool:
    """Whether a cause is the fault, or one that no trace tells from it."""
    return ranked.slug in causes_of(case)


def test_a_dump_makes_no_diagnosis_worse() -> None:
    found = pairs()
    alone = sum(is_right(each.case, each.alone) for each in found)
    both = sum(is_right(each.case, each.both) for each in found)
    print(f"{len(found)} failures: {alone} right by the trace, {both} with the dump")  # noqa: T201
    assert len(found) >= FEWEST
    assert both >= alone
    assert [each.case.text for each in found if each.contradictions] == []


def test_a_dump_decides_where_a_trace_cannot() -> None:
    missing = [each for each in pairs() if each.case.fault.name == "bootloader-missing"]
    assert len(missing) >= 9
    assert {each.both.slug for each in missing} == {"jump-bootloader-missing"}
    assert min(each.both.probability for each in missing) > 0.95
    assert "jump-bootloader-missing" not in {each.alone.slug for each in missing}


def test_a_register_that_is_stuck_is_seen() -> None:
    stuck = [each for each in pairs() if each.case.fault.name == "stuck-gpregret"]
    # SDK 17.1 compares exactly: there the value is no request.
    read = [each for each in stuck if each.case.subject.sdk is not Sdk.SDK17_1]
    assert read
    assert all("gpregret_stuck" in each.flags for each in read)
    assert {each.both.slug for each in read} == {"gpregret-stuck"}
