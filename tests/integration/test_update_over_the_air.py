"""The main job, end to end: a package, a radio, a unit, and what is said about it afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from firmline import events
from firmline.device.description import UnitDescription, gallery_unit
from firmline.device.fabrication import fabricate
from firmline.device.radio_face import ResetKind
from firmline.device.synthetic import synthetic_bytes
from firmline.device.unit import VirtualUnit
from firmline.errors import Code
from firmline.events import Event, Outcome, UnitMode, UpdateFinished
from firmline.formats.firmware import FirmwareImage, parse_firmware
from firmline.formats.keys import SigningKey
from firmline.formats.package import Package, read_package, write_package
from firmline.formats.package_build import PackageSpec, build_package
from firmline.links.bumble.central import BumbleLink
from firmline.links.virtual_radio import open_virtual_radio
from firmline.links.virtual_radio.peripheral import UnitPeripheral
from firmline.links.virtual_radio.radio import VirtualRadio
from firmline.protocol.pacing import NO_PAUSES
from firmline.updater.timeouts import Timeouts
from firmline.updater.update import Update, UpdateResult, plan_for
from firmline.values import BleAddress, Fwid, FwVersion, ImageKind

PATIENT = Timeouts()
IMPATIENT = replace(PATIENT, search_s=0.5)
"""For searches that must be in vain before the next one is not."""
OWN_KEY = SigningKey.generate()
FIRMWARE = FirmwareImage(
    data=synthetic_bytes("over the air", 30_000), address=None, source_name="application.bin"
)


def own_package(**changes: Any) -> bytes:
    """A package of ours, signed with a key of ours."""
    spec: dict[str, Any] = {
        "application": FIRMWARE,
        "hw_version": 52,
        "application_version": FwVersion(5),
        "sd_req": (Fwid(0x0103),),
        "signing_key": OWN_KEY,
    }
    return write_package(build_package(PackageSpec(**{**spec, **changes})))


def own_unit(**changes: Any) -> UnitDescription:
    """The reference unit, but with a bootloader that trusts our key."""
    return replace(gallery_unit("ble-reference"), public_key=OWN_KEY.public_key, **changes)


class Bench:
    """A radio with units, and a host that updates them."""

    def __init__(self, radio: VirtualRadio, link: BumbleLink) -> None:
        self.radio = radio
        self.link = link
        self.heard: list[Event] = []
        self.on_event: Callable[[Event], None] = lambda _event: None

    def place(self, description: UnitDescription) -> tuple[VirtualUnit, UnitPeripheral]:
        """Switch a unit on and bring it into the air."""
        unit = fabricate(description)
        unit.power_on(now_s=self.radio.now_s())
        return unit, self.radio.add_unit(unit)

    async def update(
        self, content: bytes, address: BleAddress, *, timeouts: Timeouts = PATIENT
    ) -> UpdateResult:
        """One update of the unit with this address."""
        self.heard.clear()
        plan = plan_for(
            read_package(content, name="update.zip"),
            content,
            package_name="update.zip",
            unit_name="sim:unit",
            pin=address,
            timeouts=timeouts,
            pacing=NO_PAUSES,
        )
        result = await Update(plan, link=self.link, report=self._hear).run()
        assert [event for event in self.heard if isinstance(event, UpdateFinished)] == [
            result.finished
        ]
        assert self.heard[-1] is result.finished
        return result

    def _hear(self, event: Event) -> None:
        self.heard.append(event)
        self.on_event(event)

    def revisions(self) -> list[str]:
        """What the applications said they were, in the order they were seen."""
        return [
            event.information["firmware_revision"]
            for event in self.heard
            if isinstance(event, events.ApplicationSeen)
        ]


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    stray: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: stray.append(context))
    radio = open_virtual_radio()
    yield Bench(radio, await radio.open_link())
    await radio.close()
    await asyncio.sleep(0)
    assert stray == []
    assert asyncio.all_tasks() == {asyncio.current_task()}


def ended(result: UpdateResult, outcome: Outcome, code: Code | str) -> bool:
    return (result.finished.outcome, result.finished.code) == (outcome, code)


def content_of(shared: Path, *parts: str) -> bytes:
    path = shared.joinpath("data", "nrfutil", *parts)
    if not path.is_file():
        pytest.skip(f"{'/'.join(parts)} is not on this machine")
    return path.read_bytes()


# Packages made by nrfutil.


async def test_a_package_made_by_nrfutil_updates_the_reference_unit(
    bench: Bench, shared: Path
) -> None:
    content = content_of(shared, "pkg", "app_user_shape.zip")
    unit, _ = bench.place(gallery_unit("ble-reference"))
    result = await bench.update(content, unit.address)
    assert ended(result, Outcome.UPDATED, "")
    assert unit.firmware_revision == "5+76edb153"
    assert bench.revisions() == ["1+b8187667", "5+76edb153"]
    assert result.finished.size == 150_000


@pytest.mark.slow
async def test_a_package_of_ours_has_the_same_fields_and_updates_a_second_unit(
    bench: Bench, shared: Path
) -> None:
    theirs = read_package(content_of(shared, "pkg", "app_user_shape.zip"), name="theirs.zip")
    key = SigningKey.parse_pem(content_of(shared, "keys", "private.key"), name="private.key")
    firmware = parse_firmware(
        content_of(shared, "in", "file.hex"), name="file.hex", kind=ImageKind.APPLICATION
    )
    content = own_package(application=firmware, signing_key=key)
    ours = read_package(content, name="ours.zip")
    assert fields(ours) == fields(theirs)

    unit, _ = bench.place(
        replace(gallery_unit("ble-reference"), address=BleAddress.parse("C6:05:04:03:02:31"))
    )
    assert ended(await bench.update(content, unit.address), Outcome.UPDATED, "")
    assert unit.firmware_revision == "5+76edb153"


def fields(package: Package) -> list[tuple[object, ...]]:
    return [(image.kind, image.firmware, image.init_packet.command) for image in package.images]


# Packages of our own.


@pytest.mark.slow
async def test_an_update_is_told_from_the_first_search_to_the_new_application(
    bench: Bench,
) -> None:
    unit, _ = bench.place(own_unit())
    result = await bench.update(own_package(), unit.address)
    assert ended(result, Outcome.UPDATED, "")
    assert unit.board.flash.read(0x26000, len(FIRMWARE.data)) == FIRMWARE.data
    milestones = [type(event).__name__ for event in bench.heard]
    an_object = ["ObjectCreated", "PacketsSent", "CrcChecked", "ObjectExecuted"]
    told = [name for name in milestones if name not in ("RequestSent", "AnswerReceived")]
    assert told == [
        *("UpdateStarted", "ImageDescribed", "LinkDeclared", "TimingPlanned"),
        *("Searching", "UnitSeen", "Connected", "SignalMeasured"),
        *("ApplicationSeen", "RadioVersionSeen"),
        *("EnteringBootloader", "LinkLost", "Searching", "UnitSeen", "Connected", "SignalMeasured"),
        "ImageStarted",
        *an_object * 9,
        *("ImageSent", "LinkLost", "Searching", "UnitSeen", "Connected", "SignalMeasured"),
        "ApplicationSeen",
        "UpdateFinished",
    ]
    stamps = [event.at_s for event in bench.heard]
    assert stamps == sorted(stamps)


@pytest.mark.slow
async def test_the_link_is_lost_by_a_restart_and_then_by_a_goodbye(bench: Bench) -> None:
    unit, _ = bench.place(own_unit())
    await bench.update(own_package(), unit.address)
    losses = [event for event in bench.heard if isinstance(event, events.LinkLost)]
    assert [(event.hci_reason, event.expected) for event in losses] == [(0x08, True), (0x13, True)]


@pytest.mark.slow
async def test_the_same_unit_can_be_updated_again_and_again(bench: Bench) -> None:
    unit, _ = bench.place(own_unit())
    for version in (5, 6, 7):
        content = own_package(application_version=FwVersion(version))
        assert ended(await bench.update(content, unit.address), Outcome.UPDATED, "")
        assert (unit.firmware_revision or "").startswith(f"{version}+")


# Refusals.


async def test_a_unit_with_another_softdevice_refuses_the_package(
    bench: Bench, shared: Path
) -> None:
    content = content_of(shared, "pkg", "app_user_shape.zip")
    unit, _ = bench.place(gallery_unit("other-softdevice"))
    before = unit.firmware_revision
    result = await bench.update(content, unit.address)
    assert ended(result, Outcome.REFUSED, Code.REFUSED_SOFTDEVICE)
    assert result.error is not None
    assert "0x0103" in result.error.hint
    unit.power_on(now_s=bench.radio.now_s())
    assert unit.firmware_revision == before


async def test_a_unit_with_another_softdevice_refuses_a_package_of_ours_too(bench: Bench) -> None:
    description = replace(gallery_unit("other-softdevice"), public_key=OWN_KEY.public_key)
    unit, _ = bench.place(description)
    result = await bench.update(own_package(), unit.address)
    assert ended(result, Outcome.REFUSED, Code.REFUSED_SOFTDEVICE)
    assert result.finished.code == "DFU-UNIT-107"


async def test_a_package_signed_with_another_key_is_refused(bench: Bench) -> None:
    unit, _ = bench.place(gallery_unit("ble-reference"))
    result = await bench.update(own_package(), unit.address)
    assert ended(result, Outcome.REFUSED, Code.REFUSED_OBJECT)
    assert result.finished.code == "DFU-UNIT-005"
    assert result.error is not None
    assert "key" in result.error.hint


@pytest.mark.slow
async def test_after_a_refusal_the_right_package_updates_the_unit(bench: Bench) -> None:
    unit, _ = bench.place(own_unit())
    await bench.update(own_package(sd_req=(Fwid(0xB7),)), unit.address)
    assert unit.mode is UnitMode.BOOTLOADER
    result = await bench.update(own_package(), unit.address, timeouts=IMPATIENT)
    # It was found in its bootloader: there is no old application to compare with.
    assert ended(result, Outcome.UNVERIFIED, Code.NEW_APPLICATION_NOT_SEEN)
    assert (unit.firmware_revision or "").startswith("5+")


# Many units, and none.


@pytest.mark.slow
async def test_of_ten_equal_units_only_the_pinned_one_changes(bench: Bench) -> None:
    placed = []
    for index in range(10):
        address = BleAddress(bytes.fromhex("C6050403A0") + bytes([0x10 * index + 1]))
        placed.append(bench.place(own_unit(address=address, serial_number=f"U-{index}")))
    for _, peripheral in placed[6:]:
        await into_bootloader(bench, peripheral)
    units = [unit for unit, _ in placed]
    assert [unit.mode for unit in units[6:]] == [UnitMode.BOOTLOADER] * 4
    pinned, others = units[3], [*units[:3], *units[4:]]
    before = [snapshot(unit) for unit in others]

    assert ended(await bench.update(own_package(), pinned.address), Outcome.UPDATED, "")
    assert (pinned.firmware_revision or "").startswith("5+")
    assert [snapshot(unit) for unit in others] == before
    touched = {event.address for event in bench.heard if isinstance(event, events.Connected)}
    assert touched == {pinned.address, pinned.address.plus_one()}


@pytest.mark.slow
async def test_a_neighbour_in_its_bootloader_is_not_taken_for_a_unit_that_is_away(
    bench: Bench,
) -> None:
    away = BleAddress.parse("C6:05:04:03:A0:01")
    neighbour, peripheral = bench.place(own_unit(address=BleAddress.parse("C6:05:04:03:A0:11")))
    await into_bootloader(bench, peripheral)
    before = snapshot(neighbour)
    waits = replace(IMPATIENT, already_there_s=0.5)
    result = await bench.update(own_package(), away, timeouts=waits)
    assert ended(result, Outcome.FAILED, Code.UNIT_NOT_FOUND)
    assert snapshot(neighbour) == before


async def into_bootloader(bench: Bench, peripheral: UnitPeripheral) -> None:
    """Restart a unit into its bootloader as a debug probe would."""
    unit = peripheral.unit
    assert isinstance(unit, VirtualUnit)
    unit.board.registers.gpregret = 0xB1
    unit.reset(ResetKind.SOFT, now_s=bench.radio.now_s())
    peripheral.settle()
    await bench.link.find(unit.address.plus_one(), timeout_s=1)


def snapshot(unit: VirtualUnit) -> tuple[object, ...]:
    """What an update would have changed."""
    return unit.mode, unit.board.flash.read(0, unit.board.flash.size), len(unit.log)


# Power.


@pytest.mark.slow
@pytest.mark.parametrize(
    "executed",
    [1, pytest.param(2, marks=pytest.mark.slow), 5, pytest.param(8, marks=pytest.mark.slow)],
)
async def test_power_that_fails_in_the_middle_is_a_lost_link_and_the_image_goes_on(
    bench: Bench, executed: int
) -> None:
    unit, peripheral = bench.place(own_unit())
    done = [0]

    def on_event(event: Event) -> None:
        if not isinstance(event, events.ObjectExecuted):
            return
        done[0] += 1
        if done[0] == executed:
            unit.power_on(now_s=bench.radio.now_s())
            peripheral.settle()

    bench.on_event = on_event
    result = await bench.update(own_package(), unit.address)
    lost = [event.hci_reason for event in bench.heard if isinstance(event, events.LinkLost)]
    assert lost == [0x08, 0x08, 0x08, 0x13]
    steps = [event.step for event in bench.heard if isinstance(event, events.LadderStepped)]
    assert steps == ["resume", "reenter"]
    assert ended(result, Outcome.UPDATED, "")
    assert (unit.firmware_revision or "").startswith("5+")


@pytest.mark.slow
async def test_an_update_that_was_interrupted_leaves_the_unit_free_for_the_next(
    bench: Bench,
) -> None:
    unit, _ = bench.place(own_unit())

    def on_event(event: Event) -> None:
        if isinstance(event, events.ObjectExecuted) and event.object_type == "data":
            task.cancel()

    bench.on_event = on_event
    task = asyncio.create_task(bench.update(own_package(), unit.address))
    with pytest.raises(asyncio.CancelledError):
        await task
    assert unit.mode is UnitMode.BOOTLOADER
    bench.on_event = lambda _event: None
    result = await bench.update(own_package(), unit.address, timeouts=IMPATIENT)
    assert ended(result, Outcome.UNVERIFIED, Code.NEW_APPLICATION_NOT_SEEN)
    assert "Resumed" in {type(event).__name__ for event in bench.heard}
    assert (unit.firmware_revision or "").startswith("5+")
