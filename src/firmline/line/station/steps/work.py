"""What the steps of one run share: the unit, the road to it, and what was found by now."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from firmline.errors import LocalProtocolError
from firmline.events import Event, FactFound
from firmline.line.loading import CheckedRecipe
from firmline.line.recipe.recipe import Recipe
from firmline.links.open_many import OpenedTarget
from firmline.links.slot_roads import SlotRoads
from firmline.links.wanted import WantedTarget
from firmline.updater.timeouts import Timeouts
from firmline.updater.turns import Turns
from firmline.updater.update import UpdateResult
from firmline.values import BleAddress


class LabelPrinter(Protocol):
    """Prints labels."""

    async def print(self, serial: str, text: str) -> None:
        """Print one.

        Raises:
            StoreError: ``LABEL_NOT_PRINTED``.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Equipment:
    """What a station lends to its runs.

    Attributes:
        recipe: What is done.
        roads: Ways from slots to units.
        turns: Where units wait that share an address.
        timeouts: How long to wait for what.
        printer: Prints labels.
        station: The station's name.
    """

    recipe: CheckedRecipe
    roads: SlotRoads
    turns: Turns
    timeouts: Timeouts
    printer: LabelPrinter
    station: str


@dataclass(slots=True, kw_only=True)
class Work:
    """One run, as its steps see it.

    Attributes:
        equipment: Of the station.
        slot: Number of the slot.
        target: What the slot has.
        serial: The unit's serial number.
        attempt: Which attempt on the unit it is.
        hear: Takes every event, before anything follows from it.
        stack: Gives back at the end of the run what its steps have opened.
        addresses: Under which Bluetooth addresses its application was met in earlier runs.
        opened: The road, once the unit was found.
        address: Where it was found, for the record; empty: it has no address.
        facts: What was read of it.
        update: How the last update ended.
        heard: The events of the last update, from which a diagnosis is made.
        measured: What every step has measured by now, by its name.
        has_passed: Whether all steps until now have.
    """

    equipment: Equipment
    slot: int
    target: WantedTarget
    serial: str
    attempt: int
    hear: Callable[[Event], None]
    stack: AsyncExitStack
    addresses: tuple[BleAddress, ...] = ()
    opened: OpenedTarget | None = None
    address: str = ""
    facts: tuple[FactFound, ...] = ()
    update: UpdateResult | None = None
    heard: list[Event] = field(default_factory=list)
    measured: dict[str, Mapping[str, float | str]] = field(default_factory=dict)
    has_passed: bool = True

    @property
    def recipe(self) -> Recipe:
        """What is done."""
        return self.equipment.recipe.recipe

    @property
    def folder(self) -> Path:
        """Where the recipe lies."""
        return self.equipment.recipe.path.parent

    @property
    def road(self) -> OpenedTarget:
        """The road to the unit.

        Raises:
            LocalProtocolError: No step has found it; a recipe cannot be read that has it so.
        """
        if self.opened is None:
            raise LocalProtocolError("A step needs a unit that no step before it has found.")
        return self.opened
