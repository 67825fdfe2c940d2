"""Updates through the public Bleak API, as on Linux, Windows and macOS."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from firmline import events
from firmline.device.application_dfu import ApplicationDfu
from firmline.device.fabrication import fabricate
from firmline.device.profile import SDK15_3_BLE
from firmline.device.radio_face import ResetKind
from firmline.device.unit import VirtualUnit
from firmline.errors import Code
from firmline.events import Event, Outcome, UnitMode
from firmline.formats.package import Package
from firmline.links.bluetooth.link import BluetoothLink
from firmline.links.bluetooth.stack import System
from firmline.links.open_many import prn_for
from firmline.protocol.pacing import NO_PAUSES
from firmline.updater.timeouts import Timeouts
from firmline.updater.update import Update, UpdateResult, plan_for
from firmline.values import AdvertisedName, BleAddress, PeripheralId, UnitPin
from integration.bluetooth.bleak_over_bumble import Computer, identifier
from unit.device.makers import ADDRESS, BANK_0, OTHER_KEY, describe
from unit.updater.fakes import IMAGE, package

pytestmark = pytest.mark.slow
TIMEOUTS = Timeouts(
    search_s=2, same_name_s=0.1, already_there_s=0.3, connect_s=5, answer_s=2, return_s=2, drop_s=1
)


@dataclass
class Bench:
    """A computer, and what was heard of its updates."""

    computer: Computer
    heard: list[Event] = field(default_factory=list)

    def place(self, **changes: Any) -> VirtualUnit:
        """Switch a unit on and bring it into the air."""
        unit = fabricate(describe(size=4_000, **changes))
        unit.power_on(now_s=self.computer.radio.now_s())
        self.computer.radio.add_unit(unit)
        return unit

    async def update(
        self,
        pin: UnitPin,
        contents: Package | None = None,
        on_event: Callable[[Event], None] = lambda _event: None,
    ) -> UpdateResult:
        """One update, as firmline update does it."""
        link = BluetoothLink(stack=self.computer.stack, settle_s=0.5)
        plan = plan_for(
            contents or package(),
            b"",
            package_name="update.zip",
            unit_name=f"ble:{pin}",
            pin=pin,
            timeouts=TIMEOUTS,
            pacing=NO_PAUSES,
            prn=prn_for(link.capabilities),
        )

        def hear(event: Event) -> None:
            self.heard.append(event)
            on_event(event)

        try:
            return await Update(plan, link=link, report=hear).run()
        finally:
            await link.close()


@pytest.fixture
def bench(computer: Computer) -> Bench:
    return Bench(computer)


def ended(result: UpdateResult) -> tuple[Outcome, str]:
    return result.finished.outcome, result.finished.code


PINS: list[tuple[System, UnitPin]] = [
    (System.BLUEZ, ADDRESS),
    (System.WINRT, ADDRESS),
    (System.CORE_BLUETOOTH, PeripheralId.parse(identifier(ADDRESS))),
    (System.BLUEZ, AdvertisedName("bench-unit")),
    (System.CORE_BLUETOOTH, AdvertisedName("bench-unit")),
]


@pytest.mark.parametrize(
    ("system", "pin"), PINS, ids=[f"{system} {type(pin).__name__}" for system, pin in PINS]
)
async def test_a_unit_is_updated_on_every_system(
    bench: Bench, system: System, pin: UnitPin
) -> None:
    unit = bench.place()
    bench.computer.system = system
    result = await bench.update(pin)
    assert ended(result) == (Outcome.UPDATED, "")
    assert unit.mode is UnitMode.APPLICATION
    assert unit.board.flash.read(BANK_0, len(IMAGE)) == IMAGE
    assert bench.computer.count("scanner start") == bench.computer.count("scanner stop")


async def test_packets_are_as_long_as_the_characteristic_takes_them(bench: Bench) -> None:
    bench.place()
    await bench.update(ADDRESS)
    (connected,) = [
        event
        for event in bench.heard
        if isinstance(event, events.Connected) and event.mode is UnitMode.BOOTLOADER
    ]
    assert connected.mtu == 247
    init_packet = 1
    assert bench.computer.packets == -(-len(IMAGE) // 244) + init_packet


async def test_a_packet_size_that_is_known_late_is_waited_for(bench: Bench) -> None:
    bench.place()
    bench.computer.late_by = 3
    result = await bench.update(ADDRESS)
    assert ended(result) == (Outcome.UPDATED, "")
    assert bench.computer.packets < 30


async def test_a_packet_size_that_stays_small_is_used(bench: Bench) -> None:
    bench.place()
    bench.computer.mtu = 23
    result = await bench.update(ADDRESS)
    assert ended(result) == (Outcome.UPDATED, "")
    assert bench.computer.packets > len(IMAGE) / 20


async def test_the_unit_confirms_every_eight_packets_where_nothing_holds_the_host_back(
    bench: Bench,
) -> None:
    bench.place()
    await bench.update(ADDRESS)
    (set_prn,) = [
        event.data
        for event in bench.heard
        if isinstance(event, events.RequestSent) and event.request == "prn_set"
    ]
    assert set_prn == b"\x02\x08\x00"


async def test_services_come_from_the_unit_and_not_from_a_cache(bench: Bench) -> None:
    bench.place()
    await bench.update(ADDRESS)
    clients = [kwargs for kwargs in bench.computer.arguments if "winrt" in kwargs]
    assert clients
    assert all(kwargs["winrt"] == {"use_cached_services": False} for kwargs in clients)
    assert bench.computer.count("forget") == bench.computer.count("connect") == 3


@pytest.mark.parametrize("system", [System.WINRT, System.CORE_BLUETOOTH])
async def test_only_bluez_has_to_forget_a_unit(bench: Bench, system: System) -> None:
    bench.place()
    bench.computer.system = system
    await bench.update(AdvertisedName("bench-unit"))
    assert bench.computer.count("forget") == 0


async def test_a_unit_that_is_paired_with_the_computer_stays_so(bench: Bench) -> None:
    bench.place()
    bench.computer.paired = {ADDRESS}
    assert ended(await bench.update(ADDRESS)) == (Outcome.UPDATED, "")
    # Of its bootloader, to which nobody is paired, nothing is kept.
    assert bench.computer.count("forget") == 1


# Never the wrong unit.


async def test_of_ten_identical_units_in_their_bootloaders_the_right_one_is_updated(
    bench: Bench,
) -> None:
    units = [
        bench.place(name="Tag", address=BleAddress(bytes([0xC0, 0, 0, 0, at, 0])))
        for at in range(10)
    ]
    for unit in units[1:]:
        to_bootloader(unit)
    result = await bench.update(units[0].address)
    assert ended(result) == (Outcome.UPDATED, "")
    assert [unit.mode for unit in units[1:]] == [UnitMode.BOOTLOADER] * 9
    assert not any(IMAGE[:64] in bytes(unit.board.flash.read(0, 0x80000)) for unit in units[1:])


async def test_where_addresses_are_hidden_the_right_one_of_ten_is_updated_too(bench: Bench) -> None:
    bench.computer.system = System.CORE_BLUETOOTH
    units = [
        bench.place(name=f"Tag {at}", address=BleAddress(bytes([0xC0, 0, 0, 0, at, 0])))
        for at in range(10)
    ]
    for unit in units[1:]:
        to_bootloader(unit)
    result = await bench.update(AdvertisedName("Tag 0"))
    assert ended(result) == (Outcome.UPDATED, "")
    assert [unit.mode for unit in units[1:]] == [UnitMode.BOOTLOADER] * 9
    assert not any(IMAGE[:64] in bytes(unit.board.flash.read(0, 0x80000)) for unit in units[1:])


@pytest.mark.parametrize("system", [System.BLUEZ, System.CORE_BLUETOOTH])
async def test_two_units_with_the_name_are_both_left_alone(bench: Bench, system: System) -> None:
    bench.computer.system = system
    units = [bench.place(address=BleAddress(bytes([0xC0, 0, 0, 0, 0, at]))) for at in (0, 8)]
    result = await bench.update(AdvertisedName("bench-unit"))
    assert ended(result) == (Outcome.FAILED, Code.UNIT_AMBIGUOUS)
    assert bench.computer.count("connect") == 0
    assert [unit.mode for unit in units] == [UnitMode.APPLICATION] * 2


# Never the unit with the next address, though the system is paired with it.


NEXT = ADDRESS.plus_one()
TELLING = pytest.mark.parametrize("system", [System.BLUEZ, System.WINRT])
"""The systems that show addresses, and tell with whom they are paired."""


async def left_in_its_bootloader(bench: Bench, address: BleAddress) -> VirtualUnit:
    """A unit with a bond with the system, whose update was broken off."""
    bench.computer.pairs = True
    profile = replace(SDK15_3_BLE, requires_bond=True)
    unit = bench.place(
        address=address, application_dfu=ApplicationDfu.BONDED, profile=profile, name="next"
    )
    run: list[asyncio.Task[UpdateResult]] = []

    def break_off(event: Event) -> None:
        if isinstance(event, events.ImageStarted):
            run[0].cancel()

    run.append(asyncio.ensure_future(bench.update(address, on_event=break_off)))
    with pytest.raises(asyncio.CancelledError):
        await run[0]
    assert unit.mode is UnitMode.BOOTLOADER
    bench.heard.clear()
    return unit


def nothing_was_sent(bench: Bench) -> bool:
    asked = (events.ImageStarted, events.ObjectCreated, events.RequestSent)
    return not any(isinstance(event, asked) for event in bench.heard)


@TELLING
async def test_the_next_unit_is_not_updated_in_the_place_of_one_that_is_not_there(
    bench: Bench, system: System
) -> None:
    bench.computer.system = system
    unit = await left_in_its_bootloader(bench, NEXT)
    before = unit.board.flash.read(0, unit.board.flash.size)
    result = await bench.update(ADDRESS)
    assert ended(result) == (Outcome.FAILED, Code.WRONG_UNIT)
    assert f"that of the unit {NEXT} and not of {ADDRESS}" in result.finished.message
    assert result.error is not None
    assert f"its own address, {NEXT}" in result.error.hint
    assert nothing_was_sent(bench)
    assert unit.board.flash.read(0, unit.board.flash.size) == before
    assert unit.mode is UnitMode.BOOTLOADER


@TELLING
async def test_whose_a_bootloader_is_that_lets_the_system_in_is_not_guessed(
    bench: Bench, system: System
) -> None:
    """It is the unit's own, which no system proves; that there is a bond is said."""
    bench.computer.system = system
    unit = await left_in_its_bootloader(bench, ADDRESS)
    result = await bench.update(ADDRESS)
    assert ended(result) == (Outcome.FAILED, Code.UNIT_NOT_FOUND)
    assert "probably that unit's own" in result.finished.message
    assert nothing_was_sent(bench)
    unit.reset(ResetKind.PIN, now_s=bench.computer.radio.now_s())
    bench.computer.radio._units[0].settle()
    assert ended(await bench.update(ADDRESS)) == (Outcome.UPDATED, "")


@TELLING
async def test_a_bootloader_with_a_bond_that_is_named_itself_has_its_application_s_address(
    bench: Bench, system: System
) -> None:
    bench.computer.system = system
    unit = await left_in_its_bootloader(bench, ADDRESS)
    result = await bench.update(AdvertisedName("DfuTarg"))
    # What it says of itself can be compared with nothing: it was not seen in its application.
    assert ended(result) == (Outcome.UNVERIFIED, Code.NEW_APPLICATION_NOT_SEEN)
    assert unit.mode is UnitMode.APPLICATION
    assert (unit.firmware_revision or "").startswith("4+")
    sought = {event.address for event in bench.heard if isinstance(event, events.Searching)}
    assert sought == {None, ADDRESS}


async def test_a_unit_does_not_jump_to_an_address_that_the_system_is_paired_with(
    bench: Bench,
) -> None:
    unit = bench.place()
    bench.place(address=NEXT, name="next")
    bench.computer.paired = {NEXT}
    result = await bench.update(ADDRESS)
    assert ended(result) == (Outcome.FAILED, Code.ADDRESS_TAKEN)
    assert result.error is not None
    assert f"Remove {NEXT}" in result.error.hint
    assert unit.mode is UnitMode.APPLICATION
    assert nothing_was_sent(bench)


async def test_a_bond_that_windows_tells_of_too_late_is_told_before_anything_is_sent(
    bench: Bench,
) -> None:
    bench.computer.system = System.WINRT
    bench.place()
    bench.computer.paired = {NEXT}
    result = await bench.update(ADDRESS)
    assert ended(result) == (Outcome.FAILED, Code.WRONG_UNIT)
    assert not any(isinstance(event, events.ImageStarted) for event in bench.heard)


async def test_a_bond_that_the_system_has_forgotten_is_none(bench: Bench) -> None:
    bench.computer.system = System.WINRT
    bench.place()
    link = BluetoothLink(stack=bench.computer.stack, settle_s=0.5)
    told = []
    for paired in ({ADDRESS}, set[BleAddress]()):
        bench.computer.paired = paired
        await (await link.connect(ADDRESS, timeout_s=5)).close()
        told.append(link.is_paired(ADDRESS))
    await link.close()
    assert told == [True, False]
    assert not link.is_paired(NEXT)


# Other ways into the bootloader.


async def test_a_unit_with_the_first_buttonless_service_is_updated(bench: Bench) -> None:
    bench.place(application_dfu=ApplicationDfu.EXPERIMENTAL)
    assert ended(await bench.update(ADDRESS)) == (Outcome.UPDATED, "")


@pytest.mark.parametrize("system", [System.BLUEZ, System.WINRT])
async def test_a_unit_that_wants_a_bond_is_paired_with_by_the_system_or_not_at_all(
    bench: Bench, system: System
) -> None:
    bench.computer.system = system
    profile = replace(SDK15_3_BLE, requires_bond=True)
    unit = bench.place(application_dfu=ApplicationDfu.BONDED, profile=profile)
    result = await bench.update(ADDRESS)
    assert ended(result) == (Outcome.FAILED, Code.BOND_MISSING)
    assert result.error is not None
    assert "Pair them" in result.error.hint
    assert unit.mode is UnitMode.APPLICATION


# Trouble.


async def test_a_unit_out_of_range_is_not_found(bench: Bench) -> None:
    result = await bench.update(ADDRESS)
    assert ended(result) == (Outcome.FAILED, Code.UNIT_NOT_FOUND)
    assert bench.computer.journal[-1] == "scanner stop"


async def test_a_refused_package_is_refused(bench: Bench) -> None:
    unit = bench.place()
    result = await bench.update(ADDRESS, package(signing_key=OTHER_KEY))
    assert ended(result) == (Outcome.REFUSED, Code.REFUSED_OBJECT)
    assert unit.mode is UnitMode.BOOTLOADER


async def test_a_link_that_is_lost_under_way_is_made_again_and_the_update_goes_on(
    bench: Bench,
) -> None:
    bench.place()

    def cut(count: int) -> None:
        if count == 12:
            bench.computer.before_packet = lambda _count: None
            asyncio.get_running_loop().create_task(bench.computer.connections[-1].disconnect())

    bench.computer.before_packet = cut
    result = await bench.update(ADDRESS)
    assert ended(result) == (Outcome.UPDATED, "")
    lost = [event for event in bench.heard if isinstance(event, events.LinkLost)]
    assert [event.expected for event in lost].count(False) == 1
    assert {event.hci_reason for event in lost} == {None}
    assert any(isinstance(event, events.Resumed) for event in bench.heard)


@pytest.mark.parametrize("step", ["scanner start", "connect", "subscribe", "read", "write"])
async def test_trouble_at_any_step_ends_the_update_with_a_code_and_leaves_nothing_open(
    bench: Bench, step: str
) -> None:
    bench.place()
    bench.computer.trouble[step] = OSError(5, "Input/output error")
    result = await bench.update(ADDRESS)
    assert ended(result) == (Outcome.FAILED, Code.BLUETOOTH_FAILED)
    assert "Input/output error" in result.finished.message
    assert bench.computer.device is None or not bench.computer.device.connections


async def test_trouble_with_stopping_and_leaving_is_none(bench: Bench) -> None:
    bench.place()
    bench.computer.trouble["scanner stop"] = OSError("No discovery started")
    bench.computer.trouble["forget"] = OSError("Does Not Exist")
    assert ended(await bench.update(ADDRESS)) == (Outcome.UPDATED, "")


async def test_an_update_that_is_cancelled_leaves_nothing_open(bench: Bench) -> None:
    bench.place()
    update: asyncio.Task[UpdateResult] | None = None

    def cancel(count: int) -> None:
        if count == 5 and update is not None:
            update.cancel()

    bench.computer.before_packet = cancel
    update = asyncio.create_task(bench.update(ADDRESS))
    with pytest.raises(asyncio.CancelledError):
        await update
    assert isinstance(bench.heard[-1], events.UpdateFinished)
    assert bench.heard[-1].code == Code.INTERRUPTED
    assert bench.computer.device is not None
    assert not bench.computer.device.connections


def to_bootloader(unit: VirtualUnit) -> None:
    """Take a unit into its bootloader, as a host has done before."""
    unit.board.registers.gpregret = 0xB1
    unit.reset(ResetKind.SOFT, now_s=asyncio.get_running_loop().time())
    assert unit.mode is UnitMode.BOOTLOADER
