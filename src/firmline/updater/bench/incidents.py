"""Virtual incidents: updates of faulty units that did not succeed, investigated on the bench.

They are the cases of the fault matrix, with more places for a power cut and more seeds where there
is chance in a fault. An incident begins with what its trace shows, and nothing else.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Self

from firmline.device.description import UnitDescription
from firmline.device.faults.plan import FaultPlan, PowerCutAt
from firmline.diagnosis.catalogue import catalogue
from firmline.diagnosis.evidence import Evidence, Incident
from firmline.diagnosis.investigation import End, Order
from firmline.diagnosis.ranking import Ranking
from firmline.links.virtual_time import run_in_virtual_time
from firmline.updater.bench.bench import Bench
from firmline.updater.bench.setups import setup_for
from firmline.updater.bench.truths import Truth, truth_of
from firmline.updater.bench.work import NOT_AT_HAND, Done, Investigation, investigate
from firmline.updater.fault_matrix.cases import Case, cases
from firmline.updater.fault_matrix.endings import Truth as UnitTruth
from firmline.updater.fault_matrix.subjects import LinkKind, Sdk, Subject
from firmline.updater.fault_matrix.trial import healthy, truth

SEEDS: Final = (1, 2, 3)
"""Of faults in which there is chance."""
OF_THE_TRACE: Final = ("see-phase",)
"""The test that a trace is the result of."""
CUTS: Final = (60, 200, 330, 900, 1800, 3300, 4400, 5300, 5420, 5470, 5600, 6500)
"""More places for a power cut, by flash operation: both settings pages, and all over the image."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seeded:
    """A case, and what draws its random numbers."""

    case: Case
    seed: int

    @property
    def text(self) -> str:
        """In a few words."""
        return f"{self.case.text} seed={self.seed}" if self.seed != SEEDS[0] else self.case.text


@dataclass(frozen=True, slots=True, kw_only=True)
class Likely:
    """What is ranked first.

    Attributes:
        cause: Its slug.
        family: Of the likeliest family.
        probability: Of the cause, 0 to 1.
    """

    cause: str
    family: str
    probability: float

    @classmethod
    def of(cls, ranking: Ranking) -> Self:
        """The first of a ranking."""
        first = ranking.causes[0]
        return cls(
            cause=first.slug,
            family=next(iter(ranking.families)),
            probability=first.probability,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A test that was done.

    Attributes:
        test: Its name.
        because: Why this one.
        minutes: What it took.
        evidence: What it has shown that was not known; empty: nothing.
        then: What was ranked first behind it.
    """

    test: str
    because: str
    minutes: float
    evidence: tuple[Evidence, ...]
    then: Likely


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What an investigation of a virtual incident came to.

    Attributes:
        of: The incident.
        order: In which order tests were done.
        first: The verdict by the trace alone.
        steps: The tests, in order.
        end: Why there is no next one.
        truth: What it really is.
        undecided: Causes that stay together at the end, as nothing at hand tells them apart.
    """

    of: Seeded
    order: Order
    first: Likely
    steps: tuple[Step, ...]
    end: End
    truth: Truth
    undecided: tuple[str, ...] = ()

    @property
    def last(self) -> Likely:
        """The verdict behind the tests."""
        return self.steps[-1].then if self.steps else self.first

    @property
    def minutes(self) -> float:
        """Of all tests."""
        return sum(each.minutes for each in self.steps)

    @property
    def is_right(self) -> bool:
        """Whether it is the cause, or one that no test at hand tells from it."""
        return self.last.cause in self.truth.accepted

    @property
    def is_first_right(self) -> bool:
        """The same of the trace alone: the cause, or what not even a test tells from it."""
        return self.first.cause in self.truth.accepted

    @property
    def is_trace_right(self) -> bool:
        """Whether the trace alone came to the cause, or to one that no trace tells from it."""
        return self.first.cause in self.truth.accepted_of_traces

    @property
    def is_family_right(self) -> bool:
        """Whether the likeliest family is that of such a cause."""
        families = {catalogue()[slug].family.slug for slug in self.truth.accepted}
        return self.last.family in families


def incidents(
    *, links: Iterable[LinkKind] = LinkKind, sdks: Iterable[Sdk] = Sdk, fault: str | None = None
) -> Iterator[Seeded]:
    """Every fault on these links with these SDKs, with its seeds; or those of one name.

    Most updates recover: those are no incidents, which is seen when they are run.
    """
    sdks = tuple(sdks)
    for subject in (Subject(link, sdk) for link in links for sdk in sdks):
        for case in cases([subject], fault=fault):
            if case.applies:
                has_chance = bool(getattr(case.fault, "share", 0.0))
                seeds = SEEDS if has_chance else SEEDS[:1]
                yield from (Seeded(case=case, seed=seed) for seed in seeds)
        if fault in (None, PowerCutAt.name):
            for number in CUTS:
                case = Case(PowerCutAt(operation=number), subject)
                yield Seeded(case=case, seed=SEEDS[0])


def investigate_unit(
    description: UnitDescription, incident: Incident | None, *, lacks: Collection[str] = ()
) -> Investigation | None:
    """Find out why a virtual unit fails, at a host that ends at the first fault as most do.

    Args:
        description: The unit, as the failure has left it.
        incident: What is known; ``None``: what the trace of a first attempt shows.
        lacks: Equipment that is not at hand.

    Returns:
        What was found out; ``None``: the first attempt succeeds, or is of a unit for another tool.
    """
    return run_in_virtual_time(_investigated_unit(description, incident, lacks))


async def _investigated_unit(
    description: UnitDescription, incident: Incident | None, lacks: Collection[str]
) -> Investigation | None:
    bench = Bench(setup_for(description), recovers=False)
    lacks = (*NOT_AT_HAND, *lacks)
    try:
        if incident is not None:
            return await investigate(bench, incident, lacks=lacks)
        attempt = await bench.attempt()
        shown = bench.shown()
        if attempt.passed or shown.has_nothing_to_explain:
            return None
        return await investigate(bench, shown, lacks=lacks, known=OF_THE_TRACE)
    finally:
        await bench.close()


def verdict_of(incident: Seeded, order: Order) -> Verdict | None:
    """Investigate an incident; ``None``: the update succeeds, there is nothing to find out.

    The same incident always comes to the same verdict.
    """
    healthy(incident.case.subject)
    found = run_in_virtual_time(_investigated(incident, order))
    if found is None:
        return None
    return Verdict(
        of=incident,
        order=order,
        first=Likely.of(found.first),
        steps=tuple(told(each) for each in found.steps),
        end=found.end,
        truth=truth_of(incident.case),
        undecided=()
        if found.undecided is None
        else tuple(each.slug for each in found.undecided.causes),
    )


def told(done: Done) -> Step:
    """A test that was done, as a plain value."""
    return Step(
        test=done.test.slug,
        because=done.because,
        minutes=done.minutes,
        evidence=done.evidence,
        then=Likely.of(done.ranking),
    )


async def _investigated(incident: Seeded, order: Order) -> Investigation | None:
    subject = incident.case.subject
    bench = Bench.of(subject, FaultPlan(faults=(incident.case.fault,), seed=incident.seed))
    try:
        attempt = await bench.attempt()
        if attempt.passed or truth(bench.unit, subject) is UnitTruth.NEW:
            return None
        return await investigate(bench, bench.shown(), order=order, known=OF_THE_TRACE)
    finally:
        await bench.close()
