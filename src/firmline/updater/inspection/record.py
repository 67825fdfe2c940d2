"""What an inspection has found by now, and how it ends; whatever the road to the unit."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Final

from firmline import events
from firmline.errors import (
    Code,
    ExitCode,
    FirmlineError,
    TransportError,
    TransportReason,
    VerifyError,
)
from firmline.events import Event, FactFound, Reporter, UnitMode
from firmline.formats.probes import ProbeSource
from firmline.protocol.probing import Findings
from firmline.updater.inspection import facts
from firmline.updater.inspection.facts import Missing
from firmline.updater.inspection.plan import InspectionPlan
from firmline.updater.opening import AnyLink, declare_link, plan_timing

BOOTLOADER_WAITS_S: Final = 120
"""Until a bootloader that is left alone starts a valid application (secure-dfu-bootloader spec,
section 10)."""


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


class InspectionRecord:
    """Keeps what is found, each fact once, and tells it.

    Args:
        now_s: The road's clock.
        sink: Takes every event, stamped.

    Attributes:
        facts: What is known by now, in the order it was found.
        findings: What came of the probes by now.
        asked_bootloader: Whether the bootloader was asked.
        entered: Whether the unit was taken out of its application.
        left_in: Where the unit was seen last.
        result: How it ended, also where it was cancelled; ``None``: it has not.
    """

    def __init__(self, *, now_s: Callable[[], float], sink: Reporter) -> None:
        self.facts: list[FactFound] = []
        self.findings = Findings()
        self.asked_bootloader = False
        self.entered = False
        self.left_in: UnitMode | None = None
        self.result: InspectionResult | None = None
        self._now_s = now_s
        self._sink = sink
        self._started_s = 0.0

    async def of(
        self, work: Callable[[], Awaitable[None]], *, plan: InspectionPlan, link: AnyLink
    ) -> InspectionResult:
        """An inspection from its first event to its last.

        Args:
            work: Reads the unit. An error ends as a result, with what was found until then.
            plan: What is to be read.
            link: The road to the unit.

        Raises:
            asyncio.CancelledError: It was cancelled; how it ended is in ``result``.
            Exception: A defect of ours; the last event is told all the same.
        """
        self._started_s = self._now_s()
        self.report(plan.started)
        self.report(declare_link(link))
        self.report(plan_timing(link, plan.timeouts))
        error: FirmlineError | None = FirmlineError(Code.DEFECT, "firmline itself failed.")
        try:
            await work()
            error = None
        except FirmlineError as caught:
            error = caught
        except asyncio.CancelledError:
            error = interrupted(self.left_in, entered=self.entered)
            raise
        finally:
            self.result = self._finish(error, plan.probes)
        return self.result

    def report(self, event: Event) -> None:
        """Tell an event; a fact that is known is not told again."""
        if isinstance(event, FactFound):
            if event in self.facts:
                return
            self.facts.append(event)
        self._sink(events.stamp(event, self._now_s()))

    def keep(self, found: Iterable[FactFound]) -> None:
        """Tell facts."""
        for fact in found:
            self.report(fact)

    def take_findings(self, findings: Findings) -> None:
        """What probes have found by now; what is new of it is told."""
        known = set(facts.facts_of_findings(self.findings))
        self.findings = findings
        self.keep(fact for fact in facts.facts_of_findings(findings) if fact not in known)

    def _finish(self, error: FirmlineError | None, probes: ProbeSource | None) -> InspectionResult:
        now_s = self._now_s()
        finished = events.InspectionFinished(
            at_s=now_s,
            code=error.code if error else "",
            message=error.message if error else "The unit was read.",
            left_in=self.left_in,
            duration_s=now_s - self._started_s,
        )
        self._sink(finished)
        missing = facts.what_is_missing(
            self.facts,
            in_bootloader=self.asked_bootloader,
            catalogue=None if probes is None else probes.catalogue,
            findings=self.findings,
        )
        return InspectionResult(
            finished=finished,
            facts=tuple(self.facts),
            missing=missing if error is None else (),
            findings=self.findings,
            error=error,
        )


async def one_then_other(
    one: Callable[[], Awaitable[None]],
    other: Callable[[], Awaitable[None]],
    *,
    unless_lost: bool = False,
) -> None:
    """Do one thing, and the other whatever becomes of it.

    Args:
        one: The first.
        other: The second.
        unless_lost: The second needs the link, and is left out where the first has lost it.

    Raises:
        FirmlineError: The first that went wrong.
    """
    error: FirmlineError | None = None
    try:
        await one()
    except FirmlineError as caught:
        is_lost = isinstance(caught, TransportError) and caught.reason is TransportReason.LOST
        if is_lost and unless_lost:
            raise
        error = caught
    try:
        await other()
    except FirmlineError as caught:
        error = error or caught
    if error is not None:
        raise error


def interrupted(left_in: UnitMode | None, *, entered: bool) -> TransportError:
    """How an inspection ends that somebody stops.

    Args:
        left_in: Where the unit was seen last.
        entered: Whether it was taken out of its application.
    """
    hint = "Run the same command again."
    gives_up = f"starts its application after {BOOTLOADER_WAITS_S} s, if that is valid"
    match left_in:
        case UnitMode.APPLICATION:
            where = "; the unit runs its application."
        case UnitMode.BOOTLOADER:
            where = f"; the unit is in its bootloader, which {gives_up}."
        case None:
            where = (
                f" while the unit restarted: a bootloader that is left alone {gives_up}."
                if entered
                else "."
            )
    if entered:
        hint = (
            f"Run the same command again, {BOOTLOADER_WAITS_S} s from now: the unit is then where"
            " it was found."
        )
    return TransportError(
        Code.INTERRUPTED,
        f"The inspection was interrupted{where}",
        hint=hint,
        reason=TransportReason.LOST,
    )


def not_back(*, in_bootloader: bool, waited_s: float) -> VerifyError:
    """The error of a unit that was to go back into its application, and is not there.

    Args:
        in_bootloader: It was seen in its bootloader again.
        waited_s: For how long it was looked for in its application.
    """
    return VerifyError(
        Code.UNIT_DID_NOT_RETURN,
        "The unit is in its bootloader again after it was sent back: either its application is"
        " not valid any more, or something keeps it there."
        if in_bootloader
        else "The unit did not come back into its application, and is not in its bootloader"
        f" either, {waited_s:g} s after it was left alone.",
    )
