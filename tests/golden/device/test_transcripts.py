"""The virtual unit against recorded sessions of the real bootloader."""

from __future__ import annotations

import copy
import gzip
import hashlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from golden.device.regenerate_sample import PROFILE, SAMPLE, SAMPLE_PATH, sample_of
from golden.device.replayer import (
    Disagreement,
    NotModelledError,
    Replay,
    Step,
    load_sessions,
    read_source,
)

KNOWN_GAPS = {
    "objects/sdk15.3-ble/leak-long-20": "refused writes cost no buffer yet (section 13)",
    "boot/sdk15.3-ble/settings-stored-init-short": "a stored packet that is cut: no reset yet",
}
"""Sessions that must disagree, until they are mended: then this list shrinks."""

RECORDED: dict[str, tuple[int, dict[str, int]]] = {
    "boot": (58, {"gpregret2": 4}),
    "happy": (29, {}),
    "init": (34, {}),
    "objects": (24, {}),
    "optrace": (9, {"powerfail": 6}),
    "powerloss": (0, {"powerfail": 56, "dropop": 8}),
    "random-sdk15.3-ble": (28, {"powerfail": 32, "dropop": 12}),
    "resume": (16, {}),
}
"""Per file of the evidence: sessions that are replayed, and those with steps not modelled yet."""


def sample() -> list[Step]:
    return list(load_sessions(SAMPLE_PATH, profile=PROFILE))


def replay(session: Step) -> None:
    """Replay a session: it must agree, unless it is a known gap, which must not."""
    if session["id"] in KNOWN_GAPS:
        with pytest.raises(Disagreement):
            Replay(session).run()
    else:
        Replay(session).run()


@pytest.mark.parametrize("session", sample(), ids=lambda session: session["id"])
def test_the_unit_does_what_the_real_bootloader_did(session: Step) -> None:
    replay(session)


@pytest.mark.parametrize("category", RECORDED)
def test_all_recorded_sessions_agree_but_for_what_is_not_modelled(
    shared: Path, category: str
) -> None:
    replayed, skipped = 0, Counter[str]()
    path = shared / "data" / "transcripts" / f"{category}.jsonl.gz"
    for session in load_sessions(path, profile=PROFILE):
        try:
            replay(session)
        except NotModelledError as kind:
            skipped[str(kind)] += 1
        else:
            replayed += 1
    assert (replayed, dict(skipped)) == RECORDED[category]


def test_no_file_of_the_evidence_is_left_out(shared: Path) -> None:
    folder = shared / "data" / "transcripts"
    having = {
        path.name.removesuffix(".jsonl.gz")
        for path in folder.glob("*.jsonl.gz")
        if any(True for _ in load_sessions(path, profile=PROFILE))
    }
    assert having == set(RECORDED)


def test_the_sample_is_what_the_evidence_says(shared: Path) -> None:
    kept = gzip.decompress(SAMPLE_PATH.read_bytes()).decode().splitlines()
    assert kept == sample_of(shared / "data" / "transcripts")


def test_the_sample_has_every_known_gap_and_is_small() -> None:
    names = {session["id"] for session in sample()}
    assert len(names) == len(SAMPLE)
    assert set(KNOWN_GAPS) <= names
    assert SAMPLE_PATH.stat().st_size < 150_000


# The replayer itself: whatever is changed in a recording must show.


def places(session: Step) -> Iterator[tuple[int | str, Step]]:
    """The dictionaries of a session that say what was observed, with the step they belong to."""
    for index, step in enumerate(session["steps"]):
        yield index, step
        if "expect" in step:
            yield index, step["expect"]
    yield "final", session["final"]


def changed(value: Any) -> Any:
    match value:
        case bool():
            return not value
        case int():
            return value + 1
        case str():
            return value[:-1] + ("0" if value[-1] != "0" else "1")
        case list():
            return [*value, "changed"]
        case dict():
            return {**value, "app_version": value["app_version"] + 1}
        case _:
            return "changed"


OBSERVED = [
    "rx",
    "att",
    "link",
    "mode",
    "mtu_reply",
    "resets",
    "adv",
    "addr",
    "ops",
    "gpregret",
    "settings",
    "settings_page_sha256",
    "backup_page_sha256",
    "bank0_sha256",
    "bank0_at",
    "app_valid",
    "flash_sha256",
    "settings_page_hex",
]


@pytest.mark.parametrize("name", OBSERVED)
def test_a_recording_with_another_value_disagrees_at_its_step(name: str) -> None:
    for session in sample():
        if session["id"] in KNOWN_GAPS:
            continue
        altered = copy.deepcopy(session)
        for step, fields in places(altered):
            if name in fields:
                fields[name] = changed(fields[name])
                with pytest.raises(Disagreement) as caught:
                    Replay(altered).run()
                assert (caught.value.step, caught.value.what) == (step, name)
                return
    pytest.fail(f"No session of the sample has {name}.")


@pytest.mark.parametrize("name", ["rx", "att", "link", "resets", "adv", "ops"])
def test_a_recording_that_leaves_out_what_happened_disagrees(name: str) -> None:
    for session in sample():
        altered = copy.deepcopy(session)
        for step, fields in places(altered):
            if session["id"] not in KNOWN_GAPS and fields.get(name):
                del fields[name]
                with pytest.raises(Disagreement) as caught:
                    Replay(altered).run()
                assert (caught.value.step, caught.value.what) == (step, name)
                return
    pytest.fail(f"No session of the sample has {name}.")


@pytest.mark.parametrize(("frames", "agrees"), [(1, True), (2, False), (None, False)])
def test_frames_behind_a_reset_are_not_sent(frames: int | None, agrees: bool) -> None:
    session = next(made for made in sample() if made["id"].endswith("/app-prn3"))
    connect = next(i for i, step in enumerate(session["steps"]) if step.get("event") == "connect")
    session["blobs"]["aborts"] = {"hex": "0c0c0c"}
    abort = {
        "tx": {"blob": "aborts", "from": 0, "to": 3, "chunk": 1},
        "ch": "control",
        "resets": ["soft"],
        "link": "lost",
        "mode": "app",
        "stopped_after": frames,
    }
    session["steps"] = [*session["steps"][: connect + 1], abort]
    session["final"]["mode"] = "the end"
    with pytest.raises(Disagreement) as caught:
        Replay(session).run()
    assert caught.value.what == ("mode" if agrees else "stopped_after")


def test_a_disagreement_says_where_and_what() -> None:
    session = sample()[0]
    session["final"]["mode"] = "nowhere"
    with pytest.raises(Disagreement, match=r"^step final: mode: expected nowhere, got \w+$"):
        Replay(session).run()


@pytest.mark.parametrize("step", [{"event": "powerfail 3"}, {"event": "gpregret2 a9"}])
def test_steps_that_are_not_modelled_are_named(step: Step) -> None:
    session = sample()[0]
    session["steps"].insert(1, step)
    with pytest.raises(NotModelledError, match=step["event"].split()[0]):
        Replay(session).run()


def test_raw_sessions_and_frames_of_a_uart_are_not_modelled() -> None:
    session = sample()[0]
    session["steps"].insert(1, {"tx": "03", "ch": "uart", "rx": []})
    with pytest.raises(NotModelledError, match="uart"):
        Replay(session).run()
    with pytest.raises(NotModelledError, match="raw"):
        Replay({**session, "raw": True}).run()


def test_byte_sources_are_those_of_the_format() -> None:
    source = {"len": 6, "parts": [{"at": 1, "hex": "0102"}, {"at": 2, "hex": "03"}]}
    assert read_source(source) == b"\xff\x01\x03\xff\xff\xff"
    counted = read_source({"sha256ctr": "s", "len": 40})
    blocks = hashlib.sha256(b"s/0").digest() + hashlib.sha256(b"s/1").digest()
    assert counted == blocks[:40]
