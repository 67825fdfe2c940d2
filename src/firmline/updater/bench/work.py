"""An investigation on the bench: rank, take the next test, do it, and rank again."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from firmline.diagnosis.diagnostic_tests import Test, diagnostic_tests
from firmline.diagnosis.evidence import Evidence, Incident, Origin
from firmline.diagnosis.investigation import BUDGET_MINUTES, End, Next, Order, next_step
from firmline.diagnosis.ranking import Ranking, rank
from firmline.diagnosis.undecided import Undecided, undecided
from firmline.diagnosis.vocabulary import vocabulary
from firmline.updater.bench.bench import Bench
from firmline.updater.bench.looking import LOOKS
from firmline.updater.bench.trying import RETRY, try_it

NOT_AT_HAND: Final = ("sources",)
"""What a bench with virtual units has not: they are no programs that could be read."""
CONTROL_MINUTES: Final = 1.0
"""Behind a success, one attempt more: whether the unit still fails without what was done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """A test that was done.

    Attributes:
        test: The test.
        because: Why this one.
        minutes: What it took; 0 where it could not be begun.
        evidence: What it has shown that was not known; empty: nothing.
        ranking: Behind it.
    """

    test: Test
    because: str
    minutes: float
    evidence: tuple[Evidence, ...]
    ranking: Ranking


@dataclass(frozen=True, slots=True, kw_only=True)
class Investigation:
    """What was found out about a unit.

    Attributes:
        before: What was known at the beginning, and its ranking.
        steps: The tests, in order.
        incident: What is known at the end.
        end: Why there is no next test.
        undecided: What nothing at hand tells apart; ``None``: that is not why it ended.
    """

    before: Incident
    first: Ranking
    steps: tuple[Done, ...]
    incident: Incident
    end: End
    undecided: Undecided | None = None

    @property
    def last(self) -> Ranking:
        """The ranking at the end."""
        return self.steps[-1].ranking if self.steps else self.first

    @property
    def minutes(self) -> float:
        """Of all tests."""
        return sum(each.minutes for each in self.steps)


async def investigate(
    bench: Bench,
    incident: Incident,
    *,
    order: Order = Order.PLAN,
    lacks: Collection[str] = NOT_AT_HAND,
    known: Collection[str] = (),
    budget_minutes: float = BUDGET_MINUTES,
) -> Investigation:
    """Find out why the unit on the bench fails.

    Args:
        bench: With the unit, as the failure has left it.
        incident: What is known of that.
        order: In which order tests are done.
        lacks: Equipment that is not at hand.
        known: Tests whose results the incident holds already.
        budget_minutes: How many test minutes it may take.
    """
    before, first = incident, rank(incident)
    ranking, steps = first, list[Done]()
    left = budget_minutes
    while True:
        done = [*known, *(each.test.slug for each in steps), *_in_vain(bench)]
        step = next_step(incident, ranking, order=order, lacks=lacks, done=done, minutes_left=left)
        if isinstance(step, End):
            return Investigation(
                before=before,
                first=first,
                steps=tuple(steps),
                incident=incident,
                end=step,
                undecided=undecided(incident, ranking, lacks=lacks, done=done),
            )
        minutes, evidence = await _perform(bench, step)
        left -= minutes
        evidence = _new(evidence, incident)
        incident = incident.with_more(evidence)
        ranking = rank(incident)
        steps.append(
            Done(
                test=step.test,
                because=step.because,
                minutes=minutes,
                evidence=evidence,
                ranking=ranking,
            )
        )


async def _perform(bench: Bench, step: Next) -> tuple[float, tuple[Evidence, ...]]:
    """Do a test: its minutes, and what it shows."""
    test = step.test
    look = LOOKS.get(test.slug)
    if look is None:
        control = CONTROL_MINUTES if bench.must_look_first else 0.0
        evidence = await try_it(bench, test)
    else:
        control = 0.0
        evidence = await look(bench, test)
    if evidence is None:
        return 0.0, ()
    if bench.has_passed_as_usual and test.needs_failure and test.action != RETRY:
        evidence = (*evidence, *_healed(bench))
    return test.minutes + control, evidence


def _healed(bench: Bench) -> tuple[Evidence, ...]:
    """What an attempt as usual says that has passed, whatever it was made for."""
    retry = diagnostic_tests()["retry"]
    return (retry.outcome(passed=True, origin=Origin.TRACE), *bench.how_often())


def _in_vain(bench: Bench) -> tuple[str, ...]:
    """Tests that would show nothing any more."""
    if not bench.is_healed:
        return ()
    return tuple(slug for slug, test in diagnostic_tests().items() if test.needs_failure)


def _new(evidence: tuple[Evidence, ...], incident: Incident) -> tuple[Evidence, ...]:
    """What is not told already: a field with one value keeps what it was found to be first."""
    seen = {(each.field, each.value, each.seen) for each in incident.evidence}
    single = {name for name in incident.by_field() if not vocabulary()[name].many}
    return tuple(
        each
        for each in evidence
        if each.field not in single and (each.field, each.value, each.seen) not in seen
    )
