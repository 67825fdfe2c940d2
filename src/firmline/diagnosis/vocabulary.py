"""The words of an incident report: its fields and their closed lists of values.

They are the rows of ``data/evidence.toml``. How often a value was reported over all resolved cases
is what the model takes as its chance whatever the cause.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from firmline.data import load_table

CASES: Final = 147
"""Resolved public failures behind the counts of ``data/evidence.toml``."""
HALF: Final = 0.5
"""Added to every count: what was never seen is rare, not impossible (Jeffreys' prior)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field of a report.

    Attributes:
        name: As reports spell it.
        question: As it is put to a person.
        many: Whether it takes several values.
        meanings: What each of its values means, by the value.
        chances: How likely a report that fills the field in says a value, whatever the cause; of a
            field that takes several, how likely a report says it at all. 0 to 1.
    """

    name: str
    question: str
    many: bool
    meanings: dict[str, str]
    chances: dict[str, float]


@cache
def vocabulary() -> dict[str, Field]:
    """Every field, by its name, in the order of a report."""
    table = load_table("evidence")
    return {name: _field(name, row, table) for name, row in table.items()}


def _field(name: str, row: dict[str, Any], table: dict[str, Any]) -> Field:
    values = table[row["values_of"]]["values"] if "values_of" in row else row["values"]
    seen = row.get("seen") or {value: about["seen"] for value, about in values.items()}
    many = row.get("many", False)
    counts = {value: seen.get(value, 0) + HALF for value in values}
    whole = CASES + 2 * HALF if many else sum(counts.values())
    return Field(
        name=name,
        question=row["question"],
        many=many,
        meanings={value: about["meaning"] for value, about in values.items()},
        chances={value: count / whole for value, count in counts.items()},
    )
