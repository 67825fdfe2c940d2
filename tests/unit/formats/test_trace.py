"""Traces are read whatever befell their writer, and nothing else is taken for one."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from firmline import events
from firmline.errors import Code, InputError
from firmline.events import stamp
from firmline.formats import trace as reader
from firmline.formats.trace import Trace, UnknownEvent, encode_event, read_traces
from unit.cli.event_samples import CREATED, FINISHED, SAMPLES, SENT, STARTED

HEAD = SAMPLES[0]
STORY = (HEAD, STARTED, CREATED, SENT, FINISHED)


def text(*told: events.Event) -> bytes:
    return "".join(encode_event(event) for event in told).encode()


def one(content: bytes) -> Trace:
    (trace,) = read_traces(content, name="t.jsonl")
    return trace


def refused(content: bytes) -> str:
    with pytest.raises(InputError) as caught:
        read_traces(content, name="t.jsonl")
    assert caught.value.code is Code.TRACE_MALFORMED
    return caught.value.message


def test_a_trace_is_its_events() -> None:
    trace = one(text(*STORY))
    assert trace.entries == trace.events == STORY
    assert trace.started is HEAD or trace.started == HEAD
    assert trace.finished == FINISHED
    assert not trace.is_cut


def test_line_ends_of_every_system_and_empty_lines_do() -> None:
    content = text(*STORY)
    assert one(content.replace(b"\n", b"\r\n")).entries == STORY
    assert one(content.replace(b"\n", b"\n\n")).entries == STORY
    assert one(b"\xef\xbb\xbf" + content).entries == STORY
    assert one(content[:-1]).entries == STORY


def test_a_last_line_that_was_cut_off_is_marked() -> None:
    trace = one(text(*STORY)[:-5])
    assert trace.is_cut
    assert trace.entries == STORY[:-1]
    assert trace.finished is None


def test_zeros_that_a_file_system_left_are_no_line() -> None:
    assert one(text(*STORY) + bytes(500)).entries == STORY
    trace = one(text(*STORY)[:-5] + bytes(500))
    assert trace.is_cut


@pytest.mark.parametrize("between", [b"", b"\n", b"\0\0", b"\r\n"])
def test_a_trace_may_follow_a_cut_one(between: bytes) -> None:
    first, second = read_traces(text(*STORY)[:-5] + between + text(*STORY), name="t")
    assert (first.is_cut, first.entries) == (True, STORY[:-1])
    assert (second.is_cut, second.entries) == (False, STORY)


def test_a_file_may_hold_many_traces() -> None:
    found = read_traces(text(*STORY) * 3, name="t")
    assert [trace.entries for trace in found] == [STORY] * 3


def test_traces_without_a_first_line_begin_with_what_they_are_of() -> None:
    bare = STORY[1:]
    found = read_traces(text(*bare) * 2, name="t")
    assert [trace.entries for trace in found] == [bare] * 2
    assert found[0].started is None


def test_the_result_of_a_command_is_no_event() -> None:
    assert one(text(*STORY) + b'{"type": "result", "bytes": 7}\n').entries == STORY


def test_an_event_of_a_newer_version_is_kept_aside() -> None:
    content = text(HEAD, STARTED) + b'{"type": "of_tomorrow", "at_s": 2, "x": [1]}\n'
    last = one(content).entries[-1]
    fields = {"type": "of_tomorrow", "at_s": 2, "x": [1]}
    assert last == UnknownEvent(at_s=2.0, type="of_tomorrow", fields=fields)
    assert len(one(content).events) == 2


@pytest.mark.parametrize("at_s", ["true", '"x"', "null", "1e300", "{}"])
def test_an_unknown_event_may_have_no_time(at_s: str) -> None:
    content = text(HEAD) + b'{"type": "of_tomorrow", "at_s": ' + at_s.encode() + b"}\n"
    last = one(content).entries[-1]
    assert last.at_s is None


def test_a_known_event_of_a_newer_format_may_look_otherwise() -> None:
    changed = b'{"type": "packets_sent", "at_s": 2.0, "blocks": 7}\n'
    assert "line 2, packets_sent has no object_type" in refused(text(HEAD) + changed)
    newer = text(HEAD).replace(b'"trace_format": 1', b'"trace_format": 2')
    assert isinstance(one(newer + changed).entries[-1], UnknownEvent)
    # The next trace of the file is of this version again.
    assert "line 4" in refused(newer + changed + text(HEAD) + changed)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"hello\nworld\n", "its line 1 is no JSON object"),
        (b"hello", "it holds no event of firmline"),
        (b"\n\n", "it holds no event of firmline"),
        (b"[1, 2]\n[3]\n", "its line 1 is no event: it has no type"),
        (b'{"type": 5}\n{}\n', "its line 1 is no event: it has no type"),
        (b'{"a": 1}\n', "its line 1 is no event: it has no type"),
        (b'{"type": "x"}\n', "it holds no event of firmline"),
        (b'{"type": "result"}\n', "it holds no event of firmline"),
        (b'{"type": "searching", "at_s": NaN}\n\n', "its line 1 is no JSON object"),
        (b'\xff\xff{"type": "x"}\n\n', "its line 1 is not UTF-8"),
        ("{}".encode("utf-16"), "it is UTF-16"),
        (b"[" * 100_000 + b"\n\n", "its line 1 is no JSON object"),
        (b"9" * 100_000 + b"\n\n", "its line 1 is no JSON object"),
        (b"btsnoop\0\0\0\0\1\0\0\3\xea", "it holds no event of firmline"),
        (bytes(1000), "it holds no event of firmline"),
    ],
)
def test_what_is_no_trace_is_refused_in_a_sentence(content: bytes, why: str) -> None:
    assert refused(content).startswith(f"t.jsonl is no trace of firmline: {why}")


def test_damage_in_the_middle_is_not_read_around() -> None:
    content = text(HEAD, STARTED) + b'{"type": "sea\n' + text(SENT, FINISHED)
    assert "its line 3 is no JSON object" in refused(content)


def test_lines_have_a_longest_length_and_files_most_lines(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reader, "MAX_LINE", 2000)
    assert "its line 2 has more than" in refused(text(HEAD) + b"x" * 2001)
    monkeypatch.setattr(reader, "MAX_LINES", 5)
    assert one(text(*STORY)).entries == STORY
    assert "it has more than 5 lines" in refused(text(*STORY, SENT))


def test_the_time_of_an_event_is_counted_from_the_first_line() -> None:
    trace = one(text(stamp(HEAD, 100.0), stamp(STARTED, 100.0)))
    assert trace.time_of(101.5) == datetime(2026, 3, 1, 12, 30, 1, 750_000, tzinfo=UTC)
    assert trace.time_of(1e14) is None
    assert one(text(STARTED)).time_of(1.0) is None
    content = text(HEAD, STARTED).replace(b"2026-03-01T", b"2026-13-01T")
    assert one(content).time_of(1.0) is None
