"""Carrying out an update for a command, and saying how it ended."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NoReturn

import click

from firmline import events
from firmline.cli.event_output import listener_for
from firmline.cli.failures import next_thing, problem_fields, say
from firmline.cli.files import read_file
from firmline.cli.interruption import interruptions
from firmline.cli.sending_options import Sending
from firmline.cli.style import printable
from firmline.cli.unit_session import UnitSession, prepare_unit
from firmline.device.description import UnitDescription
from firmline.errors import Code, ExitCode, InputError
from firmline.events import Event, Proof, Reporter, UpdateFinished
from firmline.formats.package import Package, read_package
from firmline.links.open_many import OpenedTarget
from firmline.links.sim_options import sim_options
from firmline.links.target import Scheme, Target
from firmline.protocol.pacing import NO_PAUSES
from firmline.updater.checkpointing import AUTO, Spacing
from firmline.updater.expectation import Expectation
from firmline.updater.timeouts import Timeouts
from firmline.updater.update import Update, UpdatePlan, UpdateResult, not_begun, plan_for

SLOW_KB_PER_S: Final = 10
"""Below it, a rate is printed with one decimal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateRequest:
    """What a command was asked to do.

    Attributes:
        package: The package's file.
        target: The unit.
        trace: Where every event is kept.
        btsnoop: Where every packet between host and controller is kept.
        as_json: Whether to print for programs.
        verbose: Whether to print every event for people.
        sending: How packets are sent, where the user has said so.
        timeouts: How long to wait for what; ``None``: as long as is usual.
        expectation: What the new application prints on a serial port.
        checkpoint_s: Seconds of work after which the unit saves its progress; ``auto``: as often as
            that takes its share of the time at most, ``None``: never.
        recovers: Whether it goes on behind a fault.
    """

    package: Path
    target: Target
    trace: Path | None = None
    btsnoop: Path | None = None
    as_json: bool = False
    verbose: bool = False
    sending: Sending = field(default_factory=Sending)
    timeouts: Timeouts | None = None
    expectation: Expectation | None = None
    checkpoint_s: Spacing = AUTO
    recovers: bool = True


def run_update(request: UpdateRequest) -> NoReturn:
    """Carry it out; ends the command with its exit code.

    Raises:
        InputError: The package, the target or the trace cannot be used.
        TransportError: The road to the unit is not available.
    """
    wanted = prepare_unit(
        request.target, trace=request.trace, btsnoop=request.btsnoop, inputs=[request.package]
    )
    check_road(request, wanted.unit)
    content = read_file(request.package, what="package")
    images = read_package(content, name=str(request.package))
    session = UnitSession(wanted, trace=request.trace, btsnoop=request.btsnoop)
    updates: list[Update] = []
    heard: list[Event] = []

    async def update(opened: OpenedTarget, report: Reporter) -> UpdateResult:
        plan = plan_of(request, images, content, opened)

        def hear(event: Event) -> None:
            report(event)
            heard.append(event)

        updates.append(Update(plan, link=opened.link, report=hear))
        return await updates[0].run()

    try:
        result = session.run(
            update,
            make_listener=lambda: listener_for(as_json=request.as_json, verbose=request.verbose),
            not_begun=lambda error: not_begun(plan_of(request, images, content), error),
        )
        code = result.exit_code
    except KeyboardInterrupt:
        ended = updates[0].result if updates else None
        if ended is None:  # nothing was begun
            raise
        interruptions.over()  # it is being told how the update ended, and that is told once
        result, code = ended, ExitCode.INTERRUPTED
    with suppress(BrokenPipeError):  # the exit code still says how it ended
        _say_result(request, result, session, heard)
    for problem in session.problems:
        say(problem)
    lost = session.problems[0].exit_code if session.problems else ExitCode.DONE
    raise click.exceptions.Exit(code or lost)


def plan_of(
    request: UpdateRequest,
    images: Package,
    content: bytes,
    opened: OpenedTarget | None = None,
) -> UpdatePlan:
    """What is to be done over a road, or would have been if it had opened."""
    return plan_for(
        images,
        content,
        package_name=printable(request.package.name),
        unit_name=printable(request.target.shown),
        pin=None if opened is None else opened.pin,
        timeouts=request.timeouts,
        pacing=request.sending.pacing(NO_PAUSES if opened is None else opened.pacing),
        prn=request.sending.prn or (0 if opened is None else opened.prn),
        most_mtu=request.sending.most_mtu,
        expectation=request.expectation,
        checkpoint_s=request.checkpoint_s,
        recovers=request.recovers,
    )


def check_road(request: UpdateRequest, unit: UnitDescription | None) -> None:
    """See that the road has what was asked for: prints are a serial port's, an MTU is a radio's.

    Raises:
        InputError: ``OPTION_CONFLICT``.
    """
    over_port = request.target.scheme in (Scheme.SERIAL, Scheme.USB) or (
        unit is not None and not unit.profile.is_ble
    )
    if over_port and request.sending.most_mtu is not None:
        raise InputError(
            Code.OPTION_CONFLICT,
            "A serial port has no ATT MTU that could be smaller: --mtu is for a radio.",
            hint="Leave --mtu out; --prn 1 has the unit confirm each packet on a serial port.",
        )
    if request.expectation is None or over_port:
        return
    raise InputError(
        Code.OPTION_CONFLICT,
        "Over a radio nothing is printed that could be expected: --expect is for serial ports and"
        " USB.",
        hint="Leave --expect out: over Bluetooth the new application is asked what it is.",
    )


def has_own_time(target: Target) -> bool:
    """Whether the seconds of an update are a virtual unit's, not ours."""
    return target.scheme is Scheme.SIM and sim_options(target).physics


def _say_result(
    request: UpdateRequest,
    result: UpdateResult,
    session: UnitSession,
    heard: Sequence[Event],
) -> None:
    if request.as_json:
        fields = {**result_fields(result), "problems": problem_fields(session.problems)}
        click.echo(json.dumps({**fields, "diagnosis": diagnosis_of(result, heard)}))
    elif result.error is None:
        click.echo(summary(result.finished, virtual=has_own_time(request.target)))
    if result.error is not None:
        say(result.error)
    for line in diagnosis_lines(result, heard, trace=session.trace_kept):
        click.echo(line, err=True)


def diagnosis_lines(
    result: UpdateResult, heard: Sequence[Event], *, trace: Path | None
) -> list[str]:
    """The first line of the diagnosis, of an update that was begun and failed.

    Nothing is said where somebody interrupted it, where nothing failed (only the end is not
    proven), and where what an application says is the error's own sentence.
    An update that was not begun (no such package, a trace that cannot be written) has no diagnosis:
    its error is the cause.

    Args:
        result: How it ended.
        heard: All its events.
        trace: Where they were kept.
    """
    if result.error is None:
        return []
    from firmline.cli.diagnosis_line import (  # noqa: PLC0415 - failures only
        OF_ANOTHER_FAMILY,
        OF_THIS_COMPUTER,
        diagnosis_line,
        known_line,
    )
    from firmline.diagnosis.trace_words import OF_THE_STATION  # noqa: PLC0415 - failures only

    code = result.error.code
    if _is_begun(heard) and code.startswith(OF_THE_STATION):
        return [known_line(OF_THIS_COMPUTER, trace)]
    if _is_begun(heard) and code is Code.SMP:
        return [known_line(OF_ANOTHER_FAMILY, trace)]
    return [diagnosis_line(heard, trace=trace)] if _is_to_be_diagnosed(result, heard) else []


def diagnosis_of(result: UpdateResult, heard: Sequence[Event]) -> dict[str, object] | None:
    """The likeliest cause, for programs; ``None``: nothing failed."""
    if not _is_to_be_diagnosed(result, heard):
        return None
    from firmline.cli.diagnosis_line import diagnosis_fields  # noqa: PLC0415 - failures only

    return diagnosis_fields(heard)


def _is_to_be_diagnosed(result: UpdateResult, heard: Sequence[Event]) -> bool:
    """Whether there is something to go by: a unit that was not updated, also one that nobody heard.

    Who interrupted it knows why; a port that is not there says nothing of a unit, nor does an
    update that was not begun. Of a unit that took all and runs an application nothing has failed
    as far as anybody sees: only that it is the new one is not proven.
    """
    if result.error is None or result.error.code is Code.INTERRUPTED:
        return False
    from firmline.diagnosis.attempt import is_unproven  # noqa: PLC0415 - failures only
    from firmline.diagnosis.trace_words import OF_THE_STATION  # noqa: PLC0415 - failures only
    from firmline.formats.trace import Trace  # noqa: PLC0415 - failures only

    if result.error.code.startswith((*OF_THE_STATION, Code.PORT_NONSENSE, Code.SMP)):
        return False
    if is_unproven(Trace(entries=tuple(heard))):
        return False
    return _is_begun(heard)


def _is_begun(heard: Sequence[Event]) -> bool:
    return any(isinstance(event, events.UpdateStarted) for event in heard)


def result_fields(result: UpdateResult) -> dict[str, object]:
    """The result line of the contract (``design/command-line.md``)."""
    finished = result.finished
    return {
        "type": "result",
        "outcome": finished.outcome.value,
        "code": str(finished.code),
        "message": printable(finished.message),
        "proof": None if finished.proof is None else finished.proof.value,
        "next": next_thing(result.error) if result.error else "",
        "bytes": finished.size,
        "bytes_held": finished.held_size,
        "bytes_sent": finished.sent_size,
        "seconds": round(finished.duration_s, 3),
        "transfer_seconds": round(finished.transfer_s, 3),
        "limit_share": None if finished.limit_share is None else round(finished.limit_share, 3),
    }


def summary(finished: UpdateFinished, *, virtual: bool = False) -> str:
    """The last line of a successful update; a virtual unit's seconds are not ours."""
    own = " of its own time" if virtual else ""
    runs = finished.proof is Proof.APPLICATION
    seen = ", new application seen running." if runs else f". {finished.message}"
    return f"Updated in {finished.duration_s:.1f} s{own}: {_sent_in_words(finished)}{seen}"


def _sent_in_words(finished: UpdateFinished) -> str:
    """What this update sent in its time, beside what was there and what was sent twice."""
    size, held, sent = finished.size, finished.held_size, finished.sent_size
    if held and not sent:
        return f"nothing had to be sent, all {size:,} bytes were there already"
    rate = sent / finished.transfer_s / 1000 if finished.transfer_s else 0.0
    decimals = 0 if rate >= SLOW_KB_PER_S else 1
    limit = "" if finished.limit_share is None else f", {finished.limit_share:.0%} of its limit"
    text = f"{sent:,} bytes sent in {finished.transfer_s:.1f} s ({rate:,.{decimals}f} kB/s{limit})"
    if held:
        text += f", {held:,} of {size:,} were there already"
    again = held + sent - size
    return f"{text}, {again:,} were sent again" if again > 0 else text
