"""A recorded session as values; what is malformed is named, in an InputError and nothing else."""

from __future__ import annotations

import copy
import hashlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmline.device.replay.session import (
    MAX_SOURCE_DEPTH,
    MAX_SOURCE_SIZE,
    Cause,
    Expect,
    Transmit,
    read_session,
    read_source,
)
from firmline.errors import Code, InputError
from firmline.protocol.channels import Channel
from unit.device.makers import KEY

SESSION: dict[str, Any] = {
    "id": "made/sdk15.3-ble/up",
    "profile": "sdk15.3-ble",
    "about": "made by hand",
    "public_key_le_hex": KEY.public_key.le_bytes.hex(),
    "flash": [{"at": 0x1000, "hex": "0102"}, {"at": 0x1001, "sha256ctr": "s", "len": 3}],
    "blobs": {"b": {"hex": "000102030405060708"}},
    "steps": [
        {"event": "power_on", "mode": "dfu"},
        {"event": "connect", "mtu": 247, "cccd": 0},
        {"tx": "0601", "ch": "control", "rx": ["60"]},
        {"tx": {"blob": "b", "from": 1, "to": 8, "chunk": 3, "pre": "08"}, "ch": "uart"},
        {"expect": {"mode": "dfu"}},
    ],
    "final": {"mode": "dfu", "exclude": [[0, 4]]},
}


def altered(**fields: Any) -> dict[str, Any]:
    return {**copy.deepcopy(SESSION), **fields}


def with_step(**step: Any) -> dict[str, Any]:
    return altered(steps=[*SESSION["steps"], step])


def malformed(record: object) -> str:
    with pytest.raises(InputError) as caught:
        read_session(record)
    assert caught.value.code is Code.TRANSCRIPT_MALFORMED
    assert len(caught.value.message) < 200
    return caught.value.message


def test_a_session_is_read_as_it_is_written() -> None:
    session = read_session(SESSION)
    assert (session.id, session.profile) == ("made/sdk15.3-ble/up", "sdk15.3-ble")
    assert session.public_key == KEY.public_key
    assert session.flash == (
        (0x1000, b"\x01\x02"),
        (0x1001, hashlib.sha256(b"s/0").digest()[:3]),
    )
    assert (session.is_raw, session.has_operations) == (False, False)
    assert session.final == SESSION["final"]


def test_steps_are_frames_causes_and_expectations() -> None:
    power_on, connect, frame, frames, expect = read_session(SESSION).steps
    assert isinstance(power_on, Cause)
    assert (power_on.kind, power_on.arguments, power_on.observed["mode"]) == ("power_on", (), "dfu")
    assert isinstance(connect, Cause)
    assert (connect.mtu, connect.cccd) == (247, False)
    assert isinstance(frame, Transmit)
    assert (frame.channel, frame.frames) == (Channel.CONTROL, (b"\x06\x01",))
    assert frame.observed["rx"] == ["60"]
    assert isinstance(frames, Transmit)
    assert frames.channel is Channel.SERIAL
    assert frames.frames == (b"\x08\x01\x02\x03", b"\x08\x04\x05\x06", b"\x08\x07")
    assert isinstance(expect, Expect)
    assert expect.expected == {"mode": "dfu"}


def test_what_may_be_left_out_has_a_default() -> None:
    record = with_step(event="connect")
    del record["blobs"]
    record["steps"] = record["steps"][-1:]
    session = read_session({**record, "raw": True, "optrace": True, "final": {}})
    step = session.steps[0]
    assert isinstance(step, Cause)
    assert (step.mtu, step.cccd) == (23, True)
    assert (session.is_raw, session.has_operations, session.final) == (True, True, {})


def test_a_blob_without_a_chunk_is_one_frame_and_an_empty_range_is_none() -> None:
    for end, frames in ((9, (bytes(range(9)),)), (0, ())):
        record = with_step(tx={"blob": "b", "from": 0, "to": end}, ch="packet")
        step = read_session(record).steps[-1]
        assert isinstance(step, Transmit)
        assert step.frames == frames


# Byte sources.


def test_byte_sources_are_those_of_the_format() -> None:
    source = {"len": 6, "parts": [{"at": 1, "hex": "0102"}, {"at": 2, "hex": "03"}]}
    assert read_source(source) == b"\xff\x01\x03\xff\xff\xff"
    blocks = hashlib.sha256(b"s/0").digest() + hashlib.sha256(b"s/1").digest()
    assert read_source({"sha256ctr": "s", "len": 40}) == blocks[:40]
    assert read_source({"len": 2, "parts": []}) == b"\xff\xff"


def nested(levels: int) -> dict[str, Any]:
    source: dict[str, Any] = {"hex": "00"}
    for _ in range(levels):
        source = {"len": 1, "parts": [{"at": 0, **source}]}
    return source


def test_parts_may_lie_in_parts_so_deep_and_no_deeper() -> None:
    assert read_source(nested(MAX_SOURCE_DEPTH)) == b"\x00"
    for levels in (MAX_SOURCE_DEPTH + 1, 5_000):
        with pytest.raises(InputError, match="more than 8 deep"):
            read_source(nested(levels))


SOURCES: list[tuple[Any, str]] = [
    (None, "a byte source is no JSON object"),
    ("00", "a byte source is no JSON object"),
    ({}, "'len' is missing"),
    ({"hex": 5}, "'hex' is no text"),
    ({"hex": "0"}, "'0' is not hexadecimal"),
    ({"hex": "zz" * 50}, "'" + "zz" * 10 + "' is not hexadecimal"),
    ({"hex": "\u0661\u0661"}, "is not hexadecimal"),
    ({"sha256ctr": "s"}, "'len' is missing"),
    ({"sha256ctr": 1, "len": 4}, "'sha256ctr' is no text"),
    ({"sha256ctr": "\ud800", "len": 4}, "'sha256ctr' is no text"),
    ({"sha256ctr": "s", "len": -1}, "has -1 bytes"),
    ({"sha256ctr": "s", "len": True}, "'len' is no whole number"),
    ({"sha256ctr": "s", "len": 1.0}, "'len' is no whole number"),
    ({"sha256ctr": "s", "len": MAX_SOURCE_SIZE + 1}, "has 4194305 bytes"),
    ({"len": 4}, "'parts' is missing"),
    ({"len": 4, "parts": {}}, "'parts' is no list"),
    ({"len": 4, "parts": [7]}, "what holds 'at' is no JSON object"),
    ({"len": 4, "parts": [{"hex": "00"}]}, "'at' is missing"),
    ({"len": 4, "parts": [{"at": -1, "hex": "00"}]}, "lies outside"),
    ({"len": 4, "parts": [{"at": 3, "hex": "0000"}]}, "lies outside"),
]


@pytest.mark.parametrize(("source", "what"), SOURCES)
def test_a_malformed_byte_source_says_what_and_where(source: Any, what: str) -> None:
    message = malformed(altered(blobs={"fine": {"hex": ""}, "b": source}))
    assert message.startswith("Blob 'b': The transcript cannot be read: ")
    assert what in message
    if isinstance(source, dict):
        message = malformed(altered(flash=[SESSION["flash"][0], {"at": 0, **source}]))
        assert message.startswith("Flash entry 1: ")
        assert what in message


# Everything else.


TOP: list[tuple[str, Any, str]] = [
    ("id", None, "the field 'id' is no text"),
    ("profile", 15, "the field 'profile' is no text"),
    ("public_key_le_hex", [], "the field 'public_key_le_hex' is no text"),
    ("public_key_le_hex", "xy", "the field 'public_key_le_hex': "),
    ("public_key_le_hex", "00" * 63, "A public key has 64 bytes, not 63."),
    ("public_key_le_hex", "00" * 64, "not a point of the curve"),
    ("blobs", [], "the field 'blobs' is no JSON object"),
    ("flash", {}, "the field 'flash' is no list"),
    ("flash", [None], "Flash entry 0: "),
    ("flash", [{"hex": "00"}], "the field 'at' is missing"),
    ("steps", "none", "the field 'steps' is no list"),
    ("final", [], "the field 'final' is no JSON object"),
    ("final", {"exclude": 1}, "the field 'exclude' is no list"),
    ("final", {"exclude": [[0]]}, "'exclude' is not a list of addresses and sizes"),
    ("final", {"exclude": [[0, -1]]}, "'exclude' is not a list of addresses and sizes"),
    ("final", {"exclude": [[-1, 4]]}, "'exclude' is not a list of addresses and sizes"),
    ("final", {"exclude": [[0, 1 << 40]]}, "'exclude' is not a list of addresses and sizes"),
    ("final", {"exclude": ["ab"]}, "'exclude' is not a list of addresses and sizes"),
]


@pytest.mark.parametrize(("name", "value", "what"), TOP)
def test_a_malformed_field_is_named(name: str, value: Any, what: str) -> None:
    assert what in malformed(altered(**{name: value}))


@pytest.mark.parametrize("name", ["id", "profile", "public_key_le_hex", "flash", "steps", "final"])
def test_a_missing_field_is_named(name: str) -> None:
    record = altered()
    del record[name]
    assert malformed(record).endswith(f"the field {name!r} is missing.")


@pytest.mark.parametrize("record", [None, [], "session", 3, True])
def test_what_is_no_object_is_no_session(record: object) -> None:
    assert "the session is no JSON object" in malformed(record)


BLOB = {"blob": "b", "from": 0, "to": 1}
STEPS: list[tuple[dict[str, Any], str]] = [
    ({}, "the field 'event' is missing"),
    ({"event": 5}, "the field 'event' is no text"),
    ({"event": "connect", "mtu": "23"}, "the field 'mtu' is no whole number"),
    ({"expect": None}, "the field 'expect' is no JSON object"),
    ({"tx": "00"}, "the field 'ch' is missing"),
    ({"tx": "00", "ch": 1}, "the field 'ch' is no text"),
    ({"tx": "00", "ch": "usb" * 20}, "there is no channel 'usbusbusbusbusbusbus'"),
    ({"tx": "0", "ch": "uart"}, "'0' is not hexadecimal"),
    ({"tx": 0, "ch": "uart"}, "tx is no JSON object"),
    ({"tx": {}, "ch": "uart"}, "the field 'blob' is missing"),
    ({"tx": {**BLOB, "blob": "c"}, "ch": "uart"}, "there is no blob 'c'"),
    ({"tx": {"blob": "b", "to": 1}, "ch": "uart"}, "the field 'from' is missing"),
    ({"tx": {"blob": "b", "from": 0}, "ch": "uart"}, "the field 'to' is missing"),
    ({"tx": {**BLOB, "from": -1}, "ch": "uart"}, "bytes -1 to 1 lie outside the blob 'b'"),
    ({"tx": {**BLOB, "from": 2}, "ch": "uart"}, "bytes 2 to 1 lie outside the blob 'b'"),
    ({"tx": {**BLOB, "to": 10}, "ch": "uart"}, "bytes 0 to 10 lie outside the blob 'b'"),
    ({"tx": {**BLOB, "chunk": 0}, "ch": "uart"}, "frames of 0 bytes"),
    ({"tx": {**BLOB, "chunk": "1"}, "ch": "uart"}, "the field 'chunk' is no whole number"),
    ({"tx": {**BLOB, "pre": 8}, "ch": "uart"}, "the field 'pre' is no text"),
    ({"tx": {**BLOB, "pre": "8"}, "ch": "uart"}, "'8' is not hexadecimal"),
]


@pytest.mark.parametrize(("step", "what"), STEPS)
def test_a_malformed_step_is_named_by_its_number(step: dict[str, Any], what: str) -> None:
    message = malformed(with_step(**step))
    assert message == f"Step 5: The transcript cannot be read: {what}."


def test_a_step_that_is_no_object_is_named_too() -> None:
    message = malformed(altered(steps=["power_on"]))
    assert message == "Step 0: The transcript cannot be read: a step is no JSON object."


# Any JSON.


JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)


def readable(record: object) -> bool:
    """Whether a record is a session; anything but an InputError is a defect."""
    refusal = None
    try:
        read_session(record)
    except InputError as error:
        refusal = error
    assert refusal is None or refusal.code is Code.TRANSCRIPT_MALFORMED
    return refusal is None


@given(JSON)
def test_any_json_is_refused_as_input(record: object) -> None:
    assert not readable(record)


@given(st.data())
def test_any_json_in_the_place_of_a_part_of_a_session_is_read_or_refused(
    data: st.DataObject,
) -> None:
    record = json.loads(json.dumps(SESSION))
    holder: Any = record
    while True:
        keys = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
        key = data.draw(st.sampled_from(keys))
        if not holder[key] or not isinstance(holder[key], dict | list) or data.draw(st.booleans()):
            break
        holder = holder[key]
    holder[key] = data.draw(JSON)
    readable(record)
