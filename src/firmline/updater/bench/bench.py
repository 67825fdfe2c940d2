"""A unit on the bench, with its history: what was tried on it, and whether it still fails."""

from __future__ import annotations

from dataclasses import replace
from typing import Final, Self

from firmline.device.fabrication import fabricate, physics_of
from firmline.device.faults.plan import FaultPlan, Seat
from firmline.device.physics.supply import Currents, Source
from firmline.device.radio_face import ResetKind
from firmline.device.unit import VirtualUnit
from firmline.diagnosis.evidence import Evidence, Incident
from firmline.diagnosis.trace_evidence import evidence_of_traces
from firmline.events import EnteringBootloader, UnitMode
from firmline.updater.bench.attempt import AS_USUAL, Attempt, How
from firmline.updater.bench.places import PLACES, Place
from firmline.updater.bench.probe import Probe
from firmline.updater.bench.setups import Setup, setup_of_subject
from firmline.updater.fault_matrix.subjects import LinkKind, Subject

LEFT_ALONE_S: Final = 130.0
"""A bootloader that is left alone restarts after 120 s (bootloader spec, section 10)."""
ELSEWHERE: Final = frozenset({Seat.BUILD, Seat.AIR, Seat.HOST})
"""Where faults sit that another unit of the same build meets in the same place."""


class Bench:
    """A unit on the bench; made in a running event loop, and closed at the end.

    Args:
        setup: The unit, how it is reached, and what it is sent.
        recovers: Whether the host goes on behind a fault, as firmline does by itself; else every
            attempt ends at the first, and the unit is left as it is.

    Attributes:
        place: Where it stands.
        probe: The debug probe, attached to it.
    """

    def __init__(self, setup: Setup, *, recovers: bool = True) -> None:
        self._setup = setup
        self._recovers = recovers
        self.place = _stands(setup)
        self.probe = Probe(self.place.unit)
        self._usual: list[Attempt] = []
        self._may_be_cured = self._is_healed = False

    @classmethod
    def of(cls, subject: Subject, faults: FaultPlan) -> Self:
        """With a unit of the fault matrix that has these faults."""
        return cls(with_faults(setup_of_subject(subject), faults))

    @property
    def unit(self) -> VirtualUnit:
        """The unit."""
        return self.place.unit

    @property
    def link(self) -> LinkKind:
        """How it is reached."""
        return self._setup.link

    @property
    def setup(self) -> Setup:
        """The unit's description, and what it is sent."""
        return self._setup

    @property
    def runs(self) -> UnitMode | None:
        """What a look at the unit shows: its lamp, its port, its advertising."""
        return self.unit.mode

    async def close(self) -> None:
        """Take everything down."""
        await self.place.close()

    # Attempts.

    async def attempt(self, how: How = AS_USUAL, *, behind_action: bool = False) -> Attempt:
        """Send the package once; what passes is remembered.

        Args:
            how: How it is sent.
            behind_action: Whether something was done to the unit for this attempt, so that it does
                not say how often the update fails as usual.
        """
        was_cured = self._may_be_cured
        attempt = await self.place.attempt(how, recovers=self._recovers)
        if how == AS_USUAL and not behind_action:
            self._is_healed = attempt.passed
            if not was_cured:  # else it says what that has come to, and not how often it fails
                self._usual.append(attempt)
        self._may_be_cured |= attempt.passed
        return attempt

    async def still_fails(self) -> bool:
        """Whether the failure is there to be tried on: behind a success, that has to be seen."""
        if self._may_be_cured:
            self._may_be_cured = (await self.attempt()).passed
        return not self._may_be_cured

    @property
    def is_healed(self) -> bool:
        """Whether the last attempt as usual has passed: what is tried now shows nothing."""
        return self._is_healed

    @property
    def has_passed_as_usual(self) -> bool:
        """Whether it has passed once with nothing done to it before."""
        return any(each.passed for each in self._usual)

    @property
    def must_look_first(self) -> bool:
        """Whether an attempt has passed since the unit was last seen failing."""
        return self._may_be_cured

    def shown(self) -> Incident:
        """What the traces of all attempts as usual show; of the last that failed, in detail."""
        return evidence_of_traces([each.trace for each in self._usual])

    @property
    def has_jumped(self) -> bool:
        """Whether the unit was asked into its bootloader in any attempt as usual."""
        return any(
            isinstance(event, EnteringBootloader) for each in self._usual for event in each.events
        )

    def how_often(self) -> tuple[Evidence, ...]:
        """When it fails, by all attempts as usual."""
        return tuple(each for each in self.shown().evidence if each.field == "reproducibility")

    # What is done to the unit.

    async def reset(self, kind: ResetKind) -> None:
        """By its pin, or by taking its power away and giving it back."""
        await self.place.reset(kind)

    def feed_from_bench(self) -> None:
        """Clip a bench supply to the contacts; its own cell stays where it is."""
        self.unit.feed_from(self.bench_source, now_s=self.place.now_s)

    def feed_from_own(self) -> None:
        """Take the clips off."""
        self.unit.feed_from(None, now_s=self.place.now_s)

    def feed_from_new_cell(self) -> None:
        """A fresh cell in a clean holder."""
        fresh = Source.coin_cell(currents=self._currents, capacitance_uf=self._capacitance_uf)
        self.unit.feed_from(fresh, now_s=self.place.now_s)

    @property
    def bench_source(self) -> Source:
        """A laboratory supply of 3.0 V."""
        return Source(currents=self._currents, capacitance_uf=self._capacitance_uf)

    @property
    def _currents(self) -> Currents:
        return self._setup.unit.source.currents

    @property
    def _capacitance_uf(self) -> float:
        return self._setup.unit.source.capacitance_uf

    def good_unit(self) -> Bench:
        """Another unit of the build, in the same place, at the same host."""
        plan = self._setup.unit.faults
        faults = tuple(each for each in plan.faults if each.seat in ELSEWHERE)
        healthy = replace(
            self._setup.unit,
            faults=FaultPlan(faults=faults, seed=plan.seed),
            supply=None,
            lost_buffers=0,
            gpregret=self._setup.unit.gpregret if self.link is LinkKind.UART else 0,
        )
        return Bench(replace(self._setup, unit=healthy), recovers=self._recovers)


def with_faults(setup: Setup, faults: FaultPlan) -> Setup:
    """The same with a unit that has these faults."""
    return replace(setup, unit=replace(setup.unit, faults=faults))


def _stands(setup: Setup) -> Place:
    description = setup.unit
    greets = setup.link is not LinkKind.RADIO
    unit = fabricate(description, physics=physics_of(description), greets=greets)
    return PLACES[setup.link](unit, setup)
