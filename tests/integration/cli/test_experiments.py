"""Experiments at a terminal, broken off by Ctrl-C, with an instrument, and what the page says."""

from __future__ import annotations

import io
import re
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from firmline.cli import experiment_bench
from firmline.errors import Code, ExitCode
from house_tree import ROOT
from unit.cli.makers import KEY, package
from unit.cli.program import Program, run_at_terminal, run_process
from unit.formats.makers import image
from unit.formats.programs import program
from unit.links.supplies.virtual_ppk2 import virtual_ppk2

pytestmark = pytest.mark.slow

PAGE = (ROOT / "docs" / "reference" / "commands.md").read_text(encoding="utf-8")
BY_HAND = ("--attempt", "by-hand")
OLD_NEW = ("diagnose", "compare", *BY_HAND, "--factor", "other", "--a", "old", "--b", "new")
MARGIN = ("diagnose", "margin", *BY_HAND, "--voltage", "1.8..3.0", "--accept-power-loss")
INTERRUPTING = """
import os, signal
from firmline.cli import experiment_attempts
of_a_run = experiment_attempts._update
runs = []
def then_a_signal(*words):
    runs.append(words)
    if len(runs) == 3:
        os.kill(os.getpid(), signal.SIGINT)
    return of_a_run(*words)
experiment_attempts._update = then_a_signal
from firmline.cli.main import main
main()
"""
"""The program, which is interrupted in the middle of its third run."""


def test_control_c_at_a_prompt_tells_what_was_learned(folder: Path) -> None:
    seen = run_at_terminal(
        *OLD_NEW,
        *("--log", "runs.jsonl"),
        cwd=folder,
        answers=[("Enter when done", "\n"), ("How did it end", "f\n"), ("Now 'new'", "\x03")],
    )
    assert seen.code == ExitCode.INTERRUPTED
    assert "Not decided: 'old' failed in 1 of 1 run" in seen.text
    assert f"The experiment was interrupted. [{Code.INTERRUPTED}]" in seen.text
    assert "Traceback" not in seen.text
    assert seen.restored
    assert len((folder / "runs.jsonl").read_text().splitlines()) == 2


def test_a_signal_in_the_middle_of_a_run_loses_no_other(folder: Path) -> None:
    (folder / "dfu.zip").write_bytes(package(image(program(2048, base=0x19000))))
    (folder / "public.pem").write_bytes(KEY.public_key.format_pem())
    words = ("diagnose", "compare", "dfu.zip", "--to", "sim:ble-reference?key=public.pem")
    asked = (*words, "--factor", "supply", "--log", "runs.jsonl", "--json")
    ran = run_process(*asked, cwd=folder, script=(sys.executable, "-c", INTERRUPTING))
    assert ran.code == ExitCode.INTERRUPTED, ran.err
    assert (ran.result["runs"], ran.result["stopped"]) == (2, "interrupted")
    assert "Traceback" not in ran.err
    again = run_process(*asked, cwd=folder)
    assert again.code == ExitCode.DONE, again.err
    assert [run["number"] for run in again.json_lines[:2]] == [3, 4]


def typed(monkeypatch: pytest.MonkeyPatch, *lines: str) -> None:
    stream = io.BytesIO("".join(f"{line}\n" for line in lines).encode())
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=stream, isatty=lambda: False))


def test_a_ppk2_takes_the_power_away_and_brings_it_back(
    firmline: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(experiment_bench, "OFF_S", 0.05)
    typed(monkeypatch, "f", "p", "q")
    with virtual_ppk2() as instrument:
        words = ("--supply", f"ppk2:{instrument.port}", "--accept-power-loss")
        told = firmline("diagnose", "compare", *BY_HAND, "--factor", "power-cycle", *words)
        assert instrument.is_off_soon()
        powers = [each[1] for each in instrument.commands if each[0] == 0x0C]
    assert told.code == 0, told.err
    # On for the first run, as it is; off and on for the second and the third; off at the end.
    assert powers == [1, 0, 1, 0, 1, 0]
    assert "'as it is' failed in 1 of 1 run, 'power-cycled' in 0 of 1" in told.out


def columns(title: str) -> list[set[str]]:
    """The names in the first column of each table below a heading."""
    section = re.split(r"^## ", PAGE.split(f"## {title}\n")[1], maxsplit=1, flags=re.MULTILINE)[0]
    tables = re.split(r"^\|---", section, flags=re.MULTILINE)[1:]
    return [
        {
            name
            for line in table.splitlines()
            if line.startswith("| `")
            for name in re.findall(r"`(\w+)`", line.split(" | ")[0])
        }
        for table in tables
    ]


def test_the_page_names_the_fields_of_a_comparison(
    firmline: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    typed(monkeypatch, "", "f", "q")
    run, result = firmline(*OLD_NEW, "--json").json_lines
    of_a_run, of_the_result = columns("The result of diagnose compare")
    assert run.keys() - {"type"} == of_a_run
    assert result.keys() - {"type", "experiment", "factor"} == of_the_result


def test_the_page_names_the_fields_of_a_margin(
    firmline: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    typed(monkeypatch, "", "p", "q")
    run, result = firmline(*MARGIN, "--json").json_lines
    (of_the_result,) = columns("The result of diagnose margin")
    of_a_run = columns("The result of diagnose compare")[0]
    assert run.keys() - {"type"} == of_a_run - {"chance"}
    assert result.keys() - {"type", "experiment"} == of_the_result


def test_where_nothing_can_be_written_is_told_before_the_first_run(
    firmline: Program, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    typed(monkeypatch, "", "f", "q")
    told_first = firmline(*OLD_NEW, "--evidence", "gone/found.json")
    assert told_first.code == ExitCode.INPUT
    assert told_first.out == ""
    (folder / "gone").mkdir()
    typed(monkeypatch, "", "f", "q")
    told = firmline(*OLD_NEW, "--evidence", "gone/found.json", "--json")
    assert told.code == ExitCode.DONE
    # One run decides nothing, and the name stays free for an experiment that does.
    assert told.result["evidence"] == {}
    assert list((folder / "gone").iterdir()) == []
