"""What is never true of one failure at the same time: the rows of ``data/contradictions.toml``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

from firmline.data import load_table
from firmline.diagnosis.evidence import Evidence, Incident
from firmline.diagnosis.vocabulary import vocabulary


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """Values of a field that go together.

    Attributes:
        field: Of the vocabulary.
        values: Of that field, one at least.
    """

    field: str
    values: frozenset[str]

    def found_in(self, incident: Incident) -> list[Evidence]:
        """What of it was seen."""
        return [
            each
            for each in incident.evidence
            if each.seen and each.field == self.field and each.value in self.values
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Two things that are never true of one failure.

    Attributes:
        one: The first.
        other: The second.
        because: Why.
        is_first_used: Whether the first is used whoever says it: the other may be true as well, of
            something earlier.
    """

    one: Side
    other: Side
    because: str
    is_first_used: bool = False


@cache
def rules() -> tuple[Rule, ...]:
    """Every rule, in the order of the table."""
    return tuple(
        Rule(
            one=side_of(row["one"]),
            other=side_of(row["other"]),
            because=row["because"],
            is_first_used=row.get("used") == "one",
        )
        for row in load_table("contradictions")["rules"]
    )


@cache
def group(name: str) -> frozenset[str]:
    """The values of a group, such as the phases in which no data has been sent yet."""
    return side_of(load_table("contradictions")["groups"][name]).values


@cache
def one_value() -> frozenset[str]:
    """The fields of which one failure of one unit has one value."""
    return frozenset(load_table("contradictions")["one_value"])


@cache
def wider() -> Mapping[tuple[str, str], frozenset[str]]:
    """Of a field and a value: the values that it takes in."""
    return {
        (row["field"], row["value"]): side_of({"field": row["field"], "values": row["of"]}).values
        for row in load_table("contradictions")["wider"]
    }


def side_of(row: Mapping[str, Any]) -> Side:
    """A side of a rule, as the table has it.

    Raises:
        ValueError: It is none of the vocabulary.
    """
    match row:
        case {"group": str(name), **rest} if not rest:
            return side_of(load_table("contradictions")["groups"][name])
        case {"field": str(field), "values": list(patterns), **rest} if not rest:
            values = _expanded(field, patterns)
        case {"field": str(field), "except": list(patterns), **rest} if not rest:
            values = frozenset(_values_of(field)) - _expanded(field, patterns)
        case {"field": str(field), **rest} if not rest:
            values = frozenset(_values_of(field))
        case _:
            problem = f"a side is a group, or a field with values, except or neither: {dict(row)}"
            raise ValueError(problem)
    return Side(field=field, values=values)


def _expanded(field: str, patterns: Iterable[str]) -> frozenset[str]:
    """The values that are meant.

    Raises:
        ValueError: One of the patterns means none.
    """
    found: set[str] = set()
    for pattern in patterns:
        meant = {value for value in _values_of(field) if fnmatchcase(value, pattern)}
        if not meant:
            problem = f"no value of {field} is {pattern}"
            raise ValueError(problem)
        found |= meant
    return frozenset(found)


def _values_of(field: str) -> Iterable[str]:
    if field not in vocabulary():
        problem = f"no field of the vocabulary: {field}"
        raise ValueError(problem)
    return vocabulary()[field].meanings
