"""What a comparison says of the failure, for firmline diagnose: from its counts and its runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from firmline.cli.diagnosis_text import evidence_fields
from firmline.cli.experiment_conditions import Conditions, Factor
from firmline.cli.experiment_person import say
from firmline.cli.files import read_file
from firmline.cli.style import printable
from firmline.diagnosis.comparison_evidence import evidence_of_comparison
from firmline.diagnosis.evidence import Evidence
from firmline.diagnosis.reading import read_incident
from firmline.errors import InputError, shortened
from firmline.updater.experiments.comparing import Comparison
from firmline.updater.experiments.runs import Run


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What is said.

    Attributes:
        evidence: One behind the other.
    """

    evidence: tuple[Evidence, ...]

    @property
    def seen(self) -> Mapping[str, list[str]]:
        """What was seen, by field."""
        return _by_field(each for each in self.evidence if each.seen)

    @property
    def ruled_out(self) -> Mapping[str, list[str]]:
        """What was looked for in vain, by field."""
        return _by_field(each for each in self.evidence if not each.seen)

    def fields(self) -> dict[str, object]:
        """As a report has it: what was seen and was not, and who says so."""
        return {
            "evidence": self.seen,
            "ruled_out": self.ruled_out,
            "observations": [evidence_fields(each) for each in self.evidence],
        }


def found_by(experiment: Comparison, conditions: Conditions, *, log: Path | None) -> Found:
    """What a comparison says.

    Args:
        experiment: At its end.
        conditions: That were compared.
        log: Where its runs are kept, and their traces beside it.
    """
    is_elsewhere = conditions.factor in (Factor.UNIT, Factor.HOST)
    return Found(
        evidence=evidence_of_comparison(
            experiment.standing(),
            factor=conditions.factor.value,
            labels=conditions.labels,
            failure=_shown_by(experiment.failures(), log),
            passes_in_between=experiment.passes_between_failures(of_a_alone=is_elsewhere),
        )
    )


def _shown_by(failures: Sequence[Run], log: Path | None) -> tuple[Evidence, ...]:
    """What the last of the failures shows that ended as most of them did."""
    codes = Counter(run.ended.code for run in failures)
    usual = next((code for code, _ in codes.most_common(1)), "")
    for run in reversed(failures):
        if run.ended.code == usual:
            return run.ended.evidence or _of_trace(run, log)
    return ()


def _of_trace(run: Run, log: Path | None) -> tuple[Evidence, ...]:
    """What the trace of a run that was taken up again shows; it lies beside the log."""
    if log is None or not run.trace:
        return ()
    path = log.with_name(Path(run.trace).name)
    try:
        return read_incident(read_file(path, what="trace"), name=shortened(path)).evidence
    except InputError as problem:
        say(f"{printable(problem.message)} What run {run.number} shows by itself is not used.")
        return ()


def _by_field(evidence: Iterable[Evidence]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for each in evidence:
        found.setdefault(each.field, []).append(each.value)
    return found
