"""The causes that are known, as their catalogue describes them.

They are the tables of ``data/causes/``, one file per family. An entry says what is seen where it is
the cause, as chances with a reason and a source each; what it does not speak of is as likely as in
any other failure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum
from functools import cache
from types import MappingProxyType
from typing import Any, Final

from firmline.data import load_table, names_in
from firmline.diagnosis.vocabulary import vocabulary

FOLDER: Final = "causes"
UNKNOWN: Final = "unknown"
"""The slug of what the catalogue does not have; also its family."""


class Frequency(Enum):
    """How often a cause is met, as weights; whoever has records of their own learns better ones."""

    RARE = 1.0
    USUAL = 2.0
    COMMON = 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What is seen in one field where something is the cause.

    Attributes:
        field: Of the vocabulary.
        chances: Of a field with one value, how likely each value is in a report that fills it in;
            of others, how likely a report says the value at all; of cures, how likely the action
            helps. 0 to 1.
        because: Why, in words.
        source: Where that is known from.
    """

    field: str
    chances: Mapping[str, float]
    because: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """Causes that arise in the same place.

    Attributes:
        slug: Its name.
        title: For people.
        meaning: What its causes have in common.
        fix_destroys: What is lost with the fix of a cause that says nothing else.
        seen: What is seen of all of them, where a cause says nothing else; by field.
    """

    slug: str
    title: str
    meaning: str
    fix_destroys: tuple[str, ...]
    seen: Mapping[str, Seen]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """One cause.

    Attributes:
        slug: Its name, which never changes.
        family: The family it belongs to.
        title: A few words.
        meaning: What is wrong then, in plain words.
        arises: How it comes about.
        fix: What to do with the unit, or the host.
        fix_destroys: What cannot be looked at any more behind that, by the names that tests have
            for it (``data/diagnostic_tests.toml``); none: the unit is left as it is.
        prevent: What the line does so that it does not come again.
        frequency: How often it is met.
        seen: What is seen where it is the cause, by field, as its entry says.
        together: The same, with what its family says where it says nothing itself.
        excludes: What is never seen with it, by field: the values, each with the reason.
    """

    slug: str
    family: Family
    title: str
    meaning: str
    arises: str
    fix: str
    fix_destroys: tuple[str, ...]
    prevent: str
    frequency: Frequency
    seen: Mapping[str, Seen]
    together: Mapping[str, Seen]
    excludes: Mapping[str, Mapping[str, str]]

    def about(self, field: str) -> Seen | None:
        """What is seen in a field: its own word on it, or else its family's.

        Of cures and other fields with several values both count, each action for itself.
        """
        return self.together.get(field)


@cache
def catalogue() -> Mapping[str, Cause]:
    """Every cause, by its slug."""
    causes: dict[str, Cause] = {}
    for name in names_in(FOLDER):
        table = dict(load_table(f"{FOLDER}/{name}"))
        family = _family(name, table.pop("family"))
        for slug, entry in table.items():
            causes[slug] = _cause(slug, family, entry)
    return MappingProxyType(causes)


def _family(name: str, row: dict[str, Any]) -> Family:
    return Family(
        slug=name,
        title=row["title"],
        meaning=row["meaning"],
        fix_destroys=tuple(row["fix_destroys"]),
        seen=_seen(row.get("seen", [])),
    )


def _cause(slug: str, family: Family, entry: dict[str, Any]) -> Cause:
    return Cause(
        slug=slug,
        family=family,
        title=entry["title"],
        meaning=entry["meaning"],
        arises=entry["arises"],
        fix=entry["fix"],
        fix_destroys=tuple(entry.get("fix_destroys", family.fix_destroys)),
        prevent=entry["prevent"],
        frequency=Frequency[entry["frequency"].upper()],
        seen=(own := _seen(entry["seen"])),
        together=_together(own, family),
        excludes=_excludes(entry.get("excludes", [])),
    )


def _excludes(rows: list[dict[str, Any]]) -> Mapping[str, Mapping[str, str]]:
    """By field and value, why; several rows of one field have reasons of their own."""
    found: dict[str, dict[str, str]] = {}
    for row in rows:
        found.setdefault(row["field"], {}).update(dict.fromkeys(row["values"], row["because"]))
    return MappingProxyType({field: MappingProxyType(each) for field, each in found.items()})


def _together(own: Mapping[str, Seen], family: Family) -> Mapping[str, Seen]:
    both = {**family.seen, **own}
    for field in own.keys() & family.seen.keys():
        if vocabulary()[field].many:
            chances = {**family.seen[field].chances, **own[field].chances}
            both[field] = replace(own[field], chances=MappingProxyType(chances))
    return MappingProxyType(both)


def _seen(rows: list[dict[str, Any]]) -> Mapping[str, Seen]:
    seen = {row["field"]: _row(row) for row in rows}
    if len(seen) != len(rows):
        problem = f"a field is told of twice: {[row['field'] for row in rows]}"
        raise ValueError(problem)
    return MappingProxyType(seen)


def _row(row: dict[str, Any]) -> Seen:
    field, chances = row["field"], row["values"]
    strangers = set(chances) - set(vocabulary()[field].meanings)
    if strangers or not all(0 < chance < 1 for chance in chances.values()):
        problem = f"{field}: {strangers or 'a chance'} is not of the vocabulary, or not in 0 to 1"
        raise ValueError(problem)
    return Seen(
        field=field,
        chances=MappingProxyType(chances),
        because=row["because"],
        source=row["source"],
    )
