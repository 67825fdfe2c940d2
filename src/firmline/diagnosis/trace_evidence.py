"""Evidence from firmline's own traces: what the stream of events of an update shows.

Rules of this module:

* The events are read as they came, once; what they come to is told at the end. Only what an event
  shows is evidence: what was not tried or not seen stays out, and so does what every trace of
  firmline's shows (the application that runs before the jump, a large MTU, no receipts), of which a
  person would speak only where it matters.
* firmline tries again by itself. What counts is where it stood when the last row of attempts that
  led nowhere began, which is where a host that gives up at once would have stopped.
* A trace that ended well has evidence of the unit, and of nothing that failed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from firmline import events
from firmline.diagnosis.evidence import Evidence, Incident, Origin
from firmline.diagnosis.steps import Steps
from firmline.errors import Code, shortened
from firmline.events import Event, Outcome, UnitMode
from firmline.formats.known_softdevices import known_softdevices
from firmline.formats.trace import Trace
from firmline.protocol.codes import ExtError, ResultCode
from firmline.values import Fwid

INSTANT_S: Final = 2.0
"""Below that it failed at once, by the definition of the vocabulary."""
LOW_RSSI_DBM: Final = -85
"""A signal below that is weak: 1M PHY receivers of the nRF5x end at about -95 dBm; ours."""
LOW_BATTERY_PERCENT: Final = 20
FIRST_PACKETS: Final = 0.015
"""About one percent of an image, by the definition of the vocabulary."""
LINKS: Final = {"radio": "ble", "port": "uart", "usb": "usb"}
"""What :class:`~firmline.events.LinkDeclared` calls a link, and the vocabulary."""
REENTER: Final = "reenter"
"""The ladder's word for a restart through the application (:mod:`firmline.updater.ladder`)."""
SET_NAME: Final = "set_advertising_name"
HCI_REASONS: Final = frozenset({0x05, 0x06, 0x08, 0x13, 0x16, 0x22, 0x3E})
"""Reasons of a disconnection that the vocabulary has."""
SDK_OF_SOFTDEVICE: Final = (
    ("7.2.", "sdk_17"),
    ("7.3.", "sdk_17"),
    ("7.0.", "sdk_16"),
    ("6.1.1", "sdk_15_3"),
    ("6.", "sdk_15"),
    ("5.", "sdk_13_14"),
    ("4.", "sdk_13_14"),
    ("3.", "sdk_12"),
    ("2.", "sdk_le11"),
)
"""Which SDK comes with a SoftDevice, by how its version begins, of the nRF52's."""


def evidence_of_traces(traces: Iterable[Trace]) -> Incident:
    """What traces of one unit show, the oldest first.

    What differs between them is told of the last one that failed, which is the one that was given
    to be explained; the others of the same unit say how often it fails. Nothing is taken from those
    of other units.
    """
    every = [_Reader(trace) for trace in traces]
    updates = [reader for reader in every if reader.is_update]
    failed = [reader for reader in updates if not reader.is_updated]
    chosen = (failed or updates or every)[-1:]
    told = [reader for reader in every if reader.may_be_of(chosen[0].unit)]
    updates = [reader for reader in told if reader.is_update]
    incident = Incident()
    for reader in chosen:
        others = {each.unit for each in every} - {each.unit for each in told}
        incident = incident.with_more(reader.evidence(), [*reader.unused(), *_left_out(others)])
    for reader in told:
        incident = incident.with_more(
            each for each in reader.facts() if each.field not in incident.by_field()
        )
    return incident.with_more(_how_often(updates))


def _left_out(units: Collection[str]) -> Iterator[str]:
    if units:
        names = shortened(", ".join(sorted(units)))
        yield f"Traces of other units: only the last unit that failed is explained, not {names}."


def _how_often(updates: list[_Reader]) -> Iterator[Evidence]:
    """When it fails, of several attempts."""
    failed = sum(not reader.is_updated for reader in updates)
    if len(updates) < 2 or not failed:
        return
    value = "always" if failed == len(updates) else "once" if failed == 1 else "intermittent"
    where = f"{failed} of {len(updates)} attempts failed"
    yield Evidence(field="reproducibility", value=value, origin=Origin.TRACE, where=where)


@dataclass(slots=True)
class _Fault:
    """Where an attempt stood when something went wrong."""

    at_s: float
    phase: str
    since_s: float
    observed: str
    code: str
    reached: int


@dataclass(slots=True)
class _Seen:
    """What one trace holds, while it is read."""

    faults: list[_Fault] = field(default_factory=list)
    refused: events.Refused | None = None
    refused_phase: str = ""
    lost: events.LinkLost | None = None
    reached: int = 0
    size: int = 0
    executed: int = 0
    mode: UnitMode | None = None
    restarts: int = 0
    bad_crc: events.CrcChecked | None = None
    sent: bool = False
    reentered: bool = False
    jumped: bool = False
    at_last_s: float = 0.0


class _Reader:
    """Reads one trace."""

    def __init__(self, trace: Trace) -> None:
        self._trace = trace
        self._steps = Steps()
        self._seen = _Seen()
        self._flags: dict[str, str] = {}
        self._facts: list[Evidence] = []
        for event in trace.events:
            self._steps.hear(event)
            self._hear(event)
        finished = trace.finished
        self._finished = finished if isinstance(finished, events.UpdateFinished) else None
        self.is_update = any(isinstance(each, events.UpdateStarted) for each in trace.events)
        self.is_updated = self._finished is not None and self._finished.outcome is Outcome.UPDATED

    # Reading.

    def _hear(self, event: Event) -> None:
        self._seen.at_last_s = event.at_s
        match event:
            case events.ImageStarted(index=index, size=size):
                self._seen.size, self._seen.reached = size, 0
                if index:
                    self._flag("second_part_of_combined", event)
            case events.ImageDescribed(size=size) if size % 4:
                self._flag("image_length_not_multiple_of_4", event)
            case events.PacketsSent(object_type="data", offset=offset):
                self._seen.reached = max(self._seen.reached, offset)
            case events.ObjectExecuted(object_type="data", offset=offset):
                self._seen.executed = max(self._seen.executed, offset)
            case events.Refused():
                self._seen.refused, self._seen.refused_phase = event, self._steps.phase
                if event.request == SET_NAME:
                    self._flag("fails_after_set_name", event)
            case events.LadderStepped():
                self._climb(event)
            case events.SessionRepeated(code=code) if event.attempt <= 2:
                self._fault(event, "answer-missing", code)
            case _:
                self._check(event)

    def _check(self, event: Event) -> None:
        """An object or an image is at its end."""
        match event:
            case events.CrcChecked():
                self._compare(event)
            case events.ImageSent():
                self._seen.sent = True
            case _:
                self._meet(event)

    def _meet(self, event: Event) -> None:
        """A unit is seen, met or lost."""
        match event:
            case events.Connected(mode=mode):
                self._arrive(mode)
            case events.UsbUnitSeen(mode=mode) if mode is not None:
                self._arrive(mode)
            case events.BootloaderAnswered():
                self._arrive(UnitMode.BOOTLOADER)
            case events.ApplicationSeen():
                self._arrive(UnitMode.APPLICATION)
            case events.EnteringBootloader():
                self._seen.jumped = True
            case events.LinkLost(expected=False):
                self._seen.lost = event
            case _:
                self._note(event)

    def _note(self, event: Event) -> None:
        """Something else that is a fact as it is."""
        match event:
            case events.LinkEncrypted():
                self._flag("bonded_buttonless", event)
            case events.Resumed(object_type="data"):
                self._flag("resumes_at_old_offset", event)
            case events.SignalMeasured(rssi_dbm=rssi) if rssi < LOW_RSSI_DBM:
                self._flag("rssi_low", event)
            case _:
                self._learn(event)

    def _learn(self, event: Event) -> None:
        """Something is known of link or unit."""
        match event:
            case events.LinkDeclared(link=link) if link in LINKS:
                self._fact("transport", LINKS[link], event)
            case events.RadioVersionSeen(subversion=fwid):
                sdk = _sdk_of(fwid)
                if sdk:
                    self._fact("sdk", sdk, event)
            case events.FactFound(fact="chip", value=value):
                chip = _chip_of(value)
                if chip:
                    self._fact("chip", chip, event)
            case events.FactFound(fact="battery_level", value=value) if value.isdigit():
                if int(value) <= LOW_BATTERY_PERCENT:
                    self._flag("battery_low", event)
            case _:
                pass

    def _arrive(self, mode: UnitMode) -> None:
        seen = self._seen
        if mode is UnitMode.APPLICATION and seen.mode is UnitMode.BOOTLOADER and not seen.sent:
            seen.restarts += 1
        seen.mode = mode

    def _compare(self, event: events.CrcChecked) -> None:
        if (event.offset, event.crc) == (event.expected_offset, event.expected_crc):
            return
        self._seen.bad_crc = event
        if event.object_type == "command" and not event.offset and event.expected_offset:
            self._flag("init_crc_offset_zero", event)

    def _climb(self, event: events.LadderStepped) -> None:
        """The ladder goes on: the first step of a row says where the attempt stood."""
        if event.step == REENTER:  # behind another step, to get back to where it stood
            self._seen.reentered = True
        elif event.attempt == 1:
            self._fault(event, event.fault, event.code)

    def _fault(self, event: Event, observed: str, code: str) -> None:
        self._seen.faults.append(
            _Fault(
                at_s=event.at_s,
                phase=self._steps.phase,
                since_s=self._steps.since_s,
                observed=observed,
                code=code,
                reached=self._seen.reached,
            )
        )

    def _flag(self, value: str, event: Event) -> None:
        self._flags.setdefault(value, _where(event))

    def _fact(self, name: str, value: str, event: Event) -> None:
        self._facts.append(
            Evidence(field=name, value=value, origin=Origin.TRACE, where=_where(event))
        )

    # What it comes to.

    @property
    def unit(self) -> str:
        """What the user named, without its options; empty: the trace has lost its beginning."""
        kinds = events.UpdateStarted | events.InspectionStarted
        named = (event.unit for event in self._trace.events if isinstance(event, kinds))
        return next(named, "").partition("?")[0]

    def may_be_of(self, unit: str) -> bool:
        """Whether it is of a unit, as far as both say of which they are."""
        return not unit or self.unit in ("", unit)

    def facts(self) -> Iterator[Evidence]:
        """What is known of link and unit, whatever failed."""
        yield from self._facts
        if self.is_update:
            yield self._of_trace("host_tool", "own_host")
        if self._seen.mode is UnitMode.BOOTLOADER or self._seen.size:
            yield self._of_trace("bootloader", "secure")

    def unused(self) -> Iterator[str]:
        """What the trace does not tell."""
        if not self.is_update:
            yield "A trace of no update: only what it says of the unit is used."
        elif self._finished is None:
            yield "The trace has no end: where it breaks off is taken for where it failed."
        if self._trace.is_cut:
            yield "The last line of the trace is cut off."

    def evidence(self) -> Iterator[Evidence]:
        """What the attempt shows; of one that succeeded, what is known of the unit."""
        yield from self.facts()
        for flag, where in self._flags.items():
            yield Evidence(field="flags", value=flag, origin=Origin.TRACE, where=where)
        if self.is_update and not self.is_updated:
            yield from self._failure()

    def _failure(self) -> Iterator[Evidence]:
        phase, since_s, at_s = self._stood()
        if phase:
            yield self._of_trace("phase", phase)
            if at_s - since_s < INSTANT_S:
                yield self._of_trace("time_to_failure", "instant")
        kind = self._kind()
        if kind:
            yield self._of_trace("failure_kind", kind)
        yield from self._codes()
        yield self._of_trace("progress", self._progress())
        where = self._end_state()
        if where:
            yield self._of_trace("end_state", where)
        if self._seen.restarts:
            value = "once" if self._seen.restarts == 1 else "repeatedly"
            yield self._of_trace("unit_resets", value)
        if len(self._seen.faults) > 1 or (self._seen.faults and self._finished is not None):
            yield self._of_trace("not_cured_by", "retry")
            if self._seen.reentered:
                yield self._of_trace("not_cured_by", "soft_reset")

    def _stood(self) -> tuple[str, float, float]:
        """The phase at the fault that led nowhere, since when, and when that was."""
        seen, code = self._seen, self._code()
        if code in PHASES:
            return PHASES[code], self._steps.since_s, seen.at_last_s
        if code.startswith("DFU-UNIT") and seen.refused is not None:
            return seen.refused_phase, seen.refused.at_s, seen.refused.at_s
        if seen.faults:
            last = seen.faults[-1]
            return last.phase, last.since_s, last.at_s
        return self._steps.phase, self._steps.since_s, seen.at_last_s

    def _code(self) -> str:
        return "" if self._finished is None else self._finished.code

    def _kind(self) -> str:
        """The first abnormal thing of what led nowhere."""
        code = self._seen.faults[-1].code if self._seen.faults else self._code()
        final = self._code()
        if final.startswith("DFU-UNIT"):
            return "error_code"
        return _KINDS.get(code) or _KINDS.get(final, "")

    def _codes(self) -> Iterator[Evidence]:
        refused, lost = self._seen.refused, self._seen.lost
        if refused is not None and self._code().startswith("DFU-UNIT"):
            yield from _answered(refused)
        elif lost is not None and lost.hci_reason in HCI_REASONS:
            value = (
                f"hci_{lost.hci_reason:02x}"
                if lost.hci_reason == 0x3E
                else f"hci_{lost.hci_reason:02X}"
            )
            yield Evidence(field="host_code", value=value, origin=Origin.TRACE, where=_where(lost))
        failed_hash = refused is not None and refused.ext_error == ExtError.VERIFICATION_FAILED
        if failed_hash and self._seen.bad_crc is None:
            yield self._of_trace("flags", "crc_of_all_objects_ok")

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
        has_begun = self._seen.jumped or self._seen.size
        if self._code() == Code.UNIT_NOT_FOUND:
            return "gone_silent" if has_begun else ""
        match self._seen.mode:
            case UnitMode.BOOTLOADER:
                return "stuck_in_dfu"
            case UnitMode.APPLICATION if self._seen.size or self._seen.jumped:
                return "back_in_app"
            case UnitMode.APPLICATION:
                return "unchanged"
            case _:
                return ""

    def _of_trace(self, name: str, value: str) -> Evidence:
        return Evidence(field=name, value=value, origin=Origin.TRACE)


PHASES: Final[dict[str, str]] = {
    Code.UNIT_STAYED_IN_APPLICATION: "enter_bootloader",
    Code.UNIT_DID_NOT_RESTART: "enter_bootloader",
    Code.APPLICATION_CRASHED: "enter_bootloader",
    Code.NO_BUTTONLESS: "discover",
    Code.BOND_MISSING: "connect_bootloader",
    Code.LEGACY_DFU: "discover_bootloader",
    Code.SMP: "discover",
    Code.UNIT_DID_NOT_RETURN: "app_start",
    Code.SAME_APPLICATION_SEEN: "app_start",
    Code.NEW_APPLICATION_NOT_SEEN: "app_start",
}
"""Where an attempt failed, of codes that say so."""
_KINDS: Final[dict[str, str]] = {
    Code.LINK_LOST: "disconnect",
    Code.LINK_TIMEOUT: "timeout",
    Code.PORT_SILENT: "timeout",
    Code.LINK_REFUSED: "att_error",
    Code.UNIT_NOT_FOUND: "not_found",
    Code.PORT_NOT_FOUND: "not_found",
    Code.OBJECT_DAMAGED: "crc_mismatch",
    Code.PROGRESS_LOST: "crc_mismatch",
    Code.BUFFERS_GONE: "stall",
    Code.UNIT_STAYED_IN_APPLICATION: "none",
    Code.UNIT_DID_NOT_RESTART: "none",
    Code.UNIT_DID_NOT_RETURN: "none",
    Code.SAME_APPLICATION_SEEN: "none",
    Code.NEW_APPLICATION_NOT_SEEN: "none",
    Code.LEGACY_DFU: "att_error",
    Code.APPLICATION_CRASHED: "unit_reset",
    Code.BOND_MISSING: "disconnect",
}
"""The first thing that visibly goes wrong, by the code it would have been."""


def _answered(refused: events.Refused) -> Iterator[Evidence]:
    """The codes of the unit."""
    where = _where(refused)
    family = "b" if refused.request in events.BUTTONLESS_REQUESTS else "r"
    result = f"{family}{refused.result:02X}"
    if result in _RESULTS:
        yield Evidence(field="result_code", value=result, origin=Origin.UNIT, where=where)
    if refused.result == ResultCode.EXTENDED_ERROR and refused.ext_error is not None:
        extended = f"x{refused.ext_error:02X}"
        if extended in _EXTENDED:
            yield Evidence(field="ext_error", value=extended, origin=Origin.UNIT, where=where)


_RESULTS: Final = frozenset(
    {"r02", "r03", "r04", "r05", "r07", "r08", "r0A", "r0B", "b02", "b04", "b06", "b07"}
)
_EXTENDED: Final = frozenset(f"x{code:02X}" for code in range(0x04, 0x0E))


def _sdk_of(fwid: int) -> str:
    """The SDK that comes with a SoftDevice, by its FWID; empty: not known."""
    for row in known_softdevices():
        if row.fwid == Fwid(fwid) and row.chip == "nrf52":
            for start, sdk in SDK_OF_SOFTDEVICE:
                if row.version.startswith(start):
                    return sdk
    return ""


def _chip_of(value: str) -> str:
    """A chip in the words of the vocabulary; empty: none of them."""
    name = value.lower().replace(" ", "")
    for chip in ("nrf52832", "nrf52833", "nrf52840"):
        if chip in name:
            return chip
    if name.startswith("nrf51"):
        return "nrf51"
    return "nrf52_small" if name.startswith(("nrf52805", "nrf5281", "nrf52820")) else ""


def _where(event: Event) -> str:
    return f"{type(event).__name__} at {event.at_s:.3f} s"
