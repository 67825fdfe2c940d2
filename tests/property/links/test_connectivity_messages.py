"""Both ends of a dongle's messages are one table: what one says, the other hears."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmline.errors import Code, RemoteProtocolError
from firmline.links.connectivity.wire.api2 import API2
from firmline.links.connectivity.wire.api5 import API5
from firmline.links.connectivity.wire.layouts import Call, Happening, Response, Table
from property.links.connectivity_messages import messages_of

TABLES = [API2, API5]
CALLS = [(table, call) for table in TABLES for call in table.calls.values()]
HAPPENINGS = [(table, each) for table in TABLES for each in table.happenings.values()]


@given(which=st.sampled_from(CALLS), data=st.data())
def test_a_chip_hears_what_a_host_commands(which: tuple[Table, Call], data: st.DataObject) -> None:
    table, call = which
    command = data.draw(messages_of(call.command))
    payload = table.encode_command(command)
    assert table.decode_command(payload) == command
    assert payload[:2] == bytes((0, call.opcode))


@given(which=st.sampled_from(CALLS), data=st.data(), error=st.just(0) | st.integers(0, 1 << 31))
def test_a_host_hears_what_a_chip_responds(
    which: tuple[Table, Call], data: st.DataObject, error: int
) -> None:
    table, call = which
    kind = call.command.kind
    results = None if call.response is None else data.draw(messages_of(call.response))
    said = results if not error else None
    response = table.decode_said(table.encode_response(kind, error=error, results=said))
    assert isinstance(response, Response)
    assert (response.opcode, response.error) == (call.opcode, error)
    assert table.decode_results(kind, response) == said


@given(which=st.sampled_from(HAPPENINGS), data=st.data())
def test_a_host_hears_what_happens(which: tuple[Table, Happening], data: st.DataObject) -> None:
    table, happening = which
    event = data.draw(messages_of(happening.layout))
    payload = table.encode_event(event)
    assert table.decode_said(payload) == event


@given(which=st.sampled_from(HAPPENINGS), data=st.data())
def test_an_event_that_is_cut_short_or_too_long_is_one_clear_error(
    which: tuple[Table, Happening], data: st.DataObject
) -> None:
    table, happening = which
    payload = table.encode_event(data.draw(messages_of(happening.layout)))
    for spoiled in (payload + b"\x00", *(payload[:size] for size in range(3, len(payload)))):
        with pytest.raises(RemoteProtocolError) as caught:
            table.decode_said(spoiled)
        assert caught.value.code is Code.DONGLE_NONSENSE


@pytest.mark.parametrize("table", TABLES, ids=lambda table: f"interface-{table.version}")
@given(noise=st.binary(max_size=60), kind=st.sampled_from([b"", b"\x00", b"\x01", b"\x02"]))
def test_no_bytes_are_more_than_a_message_or_an_error(
    table: Table, noise: bytes, kind: bytes
) -> None:
    payload = kind + noise
    for decode in (table.decode_said, table.decode_command):
        with suppress(RemoteProtocolError):
            assert decode(payload) is not None
