"""A comparison in words, and for programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Final

from firmline.cli.experiment_conditions import Conditions
from firmline.cli.experiment_conduct import Stopped
from firmline.cli.style import paint, printable
from firmline.diagnosis.comparison import ALPHA, Influence, Share, Side, Standing, Verdict
from firmline.updater.experiments.runs import Run, RunEnd

NOTICED: Final = 2 * ALPHA
"""Chance below which an influence of order is told as possible; ours: it is a hint, not a test."""


def percent(chance: float) -> str:
    """A chance; rounded up, as one that is told to be the most."""
    if chance < 1e-4:
        return "0.01 %"
    shown = f"{chance * 100:.2g}"
    return f"{float(shown):g} %" if float(shown) < 100 else "100 %"


def runs_words(count: int) -> str:
    """So many runs."""
    return f"{count} run{'s' if count != 1 else ''}"


def run_line(run: Run, conditions: Conditions, standing: Standing) -> str:
    """A run, and where the comparison stands behind it."""
    width = max(map(len, conditions.labels))
    label = conditions.label(run.condition)
    how = outcome_words(run)
    a, b = standing.a, standing.b
    counts = (
        f"{conditions.labels[0]} {a.failed} of {a.runs} failed,"
        f" {conditions.labels[1]} {b.failed} of {b.runs}"
    )
    waits = "" if a.runs == b.runs else " (its pair is not complete)"
    if run.ended.end is RunEnd.NOT_COUNTED:
        return f"{run.number:3}  {label:<{width}}  {how:<20}  it says nothing of the unit"
    chance = f"by chance up to {percent(standing.chance)}"
    return f"{run.number:3}  {label:<{width}}  {how:<20}  {counts}; {chance}{waits}"


def outcome_words(run: Run) -> str:
    """How a run ended, in a few words."""
    ended = run.ended
    seconds = f" ({ended.seconds:.1f} s)" if ended.seconds else ""
    match ended.end:
        case RunEnd.PASS:
            return f"passed{seconds}"
        case RunEnd.FAIL | RunEnd.NOT_MET:
            return f"failed {ended.code}".rstrip()
        case RunEnd.NOT_COUNTED:
            return f"not counted {ended.code}".rstrip()


def current_line(run: Run) -> str:
    """What the supply has recorded of a run; empty: nothing."""
    current = run.current
    if current is None:
        return ""
    lost = (
        f", {current.lost_samples:,} sample{'s' if current.lost_samples != 1 else ''} lost"
        if current.lost_samples
        else ""
    )
    kept = f", in {run.current_file}" if run.current_file else ""
    return (
        f"     current: mean {current.mean_a * 1e3:.3f} mA, least {current.least_a * 1e3:.3f} mA,"
        f" most {current.most_a * 1e3:.3f} mA; {current.charge_c * 1e3:.3f} mC in"
        f" {current.duration_s:.1f} s{lost}{kept}"
    )


def verdict_sentence(standing: Standing, conditions: Conditions, *, least_difference: float) -> str:
    """What is known now, in a sentence or two."""
    a, b = standing.a, standing.b
    labels = dict(zip(Side, conditions.labels, strict=True))
    shares = {Side.A: a, Side.B: b}
    worse = standing.worse
    bad, good = shares[worse], shares[worse.other]
    counted = (
        f"'{labels[worse]}' failed in {bad.failed} of {runs_words(bad.runs)},"
        f" '{labels[worse.other]}' in {good.failed} of {good.runs}"
    )
    if not a.runs and not b.runs:
        return "No run counts, so nothing is known."
    match standing.verdict:
        case Verdict.DIFFERENT:
            provoked = (
                f" '{labels[worse]}' provokes failures, which says nothing of why the unit fails as"
                " it is."
            )
            return (
                f"They differ: {counted}. Conditions that do not differ come as far in at most"
                f" {percent(standing.chance)} of such experiments."
                f"{provoked if worse is Side.B else ''}"
            )
        case Verdict.NO_LARGE_DIFFERENCE:
            return (
                f"No difference worth looking for: {counted}, so they are less than"
                f" {least_difference * 100:g} points apart (95 %). {_what_that_means(standing)}"
            )
        case Verdict.HOPELESS:
            return (
                f"Not decided: {counted}, and the runs that are left could not show a difference"
                f" any more. {_what_that_means(standing)}"
            )
        case Verdict.OPEN:
            return (
                f"Not decided: {counted}; conditions that do not differ come as far in up to"
                f" {percent(standing.chance)} of such experiments."
            )


def _what_that_means(standing: Standing) -> str:
    """What it says that both fare alike."""
    a, b = standing.a, standing.b
    if a.failed == a.runs and b.failed == b.runs:
        return "Every run failed in both: what was switched is not the cause; look for another."
    if not a.failed and not b.failed:
        return (
            "Every run passed in both: the failure did not come back, so nothing can be said of its"
            " cause. Begin anew when it does."
        )
    return "What was switched is not what decides."


def summary_lines(standing: Standing, conditions: Conditions) -> Iterator[str]:
    """The shares, and what the order of the runs may have to do with it."""
    width = max(map(len, conditions.labels))
    for label, share in zip(conditions.labels, (standing.a, standing.b), strict=True):
        yield f"  {label:<{width}}  {_share_words(share)}"
    a, b = conditions.labels
    hints = [
        _hint("the first run of a pair", "the second", standing.order),
        _hint(f"'{a}' behind '{b}'", f"behind '{a}'", standing.carry_a),
        _hint(f"'{b}' behind '{a}'", f"behind '{b}'", standing.carry_b),
    ]
    found = [hint for hint in hints if hint]
    yield from found
    if not found and standing.pairs > 1:
        yield "  Nothing hints at the order of the runs, or at what a run leaves for the next."


def _share_words(share: Share) -> str:
    return (
        f"failed {share.failed} of {share.runs}, so in {share.least * 100:.0f} to"
        f" {share.most * 100:.0f} % of runs"
    )


def _hint(name: str, other: str, influence: Influence) -> str:
    if influence.chance >= NOTICED:
        return ""
    return (
        f"  Careful: {name} failed in {influence.failed} of {influence.runs}, {other} in"
        f" {influence.other_failed} of {influence.other_runs}: a run may leave something behind for"
        " the next."
    )


def result_fields(
    standing: Standing,
    conditions: Conditions,
    runs: Sequence[Run],
    *,
    sentence: str,
    stopped: Stopped,
) -> dict[str, object]:
    """The result for programs."""
    counted = standing.a.runs + standing.b.runs
    return {
        "type": "result",
        "experiment": "compare",
        "factor": conditions.factor.value,
        "verdict": standing.verdict.value,
        "message": printable(sentence),
        "chance": standing.chance,
        "e_value": standing.evidence,
        "pairs": standing.pairs,
        "runs": counted,
        "not_counted": len(runs) - counted,
        "a": {"label": conditions.labels[0], **asdict(standing.a)},
        "b": {"label": conditions.labels[1], **asdict(standing.b)},
        "order": asdict(standing.order),
        "carry_over": {"a": asdict(standing.carry_a), "b": asdict(standing.carry_b)},
        "stopped": stopped.value,
    }


def heading(conditions: Conditions, *, most_runs: int) -> str:
    """What is going to be done."""
    first, second = conditions.labels
    return paint(f"'{first}' against '{second}'", bold=True) + (
        f", in turn, each as often the first of its pair; at most {runs_words(most_runs)}, and"
        " fewer where they suffice."
    )
