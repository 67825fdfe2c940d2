"""Power that goes, settings that nobody can start with, and faults of the processor."""

from __future__ import annotations

from typing import Any

import pytest

from firmline.device.bootloader.settings_ram import Bank
from firmline.device.fabrication import fabricate
from firmline.device.inside.programs import MAX_BOOTS
from firmline.device.profile import SDK15_3_BLE, SDK15_3_UART, SDK17_1_BLE, BootloaderProfile
from firmline.device.radio_face import AttStatus, ResetKind, Restarted
from firmline.device.unit import VirtualUnit
from firmline.events import UnitMode
from firmline.protocol.channels import Channel
from unit.device.makers import (
    BANK_0,
    IMAGE,
    PAGE,
    BankState,
    Host,
    describe,
    enter_bootloader,
    init_command,
    make_store,
    set_bank,
    signed_packet,
    unit_in_bootloader,
)

PACKET = signed_packet(init_command())
POWER, SOFT = Restarted(kind=ResetKind.POWER), Restarted(kind=ResetKind.SOFT)
CREATE_INIT = b"\x01\x01" + len(PACKET).to_bytes(4, "little")
CREATE_DATA = b"\x01\x02" + PAGE.to_bytes(4, "little")
SELECT_COMMAND, SELECT_DATA, EXECUTE = b"\x06\x01", b"\x06\x02", b"\x04"
BOTH = pytest.mark.parametrize(
    "profile", [SDK15_3_BLE, SDK15_3_UART], ids=lambda profile: profile.name
)


def arm(unit: VirtualUnit, number: int) -> None:
    unit.board.flash.faults.cut_in = number


def restarts(host: Host) -> list[Restarted]:
    return [output for output in host.outputs if isinstance(output, Restarted)]


def forge(unit: VirtualUnit, **fields: Any) -> None:
    """Put other settings into both pages; takes effect at the next boot."""
    store = make_store(unit.board)
    for name, value in fields.items():
        if isinstance(value, BankState):
            set_bank(getattr(store.ram, name), value)
        else:
            setattr(store.ram, name, value)
    store.save()


def stored_init_packet(unit: VirtualUnit, **fields: Any) -> None:
    """As if an init packet had been executed before the power went."""
    store = make_store(unit.board)
    store.ram.write_init_command(0, PACKET)
    store.save()
    size = len(PACKET)
    forge(unit, **{"command_size": size, "command_offset": size, **fields})


# Is the answer out before the power goes (FORMAT.md, section 4.1)?


@pytest.mark.parametrize("number", [1, 10, 225, 226, 450])
@pytest.mark.parametrize(
    ("profile", "answer"), [(SDK15_3_UART, ""), (SDK15_3_BLE, "600401"), (SDK17_1_BLE, "600401")]
)
def test_an_init_packet_is_answered_after_its_flash_work_on_uart_and_before_it_on_ble(
    profile: BootloaderProfile, answer: str, number: int
) -> None:
    host = Host(unit_in_bootloader(profile=profile))
    assert host.ask(CREATE_INIT) == "600101"
    host.packets(PACKET)
    arm(host.unit, number)
    assert host.ask(EXECUTE) == answer
    assert host.outputs[-1:] == restarts(host) == [POWER]
    assert host.unit.mode is UnitMode.APPLICATION


@pytest.mark.parametrize(("profile", "answer"), [(SDK15_3_UART, ""), (SDK15_3_BLE, "600101")])
def test_a_data_object_s_page_is_erased_before_the_answer_on_uart_and_after_it_on_ble(
    profile: BootloaderProfile, answer: str
) -> None:
    host = Host(unit_in_bootloader(profile=profile))
    host.send_init_packet(PACKET)
    arm(host.unit, 1)
    assert host.ask(CREATE_DATA) == answer
    assert restarts(host) == [POWER]


@BOTH
@pytest.mark.parametrize("number", [1, 226, 451])
def test_the_last_execute_is_answered_before_the_settings_are_written(
    profile: BootloaderProfile, number: int
) -> None:
    host = Host(unit_in_bootloader(profile=profile))
    host.send_init_packet(PACKET)
    for start in range(0, len(IMAGE), PAGE):
        if start:
            host.ask(EXECUTE)
        host.send_object(IMAGE[start : start + PAGE])
    arm(host.unit, number)
    assert host.ask(EXECUTE) == "600401"
    assert POWER in restarts(host)


@BOTH
def test_an_update_goes_on_wherever_the_power_went_while_the_image_was_copied(
    profile: BootloaderProfile,
) -> None:
    for number in range(460, 2_800, 260):
        host = Host(unit_in_bootloader(profile=profile))
        host.send_init_packet(PACKET)
        for start in range(0, len(IMAGE), PAGE):
            if start:
                host.ask(EXECUTE)
            host.send_object(IMAGE[start : start + PAGE])
        arm(host.unit, number)
        host.ask(EXECUTE)
        assert restarts(host).count(POWER) == 1, number
        assert host.unit.mode is UnitMode.APPLICATION
        assert host.unit.board.flash.read(BANK_0, len(IMAGE)) == IMAGE


def test_a_power_cut_loses_ram_registers_and_the_link() -> None:
    host = Host(unit_in_bootloader())
    unit = host.unit
    unit.board.registers.gpregret = unit.board.registers.gpregret2 = 0x40
    host.ask(CREATE_INIT)
    host.packets(PACKET)
    arm(unit, 1)
    host.ask(EXECUTE)
    assert (unit.board.registers.gpregret, unit.board.registers.gpregret2) == (0, 0)
    again = Host(enter_bootloader(unit))
    assert again.ask(SELECT_COMMAND) == "60060100020000" + "00" * 8


def test_the_power_can_go_while_the_unit_boots() -> None:
    unit = fabricate(describe())
    forge(unit, bank_1=BankState(len(IMAGE), 0, Bank.APPLICATION), update_start_address=0x40000)
    arm(unit, 3)
    unit.power_on(now_s=0)
    assert unit.take_outputs() == [POWER]
    assert [entry.what for entry in unit.log[:2]] == ["reset", "activated"]
    assert unit.mode is UnitMode.BOOTLOADER  # what was copied is not what bank 1 promised


def test_a_wake_and_an_abort_can_be_cut_off_too() -> None:
    for cause in ("wake", "abort"):
        host = Host(unit_in_bootloader())
        forge(host.unit)
        host.unit.board.flash.load(0x7E000, bytes(0x380))
        arm(host.unit, 2)
        if cause == "wake":
            host.unit.wake(now_s=120)
            assert host.unit.take_outputs() == [POWER]
        else:
            assert host.ask(b"\x0c") == ""
            assert restarts(host) == [POWER]
        assert host.unit.mode is UnitMode.APPLICATION


# Settings that DFU mode cannot start with.


@BOTH
def test_an_incomplete_stored_init_packet_ends_in_another_boot(profile: BootloaderProfile) -> None:
    unit = fabricate(describe(profile=profile))
    unit.power_on(now_s=0)
    stored_init_packet(unit, command_offset=len(PACKET) - 1)
    unit.log.clear()
    unit.board.registers.gpregret = 0xB1
    unit.reset(ResetKind.SOFT, now_s=1)
    assert unit.mode is UnitMode.APPLICATION
    assert [(entry.what, *entry.facts.values()) for entry in unit.log] == [
        ("reset", "soft"),
        ("fault_at_boot", "InitError"),
        ("boot", "reset"),
        ("boot", "app"),
    ]


def test_without_an_application_to_go_back_to_it_is_a_boot_loop_and_the_unit_is_silent() -> None:
    unit = fabricate(describe())
    stored_init_packet(unit, command_offset=0)
    unit.board.flash.load(BANK_0, bytes(8))
    unit.power_on(now_s=0)
    assert (unit.mode, unit.advertisement, unit.next_wake_s()) == (None, None, None)
    assert unit.services.channels == frozenset()
    assert unit.receive(Channel.CONTROL, b"\x03", now_s=0) is AttStatus.WRITE_NOT_PERMITTED
    faults = [entry.what for entry in unit.log]
    assert faults == ["fault_at_boot", "boot"] * MAX_BOOTS + ["boot_loop"]
    unit.reset(ResetKind.PIN, now_s=1)
    assert unit.mode is None
    assert unit.take_outputs() == [Restarted(kind=ResetKind.PIN)]


def test_a_unit_leaves_its_boot_loop_when_what_caused_it_is_mended() -> None:
    unit = fabricate(describe())
    words = (0x4D42_5243, 0x7FFF0, 0x1000)
    mended = unit.board.flash.read(0x7E000, 12)
    unit.board.flash.load(0x7E000, b"".join(word.to_bytes(4, "little") for word in words))
    unit.power_on(now_s=0)
    assert unit.mode is None
    assert unit.log[-1].what == "boot_loop"
    unit.board.flash.load(0x7E000, mended)
    unit.power_on(now_s=1)
    assert unit.mode is UnitMode.APPLICATION


# Faults of the processor.


@BOTH
def test_a_fault_while_a_request_is_served_is_a_soft_reset(profile: BootloaderProfile) -> None:
    unit = fabricate(describe(profile=profile))
    unit.power_on(now_s=0)
    stored_init_packet(unit, data_object_size=8, write_offset=0x80000)
    host = Host(enter_bootloader(unit))
    host.ask(SELECT_DATA)
    assert host.packet(bytes(8)) == ""
    assert host.outputs[-1] == SOFT
    assert unit.mode is UnitMode.APPLICATION
    assert "hard_fault" in [entry.what for entry in unit.log]


def test_after_a_fault_the_registers_are_kept() -> None:
    unit = unit_in_bootloader()
    stored_init_packet(unit, data_object_size=8, write_offset=0x80000)
    unit.board.registers.gpregret = 0xA0
    unit.reset(ResetKind.SOFT, now_s=0)
    host = Host(unit)
    host.ask(SELECT_DATA)
    host.packet(bytes(8))
    assert unit.board.registers.gpregret == 0xA0
    assert unit.mode is UnitMode.BOOTLOADER


# A lost link (section 4.1, S13).


@pytest.mark.parametrize(
    ("profile", "kept"), [(SDK15_3_BLE, 100), (SDK17_1_BLE, 0)], ids=["15.3", "17.1"]
)
def test_since_sdk_16_a_lost_link_throws_away_what_is_only_in_ram(
    profile: BootloaderProfile, kept: int
) -> None:
    host = Host(unit_in_bootloader(profile=profile))
    host.send_init_packet(PACKET)
    host.ask(CREATE_DATA)
    host.packet(IMAGE[:100])
    operations = host.unit.board.flash.operations
    host.unit.disconnected(now_s=0)
    assert host.unit.board.flash.operations == operations
    host.connect()
    assert host.ask(SELECT_DATA)[:22] == "60060100100000" + kept.to_bytes(4, "little").hex()
    assert host.ask(SELECT_COMMAND)[14:22] == len(PACKET).to_bytes(4, "little").hex()


def test_since_sdk_16_an_init_packet_that_was_not_executed_is_gone_with_the_link() -> None:
    for profile, kept in ((SDK15_3_BLE, len(PACKET)), (SDK17_1_BLE, 0)):
        host = Host(unit_in_bootloader(profile=profile))
        host.ask(CREATE_INIT)
        host.packets(PACKET)
        host.unit.disconnected(now_s=0)
        host.connect()
        assert host.ask(SELECT_COMMAND)[14:22] == kept.to_bytes(4, "little").hex()


def test_sdk_17_resumes_an_update_after_a_lost_link() -> None:
    host = Host(unit_in_bootloader(profile=SDK17_1_BLE))
    host.send_init_packet(PACKET)
    host.send_object(IMAGE[:PAGE])
    host.ask(EXECUTE)
    host.unit.disconnected(now_s=0)
    host.connect()
    assert host.ask(SELECT_DATA)[14:22] == "00000000"
    assert host.send_image(IMAGE) == "600401"
    assert host.unit.board.flash.read(BANK_0, len(IMAGE)) == IMAGE
