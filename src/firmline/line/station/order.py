"""What a run was asked to do; kept beside its records until it has ended.

Of a station that was killed the note says what the beginning of the run does not: by which recipe
it was, and for whom.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from firmline.errors import StoreError
from firmline.line.records.values import Lot, RecipeUsed, Unit
from firmline.links.wanted import WantedTarget
from firmline.values import BleAddress


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is to be done.

    Attributes:
        unit: On which unit.
        slot: In which slot.
        target: What the slot has.
        attempt: Which attempt on the unit it is, from 1.
        addresses: Under which addresses its application was met before.
        operator: Who has scanned it; empty: nobody says.
        batch: The unit's batch; empty: none.
        lots: Lots of its parts.
        is_golden: Whether it is a golden sample.
    """

    unit: Unit
    slot: int
    target: WantedTarget
    attempt: int = 1
    addresses: tuple[BleAddress, ...] = ()
    operator: str = ""
    batch: str = ""
    lots: tuple[Lot, ...] = ()
    is_golden: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """What is known of a run that was cut off, beside what the records say.

    Attributes:
        recipe: By which recipe it was.
        operator: Who had scanned the unit.
        batch: The unit's batch.
        lots: Lots of its parts.
        is_golden: Whether it is a golden sample.
    """

    recipe: RecipeUsed
    operator: str = ""
    batch: str = ""
    lots: tuple[Lot, ...] = ()
    is_golden: bool = False


UNKNOWN = Note(recipe=RecipeUsed(name="unknown", version="unknown"))
"""Of a run without a note."""


def write_note(folder: Path, run: int, order: Order, recipe: RecipeUsed) -> None:
    """Keep what was asked for; where it cannot be, the run goes on without."""
    fields = {
        "recipe": [recipe.name, recipe.version, recipe.sha256],
        "operator": order.operator,
        "batch": order.batch,
        "lots": [[lot.part, lot.lot] for lot in order.lots],
        "is_golden": order.is_golden,
    }
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        _place(folder, run).write_text(json.dumps(fields), encoding="utf-8")


def read_note(folder: Path, run: int) -> Note:
    """What was asked for; ``UNKNOWN`` where nobody can say any more."""
    try:
        fields = json.loads(_place(folder, run).read_text(encoding="utf-8"))
        name, version, sha256 = fields["recipe"]
        return Note(
            recipe=RecipeUsed(name=name, version=version, sha256=sha256),
            operator=fields["operator"],
            batch=fields["batch"],
            lots=tuple(Lot(part=part, lot=lot) for part, lot in fields["lots"]),
            is_golden=fields["is_golden"] is True,
        )
    except (OSError, ValueError, KeyError, TypeError, StoreError):
        return UNKNOWN


def forget_note(folder: Path, run: int) -> None:
    """The run has its end."""
    with suppress(OSError):
        _place(folder, run).unlink()


def _place(folder: Path, run: int) -> Path:
    return folder / f"run-{run}.json"
