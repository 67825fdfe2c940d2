"""How fast a failure is diagnosed: a large trace, a report, a question."""

from __future__ import annotations

import json
import time
from pathlib import Path

from bench.run import MEGABYTE, Figure, Run, repeat, run
from firmline.diagnosis.asking import next_question
from firmline.diagnosis.evidence import Evidence, Incident, Origin
from firmline.diagnosis.ranking import rank

UNIT = "weak-coin-cell"
TRACE_SIZE = 10 * MEGABYTE
KNOWN = (("transport", "ble"), ("supply", "coin_cell"), ("unit_scope", "one"))


def measure_diagnosis(folder: Path) -> list[Figure]:
    """A trace of 10 MB, a report of one attempt, the questions from nothing to a few answers.

    The trace is of an update of a virtual unit on a weak cell, put behind itself again and again.
    """
    trace = folder / "weak.jsonl"
    key = folder / "key.pem"
    run("update", folder / "app.zip", "--to", f"sim:{UNIT}?key={key}", "--trace", trace)
    first, rest = trace.read_bytes().split(b"\n", 1)
    large = folder / "large.jsonl"
    with large.open("wb") as file:
        for number in range(TRACE_SIZE // (len(first) + len(rest)) + 1):
            # No two are the same: a copy of an attempt counts once, and is not read again.
            began = {**json.loads(first), "python": f"3.13.{number}"}
            file.write(json.dumps(began).encode() + b"\n" + rest)
    runs, why = repeat(3, lambda: run("diagnose", large))
    page = folder / "report.html"

    def report(of: Path) -> Run:
        page.unlink(missing_ok=True)  # one that is there is left as it is
        return run("diagnose", of, "--report", page)

    large_reports, why_no_large = repeat(3, lambda: report(large))
    reports, why_no_report = repeat(7, lambda: report(trace))
    return [
        Figure(
            name="diagnose a trace of 10 MB",
            unit="s",
            limit=2,
            values=tuple(each.seconds for each in runs),
            why_not=why,
        ),
        Figure(
            name="the same, peak memory",
            unit="MB",
            limit=0,
            values=tuple(each.peak_bytes / MEGABYTE for each in runs),
            why_not=why,
        ),
        Figure(
            name="the same, with its report",
            unit="s",
            limit=2.5,
            values=tuple(each.seconds for each in large_reports),
            why_not=why_no_large,
        ),
        Figure(
            name="diagnose one attempt, with its report",
            unit="s",
            limit=0.5,
            values=tuple(each.seconds for each in reports),
            why_not=why_no_report,
        ),
        Figure(
            name="the next question of --ask, with its ranking",
            unit="ms",
            limit=100,
            values=tuple(question_ms(known) for known in range(len(KNOWN) + 1)),
        ),
    ]


def question_ms(known: int) -> float:
    """How long a question takes where so many answers are known, tables loaded."""
    evidence = [
        Evidence(field=field, value=value, origin=Origin.PERSON) for field, value in KNOWN[:known]
    ]
    incident = Incident(evidence=tuple(evidence))
    next_question(incident, rank(incident))
    begin = time.perf_counter()
    next_question(incident, rank(incident))
    return (time.perf_counter() - begin) * 1000
