"""What is tried in every run of an experiment: an update, a look at the unit, or a person's run.

Each ends as a value: what goes wrong with a unit is what an experiment is about.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Final

from firmline import events
from firmline.cli.experiment_person import outcome_of
from firmline.cli.failures import say
from firmline.cli.files import read_file
from firmline.cli.style import printable
from firmline.cli.unit_session import UnitSession
from firmline.cli.update_run import UpdateRequest, plan_of
from firmline.diagnosis.trace_evidence import evidence_of_traces
from firmline.errors import Code, FirmlineError, InputError, TransportError
from firmline.events import Event, Reporter
from firmline.formats.package import Package, read_package
from firmline.formats.trace import Trace
from firmline.links.open_many import OpenedTarget
from firmline.links.target import Scheme, Target
from firmline.links.wanted import WantedTarget
from firmline.updater.checkpointing import AUTO, Spacing
from firmline.updater.experiments.runs import Ended, RunEnd, ended_with
from firmline.updater.inspection.choice import inspection_over
from firmline.updater.inspection.plan import InspectionPlan
from firmline.updater.inspection.plan import not_begun as inspection_not_begun
from firmline.updater.inspection.record import InspectionResult
from firmline.updater.timeouts import Timeouts
from firmline.updater.update import Update, UpdateResult, not_begun

MEETINGS: Final = (events.Connected, events.BootloaderAnswered, events.UsbUnitSeen)
"""A unit is there, and says something."""

OneAttempt = Callable[[WantedTarget, Path | None], Ended]
"""Tries it with a unit, and keeps the trace there."""


class What(StrEnum):
    """What is tried."""

    UPDATE = "update"
    INSPECT = "inspect"
    ENTER = "enter"
    BY_HAND = "by-hand"


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptOptions:
    """How it is tried; what the options of a command line say.

    Attributes:
        what: What is tried.
        package: Of an update.
        timeouts: How long to wait for what.
        checkpoint_s: As for an update.
    """

    what: What
    package: Path | None = None
    timeouts: Timeouts | None = None
    checkpoint_s: Spacing = AUTO

    def check(self) -> None:
        """Refuse what does not belong together.

        Raises:
            InputError: ``OPTION_MISSING`` or ``OPTION_CONFLICT``.
        """
        if self.what is What.UPDATE and self.package is None:
            raise InputError(
                Code.OPTION_MISSING,
                "There is no package to send in every run.",
                hint="Name it: firmline diagnose compare dfu.zip ...; or try something else in"
                " every run with --attempt inspect, enter or by-hand.",
            )
        if self.what is not What.UPDATE and self.package is not None:
            raise InputError(
                Code.OPTION_CONFLICT,
                f"With --attempt {self.what} no package is sent, and one is named.",
                hint="Leave out one of the two.",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempts:
    """What is tried, ready.

    Attributes:
        once: Tries it.
        package_sha256: Of the package; empty without.
    """

    once: OneAttempt
    package_sha256: str = ""


def attempts_of(options: AttemptOptions, *, targets: list[Target]) -> Attempts:
    """Read what every run needs.

    Raises:
        InputError: The package cannot be used, or not twice.
    """
    options.check()
    match options.what:
        case What.UPDATE:
            return _updates(options, targets)
        case What.INSPECT | What.ENTER:
            enters = options.what is What.ENTER
            timeouts = options.timeouts or Timeouts()
            return Attempts(once=lambda wanted, trace: _inspect(wanted, trace, enters, timeouts))
        case What.BY_HAND:
            return Attempts(once=lambda _wanted, _trace: outcome_of("Run it. How did it end?"))


def _updates(options: AttemptOptions, targets: list[Target]) -> Attempts:
    path = options.package
    assert path is not None  # noqa: S101 - checked with the options
    content = read_file(path, what="package")
    images = read_package(content, name=str(path))
    _check_that_it_can_be_repeated(images, path, targets)

    def once(wanted: WantedTarget, trace: Path | None) -> Ended:
        request = UpdateRequest(
            package=path,
            target=wanted.target,
            trace=trace,
            timeouts=options.timeouts,
            checkpoint_s=options.checkpoint_s,
        )
        return _update(request, images, content, wanted)

    return Attempts(once=once, package_sha256=hashlib.sha256(content).hexdigest())


def _check_that_it_can_be_repeated(images: Package, path: Path, targets: list[Target]) -> None:
    """A bootloader is taken once only: its version has to be a higher one each time.

    A virtual unit is a new one in every run.
    """
    has_bootloader = any("bootloader" in image.kind.value for image in images.images)
    if has_bootloader and any(target.scheme is not Scheme.SIM for target in targets):
        raise InputError(
            Code.OPTION_CONFLICT,
            f"{printable(path.name)} has a bootloader in it, which a unit takes once only: behind"
            " the first run that passes, every other would be refused.",
            hint="Make a package with the application alone.",
        )


def _update(request: UpdateRequest, images: Package, content: bytes, wanted: WantedTarget) -> Ended:
    heard: list[Event] = []

    async def update(opened: OpenedTarget, report: Reporter) -> UpdateResult:
        def hear(event: Event) -> None:
            report(event)
            heard.append(event)

        plan = plan_of(request, images, content, opened)
        return await Update(plan, link=opened.link, report=hear).run()

    session = UnitSession(wanted, trace=request.trace, btsnoop=None)
    try:
        result = session.run(
            update,
            make_listener=None,
            not_begun=lambda error: not_begun(plan_of(request, images, content), error),
        )
    except TransportError as error:
        return _not_opened(error)
    _tell(session)
    ended = _ended_with(result.error, heard)
    finished = result.finished
    return replace(ended, seconds=finished.duration_s, sent_size=finished.sent_size)


def _inspect(wanted: WantedTarget, trace: Path | None, enters: bool, timeouts: Timeouts) -> Ended:
    heard: list[Event] = []

    def plan_over(opened: OpenedTarget | None) -> InspectionPlan:
        return InspectionPlan(
            unit_name=printable(wanted.target.shown),
            pin=None if opened is None else opened.pin,
            enter=enters,
            timeouts=timeouts,
        )

    async def inspect(opened: OpenedTarget, report: Reporter) -> InspectionResult:
        def hear(event: Event) -> None:
            report(event)
            heard.append(event)

        return await inspection_over(opened.link, plan_over(opened), report=hear).run()

    session = UnitSession(wanted, trace=trace, btsnoop=None)
    try:
        result = session.run(
            inspect,
            make_listener=None,
            not_begun=lambda error: inspection_not_begun(plan_over(None).started, error),
        )
    except TransportError as error:
        return _not_opened(error)
    _tell(session)
    return replace(_ended_with(result.error, heard), seconds=result.finished.duration_s)


def _not_opened(error: TransportError) -> Ended:
    """A road that could not be opened is the station's fault; what is not installed stays so.

    Raises:
        TransportError: It would be the same in every run.
    """
    if error.code is Code.LINK_EXTRA_MISSING:
        raise error
    return ended_with(_printable(error), met=False)


def _ended_with(error: FirmlineError | None, heard: list[Event]) -> Ended:
    """How an attempt ended, and what its events show of a failure."""
    met = any(isinstance(event, MEETINGS) for event in heard)
    ended = ended_with(_printable(error), met=met)
    if ended.end in (RunEnd.PASS, RunEnd.NOT_COUNTED):
        return ended
    shown = evidence_of_traces([Trace(entries=tuple(heard))])
    return replace(ended, evidence=shown.evidence)


def _tell(session: UnitSession) -> None:
    """A trace that broke off is told; the run counts all the same."""
    for problem in session.problems:
        say(problem)


def _printable(error: FirmlineError | None) -> FirmlineError | None:
    return None if error is None else FirmlineError(error.code, printable(error.message))
