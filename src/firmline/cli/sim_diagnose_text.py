"""What investigations of virtual units came to: for people, and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from textwrap import wrap
from typing import Final

from firmline.cli.diagnosis_text import percent
from firmline.cli.style import paint, printable
from firmline.cli.undecided_text import listed
from firmline.diagnosis.evidence import Evidence
from firmline.updater.bench.incidents import Likely, Step, Verdict
from firmline.updater.fault_matrix.subjects import LinkKind

Pair = tuple[Verdict, Verdict | None]
"""An investigation by the plan, and the same by the checklist, if that was done as well."""

WIDTH: Final = 100
BEHIND: Final = 10
"""How far the other lines of a paragraph are indented."""
NOTHING_NEW: Final = "nothing new"


# People.


def incident_lines(verdict: Verdict, checklist: Verdict | None) -> Iterator[str]:
    """One incident: what its trace said, each test, and the verdict."""
    yield paint(_head(verdict), bold=True)
    yield from wrapped(f"  trace     {_by_trace(verdict)}")
    for number, step in enumerate(verdict.steps, 1):
        yield from wrapped(f"  {number:>2}. {step.test}, {step.minutes:g} min: {shown_text(step)}")
        yield f"            {likely_text(step.then)}"
    judged = "right" if verdict.is_right else f"WRONG, it is {verdict.truth.cause}"
    beside = "" if checklist is None else f"; by the checklist {checklist.minutes:g} min"
    yield (
        f"  verdict   {likely_text(verdict.last)}: {judged}, {verdict.minutes:g} min{beside}"
        f" ({verdict.end.value})"
    )
    if verdict.undecided:
        names = listed(verdict.undecided, "and")
        yield from wrapped(f"            not told apart by what is at hand: {names}", behind=12)
    yield ""


def _by_trace(verdict: Verdict) -> str:
    """What the trace alone came to, and whether that is what it can come to."""
    first, truth = likely_text(verdict.first), verdict.truth
    if not verdict.is_trace_right:
        return f"{first}: WRONG"
    if truth.trace is None:
        return f"{first}: right, a trace can decide it"
    others = [each for each in truth.trace.causes if each != verdict.first.cause]
    return f"{first}: no trace tells it from {listed(others, 'or')}"


def _head(verdict: Verdict) -> str:
    subject = verdict.of.case.subject
    return f"{subject.link.value}, SDK {subject.sdk.value}: {verdict.of.text}"


def likely_text(likely: Likely) -> str:
    """A verdict in a few words."""
    return f"{likely.cause} ({percent(likely.probability)})"


def shown_text(step: Step) -> str:
    """What a test has shown."""
    if not step.evidence:
        return "not possible here" if not step.minutes else NOTHING_NEW
    return "; ".join(printable(_told(each)) for each in step.evidence)


def _told(evidence: Evidence) -> str:
    match evidence.field:
        case "cured_by":
            return "it passes"
        case "not_cured_by":
            return "it fails as before"
        case _ if evidence.seen:
            return evidence.meaning
        case _:
            return f"not {evidence.meaning}"


def total_lines(found: Sequence[Pair]) -> Iterator[str]:
    """What all of them came to, for each link and together."""
    if not found:
        yield "Every update succeeds: there is nothing to find out."
        return
    yield from (_line(row) for row in _rows(found))
    yield ""
    yield from wrapped(LEGEND, behind=2)
    yield ""
    verdicts = [verdict for verdict, _ in found]
    yield from _like_trace_lines(verdicts)
    yield from _alike_lines(verdicts)


HEADS: Final = (
    "",
    "incidents",
    "like trace",
    "by trace",
    "by tests",
    "minutes",
    "by list",
    "minutes",
)
LEGEND: Final = (
    "like trace: the trace alone came to the cause, or to one that no trace tells from it. by"
    " trace, by tests, by list: to the cause, or to one that no test here tells from it."
)


def _rows(found: Sequence[Pair]) -> Iterator[tuple[str, ...]]:
    yield HEADS
    links = dict.fromkeys(verdict.of.case.link for verdict, _ in found)
    for link in links:
        yield _row(link.value, [pair for pair in found if pair[0].of.case.link is link])
    if len(links) > 1:
        yield _row("all", found)


def _row(name: str, found: Sequence[Pair]) -> tuple[str, ...]:
    by_plan = [verdict for verdict, _ in found]
    by_list = [verdict for _, verdict in found if verdict is not None]
    count = len(by_plan)
    return (
        name,
        str(count),
        _share(sum(each.is_trace_right for each in by_plan), count),
        _share(sum(each.is_first_right for each in by_plan), count),
        _share(sum(each.is_right for each in by_plan), count),
        f"{_minutes(by_plan):g}",
        _share(sum(each.is_right for each in by_list), count) if by_list else "-",
        f"{_minutes(by_list):g}" if by_list else "-",
    )


def _minutes(verdicts: Sequence[Verdict]) -> float:
    return sum(each.minutes for each in verdicts)


def _share(part: int, whole: int) -> str:
    return f"{part} ({100 * part / whole:.1f} %)"


def _line(cells: tuple[str, ...]) -> str:
    return (f"  {cells[0]:<8}" + "".join(f"{cell:>13}" for cell in cells[1:])).rstrip()


def _like_trace_lines(verdicts: Sequence[Verdict]) -> Iterator[str]:
    """What traces leave open, how often, and why."""
    traces = [each.truth.trace for each in verdicts]
    decides = sum(each is None for each in traces)
    yield f"A trace alone can decide {decides} of {len(verdicts)}."
    shown = {each.name: each for each in traces if each is not None}
    if shown:
        yield "What no trace here tells apart:"
    for name, each in shown.items():
        number = sum(other is not None and other.name == name for other in traces)
        yield from wrapped(f"  {number} x {each.shows}: {', '.join(each.causes)}. {each.because}")
    yield ""


def _alike_lines(verdicts: Sequence[Verdict]) -> Iterator[str]:
    """Which causes count as right beside the one that it is, and why."""
    sets = {each.truth.accepted: each.truth for each in verdicts if each.truth.alike}
    if not sets:
        return
    yield "What no test here tells apart, so that either is right:"
    for truth in sets.values():
        yield from wrapped(f"  {', '.join((truth.cause, *truth.alike))}: {truth.because}")


def wrapped(text: str, *, behind: int = BEHIND) -> list[str]:
    """A paragraph, indented as its first line is."""
    first = len(text) - len(text.lstrip())
    return wrap(
        text.strip(),
        WIDTH,
        initial_indent=" " * first,
        subsequent_indent=" " * behind,
        break_on_hyphens=False,  # names are copied
    )


# JSON.


def result_fields(found: Sequence[Pair]) -> dict[str, object]:
    """The result line."""
    by_list = [verdict for _, verdict in found if verdict is not None]
    by_plan = [verdict for verdict, _ in found]
    return {
        "type": "result",
        "incidents": [_fields(*pair) for pair in found],
        "by_link": {link.value: _total_fields(found, link) for link in LinkKind},
        "decided_by_trace": sum(each.truth.trace is None for each in by_plan),
        "right_like_trace": sum(each.is_trace_right for each in by_plan),
        "right_by_trace": sum(each.is_first_right for each in by_plan),
        "right": sum(each.is_right for each in by_plan),
        "family_right": sum(each.is_family_right for each in by_plan),
        "minutes": _minutes(by_plan),
        "checklist_right": sum(each.is_right for each in by_list) if by_list else None,
        "checklist_minutes": _minutes(by_list) if by_list else None,
    }


def _total_fields(found: Sequence[Pair], link: LinkKind) -> dict[str, object]:
    by_plan = [verdict for verdict, _ in found if verdict.of.case.link is link]
    return {
        "incidents": len(by_plan),
        "right_like_trace": sum(each.is_trace_right for each in by_plan),
        "right_by_trace": sum(each.is_first_right for each in by_plan),
        "right": sum(each.is_right for each in by_plan),
        "minutes": _minutes(by_plan),
    }


def _fields(verdict: Verdict, checklist: Verdict | None) -> dict[str, object]:
    case = verdict.of.case
    return {
        "fault": case.fault.name,
        "case": case.text,
        "seed": verdict.of.seed,
        "link": case.link.value,
        "sdk": case.subject.sdk.value,
        "first": _likely_fields(verdict.first),
        "first_right": verdict.is_trace_right,
        "steps": [step_fields(each) for each in verdict.steps],
        "last": _likely_fields(verdict.last),
        "end": verdict.end.value.replace(" ", "_"),
        "minutes": verdict.minutes,
        "right": verdict.is_right,
        "cause": verdict.truth.cause,
        "alike": list(verdict.truth.alike),
        "alike_by_trace": sorted(verdict.truth.accepted_of_traces - verdict.truth.accepted),
        "undecided": list(verdict.undecided),
        "checklist": None
        if checklist is None
        else {
            "minutes": checklist.minutes,
            "last": _likely_fields(checklist.last),
            "right": checklist.is_right,
            "tests": [each.test for each in checklist.steps],
        },
    }


def _likely_fields(likely: Likely) -> dict[str, object]:
    return {
        "cause": likely.cause,
        "family": likely.family,
        "probability": round(likely.probability, 6),
    }


def step_fields(step: Step) -> dict[str, object]:
    """A test that was done."""
    return {
        "test": step.test,
        "because": step.because,
        "minutes": step.minutes,
        "evidence": [
            {"field": each.field, "value": each.value, "seen": each.seen} for each in step.evidence
        ],
        "then": _likely_fields(step.then),
    }
