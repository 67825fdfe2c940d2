"""The virtual unit against recorded sessions of the real bootloader: all of them must agree."""

from __future__ import annotations

import copy
import gzip
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmline.device.profile import PROFILES
from firmline.device.replay.comparison import Disagreement
from firmline.device.replay.machine import replay
from firmline.device.replay.session import read_session
from golden.device.regenerate_sample import SAMPLE, SAMPLE_PATH, sample_of

Record = dict[str, Any]

RECORDED = {
    "boot": 276,
    "happy": 140,
    "init": 194,
    "objects": 120,
    "optrace": 77,
    "powerloss": 272,
    "random-256k": 39,
    "random-sdk15.3-ble": 72,
    "random-sdk15.3-uart": 84,
    "random-sdk17.1-ble": 69,
    "random-sdk17.1-uart": 79,
    "resume": 104,
    "slip": 48,
    "space256": 64,
}
"""Per file of the evidence: how many sessions it has. Every one must agree."""
RECORDED_PROFILES = {
    "sdk15.3-ble",
    "sdk15.3-ble-256k",
    "sdk15.3-uart",
    "sdk15.3-uart-256k",
    "sdk17.1-ble",
    "sdk17.1-uart",
}
QUICK = {"objects", "slip"}
"""Files that are also replayed in the quick run."""


def load(path: Path) -> Iterator[Record]:
    """The sessions of one ``.jsonl.gz`` file."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def replayed(record: Record) -> Disagreement | None:
    return replay(read_session(record))


def told(record: Record, found: Disagreement | None) -> str:
    """A disagreement for whoever reads a failed test; empty: none."""
    if found is None:
        return ""
    return f"{record['id']} step {found.step}: {found.what}: {found.expected} != {found.got}"


SESSIONS = list(load(SAMPLE_PATH))


@pytest.mark.parametrize("record", SESSIONS, ids=lambda record: record["id"])
def test_the_unit_does_what_the_real_bootloader_did(record: Record) -> None:
    assert told(record, replayed(record)) == ""


@pytest.mark.parametrize(
    "file",
    [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in RECORDED],
)
def test_every_recorded_session_agrees(shared: Path, file: str) -> None:
    count, disagreements = 0, []
    for record in load(shared / "data" / "transcripts" / f"{file}.jsonl.gz"):
        count += 1
        if found := replayed(record):
            disagreements.append(told(record, found))
    assert disagreements == []
    assert count == RECORDED[file]


def test_no_file_of_the_evidence_is_left_out(shared: Path) -> None:
    files = (shared / "data" / "transcripts").glob("*.jsonl.gz")
    assert {path.name.removesuffix(".jsonl.gz") for path in files} == set(RECORDED)
    assert sum(RECORDED.values()) == 1_638


@pytest.mark.slow
def test_the_evidence_has_these_profiles_and_the_others_are_not_called_verified(
    shared: Path,
) -> None:
    folder = shared / "data" / "transcripts"
    present = {record["profile"] for file in RECORDED for record in load_file(folder, file)}
    assert present == RECORDED_PROFILES
    verified = {name for name, profile in PROFILES.items() if profile.verified}
    assert {name.removesuffix("-256k") for name in present} == verified


def load_file(folder: Path, file: str) -> Iterator[Record]:
    return load(folder / f"{file}.jsonl.gz")


# The sample.


def test_the_sample_is_what_the_evidence_says(shared: Path) -> None:
    kept = gzip.decompress(SAMPLE_PATH.read_bytes()).decode().splitlines()
    assert kept == sample_of(shared / "data" / "transcripts")


def test_the_sample_is_fair_and_small() -> None:
    assert [record["id"] for record in SESSIONS] == list(SAMPLE)
    categories = Counter(name.split("/")[0] for name in SAMPLE)
    assert set(categories) == {name.split("-")[0] for name in RECORDED} | {"dropop"}
    assert min(categories.values()) >= 2
    profiles = Counter(record["profile"] for record in SESSIONS)
    assert set(profiles) == RECORDED_PROFILES
    assert min(profiles.values()) >= 4
    assert SAMPLE_PATH.stat().st_size < 150_000


def test_the_sample_s_page_counts_as_the_sample_does() -> None:
    page = (SAMPLE_PATH.parent / "PROVENANCE.md").read_text(encoding="utf-8")
    rows = [[cell.strip() for cell in line.split("|")[1:3]] for line in page.splitlines()]
    counted = {row[0]: int(row[1]) for row in rows if len(row) == 2 and row[1].isdigit()}
    assert counted == Counter(name.split("/")[0] for name in SAMPLE)
    assert f"holds {len(SAMPLE)} of the 1,638 recorded sessions" in page


# The replayer itself: whatever is changed in a recording must show, and at its own step.


OBSERVED = [
    "rx",
    "att",
    "link",
    "mode",
    "mtu_reply",
    "stopped_after",
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


def holders(record: Record) -> Iterator[tuple[int | None, Record]]:
    """The dictionaries of a session that say what was observed, with the step they belong to."""
    for index, step in enumerate(record["steps"]):
        yield index, step
        if "expect" in step:
            yield index, step["expect"]
    yield None, record["final"]


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


def observations(name: str) -> Iterator[tuple[Record, int]]:
    """Sessions that have a field, and which of their holders does."""
    for record in SESSIONS:
        for number, (_, fields) in enumerate(holders(record)):
            if name in fields:
                yield record, number


def assert_found(record: Record, number: int, name: str, *, leave_out: bool = False) -> None:
    """Alter one observed value: the replay must end right there, and say what it is."""
    altered = copy.deepcopy(record)
    step, fields = list(holders(altered))[number]
    if leave_out:
        del fields[name]
    else:
        fields[name] = changed(fields[name])
    found = replayed(altered)
    assert found is not None
    assert (found.step, found.what) == (step, name)
    assert found.expected != found.got


@pytest.mark.parametrize("name", OBSERVED)
def test_a_recording_with_another_value_disagrees_at_its_step(name: str) -> None:
    assert_found(*next(observations(name)), name)


@given(st.data())
def test_any_altered_value_disagrees_at_its_step(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(OBSERVED))
    record, number = data.draw(st.sampled_from(list(observations(name))))
    assert_found(record, number, name)


@pytest.mark.parametrize(
    "name", ["rx", "att", "link", "mode", "mtu_reply", "stopped_after", "resets", "adv", "ops"]
)
def test_a_recording_that_leaves_out_what_happened_disagrees(name: str) -> None:
    record, number = next(
        (record, number)
        for record, number in observations(name)
        if list(holders(record))[number][1][name] != []
    )
    assert_found(record, number, name, leave_out=True)


def test_every_field_of_the_settings_is_compared() -> None:
    record, number = next(observations("settings"))
    step, fields = list(holders(record))[number]
    for name in fields["settings"]:
        altered = copy.deepcopy(record)
        list(holders(altered))[number][1]["settings"][name] = "changed"
        found = replayed(altered)
        assert found is not None
        assert (found.step, found.what) == (step, "settings")


@pytest.mark.parametrize(("frames", "agrees"), [(1, True), (2, False), (None, False)])
def test_frames_behind_a_reset_are_not_sent(frames: int | None, agrees: bool) -> None:
    record = copy.deepcopy(next(made for made in SESSIONS if made["id"].endswith("/app-prn3")))
    connect = next(i for i, step in enumerate(record["steps"]) if step.get("event") == "connect")
    record["blobs"]["aborts"] = {"hex": "0c0c0c"}
    abort: Record = {
        "tx": {"blob": "aborts", "from": 0, "to": 3, "chunk": 1},
        "ch": "control",
        "resets": ["soft"],
        "link": "lost",
        "mode": "app",
    }
    if frames is not None:
        abort["stopped_after"] = frames
    record["steps"] = [*record["steps"][: connect + 1], abort]
    record["final"]["mode"] = "the end"
    found = replayed(record)
    assert found is not None
    assert (found.what, found.got) == ("mode", "app") if agrees else ("stopped_after", 1)


def test_what_the_final_state_excludes_is_not_compared() -> None:
    record = copy.deepcopy(next(made for made in SESSIONS if made["final"].get("exclude")))
    assert replayed(record) is None
    record["final"]["exclude"].append([0x7FFFC, 4_000])
    found = replayed(record)
    assert found is not None
    assert (found.step, found.what) == (None, "flash_sha256")
