"""Any part of a trace: it tells nothing that the whole does not, and names no other cause surely.

The traces are those of faulty virtual units: of a set that stands for all with the quick tests, of
every fault on every link with the slow ones.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import lru_cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmline import events
from firmline.diagnosis.catalogue import UNKNOWN, catalogue
from firmline.diagnosis.evidence import Incident
from firmline.diagnosis.ranking import PART, rank
from firmline.diagnosis.reading import read_source
from firmline.diagnosis.trace_evidence import evidence_of_traces
from firmline.events import Event
from firmline.formats.trace import Trace, encode_event
from firmline.updater.bench.incidents import SEEDS
from unit.diagnosis.virtual_incidents import all_cases, causes_of, trace_of

STAND_FOR_ALL = (
    ("radio", "crystal"),
    ("radio", "wrong-address"),
    ("radio", "watchdog"),
    ("radio", "brown-out"),
    ("radio", "power-cut operation=5500"),
    ("radio", "worn-page (settings)"),
    ("radio", "bond-mismatch"),
    ("radio", "legacy-bootloader"),
    ("radio", "application-crash when=on-request"),
    ("radio", "lost-packets share=1.0 direction=from-unit"),
    ("uart", "power-cut operation=900"),
    ("uart", "corrupted-packets share=0.02"),
    ("usb", "worn-page (image)"),
)
FIRST_LINE = events.TraceStarted(
    at_s=0.0,
    trace_format=1,
    firmline="0.1.0",
    python="3.13.1",
    platform="Linux 6.1.0 x86_64",
    started_at="2026-03-01T12:30:00.250Z",
)
FEW = 8
"""Lines of a trace that may stand in their order by chance."""


@dataclass(frozen=True, kw_only=True)
class Whole:
    """A trace, and what it comes to as a whole."""

    text: str
    events: tuple[Event, ...]
    incident: Incident
    first: str
    causes: frozenset[str]

    def part(self, begin: int, end: int) -> Incident:
        return evidence_of_traces([Trace(entries=self.events[begin:end])])


@lru_cache
def wholes(*, every: bool = False) -> tuple[Whole, ...]:
    found, left = [], set(STAND_FOR_ALL)
    for case, seed in all_cases():
        name = (str(case.subject.link), case.text)
        if seed != SEEDS[0] or (name not in left and not every):
            continue
        left.discard(name)
        trace = trace_of(case, seed)
        if trace is not None:
            incident = evidence_of_traces([trace])
            found.append(
                Whole(
                    text=" ".join(name),
                    events=trace.events,
                    incident=incident,
                    first=rank(incident).causes[0].slug,
                    causes=causes_of(case),
                )
            )
    assert not left
    return tuple(found)


def assert_names_no_other_cause(whole: Whole, part: Incident) -> None:
    """It is the same, one that nothing tells from it, or not known."""
    ranking = rank(part)
    first = ranking.causes[0]
    if first.slug in {whole.first, *whole.causes, UNKNOWN}:
        return
    family = catalogue()[whole.first].family.slug
    assert first.family == family, (whole.text, first.slug, whole.first)
    assert ranking.families[UNKNOWN] >= PART / 2, (whole.text, first.slug)


def assert_tells_nothing_else(whole: Whole, part: Incident) -> None:
    """What it shows is what the whole shows."""
    seen, in_vain = whole.incident.by_field(), whole.incident.looked_for_in_vain()
    for each in part.evidence:
        known = seen if each.seen else in_vain
        assert each.value in known.get(each.field, ()), (whole.text, each)


@pytest.mark.slow
@given(st.data())
def test_what_is_left_behind_any_cut_tells_nothing_that_the_whole_does_not(
    data: st.DataObject,
) -> None:
    whole = data.draw(st.sampled_from(wholes()), label="trace")
    begin = data.draw(st.integers(1, len(whole.events) - 1), label="begin")
    part = whole.part(begin, len(whole.events))
    assert_tells_nothing_else(whole, part)
    assert_names_no_other_cause(whole, part)
    assert any("beginning of the trace is missing" in each for each in part.unused) or (
        not Trace(entries=whole.events[begin:]).is_update
    )


@pytest.mark.slow
@given(st.data())
def test_what_stands_in_front_of_any_cut_names_no_other_cause_surely(data: st.DataObject) -> None:
    whole = data.draw(st.sampled_from(wholes()), label="trace")
    end = data.draw(st.integers(1, len(whole.events) - 1), label="end")
    assert_names_no_other_cause(whole, whole.part(0, end))


@given(st.data())
def test_what_is_cut_out_of_the_middle_names_no_other_cause_surely(data: st.DataObject) -> None:
    whole = data.draw(st.sampled_from(wholes()), label="trace")
    begin = data.draw(st.integers(1, len(whole.events) - 1), label="begin")
    end = data.draw(st.integers(begin + 1, len(whole.events)), label="end")
    assert_names_no_other_cause(whole, whole.part(begin, end))


@given(st.data())
def test_lines_in_no_order_tell_nothing_that_the_whole_does_not(data: st.DataObject) -> None:
    """Nor are they several attempts, wherever the lines stand with which one begins."""
    whole = data.draw(st.sampled_from(wholes()), label="trace")
    lines = [encode_event(each) for each in (FIRST_LINE, *whole.events)]
    random.Random(data.draw(st.integers(0, 2**32), label="order")).shuffle(lines)
    incident = read_source("".join(lines).encode(), name="shuffled.jsonl").incident
    assert_tells_nothing_else(whole, incident)
    assert_names_no_other_cause(whole, incident)
    if len(lines) > 2 * FEW:
        assert any("order" in each for each in incident.unused)


@pytest.mark.slow
def test_every_part_of_every_virtual_incident() -> None:
    """The first third, half and two thirds of each trace, what is left, and its last lines."""
    for whole in wholes(every=True):
        count = len(whole.events)
        for cut in {1, 2, count // 3, count // 2, 2 * count // 3, count - 3, count - 2, count - 1}:
            if 0 < cut < count:
                part = whole.part(cut, count)
                assert_tells_nothing_else(whole, part)
                assert_names_no_other_cause(whole, part)
                assert_names_no_other_cause(whole, whole.part(0, cut))
