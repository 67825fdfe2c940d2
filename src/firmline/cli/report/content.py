"""What a report says: composed once, drawn as a page or written as JSON."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from firmline import __version__
from firmline.cli.concluded import Concluded
from firmline.cli.diagnosis_text import result_fields
from firmline.cli.report.attachments import Attachment, File, attached
from firmline.cli.report.cleaning import clean
from firmline.cli.report.done_tests import DoneTest, done_tests
from firmline.diagnosis.catalogue import catalogue
from firmline.diagnosis.evidence import Incident
from firmline.diagnosis.exclusions import Exclusion, exclusions
from firmline.diagnosis.next_test import Proposal
from firmline.diagnosis.ranking import Ranking
from firmline.diagnosis.reading import Source
from firmline.diagnosis.undecided import Undecided
from firmline.diagnosis.vocabulary import vocabulary

if TYPE_CHECKING:
    from firmline.cli.report.attempts import Attempt
    from firmline.cli.report.facts import Fact
    from firmline.formats.trace import Trace

REPORT_FORMAT: Final = 1
"""Version of the JSON form; raised where an older reader would misunderstand."""
NO_TIME_LINE: Final = {
    "log": "The log of another tool has no events that could be put on a time line; the evidence"
    " below names the lines that it was taken from.",
    "report": "What was diagnosed is what somebody has written down, so that there is no time line."
    " A trace (firmline update --trace) would show one.",
    "dump": "A dump of the unit's flash tells what stands there, not when it came about, so that"
    " there is no time line. A trace (firmline update --trace) would show one.",
    "": "Nothing was recorded: what is known is what somebody has answered, so that there is no"
    " time line. A trace (firmline update --trace) would show one.",
}
"""What stands in the place of a time line, by the kind of the source; empty: there was no file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """How the report was made.

    Attributes:
        at: When, UTC, as ``2026-03-01 12:30:00``.
        firmline: Version of the program.
        python: Version of Python.
        system: System and machine; nothing of the computer's or the user's name.
        source: What was diagnosed: ``trace``, ``log`` or ``report``; ``dump``: nothing but dumps of
            flash; empty: a person was asked, and nothing else.
        asked: Whether a person was asked.
        dumps: How many dumps of its flash were used: those of another unit are left out.
        lacks: Equipment that was said not to be at hand.
        catalogue: How many causes were weighed.
    """

    at: str
    firmline: str
    python: str
    system: str
    source: str
    asked: bool
    dumps: int
    lacks: tuple[str, ...]
    catalogue: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Everything that a report says.

    Attributes:
        made: How it was made.
        unit: What the user called the unit, cleaned; empty: not known.
        facts: Of unit, package, link and station.
        attempts: What happened; none of a log or a written report.
        no_time_line: Why there are none; empty where there are.
        incident: What was seen.
        ranking: Of that.
        plan: The tests that are still worth doing.
        undecided: What nothing at hand tells apart.
        done: The tests that were done.
        excluded: The causes that something excludes.
        attachments: Files that are sent along.
    """

    made: Made
    unit: str
    facts: tuple[Fact, ...]
    attempts: tuple[Attempt, ...]
    no_time_line: str
    incident: Incident
    ranking: Ranking
    plan: tuple[Proposal, ...]
    undecided: Undecided | None
    done: tuple[DoneTest, ...]
    excluded: tuple[Exclusion, ...]
    attachments: tuple[Attachment, ...]

    @property
    def explained(self) -> Attempt | None:
        """The attempt that is explained; ``None``: there is none."""
        return next((each for each in self.attempts if each.is_explained), None)


def compose(
    source: Source | None, concluded: Concluded, *, files: Iterable[File], made_at: datetime
) -> Report:
    """Put a report together.

    Args:
        source: What was diagnosed; ``None``: a person was asked, and nothing else.
        concluded: What came of it.
        files: The source itself, and what is sent along.
        made_at: The time, UTC.
    """
    traces = () if source is None else source.traces
    told = _told(traces) if traces else _Told()
    kind = source.kind.value if source is not None else "dump" if concluded.dumps else ""
    return Report(
        made=Made(
            at=made_at.strftime("%Y-%m-%d %H:%M:%S"),
            firmline=__version__,
            python=platform.python_version(),
            system=f"{platform.system()} {platform.machine()}",
            source=kind,
            asked=concluded.asked,
            dumps=concluded.dumps,
            lacks=concluded.lacks,
            catalogue=len(catalogue()),
        ),
        unit=told.unit,
        facts=told.facts,
        attempts=told.attempts,
        no_time_line="" if traces else NO_TIME_LINE[kind],
        incident=concluded.incident,
        ranking=concluded.ranking,
        plan=concluded.plan,
        undecided=concluded.undecided,
        done=done_tests(concluded.incident, concluded.done),
        excluded=exclusions(concluded.incident),
        attachments=attached(files),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """What traces tell beside the evidence."""

    unit: str = ""
    facts: tuple[Fact, ...] = ()
    attempts: tuple[Attempt, ...] = ()


def _told(traces: tuple[Trace, ...]) -> _Told:
    """The unit and its attempts; nothing of it is loaded for a report without traces."""
    from firmline.cli.report.attempts import (  # noqa: PLC0415
        attempts_of,
        name_of_unit,
        of_the_same_unit,
    )
    from firmline.cli.report.facts import facts_of  # noqa: PLC0415
    from firmline.diagnosis.trace_evidence import explained  # noqa: PLC0415

    trace = explained(traces)
    if trace is None:
        return _Told()
    own = of_the_same_unit(traces, trace)
    rest = [each for each in own if each is not trace]
    return _Told(
        unit=name_of_unit(trace),
        facts=facts_of((trace, *rest)),
        attempts=attempts_of(own, trace),
    )


# JSON.


def report_fields(report: Report) -> dict[str, object]:
    """The report as JSON: a report that ``firmline diagnose`` reads again, and all the rest.

    ``evidence`` and ``ruled_out`` are as in every written report; ``observations`` has the same
    with where each comes from.
    """
    result = result_fields(report.incident, report.ranking, report.plan, undecided=report.undecided)
    observations = result.pop("evidence")
    return {
        **result,
        "type": "report",
        "report_format": REPORT_FORMAT,
        "made": asdict(report.made),
        "unit": report.unit,
        "facts": [asdict(each) for each in report.facts],
        "attempts": [asdict(each) for each in report.attempts],
        "no_time_line": report.no_time_line,
        "evidence": _values(report.incident.by_field()),
        "ruled_out": _values(report.incident.looked_for_in_vain()),
        "observations": observations,
        "tests_done": [asdict(each) for each in report.done],
        "excluded": [
            {
                "cause": each.cause.slug,
                "field": each.evidence.field,
                "value": each.evidence.value,
                "because": each.because,
            }
            for each in report.excluded
        ],
        "unused": [clean(each, 10_000) for each in report.incident.unused],
        "attachments": [asdict(each) for each in report.attachments],
    }


def _values(found: Mapping[str, tuple[str, ...]]) -> dict[str, object]:
    """As a report is written: one value, or a list of those fields that take several."""
    return {
        name: list(values) if vocabulary()[name].many or len(values) > 1 else values[0]
        for name, values in found.items()
    }
