"""The course of any experiment: each run is kept before it is told."""

from __future__ import annotations

import pytest

from firmline.errors import Code, StoreError
from firmline.updater.experiments.course import Course
from firmline.updater.experiments.runs import Ended, Keep, Run, RunEnd

FAULT = Ended(end=RunEnd.NOT_COUNTED, code="DFU-PORT-001", met=False)


def attempt(condition: str | float, number: int) -> Run:
    """One that counts under every condition but ``x``."""
    ended = FAULT if condition == "x" else Ended(end=RunEnd.PASS)
    return Run(number=number, condition=condition, ended=ended)


class Listed(Course):
    """Goes through conditions, one behind the other."""

    def __init__(self, conditions: str, *, keep: Keep, runs: tuple[Run, ...] = ()) -> None:
        super().__init__(attempt=attempt, keep=keep, runs=runs)
        self._conditions = iter(conditions)

    def next_condition(self) -> str | None:
        return next(self._conditions, None)


def test_it_runs_until_there_is_no_condition_left() -> None:
    kept: list[Run] = []
    course = Listed("ab", keep=kept.append)

    for run in course.go():
        assert kept[-1] is run
    assert [(run.number, run.condition) for run in course.runs] == [(1, "a"), (2, "b")]
    assert course.stopped_by is None


def test_what_was_taken_up_again_is_counted_on() -> None:
    before = (attempt("a", 1), attempt("b", 2))
    course = Listed("a", keep=lambda _: None, runs=before)

    assert [run.number for run in course.go()] == [3]
    assert [run.number for run in course.runs] == [1, 2, 3]


def test_runs_in_a_row_that_do_not_count_stop_it() -> None:
    course = Listed("axxxab", keep=lambda _: None)

    assert [run.condition for run in course.go()] == ["a", "x", "x", "x"]
    assert course.stopped_by is course.runs[-1]
    assert list(course.go()) == []


def test_a_run_that_cannot_be_kept_is_not_told() -> None:
    def keep(_: Run) -> None:
        raise StoreError(Code.TRACE_NOT_WRITABLE, "The disk is full.")

    course = Listed("ab", keep=keep)
    with pytest.raises(StoreError):
        next(course.go())
    assert course.runs == []
