"""A trace in words: who and what, how it ended, where the time went."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from firmline import events
from firmline.cli.style import paint, printable
from firmline.events import Outcome
from firmline.formats.known_softdevices import describe_fwid
from firmline.formats.trace import Entry, Trace
from firmline.links.hci_reasons import reason_in_words
from firmline.protocol.traces.phases import Phase
from firmline.protocol.traces.summary import TraceSummary
from firmline.updater.telling.trace_words import refusal_in_words

PHASES: Final = {
    Phase.SEARCH: "looking for the unit",
    Phase.CONNECT: "connecting",
    Phase.APPLICATION: "reading its application",
    Phase.RESTART: "restarting the unit",
    Phase.BOOTLOADER: "asking its bootloader",
    Phase.PROBES: "probing its bootloader",
    Phase.INIT_PACKET: "init packet",
    Phase.CREATE: "CREATE until answered",
    Phase.DATA: "data packets and pauses",
    Phase.CRC: "CRC until answered",
    Phase.EXECUTE: "EXECUTE until answered",
    Phase.RECOVER: "bringing the line to rest",
    Phase.ACTIVATE: "activating, until seen again",
}
LAST_EVENTS: Final = 8
"""How many events before a failure are shown in full."""
NO_END: Final = "has no end: whoever wrote it was stopped, or the end is missing"
SHOWN_DIGITS: Final = 16
"""Of a hash, hexadecimal."""
COLOURS: Final = {Outcome.UPDATED: "green", Outcome.UNVERIFIED: "yellow"}


def header_lines(trace: Trace, summary: TraceSummary) -> list[str]:
    """Unit, package, link, how it ended."""
    rows = [("ended", _ending(summary)), ("unit", _unit(summary)), *_package_rows(trace, summary)]
    for event in trace.events:
        match event:
            case events.LinkDeclared():
                rows.append(("link", _link(event)))
            case events.TimingPlanned():
                rows.append(("timing", _timing(event)))
            case events.TraceStarted():
                rows.append(("written", _writer(event)))
            case _:
                pass
    if trace.is_cut:
        rows.append(("note", "its last line was cut off"))
    if summary.unknown:
        rows.append(("note", f"{summary.unknown} events are not known to this version"))
    return [f"  {paint(f'{label:<9}', fg='cyan')} {text}" for label, text in rows if text]


def _ending(summary: TraceSummary) -> str:
    seconds = f"{summary.duration_s:.1f} s"
    if not summary.message:
        return f"{paint(NO_END, fg='red')}; {seconds} of it are here"
    if summary.outcome is None:
        word, colour = ("failed", "red") if summary.code else ("read", "green")
    else:
        word, colour = summary.outcome.value, COLOURS.get(summary.outcome, "red")
    code = f" [{printable(summary.code)}]" if summary.code else ""
    return (
        f"{paint(word, fg=colour, bold=True)} after {seconds}: {printable(summary.message)}{code}"
    )


def _unit(summary: TraceSummary) -> str:
    begun = summary.update or summary.inspection
    return "" if begun is None else printable(begun.unit)


def _package_rows(trace: Trace, summary: TraceSummary) -> list[tuple[str, str]]:
    started = summary.update
    if started is None:
        return []
    digest = printable(started.package_sha256[:SHOWN_DIGITS])
    rows = [("package", f"{printable(started.package)}, SHA-256 {digest}...")]
    described = [event for event in trace.events if isinstance(event, events.ImageDescribed)]
    rows += [("image", _image(event)) for event in described]
    return rows


def _image(image: events.ImageDescribed) -> str:
    kind = image.kind.value.replace("_", " + ")
    version = "" if image.fw_version is None else f" version {image.fw_version}"
    hardware = "" if image.hw_version is None else f" for hardware {image.hw_version}"
    fwids = ", ".join(describe_fwid(fwid) for fwid in image.sd_req)
    softdevices = f", SoftDevice {fwids}" if fwids else ""
    signature = "not signed" if image.signature_type is None else f"signed ({image.signature_type})"
    return printable(f"{kind}{version}{hardware}{softdevices}, {image.size:,} bytes, {signature}")


def _link(declared: events.LinkDeclared) -> str:
    able = [_capability(name, value) for name, value in declared.capabilities.items() if value]
    not_able = [_words(name) for name, value in declared.capabilities.items() if value is False]
    lacks = f"; not: {', '.join(not_able)}" if not_able else ""
    return printable(f"{declared.link}: {', '.join(able) or 'nothing of its own'}{lacks}")


def _capability(name: str, value: events.Scalar) -> str:
    return _words(name) if value is True else f"{_words(name)} {value}"


def _words(name: str) -> str:
    return name.replace("_", " ")


def _timing(timing: events.TimingPlanned) -> str:
    if timing.prn is None:
        return ""
    prn = f"confirmed every {timing.prn} packets" if timing.prn else "confirmed after each object"
    pauses = [_pause(name, value) for name, value in timing.pacing.items() if value]
    return printable(f"{prn}; pauses: {', '.join(pauses) or 'none'}")


def _pause(name: str, value: events.Scalar) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return _capability(name, value)
    return f"{value:g} s {_words(name.removesuffix('_s'))}"


def _writer(started: events.TraceStarted) -> str:
    return printable(
        f"{started.started_at} by firmline {started.firmline}, Python {started.python},"
        f" {started.platform}"
    )


def phase_lines(summary: TraceSummary) -> list[str]:
    """A table of seconds per phase, the longest first."""
    total_s = sum(time.seconds for time in summary.phases)
    if not total_s:
        return []
    lines = ["", paint("Where the time went", bold=True)]
    lines.append(f"  {'':<30}{'seconds':>9} {'share':>6} {'longest':>8}  {'times':>5}")
    lines += [
        f"  {PHASES[time.phase]:<30}{time.seconds:9.3f} {time.seconds / total_s:6.0%}"
        f" {time.longest_s:8.3f}  {time.times:5}"
        for time in sorted(summary.phases, key=lambda time: -time.seconds)
    ]
    lines.append(f"  {'all':<30}{total_s:9.3f}")
    return lines


def last_lines(trace: Trace, summary: TraceSummary, full: Callable[[Entry], str]) -> list[str]:
    """The last events before a failure, in full; nothing where there was none."""
    if summary.message and not summary.code:
        return []
    last = trace.entries[-LAST_EVENTS:]
    return ["", paint("The last events in full", bold=True), *(full(entry) for entry in last)]


def trace_fields(trace: Trace, summary: TraceSummary) -> dict[str, object]:
    """What a trace comes to, for programs."""
    started, update = trace.started, summary.update
    return {
        "kind": summary.kind.value,
        "unit": _unit(summary) or None,
        "package": None if update is None else update.package,
        "package_sha256": None if update is None else update.package_sha256,
        "started_at": None if started is None else started.started_at,
        "firmline": None if started is None else started.firmline,
        "complete": trace.finished is not None,
        "cut": trace.is_cut,
        "unknown_events": summary.unknown,
        "outcome": None if summary.outcome is None else summary.outcome.value,
        "code": summary.code,
        "message": summary.message,
        "bytes": summary.size,
        "bytes_held": summary.held,
        "bytes_sent": summary.sent,
        "executed_bytes": summary.executed,
        "seconds": round(summary.duration_s, 3),
        "transfer_seconds": round(summary.transfer_s, 3),
        "objects": summary.objects,
        "objects_repeated": summary.repeats,
        "phases": [
            {
                "phase": time.phase.value,
                "seconds": round(time.seconds, 6),
                "longest_s": round(time.longest_s, 6),
                "times": time.times,
            }
            for time in summary.phases
        ],
        "refusals": [_refusal_fields(event) for event in summary.refusals],
        "losses": [_loss_fields(event) for event in summary.losses],
    }


def _refusal_fields(refused: events.Refused) -> dict[str, object]:
    return {
        "at_s": refused.at_s,
        "request": refused.request,
        "result": refused.result,
        "ext_error": refused.ext_error,
        "meaning": refusal_in_words(refused),
    }


def _loss_fields(lost: events.LinkLost) -> dict[str, object]:
    return {
        "at_s": lost.at_s,
        "hci_reason": lost.hci_reason,
        "expected": lost.expected,
        "meaning": reason_in_words(lost.hci_reason),
    }
