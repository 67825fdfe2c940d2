"""What the lines of a log come to: the steps, the fault that led nowhere, and how far it got.

The rules are those of :mod:`firmline.diagnosis.trace_evidence`: the last step begun is ``phase``,
the first visible fault ``failure_kind``. A host may try again by itself: a fault behind which the
update got further than it ever was is overcome, and the next one is the first again. A log that
ends without a fault and without success has a phase, and nothing that failed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Final

from firmline.diagnosis.evidence import Evidence, Origin
from firmline.diagnosis.logs.answers import BUTTONLESS, LEGACY, SECURE, SUCCESS, refused
from firmline.diagnosis.logs.lines import Line
from firmline.diagnosis.logs.signs import Told
from firmline.diagnosis.vocabulary import vocabulary
from firmline.errors import shortened

INSTANT_S: Final = 2.0
"""Below that it failed at once, by the definition of the vocabulary."""
GIVEN_UP_S: Final = 5.0
"""A connection that is lost before it stood was waited for if it took longer; ours: phones give up
after 10 or 30 s, and a stack that fails by itself does so within a second."""
RESTARTS: Final = 2
"""Starts of the bootloader behind a fault from which on it is a loop; ours: one is a try again."""
DAY_S: Final = 86400
FIRST_PACKETS: Final = 0.015
"""About one percent of an image, by the definition of the vocabulary."""
OBJECT_SIZE: Final = 4096
"""Of a data object: a page of flash (bootloader spec, section 2.4)."""
_IN_BOOTLOADER: Final = {
    "scan": "find_bootloader",
    "connect": "connect_bootloader",
    "discover": "discover_bootloader",
}
"""Steps that the same words tell of, before and behind the jump."""
_BEHIND: Final = {"enter_bootloader": "find_bootloader", "final_execute": "activation"}
"""What begins when the link is lost that a unit drops as it should: it restarts."""
_NO_TRANSFER: Final = ("", "bootloader_boot")
"""Steps of which nobody can say how far the image got."""
_CONNECTING: Final = ("connect", "connect_bootloader")
_MAX_WHERE: Final = 100


@dataclass(slots=True)
class _Fault:
    """A row of faults, none of which was overcome."""

    phase: str
    kind: str
    line: Line
    is_instant: bool
    lasting: bool
    reached: int
    most: int
    is_fixed: bool = True
    """Whether it got to the same place each time."""
    values: dict[str, tuple[str, Line]] = field(default_factory=dict)
    begun_again: bool = False
    repeated: bool = False
    restarts: int = 0

    def get_to(self, offset: int) -> None:
        """How far it got when it failed once more."""
        self.is_fixed = self.is_fixed and offset == self.reached
        self.reached, self.most = offset, max(self.most, offset)


class Story:
    """Hears what the lines of one log tell, in their order."""

    def __init__(self) -> None:
        self._facts: dict[tuple[str, str], Line] = {}
        self._phase = ""
        self._phase_line = Line(0, "")
        self._since_s: float | None = None
        self._fault: _Fault | None = None
        self._in_bootloader = False
        self._reached = self._size = self._percent = 0
        self._confirmed = self._last = False
        self._succeeded = self._started = False

    def hear(self, told: Told, line: Line) -> None:
        """What one line tells."""
        self._in_bootloader = self._in_bootloader or told.in_bootloader
        fault = self._fault
        if told.fault and told.phase and fault is not None and not fault.phase:
            self._phase, fault.phase = told.phase, told.phase  # the log begins behind the step
        elif told.phase:
            self._begin(told.phase, line)
        elif told.reached and self._gets_to(told):
            self._begin(told.reached, line)
        self._measure(told, line)
        if told.answer is not None and told.answer != SUCCESS:
            told = refused(self._responder(), told.answer, request=told.request)
        if told.of_select and self._phase == "init_transfer":
            self._phase = "discover_bootloader"
        if told.fault and told.within in ("", self._phase):
            self._fail(told, line)
        elif not told.within:
            for name, value in told.values:
                self._learn(name, value, line)
        if told.succeeded:
            self._succeeded, self._fault = True, None
        self._started = told.started or (self._started and not told.phase and not told.fault)

    def _gets_to(self, told: Told) -> bool:
        """Whether the step that a line shows to be under way is a later one than the last."""
        if told.reached_from:
            return self._fault is None and self._phase in ("", told.reached_from)
        return self._fault is not None or _order(self._phase) < _order(told.reached)

    def _learn(self, name: str, value: str, line: Line) -> None:
        """A fact; of a field that takes one value the first that is told stays."""
        if vocabulary()[name].many or all(known != name for known, _ in self._facts):
            self._facts.setdefault((name, value), line)

    def _begin(self, phase: str, line: Line) -> None:
        if self._in_bootloader:
            phase = _IN_BOOTLOADER.get(phase, phase)
        if phase in ("enter_bootloader", "find_bootloader"):
            self._in_bootloader = True
        self._succeeded = False
        fault = self._fault
        if fault is not None:
            fault.begun_again = True
            fault.restarts += phase == "bootloader_boot" and phase != self._phase
            if not fault.lasting and _order(phase) > _order(fault.phase):
                self._fault = None
        if phase != self._phase or fault is not None:
            self._since_s = line.time_s
        self._phase, self._phase_line = phase, line

    def _measure(self, told: Told, line: Line) -> None:
        """How far it got."""
        if told.size is not None:
            self._size, self._last = told.size, told.last
        if told.percent is not None:
            self._percent = told.percent
        if told.offset is not None:
            self._confirm(told.offset, line)
        if told.executes and self._phase == "init_transfer":
            self._begin("init_execute", line)
        elif told.executes and self._phase == "data_transfer" and self._last:
            self._begin("final_execute", line)

    def _confirm(self, offset: int, line: Line) -> None:
        """The unit has told how much it has: of the init packet, or of the image."""
        if self._phase == "init_transfer":
            if offset:
                self._begin("init_execute", line)
            else:
                self._learn("flags", "init_crc_offset_zero", line)
        if self._phase != "data_transfer":
            return
        fault = self._fault
        if fault is not None and not fault.lasting and offset > fault.most:
            self._fault = None
        self._reached, self._confirmed = offset, True
        if self._last and self._size and offset >= self._size:
            self._begin("final_execute", line)

    def _responder(self) -> int:
        """Who gives an answer, by the step."""
        if self._phase in ("enter_bootloader", "find_bootloader"):
            return BUTTONLESS
        return LEGACY if ("bootloader", "legacy") in self._facts else SECURE

    def _fail(self, told: Told, line: Line) -> None:
        kind = told.fault
        if kind == "disconnect" and self._is_expected(line):
            return
        if kind == "disconnect" and self._phase in _CONNECTING:
            kind = "timeout" if self._took(line) > GIVEN_UP_S else kind
        if self._fault is None:
            self._fault = _Fault(
                phase=self._phase,
                kind=kind,
                line=line,
                is_instant=self._since_s is not None and 0 <= self._took(line) < INSTANT_S,
                lasting=told.lasting,
                reached=self._reached,
                most=self._reached,
            )
        elif self._fault.begun_again:
            self._fault.repeated, self._fault.begun_again = True, False
            self._fault.get_to(self._reached)
        self._succeeded = False
        if self._is_of_another(kind):
            return
        for name, value in told.values:
            self._fault.values.setdefault(name, (value, line))

    def _is_of_another(self, kind: str) -> bool:
        """Whether a fault is not the first one any more: the host hangs up, or has tried again."""
        first = self._fault
        if first is None or kind == first.kind:
            return False
        return first.repeated or (first.kind == "error_code" and kind == "disconnect")

    def _is_expected(self, line: Line) -> bool:
        """Whether the unit restarts as it should, which begins another step."""
        if self._succeeded or self._phase in _BEHIND.values():
            return True
        if self._fault is not None or self._phase not in _BEHIND:
            return False
        self._begin(_BEHIND[self._phase], line)
        return True

    def _took(self, line: Line) -> float:
        """Seconds since the step was begun; below 0: not known."""
        now_s = line.time_s
        if now_s is None or self._since_s is None:
            return -1.0
        return (now_s - self._since_s) % DAY_S

    # What it comes to.

    @property
    def has_ended(self) -> bool:
        """Whether the log shows how the update ended."""
        return self._succeeded or self._started or self._fault is not None

    @property
    def shows_failure(self) -> bool:
        """Whether the log shows that something went wrong, and was not overcome."""
        is_wrong = any(name == "end_state" for name, _ in self._facts)
        return self._fault is not None or is_wrong

    @property
    def phase(self) -> str:
        """The last step that was begun; empty: none."""
        return self._phase

    @property
    def has_ended_well(self) -> bool:
        """Whether the log shows an update that succeeded, or an image that was started."""
        return self._succeeded or self.has_started_an_image

    @property
    def has_started_an_image(self) -> bool:
        """Whether a bootloader has started an image, and nothing was wrong with it before."""
        return self._started and not self.shows_failure

    @property
    def has_begun(self) -> bool:
        """Whether the log shows any step of an update."""
        return bool(self._phase)

    def evidence(self) -> Iterator[Evidence]:
        """What the log shows; of an update that succeeded, what is known of host and unit."""
        for (name, value), line in self._facts.items():
            yield _of_log(name, value, line)
        if self.has_ended_well:
            return
        if self._fault is not None:
            yield from self._failure(self._fault)
        elif self._phase:
            yield _of_log("phase", self._phase, self._phase_line)

    def _failure(self, fault: _Fault) -> Iterator[Evidence]:
        if fault.phase:
            yield _of_log("phase", fault.phase, fault.line)
        yield _of_log("failure_kind", fault.kind, fault.line)
        for name, (value, line) in fault.values.items():
            yield _of_log(name, value, line)
        if fault.is_instant:
            yield _of_log("time_to_failure", "instant", fault.line)
        progress = self._progress(fault)
        if progress:
            yield _of_log("progress", progress, fault.line)
        if fault.restarts >= RESTARTS:
            yield _of_log("end_state", "reset_loop", fault.line)
        if fault.repeated and not fault.lasting:
            yield _of_log("not_cured_by", "retry", fault.line)

    def _progress(self, fault: _Fault) -> str:
        """How far the image got; empty: the log does not show it."""
        if fault.phase in _NO_TRANSFER or _order(fault.phase) > _order("final_execute"):
            return ""
        if _order(fault.phase) < _order("data_transfer"):
            return "none"
        if fault.phase == "final_execute":
            return "end"
        if fault.repeated and fault.reached and fault.is_fixed:
            return "fixed_offset"
        if self._confirmed:
            return self._of_offset(fault.reached)
        return self._of_percent()

    def _of_offset(self, reached: int) -> str:
        if not reached:
            return "none"
        if self._size and reached >= self._size:
            return "end"
        if self._size and reached <= self._size * FIRST_PACKETS:
            return "first_packets"
        return "first_object" if reached < OBJECT_SIZE else "random_offset"

    def _of_percent(self) -> str:
        if not self._percent:
            return ""
        if self._percent >= 100:
            return "end"
        return "first_packets" if self._percent <= 1 else "random_offset"


@cache
def _order(phase: str) -> int:
    """Where a step stands in an update; -1: none."""
    phases = tuple(vocabulary()["phase"].meanings)
    return phases.index(phase) if phase in phases else -1


def _of_log(name: str, value: str, line: Line) -> Evidence:
    return Evidence(field=name, value=value, origin=Origin.LOG, where=_where(line))


def _where(line: Line) -> str:
    """The place in the log, short, and without anything that a terminal would obey."""
    text = "".join(each if each.isprintable() else " " for each in line.text[:_MAX_WHERE])
    return f"line {line.number}: {shortened(' '.join(text.split()))}"
