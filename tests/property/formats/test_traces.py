"""What was written is read: every event, and a file that ends anywhere."""

from __future__ import annotations

import dataclasses
import json
import types
import typing
from enum import Enum

from hypothesis import given
from hypothesis import strategies as st

from firmline import events
from firmline.errors import InputError
from firmline.events import Event
from firmline.formats.event_json import event_from_json, event_to_json, event_types
from firmline.formats.trace import TRACE_FORMAT, encode_event, read_traces
from firmline.values import BleAddress, PeripheralId
from unit.cli.event_samples import SAMPLES

KINDS = [event_types()[name] for name in sorted(event_types())]
ADDRESSES = st.binary(min_size=6, max_size=6).map(BleAddress)
SECONDS = st.floats(-1e9, 1e9).map(lambda number: round(number, 6))
VALUES: dict[object, st.SearchStrategy[typing.Any]] = {
    str: st.text(max_size=20).filter(lambda text: "?" not in text and ":" not in text),
    int: st.integers(-(2**63), 2**63),
    float: SECONDS,
    bool: st.booleans(),
    bytes: st.binary(max_size=20),
    BleAddress: ADDRESSES,
    PeripheralId: st.uuids().map(lambda uuid: PeripheralId.parse(str(uuid))),
    type(None): st.none(),
}


def values(hint: object) -> st.SearchStrategy[typing.Any]:
    """Values for a field."""
    arms = typing.get_args(hint)
    match typing.get_origin(hint):
        case types.UnionType | typing.Union:
            return st.one_of(*map(values, arms))
        case None if isinstance(hint, type) and issubclass(hint, Enum):
            return st.sampled_from(list(hint))
        case None:
            return VALUES[hint]
        case origin if origin is tuple:
            return st.lists(values(arms[0]), max_size=3).map(tuple)
        case _:
            return st.dictionaries(st.text(max_size=5), values(arms[1]), max_size=3)


@st.composite
def any_event(draw: st.DrawFn) -> Event:
    """Any event there is, with any values."""
    kind = draw(st.sampled_from(KINDS))
    hints = typing.get_type_hints(kind)
    fields = {field.name: draw(values(hints[field.name])) for field in dataclasses.fields(kind)}
    if kind is events.TraceStarted:
        fields["trace_format"] = TRACE_FORMAT
    return kind(**fields)


@given(any_event())
def test_every_event_that_is_written_is_read(event: Event) -> None:
    assert event_from_json(json.loads(json.dumps(event_to_json(event)))) == event


@given(st.lists(any_event(), min_size=1, max_size=8))
def test_every_trace_that_is_written_is_read(told: list[Event]) -> None:
    content = "".join(map(encode_event, told)).encode()
    found = read_traces(content, name="t")
    assert [entry for trace in found for entry in trace.entries] == told


WHOLE = "".join(encode_event(event) for event in SAMPLES[:12]).encode()


def test_a_trace_that_ends_anywhere_is_read_up_to_there() -> None:
    """Or it has not come to the end of its first event, and is no trace."""
    ends = [at for at, byte in enumerate(WHOLE) if byte == ord("\n")]
    for end in range(len(WHOLE) + 1):
        whole_lines = sum(at <= end for at in ends)
        try:
            found = read_traces(WHOLE[:end], name="t")
        except InputError:
            assert whole_lines == 0
            continue
        read = [entry for trace in found for entry in trace.entries]
        assert read == list(SAMPLES[:whole_lines])
        is_cut = bool(end) and end - 1 not in ends and end not in ends
        assert found[-1].is_cut == is_cut or whole_lines == 0


@given(st.binary(max_size=200), st.integers(0, len(WHOLE)))
def test_no_bytes_lead_to_anything_but_a_sentence(damage: bytes, at: int) -> None:
    for content in (damage, WHOLE[:at] + damage + WHOLE[at:], WHOLE[:at] + damage):
        try:
            assert read_traces(content, name="t")
        except InputError as refused:
            sentence = refused.message
        else:
            continue
        assert sentence.startswith("t is no trace of firmline")
