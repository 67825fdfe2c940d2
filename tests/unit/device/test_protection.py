"""What flash protection stops: the bootloader cannot destroy itself (spec section 10)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from firmline.device.bootloader.settings_ram import SIZE, Bank, SettingsRam
from firmline.device.fabrication import physics_of
from firmline.device.flash import FlashProtectedError, NorFlash
from firmline.device.flash_queue import FlashQueue, LockStepQueue, SoftDeviceQueue
from firmline.device.profile import SDK15_3_BLE, SDK15_3_UART, BootloaderProfile
from firmline.device.radio_face import ResetKind
from firmline.device.unit import VirtualUnit
from firmline.events import UnitMode
from firmline.protocol.requests import SelectObject
from unit.device.makers import (
    BOOTLOADER_START,
    IMAGE,
    PAGE,
    Host,
    describe,
    enter_bootloader,
    init_command,
    signed_packet,
    unit_in_bootloader,
)

PROFILES = pytest.mark.parametrize(
    "profile", [SDK15_3_BLE, SDK15_3_UART], ids=lambda profile: profile.name
)


@pytest.fixture
def flash() -> NorFlash:
    flash = NorFlash(size=0x10000, page_size=PAGE)
    flash.protect(0x4000, 0x2000)
    return flash


def test_what_lies_before_a_protected_page_is_still_erased(flash: NorFlash) -> None:
    flash.load(0x2000, bytes(0x4000))
    with pytest.raises(FlashProtectedError):
        flash.erase(0x2000, 4)
    assert flash.read(0x2000, 0x2000) == b"\xff" * 0x2000
    assert flash.read(0x4000, 0x2000) == bytes(0x2000)
    assert flash.operations == 2


def test_what_lies_before_a_protected_word_is_still_written(flash: NorFlash) -> None:
    with pytest.raises(FlashProtectedError):
        flash.write(0x3FF8, bytes(16))
    assert flash.read(0x3FF8, 16) == bytes(8) + b"\xff" * 8


def test_beside_a_protected_page_and_after_a_reset_nothing_is_protected(flash: NorFlash) -> None:
    flash.erase(0x3000)
    flash.write(0x6000, bytes(4))
    assert (flash.is_protected(0x3000, PAGE), flash.is_protected(0x5FFC, 8)) == (False, True)
    flash.unprotect()
    flash.write(0x4000, bytes(4))


def drained(flash: NorFlash, *, timed: bool, ask: Callable[[FlashQueue], None]) -> list[str]:
    """What is told when a queue has done what it was asked for and what follows."""
    done: list[str] = []
    physics = physics_of(describe())
    queue: FlashQueue = SoftDeviceQueue(flash, physics) if timed else LockStepQueue(flash)
    ask(queue)
    queue.after_last(lambda: done.append("asked"))
    queue.erase(0x8000)
    queue.after_last(lambda: done.append("next"))
    queue.drain()
    while (due_s := queue.due_s) is not None:
        queue.run_due(due_s)
    return done


@pytest.mark.parametrize("timed", [False, True], ids=["lock step", "timed"])
@pytest.mark.parametrize(
    "ask",
    [
        lambda queue: queue.erase(0x3000, 2),
        lambda queue: queue.write(0x3FF8, bytes(40)),
        lambda queue: queue.write_over(0x4000, bytes(40)),
    ],
    ids=["erase", "write", "write over"],
)
def test_a_softdevice_leaves_protected_flash_alone_and_goes_on(
    ask: Callable[[FlashQueue], None], timed: bool, flash: NorFlash
) -> None:
    """Nothing of such an entry is done, nobody hears of it, and what follows is."""
    for page in (0x3000, 0x4000):
        flash.load(page, b"\x55" * PAGE)
    flash.load(0x8000, bytes(4))
    assert drained(flash, timed=timed, ask=ask) == ["asked", "next"]
    assert flash.read(0x3000, 2 * PAGE) == b"\x55" * 2 * PAGE
    assert flash.read(0x8000, 4) == b"\xff" * 4


def bootloader_of(unit: VirtualUnit) -> bytes:
    return unit.board.flash.read(BOOTLOADER_START, unit.board.memory.bootloader_size)


def forge(unit: VirtualUnit, **fields: int) -> None:
    """Settings with a right CRC that no bootloader would write."""
    memory, flash = unit.board.memory, unit.board.flash
    ram = SettingsRam(flash.read(memory.settings_page, SIZE))
    ram.bank_1.set(
        size=fields.pop("bank_1_size", ram.bank_1.size),
        crc=0,
        code=fields.pop("bank_1_code", ram.bank_1.code),
    )
    for name, value in fields.items():
        setattr(ram, name, value)
    ram.update_crcs()
    for page in (memory.settings_page, memory.backup_page):
        flash.load(page, bytes(ram.data))


@PROFILES
def test_an_activation_that_would_run_over_the_bootloader_ends_in_a_hard_fault(
    profile: BootloaderProfile,
) -> None:
    unit = unit_in_bootloader(profile=profile)
    before = bootloader_of(unit)
    forge(unit, bank_1_code=Bank.APPLICATION, bank_1_size=0x60000, update_start_address=0x30000)
    unit.reset(ResetKind.SOFT, now_s=1.0)
    assert bootloader_of(unit) == before
    assert [entry.what for entry in unit.log][-1] == "boot_loop"
    assert unit.mode is None


@PROFILES
def test_data_that_would_be_written_into_the_bootloader_never_are(
    profile: BootloaderProfile,
) -> None:
    unit = unit_in_bootloader(profile=profile)
    host = Host(unit)
    assert host.send_init_packet(signed_packet(init_command(IMAGE))) == "600401"
    forge(unit, write_offset=BOOTLOADER_START - 0x2B000, data_object_size=PAGE)
    before = bootloader_of(unit)
    enter_bootloader(unit)
    again = Host(unit)
    again.ask(SelectObject(object_type=2))
    again.packets(bytes(64), size=64)
    assert bootloader_of(unit) == before
    if profile.is_ble:  # the SoftDevice says no, and nobody listens
        assert unit.mode is UnitMode.BOOTLOADER
    else:
        assert "hard_fault" in [entry.what for entry in unit.log]
