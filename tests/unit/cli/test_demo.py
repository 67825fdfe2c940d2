"""The demo's frame: it runs the real commands and sees that each ends as it must."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from firmline.cli import main
from firmline.cli.demo import application_hex
from firmline.errors import Code, ExitCode
from unit.cli.makers import KEY
from unit.cli.program import Program, assert_failed

Codes = Callable[[dict[str, int]], list[list[str]]]


@pytest.fixture
def ends(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Codes:
    """Lets the commands that the demo runs end with the codes given, and tells which were run."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    real = main.run

    def prepare(codes: dict[str, int]) -> list[list[str]]:
        ran: list[list[str]] = []

        def run(arguments: list[str]) -> int:
            ran.append(arguments)
            name = f"{arguments[0]} {arguments[-1][:7]}"
            return codes.get(name, real(["--version"]))

        monkeypatch.setattr(main, "run", run)
        return ran

    return prepare


def test_the_demo_runs_the_real_commands_in_a_folder_of_its_own(
    ends: Codes, firmline: Program, folder: Path
) -> None:
    ran_inside = ends({"update sim:oth": ExitCode.REFUSED})
    ran = firmline("demo")
    assert (ran.code, ran.err) == (0, "")
    assert [" ".join(words[:2]) for words in ran_inside] == [
        "keys generate",
        "pkg generate",
        "update dfu.zip",
        "update dfu.zip",
    ]
    assert Path.cwd() == folder
    assert list((folder / "temporary").iterdir()) == []


def test_of_the_demos_application_nothing_is_to_be_said(firmline: Program, folder: Path) -> None:
    (folder / "app.hex").write_text(application_hex(), "ascii")
    (folder / "demo.key").write_bytes(KEY.format_pem())
    ran = firmline(
        *("pkg", "generate", "--hw-version", "52", "--sd-req", "0x103", "--key-file", "demo.key"),
        *("--application", "app.hex", "--application-version", "5", "dfu.zip"),
    )
    assert (ran.code, ran.err) == (0, "")


def test_the_speed_is_told_and_handed_on(ends: Codes, firmline: Program) -> None:
    ran_inside = ends({"update sim:oth": ExitCode.REFUSED})
    ran = firmline("demo", "--speed", "7")
    assert "7 times as fast" in ran.out
    assert ran_inside[2][-1] == "sim:ble-reference?key=demo.key&speed=7"


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("keys demo.ke", ExitCode.INPUT),
        ("pkg dfu.zip", ExitCode.DEFECT),
        ("update sim:ble", ExitCode.LINK),
        ("update sim:oth", ExitCode.LINK),
        ("pkg dfu.zip", ExitCode.INTERRUPTED),
    ],
)
def test_a_part_that_fails_ends_the_demo_with_its_own_code_and_word(
    name: str, code: ExitCode, ends: Codes, firmline: Program, folder: Path
) -> None:
    ends({"update sim:oth": ExitCode.REFUSED, name: code})
    ran = firmline("demo")
    assert (ran.code, ran.err) == (code, "")
    assert "That was the whole job" not in ran.out
    assert list((folder / "temporary").iterdir()) == []


def test_a_refusal_that_does_not_come_is_a_defect(
    ends: Codes, firmline: Program, folder: Path
) -> None:
    ends({"update sim:oth": ExitCode.DONE})
    ran = firmline("demo")
    assert_failed(ran, Code.DEFECT, ExitCode.DEFECT)
    assert "worked, but had to be refused" in ran.err
    assert list((folder / "temporary").iterdir()) == []
