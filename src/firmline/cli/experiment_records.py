"""Runs of an experiment as JSON, out and in: what is read may be edited, damaged, or another's."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any, Final

from firmline.errors import Code, InputError, shortened
from firmline.links.supplies.current_trace import CurrentSummary
from firmline.updater.experiments.runs import Ended, Run, RunEnd

MOST: Final = 1e9
"""Largest number in a run: seconds, bytes, samples; ours."""
MOST_TEXT: Final = 2000
"""Longest text in a run, characters; ours."""
_CODE: Final = re.compile(r"DFU-[A-Z]{2,8}-[0-9]{3}")

MOST_LINES: Final = 10_000
"""Of a file; ours: ten times what --runs allows."""

IsCondition = Callable[[str | float], bool]
"""Whether an experiment has such a condition."""


def run_fields(run: Run) -> dict[str, object]:
    """A run for programs."""
    ended = run.ended
    return {
        "type": "run",
        "number": run.number,
        "condition": run.condition,
        "end": ended.end.value,
        "code": ended.code,
        "message": ended.message[:MOST_TEXT],
        "seconds": round(ended.seconds, 3),
        "sent_size": ended.sent_size,
        "met": ended.met,
        "trace": run.trace,
        "current": None if run.current is None else asdict(run.current),
        "current_file": run.current_file,
    }


def read_runs(
    content: bytes, header: Mapping[str, object], *, name: str, is_condition: IsCondition
) -> list[Run]:
    """The runs of a file whose last line is whole.

    Args:
        content: Of the file.
        header: What the experiment is: has to be what its first line says.
        name: Of the file, for a message.
        is_condition: Whether the experiment has such a condition.

    Raises:
        InputError: ``RUNS_MALFORMED``, ``RUNS_OF_ANOTHER``.
    """
    first, *lines = content.splitlines()
    found = _object(first)
    if found is None or found.get("type") != "experiment":
        raise malformed(name, "line 1 is none of an experiment")
    for each in {**header, **found}:
        if found.get(each) != header.get(each):
            raise InputError(
                Code.RUNS_OF_ANOTHER,
                f"{name} holds runs of another experiment: its {shortened(each)} is"
                f" {shortened(found.get(each))!r}, and not {shortened(header.get(each))!r}.",
            )
    if len(lines) > MOST_LINES:
        raise malformed(name, f"it has {len(lines)} runs, and {MOST_LINES} are the most")
    runs = []
    for number, line in enumerate(lines, 1):
        fields = _object(line)
        if fields is None:
            raise malformed(name, f"line {number + 1} is no JSON object")
        try:
            runs.append(run_of(fields, is_condition=is_condition))
        except ValueError as problem:
            raise malformed(name, f"line {number + 1} is no run of it, {problem}") from None
        if runs[-1].number != number:
            raise malformed(name, "its runs are not numbered one behind the other")
    return runs


def malformed(name: str, why: str) -> InputError:
    """The error of what is no file of runs."""
    return InputError(
        Code.RUNS_MALFORMED, f"{name} is no file of runs that can be taken up: {why}."
    )


def _object(line: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def run_of(fields: Mapping[str, Any], *, is_condition: IsCondition) -> Run:
    """A run as it was written.

    Args:
        fields: As :func:`run_fields` makes them.
        is_condition: Whether the experiment has such a condition.

    Raises:
        ValueError: It is none; says why, as the rest of a sentence.
    """
    current = fields.get("current")
    ended = Ended(
        end=_end(fields),
        code=_code(fields),
        message=_text(fields, "message"),
        seconds=_number(fields, "seconds"),
        sent_size=_whole(fields, "sent_size"),
        met=_truth(fields, "met"),
    )
    if ended.end is RunEnd.PASS and (ended.code or not ended.met):
        raise ValueError("it has passed, and yet it has failed")
    if ended.end is RunEnd.NOT_MET and ended.met:
        raise ValueError("the unit was heard, and yet it was not")
    return Run(
        number=_whole(fields, "number"),
        condition=_condition(fields, is_condition),
        ended=ended,
        trace=_text(fields, "trace", absent=""),
        current=None if current is None else _current(current),
        current_file=_text(fields, "current_file", absent=""),
    )


def _end(fields: Mapping[str, Any]) -> RunEnd:
    try:
        return RunEnd(_text(fields, "end"))
    except ValueError:
        raise ValueError("its end is none of pass, fail, not_met and not_counted") from None


def _code(fields: Mapping[str, Any]) -> str:
    """A newer firmline may have codes that this one does not know."""
    code = _text(fields, "code")
    if code and _CODE.fullmatch(code) is None:
        raise ValueError("its code is none")
    return code


def _condition(fields: Mapping[str, Any], is_condition: IsCondition) -> str | float:
    condition = fields.get("condition")
    if not isinstance(condition, str):
        condition = _number(fields, "condition", least=-MOST)
    if not is_condition(condition):
        raise ValueError("its condition is none of this experiment")
    return condition


def _current(fields: object) -> CurrentSummary:
    if not isinstance(fields, dict):
        raise ValueError("its current is no object")  # noqa: TRY004 - a file is wrong, no argument
    return CurrentSummary(
        **{name: _number(fields, name, least=-MOST) for name in ("least_a", "mean_a", "most_a")},
        charge_c=_number(fields, "charge_c", least=-MOST),
        duration_s=_number(fields, "duration_s"),
        lost_samples=_whole(fields, "lost_samples"),
    )


def _text(fields: Mapping[str, Any], name: str, *, absent: str | None = None) -> str:
    value = fields.get(name, absent)
    if not isinstance(value, str) or len(value) > MOST_TEXT:
        raise ValueError(f"its {name} is no text, or a very long one")
    return value


def _number(fields: Mapping[str, Any], name: str, *, least: float = 0.0) -> float:
    value: Any = fields.get(name)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    # Compared before it is made a float: a whole number of JSON may be larger than any. What is no
    # number at all (NaN) is not between any two.
    if not is_number or not least <= value <= MOST:
        raise ValueError(f"its {name} is no number from {least:g} to {MOST:g}")
    return float(value)


def _whole(fields: Mapping[str, Any], name: str) -> int:
    value = _number(fields, name)
    if not value.is_integer():
        raise ValueError(f"its {name} is no whole number")
    return int(value)


def _truth(fields: Mapping[str, Any], name: str) -> bool:
    value = fields.get(name)
    if not isinstance(value, bool):
        raise ValueError(f"its {name} is neither true nor false")  # noqa: TRY004 - as above
    return value
