"""What a report tells of unit, package, link and station."""

from __future__ import annotations

from dataclasses import replace

import pytest

from firmline import events
from firmline.cli.report import facts
from firmline.cli.report.facts import MAX_VALUES, TELLING, About, Fact, facts_of
from firmline.events import Event
from firmline.formats.event_json import event_type
from firmline.formats.trace import Trace
from unit.cli.event_samples import HOME, SAMPLES


def heard(rssi_dbm: int) -> Event:
    return events.SignalMeasured(at_s=0.0, address=HOME, rssi_dbm=rssi_dbm)


def of(*told: Event) -> dict[str, str]:
    return {each.name: each.value for each in facts_of([Trace(entries=told)])}


@pytest.mark.parametrize("event", SAMPLES, ids=event_type)
def test_an_event_that_is_passed_over_tells_nothing(event: Event) -> None:
    if type(event) not in TELLING:
        assert not list(facts._told(event))


@pytest.mark.parametrize("kind", sorted(TELLING, key=str))
def test_every_event_that_is_listened_to_tells_something(kind: type[Event]) -> None:
    assert any(list(facts._told(each)) for each in SAMPLES if isinstance(each, kind))


def test_each_value_stands_there_once_in_the_order_in_which_it_was_learned() -> None:
    told = of(*map(heard, (-60, -50, -60, -70, -50)))
    assert told == {"signal": "-60 dBm; -50 dBm; -70 dBm"}


def test_what_is_more_is_counted() -> None:
    told = of(*(heard(-each) for each in range(40, 42 + MAX_VALUES)))
    assert told["signal"].endswith("; -45 dBm and 2 more")


def test_the_same_is_told_of_several_traces_and_of_one() -> None:
    several = [Trace(entries=(each, replace(each, at_s=9.0))) for each in SAMPLES]
    assert facts_of(several) == facts_of([Trace(entries=SAMPLES)])


def test_facts_are_sorted_by_what_they_are_about() -> None:
    found: list[Fact] = list(facts_of([Trace(entries=SAMPLES)]))
    places = [list(About).index(each.about) for each in found]
    assert places == sorted(places)
    assert set(places) == set(range(len(About)))
