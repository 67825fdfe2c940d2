"""Whether a serial number stands for one unit: what speaks against that. Pure.

A label that was printed twice, or a unit that was scanned at two stations, is refused by no station
as long as each knows its own runs alone. Where the records come together it can be seen.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from firmline.errors import InputError
from firmline.line.outcomes import StepOutcome
from firmline.line.records.base import NEWEST, Attempt, Records, RunFilter, UnitHistory
from firmline.line.records.values import Row, Run, Unit
from firmline.values import BleAddress

MOST_DOUBTED: Final = 20
"""Units in doubt that a report names; ours: more are a fault of their labels, which a few show."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DoubtedUnit:
    """A unit whose serial number may stand for two.

    Attributes:
        unit: Which.
        doubts: What speaks against its being one, one sentence each.
    """

    unit: Unit
    doubts: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubted:
    """Units whose serial numbers have passed several times.

    Attributes:
        units: Those that did so last come first; at most :data:`MOST_DOUBTED`.
        number: How many they are in all.
    """

    units: tuple[DoubtedUnit, ...] = ()
    number: int = 0


def doubted_units(records: Records, wanted: RunFilter, *, newest: int = NEWEST) -> Doubted:
    """The units of the newest passes that are wanted, as far as they passed several times.

    Raises:
        StoreError: The records cannot be read.
    """
    found = records.passed_again(wanted, newest=newest, most=MOST_DOUBTED)
    told = {
        history.unit: doubts_about(history)
        for history in records.history(*{unit.serial for unit in found.units})
    }
    return Doubted(
        units=tuple(DoubtedUnit(unit=unit, doubts=told[unit]) for unit in found.units),
        number=found.number,
    )


def doubts_about(unit: UnitHistory) -> tuple[str, ...]:
    """What speaks against its being one unit that was done once, one sentence each.

    Golden samples run again and again, and are left out.
    """
    ended = _ended(unit.attempts)
    return (*_passes(_ended(unit.since_rework)), *_at_once(ended), *_addresses(ended))


def _ended(attempts: Iterable[Attempt]) -> list[Row[Run]]:
    return [
        attempt.run
        for attempt in attempts
        if attempt.run is not None and not attempt.run.entry.is_golden
    ]


def _passes(ended: Iterable[Row[Run]]) -> Iterator[str]:
    """It has passed one recipe several times, which no station alone lets happen."""
    passed: dict[str, list[str]] = defaultdict(list)
    for row in ended:
        if row.entry.outcome is StepOutcome.PASS:
            passed[row.entry.recipe.name].append(row.key.station)
    for recipe, stations in passed.items():
        if len(stations) > 1:
            yield (
                f"It has passed the recipe {recipe} {len(stations)} times"
                f" ({', '.join(sorted(set(stations)))}): it was scanned again elsewhere, or two"
                " units have this serial number."
            )


def _at_once(ended: Iterable[Row[Run]]) -> Iterator[str]:
    """It was at two stations at one time, as far as their clocks agree."""
    in_order = sorted(ended, key=lambda row: row.entry.began_at)
    for first, second in pairwise(in_order):
        one, other, at = first.key.station, second.key.station, second.entry.began_at
        if one != other and at < first.entry.ended_at:
            yield (
                f"It was at work at {one} and at {other} at the same time"
                f" ({at:%Y-%m-%d %H:%M:%S} UTC): two units have this serial number, or a clock is"
                " wrong."
            )
            return


def _addresses(ended: Iterable[Row[Run]]) -> Iterator[str]:
    """It was met under several addresses of the kind that a unit keeps for life."""
    found = dict.fromkeys(str(each) for row in ended for each in _static(row.entry.address))
    if len(found) > 1:
        yield (
            f"It was met under {len(found)} addresses ({', '.join(found)}): two units have this"
            " serial number, or its chip was replaced."
        )


def _static(text: str) -> Iterator[BleAddress]:
    """An address that a unit keeps for life; others may be private, and change by themselves."""
    try:
        address = BleAddress.parse(text)
    except InputError:  # none, or what macOS calls a unit
        return
    if address.is_random_static:
        yield address
