"""Records for programs: what ``firmline line export --json`` prints, and the API answers."""

from __future__ import annotations

from firmline.line.records.digest import plain
from firmline.line.records.exporting import ExportedRun
from firmline.line.records.values import Reworked, Row, RunBegan


def run_fields(told: ExportedRun) -> dict[str, object]:
    """A run for programs, with its phases and diagnoses."""
    run = plain(told.run)
    assert isinstance(run, dict)  # noqa: S101 - for the type checker
    return {
        "type": "run",
        "station": told.name.station,
        "run": told.name.sequence,
        "attempt": told.attempt,
        "seconds": told.run.seconds,
        **{name: value for name, value in run.items() if name != "number"},
        "phases": plain(told.phases),
        "diagnoses": plain(told.diagnoses),
    }


def half_done_fields(row: Row[RunBegan]) -> dict[str, object]:
    """A run without an end, for programs."""
    return {
        "type": "half_done",
        "station": row.key.station,
        "run": row.key.sequence,
        "unit": plain(row.entry.unit),
        "slot": row.entry.slot,
        "began_at": plain(row.entry.at),
    }


def rework_fields(row: Row[Reworked]) -> dict[str, object]:
    """It for programs."""
    told = plain(row.entry)
    assert isinstance(told, dict)  # noqa: S101 - for the type checker
    return {"type": "rework", "station": row.key.station, **told}
