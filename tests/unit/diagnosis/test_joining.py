"""Several files that tell of one failure: what of them is used, and what is told."""

from __future__ import annotations

import json

import pytest

from firmline import events
from firmline.diagnosis.evidence import Origin
from firmline.diagnosis.joining import joined
from firmline.diagnosis.reading import Kind, Source, read_source, told_by
from firmline.events import Event, Outcome
from firmline.formats.trace import Entry, Trace, UnknownEvent, encode_event
from unit.cli.failed_trace import failed_update

BEFORE, AFTER = "2026-03-01T12:00:00.000Z", "2026-03-01T13:00:00.000Z"


def update(*, started_at: str = BEFORE, unit: str = "ble:C6:05:04:03:02:01") -> tuple[Event, ...]:
    """The events of an update that was refused for its version, and began then."""
    head, *rest = failed_update(unit=unit)
    assert isinstance(head, events.TraceStarted)
    begun = events.TraceStarted(
        at_s=head.at_s,
        trace_format=1,
        firmline=head.firmline,
        python=head.python,
        platform=head.platform,
        started_at=started_at,
    )
    return (begun, *rest)


def passed(*, started_at: str) -> tuple[Event, ...]:
    """The same, which succeeded."""
    *rest, last = update(started_at=started_at)
    end = events.UpdateFinished(
        at_s=last.at_s,
        outcome=Outcome.UPDATED,
        code="",
        message="",
        size=20_000,
        duration_s=1.0,
        transfer_s=1.0,
    )
    return (*[each for each in rest if not isinstance(each, events.Refused)], end)


def trace(*heard: Event) -> Source:
    content = "".join(map(encode_event, heard)).encode()
    return read_source(content, name="unit.jsonl")


def report(**evidence: object) -> Source:
    return read_source(json.dumps({"evidence": evidence}).encode(), name="report.json")


def recorded(**evidence: str) -> Source:
    """A report of firmline's own, of what it has recorded in an attempt."""
    told = [
        {"field": field, "value": value, "seen": True, "origin": "trace", "where": "at 1.0 s"}
        for field, value in evidence.items()
    ]
    document = {"evidence": evidence, "observations": told}
    return read_source(json.dumps(document).encode(), name="found.json")


def test_one_file_is_what_it_is() -> None:
    alone = report(phase="scan")
    assert joined([alone]) is alone


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_trace_and_what_somebody_has_seen_come_together(order: tuple[int, ...]) -> None:
    given = [trace(*update()), report(supply="coin_cell", cured_by=["bench_supply"])]
    both = joined([given[each] for each in order])
    found = both.incident.by_field()
    assert both.kind is Kind.TRACE
    assert len(both.traces) == 1
    assert found["ext_error"] == ("x05",)
    assert (found["supply"], found["cured_by"]) == (("coin_cell",), ("bench_supply",))
    assert both.incident.unused == ()


def test_traces_are_taken_in_the_order_in_which_they_began() -> None:
    first, last = trace(*update(started_at=BEFORE)), trace(*update(started_at=AFTER))
    both = joined([last, first])
    assert [each.started.started_at for each in both.traces if each.started] == [BEFORE, AFTER]


def test_where_one_does_not_say_when_it_began_the_order_is_theirs() -> None:
    _, *without = update()
    given = [trace(*update(started_at=AFTER)), trace(*without)]
    assert [each.started is None for each in joined(given).traces] == [False, True]


def test_a_trace_that_is_given_twice_counts_once() -> None:
    both = joined([trace(*update()), trace(*update())])
    assert len(both.traces) == 1
    assert "reproducibility" not in both.incident.by_field()
    assert "each attempt counts once" in both.incident.unused[0]


def of_another_version(**fields: object) -> UnknownEvent:
    return UnknownEvent(at_s=1.0, type="of_tomorrow", fields=fields)


def declared(**capabilities: str | int | bool) -> events.LinkDeclared:
    return events.LinkDeclared(at_s=0.5, link="radio", capabilities=capabilities)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (declared(mtu=1, paired=True), declared(paired=True, mtu=1)),
        (of_another_version(a=1, b="x"), of_another_version(b="x", a=1.0)),
        (of_another_version(a=[1, {"b": []}]), of_another_version(a=[True, {"b": []}])),
    ],
)
def test_the_same_in_another_order_is_the_same(one: Entry, other: Entry) -> None:
    kept, incident = told_by([Trace(entries=(*update(), each)) for each in (one, other)])
    assert len(kept) == 1
    assert any("each attempt counts once" in each for each in incident.unused)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (declared(mtu=1), declared(mtu=2)),
        (of_another_version(a=1), of_another_version(b=1)),
        (of_another_version(a=[1, {"b": []}]), of_another_version(a=[1, {"b": [2]}])),
        (of_another_version(a=None), of_another_version()),
    ],
)
def test_what_differs_in_one_field_is_another_attempt(one: Entry, other: Entry) -> None:
    given = tuple(Trace(entries=(*update(), each)) for each in (one, other))
    assert told_by(given)[0] == given


def test_of_many_attempts_each_is_not_compared_with_each(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten megabytes hold two thousand short ones: two million pairs."""
    began = [update(started_at=f"2026-03-01T12:00:{each:02}.000Z") for each in range(40)]
    given = [Trace(entries=each) for each in began]
    compared = 0

    def counted(one: object, other: object) -> bool:
        nonlocal compared
        compared += 1
        return repr(one) == repr(other)

    monkeypatch.setattr(events.TraceStarted, "__eq__", counted)
    assert len(told_by(given)[0]) == len(given)
    assert compared < len(given)


def test_traces_of_several_files_say_how_often_it_fails() -> None:
    both = joined([trace(*passed(started_at=BEFORE)), trace(*update(started_at=AFTER))])
    assert both.incident.by_field()["reproducibility"] == ("once",)
    assert not both.incident.ended_well


def test_how_often_it_fails_is_what_a_report_says_of_it() -> None:
    """Such as a comparison, whose runs under the other condition all passed."""
    traces = [trace(*passed(started_at=BEFORE)), trace(*update(started_at=AFTER))]
    together = joined([*traces, report(reproducibility="always")]).incident
    assert together.by_field()["reproducibility"] == ("always",)
    assert together.contradictions() == ()


def test_what_was_recorded_of_another_attempt_is_not_used_and_told() -> None:
    both = joined([recorded(phase="data_transfer", supply="coin_cell"), trace(*update())])
    found = both.incident.by_field()
    assert found["phase"] == ("init_execute",)
    assert found["supply"] == ("coin_cell",)
    [told] = both.incident.unused
    assert "another attempt than the trace that is explained" in told
    assert told.endswith("not used: phase = data_transfer.")


def test_of_another_attempt_no_code_and_no_state_is_used_either() -> None:
    other = recorded(phase="data_transfer", host_code="hci_08", end_state="gone_silent")
    alone, both = trace(*update()), joined([other, trace(*update())])
    assert both.incident.by_field() == alone.incident.by_field()
    [told] = both.incident.unused
    assert all(word in told for word in ("phase = data_transfer", "hci_08", "gone_silent"))


def test_what_somebody_describes_is_never_left_out() -> None:
    both = joined([report(phase="data_transfer"), trace(*update())])
    assert set(both.incident.by_field()["phase"]) == {"init_execute", "data_transfer"}
    assert both.incident.contradictions() != ()


def test_what_both_have_recorded_is_said_once_as_the_trace_has_it() -> None:
    both = joined([recorded(phase="init_execute"), trace(*update())])
    [phase] = [each for each in both.incident.evidence if each.field == "phase"]
    assert phase.origin is Origin.TRACE
    assert phase.where != "at 1.0 s"
    assert both.incident.unused == ()


def test_nothing_failed_only_where_nothing_failed_in_any() -> None:
    well = trace(*passed(started_at=BEFORE))
    assert joined([well, trace(*passed(started_at=AFTER))]).incident.has_nothing_to_explain
    assert not joined([well, report(phase="scan")]).incident.has_nothing_to_explain


def test_reports_alone_are_a_report_and_what_was_done_is_done() -> None:
    result = {"type": "result", "evidence": [], "done": ["retry", "see-phase"]}
    earlier = read_source(json.dumps(result).encode(), name="so-far.json")
    both = joined([earlier, report(phase="scan"), earlier])
    assert (both.kind, both.done) == (Kind.REPORT, ("retry", "see-phase"))
    assert both.incident.by_field() == {"phase": ("scan",)}
