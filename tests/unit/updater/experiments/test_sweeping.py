"""Running a sweep: what counts, and when it is over."""

from __future__ import annotations

import pytest

from firmline.diagnosis.margin_search import Place, Sweep
from firmline.updater.experiments.runs import Ended, Run, RunEnd
from firmline.updater.experiments.sweeping import MarginRuns

OHMS = Sweep(good=0.0, bad=100.0, resolution=5.0)
FAULT = Ended(end=RunEnd.NOT_COUNTED, code="DFU-PORT-001", met=False)


class Bench:
    """A unit that breaks down behind so many ohms, and is not heard behind more."""

    def __init__(self, breaks: float, silent: float = 1000.0) -> None:
        self.kept: list[Run] = []
        self.faults = 0
        self._breaks = breaks
        self._silent = silent

    def attempt(self, condition: str | float, number: int) -> Run:
        value = float(condition)
        ended = Ended(end=RunEnd.PASS)
        if self.faults:
            self.faults -= 1
            ended = FAULT
        elif value > self._silent:
            ended = Ended(end=RunEnd.NOT_MET, code="DFU-LINK-003", met=False)
        elif value > self._breaks:
            ended = Ended(end=RunEnd.FAIL, code="DFU-LINK-004")
        return Run(number=number, condition=value, ended=ended)

    def experiment(self, *, most_runs: int = 40, runs: tuple[Run, ...] = ()) -> MarginRuns:
        return MarginRuns(
            OHMS, most_runs=most_runs, attempt=self.attempt, keep=self.kept.append, runs=runs
        )


@pytest.mark.slow
def test_it_goes_on_until_the_threshold_is_known() -> None:
    bench = Bench(62.0)
    experiment = bench.experiment()
    list(experiment.go())
    margin = experiment.margin()
    assert margin.is_found
    assert margin.good_side <= 62 <= margin.bad_side
    assert bench.kept == experiment.runs


@pytest.mark.slow
def test_a_unit_that_is_silent_on_the_bad_side_fails_there() -> None:
    experiment = Bench(50.0, silent=50.0).experiment()
    list(experiment.go())
    assert experiment.margin().place is Place.INSIDE
    assert experiment.margin().is_found


def test_a_unit_that_is_never_heard_has_no_margin() -> None:
    experiment = Bench(-1.0, silent=-1.0).experiment()
    assert [run.condition for run in experiment.go()] == [0.0, 0.0, 0.0]
    assert experiment.stopped_by is not None
    assert experiment.tried() == []


def test_it_goes_no_further_than_it_may() -> None:
    experiment = Bench(62.0).experiment(most_runs=5)
    assert len(list(experiment.go())) == 5
    assert not experiment.margin().is_found


@pytest.mark.slow
def test_a_fault_of_the_station_is_run_again_at_the_same_value() -> None:
    bench = Bench(62.0)
    bench.faults = 2
    experiment = bench.experiment()
    list(experiment.go())
    assert [run.condition for run in experiment.runs[:4]] == [0.0, 0.0, 0.0, 100.0]
    assert experiment.margin().is_found


@pytest.mark.slow
def test_an_experiment_that_was_broken_off_goes_on_where_it_was() -> None:
    whole = Bench(62.0).experiment()
    list(whole.go())
    part = Bench(62.0).experiment(most_runs=6)
    list(part.go())
    again = Bench(62.0).experiment(runs=tuple(part.runs))
    list(again.go())
    assert again.runs == whole.runs
