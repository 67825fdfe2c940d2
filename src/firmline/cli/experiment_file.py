"""The runs of an experiment on disk: JSON lines, of which a further call goes on.

The first line says what the experiment is, and each other one is a run. A line that broke off (the
power failed while it was written) is left out, and said.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any, Final, Self

from firmline.cli.files import read_file, remember_input, spare_private_key
from firmline.diagnosis.reading import RUNS
from firmline.errors import Code, InputError, StoreError, shortened
from firmline.links.supplies.current_trace import CurrentSummary, CurrentTrace
from firmline.updater.experiments.runs import Ended, Run, RunEnd

FORMAT: Final = 1
"""Of the file; raised when a reader of the old one would misread it."""


class RunsFile:
    """The file that ``--log`` names.

    Args:
        path: Where.
        header: What the experiment is: has to be the same when it is taken up again.

    Attributes:
        runs: Those that it held already.
        notes: What was noticed when it was read, one sentence each.

    Raises:
        InputError: ``RUNS_MALFORMED``, ``RUNS_OF_ANOTHER``, or it cannot be read.
        StoreError: ``TRACE_NOT_WRITABLE``.
    """

    def __init__(self, path: Path, header: Mapping[str, object]) -> None:
        self.path = path
        self.runs: list[Run] = []
        self.notes: list[str] = []
        header = {"type": "experiment", "format": FORMAT, **header}
        if path.exists() and path.is_file() and not path.stat().st_size:
            content = b""
        else:
            content = read_file(path, what="file of runs") if path.exists() else b""
        whole = content[: content.rfind(b"\n") + 1]
        if whole:
            self._take_up(whole, header)
        elif content:
            spare_private_key(path)
            if not content.startswith(RUNS):
                raise self._malformed("line 1 is none of an experiment")
        if len(whole) < len(content):
            self.notes.append(
                f"The last line of {shortened(path)} broke off, as when the power fails, and was"
                " left out."
            )
        try:
            self._file = path.open("r+b" if path.exists() else "xb")
        except OSError as problem:
            raise self._not_writable(problem) from None
        try:
            self._file.truncate(len(whole))
            self._file.seek(len(whole))
            if not whole:
                self._write(header)
        except OSError as problem:
            self._file.close()
            raise self._not_writable(problem) from None
        remember_input(path)  # no other output of this command takes its place

    def _take_up(self, whole: bytes, header: Mapping[str, object]) -> None:
        first, *lines = whole.splitlines()
        found = self._object(first, 1)
        if found.get("type") != "experiment":
            raise self._malformed("line 1 is none of an experiment")
        other = [name for name in {**header, **found} if found.get(name) != header.get(name)]
        if other:
            name = other[0]
            raise InputError(
                Code.RUNS_OF_ANOTHER,
                f"{shortened(self.path)} holds runs of another experiment: its {name} is"
                f" {shortened(found.get(name))!r}, and not {shortened(header.get(name))!r}.",
            )
        self.runs = [self._run(line, number) for number, line in enumerate(lines, 2)]
        if [run.number for run in self.runs] != list(range(1, len(self.runs) + 1)):
            raise self._malformed("its runs are not numbered one behind the other")
        self.notes.append(f"{len(self.runs)} runs are taken over from {shortened(self.path)}.")

    def _object(self, line: bytes, number: int) -> dict[str, Any]:
        try:
            found = json.loads(line)
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise self._malformed(f"line {number} is no JSON object")
        return found

    def _run(self, line: bytes, number: int) -> Run:
        fields = self._object(line, number)
        try:
            return _run_of(fields)
        except (KeyError, TypeError, ValueError):
            raise self._malformed(f"line {number} is no run of it") from None

    def keep(self, run: Run) -> None:
        """Write a run; it is on the disk when this returns.

        Raises:
            StoreError: ``TRACE_NOT_WRITABLE``.
        """
        at = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        try:
            self._write({**run_fields(run), "at": at})
        except OSError as problem:
            raise self._not_writable(problem) from None

    def _write(self, fields: Mapping[str, object]) -> None:
        self._file.write(json.dumps(fields).encode() + b"\n")
        self._file.flush()
        os.fsync(self._file.fileno())

    def __enter__(self) -> Self:
        """The file is open already."""
        return self

    def __exit__(self, *raised: object) -> None:
        """Nothing is left to be written."""
        self._file.close()

    def beside(self, number: int, suffix: str) -> Path:
        """A file that belongs to a run: ``runs.jsonl`` has ``runs-3.csv``.

        One that is there already is of a run that was broken off, or somebody else's, and is left.
        """
        stem = f"{self.path.stem}-{number}"
        names = (f"{stem}{'' if more == 1 else f'-again-{more}'}{suffix}" for more in count(1))
        return next(path for path in map(self.path.with_name, names) if not path.exists())

    def _malformed(self, why: str) -> InputError:
        return InputError(
            Code.RUNS_MALFORMED,
            f"{shortened(self.path)} is no file of runs that can be taken up: {why}.",
        )

    def _not_writable(self, problem: OSError) -> StoreError:
        reason = (problem.strerror or str(problem)).lower()
        return StoreError(
            Code.TRACE_NOT_WRITABLE,
            f"The file of runs {shortened(self.path)} cannot be written: {reason}.",
            hint="Give --log a file that can be written, on a disk with room, or leave it out.",
        )


def run_fields(run: Run) -> dict[str, object]:
    """A run for programs."""
    ended = run.ended
    return {
        "type": "run",
        "number": run.number,
        "condition": run.condition,
        "end": ended.end.value,
        "code": ended.code,
        "message": ended.message,
        "seconds": round(ended.seconds, 3),
        "sent_size": ended.sent_size,
        "met": ended.met,
        "trace": run.trace,
        "current": None if run.current is None else asdict(run.current),
        "current_file": run.current_file,
    }


def _run_of(fields: Mapping[str, Any]) -> Run:
    condition = fields["condition"]
    if isinstance(condition, int) and not isinstance(condition, bool):
        condition = float(condition)
    if not (isinstance(condition, float) or condition in ("a", "b")):
        raise ValueError
    current = fields.get("current")
    return Run(
        number=int(fields["number"]),
        condition=condition,
        ended=Ended(
            end=RunEnd(fields["end"]),
            code=str(fields["code"]),
            message=str(fields["message"]),
            seconds=float(fields["seconds"]),
            sent_size=int(fields["sent_size"]),
            met=fields["met"] is True,
        ),
        trace=str(fields.get("trace", "")),
        current=None if current is None else CurrentSummary(**current),
        current_file=str(fields.get("current_file", "")),
    )


def current_csv(trace: CurrentTrace) -> bytes:
    """A current over time as a table, in microamperes."""
    rows = ["time_ms,least_ua,mean_ua,most_ua"]
    rows += [
        f"{start_s * 1e3:.2f},{least * 1e6:.3f},{mean * 1e6:.3f},{most * 1e6:.3f}"
        for start_s, least, mean, most in trace.bins()
    ]
    return ("\n".join(rows) + "\n").encode()
