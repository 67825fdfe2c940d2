"""The runs of an experiment on disk: JSON lines, of which a further call goes on.

The first line says what the experiment is, and each other one is a run. A line that broke off (the
power failed while it was written) is left out, and said.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Self

from firmline.cli.experiment_options import numbered
from firmline.cli.experiment_records import IsCondition, malformed, read_runs, run_fields
from firmline.cli.files import read_file, remember_input, spare_private_key
from firmline.diagnosis.reading import RUNS
from firmline.errors import Code, StoreError, shortened
from firmline.links.supplies.current_trace import CurrentTrace
from firmline.updater.experiments.runs import Run

FORMAT: Final = 1
"""Of the file; raised when a reader of the old one would misread it."""


class RunsFile:
    """The file that ``--log`` names.

    Args:
        path: Where.
        header: What the experiment is: has to be the same when it is taken up again.
        is_condition: Whether it has such a condition.

    Attributes:
        runs: Those that it held already.
        notes: What was noticed when it was read, one sentence each.

    Raises:
        InputError: ``RUNS_MALFORMED``, ``RUNS_OF_ANOTHER``, or it cannot be read.
        StoreError: ``TRACE_NOT_WRITABLE``.
    """

    def __init__(
        self, path: Path, header: Mapping[str, object], *, is_condition: IsCondition
    ) -> None:
        self.path = path
        self._is_condition = is_condition
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
                raise malformed(shortened(path), "line 1 is none of an experiment")
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
        self.runs = read_runs(
            whole, header, name=shortened(self.path), is_condition=self._is_condition
        )
        many = f"{len(self.runs)} runs are" if len(self.runs) != 1 else "1 run is"
        self.notes.append(f"{many} taken over from {shortened(self.path)}.")

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
        names = numbered(self.path.with_name(f"{self.path.stem}-{number}{suffix}"), "-again-")
        return next(path for path in names if not os.path.lexists(path))

    def _not_writable(self, problem: OSError) -> StoreError:
        reason = (problem.strerror or str(problem)).lower()
        return StoreError(
            Code.TRACE_NOT_WRITABLE,
            f"The file of runs {shortened(self.path)} cannot be written: {reason}.",
            hint="Give --log a file that can be written, on a disk with room, or leave it out.",
        )


def current_csv(trace: CurrentTrace) -> bytes:
    """A current over time as a table, in microamperes."""
    rows = ["time_ms,least_ua,mean_ua,most_ua"]
    rows += [
        f"{start_s * 1e3:.2f},{least * 1e6:.3f},{mean * 1e6:.3f},{most * 1e6:.3f}"
        for start_s, least, mean, most in trace.bins()
    ]
    return ("\n".join(rows) + "\n").encode()
