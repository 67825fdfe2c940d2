"""Recordings that somebody has changed: they agree, disagree or are refused, and nothing else."""

from __future__ import annotations

import copy
import gzip
import json
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from firmline.device.replay.comparison import Disagreement
from firmline.device.replay.machine import replay
from firmline.device.replay.session import read_session
from firmline.errors import Code, InputError

SAMPLE = Path(__file__).parents[2] / "golden" / "device" / "data" / "sessions.jsonl.gz"
SESSIONS = [json.loads(line) for line in gzip.decompress(SAMPLE.read_bytes()).splitlines()]

VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(0, 0x80000),
    st.floats(),
    st.text(max_size=10),
    st.binary(max_size=10).map(bytes.hex),
    st.lists(st.integers(0, 9), max_size=3),
    st.dictionaries(st.text(max_size=5), st.integers(), max_size=2),
)
EVENTS = st.one_of(
    st.sampled_from(["power_on", "enter_dfu", "disconnect", "inactivity", "connect"]),
    st.sampled_from(["soft", "pin", "wdt", "power"]).map("reset {}".format),
    st.integers(0, 0xFF).map("gpregret {:02x}".format),
    st.integers(0, 0xFF).map("gpregret2 {:02x}".format),
    st.integers(1, 3000).map("powerfail {}".format),
    st.integers(1, 3000).map("dropop {}".format),
    st.integers(0, 200).map("wait {}".format),
    st.builds("cccd {}".format, st.integers(0, 1)),
    st.builds(
        lambda at, content: f"flash {at:#x} {content.hex()}",
        st.integers(0, 0x7FFF0) | st.integers(0x7E000, 0x7E37F) | st.integers(0x7F000, 0x7F37F),
        st.binary(min_size=1, max_size=16),
    ),
    st.text(max_size=12),
)
FRAMES = st.builds(
    lambda frame, channel: {"tx": frame.hex(), "ch": channel},
    st.binary(max_size=140) | st.sampled_from([b"\x03", b"\x04", b"\x06\x02", b"\x0c", b""]),
    st.sampled_from(["control", "packet", "uart"]),
)


def outcome(record: object) -> str:
    refusal = None
    found: Disagreement | None = None
    try:
        found = replay(read_session(record))
    except InputError as error:
        refusal = error
    if refusal is not None:
        assert refusal.code is Code.TRANSCRIPT_MALFORMED
        return "refused"
    return "agrees" if found is None else "disagrees"


@given(st.data())
def test_a_recording_with_any_value_in_any_place_is_replayed_or_refused(
    data: st.DataObject,
) -> None:
    record = copy.deepcopy(data.draw(st.sampled_from(SESSIONS)))
    for _ in range(data.draw(st.integers(1, 3))):
        holder: Any = record
        while True:
            keys = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
            if not keys:
                break
            key = data.draw(st.sampled_from(keys))
            if not isinstance(holder[key], dict | list):
                holder[key] = data.draw(VALUES)
                break
            holder = holder[key]
    outcome(record)


@given(st.data())
def test_a_recording_with_other_steps_in_between_is_replayed_or_refused(
    data: st.DataObject,
) -> None:
    record = copy.deepcopy(data.draw(st.sampled_from(SESSIONS)))
    for _ in range(data.draw(st.integers(1, 6))):
        position = data.draw(st.integers(0, len(record["steps"])))
        record["steps"].insert(position, data.draw(EVENTS.map(lambda event: {"event": event})))
        position = data.draw(st.integers(0, len(record["steps"])))
        record["steps"].insert(position, data.draw(FRAMES))
    outcome(record)
