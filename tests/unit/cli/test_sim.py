"""``firmline sim``: recordings replayed, the power cut everywhere."""

from __future__ import annotations

import gzip
import json
import multiprocessing
from pathlib import Path
from typing import Any

import pytest

from firmline.cli import sweep_jobs
from firmline.cli.sim_cuts import MAX_IMAGE_SIZE
from firmline.device.cuts.flows import Flow, set_up, sweep_key
from firmline.device.cuts.sweep import State
from firmline.device.fabrication import fabricate
from firmline.device.profile import PROFILES
from firmline.errors import Code, ExitCode
from firmline.formats.keys import SigningKey
from unit.cli.program import Program, assert_failed

KEY = SigningKey.generate().public_key.le_bytes.hex()


def session(name: str = "made/up", **changes: Any) -> dict[str, Any]:
    """A unit without any application: it waits in its bootloader, and says so."""
    return {
        "id": name,
        "profile": "sdk15.3-uart",
        "public_key_le_hex": KEY,
        "flash": [],
        "blobs": {},
        "steps": [
            {"event": "power_on", "mode": "dfu"},
            {"ch": "uart", "tx": "0942", "rx": ["60090142"]},
        ],
        "final": FINAL,
        **changes,
    }


FINAL: dict[str, Any] = {"mode": "dfu"}


def completed(record: dict[str, Any]) -> dict[str, Any]:
    """The session with the final state that the virtual unit comes to."""
    from firmline.device.replay.machine import replay  # noqa: PLC0415
    from firmline.device.replay.session import read_session  # noqa: PLC0415

    final = dict(record["final"])
    for field in ("settings_page_hex", "flash_sha256"):
        difference = replay(read_session({**record, "final": final}))
        assert difference is not None
        assert difference.what == field
        final[field] = difference.got
    return {**record, "final": final}


@pytest.fixture
def good() -> dict[str, Any]:
    return completed(session())


def write(path: Path, *records: object) -> str:
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return path.name


def test_sessions_that_agree_are_counted(
    good: dict[str, Any], folder: Path, firmline: Program
) -> None:
    name = write(folder / "a.jsonl", good, {**good, "id": "another"})
    ran = firmline("sim", "replay", name)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.splitlines() == ["a.jsonl: 2 sessions", "2 of 2 sessions agree."]


def test_a_difference_is_shown_with_both_sides(
    good: dict[str, Any], folder: Path, firmline: Program
) -> None:
    steps = [good["steps"][0], {"ch": "uart", "tx": "0942", "rx": ["60090143"]}]
    name = write(folder / "a.jsonl", good, {**good, "id": "other\x1b[31m", "steps": steps})
    ran = firmline("sim", "replay", name)
    assert ran.code == ExitCode.UNVERIFIED
    assert "differs at step 1, in rx" in ran.out
    assert "recorded  ['60090143']" in ran.out
    assert "virtual   ['60090142']" in ran.out
    assert ran.out.endswith("1 of 2 sessions agree.\n")
    assert "\x1b" not in ran.out


def test_the_json_is_the_contract(good: dict[str, Any], folder: Path, firmline: Program) -> None:
    name = write(folder / "a.jsonl", good, {**good, "id": "x", "final": {"mode": "app"}})
    ran = firmline("sim", "replay", "--json", name)
    assert ran.code == ExitCode.UNVERIFIED
    assert ran.result == {
        "type": "result",
        "sessions": 2,
        "agree": 1,
        "disagree": [{"id": "x", "step": None, "what": "mode", "expected": "app", "got": "dfu"}],
    }


def test_compressed_sessions_are_read_as_well(
    good: dict[str, Any], folder: Path, firmline: Program
) -> None:
    content = json.dumps(good).encode() + b"\n\n"
    (folder / "a.jsonl.gz").write_bytes(gzip.compress(content))
    assert firmline("sim", "replay", "a.jsonl.gz").out.endswith("1 of 1 sessions agree.\n")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"hello", "line 1: The transcript cannot be read: the line is not JSON"),
        (b"{}", "line 1: The transcript cannot be read: the field 'flash' is missing"),
        (b"[]", "line 1: The transcript cannot be read: the session is no JSON object"),
        (b"\n \n", "holds no session"),
        (b"\x1f\x8b broken", "damaged or incomplete gzip file"),
        (gzip.compress(b"x" * 1000)[:20], "damaged or incomplete gzip file"),
        (b"[" * 100_000, "the line is not JSON"),
    ],
    ids=["text", "empty object", "list", "blank", "gzip", "half gzip", "deep"],
)
def test_what_is_no_transcript_is_named(
    content: bytes, words: str, folder: Path, firmline: Program
) -> None:
    (folder / "a.jsonl").write_bytes(content)
    ran = firmline("sim", "replay", "a.jsonl")
    assert_failed(ran, Code.TRANSCRIPT_MALFORMED)
    assert words in ran.err


def test_a_bad_line_is_named_by_its_number(
    good: dict[str, Any], folder: Path, firmline: Program
) -> None:
    name = write(folder / "a.jsonl", good, {**good, "profile": "sdk12"})
    ran = firmline("sim", "replay", name)
    assert_failed(ran, Code.TRANSCRIPT_MALFORMED)
    assert "a.jsonl, line 2: " in ran.err
    assert "sdk15.3-ble" in ran.err


def test_a_missing_transcript_is_a_missing_file(firmline: Program) -> None:
    assert_failed(firmline("sim", "replay", "none.jsonl"), Code.FILE_MISSING)


# Power cuts.

SMALL = ("sim", "cuts", "--profile", "sdk15.3-ble", "--image-size", "64")


@pytest.mark.slow
def test_a_sweep_says_how_many_survived(firmline: Program) -> None:
    ran = firmline(*SMALL, "--flow", "application")
    assert (ran.code, ran.err) == (0, "")
    row, total = ran.out.splitlines()
    assert "sdk15.3-ble" in row
    assert "survived (" in row
    cuts = total.split(" of ")[0]
    assert total == f"{cuts} of {cuts} cuts survived."


@pytest.mark.slow
def test_the_json_of_a_sweep_is_the_contract(firmline: Program) -> None:
    result = firmline(*SMALL, "--flow", "bootloader", "--json").result
    assert result["type"] == "result"
    assert result["cuts"] == 2 * result["operations"] + sweep_jobs.PAIRS
    assert result["cuts"] - result["survived"] == len(result["findings"]) >= 4
    assert result["bricked"] == 0
    assert set(result["states"]) == {"old", "new", "dfu"}
    assert {finding["finding"] for finding in result["findings"]} == {"mbr-parameters"}
    assert {finding["address"] for finding in result["findings"]} == {"0x7E004", "0x7E008"}


@pytest.mark.slow
def test_with_checkpoints_less_is_sent_after_a_cut(firmline: Program) -> None:
    sweep = ("sim", "cuts", "--profile", "sdk15.3-ble", "--flow", "application")
    two = (*sweep, "--image-size", "5000", "--checkpoints", "4096")
    with_them, without = firmline(*two, "--json").result, firmline(*two[:-2], "--json").result
    assert without["sent_again"] == 5000 * without["resumed"]
    assert with_them["sent_again"] < 0.8 * 5000 * with_them["resumed"]
    each = with_them["sent_again"] // with_them["resumed"]
    assert (
        firmline(*two).out.splitlines()[-1].endswith(f", and {each:,} bytes were sent, on average.")
    )


def test_progress_is_not_saved_in_the_middle_of_an_object(firmline: Program) -> None:
    ran = firmline(*SMALL, "--checkpoints", "4000")
    assert_failed(ran, Code.USAGE)
    assert "between two objects of 4,096 bytes" in ran.err


@pytest.mark.slow
def test_a_pair_of_cuts_is_told_with_both_places(
    firmline: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "firmline.device.cuts.sweep.Verdict.survived",
        property(lambda self: self.second is None),
    )
    ran = firmline(*SMALL, "--flow", "application", "--json")
    assert ran.code == ExitCode.UNVERIFIED
    for place in ran.result["bricked_at"]:
        assert place["second_operation"] > 0
        assert place["second_kind"] in ("erase", "write")
        assert int(place["second_address"], 16) % 4 == 0
    last = ran.result["bricked_at"][-1]
    told = firmline(*SMALL, "--flow", "application").out
    second = f"{last['second_operation']}, {last['second_kind']} at {last['second_address']}"
    assert f", then operation {second}, ended new" in told


@pytest.mark.slow
def test_a_sweep_is_the_same_in_every_run_and_on_every_number_of_cores() -> None:
    job = sweep_jobs.Job("sdk15.3-uart", Flow.BOOTLOADER, 64)
    pieces = sweep_jobs.pieces_of(job)
    assert [piece.cuts for piece in pieces[:-2]] == [2 * sweep_jobs.PIECE] * (len(pieces) - 2)
    alone = list(sweep_jobs.run_pieces(pieces, None))
    with sweep_jobs.all_cores() as pool:
        assert list(sweep_jobs.run_pieces(pieces, pool)) == alone
    assert sum(outcome.cuts for _, outcome in alone) == sum(piece.cuts for piece in pieces)


@pytest.mark.slow
def test_processes_do_not_outlive_a_sweep_that_is_interrupted() -> None:
    job = sweep_jobs.Job("sdk15.3-ble", Flow.COMBINED, 8192)

    def run() -> None:
        with sweep_jobs.all_cores() as pool:
            for _ in sweep_jobs.run_pieces(sweep_jobs.pieces_of(job), pool):
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run()
    assert multiprocessing.active_children() == []


@pytest.mark.slow
def test_findings_are_told_with_their_reason_and_place(firmline: Program) -> None:
    ran = firmline(*SMALL, "--flow", "bootloader")
    assert ran.code == 0
    assert "finding: mbr-parameters, met " in ran.out
    assert "write at 0x7E004, half done" in ran.out


@pytest.mark.slow
def test_a_unit_that_is_lost_elsewhere_is_an_error(
    firmline: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "firmline.device.cuts.sweep.Verdict.survived",
        property(lambda self: self.booted is not State.OLD),
    )
    ran = firmline(*SMALL, "--flow", "application")
    assert ran.code == ExitCode.UNVERIFIED
    assert "BRICKED: sdk15.3-ble, application: operation 1, erase at 0x7F000, ended new" in ran.out


@pytest.mark.slow
def test_several_flows_share_the_processors_and_come_in_order(firmline: Program) -> None:
    ran = firmline(*SMALL)
    flows = [line.split()[1] for line in ran.out.splitlines() if line.startswith("  sdk15.3-ble ")]
    assert flows == [
        "application",
        "application-single-bank",
        "softdevice",
        "bootloader",
        "softdevice-bootloader",
        "combined",
    ]


@pytest.mark.parametrize(
    "words",
    [
        ("--profile", "sdk12"),
        ("--flow", "nothing"),
    ],
)
def test_what_there_is_not_is_a_usage_error(words: tuple[str, str], firmline: Program) -> None:
    assert_failed(firmline("sim", "cuts", *words), Code.USAGE)


@pytest.mark.parametrize("size", ["100004", "3"])
def test_an_image_of_no_such_size_is_refused(size: str, firmline: Program) -> None:
    assert_failed(firmline("sim", "cuts", "--image-size", size), Code.NUMBER_OUT_OF_RANGE)


@pytest.mark.parametrize("flow", [(), *(("--flow", flow.value) for flow in Flow)])
def test_a_bootloader_has_to_fit_in_its_place(
    flow: tuple[str, ...], firmline: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs: list[sweep_jobs.Job] = []

    def note(asked: list[sweep_jobs.Job], **_: bool) -> list[tuple[()]]:
        jobs.extend(asked)
        return []

    monkeypatch.setattr("firmline.cli.sim_cuts._run", note)
    ran = firmline("sim", "cuts", *flow, "--image-size", "24580", "--profile", "sdk15.3-ble")
    if flow and "bootloader" not in flow[1] and flow[1] != "combined":
        assert (ran.code, [job.image_size for job in jobs]) == (0, [24_580])
        return
    assert_failed(ran, Code.USAGE)
    assert "A bootloader has at most 24,576 bytes, and 24,580 were asked for." in ran.err
    assert "application, application-single-bank, softdevice." in ran.err


@pytest.mark.parametrize("flow", [flow for flow in Flow if not flow.has_bootloader])
def test_the_largest_images_are_taken_by_every_profile(flow: Flow) -> None:
    for profile in PROFILES.values():
        setup = set_up(flow, profile=profile, image_size=MAX_IMAGE_SIZE, key=sweep_key())
        unit = fabricate(setup.unit)
        unit.power_on(now_s=0.0)
        assert unit.mode is not None


def test_an_image_size_is_never_rounded(firmline: Program) -> None:
    ran = firmline(*SMALL[:-1], "7")
    assert_failed(ran, Code.USAGE)
    assert "7 bytes are none" in ran.err
    assert "--image-size 4 or 8." in ran.err
