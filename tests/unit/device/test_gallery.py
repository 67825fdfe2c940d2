"""The units of the gallery are what their titles say, as far as their descriptions show it."""

from __future__ import annotations

import tomllib
from dataclasses import replace

import pytest

from firmline.device.bootloader.placement import place_image
from firmline.device.description import (
    UnitDescription,
    gallery_names,
    gallery_text,
    gallery_unit,
)
from firmline.device.fabrication import fabricate, physics_of
from firmline.device.faults.plan import (
    ApplicationCrash,
    BootloaderMissing,
    CrystalDead,
    Fault,
    LegacyBootloader,
    WatchdogRunning,
    WornPage,
    WrongAddress,
)
from firmline.device.physics.supply import BROWN_OUT_V, Load
from firmline.device.radio_face import ResetKind
from firmline.device.unit import VirtualUnit
from firmline.device.unit_file import read_unit
from firmline.events import UnitMode
from firmline.formats.known_softdevices import softdevice_that_ends_at
from unit.device.makers import OTHER_KEY, make_store

REFERENCE = gallery_unit("ble-reference")


@pytest.mark.parametrize("name", gallery_names())
def test_a_unit_of_the_gallery_is_read_as_any_file(name: str) -> None:
    assert gallery_unit(name) == read_unit(gallery_text(name), name=name)
    assert gallery_unit(name).title == tomllib.loads(gallery_text(name))["title"]


@pytest.mark.parametrize(
    ("name", "faults"),
    [
        ("watchdog-rr7", (WatchdogRunning(period_s=5.0, reload_register=7),)),
        ("worn-page", (WornPage(address=0x45000),)),
        ("legacy-bootloader", (LegacyBootloader(),)),
        ("no-bootloader", (BootloaderMissing(),)),
        ("wrong-address", (WrongAddress(offset=2),)),
        ("application-crash", (ApplicationCrash(),)),
        ("dead-crystal", (CrystalDead(program="bootloader"),)),
    ],
)
def test_a_unit_with_a_fault_is_the_reference_but_for_that(
    name: str, faults: tuple[Fault, ...]
) -> None:
    unit = gallery_unit(name)
    assert unit.faults.faults == faults
    same = {
        field: getattr(REFERENCE, field) for field in ("name", "title", "address", "serial_number")
    }
    assert replace(unit, **same, faults=REFERENCE.faults) == REFERENCE


def test_no_other_unit_has_a_fault() -> None:
    healthy = [name for name in gallery_names() if not gallery_unit(name).faults.faults]
    assert {"ble-reference", "uart-reference", "weak-coin-cell", "full-256k"} <= set(healthy)
    assert len(gallery_names()) - len(healthy) == 7


def test_the_other_key_is_the_point_that_its_file_names() -> None:
    assert gallery_unit("other-key").public_key == OTHER_KEY.public_key != REFERENCE.public_key
    assert "0xB0B0 * G" in gallery_text("other-key")


def test_where_the_application_fills_the_chip_an_image_takes_its_place() -> None:
    board = fabricate(gallery_unit("full-256k")).board
    store = make_store(board)
    assert board.bank_0_start + store.ram.bank_0.size == board.memory.region_end
    place = place_image(4, board=board, settings=store.ram, softdevice_may_go=False)
    assert place == board.bank_0_start
    assert store.ram.bank_0.code == 0  # the old application is gone


def test_the_worn_page_is_where_the_next_image_is_put() -> None:
    board = fabricate(gallery_unit("worn-page")).board
    settings = make_store(board).ram
    start = place_image(120_000, board=board, settings=settings, softdevice_may_go=False)
    assert start <= 0x45000 < start + 120_000


def test_a_stuck_gpregret_brings_the_unit_back_over_every_soft_reset() -> None:
    unit = fabricate(gallery_unit("stuck-gpregret"))
    unit.power_on(now_s=0)
    for _ in range(3):
        unit.reset(ResetKind.SOFT, now_s=1)
        assert unit.mode is UnitMode.BOOTLOADER
    unit.reset(ResetKind.POWER, now_s=2)
    assert unit.mode is UnitMode.APPLICATION


def test_leaked_buffers_are_all_there_are() -> None:
    unit = gallery_unit("leaked-buffers")
    assert unit.lost_buffers == unit.profile.receive_buffers == 17


# The weak coin cell (physics spec, sections 2 to 4).

WEAK = gallery_unit("weak-coin-cell")
ON_THE_BENCH = replace(WEAK, supply=None)
BOOTED_S = 1.0


def powered(description: UnitDescription) -> tuple[VirtualUnit, list[str]]:
    """A unit with physics whose application runs, and what was logged until now."""
    unit = fabricate(description, physics=physics_of(description))
    unit.power_on(now_s=0)
    unit.wake(now_s=BOOTED_S)
    assert unit.mode is UnitMode.APPLICATION
    return unit, [entry.what for entry in unit.log]


def lost_power(unit: VirtualUnit) -> bool:
    return "power_lost" in [entry.what for entry in unit.log]


@pytest.mark.parametrize("description", [WEAK, ON_THE_BENCH], ids=["cell", "bench"])
@pytest.mark.parametrize("burst_s", [0.001, 0.002, 0.003])
def test_a_weak_cell_carries_advertising(description: UnitDescription, burst_s: float) -> None:
    unit, before = powered(description)
    for event in range(100):
        start_s = BOOTED_S + 0.04 * event
        unit.radio_used(start_s, start_s + burst_s, now_s=start_s + burst_s)
    assert [entry.what for entry in unit.log] == before
    assert unit.mode is UnitMode.APPLICATION
    physics = unit.board.physics
    assert physics is not None
    assert physics.supply.lowest > BROWN_OUT_V + 0.5


def test_a_weak_cell_does_not_carry_the_radio_without_a_pause() -> None:
    unit, _ = powered(WEAK)
    unit.radio_used(BOOTED_S, BOOTED_S + 0.05, now_s=BOOTED_S + 0.05)
    assert lost_power(unit)


def test_a_bench_supply_carries_the_same_unit() -> None:
    unit, _ = powered(ON_THE_BENCH)
    unit.radio_used(BOOTED_S, BOOTED_S + 5.0, now_s=BOOTED_S + 5.0)
    assert not lost_power(unit)
    assert unit.mode is UnitMode.APPLICATION


def test_the_numbers_in_the_file_of_the_weak_cell_are_those_of_the_model() -> None:
    source = WEAK.source
    said = {Load.CPU: "2.37 V", Load.FLASH: "2.59 V", Load.RADIO: "1.49 V"}
    for load, text in said.items():
        volts = source.open_circuit_v - source.currents.amperes(load) * source.resistance_ohm
        assert f"{volts:.2f} V" == text
        assert text in gallery_text("weak-coin-cell")
    assert f"{source.open_circuit_v:.3f} V without" in gallery_text("weak-coin-cell")
    assert f"{source.resistance_ohm:.1f} ohms." in gallery_text("weak-coin-cell")


def test_the_time_in_the_file_of_the_weak_cell_is_that_of_the_model() -> None:
    unit, _ = powered(WEAK)
    physics = unit.board.physics
    assert physics is not None
    failed_s = physics.supply.draw(Load.RADIO, BOOTED_S, BOOTED_S + 1.0)
    assert failed_s is not None
    assert f"after {1000 * (failed_s - BOOTED_S):.1f} ms" in gallery_text("weak-coin-cell")


@pytest.mark.parametrize("name", gallery_names())
def test_a_bootloader_that_tells_version_and_end_of_its_softdevice_tells_which_it_is(
    name: str,
) -> None:
    """Over a wire nobody says the FWID: it is taken from what is said, and has to be the unit's."""
    unit = gallery_unit(name)
    if unit.profile.is_ble or unit.softdevice is None:
        return
    number = unit.softdevice.version
    version = f"{number // 1_000_000}.{number // 1000 % 1000}.{number % 1000}"
    meant = softdevice_that_ends_at(version, unit.softdevice.size_word)
    assert meant is not None
    assert meant.fwid == unit.softdevice.fwid
