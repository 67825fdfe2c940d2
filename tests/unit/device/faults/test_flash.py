"""Flash that loses operations or bits, and power that goes or breaks down."""

from __future__ import annotations

import pytest

from firmline.device.bootloader.settings_ram import SIZE, SettingsRam
from firmline.device.faults.plan import BrownOut, DroppedOperation, PowerCutAt, WornPage
from firmline.device.flash import NorFlash
from firmline.device.physics.supply import BREAK_DOWN_S
from firmline.device.profile import SDK15_3_BLE, SDK15_3_UART, BootloaderProfile
from firmline.device.radio_face import ResetKind, Restarted
from firmline.events import UnitMode
from firmline.protocol.channels import Channel
from firmline.protocol.requests import CreateObject, ExecuteObject, encode_request
from unit.device.faults.helpers import host_of, idle, story_of, struck
from unit.device.makers import (
    BACKUP_PAGE,
    BANK_0,
    IMAGE,
    PAGE,
    SETTINGS_PAGE,
    Host,
    enter_bootloader,
    init_command,
    signed_packet,
)
from unit.device.story import IMAGE as TIMED_IMAGE
from unit.device.story import INIT_PACKET as TIMED_INIT_PACKET
from unit.device.story import PACKET, SETTLED_S

INIT_PACKET = signed_packet(init_command())
BANK_1 = BANK_0 + 5 * PAGE
"""Behind an application of 20,000 bytes."""
SETTINGS_WRITE = 2 * (1 + SIZE // 4)
BOTH = pytest.mark.parametrize(
    "profile", [SDK15_3_BLE, SDK15_3_UART], ids=lambda profile: profile.name
)


def restarts(host: Host) -> list[Restarted]:
    return [output for output in host.outputs if isinstance(output, Restarted)]


def into_bootloader_again(host: Host) -> None:
    enter_bootloader(host.unit)
    host.connect()


# Power.


@BOTH
@pytest.mark.fault("power-cut")
def test_the_power_goes_at_the_nth_operation_and_the_unit_is_its_application_again(
    profile: BootloaderProfile,
) -> None:
    host = host_of(PowerCutAt(operation=SETTINGS_WRITE + 2), profile=profile)
    host.send_init_packet(INIT_PACKET)
    host.ask(b"\x01\x02" + PAGE.to_bytes(4, "little"))
    assert struck(host.unit) == []
    host.packet(IMAGE[:64])
    assert struck(host.unit) == ["power-cut"]
    assert restarts(host) == [Restarted(kind=ResetKind.POWER)]
    assert host.unit.board.flash.operations == SETTINGS_WRITE + 1
    assert host.unit.mode is UnitMode.APPLICATION


def test_the_power_can_go_again_while_the_boot_mends_what_the_first_time_has_left() -> None:
    host = host_of(PowerCutAt(operation=300), PowerCutAt(operation=3), PowerCutAt(operation=5))
    assert host.send_init_packet(INIT_PACKET) == "600401"
    assert struck(host.unit) == ["power-cut"] * 2
    assert restarts(host) == [Restarted(kind=ResetKind.POWER)] * 2
    assert host.unit.mode is UnitMode.APPLICATION
    done = host.unit.board.flash.operations
    into_bootloader_again(host)
    host.send_init_packet(INIT_PACKET)
    assert struck(host.unit) == ["power-cut"] * 3
    assert done < 297 <= host.unit.board.flash.operations


def test_with_physics_the_time_stops_where_the_power_goes() -> None:
    """The settings of a serial bootloader: one erase, then words of a datasheet's time each."""
    told = story_of(PowerCutAt(operation=11), profile=SDK15_3_UART)
    timing = told.physics.timing
    board = told.unit.board
    told.pass_time(1.0)
    board.nvmc.erase(SETTINGS_PAGE)
    told.unit._life.powered(lambda: board.nvmc.write(SETTINGS_PAGE, bytes(SIZE)))
    lost = next(entry for entry in told.unit.log if entry.what == "power_lost")
    assert lost.at_s == pytest.approx(1.0 + timing.erase_page_s + 10 * timing.write_word_s)
    assert struck(told.unit) == ["power-cut"]
    told.pass_time(told.now_s + 10)
    assert told.runs(UnitMode.APPLICATION)  # the backup page is whole


@pytest.mark.fault("brown-out")
def test_a_supply_that_does_not_carry_flash_resets_the_unit_into_its_application() -> None:
    told = story_of(BrownOut(load="flash"))
    told.enter_bootloader()
    told.ask(CreateObject(object_type=1, size=len(TIMED_INIT_PACKET)))
    told.unit.receive(Channel.PACKET, TIMED_INIT_PACKET, now_s=told.now_s)
    assert told.ask(ExecuteObject()) == "600401"
    assert told.wait_for(Restarted) == Restarted(kind=ResetKind.POWER)
    assert struck(told.unit) == ["brown-out"]
    assert told.unit.log[-1].facts == {"lowest_v": 0.0}
    began_s = told.unit.log[-1].at_s
    told.pass_time(began_s + BREAK_DOWN_S)
    assert told.runs(None)
    told.pass_time(began_s + 1)
    assert told.runs(UnitMode.APPLICATION)


def test_a_supply_that_does_not_carry_the_processor_resets_it_at_the_signature() -> None:
    told = story_of(BrownOut(load="cpu"))
    told.enter_bootloader()
    told.ask(CreateObject(object_type=1, size=len(TIMED_INIT_PACKET)))
    told.unit.receive(Channel.PACKET, TIMED_INIT_PACKET, now_s=told.now_s)
    told.unit.receive(Channel.CONTROL, encode_request(ExecuteObject()), now_s=told.now_s)
    told.wait_for(Restarted)
    assert struck(told.unit) == ["brown-out"]


def test_a_supply_that_does_not_carry_the_radio_resets_the_unit_when_it_is_used() -> None:
    told = story_of(BrownOut(load="radio"))
    told.enter_bootloader()
    told.send_init_packet()
    told.pass_time(told.now_s + SETTLED_S)
    assert struck(told.unit) == []
    told.unit.radio_used(told.now_s, told.now_s + 0.001, now_s=told.now_s + 0.001)
    assert struck(told.unit) == ["brown-out"]
    assert told.runs(None)


def test_a_unit_whose_supply_is_away_can_be_switched_on_all_the_same() -> None:
    told = story_of(BrownOut(load="radio"))
    told.pass_time(1.0)
    told.unit.radio_used(1.0, 1.001, now_s=1.001)
    assert told.runs(None)
    told.unit.power_on(now_s=1.01)
    told.pass_time(10.0)
    assert told.runs(UnitMode.APPLICATION)
    assert [entry.what for entry in told.unit.log].count("boot") == 2


def test_in_lock_step_no_supply_breaks_down_and_the_log_says_why() -> None:
    host = host_of(BrownOut())
    assert host.update(INIT_PACKET, IMAGE) == "600401"
    assert struck(host.unit) == []
    assert idle(host.unit) == [("brown-out", "needs physics")]


# Operations.


@BOTH
@pytest.mark.fault("dropped-operation")
def test_a_dropped_operation_shows_at_the_very_end(profile: BootloaderProfile) -> None:
    host = host_of(DroppedOperation(operation=SETTINGS_WRITE + 5), profile=profile)
    assert host.update(INIT_PACKET, IMAGE) == "60040b0c"
    assert struck(host.unit) == ["dropped-operation"]
    assert host.unit.mode is UnitMode.APPLICATION
    into_bootloader_again(host)
    assert host.update(INIT_PACKET, IMAGE) == "600401"


def test_several_operations_can_be_dropped() -> None:
    host = host_of(*(DroppedOperation(operation=number) for number in (7, 3, 4)))
    host.send_init_packet(INIT_PACKET)
    assert struck(host.unit) == ["dropped-operation"] * 3
    assert host.unit.board.flash.operations == SETTINGS_WRITE - 3


# Worn pages.


@BOTH
@pytest.mark.fault("worn-page")
def test_a_worn_page_lets_every_update_end_in_0b_0c(profile: BootloaderProfile) -> None:
    host = host_of(WornPage(address=BANK_1 + 100), profile=profile)
    for number in (1, 2):
        assert host.update(INIT_PACKET, IMAGE) == "60040b0c"
        assert struck(host.unit) == ["worn-page"] * number
        assert host.unit.mode is UnitMode.APPLICATION
        into_bootloader_again(host)


def test_a_worn_page_in_the_running_application_leaves_the_unit_in_its_bootloader() -> None:
    """The copy's CRC is wrong, bank 0 is not valid any more (section 16.1 W6)."""
    host = host_of(WornPage(address=BANK_0 + PAGE))
    assert host.update(INIT_PACKET, IMAGE) == "600401"
    assert host.unit.mode is UnitMode.BOOTLOADER
    host.unit.reset(ResetKind.POWER, now_s=0)
    assert host.unit.mode is UnitMode.BOOTLOADER


def test_a_worn_settings_page_loses_the_settings_at_the_end_of_an_update() -> None:
    """The backup carries the unit until the primary page is copied over it, unchecked (S10)."""
    host = host_of(WornPage(address=SETTINGS_PAGE))
    assert host.send_init_packet(INIT_PACKET) == "600401"
    board = host.unit.board
    assert not SettingsRam(board.flash.read(SETTINGS_PAGE, SIZE)).own_crc_ok
    assert SettingsRam(board.flash.read(BACKUP_PAGE, SIZE)).own_crc_ok
    host.unit.reset(ResetKind.POWER, now_s=0)
    into_bootloader_again(host)  # by way of the application
    assert host.update(INIT_PACKET, IMAGE) == "600401"
    assert host.unit.mode is UnitMode.BOOTLOADER
    assert host.unit._life.programs.store.ram.bank_0.size == 0


def test_a_worn_backup_page_is_not_noticed() -> None:
    host = host_of(WornPage(address=BACKUP_PAGE))
    assert host.update(INIT_PACKET, IMAGE) == "600401"
    assert host.unit.mode is UnitMode.APPLICATION
    assert host.unit.board.flash.read(BANK_0, len(IMAGE)) == IMAGE


def test_a_worn_page_shows_with_physics_too() -> None:
    told = story_of(WornPage(address=BANK_1))
    told.enter_bootloader()
    told.send_init_packet()
    told.pass_time(told.now_s + SETTLED_S)
    for start in range(0, len(TIMED_IMAGE), PAGE):
        piece = TIMED_IMAGE[start : start + PAGE]
        told.create(len(piece), then_wait_s=0.1)
        for at in range(0, len(piece), PACKET):
            told.unit.receive(Channel.PACKET, piece[at : at + PACKET], now_s=told.now_s)
            told.listen()
            told.pass_time(told.now_s + 0.0025)
        answer = told.ask(ExecuteObject())
    assert answer == "60040b0c"


def test_a_page_that_the_chip_does_not_have_cannot_be_worn() -> None:
    host = host_of(WornPage(address=0x80000))
    assert idle(host.unit) == [("worn-page", "the chip has no such page")]
    assert host.update(INIT_PACKET, IMAGE) == "600401"


def test_worn_bits_stay_at_zero_however_often_the_page_is_erased() -> None:
    flash = NorFlash(size=2 * PAGE, page_size=PAGE)
    worn = b"\xfe" + b"\xff" * (PAGE - 1)
    flash.wear_out(PAGE, worn)
    assert flash.read(PAGE, PAGE) == b"\xff" * PAGE  # until it is erased
    for _ in range(2):
        flash.erase(0, 2)
        assert flash.read(0, PAGE) == b"\xff" * PAGE
        assert flash.read(PAGE, PAGE) == worn
        flash.write(PAGE, b"\x11\x22\x33\x44" * 2)
        assert flash.read(PAGE, 8) == b"\x10\x22\x33\x44\x11\x22\x33\x44"
