"""The cases of ``tests/golden/diagnosis``, and reports made of evidence."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from firmline.diagnosis.evidence import Incident
from firmline.diagnosis.report_input import incident_of

CASES_FOLDER = Path(__file__).parents[2] / "golden" / "diagnosis"


@dataclass(frozen=True, kw_only=True)
class Case:
    """A failure whose cause is known."""

    name: str
    cause: str
    announced: bool
    evidence: dict[str, Any]
    looked_at: bool = True
    """Whether its ranking was looked at by who wrote the catalogue."""

    @property
    def incident(self) -> Incident:
        return incident(**self.evidence)

    @property
    def is_public(self) -> bool:
        """Whether it happened to somebody, rather than being derived from the rules."""
        return not self.name.startswith("mechanism-")


def incident(**evidence: object) -> Incident:
    """An incident of which this was seen."""
    read = incident_of({"evidence": evidence}, name="the test's report")
    assert not read.unused, read.unused
    return read


def cases() -> list[Case]:
    """Every case there is."""
    return _read("cases.jsonl")


def blind_cases() -> list[Case]:
    """Failures that were encoded by somebody who did not know the catalogue."""
    return _read("blind.jsonl")


def _read(name: str) -> list[Case]:
    text = (CASES_FOLDER / name).read_text(encoding="utf-8")
    rows = [json.loads(line) for line in text.splitlines()]
    return [
        Case(
            name=row["id"],
            cause=row["cause"],
            announced=row["announced"],
            evidence=row["evidence"],
            looked_at=row.get("looked_at", True),
        )
        for row in rows
    ]
