"""``firmline diagnose compare`` on virtual units, with a person, and against mistakes."""

from __future__ import annotations

import hashlib
import io
import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from firmline.cli.experiment_file import RunsFile
from firmline.errors import Code, ExitCode
from firmline.links.supplies.current_trace import CurrentSummary
from firmline.updater.experiments.runs import Ended, Run, RunEnd
from unit.cli.makers import KEY, package
from unit.cli.program import Program, Ran, assert_failed
from unit.formats.makers import image
from unit.formats.programs import program

UNIT = "sim:weak.toml?key=public.pem"
ON_CELL = ("diagnose", "compare", "dfu.zip", "--to", UNIT, "--factor", "supply")
BY_HAND = ("diagnose", "compare", "--attempt", "by-hand", "--factor", "other", "--a", "old", "--b")


@pytest.fixture(autouse=True)
def files(folder: Path, firmline: Program) -> None:
    """A package, the key behind it, and a unit whose cell is held by a bad contact."""
    (folder / "dfu.zip").write_bytes(package(image(program(2048, base=0x19000))))
    (folder / "public.pem").write_bytes(KEY.public_key.format_pem())
    described = firmline("sim", "units", "weak-coin-cell").out
    (folder / "weak.toml").write_text(described.replace("contact_ohm = 41", "contact_ohm = 80"))


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> io.BytesIO:
    """What a person types: filled by the test before it runs the command."""
    typed = io.BytesIO()
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=typed, isatty=lambda: False))
    return typed


def type_in(answers: io.BytesIO, *lines: str) -> None:
    answers.write("".join(f"{line}\n" for line in lines).encode())
    answers.seek(0)


@pytest.mark.slow
def test_the_bad_contact_of_a_cell_is_told_from_chance_in_eight_runs(firmline: Program) -> None:
    told = firmline(*ON_CELL)
    assert told.code == 0, told.err
    assert "They differ: 'cell' failed in 4 of 4 runs, 'bench' in 0 of 4." in told.out
    assert told.out.count("failed DFU-") == 4
    assert "evidence: cured_by = bench_supply" in told.out
    assert "evidence: not_cured_by = cell_reseated, power_cycle" in told.out


@pytest.mark.slow
def test_programs_read_every_run_and_the_result(firmline: Program) -> None:
    told = firmline(*ON_CELL, "--json")
    runs = told.json_lines[:-1]
    assert [run["condition"] for run in runs] == list("abbaabba")
    assert {run["type"] for run in runs} == {"run"}
    result = told.result
    assert (result["verdict"], result["stopped"], result["runs"]) == ("different", "decided", 8)
    assert result["chance"] < 0.05
    assert (result["a"]["label"], result["a"]["failed"], result["a"]["runs"]) == ("cell", 4, 4)
    assert result["evidence"]["cured_by"] == ["bench_supply"]


@pytest.mark.slow
def test_two_voltages_are_compared(firmline: Program) -> None:
    told = firmline(*ON_CELL, "--a", "1.9V,60ohm", "--b", "3.0V", "--json")
    assert told.result["verdict"] == "different"
    assert "provokes" not in told.result["message"]
    assert told.result["evidence"] == {}  # a healthy unit fails at 1.9 V as well


@pytest.mark.slow
def test_a_failure_that_is_provoked_on_a_healthy_unit_is_told_as_that(firmline: Program) -> None:
    unit = ("--to", "sim:ble-reference?key=public.pem", "--factor", "supply")
    told = firmline(
        "diagnose", "compare", "dfu.zip", *unit, "--a", "3.0V", "--b", "3.0V,300ohm", "--json"
    )
    assert told.result["verdict"] == "different"
    assert "'3.0V,300ohm' provokes failures" in told.result["message"]
    assert told.result["evidence"] == {}


@pytest.mark.slow
def test_a_unit_that_recovers_by_itself_needs_no_power_cycle(firmline: Program) -> None:
    """An update gets lost receive buffers back by a restart: power makes no difference."""
    words = ("diagnose", "compare", "dfu.zip", "--factor", "power-cycle")
    told = firmline(*words, "--to", "sim:leaked-buffers?key=public.pem", "--json")
    assert told.result["verdict"] == "no_large_difference"
    assert "Every run passed in both" in told.result["message"]
    assert told.result["evidence"] == {}


@pytest.mark.slow
def test_two_units_are_compared(firmline: Program) -> None:
    words = ("diagnose", "compare", "dfu.zip", "--factor", "unit", "--to", UNIT)
    told = firmline(*words, "--to", "sim:ble-reference?key=public.pem", "--json")
    assert told.result["verdict"] == "different"
    assert "unit_scope" not in told.result["evidence"]


@pytest.mark.slow
def test_a_unit_can_be_looked_at_instead(firmline: Program) -> None:
    words = ("diagnose", "compare", "--attempt", "enter", "--to", UNIT, "--factor", "supply")
    told = firmline(*words, "--json")
    assert told.code == 0, told.err
    assert told.result["verdict"] == "no_large_difference"
    assert "did not come back" in told.result["message"]


@pytest.mark.slow
def test_what_it_says_goes_into_the_diagnosis(firmline: Program) -> None:
    assert firmline(*ON_CELL, "--evidence", "found.json").code == 0
    told = firmline("diagnose", "found.json", "--json")
    assert told.code == 0, told.err
    first = told.result["causes"][0]
    assert first["cause"] == "power-brownout-coincell"
    assert first["probability"] > 0.9
    assert told.result["unused"] == []
    by_field = {each["field"]: each for each in told.result["evidence"]}
    assert (by_field["transport"]["value"], by_field["phase"]["origin"]) == ("ble", "trace")
    assert by_field["cured_by"]["origin"] == "person"
    assert any(each["value"] == "passes_in_between" for each in told.result["evidence"])


@pytest.mark.slow
def test_the_traces_of_runs_that_are_taken_up_say_the_same(firmline: Program, folder: Path) -> None:
    first = firmline(*ON_CELL, "--log", "runs.jsonl", "--evidence", "found.json")
    again = firmline(*ON_CELL, "--log", "runs.jsonl", "--evidence", "again.json")
    assert (first.code, again.code) == (0, 0)
    assert (folder / "found.json").read_bytes() == (folder / "again.json").read_bytes()
    # The last failure of the cell is the one that is explained; its trace may be gone.
    (folder / "runs-8.jsonl").unlink()
    without = firmline(*ON_CELL, "--log", "runs.jsonl", "--evidence", "without.json")
    assert without.code == 0
    assert "runs-8.jsonl does not exist" in without.err
    assert "What run 8 shows by itself is not used." in without.err
    found = json.loads((folder / "without.json").read_text())["evidence"]
    assert "phase" not in found
    assert found["cured_by"] == ["bench_supply"]


# --- a file of runs -----------------------------------------------------------------------------


@pytest.mark.slow
def test_runs_and_their_traces_are_kept(firmline: Program, folder: Path) -> None:
    assert firmline(*ON_CELL, "--log", "runs.jsonl").code == 0
    header, *runs = map(json.loads, (folder / "runs.jsonl").read_text().splitlines())
    assert (header["type"], header["a"], header["b"]) == ("experiment", "cell", "bench")
    assert [run["number"] for run in runs] == list(range(1, 9))
    for run in runs:
        trace = folder / run["trace"]
        assert trace.name == f"runs-{run['number']}.jsonl"
        assert '"type": "update_finished"' in trace.read_text()
    failed = firmline("diagnose", "runs-1.jsonl", "--json")
    assert failed.result["evidence"] != []
    refused = firmline("diagnose", "runs.jsonl")
    assert_failed(refused, Code.REPORT_MALFORMED)
    assert "--evidence FILE" in refused.err


A_RUN = {
    "type": "run",
    "end": "pass",
    "code": "",
    "message": "",
    "seconds": 1,
    "sent_size": 0,
    "met": True,
}
_KEPT: list[str] = []
"""The file of a whole experiment, which is run once for all the tests that need one."""


@pytest.fixture
def kept(firmline: Program, folder: Path) -> list[str]:
    """The lines of a whole experiment's file, which is there."""
    if not _KEPT:
        firmline(*ON_CELL, "--log", "kept.jsonl")
        _KEPT.extend((folder / "kept.jsonl").read_text().splitlines())
    # Each test has a package of its own making, with another signature.
    sha256 = hashlib.sha256((folder / "dfu.zip").read_bytes()).hexdigest()
    header = {**json.loads(_KEPT[0]), "package_sha256": sha256}
    lines = [json.dumps(header), *_KEPT[1:]]
    write_lines(folder, lines)
    return lines


def write_lines(folder: Path, lines: list[str], more: str = "") -> None:
    (folder / "runs.jsonl").write_text("".join(f"{line}\n" for line in lines) + more)


@pytest.mark.slow
def test_an_experiment_goes_on_where_it_was_broken_off(
    firmline: Program, folder: Path, kept: list[str]
) -> None:
    write_lines(folder, kept[:4])
    told = firmline(*ON_CELL, "--log", "runs.jsonl", "--json")
    assert "3 runs are taken over" in told.err
    assert [run["number"] for run in told.json_lines[:-1]] == [4, 5, 6, 7, 8]
    assert told.result["runs"] == 8


@pytest.mark.slow
def test_a_line_that_broke_off_is_left_out_and_said(
    firmline: Program, folder: Path, kept: list[str]
) -> None:
    write_lines(folder, kept[:4], '{"type": "run", "numb')
    told = firmline(*ON_CELL, "--log", "runs.jsonl", "--json")
    assert "broke off" in told.err
    assert [run["number"] for run in told.json_lines[:-1]] == [4, 5, 6, 7, 8]
    assert len((folder / "runs.jsonl").read_text().splitlines()) == 9


@pytest.mark.slow
@pytest.mark.usefixtures("kept")
def test_one_that_is_decided_is_told_again_and_runs_nothing(firmline: Program) -> None:
    told = firmline(*ON_CELL, "--log", "runs.jsonl", "--json")
    assert told.json_lines == [told.result]
    assert told.result["verdict"] == "different"


@pytest.mark.usefixtures("kept")
def test_runs_of_another_experiment_are_refused(firmline: Program, folder: Path) -> None:
    before = (folder / "runs.jsonl").read_bytes()
    told = firmline(*ON_CELL, "--b", "2.9V", "--log", "runs.jsonl")
    assert_failed(told, Code.RUNS_OF_ANOTHER)
    assert "its b is 'bench', and not '2.9V'" in told.err
    assert (folder / "runs.jsonl").read_bytes() == before


@pytest.mark.slow
@pytest.mark.parametrize(
    "content",
    [
        "nothing of the kind\n",
        '{"type": "header"}\n',
        "[1]\n",
        "half a line of something else",
        '{"type": "experiment"',
    ],
)
def test_what_is_no_file_of_runs_is_left_alone(
    firmline: Program, folder: Path, content: str
) -> None:
    (folder / "runs.jsonl").write_text(content)
    told = firmline(*ON_CELL, "--log", "runs.jsonl", "--runs", "8")
    if content == '{"type": "experiment"':  # the very first line broke off
        assert told.code == 0
        return
    assert told.code == ExitCode.INPUT
    assert "DFU-EXP-00" in told.err
    assert (folder / "runs.jsonl").read_text() == content


@pytest.mark.parametrize(
    "line",
    [
        '{"type": "run"}',
        json.dumps({**A_RUN, "number": 7, "condition": "a"}),
        *(
            json.dumps({**A_RUN, "number": 1, "condition": "a", **other})
            for other in (
                {"condition": "c"},
                {"condition": 2.5},
                {"condition": ["a"]},
                {"end": "passed"},
                {"end": ["pass"]},
                {"code": "DFU-LINK-004"},
                {"code": "no code", "end": "fail"},
                {"end": "not_met"},
                {"number": 1.5},
                {"number": True},
                {"seconds": float("nan")},
                {"seconds": float("-inf")},
                {"seconds": 1e300},
                {"seconds": -1},
                {"sent_size": 10**400},
                {"met": 1},
                {"message": None},
                {"message": "x" * 3000},
                {"trace": 7},
                {"current": 4},
                {"current": {"mean_a": 1}},
                {"current": {"mean_a": float("nan"), "least_a": 0, "most_a": 0, "charge_c": 0}},
            )
        ),
        "[]",
        "\x00\x00",
    ],
)
def test_a_damaged_line_in_the_middle_is_named(
    firmline: Program, folder: Path, kept: list[str], line: str
) -> None:
    write_lines(folder, [kept[0], line, *kept[2:]])
    before = (folder / "runs.jsonl").read_bytes()
    told = firmline(*ON_CELL, "--log", "runs.jsonl")
    assert_failed(told, Code.RUNS_MALFORMED)
    assert told.out == ""
    assert (folder / "runs.jsonl").read_bytes() == before


def test_a_trace_that_is_there_already_is_left_alone(folder: Path) -> None:
    with RunsFile(folder / "runs.jsonl", {}, is_condition=lambda _: True) as log:
        assert log.beside(1, ".jsonl").name == "runs-1.jsonl"
        (folder / "runs-1.jsonl").write_text("of a run that was interrupted")
        assert log.beside(1, ".jsonl").name == "runs-1-again-2.jsonl"


def test_a_run_that_is_written_is_read_again_as_it_was(folder: Path) -> None:
    current = CurrentSummary(
        least_a=1e-6, mean_a=0.004, most_a=0.009, charge_c=0.04, duration_s=10.0, lost_samples=3
    )
    ended = Ended(end=RunEnd.FAIL, code="DFU-LINK-004", message="gone", seconds=1.5, sent_size=7)
    runs = [
        Run(number=1, condition="b", ended=ended, trace="t", current=current, current_file="c"),
        Run(number=2, condition=2.5, ended=Ended(end=RunEnd.NOT_MET, met=False)),
    ]
    with RunsFile(folder / "runs.jsonl", {"a": "x"}, is_condition=lambda _: True) as log:
        for run in runs:
            log.keep(run)
    with RunsFile(folder / "runs.jsonl", {"a": "x"}, is_condition=lambda _: True) as log:
        assert log.runs == runs


# --- a person -----------------------------------------------------------------------------------


def test_a_person_switches_and_says_how_it_ended(firmline: Program, answers: io.BytesIO) -> None:
    type_in(answers, *("", "f", "", "p", "p", "", "f", "f", "", "p", "p", "", "fail"))
    told = firmline(*BY_HAND, "new")
    assert told.code == 0, told.err
    assert "They differ: 'old' failed in 4 of 4 runs, 'new' in 0 of 4." in told.out
    assert "The first run is 'old': if the unit is so now, touch nothing." in told.err
    assert told.err.count("Now 'new': change this and nothing else.") == 2


def test_a_run_that_is_left_out_is_run_again(firmline: Program, answers: io.BytesIO) -> None:
    type_in(answers, "", "s", "perhaps", "f", "", "p", "q")
    told = firmline(*BY_HAND, "new", "--json")
    assert told.code == 0
    assert "That is none of these." in told.err
    result = told.result
    assert (result["runs"], result["not_counted"], result["stopped"]) == (2, 1, "person")
    assert result["verdict"] == "open"


def test_an_experiment_that_is_taken_up_again_does_not_begin_anew(
    firmline: Program, answers: io.BytesIO
) -> None:
    type_in(answers, "", "f", "", "p", "q")
    assert "The first run is 'old'" in firmline(*BY_HAND, "new", "--log", "r.jsonl").err
    type_in(answers, "", "p", "q")
    again = firmline(*BY_HAND, "new", "--log", "r.jsonl")
    assert "2 runs are taken over" in again.err
    assert "The next run is 'new': if the unit is so now, touch nothing." in again.err
    assert "first run" not in again.err


TO_ITS_END = ("", "f", "", "p", "p", "", "f", "f", "", "p", "p", "", "fail")


def test_evidence_that_is_there_already_is_left(
    firmline: Program, folder: Path, answers: io.BytesIO
) -> None:
    (folder / "found.json").write_text("of yesterday")
    type_in(answers, *TO_ITS_END)
    told = firmline(*BY_HAND, "new", "--evidence", "found.json")
    assert "this went to found-2.json" in told.err
    assert (folder / "found.json").read_text() == "of yesterday"
    found = json.loads((folder / "found-2.json").read_text())["evidence"]
    assert found == {"reproducibility": ["always"]}


def test_what_is_broken_off_writes_no_evidence_in_front_of_its_continuation(
    firmline: Program, folder: Path, answers: io.BytesIO
) -> None:
    options = ("new", "--log", "r.jsonl", "--evidence", "found.json")
    type_in(answers, *TO_ITS_END[:4], "q")
    told = firmline(*BY_HAND, *options)
    assert "found.json was not written" in told.err
    assert "Run the same command again: it goes on." in told.err
    assert not (folder / "found.json").exists()
    answers.truncate(0)
    answers.seek(0)
    type_in(answers, "", *TO_ITS_END[4:])
    told = firmline(*BY_HAND, *options)
    assert "found-2.json" not in told.err
    assert json.loads((folder / "found.json").read_text())["evidence"]


def test_a_voltage_as_in_a_schematic_is_no_name_of_a_condition(firmline: Program) -> None:
    words = ("diagnose", "compare", "--attempt", "by-hand", "--factor", "supply")
    told = firmline(*words, "--a", "3V3", "--b", "bench")
    assert_failed(told, Code.NUMBER_MALFORMED)
    assert "Write 3.3" in told.err
    assert "will lose its power" not in told.err


def test_where_nobody_answers_what_was_learned_is_told(
    firmline: Program, answers: io.BytesIO
) -> None:
    type_in(answers, "", "f")
    told = firmline(*BY_HAND, "new", "--log", "runs.jsonl")
    assert_failed(told, Code.NOBODY_TO_ASK)
    assert "Not decided: 'old' failed in 1 of 1 run" in told.out
    assert len(Path("runs.jsonl").read_text().splitlines()) == 2


def test_power_that_would_be_lost_has_to_be_accepted(
    firmline: Program, answers: io.BytesIO
) -> None:
    words = ("diagnose", "compare", "--attempt", "by-hand", "--factor", "supply")
    refused = firmline(*words)
    assert_failed(refused, Code.POWER_LOSS_NOT_ACCEPTED)
    assert "will lose its power" in refused.err
    assert refused.out == ""
    type_in(answers, "yes", "", "f", "q")
    assert firmline(*words).code == 0
    bridged = firmline(*words, "--b", "bench in parallel")
    assert "will lose its power" not in bridged.err


def test_whoever_accepts_it_is_warned_all_the_same(firmline: Program) -> None:
    words = ("diagnose", "compare", "--attempt", "by-hand", "--factor", "power-cycle")
    told = firmline(*words, "--accept-power-loss")
    assert_failed(told, Code.NOBODY_TO_ASK)
    assert "will lose its power" in told.err


@pytest.mark.slow
def test_a_virtual_unit_loses_nothing_that_is_needed(firmline: Program) -> None:
    assert "will lose its power" not in firmline(*ON_CELL).err


# --- mistakes -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--a", "bench", "--b", " Bench "), Code.OPTION_CONFLICT),
        (("--a", "3.0V", "--b", "3V"), Code.OPTION_CONFLICT),
        (("--to", "sim:ble-reference"), Code.OPTION_CONFLICT),
        (("--b", "the other one"), Code.SUPPLY_MALFORMED),
        (("--b", "5.0V"), Code.SUPPLY_LIMITS),
        (("--b", "1.2V"), Code.SUPPLY_LIMITS),
        (("--b", "x" * 61), Code.USAGE),
        (("--b", ""), Code.OPTION_MISSING),
        (("--runs", "7"), Code.TOO_FEW_RUNS),
        (("--alpha", "0"), Code.NUMBER_OUT_OF_RANGE),
        (("--limits", "3"), Code.USAGE),
        (("--attempt", "inspect"), Code.OPTION_CONFLICT),
        (("--supply", "battery"), Code.SUPPLY_MALFORMED),
        (("--supply", "ppk2:"), Code.SUPPLY_MALFORMED),
        (("--supply", "scpi:ASRL1::INSTR?channel=x"), Code.SUPPLY_MALFORMED),
        (("--supply", "scpi:ASRL1::INSTR?baud=9"), Code.SUPPLY_MALFORMED),
        (("--supply", "sim:x"), Code.SUPPLY_MALFORMED),
        (("--supply", "ppk2:/dev/nowhere"), Code.OPTION_CONFLICT),
        (("--log", "dfu.zip"), Code.OPTION_CONFLICT),
        (("--log", "x.json", "--evidence", "x.json"), Code.OPTION_CONFLICT),
    ],
)
def test_a_mistake_is_one_sentence_and_nothing_is_run(
    firmline: Program, words: tuple[str, ...], code: Code
) -> None:
    told = firmline(*ON_CELL, *words)
    assert_failed(told, code)
    assert told.out == ""


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--factor", "supply"), Code.OPTION_MISSING),
        (("--factor", "supply", "dfu.zip"), Code.OPTION_MISSING),
        (("--factor", "unit", "--to", UNIT, "--to", UNIT, "dfu.zip"), Code.OPTION_CONFLICT),
        (("--factor", "host", "--to", UNIT, "--to", UNIT, "dfu.zip"), Code.OPTION_CONFLICT),
        (("--factor", "other", "--to", UNIT, "dfu.zip"), Code.OPTION_MISSING),
        (("--factor", "supply", "--to", "sim:nobody", "dfu.zip"), Code.TARGET_UNKNOWN_UNIT),
        (("--factor", "supply", "--to", UNIT, "nothing.zip"), Code.FILE_MISSING),
        (("--factor", "host", "--to", UNIT, "--supply", "sim"), Code.OPTION_MISSING),
    ],
)
def test_what_is_missing_is_named(firmline: Program, words: tuple[str, ...], code: Code) -> None:
    assert_failed(firmline("diagnose", "compare", *words), code)


def test_a_port_that_is_not_there_is_no_outcome(firmline: Program) -> None:
    words = ("dfu.zip", "--factor", "host", "--to", "serial:/dev/nowhere", "--to", UNIT)
    told: Ran = firmline("diagnose", "compare", *words)
    assert told.code == ExitCode.LINK
    assert told.out.count("not counted DFU-PORT-001") == 3
    assert "No run counts" in told.out
    assert "no more are tried" in told.err
