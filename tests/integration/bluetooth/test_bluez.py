"""The whole road on Linux but for the radio: Bleak's BlueZ backend, D-Bus, and a bluetoothd."""

from __future__ import annotations

import asyncio
import shutil
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from firmline import events
from firmline.device.application_dfu import ApplicationDfu
from firmline.device.fabrication import fabricate
from firmline.device.profile import SDK15_3_BLE
from firmline.device.radio_face import ResetKind
from firmline.device.unit import VirtualUnit
from firmline.errors import Code, TransportError
from firmline.events import Event, Outcome, UnitMode
from firmline.formats.package import Package
from firmline.links.bluetooth.link import BluetoothLink
from firmline.links.bluetooth.stack import Stack, System
from firmline.protocol.pacing import NO_PAUSES
from firmline.updater.radio import acquaintance
from firmline.updater.timeouts import Timeouts
from firmline.updater.update import Update, UpdateResult, plan_for
from firmline.values import AdvertisedName, FwVersion, UnitPin
from integration.bluetooth.bleak_over_bumble import Computer
from integration.bluetooth.bluez import REDISCOVERY_S, BlueZ, message_bus
from unit.device.makers import ADDRESS, BANK_0, OTHER_KEY, describe
from unit.updater.fakes import IMAGE, package

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="BlueZ is Linux's"),
    pytest.mark.skipif(shutil.which("dbus-daemon") is None, reason="dbus-daemon is not installed"),
]
TIMEOUTS = Timeouts(
    search_s=3, same_name_s=0.2, already_there_s=1, connect_s=5, answer_s=3, return_s=3, drop_s=2
)
BLUEZ = Stack(system=System.BLUEZ)


@pytest.fixture
async def bluez(
    computer: Computer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[BlueZ]:
    process, address = await message_bus(tmp_path)
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", address)
    bluez = BlueZ(computer, address, process)
    try:
        yield bluez
    finally:
        await bluez.stop()
        if process.returncode is None:
            process.terminate()
        await process.wait()


def place(computer: Computer, **changes: Any) -> VirtualUnit:
    unit = fabricate(describe(size=4_000, **changes))
    unit.power_on(now_s=computer.radio.now_s())
    computer.radio.add_unit(unit)
    return unit


async def update(
    pin: UnitPin,
    contents: Package | None = None,
    on_event: Callable[[Event], None] = lambda _event: None,
) -> tuple[UpdateResult, list[Event]]:
    """One update with the system's own backend of Bleak."""
    heard: list[Event] = []

    def hear(event: Event) -> None:
        heard.append(event)
        on_event(event)

    link = BluetoothLink(stack=BLUEZ)
    plan = plan_for(
        contents or package(),
        b"",
        package_name="update.zip",
        unit_name=f"ble:{pin}",
        pin=pin,
        timeouts=TIMEOUTS,
        pacing=NO_PAUSES,
        prn=8,
    )
    try:
        return await Update(plan, link=link, report=hear).run(), heard
    finally:
        await link.close()


@pytest.mark.slow
@pytest.mark.parametrize("pin", [ADDRESS, AdvertisedName("bench-unit")], ids=["address", "name"])
async def test_a_unit_is_updated_over_bluez(computer: Computer, bluez: BlueZ, pin: UnitPin) -> None:
    unit = place(computer)
    await bluez.start()
    result, _ = await update(pin)
    assert (result.finished.outcome, result.finished.code) == (Outcome.UPDATED, "")
    assert unit.mode is UnitMode.APPLICATION
    assert unit.board.flash.read(BANK_0, len(IMAGE)) == IMAGE


@pytest.mark.slow
async def test_a_refused_package_is_refused_over_bluez(computer: Computer, bluez: BlueZ) -> None:
    place(computer)
    await bluez.start()
    result, _ = await update(ADDRESS, package(signing_key=OTHER_KEY))
    assert result.finished.outcome is Outcome.REFUSED


@pytest.mark.slow
async def test_a_unit_that_bluez_is_paired_with_is_updated_though_its_services_are_remembered(
    computer: Computer, bluez: BlueZ, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(acquaintance, "SERVICES_S", 2 * REDISCOVERY_S)
    computer.pairs = True
    profile = replace(SDK15_3_BLE, requires_bond=True)
    unit = place(computer, application_dfu=ApplicationDfu.BONDED, profile=profile)
    await bluez.start()
    for version in (4, 5):
        result, heard = await update(ADDRESS, package(application_version=FwVersion(version)))
        assert (result.finished.outcome, result.finished.code) == (Outcome.UPDATED, "")
        assert {e.address for e in heard if isinstance(e, events.Connected)} == {ADDRESS}
        assert (unit.firmware_revision or "").startswith(f"{version}+")
    # In the bootloader, and back in the application; the bond stays.
    assert bluez.calls.count("ServiceChanged") >= 2
    assert bluez.calls.count("RemoveDevice") <= 1


@pytest.mark.slow
@pytest.mark.parametrize("comes_back", [False, True], ids=["in its bootloader", "back"])
async def test_services_of_the_other_mode_are_not_acted_upon_where_the_unit_is_met(
    computer: Computer, bluez: BlueZ, monkeypatch: pytest.MonkeyPatch, comes_back: bool
) -> None:
    monkeypatch.setattr(acquaintance, "SERVICES_S", 2 * REDISCOVERY_S)
    computer.pairs = True
    profile = replace(SDK15_3_BLE, requires_bond=True)
    unit = place(computer, application_dfu=ApplicationDfu.BONDED, profile=profile)
    await bluez.start()
    await update(ADDRESS)
    of_application = bluez.remembered[ADDRESS]
    run: list[asyncio.Task[Any]] = []

    def break_off(event: Event) -> None:
        if isinstance(event, events.ImageStarted):
            run[0].cancel()

    newer = package(application_version=FwVersion(5))
    run.append(asyncio.ensure_future(update(ADDRESS, newer, break_off)))
    with pytest.raises(asyncio.CancelledError):
        await run[0]
    if comes_back:  # and BlueZ remembers the services of its bootloader
        unit.reset(ResetKind.PIN, now_s=computer.radio.now_s())
        computer.radio._units[0].settle()
    else:
        bluez.remembered[ADDRESS] = of_application
    result, heard = await update(ADDRESS, newer)
    asked = [e for e in heard if isinstance(e, events.RequestSent) and e.data == b"\x01"]
    if comes_back:
        assert (result.finished.outcome, result.finished.code) == (Outcome.UPDATED, "")
        return
    # Who lets this computer in may be another unit's bootloader, too: BlueZ does not tell.
    assert (result.finished.outcome, result.finished.code) == (Outcome.FAILED, Code.UNIT_NOT_FOUND)
    assert not asked


@pytest.mark.slow
async def test_the_next_unit_that_bluez_is_paired_with_is_not_taken_for_one_that_is_not_there(
    computer: Computer, bluez: BlueZ, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(acquaintance, "SERVICES_S", 2 * REDISCOVERY_S)
    computer.pairs = True
    profile = replace(SDK15_3_BLE, requires_bond=True)
    following = ADDRESS.plus_one()
    unit = place(
        computer, address=following, application_dfu=ApplicationDfu.BONDED, profile=profile
    )
    await bluez.start()
    run: list[asyncio.Task[Any]] = []

    def cancel() -> None:
        run[0].cancel()

    break_off = on_first(events.ImageStarted, cancel)
    run.append(asyncio.ensure_future(update(following, on_event=break_off)))
    with pytest.raises(asyncio.CancelledError):
        await run[0]
    result, heard = await update(ADDRESS)
    assert (result.finished.outcome, result.finished.code) == (Outcome.FAILED, Code.WRONG_UNIT)
    assert f"This computer is paired with {following}." in result.finished.message
    assert not any(isinstance(event, events.RequestSent) for event in heard)
    assert unit.mode is UnitMode.BOOTLOADER


@pytest.mark.slow
async def test_services_that_bluez_remembers_from_another_time_are_forgotten(
    computer: Computer, bluez: BlueZ
) -> None:
    place(computer)
    await bluez.start()
    bluez.remembered[ADDRESS] = {}
    result, _ = await update(ADDRESS)
    assert (result.finished.outcome, result.finished.code) == (Outcome.UPDATED, "")
    assert bluez.calls.count("RemoveDevice") >= 2


@pytest.mark.slow
async def test_a_bluetoothd_that_does_not_run_is_told(bluez: BlueZ) -> None:
    _ = bluez
    with pytest.raises(TransportError) as caught:
        await BluetoothLink(stack=BLUEZ).find(ADDRESS, timeout_s=1)
    assert caught.value.code is Code.BLUETOOTH_SERVICE
    await bluez.start()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("adapter", "powered", "code"),
    [(False, True, Code.BLUETOOTH_MISSING), (True, False, Code.BLUETOOTH_OFF)],
    ids=["missing", "off"],
)
async def test_an_adapter_that_is_off_or_missing_is_told(
    bluez: BlueZ, adapter: bool, powered: bool, code: Code
) -> None:
    await bluez.start(adapter=adapter, powered=powered)
    with pytest.raises(TransportError) as caught:
        await BluetoothLink(stack=BLUEZ).find(ADDRESS, timeout_s=1)
    assert caught.value.code is code


@pytest.mark.slow
async def test_an_adapter_that_is_not_there_is_told(bluez: BlueZ) -> None:
    await bluez.start()
    with pytest.raises(TransportError) as caught:
        await BluetoothLink(stack=BLUEZ, adapter="hci7").find(ADDRESS, timeout_s=1)
    assert caught.value.code is Code.BLUETOOTH_MISSING


def on_first(kind: type[Event], action: Callable[[], None]) -> Callable[[Event], None]:
    """Do something once, when an event of this type is first told."""
    done: list[Event] = []

    def hear(event: Event) -> None:
        if isinstance(event, kind) and not done:
            done.append(event)
            action()

    return hear


@pytest.mark.slow
async def test_a_link_that_goes_under_way_is_made_again(computer: Computer, bluez: BlueZ) -> None:
    place(computer)
    await bluez.start()
    cut = on_first(events.ObjectCreated, bluez.cut_links)
    result, heard = await update(ADDRESS, on_event=cut)
    assert (result.finished.outcome, result.finished.code) == (Outcome.UPDATED, "")
    lost = [event.expected for event in heard if isinstance(event, events.LinkLost)]
    assert lost.count(False) == 1


@pytest.mark.slow
async def test_a_message_bus_that_dies_under_way_is_told(computer: Computer, bluez: BlueZ) -> None:
    place(computer)
    await bluez.start()
    result, _ = await update(ADDRESS, on_event=on_first(events.ObjectCreated, bluez.bus.kill))
    assert result.finished.outcome is Outcome.FAILED
    assert result.finished.code in {Code.LINK_LOST, Code.BLUETOOTH_SERVICE}
