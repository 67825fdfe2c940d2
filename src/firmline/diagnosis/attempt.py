"""What the trace of one update says of it, and of the unit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from firmline.diagnosis.evidence import Evidence
from firmline.diagnosis.failure import Failure, flag, of_trace
from firmline.diagnosis.trace_reader import Reader
from firmline.diagnosis.trace_words import (
    OF_THE_STATION,
)
from firmline.errors import Code
from firmline.events import ImageStarted, UnitMode
from firmline.formats.trace import Trace, UnknownEvent
from firmline.values import ImageKind

SHOWN_LINES: Final = 10
"""Damaged lines that are named."""


def is_unproven(trace: Trace) -> bool:
    """Whether an update ended without a proof, and without anything that failed."""
    end = trace.finished
    if end is None or end.code != Code.NEW_APPLICATION_NOT_SEEN:
        return False  # most are not, and to read one takes time
    return Attempt(Reader(trace)).is_unproven


def shows_failure(trace: Trace) -> bool:
    """Whether an update that was not updated shows what failed of it."""
    if trace.finished is not None and trace.finished.code not in _SHOW_LITTLE:
        return True  # most are so, and to read one takes time
    attempt = Attempt(Reader(trace))
    return not attempt.is_unproven and not attempt.is_failure_unseen


_SHOW_LITTLE: Final = (Code.NEW_APPLICATION_NOT_SEEN, Code.INTERRUPTED)


class Attempt:
    """What one trace comes to.

    Args:
        reader: That has read it.
    """

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self._seen = reader.seen
        self._code = reader.code

    @property
    def _is_of_station(self) -> bool:
        """Whether it is not the unit's fault, by the code that it ended with."""
        return self._code.startswith(OF_THE_STATION)

    @property
    def has_nothing_to_explain(self) -> bool:
        """Whether it is an update in which nothing went wrong, or of a unit for another tool."""
        is_well = self.reader.is_updated and not self.reader.is_recovered
        return self.reader.is_update and (is_well or self._code == Code.SMP)

    @property
    def is_unproven(self) -> bool:
        """Whether the unit took all and runs an application, of which no more is known.

        Of a SoftDevice or a bootloader that is not so: the application says nothing of them.
        """
        if self._code != Code.NEW_APPLICATION_NOT_SEEN:
            return False
        if self.reader.aftermath.text is not None:
            return True
        images = [each for each in self.reader.trace.events if isinstance(each, ImageStarted)]
        is_application = bool(images) and images[-1].kind is ImageKind.APPLICATION
        return self._seen.sent and self._seen.mode is UnitMode.APPLICATION and is_application

    @property
    def is_failure_unseen(self) -> bool:
        """Whether it shows neither a failure of the unit nor an update that ended well."""
        is_well = self.has_nothing_to_explain or self.reader.is_updated
        return not is_well and not self.reader.shows_failure

    @property
    def is_part(self) -> bool:
        """Whether it is a part of an update that failed, so that more may have happened."""
        is_failed = not self.reader.is_updated or self.reader.is_recovered
        return self.reader.is_update and is_failed and self.reader.is_part

    def facts(self) -> Iterator[Evidence]:
        """What is known of link and unit, whatever failed."""
        yield from self.reader.told
        if self.reader.is_update:
            yield of_trace("host_tool", "own_host", "who wrote it")
        if (
            self._seen.mode is UnitMode.BOOTLOADER
            or self._seen.size
            or self._code == Code.LEGACY_DFU
        ):  # of an application, too: who jumps by that service has a bootloader that has it
            is_legacy = self._code == Code.LEGACY_DFU
            kind = "legacy" if is_legacy else "secure"
            yield of_trace("bootloader", kind, "the protocol that it speaks")

    def unused(self) -> Iterator[str]:
        """What the trace does not tell."""
        yield from self._unproven()
        if not self.reader.is_update:
            yield "A trace of no update: only what it says of the unit is used."
        elif self.reader.is_updated:
            yield self._success()
        elif self._is_of_station:
            yield (
                f"It failed for this computer, its port, its radio or another unit ({self._code}),"
                " which says nothing of this one."
            )
        elif self._code == Code.SMP:
            yield "The unit is for MCUboot and SMP: another tool updates it, and nothing failed."
        elif self._code == Code.INTERRUPTED:
            yield (
                "The update was interrupted: only what had gone wrong before counts."
                if self.reader.has_failed
                else "The update was interrupted, and nothing had failed: it tells how far it got."
            )
        elif self.reader.finished is None:
            yield (
                "The trace has no end: where it breaks off is taken for where it failed."
                if self.reader.has_failed
                else "The trace has no end, and shows nothing that failed: it tells how far it got."
            )
        if self.reader.is_update and not self.reader.trace.is_begun:
            yield "The beginning of the trace is missing: what happened before is not known."
        yield from self._damage()
        if self.reader.trace.is_cut:
            yield "The last line of the trace is cut off."
        entries = self.reader.trace.entries
        unknown = sum(isinstance(each, UnknownEvent) for each in entries)
        if unknown:
            yield (
                f"{unknown} of the {len(entries)} events of the trace are not known to this version"
                " of firmline; what they tell is missing here."
            )

    def _success(self) -> str:
        """What of an update that succeeded is explained."""
        if self.reader.is_recovered:
            return (
                "The update in the trace succeeded, by a recovery: what went wrong on the way is"
                " explained."
            )
        return "The update in the trace succeeded: nothing of it is to be explained."

    def _unproven(self) -> Iterator[str]:
        """That all is as it would be if nothing had failed."""
        if self.is_unproven:
            yield (
                "Nothing is shown to have failed: the unit took the whole image and runs an"
                " application, and only that it is the new one is not proven. The causes are those"
                " of a unit that runs another one."
            )

    def _damage(self) -> Iterator[str]:
        """What is wrong with the trace itself."""
        damaged = self.reader.trace.damaged
        if damaged:
            shown = ", ".join(map(str, damaged[:SHOWN_LINES]))
            more = f" and {len(damaged) - SHOWN_LINES} more" if len(damaged) > SHOWN_LINES else ""
            which = f"Line {shown} is" if len(damaged) == 1 else f"Lines {shown}{more} are"
            yield f"{which} damaged, and left out: what stood there is missing here."
        back = self.reader.runs_back
        if back is not None:
            yield (
                f"The times of the trace run backwards ({self.reader.place_of(back)}): its events"
                " are not in the order in which they happened, so that no step, no time and no"
                " state of the unit is taken from it."
            )
        elif not self.reader.is_in_order:
            yield (
                "The trace in front of it has no beginning, and times that run backwards: the lines"
                " of the file are in no order, and which of them are of one attempt is not known."
            )

    def evidence(self) -> Iterator[Evidence]:
        """What the attempt shows; of one that succeeded, what is known of the unit."""
        yield from self.facts()
        flags = self.reader.flags
        yield from (flag(value, where) for value, where in flags.items())
        is_recovered = self.reader.is_recovered
        if not self.reader.is_update or (self.reader.is_updated and not is_recovered):
            return
        if self._is_of_station or self._code == Code.SMP:
            return
        failure = Failure(self.reader)
        yield from failure.recovered() if is_recovered else failure.evidence()
        for value, where in self.reader.in_vain.items():
            if value not in flags:
                yield flag(value, where, seen=False)
