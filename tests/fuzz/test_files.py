"""The fuzzing of readers: planted defects are found and told, a run that proves nothing fails.

A defect is planted in a target, or in the reader under test, and looked for by the same runner.
"""

from __future__ import annotations

import random
import shlex
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from firmline.errors import Code, InputError
from firmline.formats import init_packet, package_zip
from fuzz import files, run, unit
from fuzz.files import BrokenError, Tally, Target, examine, input_of
from fuzz.targets import TARGETS

NAMES = pytest.mark.parametrize("name", TARGETS)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def read_even(content: bytes) -> bytes:
    """A reader of files of even length."""
    if len(content) % 2:
        raise InputError(Code.FILE_TOO_LARGE, "The length of the file is odd.")
    return content


def nothing(_content: bytes, _value: Any) -> None:
    pass


PLAIN = Target(
    name="plain", draw=lambda rng: rng.randbytes(rng.randrange(9)), read=read_even, check=nothing
)


@NAMES
def test_the_same_seed_draws_the_same_inputs(name: str) -> None:
    target = TARGETS[name]
    inputs = [input_of(target, "a", number) for number in range(1, 60)]
    assert inputs == [input_of(target, "a", number) for number in range(1, 60)]
    assert inputs != [input_of(target, "b", number) for number in range(1, 60)]
    assert len(set(inputs)) > 40


@NAMES
def test_every_target_accepts_and_refuses(name: str) -> None:
    target = TARGETS[name]
    codes = Counter(examine(target, input_of(target, "quick", n))[0] for n in range(1, 120))
    assert 0 < codes[None] < codes.total()


def raising(error: BaseException) -> Callable[[bytes], Any]:
    def read(_content: bytes) -> Any:
        raise error

    return read


def busy(_content: bytes) -> None:
    while True:
        pass


def check_never(_content: bytes, _value: Any) -> None:
    raise InputError(Code.FILE_EMPTY, "It is empty.")


def check_wrong(_content: bytes, value: Any) -> None:
    assert value == b"something else"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"read": raising(ZeroDivisionError("by zero"))}, "ZeroDivisionError: by zero (read,"),
        ({"read": raising(MemoryError())}, "MemoryError"),
        ({"read": raising(InputError(Code.USAGE, "\x1b[2J."))}, "no printable sentence"),
        ({"read": raising(InputError(Code.USAGE, "No sentence"))}, "no printable sentence"),
        ({"read": raising(InputError(Code.USAGE, "x" * 2000 + "."))}, "2001 characters"),
        ({"read": lambda _: sum(range(9_000_000))}, "s of processor time"),
        ({"read": lambda _: len(bytearray(b"\x01") * (80 << 20))}, "KiB of memory"),
        ({"read": busy}, "it hangs (busy,"),
        ({"check": check_never}, "accepted, and then refused: DFU-FILE-002"),
        ({"check": check_wrong}, "AssertionError"),
    ],
)
def test_whatever_does_not_hold_is_found(
    changes: dict[str, Any], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "HANGS_S", 0.1 if "hangs" in words else 60.0)
    monkeypatch.setattr(files, "MOST_CPU_S", 0.05 if "time" in words else 60.0)
    assert examine(PLAIN, b"12")[0] is None
    assert examine(PLAIN, b"1")[0] is Code.FILE_TOO_LARGE
    with pytest.raises(BrokenError) as broken:
        examine(replace(PLAIN, **changes), b"12")
    assert words in str(broken.value)


@pytest.mark.parametrize(
    ("target", "owner", "name", "defect"),
    [
        ("zip", package_zip, "check_entry_name", lambda _name, *, package: package),
        ("package", package_zip, "_DAMAGE", ()),
        ("init-packet", init_packet, "_is_unreadable", lambda _: False),
    ],
)
def test_a_defect_in_a_reader_is_found_saved_and_repeated(
    *,
    target: str,
    owner: Any,
    name: str,
    defect: Any,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    right = getattr(owner, name)
    monkeypatch.setattr(owner, name, defect)
    with pytest.raises(SystemExit) as ended:
        run.main(["--target", target, "--seconds", "60", "--seed", "x/y"])
    assert ended.value.code == 1
    told = capsys.readouterr().out
    assert told.startswith(f"seed x/y\nFAILED target {target}, input x/y-")
    command = shlex.split(told.splitlines()[-1])
    assert command[:4] == ["PYTHONPATH=tests", ".venv/bin/python", "-m", "fuzz.run"]
    assert run.main(command[4:]) == 1
    assert "FAILED: " in capsys.readouterr().out
    monkeypatch.setattr(owner, name, right)
    assert run.main(command[4:]) == 0


def tally(*, accepted: int, refused: int) -> Tally:
    codes: Counter[Code | None] = Counter({None: accepted, Code.USAGE: refused})
    return Tally(codes=codes, slowest_s=0.0, most_kib=0, spent_s=1.0)


@pytest.mark.parametrize(
    ("accepted", "refused", "good"),
    [(50, 50, True), (5, 95, True), (95, 5, True), (4, 96, False), (96, 4, False)],
)
def test_a_run_has_to_see_enough_of_both_answers(accepted: int, refused: int, good: bool) -> None:
    assert files.is_well_made(tally(accepted=accepted, refused=refused)) is good


def test_a_target_that_refuses_everything_is_no_pass(capsys: pytest.CaptureFixture[str]) -> None:
    target = replace(PLAIN, draw=lambda rng: rng.randbytes(3))
    assert not files.run_and_show(target, seconds=0, seed="1")
    told = capsys.readouterr().out
    assert "200 inputs" in told
    assert "0% accepted, 100% refused" in told
    assert "DFU-FILE-003" in told
    assert "NOT BALANCED: plain" in told


@pytest.mark.parametrize("bad", [None, "unit", "second"])
def test_all_targets_share_the_seconds_and_each_counts(
    bad: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    spent: list[float] = []

    def run_unit(arguments: list[str]) -> int:
        spent.append(float(arguments[1]))
        return int(bad == "unit")

    def run_target(target: Target, *, seconds: float, seed: str) -> bool:
        assert seed == "7"
        spent.append(seconds)
        return target.name != bad

    monkeypatch.setattr(unit, "main", run_unit)
    monkeypatch.setattr(files, "run_and_show", run_target)
    monkeypatch.setattr(run, "TARGETS", {n: replace(PLAIN, name=n) for n in ("first", "second")})
    assert run.main(["--seconds", "30", "--seed", "7"]) == (0 if bad is None else 1)
    assert spent == [10.0, 10.0, 10.0]


def test_an_input_needs_its_target(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        run.main(["--input", "x"])
    assert "--input needs --target" in capsys.readouterr().err


def test_damage_differs_from_input_to_input() -> None:
    drawn = {TARGETS["zip"].draw(random.Random(f"{n}")) for n in range(50)}
    assert len(drawn) > 40
