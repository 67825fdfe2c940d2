"""The fuzz target itself: a planted defect is found, told and shortened; a shallow run fails."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from firmline.device.bootloader import boot
from firmline.device.bootloader.dfu_mode import DfuMode
from firmline.device.unit import VirtualUnit
from firmline.protocol.target import TargetSession
from fuzz import unit
from fuzz.steps import Plan, Step, draw_plan
from fuzz.transcripts import run_transcript
from fuzz.world import World

PACKAGE = (0, "new 0", 64, (("fw_version", 4),))
UPDATE: Step = ("update", PACKAGE, 64, None)


def plan(*steps: Step, profile: str = "sdk15.3-ble") -> Plan:
    return Plan(seed="made", profile=profile, chip="nrf52832-512k", application_size=4, steps=steps)


def test_the_same_seed_draws_the_same_session() -> None:
    assert draw_plan("a/1") == draw_plan("a/1")
    assert draw_plan("a/1") != draw_plan("a/2")
    assert draw_plan("a/1", "sdk17.1-usb").profile == "sdk17.1-usb"


def test_a_whole_update_is_followed_and_its_application_looked_after() -> None:
    world = unit.run(plan(UPDATE))
    assert world.reached["answer OBJECT_EXECUTE 01"] == 2
    assert world.reached["activated 1"] == 1
    assert world.reached["an untouched application was looked after"] == 1
    assert world.digest == unit.run(plan(UPDATE)).digest
    assert world.digest != unit.run(plan(UPDATE, ("wait", 1))).digest


def test_an_update_of_the_bootloader_is_the_mbrs_doing() -> None:
    world = unit.run(plan(("update", (2, "b", 64, (("fw_version", 2),)), 64, None)))
    assert world.reached["bootloader copied"] == 1


def write(at: Callable[[Any], int]) -> Callable[[DfuMode], None]:
    """A defect: a lost link programs a word where none may be."""

    def link_lost(mode: DfuMode) -> None:
        address = at(mode._board.memory)
        mode._board.flash.write_over(address, bytes(4))

    return link_lost


def spoil(_entry: Any, board: Any, address: int, size: int) -> bool:
    """A defect: what is checked at boot is not what then runs."""
    if size == 64:
        board.flash.load(address, bytes(4))
    return True


@pytest.mark.parametrize(
    ("owner", "name", "defect", "step", "words"),
    [
        (DfuMode, "link_lost", lambda _: 1 // 0, ("disconnect",), "ZeroDivisionError"),
        (
            DfuMode,
            "link_lost",
            write(lambda _: 0),
            ("disconnect",),
            "behind 0x0 is protected",
        ),
        (
            DfuMode,
            "link_lost",
            write(lambda memory: memory.bootloader_start),
            ("disconnect",),
            "Flash behind 0x78000 is protected",
        ),
        (
            DfuMode,
            "link_lost",
            write(lambda _: 0x26000),
            ("disconnect",),
            "does not boot any more",
        ),
        (
            TargetSession,
            "carry_out",
            lambda *_: [b"\x60\x03\x07"],
            ("request", b"\x03"),
            "result code of 600307",
        ),
        (
            TargetSession,
            "carry_out",
            lambda *_: [b"\x60\x03\x01"],
            ("request", b"\x03"),
            "body of 600301",
        ),
        (
            TargetSession,
            "carry_out",
            lambda *_: [b"\x60\x04\x0b\x0a"],
            ("request", b"\x04"),
            "extended error of 60040b0a",
        ),
        (
            TargetSession,
            "carry_out",
            lambda *_: [b"\x60\x02\x01"],
            ("request", b"\x04"),
            "answer 600201 to 04",
        ),
        (VirtualUnit, "next_wake_s", lambda _: None, ("enter",), "next_wake_s"),
        (boot, "_passes", spoil, UPDATE, "a mixture runs"),
    ],
)
def test_a_planted_defect_is_found_and_shortened_to_the_step_that_shows_it(
    owner: Any, name: str, defect: Any, step: Step, words: str, *, monkeypatch: pytest.MonkeyPatch
) -> None:
    enter: Step = ("enter",)
    around: tuple[Step, ...] = (("gpregret", 0), ("wait", 1))
    long = plan(*around, enter, step, *around)
    assert unit.failure_of(long) == ""
    monkeypatch.setattr(owner, name, defect)
    assert words in unit.failure_of(long)
    short = unit.shortened(long)
    assert set(short.steps) <= {enter, step}
    assert step in short.steps
    assert words in unit.failure_of(short)


def test_a_failure_is_told_so_that_it_can_be_repeated(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(DfuMode, "link_lost", lambda _: 1 // 0)
    with pytest.raises(SystemExit) as ended:
        unit.main(["--seconds", "60", "--seed", "x", "--profile", "sdk16.0-ble"])
    assert ended.value.code == 1
    told = capsys.readouterr().out
    assert told.startswith("seed x\nFAILED session 'x/")
    assert "steps are enough: ZeroDivisionError" in told
    assert "World(profile='sdk16.0-ble'" in told
    assert "world.do(('disconnect',))" in told


def test_another_end_of_the_same_seed_is_a_failure(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = iter(range(10**9))
    monkeypatch.setattr(World, "digest", property(lambda _: next(counted)))
    with pytest.raises(SystemExit):
        unit.main(["--seconds", "60"])
    assert "came to another end" in capsys.readouterr().out


def test_a_run_that_does_not_get_deep_is_no_pass(capsys: pytest.CaptureFixture[str]) -> None:
    assert unit.main(["--seconds", "0"]) == 1
    assert "NOT REACHED: a lost buffer" in capsys.readouterr().out
    assert "a lost buffer" not in unit.not_reached(Counter(), "sdk15.3-uart")


def test_a_changed_transcript_is_replayed_or_refused() -> None:
    ends = {run_transcript(f"t/{number}") for number in range(12)}
    assert ends <= {"transcript agrees", "transcript differs", "transcript refused"}
    assert len(ends) > 1
