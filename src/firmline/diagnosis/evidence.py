"""What was seen of a failure: typed values, each with where it comes from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from firmline.diagnosis.vocabulary import vocabulary


class Origin(StrEnum):
    """Who says so."""

    UNIT = "unit"
    """The unit itself: an answer of its bootloader, what a dump of its flash holds."""
    TRACE = "trace"
    """An event of a trace of firmline's."""
    LOG = "log"
    """A line of another tool's log."""
    REPORT = "report"
    """A report that was written down."""
    PERSON = "person"
    """Somebody who was asked."""


RECORDED: Final = frozenset({Origin.UNIT, Origin.TRACE})
"""Who records what was seen, and describes nothing."""
OF_THE_TOOL: Final = frozenset({"host_tool", "transport", "bootloader", "sdk"})
"""Fields of which a log tells by being one, whatever happened."""
OF_AN_UPDATE: Final = frozenset({Origin.TRACE, Origin.LOG})
"""What is written while an update runs, and knows of nothing that comes later."""
FED_ANEW: Final = frozenset({"bench_supply", "new_cell", "cell_reseated"})
"""Actions that change what feeds the unit, and take its power away on the way."""
ONLY_POWER: Final = frozenset({"power_cycle", "long_power_off"})
"""Actions that take it away, and change nothing else."""
STAYS_GOOD: Final = "stays_good_on_original_supply"
"""The flag of who has put back what fed it before."""
OF_THE_IMAGE: Final = "x0C"
"""The extended error of an image whose hash is not what was promised, whatever has changed it.

Each other one is of the init packet, and names what is wrong with that (bootloader spec, 2.3).
"""
OF_A_FAILURE: Final = frozenset(
    {
        *("phase", "failure_kind", "end_state", "result_code", "ext_error", "host_code"),
        *("progress", "time_to_failure", "unit_resets", "cured_by", "not_cured_by", "flags"),
    }
)
"""Fields that tell what happened; the others say to what, and when."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One thing that was seen.

    Attributes:
        field: A field of the vocabulary.
        value: One of its values.
        origin: Who says so.
        where: The place there, for people: an event and its time, a line of a log; may be empty.
        seen: Whether it was seen; else it was looked for, and is not so. Of a field with one value
            that is said where it was not found, or where the value that was does not say it all.
    """

    field: str
    value: str
    origin: Origin
    where: str = ""
    seen: bool = True

    def __post_init__(self) -> None:
        """See that it is of the vocabulary.

        Raises:
            ValueError: It is not.
        """
        if self.field not in vocabulary() or self.value not in vocabulary()[self.field].meanings:
            problem = f"no evidence of the vocabulary: {self.field} = {self.value}"
            raise ValueError(problem)

    @property
    def meaning(self) -> str:
        """What it says, in words."""
        return vocabulary()[self.field].meanings[self.value]


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """Everything that is known of one failure.

    Attributes:
        evidence: What was seen.
        unused: What was given and could not be used, one sentence each.
        ended_well: Whether what was recorded shows an update that came to a good end.
        unproven: Whether it shows one in which nothing failed, and of which only the proof is
            missing that the new application runs.
        failure_unseen: Whether what was recorded shows neither a failure of the unit nor a good
            end: it breaks off before, or is of something else.
        part: Whether what was recorded is a part of it, without beginning or end or in no order:
            what it does not show may have happened.
        prose: Whether it is no record, but a text that somebody has written: what stands there may
            be an example, or what happens to others.
    """

    evidence: tuple[Evidence, ...] = ()
    unused: tuple[str, ...] = ()
    ended_well: bool = False
    unproven: bool = False
    failure_unseen: bool = False
    part: bool = False
    prose: bool = False

    @property
    def has_nothing_to_explain(self) -> bool:
        """Whether what was recorded ended well, and nobody says otherwise."""
        return self.ended_well and self._is_recorded

    @property
    def is_unproven(self) -> bool:
        """Whether nothing is shown to have failed, and nobody says otherwise."""
        return self.unproven and self._is_recorded

    @property
    def has_unseen_failure(self) -> bool:
        """Whether what was recorded shows no failure, and nobody else tells of one."""
        return self.failure_unseen and not any(
            each.field in OF_A_FAILURE and each.origin not in OF_AN_UPDATE for each in self.evidence
        )

    @property
    def is_undecided_part(self) -> bool:
        """Whether it is a part, and no answer of the unit in it that decides by itself."""
        return self.part and not any(
            each.field == "ext_error" and each.value != OF_THE_IMAGE and each.seen
            for each in self.evidence
        )

    @property
    def shows_nothing(self) -> bool:
        """Whether all of it is of a log, and tells with what was updated, not what happened."""
        return bool(self.evidence) and all(
            each.origin is Origin.LOG and each.field in OF_THE_TOOL for each in self.evidence
        )

    @property
    def _is_recorded(self) -> bool:
        """Whether nobody has told of anything that comes later than the update."""
        return all(each.origin in OF_AN_UPDATE for each in self.evidence)

    def with_more(self, more: Iterable[Evidence], unused: Iterable[str] = ()) -> Incident:
        """The same, and more; what is known already is not said twice."""
        known = {(each.field, each.value, each.seen) for each in self.evidence}
        new = []
        for each in more:
            if (each.field, each.value, each.seen) not in known:
                known.add((each.field, each.value, each.seen))
                new.append(each)
        return replace(self, evidence=(*self.evidence, *new), unused=(*self.unused, *unused))

    def by_field(self) -> Mapping[str, tuple[str, ...]]:
        """The values that were seen, of every field that has any."""
        return self._values(seen=True)

    def looked_for_in_vain(self) -> Mapping[str, tuple[str, ...]]:
        """The values that were looked for and are not so, of every field that has any."""
        return self._values(seen=False)

    def recorded(self) -> frozenset[str]:
        """The fields of which a unit or firmline's own trace says everything that is known."""
        told = {each.field for each in self.evidence if each.origin not in RECORDED}
        return frozenset({each.field for each in self.evidence} - told)

    def _values(self, *, seen: bool) -> dict[str, tuple[str, ...]]:
        found: dict[str, tuple[str, ...]] = {}
        for each in self.evidence:
            if each.seen is seen:
                found[each.field] = (*found.get(each.field, ()), each.value)
        return found

    def confounded(self) -> str:
        """What cannot be told apart any more, as a sentence; empty: nothing."""
        cures = self.by_field().get("cured_by", ())
        if len(cures) < 2:
            return self._without_power(cures)
        meanings = vocabulary()["cured_by"].meanings
        told = ", and ".join(meanings[each] for each in cures)
        return (
            f"{len(cures)} actions are told to have helped ({told}): if they were taken together,"
            " nobody can say any more which of them did. Try them one at a time on the next unit"
            " that fails."
        )

    def _without_power(self, cures: tuple[str, ...]) -> str:
        """That an action which feeds the unit better has taken its power away first."""
        failed = self.by_field().get("not_cured_by", ())
        flags = {each.value for each in self.evidence if each.field == "flags"}
        is_told_apart = STAYS_GOOD in flags or bool(ONLY_POWER.intersection(failed))
        if is_told_apart or not FED_ANEW.intersection(cures):
            return ""
        meaning = vocabulary()["cured_by"].meanings[cures[0]]
        return (
            f"What has helped ({meaning}) has taken the power away as well: whether the new supply"
            " has helped, or that everything was cleared which only power holds, nobody can say"
            " any more. Put back what fed it before: if it goes on working, it was not the supply."
        )

    def contradictions(self) -> tuple[str, ...]:
        """Where the evidence cannot all be true, one sentence each."""
        found = self.by_field()
        single = [
            f"{name} is told to be {' and '.join(values)}."
            for name, values in found.items()
            if len(values) > 1 and not vocabulary()[name].many
        ]
        denied = [
            f"{value} ({name}) is told to have been seen, and not to have been."
            for name, values in self.looked_for_in_vain().items()
            for value in values
            if value in found.get(name, ())
        ]
        return (*single, *denied)
