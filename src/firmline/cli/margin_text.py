"""The margin of a unit in words, as a table, and for programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from firmline.cli.comparison_text import outcome_words, runs_words
from firmline.cli.experiment_conduct import Stopped
from firmline.cli.style import paint, printable
from firmline.diagnosis.margin_search import CONFIDENCE, Margin, Place, Tried
from firmline.links.supplies.base import Setting
from firmline.updater.experiments.runs import Run, RunEnd, counting

NOTICED = 0.05
"""Share of runs that end otherwise than their side of the threshold says, from which on it is told;
ours. Nothing is known of it before, and a few runs do not say it is less."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Swept:
    """What is swept, and what stays.

    Attributes:
        is_voltage: The voltage is swept; else the series resistance.
        good: The end at which it should work.
        bad: The end at which it should not.
        resolution: How narrow the interval has to be.
        fixed: Of the other, in its own unit.
    """

    is_voltage: bool
    good: float
    bad: float
    resolution: float
    fixed: float

    @property
    def unit(self) -> str:
        """Of the values."""
        return "V" if self.is_voltage else "ohm"

    @property
    def axis(self) -> str:
        """What is swept, in words."""
        if self.is_voltage:
            behind = f" behind {self.fixed:g} ohm" if self.fixed else ""
            return f"supply voltage{behind}"
        return f"series resistance at {self.fixed:g} V"

    def has(self, value: str | float) -> bool:
        """Whether it is a value of the sweep."""
        low, high = sorted((self.good, self.bad))
        return isinstance(value, float) and low - 1e-6 <= value <= high + 1e-6

    def setting(self, value: float) -> Setting:
        """The supply's, for a value of the sweep."""
        if self.is_voltage:
            return Setting(voltage_v=value, resistance_ohm=self.fixed)
        return Setting(voltage_v=self.fixed, resistance_ohm=value)


def heading(swept: Swept, *, most_runs: int) -> str:
    """What is going to be done."""
    return (
        f"{paint(swept.axis, bold=True)} from {swept.good:g} to {swept.bad:g} {swept.unit}, until"
        f" it is known within {swept.resolution:.4g} {swept.unit}; at most {runs_words(most_runs)}."
    )


def run_line(run: Run, swept: Swept, margin: Margin | None, tried: Sequence[Tried]) -> str:
    """A run, and what is known behind it.

    Args:
        run: The run.
        swept: What is swept.
        margin: What is known; ``None``: no run counts yet.
        tried: The runs that count.
    """
    value = f"{float(run.condition):.4g} {swept.unit}"
    known = "nothing is known yet" if margin is None else _so_far(margin, swept, tried)
    if run.ended.end is RunEnd.NOT_COUNTED:
        known = "it says nothing of the unit"
    return f"{run.number:3}  {value:>10}  {outcome_words(run):<20}  {known}"


def _so_far(margin: Margin, swept: Swept, tried: Sequence[Tried]) -> str:
    if margin.place is Place.INSIDE:
        return f"stops working at {_interval(margin, swept)}"
    means = {
        Place.NEVER_WORKS: "fails in the whole sweep",
        Place.ALWAYS_WORKS: "works in the whole sweep",
        Place.INTERMITTENT: "fails now and then at every value",
    }
    return f"{_measured(tried)}: {means[margin.place]}, with {margin.chance * 100:.0f} %"


def _measured(tried: Sequence[Tried]) -> str:
    """How many runs failed, whatever is made of that."""
    return f"{sum(each.failed for each in tried)} of {runs_words(len(tried))} failed"


def _interval(margin: Margin, swept: Swept) -> str:
    low, high = sorted((margin.good_side, margin.bad_side))
    return f"{low:.4g} to {high:.4g} {swept.unit}"


def margin_sentence(
    margin: Margin, swept: Swept, *, tried: Sequence[Tried], is_at_bound: bool
) -> str:
    """What is known now, in a sentence or two.

    Args:
        margin: What is known.
        swept: What is swept.
        tried: The runs that count.
        is_at_bound: Whether it stopped since no more runs were allowed.
    """
    if not tried:
        return "No run counts, so nothing is known."
    measured, passed = _measured(tried), sum(not each.failed for each in tried)
    chance = f"{min(margin.chance, 0.999) * 100:.3g} %"
    span = f"{swept.good:g} to {swept.bad:g} {swept.unit}"
    match margin.place:
        case Place.NEVER_WORKS:
            how = "nearly always fails" if passed else "fails"
            said = (
                f"It {how} in the whole sweep, {span} ({measured}; with {chance} that is so at"
                f" every value), where it should work too: the {swept.axis} is not what decides,"
                " or the sweep has to begin further out."
            )
        case Place.ALWAYS_WORKS:
            said = (
                f"It works in the whole sweep, {span} ({measured}; with {chance} that is so at"
                f" every value): its margin is larger, so the {swept.axis} is not what made it fail"
                " within that."
            )
        case Place.INTERMITTENT:
            said = (
                f"It is intermittent at every {'voltage' if swept.is_voltage else 'resistance'},"
                f" {span} ({measured}; with {chance} that is so at every value): the {swept.axis}"
                " is not what decides."
            )
        case Place.INSIDE:
            said = (
                f"It stops working at {margin.threshold:.4g} {swept.unit}, and with"
                f" {CONFIDENCE * 100:.0f} % at {_interval(margin, swept)} ({swept.axis})."
            )
    if margin.is_found:
        return said
    width = abs(margin.bad_side - margin.good_side)
    if margin.place is Place.INSIDE and margin.chance >= CONFIDENCE:
        more = ": go on with more --runs" if is_at_bound else ""
        return (
            f"{said} That is {width:.3g} {swept.unit} wide, and {swept.resolution:g} was asked"
            f" for{more}."
        )
    behind = f"Not known yet, behind {runs_words(len(tried))}"
    if any(each.failed for each in tried):
        behind = f"Not known yet: {measured}"
    if margin.place is Place.INSIDE:
        return (
            f"{behind}: if it stops working within {span}, then with {CONFIDENCE * 100:.0f} % at"
            f" {_interval(margin, swept)} ({swept.axis})."
        )
    return f"{behind}, but likely: {said[0].lower()}{said[1:]}"


def hints(margin: Margin, runs: Sequence[Run]) -> Iterator[str]:
    """What else is worth knowing."""
    if margin.place is Place.ALWAYS_WORKS:
        counted = counting(runs)
        failed = sum(run.ended.end is RunEnd.FAIL for run in counted)
        if failed:
            yield f"  Careful: {failed} of {runs_words(len(counted))} failed all the same."
    if margin.place is not Place.INSIDE:
        return
    good, bad = _against_their_side(margin, runs)
    if good:
        yield (
            f"  Careful: {runs_words(good)} failed on the side on which it works: something else"
            f" fails, too, in about {margin.by_chance * 100:.0f} % of runs."
        )
    if bad:
        yield f"  {runs_words(bad)} passed on the side on which it does not work."


def _against_their_side(margin: Margin, runs: Sequence[Run]) -> tuple[int, int]:
    """Runs that failed beyond the good side of the interval, and that passed beyond the bad one."""
    low, high = sorted((margin.good_side, margin.bad_side))
    is_good_low = margin.good_side < margin.bad_side
    good = bad = 0
    for run in counting(runs):
        value, failed = float(run.condition), run.ended.end is RunEnd.FAIL
        is_good = value < low if is_good_low else value > high
        is_bad = value > high if is_good_low else value < low
        good += is_good and failed
        bad += is_bad and not failed
    return good, bad


def margin_fields(
    margin: Margin, swept: Swept, runs: Sequence[Run], *, sentence: str, stopped: Stopped
) -> dict[str, object]:
    """The result for programs."""
    counted = len(counting(runs))
    is_inside = margin.place is Place.INSIDE and counted > 0
    low, high = sorted((margin.good_side, margin.bad_side))
    return {
        "type": "result",
        "experiment": "margin",
        "swept": "voltage" if swept.is_voltage else "resistance",
        "unit": swept.unit,
        "good": swept.good,
        "bad": swept.bad,
        "fixed": swept.fixed,
        "place": margin.place.value if counted else None,
        "place_chance": margin.chance if counted else None,
        "found": margin.is_found,
        "message": printable(sentence),
        "threshold": margin.threshold if is_inside else None,
        "least": low if is_inside else None,
        "most": high if is_inside else None,
        "confidence": CONFIDENCE,
        "fails_by_chance": margin.by_chance,
        "passes_by_chance": margin.by_luck,
        "runs": counted,
        "not_counted": len(runs) - counted,
        "stopped": stopped.value,
    }


def margin_csv(runs: Sequence[Run], swept: Swept) -> bytes:
    """Every run as a line of a table."""
    column = "voltage_v" if swept.is_voltage else "resistance_ohm"
    rows = [f"run,{column},end,code,seconds,mean_current_ma,most_current_ma"]
    for run in runs:
        current = run.current
        mean, most = (
            ("", "")
            if current is None
            else (f"{current.mean_a * 1e3:.4f}", f"{current.most_a * 1e3:.4f}")
        )
        ended = run.ended
        rows.append(
            f"{run.number},{float(run.condition):g},{ended.end},{ended.code},{ended.seconds:.3f},"
            f"{mean},{most}"
        )
    return ("\n".join(rows) + "\n").encode()
