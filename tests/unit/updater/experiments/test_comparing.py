"""Running two conditions: which run comes next, what counts, and when it is over."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from firmline.diagnosis.comparison import Verdict
from firmline.errors import Code, FirmlineError, StoreError
from firmline.updater.experiments.comparing import Comparison, ComparisonPlan
from firmline.updater.experiments.runs import Ended, Run, RunEnd, counting, ended_with

PASS, FAIL = Ended(end=RunEnd.PASS), Ended(end=RunEnd.FAIL, code="DFU-LINK-004")
ABSENT = Ended(end=RunEnd.NOT_MET, code="DFU-LINK-003", met=False)
FAULT = Ended(end=RunEnd.NOT_COUNTED, code="DFU-PORT-001", met=False)


class Bench:
    """Ends runs as it is told: by condition, or one behind the other."""

    def __init__(self, *ends: Ended, **by_condition: Ended) -> None:
        self.order = ""
        self.kept: list[Run] = []
        self._ends: Iterator[Ended] = iter(ends)
        self._by_condition = by_condition

    def attempt(self, condition: str | float, number: int) -> Run:
        self.order += str(condition)
        ended = self._by_condition.get(str(condition)) or next(self._ends)
        return Run(number=number, condition=condition, ended=ended)

    def experiment(self, *, most_runs: int = 40, runs: tuple[Run, ...] = ()) -> Comparison:
        return Comparison(
            ComparisonPlan(most_runs=most_runs),
            attempt=self.attempt,
            keep=self.kept.append,
            runs=runs,
        )


def test_it_goes_on_until_it_is_decided() -> None:
    bench = Bench(a=FAIL, b=PASS)
    experiment = bench.experiment()
    assert len(list(experiment.go())) == 8
    assert bench.order == "abbaabba"
    assert bench.kept == experiment.runs
    assert experiment.standing().verdict is Verdict.DIFFERENT


def test_it_goes_no_further_than_it_may() -> None:
    ends = [FAIL, PASS, FAIL, PASS, PASS, FAIL, FAIL, PASS, FAIL, PASS, FAIL, PASS]
    experiment = Bench(*ends).experiment(most_runs=12)
    assert len(list(experiment.go())) <= 12
    assert experiment.standing().verdict is not Verdict.DIFFERENT


def test_a_fault_of_the_station_is_no_outcome_and_is_run_again() -> None:
    bench = Bench(FAIL, FAULT, PASS, PASS)
    experiment = bench.experiment()
    go = experiment.go()
    for _ in range(4):
        next(go)
    assert bench.order == "abbb"
    assert (experiment.standing().a.runs, experiment.standing().b.runs) == (1, 2)


def test_several_faults_in_a_row_end_it() -> None:
    experiment = Bench(FAULT, FAULT, FAULT).experiment()
    assert len(list(experiment.go())) == 3
    assert experiment.stopped_by is not None
    assert experiment.counted() == []


def test_faults_before_it_was_taken_up_again_end_nothing() -> None:
    before = tuple(Run(number=n, condition="a", ended=FAULT) for n in (1, 2, 3))
    experiment = Bench(a=FAIL, b=PASS).experiment(runs=before)
    assert len(list(experiment.go())) == 8


def test_a_unit_that_is_never_heard_is_tried_in_both_conditions_and_counts_in_none() -> None:
    bench = Bench(ABSENT, ABSENT, ABSENT)
    experiment = bench.experiment()
    list(experiment.go())
    assert bench.order == "aba"
    assert experiment.stopped_by is not None
    assert experiment.counted() == []


def test_a_unit_that_is_silent_in_one_condition_only_fails_there() -> None:
    bench = Bench(a=ABSENT, b=PASS)
    experiment = bench.experiment()
    list(experiment.go())
    assert experiment.standing().verdict is Verdict.DIFFERENT
    assert (experiment.standing().a.failed, experiment.standing().b.failed) == (4, 0)


def test_a_run_is_kept_before_the_next_one_begins() -> None:
    bench = Bench(a=FAIL, b=PASS)
    for run in bench.experiment().go():
        assert bench.kept[-1] is run
        assert len(bench.order) == run.number


def test_what_cannot_be_kept_ends_it() -> None:
    def full_disk(_run: Run) -> None:
        raise StoreError(Code.TRACE_NOT_WRITABLE, "The disk is full.")

    bench = Bench(a=FAIL, b=PASS)
    experiment = Comparison(ComparisonPlan(most_runs=40), attempt=bench.attempt, keep=full_disk)
    with pytest.raises(StoreError):
        list(experiment.go())
    assert bench.order == "a"


def test_an_experiment_that_was_broken_off_goes_on_where_it_was() -> None:
    first = Bench(a=FAIL, b=PASS)
    experiment = first.experiment()
    go = experiment.go()
    for _ in range(3):
        next(go)
    second = Bench(a=FAIL, b=PASS)
    again = second.experiment(runs=tuple(experiment.runs))
    assert [run.number for run in again.go()] == [4, 5, 6, 7, 8]
    assert first.order + second.order == "abbaabba"


def test_one_that_is_decided_already_runs_nothing() -> None:
    bench = Bench(a=FAIL, b=PASS)
    experiment = bench.experiment()
    list(experiment.go())
    assert list(Bench().experiment(runs=tuple(experiment.runs)).go()) == []


@pytest.mark.parametrize(
    ("code", "met", "end"),
    [
        (Code.LINK_LOST, True, RunEnd.FAIL),
        (Code.REFUSED_HASH_FAILED, True, RunEnd.FAIL),
        (Code.UNIT_NOT_FOUND, False, RunEnd.NOT_MET),
        (Code.UNIT_NOT_FOUND, True, RunEnd.FAIL),
        (Code.PORT_SILENT, False, RunEnd.NOT_MET),
        (Code.PORT_NOT_FOUND, False, RunEnd.NOT_COUNTED),
        (Code.BLUETOOTH_OFF, False, RunEnd.NOT_COUNTED),
        (Code.CONTROLLER_LOST, True, RunEnd.NOT_COUNTED),
        (Code.TRACE_NOT_WRITABLE, True, RunEnd.NOT_COUNTED),
    ],
)
def test_whose_fault_it_is_says_how_a_run_ended(code: Code, met: bool, end: RunEnd) -> None:
    ended = ended_with(FirmlineError(code, "So it was."), met=met)
    assert (ended.end, ended.code, ended.message) == (end, code, "So it was.")


def test_without_an_error_it_passed() -> None:
    assert ended_with(None, met=True).end is RunEnd.PASS


def test_a_fault_of_the_station_does_not_show_that_a_unit_is_there() -> None:
    lost_radio = Ended(end=RunEnd.NOT_COUNTED, code="DFU-HCI-007", met=True)
    runs = [Run(number=n, condition="a", ended=e) for n, e in enumerate((ABSENT, lost_radio), 1)]
    assert counting(runs) == []


# --- what its runs say of the failure -----------------------------------------------------------


def ended_as(*ends: tuple[str, Ended]) -> Comparison:
    """An experiment whose runs ended so."""
    runs = tuple(Run(number=n, condition=c, ended=e) for n, (c, e) in enumerate(ends, 1))
    return Bench().experiment(runs=runs)


def test_the_failures_in_question_are_those_of_a_that_count() -> None:
    experiment = ended_as(("a", FAIL), ("b", FAIL), ("a", FAULT), ("a", ABSENT), ("a", PASS))
    assert [run.number for run in experiment.failures()] == [1, 4]


@pytest.mark.parametrize(
    ("order", "passes"),
    [
        ("aF bp bp aF", True),
        ("aF ap aF", True),
        ("aF bF bF aF", False),
        ("bp aF aF bp", False),
        ("aF bp", False),
        ("bp ap", False),
        ("", False),
    ],
)
def test_a_pass_counts_that_lies_between_two_failures(order: str, passes: bool) -> None:
    ends = [(each[0], FAIL if each[1] == "F" else PASS) for each in order.split()]
    assert ended_as(*ends).passes_between_failures(of_a_alone=False) is passes


def test_passes_of_another_unit_say_nothing_of_this_one() -> None:
    of_b = ended_as(("a", FAIL), ("b", PASS), ("a", FAIL))
    assert not of_b.passes_between_failures(of_a_alone=True)
    of_a = ended_as(("a", FAIL), ("a", PASS), ("b", PASS), ("a", FAIL))
    assert of_a.passes_between_failures(of_a_alone=True)


@pytest.mark.parametrize("end", [ABSENT, Ended(end=RunEnd.FAIL)], ids=["not heard", "by hand"])
def test_a_unit_that_may_not_have_been_heard_may_be_out_of_reach(end: Ended) -> None:
    experiment = ended_as(("a", FAIL), ("b", PASS), ("a", end), ("b", PASS), ("a", FAIL))
    assert not experiment.passes_between_failures(of_a_alone=False)
