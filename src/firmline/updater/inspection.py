"""One inspection of one unit: what it is made of, read without changing it.

Rules of this module:

* Without probes nothing is touched: what the application and the radio say is read where the unit
  is. Only what carries probes has it restart into its bootloader, and only if it is the unit that
  was pinned (:mod:`firmline.updater.entering`).
* A unit is left as it was found. One that was taken out of its application is sent back to it and
  seen running, whatever happened in between; one that was found in its bootloader stays there.
* Probes take the place of the init packet that a bootloader holds in RAM, so an update that was
  begun is not probed unless its loss is accepted.
* What was found until something failed is kept: the result has both.

How a unit gets back (secure-dfu-bootloader spec, sections 2.5 and 10): ABORT resets it at once,
also with the reduced protocol, and GPREGRET was cleared when it entered, so that a valid
application is started. Where ABORT does nothing, the bootloader resets itself 120 s after the last
CREATE. No flash work of ours can be under way then: no probe leads to any.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from firmline import events
from firmline.errors import (
    Code,
    ExitCode,
    FirmlineError,
    InputError,
    TransportError,
    TransportReason,
    VerifyError,
)
from firmline.events import Event, FactFound, How, UnitMode, UnitSeen
from firmline.formats.probes import ProbeSource
from firmline.links.base import Connection, Link
from firmline.protocol.channels import Channel
from firmline.protocol.framing import BleFraming
from firmline.protocol.probing import Findings
from firmline.protocol.reading import HeldObjects, read_progress, read_versions, run_probes
from firmline.protocol.requests import Abort
from firmline.updater import facts
from firmline.updater.dialogue import Dialogue
from firmline.updater.entering import PinnedUnit
from firmline.updater.facts import Missing
from firmline.updater.opening import declare_link, plan_timing
from firmline.updater.timeouts import Timeouts
from firmline.values import UnitPin


@dataclass(frozen=True, slots=True, kw_only=True)
class InspectionPlan:
    """What is to be read.

    Attributes:
        unit_name: The target as the user named it.
        address: The address of the unit's application, or its name.
        probes: What to ask its bootloader with; ``None``: it is not entered.
        public_key: Of the key that signed the probes, hexadecimal; empty without.
        stay: A unit that was taken into its bootloader is left there.
        discard_progress: Probe also where an update that was begun is lost by that.
        timeouts: How long to wait for what.
    """

    unit_name: str
    address: UnitPin
    probes: ProbeSource | None = None
    public_key: str = ""
    stay: bool = False
    discard_progress: bool = False
    timeouts: Timeouts = field(default_factory=Timeouts)


@dataclass(frozen=True, slots=True, kw_only=True)
class InspectionResult:
    """What was read, and how it ended.

    Attributes:
        finished: The last event of the stream.
        facts: What is known, in the order it was found.
        missing: What is not, and why; empty where the inspection did not come to its end.
        findings: What came of the probes.
        error: What went wrong; ``None``: nothing.
    """

    finished: events.InspectionFinished
    facts: tuple[FactFound, ...]
    missing: tuple[Missing, ...]
    findings: Findings
    error: FirmlineError | None

    @property
    def exit_code(self) -> ExitCode:
        """The exit code of a program that did nothing else."""
        return self.error.exit_code if self.error else ExitCode.DONE


class Inspection:
    """Carries out one plan over one link.

    Args:
        plan: What is to be read.
        link: The radio.
        report: Takes every event, in order, as it happens; when it returns, the event is kept.
    """

    def __init__(
        self, plan: InspectionPlan, *, link: Link, report: Callable[[Event], None]
    ) -> None:
        self._plan = plan
        self._link = link
        self._sink = report
        self._unit = PinnedUnit(
            link=link, pin=plan.address, timeouts=plan.timeouts, report=self._report
        )
        self._facts: list[FactFound] = []
        self._findings = Findings()
        self._entered = False
        self._asked_bootloader = False
        self._left_in: UnitMode | None = None

    async def run(self) -> InspectionResult:
        """Do it; errors end as a result, never as an exception (but for defects of ours)."""
        started_s = self._link.now_s()
        plan = self._plan
        with_probes = plan.probes is not None
        self._report(
            events.InspectionStarted(
                unit=plan.unit_name, with_probes=with_probes, public_key=plan.public_key
            )
        )
        self._report(declare_link(self._link))
        self._report(plan_timing(self._link, plan.timeouts))
        error: FirmlineError | None = None
        try:
            error = await self._inspect_and_return()
        except asyncio.CancelledError:
            self._finish(
                TransportError(
                    Code.INTERRUPTED,
                    "The inspection was interrupted.",
                    reason=TransportReason.LOST,
                ),
                started_s,
            )
            raise
        return self._finish(error, started_s)

    async def _inspect_and_return(self) -> FirmlineError | None:
        """Read the unit, then have it where it was; the first thing that went wrong."""
        error: FirmlineError | None = None
        try:
            await self._inspect()
        except FirmlineError as caught:
            error = caught
        if self._entered and not self._plan.stay:
            try:
                await self._see_return()
            except FirmlineError as caught:
                error = error or caught
        return error

    async def _inspect(self) -> None:
        search_s = self._plan.timeouts.search_s
        if await self._unit.is_seen(UnitMode.APPLICATION, timeout_s=search_s):
            async with self._unit.connected(self._unit.address) as connection:
                in_bootloader = Channel.CONTROL in connection.channels
                if in_bootloader and await self._unit.owns(connection):
                    # With a bond the bootloader keeps the application's address (section 11).
                    await self._ask_and_send_back(connection)
                    return
                if not in_bootloader:
                    await self._read_application(connection)
            if in_bootloader:  # of the unit whose address comes before
                await self._unit.find_beside_another()
                await self._read_bootloader()
                return
            if self._plan.probes is None:
                return
            self._entered, self._left_in = True, None  # whatever becomes of the jump
            await self._unit.enter_bootloader()
        else:
            await self._unit.find_already_there()
        await self._read_bootloader()

    # Its application.

    async def _read_application(self, connection: Connection) -> None:
        self._left_in = UnitMode.APPLICATION
        self._keep(facts.facts_of_application(connection.services, connection.channels))
        self._keep(facts.facts_of_information(await self._unit.read_information(connection)))
        level = await connection.battery_level()
        if level is not None:
            self._keep([FactFound(fact="battery_level", value=str(level), how=How.BATTERY_SERVICE)])
        version = await self._unit.radio_version(connection)
        if version is not None:
            self._keep(facts.facts_of_radio(version))

    # Its bootloader.

    async def _read_bootloader(self) -> None:
        """Find the bootloader, which is recognised by its address, and ask it."""
        try:
            async with self._unit.bootloader(timeout_s=self._plan.timeouts.search_s) as connection:
                await self._ask_and_send_back(connection)
        except TransportError as error:
            if error.code is Code.LEGACY_DFU:
                mode = FactFound(fact="mode", value=facts.LEGACY_BOOTLOADER, how=How.SERVICES)
                self._left_in = UnitMode.BOOTLOADER
                self._keep([mode])
            raise

    async def _ask_and_send_back(self, connection: Connection) -> None:
        self._left_in = UnitMode.BOOTLOADER
        dialogue = Dialogue(
            connection,
            BleFraming(mtu=connection.mtu),
            report=self._report,
            answer_timeout_s=self._plan.timeouts.answer_s,
        )
        error: FirmlineError | None = None
        try:
            await self._ask_bootloader(connection, dialogue)
        except FirmlineError as caught:
            if isinstance(caught, TransportError) and caught.reason is TransportReason.LOST:
                raise
            error = caught
        if self._entered and not self._plan.stay:
            await self._send_back(connection, dialogue)
        if error is not None:
            raise error

    async def _ask_bootloader(self, connection: Connection, dialogue: Dialogue) -> None:
        mode = FactFound(fact="mode", value=UnitMode.BOOTLOADER.value, how=How.SERVICES)
        self._keep([mode])
        version = await self._unit.radio_version(connection)
        if version is not None:
            self._keep(facts.facts_of_radio(version))
        self._asked_bootloader = True
        progress = await dialogue.run(read_progress())
        self._keep(facts.facts_of_progress(progress))
        self._keep(facts.facts_of_versions(await dialogue.run(read_versions())))
        probes = self._plan.probes
        if probes is None:
            return
        if progress and not self._plan.discard_progress:
            raise _progress_at_risk(progress)
        await dialogue.run(
            run_probes(probes, packet_size=dialogue.packet_size, found=self._on_findings)
        )
        if self._findings.problem is not None:
            raise self._findings.problem

    def _on_findings(self, findings: Findings) -> None:
        known = set(facts.facts_of_findings(self._findings))
        self._findings = findings
        self._keep(fact for fact in facts.facts_of_findings(findings) if fact not in known)

    # The way back.

    async def _send_back(self, connection: Connection, dialogue: Dialogue) -> None:
        """Ask for the reset; a unit that is gone before it has answered has understood."""
        try:
            await dialogue.say(Abort())
            await self._unit.await_drop(connection)
        except TransportError as error:
            self._report(events.LinkLost(hci_reason=error.hci_reason, expected=True))

    async def _see_return(self) -> None:
        """See the application run again: at once, or when the bootloader gives up by itself."""
        waits = self._plan.timeouts.inactivity_s
        self._left_in = None
        there = False
        if await self._unit.is_seen(UnitMode.APPLICATION, timeout_s=waits):
            async with self._unit.connected(self._unit.address) as connection:
                there = Channel.CONTROL in connection.channels
                if not there:
                    await self._unit.read_information(connection)
                    self._left_in = UnitMode.APPLICATION
                    return
        there = there or await self._unit.is_seen(
            UnitMode.BOOTLOADER, timeout_s=self._plan.timeouts.already_there_s
        )
        self._left_in = UnitMode.BOOTLOADER if there else None
        raise VerifyError(
            Code.UNIT_DID_NOT_RETURN,
            "The unit is in its bootloader again after it was sent back: either its application is"
            " not valid any more, or something keeps it there."
            if there
            else "The unit did not come back into its application, and is not in its bootloader"
            f" either, {waits:g} s after it was left alone.",
        )

    # What is told.

    def _keep(self, found: Iterable[FactFound]) -> None:
        for fact in found:
            self._report(fact)

    def _report(self, event: Event) -> None:
        if isinstance(event, FactFound):
            if event in self._facts:
                return
            self._facts.append(event)
        self._sink(events.stamp(event, self._link.now_s()))
        if isinstance(event, UnitSeen):
            self._advertised(event)

    def _advertised(self, seen: UnitSeen) -> None:
        """What an advertisement says; of the application and the bootloader alike.

        How strong it is differs every time, so the first one counts.
        """
        if seen.rssi_dbm is not None and not any(fact.fact == "rssi_dbm" for fact in self._facts):
            self._keep([_advertised_fact("rssi_dbm", seen.rssi_dbm)])
        self._keep(
            _advertised_fact(name, value)
            for name, value in (("name", seen.name), ("address", seen.address))
            if value
        )

    def _finish(self, error: FirmlineError | None, started_s: float) -> InspectionResult:
        now_s = self._link.now_s()
        finished = events.InspectionFinished(
            at_s=now_s,
            code=error.code if error else "",
            message=error.message if error else "The unit was read.",
            left_in=self._left_in,
            duration_s=now_s - started_s,
        )
        self._sink(finished)
        probes = self._plan.probes
        missing = facts.what_is_missing(
            self._facts,
            in_bootloader=self._asked_bootloader,
            catalogue=None if probes is None else probes.catalogue,
            findings=self._findings,
        )
        return InspectionResult(
            finished=finished,
            facts=tuple(self._facts),
            missing=missing if error is None else (),
            findings=self._findings,
            error=error,
        )


def not_begun(started: events.InspectionStarted, error: FirmlineError) -> tuple[Event, ...]:
    """The stream of an inspection whose link could not be opened: no clock, so no time."""
    finished = events.InspectionFinished(
        code=error.code, message=error.message, left_in=None, duration_s=0.0
    )
    return started, finished


def _advertised_fact(fact: str, value: object) -> FactFound:
    return FactFound(fact=fact, value=str(value), how=How.ADVERTISING)


def _progress_at_risk(progress: HeldObjects) -> InputError:
    parts = [f"an init packet of {progress.init_packet:,} bytes"] if progress.init_packet else []
    if progress.image:
        parts.append(f"{progress.image:,} bytes of an image")
    return InputError(
        Code.PROBE_PROGRESS,
        f"The bootloader holds {' and '.join(parts)} of an update that was begun, which probes"
        " would throw away.",
        hint="Finish the update first, or add --discard-progress if it may begin anew.",
    )
