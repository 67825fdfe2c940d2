"""Evidence from firmline's own traces: what the stream of events of an update shows.

Rules of this module:

* The events are read as they came, once; what they come to is told at the end. Only what an event
  shows is evidence: what was not tried or not seen stays out, and so does what every trace of
  firmline's shows (the application that runs before the jump, a large MTU, no receipts), of which a
  person would speak only where it matters.
* What firmline looks at in every update, and finds not to be so, is told as looked for in vain.
* firmline tries again by itself. What counts is where it stood when the last row of attempts that
  led nowhere began, which is where a host that gives up at once would have stopped.
* A trace that ended well has evidence of the unit, and of nothing that failed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Final

from firmline.diagnosis.evidence import Evidence, Incident, Origin
from firmline.diagnosis.trace_reader import SUPERVISION_TIMEOUT, Reader
from firmline.diagnosis.trace_words import (
    HCI_REASONS,
    KINDS,
    OF_THE_STATION,
    PHASES,
    answered,
    hci_reason_of,
    place_of,
)
from firmline.errors import Code, shortened
from firmline.events import UnitMode
from firmline.formats.trace import Trace
from firmline.protocol.codes import ExtError

INSTANT_S: Final = 2.0
"""Below that it failed at once, by the definition of the vocabulary."""
FIRST_PACKETS: Final = 0.015
"""About one percent of an image, by the definition of the vocabulary."""
CLOCK_LOSSES: Final = 3
"""So many losses at the same time behind the jump, at different steps, are those of a clock; ours.
"""
CLOCK_SPREAD: Final = 0.05
"""How much such times differ at most, of the longest: an application feeds a watchdog now and then;
ours."""


def evidence_of_traces(traces: Iterable[Trace]) -> Incident:
    """What traces of one unit show, the oldest first.

    What differs between them is told of the last one that failed, which is the one that was given
    to be explained; the others of the same unit say how often it fails. Nothing is taken from those
    of other units.
    """
    every = [_Told(Reader(trace)) for trace in traces]
    updates = [each for each in every if each.reader.is_update]
    failed = [each for each in updates if not each.reader.is_updated]
    chosen = (failed or updates or every)[-1:]
    told = [each for each in every if each.reader.may_be_of(chosen[0].reader.unit)]
    updates = [each for each in told if each.reader.is_update]
    incident = Incident()
    for each in chosen:
        others = {other.reader.unit for other in every} - {other.reader.unit for other in told}
        incident = incident.with_more(each.evidence(), [*each.unused(), *_left_out(others)])
    for each in told:
        incident = incident.with_more(
            fact for fact in each.facts() if fact.field not in incident.by_field()
        )
    return incident.with_more(_how_often(updates))


def _left_out(units: Collection[str]) -> Iterator[str]:
    if units:
        names = shortened(", ".join(sorted(units)))
        yield f"Traces of other units: only the last unit that failed is explained, not {names}."


def _how_often(updates: list[_Told]) -> Iterator[Evidence]:
    """When it fails, of several attempts."""
    failed = sum(not each.reader.is_updated for each in updates)
    if len(updates) < 2 or not failed:
        return
    value = "always" if failed == len(updates) else "once" if failed == 1 else "intermittent"
    where = f"{failed} of {len(updates)} attempts failed"
    yield Evidence(field="reproducibility", value=value, origin=Origin.TRACE, where=where)


class _Told:
    """What one trace comes to."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self._seen = reader.seen
        self._code = reader.code

    @property
    def _is_of_station(self) -> bool:
        """Whether it is not the unit's fault, by the code that it ended with."""
        return self._code.startswith(OF_THE_STATION)

    def facts(self) -> Iterator[Evidence]:
        """What is known of link and unit, whatever failed."""
        yield from self.reader.told
        if self.reader.is_update:
            yield _of_trace("host_tool", "own_host")
        if (
            self._seen.mode is UnitMode.BOOTLOADER
            or self._seen.size
            or self._code == Code.LEGACY_DFU
        ):
            is_legacy = self._code == Code.LEGACY_DFU
            yield _of_trace("bootloader", "legacy" if is_legacy else "secure")

    def unused(self) -> Iterator[str]:
        """What the trace does not tell."""
        if not self.reader.is_update:
            yield "A trace of no update: only what it says of the unit is used."
        elif self.reader.is_updated:
            yield "The update in the trace succeeded: nothing of it is to be explained."
        elif self._is_of_station:
            yield (
                f"It failed for this computer, its port or its radio ({self._code}), which says"
                " nothing of a unit."
            )
        elif self.reader.finished is None:
            yield "The trace has no end: where it breaks off is taken for where it failed."
        if self.reader.trace.is_cut:
            yield "The last line of the trace is cut off."

    def evidence(self) -> Iterator[Evidence]:
        """What the attempt shows; of one that succeeded, what is known of the unit."""
        yield from self.facts()
        flags = self.reader.flags
        yield from (_flag(value, where) for value, where in flags.items())
        if not self.reader.is_update or self.reader.is_updated or self._is_of_station:
            return
        yield from self._failure()
        yield from self._aftermath()
        for value, where in self.reader.in_vain.items():
            if value not in flags:
                yield _flag(value, where, seen=False)

    def _failure(self) -> Iterator[Evidence]:
        phase, since_s, at_s = self._stood()
        if phase:
            yield _of_trace("phase", phase)
        if self._is_clock():
            yield _of_trace("time_to_failure", "constant")
        elif phase and at_s - since_s < INSTANT_S:
            yield _of_trace("time_to_failure", "instant")
        kind = self._kind(phase)
        if kind:
            yield _of_trace("failure_kind", kind)
        yield from self._codes()
        yield _of_trace("progress", self._progress())
        where = self._end_state()
        if where:
            yield _of_trace("end_state", where)
        resets = self._resets()
        if resets:
            yield _of_trace("unit_resets", resets)
        if self._code == Code.BOND_MISSING:
            yield _flag("bootloader_same_address", "")
        if len(self._seen.faults) > 1 or (self._seen.faults and self.reader.finished is not None):
            yield _of_trace("not_cured_by", "retry")
            if self._seen.reentered:
                yield _of_trace("not_cured_by", "soft_reset")

    def _stood(self) -> tuple[str, float, float]:
        """The phase at the fault that led nowhere, since when, and when that was."""
        seen, steps = self._seen, self.reader.steps
        if self._is_not_in_place():
            return "activation", steps.since_s, seen.at_last_s
        if self._code in PHASES:
            return PHASES[self._code], steps.since_s, seen.at_last_s
        if self._code.startswith("DFU-UNIT") and seen.refused is not None:
            return seen.refused_phase, seen.refused.at_s, seen.refused.at_s
        if seen.faults:
            last = seen.faults[-1]
            return last.phase, last.since_s, last.at_s - self._noticed_after_s()
        return steps.phase, steps.since_s, seen.at_last_s

    def _is_not_in_place(self) -> bool:
        """Whether the image was taken, and is shown not to be what stands or runs there."""
        after = self.reader.aftermath
        match self._code:
            case Code.UNIT_DID_NOT_RETURN:
                return after.is_invalid
            case Code.NEW_APPLICATION_NOT_SEEN:
                return after.text is not None
            case _:
                return False

    def _noticed_after_s(self) -> float:
        """How long after it was gone the loss of the unit was noticed."""
        lost = self._seen.lost
        is_late = lost is not None and lost.hci_reason == SUPERVISION_TIMEOUT
        return self._seen.supervision_s if is_late else 0.0

    def _is_clock(self) -> bool:
        """Whether the link was lost when a time was over, whatever was being done."""
        losses = [each for each in self._seen.losses if each.after_jump_s is not None]
        times = [each.after_jump_s or 0.0 for each in losses]
        if len(times) < CLOCK_LOSSES or len({each.phase for each in losses}) < 2:
            return False
        return max(times) - min(times) <= CLOCK_SPREAD * max(times)

    def _kind(self, phase: str) -> str:
        """The first abnormal thing of what led nowhere."""
        code = self._seen.faults[-1].code if self._seen.faults else self._code
        if self._code.startswith("DFU-UNIT"):
            return "error_code"
        if self._is_silent_after_all():
            return "unit_hang"
        kind = KINDS.get(code) or KINDS.get(self._code, "")
        # It was heard, so that it is there: it is the connection that does not come about.
        return "timeout" if kind == "not_found" and phase.startswith("connect") else kind

    def _is_silent_after_all(self) -> bool:
        """Whether nothing at all was heard on a line where the new application was to speak."""
        is_silent = (
            self._code == Code.NEW_APPLICATION_NOT_SEEN and self.reader.aftermath.text is None
        )
        return is_silent and self._seen.mode is UnitMode.BOOTLOADER

    def _is_mute(self) -> bool:
        """Whether a bootloader on a line has answered, and does not answer any more."""
        return self._code == Code.LINK_TIMEOUT and self._seen.pings_in_vain

    def _codes(self) -> Iterator[Evidence]:
        refused, lost = self._seen.refused, self._seen.lost
        if refused is not None and self._code.startswith("DFU-UNIT"):
            yield from answered(refused)
        elif lost is not None and lost.hci_reason in HCI_REASONS:
            yield _host_code(HCI_REASONS[lost.hci_reason], place_of(lost))
        elif (step := self._seen.lost_in_connecting) is not None:
            reason = hci_reason_of(step.reason)
            if reason in HCI_REASONS:
                yield _host_code(HCI_REASONS[reason], place_of(step))
        failed_hash = refused is not None and refused.ext_error == ExtError.VERIFICATION_FAILED
        if failed_hash and self._seen.bad_crc is None:
            yield _flag("crc_of_all_objects_ok", "")

    def _progress(self) -> str:
        seen = self._seen
        if not seen.reached:
            return "none"
        if seen.size and seen.reached >= seen.size:
            return "end"
        places = [fault.reached for fault in seen.faults]
        if len(places) > 1 and len(set(places)) == 1:
            return "fixed_offset"
        if seen.size and seen.reached <= seen.size * FIRST_PACKETS:
            return "first_packets"
        return "random_offset" if seen.executed else "first_object"

    def _end_state(self) -> str:
        """Where the unit was seen last; empty: nobody looked."""
        seen = self._seen
        if self._code in END_STATES:
            return END_STATES[self._code]
        if self._code == Code.UNIT_NOT_FOUND:
            return "gone_silent" if seen.jumped or seen.size else ""
        if self._is_silent_after_all() or self._is_mute():
            return "gone_silent"
        if self._is_not_in_place() and self.reader.aftermath.text is not None:
            return ""  # something runs that does not say what was expected: nobody knows what
        return self._last_met()

    def _last_met(self) -> str:
        """As what it was met last."""
        seen = self._seen
        match seen.mode:
            case UnitMode.BOOTLOADER if self._code == Code.LINK_LOST and seen.reentered:
                return "back_in_app"  # as behind every loss before the last
            case UnitMode.BOOTLOADER:
                return "stuck_in_dfu"
            case UnitMode.APPLICATION if seen.losses and not seen.reentered:
                return "stuck_in_dfu"  # where it was heard, and every connection was lost
            case UnitMode.APPLICATION if seen.size or seen.jumped:
                return "back_in_app"
            case UnitMode.APPLICATION:
                return "unchanged"
            case _:
                return ""

    def _resets(self) -> str:
        """Restarts of the unit that nobody asked for, or that led nowhere."""
        seen = self._seen
        if self._code in RESETS:
            return RESETS[self._code]
        if self._is_not_in_place() and self.reader.aftermath.text is not None:
            return "once"
        if seen.restarts:
            return "once" if seen.restarts == 1 else "repeatedly"
        lost = [each for each in seen.losses if each.phase == "connect_bootloader"]
        return "no" if lost and seen.quick_returns >= len(lost) - 1 > 0 else ""

    def _aftermath(self) -> Iterator[Evidence]:
        """What the bootloader tells behind the last image."""
        found = self.reader.aftermath
        if found.settings_lost is not None:
            yield _flag("settings_page_blank_or_bad_crc", place_of(found.settings_lost))
        elif found.settings_kept is not None:
            where = place_of(found.settings_kept)
            yield _flag("settings_page_blank_or_bad_crc", where, seen=False)
        if found.in_place is not None:
            yield _flag("soft_reset_returns_to_dfu", place_of(found.in_place))


END_STATES: Final[dict[str, str]] = {
    Code.BOND_MISSING: "stuck_in_dfu",
    Code.APPLICATION_CRASHED: "back_in_app",
    Code.UNIT_DID_NOT_RESTART: "unchanged",
    Code.LEGACY_DFU: "stuck_in_dfu",
    Code.PORT_NONSENSE: "unchanged",
}
"""Where the unit is, of codes that say so."""
RESETS: Final[dict[str, str]] = {
    Code.APPLICATION_CRASHED: "once",
    Code.SAME_APPLICATION_SEEN: "once",
    Code.UNIT_STAYED_IN_APPLICATION: "once",
    Code.UNIT_DID_NOT_RESTART: "no",
}
"""Whether it has restarted, of codes that say so: also the one that was to put the image in place,
or to lead into the bootloader, and did not."""


def _of_trace(name: str, value: str) -> Evidence:
    return Evidence(field=name, value=value, origin=Origin.TRACE)


def _host_code(value: str, where: str) -> Evidence:
    return Evidence(field="host_code", value=value, origin=Origin.TRACE, where=where)


def _flag(value: str, where: str, *, seen: bool = True) -> Evidence:
    return Evidence(field="flags", value=value, origin=Origin.TRACE, where=where, seen=seen)
