"""``firmline update --to .. --to ..``: what a user sees of several units at once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from firmline.errors import Code
from unit.cli.makers import inputs, package
from unit.cli.program import Program

pytestmark = pytest.mark.slow


@pytest.fixture
def dfu(folder: Path) -> Path:
    """``dfu.zip`` and the inputs it was made of."""
    inputs(folder)
    path = folder / "dfu.zip"
    path.write_bytes(package())
    return path


@pytest.mark.usefixtures("dfu")
def test_each_unit_has_its_lines_and_its_result(firmline: Program) -> None:
    ran = firmline(
        "update", "dfu.zip", "--to", "sim:ble-reference?key=private.key", "--to", "sim:other-key"
    )
    assert ran.code == 4
    lines = ran.out.splitlines()
    assert any(line.startswith("  sim:ble-reference  restarts") for line in lines)
    assert any(line.startswith("  sim:other-key      restarts") for line in lines)
    at = lines.index("sim:ble-reference")
    assert lines[at + 1].startswith("  Updated in ")
    assert lines[at + 2 :] == ["", "1 of 2 units were updated."]
    name, outcome, hint, cause = ran.err.splitlines()
    assert name == "sim:other-key"
    assert outcome.startswith("  Refused: ")
    assert hint.startswith("  next: ")
    assert cause.startswith("  cause: ")


@pytest.mark.usefixtures("dfu")
def test_programs_get_every_event_with_its_unit_and_a_result_for_each(firmline: Program) -> None:
    ran = firmline(
        *("update", "dfu.zip", "--json"),
        *("--to", "sim:ble-reference?key=private.key", "--to", "sim:other-key"),
    )
    *told, last = [json.loads(line) for line in ran.out.splitlines()]
    assert {one["unit"] for one in told} == {"sim:ble-reference", "sim:other-key"}
    results = [one for one in told if one["type"] == "unit_result"]
    assert [one["outcome"] for one in results] == ["updated", "refused"]
    assert [one["diagnosis"] is None for one in results] == [True, False]
    assert last["type"] == "result"
    assert (last["units"], last["updated"]) == (2, 1)
    assert last["outcomes"] == {"updated": 1, "refused": 1, "failed": 0, "unverified": 0}
    assert last["next"]


@pytest.mark.usefixtures("dfu")
@pytest.mark.parametrize("is_turned", [False, True])
def test_what_programs_get_is_a_trace_for_each_unit(is_turned: bool, firmline: Program) -> None:
    outcomes = {"sim:ble-reference?key=private.key": "updated", "sim:other-key": "refused"}
    units = sorted(outcomes, reverse=is_turned)
    targets = [word for unit in units for word in ("--to", unit)]
    ran = firmline("update", "dfu.zip", "--json", "--trace", "t.jsonl", *targets)
    Path("live.jsonl").write_text(ran.out)
    shown = firmline("trace", "show", "live.jsonl", "--json").json_lines[:-1]
    for number, (trace, unit) in enumerate(zip(shown, units, strict=True), 1):
        assert (trace["unit"], trace["outcome"]) == (unit.partition("?")[0], outcomes[unit])
        kept = firmline("trace", "show", f"t-{number}.jsonl", "--json").json_lines[0]
        differs = {"unit": trace["unit"], "started_at": None, "firmline": None}
        assert trace == kept | differs
    of_all = firmline("diagnose", "live.jsonl", "--json").result
    refused = units.index("sim:other-key") + 1
    assert of_all["causes"] == firmline("diagnose", f"t-{refused}.jsonl", "--json").result["causes"]


@pytest.mark.usefixtures("dfu")
def test_each_unit_has_its_own_trace(firmline: Program) -> None:
    firmline(
        *("update", "dfu.zip", "--trace", "t.jsonl"),
        *("--to", "sim:ble-reference?key=private.key", "--to", "sim:other-key"),
    )
    for number, outcome in ((1, "updated"), (2, "refused")):
        lines = Path(f"t-{number}.jsonl").read_text().splitlines()
        assert json.loads(lines[-1])["outcome"] == outcome
    assert not Path("t.jsonl").exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
@pytest.mark.usefixtures("dfu")
def test_the_result_of_a_unit_says_that_its_trace_was_lost(firmline: Program) -> None:
    Path("t-2.jsonl").symlink_to("/dev/full")
    ran = firmline(
        *("update", "dfu.zip", "--trace", "t.jsonl", "--json"),
        *("--to", "sim:ble-reference?key=private.key", "--to", "sim:other-key"),
    )
    *told, last = [json.loads(line) for line in ran.out.splitlines()]
    first, second = [one["problems"] for one in told if one["type"] == "unit_result"]
    assert first == []
    assert second == last["problems"]
    assert second[0]["message"].startswith("The trace t-2.jsonl cannot be written")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
@pytest.mark.usefixtures("dfu")
def test_of_several_only_a_trace_that_is_there_is_what_to_diagnose(firmline: Program) -> None:
    Path("t-2.jsonl").symlink_to("/dev/full")
    ran = firmline(
        *("update", "dfu.zip", "--trace", "t.jsonl"),
        *("--to", "sim:other-softdevice?key=private.key", "--to", "sim:other-key"),
    )
    first, second = [line for line in ran.err.splitlines() if "cause:" in line]
    assert first.endswith("More: firmline diagnose t-1.jsonl")
    assert second.endswith("More: keep a trace (--trace FILE), then firmline diagnose FILE.")


@pytest.mark.parametrize("name", ["/dev/full", "/dev/null", "."])
@pytest.mark.usefixtures("dfu")
def test_what_is_one_cannot_hold_the_traces_of_several(name: str, firmline: Program) -> None:
    ran = firmline(
        "update", "dfu.zip", "--to", "sim:ble-reference", "--to", "sim:other-key", "--trace", name
    )
    assert ran.code == 2
    assert Code.OPTION_CONFLICT in ran.err
    assert f"Each of several units has a trace of its own, and {name} is no plain file." in ran.err


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (("--to", "sim:ble-reference", "--to", "sim:ble-reference"), Code.OPTION_CONFLICT),
        (("--to", "sim:ble-reference", "--to", "sim:ble-reference?speed=1"), Code.OPTION_CONFLICT),
        (("--to", "sim:ble-reference", "--to", "serial:/dev/null"), Code.OPTION_CONFLICT),
        (("--to", "sim:ble-reference", "--to", "sim:other-key?speed=3"), Code.OPTION_CONFLICT),
        (("--to", "sim:ble-reference", "--to", "sim:no-such-unit"), None),
        (("--to", "sim:ble-reference", "--to", ""), Code.TARGET_MALFORMED),
        (
            ("--to", "ble:C6:05:04:03:02:01", "--to", "hci:usb:0/c6-05-04-03-02-01"),
            Code.OPTION_CONFLICT,
        ),
        (
            ("--to", "sim:ble-reference", "--to", "sim:other-key", "--btsnoop", "b.log"),
            Code.OPTION_CONFLICT,
        ),
        (
            ("--to", "sim:ble-reference", "--to", "sim:other-key", "--expect", "x"),
            Code.OPTION_CONFLICT,
        ),
    ],
)
@pytest.mark.usefixtures("dfu")
def test_units_that_cannot_be_updated_at_once_are_refused_before_anything_is_sent(
    options: tuple[str, ...], code: Code | None, firmline: Program
) -> None:
    ran = firmline("update", "dfu.zip", *options, "--trace", "t.jsonl")
    assert ran.code == 2
    assert "Traceback" not in ran.err
    assert "next:" in ran.err
    if code is not None:
        assert code in ran.err
    assert not list(Path().glob("t*.jsonl"))
