"""Programs that are not there, are others, hang, crash, or remember what is not so."""

from __future__ import annotations

import pytest

from firmline.device.fabrication import fabricate
from firmline.device.faults.plan import (
    ApplicationCrash,
    ApplicationStays,
    BondMismatch,
    BootloaderMissing,
    CrystalDead,
    Fault,
    LegacyBootloader,
    ResetBrownOut,
    StaleSettings,
    StuckGpregret,
    WatchdogRunning,
    WrongAddress,
)
from firmline.device.profile import (
    SDK15_3_BLE,
    SDK15_3_UART,
    SDK16_BLE,
    SDK17_1_BLE,
    BootloaderProfile,
)
from firmline.device.radio_face import AttStatus, Indicate, Notify, ResetKind, Restarted, UnitOutput
from firmline.device.unit import VirtualUnit
from firmline.events import UnitMode
from firmline.links.gatt import LEGACY_DFU_SERVICE
from firmline.protocol.channels import Channel
from firmline.values import BleAddress
from unit.device.faults.helpers import host_of, idle, plan, story_of, struck
from unit.device.makers import (
    ADDRESS,
    BANK_0,
    BOOTLOADER_START,
    IMAGE,
    PAGE,
    Host,
    describe,
    enter_bootloader,
    init_command,
    signed_packet,
)
from unit.device.story import TIMING

INIT_PACKET = signed_packet(init_command())
APPLICATION, BOOTLOADER = UnitMode.APPLICATION, UnitMode.BOOTLOADER
LAST = BleAddress.parse("C6:05:04:03:02:FF")


def unit_of(*faults: Fault, profile: BootloaderProfile = SDK15_3_BLE) -> VirtualUnit:
    """A faulty unit that was switched on; lock step."""
    unit = fabricate(describe(faults=plan(*faults), profile=profile))
    unit.power_on(now_s=0)
    return unit


def is_silent(unit: VirtualUnit) -> bool:
    """Whether nothing runs, nothing is heard, and nothing is planned."""
    return (unit.mode, unit.advertisement, unit.next_wake_s()) == (None, None, None)


def outputs_of_entering(unit: VirtualUnit) -> list[UnitOutput]:
    """What comes of asking the application into the bootloader, but for the answer."""
    unit.connected(now_s=0)
    unit.subscribed(Channel.BUTTONLESS, True, now_s=0)
    unit.receive(Channel.BUTTONLESS, b"\x01", now_s=0)
    assert len(unit.take_outputs()) == 1
    unit.indication_confirmed(Channel.BUTTONLESS, now_s=0)
    return unit.take_outputs()


# The watchdog (section 10).


@pytest.mark.fault("watchdog")
def test_a_watchdog_with_register_7_ends_every_stay_in_the_bootloader() -> None:
    told = story_of(WatchdogRunning(period_s=5.0))
    for number in (1, 2):
        told.pass_time(told.now_s + 100)  # the application reloads it
        assert told.runs(APPLICATION)
        told.unit.connected(now_s=told.now_s)
        told.unit.subscribed(Channel.BUTTONLESS, True, now_s=told.now_s)
        told.unit.receive(Channel.BUTTONLESS, b"\x01", now_s=told.now_s)
        told.unit.indication_confirmed(Channel.BUTTONLESS, now_s=told.now_s)
        jumped_s = told.now_s
        told.pass_time(jumped_s + 1)
        assert told.runs(BOOTLOADER)
        assert told.wait_for(Restarted) == Restarted(kind=ResetKind.WATCHDOG)
        assert told.now_s == pytest.approx(jumped_s + 5.0)
        assert struck(told.unit) == ["watchdog"] * number
        assert told.unit.board.registers.gpregret == 0


@pytest.mark.parametrize("register", range(7))
def test_with_any_other_register_the_bootloader_reloads_it(register: int) -> None:
    told = story_of(WatchdogRunning(reload_register=register, period_s=1.0))
    told.enter_bootloader()
    told.pass_time(told.now_s + 100)
    assert told.runs(BOOTLOADER)
    assert struck(told.unit) == []


def test_a_period_shorter_than_a_boot_ends_in_the_boot_itself() -> None:
    """Nothing reloads it before the bootloader has loaded its settings and checked the rest."""
    told = story_of(WatchdogRunning(reload_register=0, period_s=0.1))
    told.enter_bootloader()
    assert struck(told.unit) == ["watchdog"]
    told.pass_time(told.now_s + 1)
    assert told.runs(APPLICATION)
    boots = [entry.facts["into"] for entry in told.unit.log if entry.what == "boot"]
    assert boots == ["app", "dfu", "app"]
    assert not [said for _, said in told.said if isinstance(said, Notify)]


def test_a_soft_reset_leaves_it_running_and_the_application_reloads_it_again() -> None:
    told = story_of(WatchdogRunning(period_s=130.0))
    told.enter_bootloader()
    told.wait_for(Restarted, at_most_s=121)  # inactivity
    told.pass_time(told.now_s + 200)
    assert told.runs(APPLICATION)
    assert struck(told.unit) == []


@pytest.mark.parametrize("kind", [ResetKind.PIN, ResetKind.WATCHDOG, ResetKind.POWER])
def test_every_other_reset_stops_it(kind: ResetKind) -> None:
    told = story_of(WatchdogRunning(period_s=5.0))
    told.enter_bootloader()
    told.unit.reset(kind, now_s=told.now_s)
    told.unit.board.registers.gpregret = 0xB1
    told.unit.reset(ResetKind.SOFT, now_s=told.now_s)  # before the application has begun
    told.pass_time(told.now_s + 100)
    assert told.runs(BOOTLOADER)
    assert struck(told.unit) == []


def test_in_lock_step_the_watchdog_is_one_of_the_unit_s_timers() -> None:
    host = host_of(WatchdogRunning(period_s=5.0))
    unit = host.unit
    assert unit.next_wake_s() == 5.0
    unit.wake(now_s=4.9)
    assert unit.mode is BOOTLOADER
    unit.wake(now_s=5.0)
    assert unit.take_outputs() == [Restarted(kind=ResetKind.WATCHDOG)]
    assert unit.mode is APPLICATION
    assert unit.next_wake_s() is None


def test_a_unit_without_an_application_never_starts_it() -> None:
    host = host_of(WatchdogRunning(period_s=5.0))
    host.unit.board.flash.load(BANK_0, bytes(8))
    host.unit.wake(now_s=5.0)
    assert host.unit.mode is BOOTLOADER
    assert host.unit.next_wake_s() == 125.0
    assert struck(host.unit) == ["watchdog"]


# What was there before.


@pytest.mark.fault("stuck-gpregret")
@pytest.mark.parametrize("profile", [SDK15_3_BLE, SDK16_BLE], ids=["15.3", "16"])
def test_a_stuck_gpregret_leads_back_to_the_bootloader_until_power_is_removed(
    profile: BootloaderProfile,
) -> None:
    unit = unit_of(StuckGpregret(), profile=profile)
    assert unit.mode is BOOTLOADER
    assert struck(unit) == ["stuck-gpregret"]
    for minutes in (2, 4):
        unit.wake(now_s=60.0 * minutes)
        assert unit.take_outputs() == [Restarted(kind=ResetKind.SOFT)]
        assert unit.mode is BOOTLOADER
    host = Host(unit)
    assert host.update(INIT_PACKET, IMAGE) == "600401"
    assert unit.mode is BOOTLOADER  # the new application is there, and does not run
    unit.power_on(now_s=500)
    assert unit.mode is APPLICATION
    assert unit.board.flash.read(BANK_0, len(IMAGE)) == IMAGE


@pytest.mark.parametrize(("value", "mode"), [(0x01, APPLICATION), (0xB1, BOOTLOADER)])
def test_sdk_17_takes_only_the_magic_and_clears_it(value: int, mode: UnitMode) -> None:
    unit = unit_of(StuckGpregret(value=value), profile=SDK17_1_BLE)
    assert unit.mode is mode
    unit.reset(ResetKind.SOFT, now_s=1)
    assert unit.mode is APPLICATION


@pytest.mark.parametrize(("left", "mode"), [("added", APPLICATION), ("alone", BOOTLOADER)])
def test_a_request_that_is_added_to_what_is_there_is_none_for_sdk_17(
    left: str, mode: UnitMode
) -> None:
    unit = unit_of(StuckGpregret(value=0x40, request=left), profile=SDK17_1_BLE)
    assert outputs_of_entering(unit) == [Restarted(kind=ResetKind.SOFT)]
    assert unit.mode is mode
    unit.reset(ResetKind.PIN, now_s=1)  # which clears the register
    unit.take_outputs()
    assert outputs_of_entering(unit) == [Restarted(kind=ResetKind.SOFT)]
    assert unit.mode is BOOTLOADER


@pytest.mark.fault("stale-settings")
@pytest.mark.parametrize("profile", [SDK15_3_BLE, SDK15_3_UART], ids=["ble", "uart"])
def test_a_unit_with_stale_settings_waits_in_its_bootloader_for_an_update(
    profile: BootloaderProfile,
) -> None:
    unit = unit_of(StaleSettings(), profile=profile)
    assert struck(unit) == ["stale-settings"]
    for kind in ResetKind:
        unit.reset(kind, now_s=1)
        assert unit.mode is BOOTLOADER
    host = Host(unit)
    assert host.update(INIT_PACKET, IMAGE) == "600401"
    assert unit.mode is APPLICATION


# What is seen in the air.


@pytest.mark.fault("wrong-address")
@pytest.mark.parametrize(
    ("base", "offset", "address"),
    [
        (ADDRESS, 2, "C6:05:04:03:02:03"),
        (ADDRESS, 0, "C6:05:04:03:02:01"),
        (LAST, 2, "C6:05:04:03:02:01"),
    ],
)
def test_the_bootloader_has_another_address(base: BleAddress, offset: int, address: str) -> None:
    unit = fabricate(describe(faults=plan(WrongAddress(offset=offset)), address=base))
    unit.power_on(now_s=0)
    assert unit.advertisement is not None
    assert unit.advertisement.address == base
    assert struck(unit) == []
    enter_bootloader(unit)
    assert unit.advertisement.address == BleAddress.parse(address)
    assert struck(unit) == ["wrong-address"]


def test_a_bootloader_with_a_bond_can_have_another_address_all_the_same() -> None:
    host = host_of(WrongAddress(offset=9), BondMismatch())
    assert host.unit.advertisement is not None
    assert host.unit.advertisement.address == BleAddress.parse("C6:05:04:03:02:0A")


@pytest.mark.fault("legacy-bootloader")
def test_another_bootloader_offers_another_service() -> None:
    host = host_of(LegacyBootloader())
    unit = host.unit
    assert unit.mode is BOOTLOADER
    advertisement = unit.advertisement
    assert advertisement is not None
    assert advertisement.address == ADDRESS.plus_one()
    uuid = bytes.fromhex(LEGACY_DFU_SERVICE.replace("-", ""))[::-1]
    assert advertisement.data == b"\x02\x01\x06\x11\x06" + uuid + b"\x08\x09DfuTarg"
    assert len(advertisement.data) <= 31
    assert unit.services.legacy_dfu
    assert unit.services.channels == frozenset()
    for channel in Channel:
        assert unit.receive(channel, b"\x03", now_s=0) is AttStatus.WRITE_NOT_PERMITTED
    assert struck(unit) == ["legacy-bootloader"]
    unit.wake(now_s=120)
    assert unit.mode is APPLICATION
    assert not unit.services.legacy_dfu


# The jump.


@pytest.mark.fault("application-crash")
def test_an_application_that_crashes_comes_back() -> None:
    unit = unit_of(ApplicationCrash())
    for number in (1, 2):
        assert outputs_of_entering(unit) == [Restarted(kind=ResetKind.SOFT)]
        assert unit.mode is APPLICATION
        assert unit.board.registers.gpregret == 0
        assert struck(unit) == ["application-crash"] * number


@pytest.mark.fault("application-crash")
def test_an_application_may_crash_before_it_has_answered() -> None:
    unit = unit_of(ApplicationCrash(when="on-request"))
    unit.subscribed(Channel.BUTTONLESS, True, now_s=0)
    assert unit.receive(Channel.BUTTONLESS, b"\x02\x01a", now_s=0) is AttStatus.OK
    assert [type(output) for output in unit.take_outputs()] == [Indicate]
    unit.receive(Channel.BUTTONLESS, b"\x01", now_s=0)
    assert unit.take_outputs() == [Restarted(kind=ResetKind.SOFT)]
    assert unit.mode is APPLICATION
    assert struck(unit) == ["application-crash"]


@pytest.mark.fault("application-stays")
def test_an_application_that_agrees_may_never_restart() -> None:
    unit = unit_of(ApplicationStays())
    assert outputs_of_entering(unit) == []
    assert unit.mode is APPLICATION
    assert struck(unit) == ["application-stays"]


@pytest.mark.fault("reset-brown-out")
def test_a_supply_that_breaks_down_in_the_restart_loses_the_request_so_many_times() -> None:
    unit = unit_of(ResetBrownOut(times=2))
    for _ in range(2):
        assert outputs_of_entering(unit) == [Restarted(kind=ResetKind.POWER)]
        assert (unit.mode, unit.board.registers.gpregret) == (APPLICATION, 0)
    assert outputs_of_entering(unit) == [Restarted(kind=ResetKind.SOFT)]
    assert unit.mode is UnitMode.BOOTLOADER
    assert struck(unit) == ["reset-brown-out"] * 2


@pytest.mark.fault("bootloader-missing")
def test_without_a_bootloader_the_application_starts_again() -> None:
    unit = unit_of(BootloaderMissing())
    assert unit.board.flash.read(BOOTLOADER_START, PAGE) == b"\xff" * PAGE
    assert unit.mode is APPLICATION
    revision = unit.firmware_revision
    operations = unit.board.flash.operations
    assert outputs_of_entering(unit) == [Restarted(kind=ResetKind.SOFT)]
    assert unit.mode is APPLICATION
    assert unit.board.registers.gpregret == 0xB1
    assert (unit.firmware_revision, unit.board.flash.operations) == (revision, operations)
    assert struck(unit) == ["bootloader-missing"] * 2


def test_without_bootloader_and_application_the_unit_is_silent() -> None:
    unit = fabricate(describe(faults=plan(BootloaderMissing())))
    unit.board.flash.load(BANK_0, b"\xff" * 20_000)
    unit.power_on(now_s=0)
    assert is_silent(unit)
    unit.reset(ResetKind.PIN, now_s=1)
    assert is_silent(unit)
    assert unit.log[-1].what == "boot"


# The crystal.


@pytest.mark.fault("crystal")
@pytest.mark.parametrize("with_physics", [False, True])
def test_a_bootloader_whose_crystal_does_not_start_is_silent(with_physics: bool) -> None:
    if with_physics:
        told = story_of(CrystalDead())
        told.pass_time(1.0)
        unit = told.unit
    else:
        unit = unit_of(CrystalDead())
    assert unit.mode is APPLICATION
    enter_bootloader(unit, now_s=2.0)
    unit.wake(now_s=3.0)
    assert is_silent(unit)
    assert unit.services.channels == frozenset()
    assert struck(unit) == ["crystal"]
    unit.wake(now_s=3600.0)
    assert unit.mode is None
    unit.reset(ResetKind.PIN, now_s=3601.0)
    unit.wake(now_s=3602.0)
    assert unit.mode is APPLICATION
    unit.power_on(now_s=3603.0)
    unit.wake(now_s=3604.0)
    assert unit.mode is APPLICATION


@pytest.mark.parametrize("program", ["application", "both"])
def test_an_application_whose_crystal_does_not_start_is_silent(program: str) -> None:
    unit = unit_of(CrystalDead(program=program))
    assert unit.mode is None
    unit.board.registers.gpregret = 0xB1
    unit.reset(ResetKind.SOFT, now_s=1)
    assert unit.mode is (BOOTLOADER if program == "application" else None)


def test_power_that_comes_again_finds_the_crystal_as_it_was() -> None:
    unit = unit_of(CrystalDead(program="application"))
    unit.power_on(now_s=1)
    assert unit.mode is None
    assert struck(unit) == ["crystal"] * 2


@pytest.mark.parametrize("program", ["bootloader", "both"])
def test_a_serial_bootloader_has_no_use_for_the_crystal(program: str) -> None:
    host = host_of(CrystalDead(program=program), profile=SDK15_3_UART)
    assert host.ask(b"\x09\x07") == "60090107"
    assert bool(idle(host.unit)) is (program == "bootloader")


def test_a_watchdog_frees_a_bootloader_that_hangs() -> None:
    told = story_of(CrystalDead(), WatchdogRunning(period_s=5.0, reload_register=0))
    told.pass_time(1.0)
    enter_bootloader(told.unit, now_s=1.0)
    assert told.wait_for(Restarted) == Restarted(kind=ResetKind.WATCHDOG)
    assert told.now_s == pytest.approx(6.0)
    told.pass_time(7.0)
    assert told.runs(APPLICATION)
    assert struck(told.unit) == ["crystal", "watchdog"]


@pytest.mark.parametrize(
    "fault",
    [WrongAddress(), LegacyBootloader(), ApplicationCrash(), CrystalDead()],
    ids=lambda fault: fault.name,
)
def test_what_needs_a_radio_does_nothing_to_a_serial_bootloader(fault: Fault) -> None:
    host = host_of(fault, profile=SDK15_3_UART)
    assert host.update(INIT_PACKET, IMAGE) == "600401"
    assert struck(host.unit) == []
    assert idle(host.unit) == [(fault.name, "needs a bootloader with a radio")]


def test_the_boot_takes_as_long_as_without_faults() -> None:
    told = story_of(WrongAddress(), StuckGpregret())
    told.pass_time(TIMING.boot_s)
    assert told.runs(BOOTLOADER)
