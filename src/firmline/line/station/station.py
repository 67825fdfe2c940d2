"""The station: its slots, who may go into them, and what is going on in each."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from firmline.errors import Code, FirmlineError, InputError, StoreError, shortened
from firmline.line.outcomes import StepOutcome
from firmline.line.recipe.retest import Admission, AdmissionDecision, decide_admission
from firmline.line.recipe.steps import Find
from firmline.line.records.base import Attempt, Records, UnitHistory
from firmline.line.records.values import Lot, Reworked, Unit
from firmline.line.station.diagnosing import Diagnosed
from firmline.line.station.order import Order
from firmline.line.station.results import ResultQuestion, result_questions, with_result
from firmline.line.station.rework import unit_to_rework
from firmline.line.station.run import Books, UnitRun, Watcher
from firmline.line.station.showing import Showing, diagnosed_view, doing, ended_view, error_view
from firmline.line.station.slots import SlotState, SlotView
from firmline.line.station.steps.finding import check_find
from firmline.line.station.steps.presence import unit_is_here
from firmline.line.station.steps.work import Equipment
from firmline.links.wanted import WantedTarget
from firmline.values import BleAddress


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """What is the same for the units that are scanned now.

    Attributes:
        operator: Who scans them; empty: nobody says.
        batch: Their batch; empty: none.
        lots: Lots of their parts.
        golden: Serial numbers of golden samples.
    """

    operator: str = ""
    batch: str = ""
    lots: tuple[Lot, ...] = ()
    golden: frozenset[str] = frozenset()


class Station:
    """Takes units into its slots, and carries out the recipe on them.

    Args:
        slots: What each slot has, by its number.
        equipment: What it lends to its runs.
        books: Where it writes.
        records: What was done before.
        shown: Hears every change of a slot.
        shift: What is the same for all units now; may be changed between scans.
        withdrawn: Says why no further unit may get the recipe; ``None``: it may.

    Attributes:
        shift: As given.
    """

    def __init__(
        self,
        slots: Mapping[int, WantedTarget],
        *,
        equipment: Equipment,
        books: Books,
        records: Records,
        shown: Callable[[SlotView], None],
        shift: Shift,
        withdrawn: Callable[[], InputError | None] = lambda: None,
    ) -> None:
        self._withdrawn = withdrawn
        self._targets = dict(slots)
        self._equipment = equipment
        self._books = books
        self._records = records
        self._shown = shown
        self.shift = shift
        self._views = {number: SlotView(number=number) for number in slots}
        self._runs: dict[int, asyncio.Task[None]] = {}
        self._found: dict[int, Diagnosed] = {}
        self._admitting = asyncio.Lock()
        self._closing = False
        self._defect: BaseException | None = None

    @property
    def views(self) -> tuple[SlotView, ...]:
        """All slots as they are."""
        return tuple(self._views.values())

    @property
    def is_busy(self) -> bool:
        """Whether a unit is at work in any slot."""
        return bool(self._runs)

    @property
    def at_work(self) -> frozenset[int]:
        """The slots in which a unit is at work."""
        return frozenset(self._runs)

    async def is_here(self, serial: str, *, slot: int) -> bool:
        """Whether a unit is where a slot can find it; nothing is begun, and nothing recorded.

        Raises:
            InputError: ``SERIAL_FOREIGN``, or ``SLOT_NOT_FREE``.
            StoreError: The records cannot be read now.
            TransportError: The radio is not there.
        """
        self._check_serial(serial)
        self.view(slot)
        recipe = self._equipment.recipe.recipe
        history = await asyncio.to_thread(
            self._records.history, serial, product=recipe.product.name
        )
        return await unit_is_here(
            self._equipment,
            serial,
            slot=slot,
            target=self._targets[slot],
            addresses=_addresses(history),
        )

    def show(self, view: SlotView) -> None:
        """A slot has changed."""
        self._views[view.number] = view
        self._shown(view)

    # What people do.

    async def scan(self, serial: str, *, slot: int | None = None) -> SlotView:
        """Put the unit with this serial number to work.

        Args:
            serial: What was scanned.
            slot: In which slot; ``None``: the first that is free.

        Raises:
            InputError: ``SERIAL_FOREIGN``, ``UNIT_AT_WORK``, ``UNIT_TO_REWORK``,
                ``UNIT_HAS_PASSED``, ``SLOT_NOT_FREE`` or ``RECIPE_WITHDRAWN``: nothing was begun.
            StoreError: The records cannot be read or written now: nothing was begun.
        """
        self._check_serial(serial)
        if (withdrawn := self._withdrawn()) is not None:
            raise withdrawn
        async with self._admitting:
            unit = Unit(product=self._equipment.recipe.recipe.product.name, serial=serial)
            self._check_not_at_work(serial)
            number = self._free_slot(slot)
            with self._undone(f"{shortened(serial)} was not begun"):
                history = await self._history(unit)
            self._check_not_elsewhere(serial, history)
            decision = self._admit(serial, history)
            order = Order(
                unit=unit,
                slot=number,
                target=self._targets[number],
                attempt=decision.attempt,
                addresses=_addresses(history),
                operator=self.shift.operator,
                batch=self.shift.batch,
                lots=self.shift.lots,
                is_golden=serial in self.shift.golden,
            )
            self._begin(order)
            return self._views[number]

    def acknowledge(self, slot: int) -> SlotView:
        """Somebody has seen that a unit failed, or has mended the slot: it takes the next unit.

        Raises:
            InputError: ``SLOT_NOT_FREE``: there is nothing to acknowledge.
        """
        view = self.view(slot)
        if not view.state.waits_for_person:
            raise InputError(
                Code.SLOT_NOT_FREE, f"Slot {slot} has nothing to acknowledge: {doing(view)}."
            )
        self._found.pop(slot, None)
        self.show(SlotView(number=slot))
        return self._views[slot]

    def questions(self, slot: int) -> tuple[ResultQuestion, ...]:
        """What the next test of a slot's diagnosis shows; nothing where there is no such test."""
        found = self._found.get(slot)
        if found is None or not found.tests:
            return ()
        return result_questions(found.tests[0].test, found.incident)

    async def take_result(
        self, slot: int, *, run: int, test: str, answers: Mapping[str, str]
    ) -> SlotView:
        """A person has done the next test of a diagnosis, or cannot: it is made anew.

        Args:
            slot: Of the unit.
            run: The run that failed; it may be another one's turn by now.
            test: What was done.
            answers: What it showed, by the keys of :meth:`questions`.

        Returns:
            The slot; the new diagnosis is on the disk.

        Raises:
            InputError: ``SLOT_NOT_FREE`` or ``REQUEST_MALFORMED``: nothing was changed.
            StoreError: It cannot be recorded now.
        """
        found, view = self._found.get(slot), self.view(slot)
        if found is None or view.run != run or not view.state.waits_for_person:
            raise InputError(
                Code.SLOT_NOT_FREE, f"Slot {slot} shows another run by now: look again."
            )
        with self._undone(f"The result of {test} was not taken"):
            again = await asyncio.to_thread(with_result, found, test, answers)
        if self._found.get(slot) is not found:
            raise InputError(Code.SLOT_NOT_FREE, f"Slot {slot} was changed meanwhile: look again.")
        self._found[slot] = again
        await self._books.journal.keep(again.record(run=run, at=self._books.clock.now()))
        if self._found.get(slot) is again:
            self.show(diagnosed_view(self.view(slot), again))
        return self._views[slot]

    async def rework(self, serial: str, *, note: str = "") -> Unit:
        """A unit came back from rework: its strikes are gone, and it may be tried again.

        Args:
            serial: What was scanned.
            note: What was done to it, for people.

        Returns:
            The unit; the record is on the disk.

        Raises:
            InputError: ``SERIAL_FOREIGN``, ``UNIT_AT_WORK`` or ``UNIT_NOT_KNOWN``.
            StoreError: The records cannot be read or written now.
        """
        self._check_serial(serial)
        product = self._equipment.recipe.recipe.product.name
        async with self._admitting:
            self._check_not_at_work(serial)
            with self._undone(f"The rework of {shortened(serial)} was not kept"):
                history = await self._history(Unit(product=product, serial=serial))
            unit = unit_to_rework(serial, history)
            back = Reworked(
                unit=unit, at=self._books.clock.now(), operator=self.shift.operator, note=note
            )
            await self._books.journal.keep(back)
            return unit

    def abort(self, slot: int) -> None:
        """Stop the run of a slot; its unit is left safe, and the slot is shown when it is.

        Raises:
            InputError: ``SLOT_NOT_FREE``: no unit is at work there.
        """
        view = self.view(slot)
        if slot not in self._runs:
            raise InputError(Code.SLOT_NOT_FREE, f"Slot {slot} has nothing to stop: {doing(view)}.")
        self._runs[slot].cancel()

    async def idle(self, *, tick_s: float | None = None) -> None:
        """Wait until no unit is at work.

        Args:
            tick_s: How often to look up, so that virtual time goes on; ``None``: not at all.

        Raises:
            Exception: A defect of ours.
        """
        while self._runs:
            await asyncio.wait(tuple(self._runs.values()), timeout=tick_s)
        if self._defect is not None:
            raise self._defect

    async def close(self) -> None:
        """Stop everything that is at work, in order."""
        self._closing = True
        for task in tuple(self._runs.values()):
            task.cancel()
        while self._runs:
            await asyncio.wait(tuple(self._runs.values()))

    # Whether a unit may go into a slot.

    async def _history(self, unit: Unit) -> tuple[UnitHistory, ...]:
        """What the records know of a unit."""
        return await asyncio.to_thread(self._records.history, unit.serial, product=unit.product)

    @contextmanager
    def _undone(self, what: str) -> Iterator[None]:
        """Say, where the records cannot be read or written now, what was not done for it.

        Raises:
            StoreError: They cannot; its sentence begins with what was not done.
        """
        try:
            if self._books.journal.problem is not None:
                raise self._books.journal.problem
            yield
        except StoreError as problem:
            why = re.sub(r"^The", "the", problem.message)
            raise StoreError(
                problem.code, f"{what}: {why}", hint=problem.hint, **problem.context
            ) from problem

    def _check_serial(self, serial: str) -> None:
        recipe = self._equipment.recipe.recipe
        pattern = recipe.product.serial_pattern
        if not pattern.matches(serial):
            raise InputError(
                Code.SERIAL_FOREIGN,
                f"{shortened(serial)!r} is no serial number of {recipe.product.name}"
                f" ({pattern.text}).",
            )
        for step in recipe.steps:
            if isinstance(step.action, Find):
                check_find(step.action, serial)

    def _check_not_at_work(self, serial: str) -> None:
        for number in self._runs:
            if self._views[number].serial == serial:
                raise InputError(
                    Code.UNIT_AT_WORK, f"{serial} is at work in slot {number} at this moment."
                )

    def _check_not_elsewhere(self, serial: str, history: Iterable[UnitHistory]) -> None:
        """See that no other station that writes to this file has the unit."""
        begun = (each for unit in history for each in unit.since_rework if each.run is None)
        for attempt in begun:
            other = attempt.name.station
            if other != self._equipment.station:  # what is open of this one has just ended
                raise InputError(
                    Code.UNIT_AT_WORK,
                    f"{serial} is at work at the station {other} since"
                    f" {attempt.began_at:%Y-%m-%d %H:%M:%S} UTC, or was left there half done.",
                    hint=f"Let {other} end it; where {other} is gone for good, say that the unit"
                    f" comes back: rework {serial}.",
                )

    def view(self, slot: int) -> SlotView:
        """A slot as it is.

        Raises:
            InputError: ``SLOT_NOT_FREE``: there is no such slot.
        """
        if slot not in self._views:
            raise InputError(
                Code.SLOT_NOT_FREE,
                f"There is no slot {slot}; this station has {_numbers(self._views)}.",
            )
        return self._views[slot]

    def _free_slot(self, slot: int | None) -> int:
        if slot is None:
            free = [view.number for view in self._views.values() if self._takes(view)]
            if not free:
                waiting = [
                    view.number for view in self._views.values() if view.state.waits_for_person
                ]
                raise InputError(
                    Code.SLOT_NOT_FREE,
                    "No slot is free."
                    + (f" Slot {_numbers(waiting)} waits to be acknowledged." if waiting else ""),
                )
            return free[0]
        view = self.view(slot)
        if not self._takes(view):
            raise InputError(Code.SLOT_NOT_FREE, f"Slot {slot} takes no unit: {doing(view)}.")
        return slot

    def _takes(self, view: SlotView) -> bool:
        return view.state.takes_unit and view.number not in self._runs

    def _admit(self, serial: str, history: Iterable[UnitHistory]) -> AdmissionDecision:
        recipe = self._equipment.recipe.recipe
        every = [each for unit in history for each in _outcomes(unit.attempts, recipe.name)]
        earlier = [each for unit in history for each in _outcomes(unit.since_rework, recipe.name)]
        if serial in self.shift.golden:  # it is run again and again, to see that the station is fit
            return AdmissionDecision(admission=Admission.RETEST, attempt=len(every) + 1, strikes=0)
        before_rework = every[: len(every) - len(earlier)]
        decision = decide_admission(recipe.retest, earlier, before_rework=before_rework)
        match decision.admission:
            case Admission.PASSED:
                raise InputError(Code.UNIT_HAS_PASSED, f"{serial} has passed already.")
            case Admission.REWORK:
                raise InputError(
                    Code.UNIT_TO_REWORK,
                    f"{serial} has failed {decision.strikes} times, and goes to rework.",
                    hint=f"When it comes back, say so with rework {serial}.",
                )
            case _:
                return decision

    # What goes on in a slot.

    def _begin(self, order: Order) -> None:
        recipe = self._equipment.recipe.recipe
        number = order.slot
        self._found.pop(number, None)
        self.show(
            SlotView(
                number=number,
                state=SlotState.RUNNING,
                serial=order.unit.serial,
                attempt=order.attempt,
                step=recipe.steps[0].title,
                place=1,
                steps=len(recipe.steps),
            )
        )
        showing = Showing(partial(self.view, number), self.show)
        run = UnitRun(
            order,
            equipment=self._equipment,
            books=self._books,
            watcher=Watcher(begun=showing.begun, at_step=showing.at_step, hear=showing.hear),
        )
        self._runs[number] = asyncio.create_task(self._carry_out(number, run))

    async def _carry_out(self, number: int, run: UnitRun) -> None:
        try:
            ended = await run.carry_out()
        except StoreError as problem:
            self.show(error_view(self.view(number), problem))
        except Exception as defect:  # noqa: BLE001 - it is raised where the station is waited for
            self._defect = self._defect or defect
            failed = FirmlineError(Code.DEFECT, "firmline itself failed.")
            self.show(error_view(self.view(number), failed))
        else:
            if ended.diagnosed is not None:
                self._found[number] = ended.diagnosed
            self.show(ended_view(self.view(number), ended))
        finally:
            del self._runs[number]


def _outcomes(attempts: Iterable[Attempt], recipe: str) -> list[StepOutcome]:
    """How the runs with a recipe ended, as far as they did."""
    return [
        attempt.run.entry.outcome
        for attempt in attempts
        if attempt.run is not None and attempt.run.entry.recipe.name == recipe
    ]


def _numbers(slots: Iterable[int]) -> str:
    return ", ".join(map(str, slots))


def _addresses(history: Iterable[UnitHistory]) -> tuple[BleAddress, ...]:
    """Under which addresses a unit's application was met before, the latest first."""
    found: list[BleAddress] = []
    for unit in history:
        for attempt in reversed(unit.attempts):
            text = "" if attempt.run is None else attempt.run.entry.address
            try:
                found.append(BleAddress.parse(text))
            except InputError:  # none, or what macOS calls a unit
                continue
    return tuple(dict.fromkeys(found))
