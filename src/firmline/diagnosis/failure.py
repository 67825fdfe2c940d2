"""What failed in an update, by its trace: where, how, with which code, and the unit since."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from firmline import events
from firmline.diagnosis.ending import Ending
from firmline.diagnosis.evidence import Evidence, Origin
from firmline.diagnosis.trace_reader import SUPERVISION_TIMEOUT, Reader
from firmline.diagnosis.trace_words import (
    HCI_REASONS,
    KINDS,
    PHASES,
    answered,
    answered_by_code,
    hci_reason_of,
)
from firmline.errors import Code
from firmline.events import Event
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
NOT_ONE_EVENT: Final = 3
"""So many faults in one update that came to its end are no single event; ours."""
CURES: Final[dict[str, str]] = {
    "restart": "soft_reset",
    "await-reset": "soft_reset",
    "fresh-start": "fresh_start",
    "longer-delay": "delay",
    "receipts": "slower_pace",
    "smaller-packets": "smaller_mtu",
}
"""What the ladder's last step was (:mod:`firmline.updater.ladder`) in the words of the vocabulary;
any other is the same once more. The inactivity timer resets by software (bootloader spec, 10)."""
BEFORE_THE_LINK: Final = ("package_build", "package_open", "host_open", "scan", "connect")
"""Phases in which every update is before it has come anywhere: that one breaks off there, and has
missed nothing yet, is no step that failed."""
BY_ABSENCE: Final = ("none", "first_object")
"""How far it came, where that is known by what did not happen: nothing was sent, or executed."""
NO_PROGRAM: Final = ("stuck_in_dfu", "gone_silent", "reset_loop", "off")
"""Where a unit is not, whose application speaks: the new one, or the old."""


class Failure:
    """What failed.

    Args:
        reader: Of the trace of an update that has failed.
    """

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._seen = reader.seen
        self._code = reader.code
        self._ending = Ending(reader)

    def evidence(self) -> Iterator[Evidence]:
        """What it shows."""
        if not self._reader.is_in_order:  # nobody knows what came behind what
            yield from self._answers()
            return
        phase, since_s, _ = self._stood()
        if not self._reader.has_failed:  # it breaks off: nobody knows what was to come
            if phase not in BEFORE_THE_LINK:
                yield from self._in_phase(phase, since_s)
            return
        yield from self._fault()
        yield from self._left_behind()
        yield from self._retries()
        yield from self._aftermath()

    def recovered(self) -> Iterator[Evidence]:
        """What went wrong last in an update that succeeded all the same, and what has helped."""
        *_, at_s = self._stood()
        if not self._reader.is_in_order:
            return
        yield from self._fault()
        if self._seen.size and not self._seen.faults[-1].reached and self._reader.is_whole:
            yield of_trace("progress", "none", f"0 of {self._seen.size} bytes")
        faults = len(self._seen.faults)
        if faults >= NOT_ONE_EVENT:
            yield of_trace("reproducibility", "intermittent", f"faults on the way: {faults}")
        yield of_trace(
            "cured_by", CURES.get(self._seen.step, "retry"), f"behind {self._when(at_s)}"
        )

    def _fault(self) -> Iterator[Evidence]:
        """Where, when and how it failed, and with which code."""
        phase, since_s, at_s = self._stood()
        yield from self._in_phase(phase, since_s)
        is_timed = phase and self._reader.steps.is_begin_seen
        yield from self._times(at_s - since_s if is_timed else None)
        kind = self._kind(phase)
        if kind:
            yield of_trace("failure_kind", kind, self._when(at_s))
        yield from self._codes()

    def _in_phase(self, phase: str, since_s: float) -> Iterator[Evidence]:
        """The step it stood in; none, where that is empty."""
        if phase:
            begun = "begun" if self._reader.steps.is_begin_seen else "under way"
            yield of_trace("phase", phase, f"{begun} {self._when(since_s)}")

    def _times(self, after_s: float | None) -> Iterator[Evidence]:
        """How long after the beginning of its step it failed, and whether a clock ended it.

        Args:
            after_s: The first; ``None``: nobody knows.
        """
        is_clock, losses = self._is_clock(), f"{len(self._seen.losses)} losses"
        if is_clock:
            yield of_trace("time_to_failure", "constant", losses)
        elif after_s is not None and after_s < INSTANT_S:
            where = f"{after_s:.3f} s behind the beginning of the step"
            yield of_trace("time_to_failure", "instant", where)
        if is_clock is False:
            yield of_trace("time_to_failure", "constant", losses, seen=False)

    def _left_behind(self) -> Iterator[Evidence]:
        """How far the image came, and how the unit is since."""
        reached = f"{self._seen.reached} of {self._seen.size} bytes"
        progress = self._progress()
        if progress not in BY_ABSENCE or self._reader.is_whole:
            yield of_trace("progress", progress, reached if self._seen.size else "no image")
        at_the_end = f"by {self._when(self._seen.at_last_s).removeprefix('at ')}"
        state = self._ending.state()
        if state:
            yield of_trace("end_state", state, at_the_end)
        resets = self._ending.resets()
        if resets:
            yield of_trace("unit_resets", resets, at_the_end)
        if self._code == Code.BOND_MISSING:
            yield flag("bootloader_same_address", f"its error, {self._code}")

    def _retries(self) -> Iterator[Evidence]:
        """What firmline itself has tried in vain."""
        if len(self._seen.faults) > 1 or (self._seen.faults and self._reader.finished is not None):
            tries = f"faults on the way: {len(self._seen.faults)}"
            yield of_trace("not_cured_by", "retry", tries)
            if self._seen.reentered:
                yield of_trace("not_cured_by", "soft_reset", tries)

    def _when(self, at_s: float) -> str:
        """A time of the trace, for people."""
        return f"at {at_s - self._reader.begin_s:.3f} s"

    def _stood(self) -> tuple[str, float, float]:
        """The phase at the fault that led nowhere, since when, and when that was."""
        seen, steps = self._seen, self._reader.steps
        step = self._step_of_code()
        if step is not None:
            return step, steps.since_s, seen.at_last_s
        if self._code.startswith("DFU-UNIT") and seen.refused is not None:
            is_of_image = seen.refused.ext_error == ExtError.VERIFICATION_FAILED
            phase = seen.refused_phase or ("final_execute" if is_of_image else "")
            return phase, seen.refused.at_s, seen.refused.at_s
        if seen.faults:
            last = seen.faults[-1]
            return last.phase, last.since_s, last.at_s - self._noticed_after_s()
        # The row of attempts that led nowhere may have begun before the trace, in another step.
        phase = steps.phase if self._reader.is_whole or not self._reader.has_failed else ""
        return phase, steps.since_s, seen.at_last_s

    def _step_of_code(self) -> str | None:
        """The step that the code says; empty: what would say it is missing; ``None``: none."""
        if self._ending.is_not_in_place:
            return "activation"
        if self._ending.is_of_application:
            return "discover"
        return "" if self._ending.is_cut_off else PHASES.get(self._code)

    def _noticed_after_s(self) -> float:
        """How long after it was gone the loss of the unit was noticed."""
        lost = self._seen.lost
        is_late = lost is not None and lost.hci_reason == SUPERVISION_TIMEOUT
        return self._seen.supervision_s if is_late else 0.0

    def _is_clock(self) -> bool | None:
        """Whether the link was lost when a time was over, whatever was being done.

        ``None``: nobody can say, where both the times and what was being done are the same.
        """
        losses = [each for each in self._seen.losses if each.after_jump_s is not None]
        times = [each.after_jump_s or 0.0 for each in losses]
        if len(times) < CLOCK_LOSSES:
            return None
        if max(times) - min(times) > CLOCK_SPREAD * max(times):
            return False
        return True if len({each.phase for each in losses}) > 1 else None

    def _kind(self, phase: str) -> str:
        """The first abnormal thing of what led nowhere."""
        code = self._seen.faults[-1].code if self._seen.faults else self._code
        if self._code.startswith("DFU-UNIT"):
            return "error_code"
        if self._ending.is_silent_after_all:
            return "unit_hang"
        if self._ending.is_mute and self._reader.aftermath.restarted is not None:
            return "unit_reset"
        if self._ending.may_have_spoken:
            return ""
        kind = KINDS.get(code) or KINDS.get(self._code, "")
        if kind == "not_found" and not phase:  # nobody knows what was looked for
            return ""
        # It was heard, so that it is there: it is the connection that does not come about.
        return "timeout" if kind == "not_found" and phase.startswith("connect") else kind

    def _answers(self) -> Iterator[Evidence]:
        """The answer of the unit with which it ended; of a part of a trace, as its end tells it."""
        refused = self._seen.refused
        has_end = self._reader.finished is not None
        is_last = self._code.startswith("DFU-UNIT") if has_end else _is_final(refused)
        if refused is not None and is_last:
            yield from answered(refused, self._reader.place_of(refused))
        elif self._reader.finished is not None:
            yield from answered_by_code(self._code, self._reader.place_of(self._reader.finished))

    def _codes(self) -> Iterator[Evidence]:
        refused, lost = self._seen.refused, self._seen.lost
        answers = tuple(self._answers())
        if answers:
            yield from answers
        elif lost is not None and lost.hci_reason in HCI_REASONS:
            yield _host_code(HCI_REASONS[lost.hci_reason], self._reader.place_of(lost))
        elif (told := self._lost_in_connecting()) is not None:
            reason = hci_reason_of(told[1])
            if reason in HCI_REASONS:
                yield _host_code(HCI_REASONS[reason], self._reader.place_of(told[0]))
        failed_hash = refused is not None and refused.ext_error == ExtError.VERIFICATION_FAILED
        if failed_hash and self._seen.bad_crc is None and self._reader.is_whole:
            yield flag("crc_of_all_objects_ok", "every CRC it was asked for")

    def _lost_in_connecting(self) -> tuple[Event, str] | None:
        """What tells, in a sentence alone, how the link was lost before it was one."""
        step, end = self._seen.lost_in_connecting, self._reader.finished
        if step is not None:
            return step, step.reason
        return (end, end.message) if end is not None and self._ending.is_given_up else None

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

    def _aftermath(self) -> Iterator[Evidence]:
        """What the bootloader tells behind the last image."""
        found = self._reader.aftermath
        if self._code == Code.PORT_NONSENSE:  # it runs: whether it has restarted, nobody saw
            yield from _runs_a_program(f"its error, {self._code}")
        elif found.text is not None and self._ending.is_not_in_place:
            yield from _runs_a_program(self._reader.place_of(found.text))
        if found.settings_lost is not None:
            yield flag("settings_page_blank_or_bad_crc", self._reader.place_of(found.settings_lost))
        elif found.settings_kept is not None:
            where = self._reader.place_of(found.settings_kept)
            yield flag("settings_page_blank_or_bad_crc", where, seen=False)
            if found.is_invalid and self._ending.is_not_in_place:
                yield flag("app_copy_invalid", where)
        if found.in_place is not None:
            yield flag("soft_reset_returns_to_dfu", self._reader.place_of(found.in_place))


def _is_final(refused: events.Refused | None) -> bool:
    """Whether an update ends with an answer: what an extended error answers is not passed over."""
    return refused is not None and refused.ext_error is not None


def of_trace(name: str, value: str, where: str, *, seen: bool = True) -> Evidence:
    """Evidence of firmline's own trace."""
    return Evidence(field=name, value=value, origin=Origin.TRACE, where=where, seen=seen)


def _runs_a_program(where: str) -> Iterator[Evidence]:
    """It speaks, and is no bootloader."""
    for value in NO_PROGRAM:
        yield of_trace("end_state", value, where, seen=False)


def _host_code(value: str, where: str) -> Evidence:
    return of_trace("host_code", value, where)


def flag(value: str, where: str, *, seen: bool = True) -> Evidence:
    """The same of the field that takes several values."""
    return of_trace("flags", value, where, seen=seen)
