"""The tests that tell causes apart, as ``data/diagnostic_tests.toml`` has them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from firmline.data import load_table
from firmline.diagnosis.contradiction_rules import group
from firmline.diagnosis.evidence import Evidence, Incident, Origin
from firmline.diagnosis.information import may_apply

POWER: Final = "power"
"""What only the power holds; whoever destroys that destroys the case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Test:
    """Something that can be done to tell causes apart.

    Attributes:
        slug: Its name.
        title: A few words.
        steps: What to do, in order.
        minutes: Of a person who knows the unit.
        needs: Equipment, by the names of the table.
        destroys: What cannot be looked at afterwards, by the names of the table.
        risks: What is lost likewise if a hand slips.
        action: What is tried, of the vocabulary's ``cured_by``; empty: it looks.
        fields: What is looked at: fields with one value.
        flags: What is looked for.
        needs_failure: Whether it tells something only while the unit still fails.
        not_at: Where the unit cannot be for it: values of ``end_state``.
        over_radio: Whether it can be done only of an update that goes over Bluetooth.
    """

    __test__ = False  # not one of pytest's

    slug: str
    title: str
    steps: tuple[str, ...]
    minutes: float
    needs: tuple[str, ...] = ()
    destroys: tuple[str, ...] = ()
    risks: tuple[str, ...] = ()
    action: str = ""
    fields: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    needs_failure: bool = True
    not_at: tuple[str, ...] = ()
    over_radio: bool = False

    @property
    def takes_power(self) -> bool:
        """Whether it takes the power away, or is as thorough."""
        return POWER in self.destroys

    @property
    def cost(self) -> float:
        """Minutes, and more for what it destroys, or may destroy."""
        weights = [_weight(each) for each in self.destroys if each != POWER]
        weights += [_risk(each) for each in self.risks]
        return self.minutes * math.prod(weights)

    @property
    def harm(self) -> float:
        """How much it destroys, or may destroy; 1: nothing."""
        return harm_of(self.destroys, self.risks)

    @property
    def only_while_failing(self) -> bool:
        """Whether it looks at what is not to be seen any more behind an attempt that passes."""
        return self.needs_failure and not self.action

    @property
    def is_harmless(self) -> bool:
        """Whether it destroys nothing, and cannot by a slip."""
        return not self.destroys and not self.risks

    def can_be_done(self, incident: Incident) -> bool:
        """Whether unit and transport are such that it can be done, as far as they are known."""
        seen = incident.by_field()
        transports = set(seen.get("transport", ()))
        if self.over_radio and transports and transports <= group("no_radio"):
            return False
        return not set(self.not_at) & set(seen.get("end_state", ()))

    def is_known(self, incident: Incident) -> bool:
        """Whether everything that it would show is known already."""
        seen, in_vain = incident.by_field(), incident.looked_for_in_vain()
        if self.action:
            return self.action in (*seen.get("cured_by", ()), *seen.get("not_cured_by", ()))
        flags = (*seen.get("flags", ()), *in_vain.get("flags", ()))
        asked = {field for field in self.fields if may_apply(field, seen)}
        return asked <= set(seen) and set(self.flags) <= set(flags)

    def outcome(self, *, passed: bool, origin: Origin = Origin.PERSON) -> Evidence:
        """What it shows, of a test that tries something.

        Args:
            passed: Whether the attempt behind the action has passed.
            origin: Who says so.
        """
        field = "cured_by" if passed else "not_cured_by"
        return Evidence(field=field, value=self.action, origin=origin, where=self.title)


def harm_of(destroys: Iterable[str], risks: Iterable[str] = ()) -> float:
    """How much something destroys, by the weights of the table; 1: nothing.

    Args:
        destroys: What cannot be looked at afterwards; the power is worse than all else together.
        risks: What is lost likewise if a hand slips.
    """
    lost = [math.inf if each == POWER else _weight(each) for each in destroys]
    return math.prod([*lost, *map(_risk, risks)])


def _weight(destroyed: str) -> float:
    """How much more a minute costs that destroys this."""
    return float(_table()["destroys"][destroyed]["weight"])


def _risk(destroyed: str) -> float:
    """How much more a minute costs in which this may be destroyed by a slip."""
    return float(_table()["destroys"][destroyed]["risk"])


def _table() -> Mapping[str, Any]:
    return load_table("diagnostic_tests")


@cache
def diagnostic_tests() -> Mapping[str, Test]:
    """Every test, by its slug."""
    return {
        slug: Test(
            slug=slug,
            title=row["title"],
            steps=tuple(row["steps"]),
            minutes=row["minutes"],
            needs=tuple(row.get("needs", ())),
            destroys=tuple(row.get("destroys", ())),
            risks=tuple(row.get("risks", ())),
            action=row.get("action", ""),
            fields=tuple(row.get("fields", ())),
            flags=tuple(row.get("flags", ())),
            needs_failure=row.get("needs_failure", True),
            not_at=tuple(row.get("not_at", ())),
            over_radio=row.get("over_radio", False),
        )
        for slug, row in _table()["tests"].items()
    }


def destroyed(name: str) -> str:
    """What a test or a fix destroys, in words."""
    return str(_table()["destroys"][name]["meaning"])


def equipment() -> Mapping[str, str]:
    """What tests can need, by name, in words."""
    return dict(_table()["equipment"])
