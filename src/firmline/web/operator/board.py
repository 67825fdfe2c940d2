"""What the operator's page shows: the slots of a station, and what there is to know about it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Final

from firmline.errors import FirmlineError, next_thing
from firmline.line.station.opening import Opened, StationSetup
from firmline.line.station.slots import SlotView
from firmline.line.station.station import Shift, Station
from firmline.web.operator.cards import Card, card_of, todo_of
from firmline.web.operator.hub import Hub, nothing
from firmline.web.pages import fragment

BEHIND_S: Final = 1.0
"""A clock that is so far behind the records is worth a word, seconds; ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Something to know about the station.

    Attributes:
        sentence: What.
        action: What to do about it.
        serial: The unit that it is about: when it is scanned it is dealt with; empty: none.
        is_trouble: Whether no unit is begun until it is mended.
    """

    sentence: str
    action: str
    serial: str = ""
    is_trouble: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The first lines of the page.

    Attributes:
        station: The station's name.
        title: What it does.
        version: Of the recipe.
        shift: What is the same for the units that are scanned now.
        notices: What there is to know.
    """

    station: str
    title: str
    version: int
    shift: Shift
    notices: tuple[Notice, ...] = ()


class Board:
    """Hears the station, and tells the browsers.

    Args:
        setup: What the station is.

    Attributes:
        hub: Who tells the browsers.
        pattern: What serial numbers look like.
    """

    def __init__(self, setup: StationSetup) -> None:
        recipe = setup.recipe.recipe
        self.hub = Hub()
        self.pattern = recipe.product.serial_pattern
        self._head = Head(
            station=setup.name, title=recipe.title, version=recipe.version, shift=setup.shift
        )
        self._views = {number: SlotView(number=number) for number in range(1, len(setup.slots) + 1)}
        self._next: int | None = None
        self._station: Station | None = None
        self._tell_head()
        for view in tuple(self._views.values()):
            self.shown(view)

    @property
    def station(self) -> Station:
        """The station, once it is open."""
        assert self._station is not None  # noqa: S101 - nothing is served before
        return self._station

    @property
    def slots(self) -> tuple[int, ...]:
        """The numbers of the slots."""
        return tuple(self._views)

    @property
    def head(self) -> Head:
        """The first lines of the page."""
        return self._head

    def view(self, slot: int) -> SlotView | None:
        """A slot as it is shown; ``None``: there is none."""
        return self._views.get(slot)

    # What is heard.

    def opened(self, opened: Opened, *, is_virtual: bool) -> None:
        """The station is open.

        Args:
            opened: It, and what it has found.
            is_virtual: Whether its time is that of virtual units, which is ahead of the wall.
        """
        self._station = opened.station
        notices = [
            Notice(
                sentence=f"{cut.run.unit.serial} was left half done in slot {cut.run.slot}"
                + (f", in the step {cut.step}." if cut.step else "."),
                action="Put it back and scan it first.",
                serial=cut.run.unit.serial,
            )
            for cut in opened.cut_off
        ]
        if opened.behind_s > BEHIND_S and not is_virtual:
            notices.append(
                Notice(
                    sentence=f"This computer's clock is {opened.behind_s:.0f} s behind the newest"
                    " record.",
                    action="Set it.",
                )
            )
        self._set_notices(notices)

    def shown(self, view: SlotView) -> None:
        """A slot has changed."""
        before = self._views.get(view.number)
        self._views[view.number] = view
        if view.serial and any(each.serial == view.serial for each in self._head.notices):
            self._set_notices(each for each in self._head.notices if each.serial != view.serial)
        former, self._next = self._next, self._free()
        for number in {view.number, former, self._next} - {None}:
            assert number is not None  # noqa: S101 - taken out above
            if number == view.number or former != self._next:
                self._tell_slot(self._views[number])
        if before is None or before is view or _waits_as(before) != _waits_as(view):
            self._tell_todo(view)

    def troubled(self, problem: FirmlineError | None) -> None:
        """Records cannot be written, or can be again."""
        notices = [each for each in self._head.notices if not each.is_trouble]
        if problem is not None:
            notices.insert(
                0,
                Notice(sentence=problem.message, action=next_thing(problem), is_trouble=True),
            )
        self._set_notices(notices)

    def clock_went(self, ahead: timedelta) -> None:
        """The computer's clock went far forward at once."""
        told = Notice(
            sentence="This computer's clock went forward by"
            f" {ahead.total_seconds() / 60:.0f} min, and the records with it.",
            action="See that it is right.",
        )
        self._set_notices([*self._head.notices, told])

    def shift_changed(self) -> None:
        """Somebody has said another batch or operator."""
        self._head = replace(self._head, shift=self.station.shift)
        self._tell_head()

    # What is told.

    def _free(self) -> int | None:
        """The slot that the next unit goes into; ``None``: none is free."""
        return next((n for n, view in self._views.items() if view.state.takes_unit), None)

    def _set_notices(self, notices: Iterable[Notice]) -> None:
        self._head = replace(self._head, notices=tuple(notices))
        self._tell_head()

    def _tell_head(self) -> None:
        self.hub.tell("head", partial(fragment, "operator/head.html", head=self._head))

    def _tell_slot(self, view: SlotView) -> None:
        card = card_of(view, is_next=view.number == self._next)
        self.hub.tell(f"slot-{view.number}", partial(_drawn, card))

    def _tell_todo(self, view: SlotView) -> None:
        station = self._station
        todo = todo_of(view, () if station is None else station.questions(view.number))
        draw = nothing if todo is None else partial(fragment, "operator/todo.html", todo=todo)
        self.hub.tell(f"todo-{view.number}", draw)


def _drawn(card: Card) -> str:
    return fragment("operator/card.html", card=card)


def _waits_as(view: SlotView) -> tuple[object, ...]:
    """What a person is asked to do about a slot depends on this alone."""
    if not view.state.waits_for_person:
        return ()
    return (view.state, view.run, view.serial, view.code, view.cause, view.next_test)
