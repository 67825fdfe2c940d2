"""Transcript files that somebody has changed, through the session reader and the replay."""

from __future__ import annotations

import copy
import gzip
import json
import random
from functools import cache
from pathlib import Path
from typing import Any

from firmline.device.replay.machine import replay
from firmline.device.replay.session import read_session
from firmline.errors import Code, InputError

SAMPLE = Path(__file__).parents[1] / "golden" / "device" / "data" / "sessions.jsonl.gz"
VALUES: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    2**40,
    1.5,
    "",
    "00",
    "zz",
    "c0",
    [],
    [1],
    {},
    {"hex": "00"},
    {"len": 9},
)
EVENTS = (
    *(
        "power_on",
        "enter_dfu",
        "connect",
        "disconnect",
        "inactivity",
        "cccd 0",
        "cccd x",
        "nonsense",
    ),
    *(
        "reset soft",
        "reset power",
        "gpregret b1",
        "gpregret2 a9",
        "powerfail 7",
        "dropop 3",
        "wait 5",
    ),
    *("flash 0x7f000 00112233", "flash 0x7fffff 0000", "powerfail 0", ""),
)


@cache
def _samples() -> tuple[dict[str, Any], ...]:
    lines = gzip.decompress(SAMPLE.read_bytes()).splitlines()
    return tuple(json.loads(line) for line in lines if len(line) < 60_000)


def run_transcript(seed: str) -> str:
    """Replay one; how it ended. Anything but a refusal of ours comes through as it is."""
    rng = random.Random(seed)
    record = copy.deepcopy(rng.choice(_samples()))
    for _ in range(rng.randint(1, 4)):
        if rng.random() < 0.5:
            steps = record.get("steps")
            if isinstance(steps, list):
                steps.insert(rng.randint(0, len(steps)), {"event": rng.choice(EVENTS)})
        else:
            _change(rng, record)
    try:
        difference = replay(read_session(record))
    except InputError as error:
        if error.code is not Code.TRANSCRIPT_MALFORMED:
            raise
        return "transcript refused"
    return "transcript agrees" if difference is None else "transcript differs"


def _change(rng: random.Random, record: dict[str, Any]) -> None:
    """Another value somewhere."""
    holder: Any = record
    while holder:
        key = rng.choice(list(holder) if isinstance(holder, dict) else range(len(holder)))
        if not isinstance(holder[key], dict | list) or rng.random() < 0.1:
            holder[key] = rng.choice(VALUES)
            return
        holder = holder[key]
