"""Traces: the events of an update or an inspection, one JSON object on each line.

What a reader of this format has to live with:

* The power of the writing computer may fail: the last line may be cut off anywhere, and a file
  system may have put zeros in its place. The next trace may follow such a line in the same file.
* Another version of firmline may have written it: events and fields that are not known here are
  kept aside, or passed over.
* ``firmline update --json`` prints the same lines, so its output is a trace, too, without its first
  line and with the result as its last.
* Of several units it prints the lines of all in the order in which they happen, each with ``unit``,
  and a result for each at the end: that is a trace for each unit.

Everything else that is no event is damage. A trace is evidence, so that it is read around only for
who asks for that, and says which lines were left out.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final, NoReturn

from firmline.errors import Code, InputError
from firmline.events import (
    Event,
    ImageStarted,
    InspectionFinished,
    InspectionStarted,
    Outcome,
    PacketsSent,
    TraceStarted,
    UpdateFinished,
    UpdateStarted,
)
from firmline.formats.event_json import (
    NotAnEventError,
    event_from_json,
    event_to_json,
    number_or_none,
)

TRACE_FORMAT: Final = 1
"""Version of the format that is written; raised where an older reader would misunderstand."""
MAX_LINE: Final = 256 * 1024
"""Longest line that is read, bytes: the longest event there is has a few kilobytes."""
MAX_LINES: Final = 500_000
"""Most lines of a file that are read: an update of 1 MB has about 3,000."""
MOST_DAMAGED: Final = 2
"""A file of which one line of so many is damaged, or more, is none that had an accident; ours."""
BEGINNING: Final = b'{"type": "trace_started"'
"""How every trace that has a first line begins."""
BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
RESULTS: Final = ("result", "unit_result")
"""Lines of a command's output that are no events; those before them say the same."""
UTF_16_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownEvent:
    """A line whose event this version does not know.

    Attributes:
        at_s: When it was seen; ``None``: it does not say.
        type: Its type.
        fields: All that it holds.
    """

    at_s: float | None
    type: str
    fields: dict[str, object]


Entry = Event | UnknownEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """One trace, as it was recorded.

    Attributes:
        entries: What happened, in the order in which it was written.
        is_cut: Whether its last line was cut off in the middle.
        damaged: Numbers of the lines of its file, from 1, that were left out of it as damaged.
    """

    entries: tuple[Entry, ...]
    is_cut: bool = False
    damaged: tuple[int, ...] = ()

    @property
    def events(self) -> tuple[Event, ...]:
        """The events that are known."""
        return tuple(entry for entry in self.entries if isinstance(entry, Event))

    @property
    def started(self) -> TraceStarted | None:
        """What wrote it; ``None``: it has no first line."""
        first = self.entries[0] if self.entries else None
        return first if isinstance(first, TraceStarted) else None

    @property
    def finished(self) -> UpdateFinished | InspectionFinished | None:
        """How it ended; ``None``: its writer came to no end, or its end is missing."""
        for entry in reversed(self.entries):
            if isinstance(entry, UpdateFinished | InspectionFinished):
                return entry
        return None

    @property
    def is_update(self) -> bool:
        """Whether it is of an update, also where its beginning is missing."""
        return any(map(_is_of_update, self.entries))

    @property
    def is_begun(self) -> bool:
        """Whether it has its beginning: what was to be done, and with which unit."""
        kinds = UpdateStarted | InspectionStarted
        return any(isinstance(entry, kinds) for entry in self.entries)

    @property
    def is_updated(self) -> bool:
        """Whether it is of an update that succeeded."""
        end = self.finished
        return isinstance(end, UpdateFinished) and end.outcome is Outcome.UPDATED

    @property
    def begin_s(self) -> float:
        """The time of its first entry that has one, as it counts; 0: none has."""
        return next((entry.at_s for entry in self.entries if entry.at_s is not None), 0.0)

    def time_of(self, at_s: float) -> datetime | None:
        """The time of an event, UTC; ``None``: the trace does not tell."""
        if self.started is None:
            return None
        try:
            began = datetime.fromisoformat(self.started.started_at).astimezone(UTC)
            return began + timedelta(seconds=at_s - self.started.at_s)
        except (ValueError, OverflowError):
            return None


def _is_of_update(entry: Entry) -> bool:
    match entry:
        case UpdateStarted() | UpdateFinished() | ImageStarted() | PacketsSent(object_type="data"):
            return True
        case _:
            return False


def encode_event(event: Event) -> str:
    """The line of an event, with its end."""
    return json.dumps(event_to_json(event)) + "\n"


def read_traces(content: bytes, *, name: str, around_damage: bool = False) -> tuple[Trace, ...]:
    """The traces of a file, in the order in which they begin; at least one.

    Args:
        content: The file; it may end anywhere.
        name: Its name, for messages.
        around_damage: Whether damaged lines are left out, as long as most of the file is sound.

    Raises:
        InputError: ``TRACE_MALFORMED``: it is none, or damaged, with the line.
    """
    if content.startswith(UTF_16_MARKS):
        _refuse(name, "it is UTF-16, as PowerShell's > writes it, and a trace is UTF-8")
    sorted_out = _Sorted()
    damage: list[InputError] = []
    newer, count = False, 0
    for count, line in enumerate(_lines(content, name), 1):  # noqa: B007 - counted behind the loop
        if line.is_cut:
            sorted_out.cut()
            continue
        try:
            fields = _object(line, name)
            if fields["type"] in RESULTS:
                continue
            entry = _entry(fields, line, name, newer=newer)
        except InputError as refused:
            if not around_damage:
                raise
            damage.append(refused)
            sorted_out.leave_out(line.number)
            continue
        if isinstance(entry, TraceStarted):
            newer = entry.trace_format > TRACE_FORMAT
        unit = fields.get("unit")
        sorted_out.take(entry, unit=unit if isinstance(unit, str) else None)
    traces = sorted_out.traces
    has_none = not any(isinstance(entry, Event) for trace in traces for entry in trace.entries)
    if damage and (has_none or len(damage) * MOST_DAMAGED >= count):
        raise damage[0]
    if has_none:
        _refuse(name, "it holds no event of firmline")
    return traces


@dataclass(slots=True, kw_only=True)
class _Growing:
    """A trace as far as it was read."""

    entries: list[Entry] = field(default_factory=list)
    is_cut: bool = False
    damaged: list[int] = field(default_factory=list)

    @property
    def trace(self) -> Trace:
        return Trace(entries=tuple(self.entries), is_cut=self.is_cut, damaged=tuple(self.damaged))

    @property
    def is_kept(self) -> bool:
        """Whether it has a first line, as what is kept in a file has: such a file is one unit's."""
        return isinstance(self.entries[0], TraceStarted)


class _Sorted:
    """Sorts what is read into traces, in the order in which they begin."""

    def __init__(self) -> None:
        self._all: list[_Growing] = []
        self._last: _Growing | None = None
        """What a line belongs to that names no unit."""
        self._of_unit: dict[str, _Growing] = {}
        """Those that may still go on at once, by their units."""
        self._damaged: list[int] = []
        """Lines in front of all that were read."""

    @property
    def traces(self) -> tuple[Trace, ...]:
        return tuple(growing.trace for growing in self._all)

    def take(self, entry: Entry, *, unit: str | None) -> None:
        """The next entry; ``unit``: whose it says that it is."""
        self._place_of(entry, unit).entries.append(entry)

    def _place_of(self, entry: Entry, unit: str | None) -> _Growing:
        last = self._last
        match entry:
            case TraceStarted():
                return self._begun(None)
            case UpdateStarted() | InspectionStarted():
                follows = last is not None and last.is_kept and len(last.entries) == 1
                return last if last is not None and follows else self._begun(unit)
        if unit is None or (last is not None and last.is_kept):
            return self._begun(None) if last is None else last
        return self._of_unit[unit] if unit in self._of_unit else self._begun(unit)

    def _begun(self, unit: str | None) -> _Growing:
        """A new trace; one without a unit is alone, so that all before it have their ends."""
        self._last = _Growing(damaged=self._damaged)
        self._damaged = []
        self._all.append(self._last)
        if unit is None:
            self._of_unit = {}
        else:
            self._of_unit[unit] = self._last
        return self._last

    def leave_out(self, number: int) -> None:
        """A line is damaged: what it belongs to is told, as far as anybody knows."""
        (self._damaged if self._last is None else self._last.damaged).append(number)

    def cut(self) -> None:
        """A line was cut off: nobody knows whose it was, of those that have no end."""
        going_on = {id(each): each for each in (*self._of_unit.values(), self._last) if each}
        without_end = [each for each in going_on.values() if each.trace.finished is None]
        for growing in without_end or [each for each in (self._last,) if each is not None]:
            growing.is_cut = True
        self._last, self._of_unit = None, {}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    number: int
    data: bytes
    is_cut: bool = False


def _lines(content: bytes, name: str) -> Iterator[_Line]:
    """The lines that are not empty; a cut one is marked."""
    rest = content.removeprefix(BYTE_ORDER_MARK).rstrip(b"\0")
    parts = rest.split(b"\n", MAX_LINES + 1)
    if len(parts) - (not parts[-1]) > MAX_LINES:
        _refuse(name, f"it has more than {MAX_LINES:,} lines")
    for number, part in enumerate(parts, 1):
        if len(part) > MAX_LINE:
            yield _Line(number=number, data=part)
            continue
        glued = part.rfind(BEGINNING)
        if glued > 0 and not _is_json(part):
            yield _Line(number=number, data=part[:glued], is_cut=True)
            part = part[glued:]  # noqa: PLW2901 - what follows the cut line on the same line
        data = part.strip(b" \t\r\0")
        is_last = number == len(parts) or parts[number].startswith(BEGINNING)
        if data:
            yield _Line(number=number, data=data, is_cut=is_last and not _is_json(data))


def _is_json(data: bytes) -> bool:
    try:
        json.loads(data.decode("utf-8"))
    except (ValueError, RecursionError):
        return False
    return True


def _object(line: _Line, name: str) -> dict[str, object]:
    """The JSON object on a line."""
    if len(line.data) > MAX_LINE:
        _refuse(name, f"its line {line.number} has more than {MAX_LINE // 1024} KiB")
    try:
        text = line.data.decode("utf-8")
    except UnicodeDecodeError:
        _refuse(name, f"its line {line.number} is not UTF-8")
    try:
        found, end = _DECODER.raw_decode(text)  # which is stripped already
    except (ValueError, RecursionError):
        end = -1
    if end != len(text):
        _refuse(name, f"its line {line.number} is no JSON object")
    if not isinstance(found, dict) or not isinstance(found.get("type"), str):
        _refuse(name, f"its line {line.number} is no event: it has no type")
    return found


def _no_number(text: str) -> NoReturn:
    raise ValueError(text)


_DECODER: Final = json.JSONDecoder(parse_constant=_no_number)
"""One for all lines: ``json.loads`` would make one for each."""


def _entry(fields: dict[str, object], line: _Line, name: str, *, newer: bool) -> Entry:
    try:
        event = event_from_json(fields)
    except NotAnEventError as problem:
        if not newer:
            _refuse(name, f"in its line {line.number}, {problem}")
        event = None
    if event is not None:
        return event
    return UnknownEvent(
        at_s=number_or_none(fields.get("at_s")),
        type=str(fields["type"]),
        fields=fields,
    )


def _refuse(name: str, why: str) -> NoReturn:
    raise InputError(Code.TRACE_MALFORMED, f"{name} is no trace of firmline: {why}.")
