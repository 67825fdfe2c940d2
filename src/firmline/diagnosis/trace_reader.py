"""Reads one trace of firmline's, event by event, and keeps what the evidence is made of.

It draws no conclusions: those are :mod:`~firmline.diagnosis.trace_evidence`'s.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from firmline import events
from firmline.diagnosis.aftermath import Aftermath
from firmline.diagnosis.evidence import Evidence, Origin
from firmline.diagnosis.steps import Steps
from firmline.diagnosis.trace_words import LINKS, OF_THE_STATION, chip_of, place_of, sdk_of
from firmline.errors import Code
from firmline.events import Event, UnitMode
from firmline.formats.trace import Trace

LOW_RSSI_DBM: Final = -85
"""A signal below that is weak: 1M PHY receivers of the nRF5x end at about -95 dBm; ours."""
LOW_BATTERY_PERCENT: Final = 20
REENTER: Final = "reenter"
"""The ladder's word for a restart through the application (:mod:`firmline.updater.ladder`)."""
LINK_LOST: Final = "link-lost"
"""What it calls a lost link (:class:`firmline.updater.ladder.Observed`)."""
SUPERVISION_TIMEOUT: Final = 0x08
"""HCI reason of a link on which nothing was heard for a while (Core spec, Vol 1, Part F)."""
SET_NAME: Final = "set_advertising_name"
LATE_S: Final = 0.1
"""Events may be written a little later than they happened; ours."""
SOONEST_RESTART_S: Final = 0.1
"""A restarted unit does not advertise sooner: its bootloader first looks whether it is wanted, and
a 32 kHz crystal takes about 0.25 s to start (nRF52832 product specification, LFXO)."""


@dataclass(slots=True)
class Fault:
    """Where an attempt stood when something went wrong."""

    at_s: float
    phase: str
    since_s: float
    observed: str
    code: str
    reached: int


@dataclass(frozen=True, slots=True)
class Loss:
    """The link to the bootloader was lost."""

    at_s: float
    phase: str
    after_jump_s: float | None
    """Since the application had agreed to restart; ``None``: it was not asked since the last."""


@dataclass(slots=True)
class Seen:
    """What one trace holds, while it is read."""

    faults: list[Fault] = field(default_factory=list)
    losses: list[Loss] = field(default_factory=list)
    refused: events.Refused | None = None
    refused_phase: str = ""
    step: str = ""
    """What the ladder has tried last, but for the way back into the bootloader."""
    lost: events.LinkLost | None = None
    lost_in_connecting: events.LadderStepped | None = None
    """The link was lost before it was one, so that only the sentence of the step says how."""
    reached: int = 0
    size: int = 0
    has_image: bool = False
    """Whether the beginning of an image was seen; else it lies before that of the trace."""
    executed: int = 0
    mode: UnitMode | None = None
    restarts: int = 0
    quick_returns: int = 0
    """How often the bootloader was seen again sooner than any restart takes."""
    bad_crc: events.CrcChecked | None = None
    sent: bool = False
    reentered: bool = False
    jumped: bool = False
    jumped_at_s: float | None = None
    """When the application agreed to restart, until the link is lost."""
    supervision_s: float = 0.0
    """How long after a restart the loss of the link is noticed, as the asked ones show."""
    pings_in_vain: bool = False
    at_last_s: float = 0.0


class Reader:
    """Reads one trace.

    Args:
        trace: The trace.
        is_mixed: Whether lines of it may stand in another one: the file they come from is in no
            order.

    Attributes:
        trace: The trace.
        begin_s: When it begins, as it counts.
        steps: Which step was begun last.
        seen: What it holds.
        aftermath: What the bootloader tells behind the last image.
        flags: What was seen beside that, each with its place.
        in_vain: What was looked for and is not so, likewise.
        told: What is known of link and unit.
        finished: Its end; ``None``: it has none.
        is_update: Whether it is of an update.
        is_updated: Whether that succeeded.
        is_begun: Whether it has the beginning of the update, and all that came behind it in its
            order: what it does not show did not happen.
        is_whole: The same, of the last image at least.
        runs_back: The first event whose time lies before that of the one in front of it.
        is_in_order: Whether what stands behind something has happened behind it.
    """

    def __init__(self, trace: Trace, *, is_mixed: bool = False) -> None:
        self.trace = trace
        self.begin_s = trace.begin_s
        self.runs_back = first_back(trace)
        self.is_in_order = self.runs_back is None and not is_mixed
        self.is_begun = trace.is_begun and self.is_in_order
        self.steps = Steps(is_begun=self.is_begun)
        self.steps.since_s = self.begin_s
        self.seen = Seen()
        self.aftermath = Aftermath(is_begun=self.is_begun)
        self.flags: dict[str, str] = {}
        self.in_vain: dict[str, str] = {}
        self.told: list[Evidence] = []
        self.seen.at_last_s = self.begin_s
        for event in trace.events:
            self.steps.hear(event)
            self.aftermath.hear(event)
            self._hear(event)
        finished = trace.finished
        self.finished = finished if isinstance(finished, events.UpdateFinished) else None
        self.is_update, self.is_updated = trace.is_update, trace.is_updated
        self.is_whole = self.is_begun or (self.seen.has_image and self.is_in_order)

    @property
    def is_part(self) -> bool:
        """Whether it is a part of what happened, or all of it in no order.

        Then it shows what it has; of what it does not show nobody knows whether it happened.
        """
        return not self.is_begun or self.finished is None

    @property
    def is_end_shown(self) -> bool:
        """Whether it has all that came behind the last image, if anything did."""
        return self.is_begun or self.seen.sent

    @property
    def code(self) -> str:
        """The error that it ended with; empty: none, or no end."""
        return "" if self.finished is None else self.finished.code

    @property
    def has_failed(self) -> bool:
        """Whether anything went wrong; else it breaks off, or was stopped, on the way."""
        seen = self.seen
        has_end = self.finished is not None and self.code != Code.INTERRUPTED
        return has_end or bool(seen.faults) or seen.refused is not None or seen.lost is not None

    @property
    def shows_failure(self) -> bool:
        """Whether it is of an update, and something of it has failed on the unit's side."""
        is_of_station = self.code.startswith(OF_THE_STATION)
        return self.is_update and self.has_failed and not is_of_station

    @property
    def is_recovered(self) -> bool:
        """Whether an update succeeded, and something had gone wrong before."""
        return self.is_updated and bool(self.seen.faults)

    @property
    def unit(self) -> str:
        """What the user named, without its options; empty: the trace has lost its beginning."""
        kinds = events.UpdateStarted | events.InspectionStarted
        named = (event.unit for event in self.trace.events if isinstance(event, kinds))
        return next(named, "").partition("?")[0]

    def place_of(self, event: Event) -> str:
        """The place of an event, for people: seconds from the beginning, as the time line has."""
        return place_of(event, self.begin_s)

    def may_be_of(self, unit: str) -> bool:
        """Whether it is of a unit, as far as both say of which they are."""
        return not unit or self.unit in ("", unit)

    def _hear(self, event: Event) -> None:
        self.seen.at_last_s = event.at_s
        match event:
            case events.ImageStarted(index=index, size=size):
                self.seen.size, self.seen.reached, self.seen.has_image = size, 0, True
                if index:
                    self._flag("second_part_of_combined", event)
            case events.ImageDescribed(size=size):
                self._find("image_length_not_multiple_of_4", event, so=size % 4 != 0)
            case events.PacketsSent(object_type="data", offset=offset, size=size):
                self.seen.size, self.seen.reached = size, max(self.seen.reached, offset)
            case events.ObjectExecuted(object_type="data", offset=offset):
                self.seen.executed = max(self.seen.executed, offset)
            case events.Refused():
                self.seen.refused, self.seen.refused_phase = event, self.steps.phase
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
                self.seen.sent = True
            case events.RequestSent(request="ping"):
                self.seen.pings_in_vain = True
            case events.AnswerReceived():
                self.seen.pings_in_vain = False
            case events.RequestSent(request="mtu_get"):  # whose answer every frame then keeps to
                self._find("frame_longer_than_mtu", event, so=False)
            case _:
                self._meet(event)

    def _meet(self, event: Event) -> None:
        """A unit is seen, met or lost."""
        match event:
            case events.UnitSeen():
                self._return(event)
            case events.Connected(mode=mode):
                self._arrive(mode, event)
            case events.UsbUnitSeen(mode=mode) if mode is not None:
                self._arrive(mode, event)
            case events.BootloaderAnswered():
                self._arrive(UnitMode.BOOTLOADER, None)
            case events.ApplicationSeen():
                self._arrive(UnitMode.APPLICATION, event)
            case events.EnteringBootloader():
                self.seen.jumped, self.seen.jumped_at_s = True, event.at_s
            case events.LinkLost(expected=False):
                self.seen.lost = event
            case events.LinkLost(hci_reason=reason) if reason == SUPERVISION_TIMEOUT:
                self._time_out(event)
            case _:
                self._note(event)

    def _note(self, event: Event) -> None:
        """Something else that is a fact as it is."""
        match event:
            case events.LinkEncrypted():
                self._flag("bonded_buttonless", event)
            case events.Resumed(object_type="data"):
                self._flag("resumes_at_old_offset", event)
            case events.SignalMeasured(rssi_dbm=rssi):
                self._find("rssi_low", event, so=rssi < LOW_RSSI_DBM)
            case _:
                self._learn(event)

    def _learn(self, event: Event) -> None:
        """Something is known of link or unit."""
        match event:
            case events.LinkDeclared(link=link, capabilities=can) if link in LINKS:
                self._fact("transport", LINKS[link], event)
                if can.get("remembers_services") is False:
                    self._find("old_services_shown", event, so=False)
            case events.RadioVersionSeen(subversion=fwid):
                sdk = sdk_of(fwid)
                if sdk:
                    self._fact("sdk", sdk, event)
            case events.FactFound(fact="chip", value=value):
                chip = chip_of(value)
                if chip:
                    self._fact("chip", chip, event)
            case events.FactFound(fact="battery_level", value=value) if value.isdigit():
                self._find("battery_low", event, so=int(value) <= LOW_BATTERY_PERCENT)
            case _:
                pass

    def _time_out(self, event: events.LinkLost) -> None:
        """A restart that was asked for ends the link: by its end, or by silence."""
        if self.seen.sent:  # the bootloader ends the link before it restarts by itself
            self.seen.lost = event
        elif self.seen.jumped_at_s is not None:
            self.seen.supervision_s = event.at_s - self.seen.jumped_at_s

    def _return(self, event: events.UnitSeen) -> None:
        """It is heard again, in its bootloader."""
        losses = self.seen.losses
        if losses and self.steps.phase == "connect_bootloader":
            self.seen.quick_returns += event.at_s - losses[-1].at_s < SOONEST_RESTART_S

    def _arrive(self, mode: UnitMode, event: Event | None) -> None:
        """It is met.

        Args:
            mode: As what.
            event: How; ``None``: on a line, where a bootloader is what there has to be.
        """
        seen = self.seen
        if mode is UnitMode.APPLICATION and seen.mode is UnitMode.BOOTLOADER and not seen.sent:
            seen.restarts += 1
        is_first = self.is_begun and seen.mode is None and not seen.jumped
        if is_first and mode is UnitMode.BOOTLOADER and event is not None:
            self._flag("dfutarg_visible", event)
        seen.mode = mode

    def _compare(self, event: events.CrcChecked) -> None:
        is_right = (event.offset, event.crc) == (event.expected_offset, event.expected_crc)
        if not is_right:
            self.seen.bad_crc = event
        if event.object_type == "command" and event.expected_offset:
            self._find("init_crc_offset_zero", event, so=not event.offset)

    def _climb(self, event: events.LadderStepped) -> None:
        """The ladder goes on: the first step of a row says where the attempt stood."""
        if event.step == REENTER:  # behind another step, to get back to where it stood
            self.seen.reentered = True
            return
        self.seen.step = event.step
        if event.attempt == 1:
            self._fault(event, event.fault, event.code)
        if event.fault == LINK_LOST:
            self._lose(event)

    def _lose(self, event: events.LadderStepped) -> None:
        """The link to the bootloader was lost."""
        jumped_at_s, self.seen.jumped_at_s = self.seen.jumped_at_s, None
        after_jump_s = None if jumped_at_s is None else event.at_s - jumped_at_s
        loss = Loss(at_s=event.at_s, phase=self.steps.phase, after_jump_s=after_jump_s)
        self.seen.losses.append(loss)
        if loss.phase == "connect_bootloader":
            self.seen.lost_in_connecting = event

    def _fault(self, event: Event, observed: str, code: str) -> None:
        self.seen.faults.append(
            Fault(
                at_s=event.at_s,
                phase=self.steps.phase,
                since_s=self.steps.since_s,
                observed=observed,
                code=code,
                reached=self.seen.reached,
            )
        )

    def _find(self, value: str, event: Event, *, so: bool) -> None:
        """It was looked whether something is so."""
        if so:
            self._flag(value, event)
        else:
            self.in_vain.setdefault(value, self.place_of(event))

    def _flag(self, value: str, event: Event) -> None:
        self.flags.setdefault(value, self.place_of(event))

    def _fact(self, name: str, value: str, event: Event) -> None:
        self.told.append(
            Evidence(field=name, value=value, origin=Origin.TRACE, where=self.place_of(event))
        )


def first_back(trace: Trace) -> Event | None:
    """The first event whose time lies before that of the one in front of it; ``None``: none."""
    last_s = trace.begin_s
    for event in trace.events:
        if event.at_s < last_s - LATE_S:
            return event
        last_s = event.at_s
    return None
