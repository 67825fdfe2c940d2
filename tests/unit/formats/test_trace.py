"""Traces are read whatever befell their writer, and nothing else is taken for one."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from firmline import events
from firmline.errors import Code, InputError
from firmline.events import stamp
from firmline.formats import trace as reader
from firmline.formats.event_json import event_to_json
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


def of_unit(name: str, *told: events.Event) -> list[bytes]:
    """The lines of one of several units, as ``update --json`` prints them."""
    return [json.dumps({**event_to_json(event), "unit": name}).encode() + b"\n" for event in told]


def results(*names: str) -> bytes:
    """What stands behind the lines of several units."""
    told = [{"type": "unit_result", "unit": name, "outcome": "updated"} for name in names]
    lines = [*told, {"type": "result", "units": len(names)}]
    return "".join(json.dumps(line) + "\n" for line in lines).encode()


ONE = (replace(STARTED, unit="ble:one"), CREATED, SENT, FINISHED)
OTHER = (replace(STARTED, unit="ble:other"), SENT, SENT, CREATED, FINISHED)


def test_of_several_units_each_has_its_whole_trace() -> None:
    first, second = of_unit("ble:one", *ONE), of_unit("ble:other", *OTHER)
    lines = [first[0], second[0], first[1], second[1], *second[2:4], first[2], second[4], first[3]]
    found = read_traces(b"".join(lines) + results("ble:one", "ble:other"), name="t")
    assert [trace.entries for trace in found] == [ONE, OTHER]
    assert all(trace.finished == FINISHED and not trace.is_cut for trace in found)


def test_an_event_of_tomorrow_belongs_to_the_unit_that_it_names() -> None:
    first, second = of_unit("ble:one", *ONE), of_unit("ble:other", *OTHER)
    tomorrow = b'{"type": "of_tomorrow", "at_s": 2, "unit": "ble:one"}\n'
    found = read_traces(first[0] + second[0] + tomorrow + b"".join(second[1:]), name="t")
    assert [len(trace.entries) for trace in found] == [2, len(OTHER)]


def test_the_same_units_may_be_updated_again_in_the_same_file() -> None:
    first, second = of_unit("ble:one", *ONE), of_unit("ble:other", *OTHER)
    run = first[0] + b"".join(second) + b"".join(first[1:]) + results("ble:one", "ble:other")
    found = read_traces(run + text(*ONE) + run + text(*STORY), name="t")
    assert [trace.entries for trace in found] == [ONE, OTHER, ONE, ONE, OTHER, STORY]


def test_a_line_that_was_cut_off_was_of_a_unit_without_an_end() -> None:
    first, second = of_unit("ble:one", *ONE), of_unit("ble:other", *OTHER)
    content = first[0] + b"".join(second) + b"".join(first[1:])
    found = read_traces(content[:-5], name="t")
    assert [(trace.entries, trace.is_cut) for trace in found] == [(ONE[:-1], True), (OTHER, False)]
    both = read_traces(first[0] + second[0] + first[1][:-5], name="t")
    assert [trace.is_cut for trace in both] == [True, True]
    by_result = read_traces((content + results("ble:one"))[:-5], name="t")
    assert [trace.entries for trace in by_result] == [ONE, OTHER]
    assert sum(trace.is_cut for trace in by_result) == 1


def test_a_kept_trace_is_of_one_unit_whatever_its_lines_name() -> None:
    named = b'{"type": "of_tomorrow", "at_s": 2, "unit": "another"}\n'
    trace = one(text(HEAD, STARTED) + named + text(SENT, FINISHED))
    assert len(trace.entries) == 5


def test_of_a_stream_whose_beginning_is_lost_each_unit_has_what_is_there() -> None:
    first, second = of_unit("ble:one", *ONE), of_unit("ble:other", *OTHER)
    found = read_traces(first[2] + second[3] + first[3] + second[4], name="t")
    assert [trace.entries for trace in found] == [ONE[2:], OTHER[3:]]


def test_a_unit_that_is_no_text_is_passed_over() -> None:
    content = text(STARTED) + b'{"type": "of_tomorrow", "at_s": 2, "unit": [1]}\n' + text(FINISHED)
    assert len(one(content).entries) == 3


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
