"""Units one after another on the same flash: each finds what was put there, and nothing else."""

from __future__ import annotations

import pytest

from firmline.device.cuts.bench import Bench
from firmline.device.cuts.flows import Flow, FlowSetup, set_up, sweep_key
from firmline.device.cuts.recording import Place, record
from firmline.device.flash import FlashOperation, FlashRuleError, PowerCut
from firmline.device.lock_step_host import LockStepHost
from firmline.device.profile import SDK15_3_BLE

SETUP: FlowSetup = set_up(Flow.APPLICATION, profile=SDK15_3_BLE, image_size=64, key=sweep_key())
RECORDING = record(SETUP)


@pytest.fixture
def bench() -> Bench:
    return Bench(SETUP, RECORDING.before)


def content(bench: Bench) -> bytes:
    return bench.flash.read(0, bench.flash.size)


def test_a_unit_that_did_everything_leaves_nothing_to_the_next(bench: Bench) -> None:
    unit = bench.unit()
    unit.power_on(now_s=0)
    assert LockStepHost(unit).send(SETUP.package)
    unit.board.registers.gpregret = 0xB1
    assert content(bench) == RECORDING.after
    next_unit = bench.unit()
    assert content(bench) == RECORDING.before
    next_unit.power_on(now_s=0)
    assert next_unit.mode == "application"
    assert next_unit.board.registers.gpregret == 0


def test_what_is_put_is_there_for_all_that_follow(bench: Bench) -> None:
    bench.put(0x26FFE, b"\1\2\3\4")
    for _ in range(2):
        bench.unit()
        assert bench.flash.read(0x26FFE, 4) == bench.read(0x26FFE, 4) == b"\1\2\3\4"
        bench.flash.erase(0x26000, 2)


@pytest.mark.parametrize(
    ("number", "place"),
    [
        (1, Place(FlashOperation.ERASE, 0x30000)),
        (2, Place(FlashOperation.ERASE, 0x31000)),
        (3, Place(FlashOperation.WRITE, 0x30000)),
        (5, Place(FlashOperation.WRITE, 0x30008)),
        (6, Place(FlashOperation.WRITE, 0x31000)),
    ],
)
def test_the_operation_that_a_cut_has_met_is_known(bench: Bench, number: int, place: Place) -> None:
    flash = bench.unit().board.flash
    flash.faults.cut_in = number

    def work() -> None:
        flash.erase(0x30000, 2)
        flash.write(0x30000, bytes(12))
        flash.write_over(0x31000, bytes(4))

    with pytest.raises(PowerCut):
        work()
    assert bench.flash.cut_at == place
    bench.unit()
    assert bench.flash.cut_at is None
    assert flash.faults.cut_in is None


def test_what_is_done_outside_the_flash_is_refused_and_harms_no_later_unit(bench: Bench) -> None:
    with pytest.raises(FlashRuleError):
        bench.unit().board.flash.erase(0xFFFF_F000, 0x100)
    bench.unit()
    assert content(bench) == RECORDING.before
