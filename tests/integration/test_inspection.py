"""Units read over the virtual radio, with physics, in virtual time; each is left as it was."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from firmline import events
from firmline.device.application_dfu import ApplicationDfu
from firmline.device.description import UnitDescription, gallery_names, gallery_unit
from firmline.device.fabrication import fabricate, physics_of
from firmline.device.profile import SDK15_3_BLE, BootloaderProfile
from firmline.device.radio_face import ResetKind
from firmline.device.unit import VirtualUnit
from firmline.errors import Code, LocalProtocolError
from firmline.events import Event, UnitMode
from firmline.formats.probes import ProbeCatalogue, ProbeSource, SignedOnDemand
from firmline.formats.probes_pack import (
    ProbePack,
    read_probe_pack,
    sign_probe_pack,
    write_probe_pack,
)
from firmline.formats.probes_versions import VersionLimits, VersionRange
from firmline.links.base import Connection
from firmline.links.bumble.central import BumbleLink
from firmline.links.virtual_radio import open_virtual_radio
from firmline.links.virtual_radio.peripheral import UnitPeripheral
from firmline.links.virtual_radio.radio import VirtualRadio
from firmline.links.virtual_time import run_in_virtual_time
from firmline.protocol.pacing import FOR_BLUETOOTH
from firmline.protocol.requests import Abort, Request
from firmline.updater.dialogue import Dialogue
from firmline.updater.inspection.plan import InspectionPlan
from firmline.updater.inspection.radio import Inspection
from firmline.updater.inspection.record import InspectionResult
from firmline.updater.update import Update, plan_for
from firmline.values import BleAddress, Fwid, FwVersion
from integration.links.scripted import HOME, ScriptedUnit
from integration.story import package
from unit.device.makers import ADDRESS, KEY, OTHER_KEY, TALKATIVE, describe

pytestmark = pytest.mark.slow

APPLICATION, BOOTLOADER = UnitMode.APPLICATION, UnitMode.BOOTLOADER
CATALOGUE = ProbeCatalogue(
    hw_versions=(51, 52),
    softdevices=(Fwid(0x0101), Fwid(0x0103), Fwid(0x00B7), Fwid(0x0100)),
    app_limits=VersionLimits.around([VersionRange(first=0, last=31)]),
    bootloader_limits=VersionLimits.around([VersionRange(first=0, last=31)]),
)
ON_DEMAND = SignedOnDemand(catalogue=CATALOGUE, signer=KEY)
DOES_NOT_ENTER = {
    "application-crash": Code.UNIT_STAYED_IN_APPLICATION,
    "no-bootloader": Code.UNIT_STAYED_IN_APPLICATION,
    "dead-crystal": Code.UNIT_NOT_FOUND,
    "wrong-address": Code.UNIT_NOT_FOUND,
    "legacy-bootloader": Code.LEGACY_DFU,
    "legacy-application": Code.LEGACY_DFU,
    "smp-application": Code.SMP,
}
"""Units of the gallery whose bootloader cannot be asked, and what is said of that."""
DFU_SERVICES = {
    ApplicationDfu.BUTTONLESS: "buttonless",
    ApplicationDfu.BONDED: "buttonless_bonded",
    ApplicationDfu.EXPERIMENTAL: "buttonless_experimental",
    ApplicationDfu.LEGACY: "legacy",
    ApplicationDfu.SMP: "smp",
    ApplicationDfu.NONE: "no",
}
BREAKS_OFF = {"watchdog-rr7": Code.LINK_LOST, "leaked-buffers": Code.OBJECT_DAMAGED}
WAITS_IN_BOOTLOADER = {"no-application", "stuck-gpregret", "leaked-buffers"}
RADIO_UNITS = [name for name in gallery_names() if gallery_unit(name).profile.is_ble]


@pytest.fixture(scope="module")
def pack() -> ProbePack:
    content = write_probe_pack(sign_probe_pack(CATALOGUE, KEY))
    return read_probe_pack(content, name="probes.zip")


def flash_of(unit: VirtualUnit) -> bytes:
    return unit.board.flash.read(0, unit.board.flash.size)


@dataclass
class Bench:
    """An air with units, and a host that reads one of them."""

    radio: VirtualRadio
    link: BumbleLink
    heard: list[Event] = field(default_factory=list)
    on_event: Callable[[Event], None] = lambda _event: None

    def place(self, description: UnitDescription) -> tuple[VirtualUnit, UnitPeripheral]:
        unit = fabricate(description, physics=physics_of(description))
        unit.power_on(now_s=self.radio.now_s())
        return unit, self.radio.add_unit(unit)

    async def inspect(
        self, address: BleAddress, probes: ProbeSource | None = None, **changes: Any
    ) -> InspectionResult:
        """One inspection, and what is true of every one."""
        self.heard.clear()
        plan = InspectionPlan(unit_name="sim:unit", pin=address, probes=probes, **changes)
        result = await Inspection(plan, link=self.link, report=self._hear).run()
        assert self.heard[-1] is result.finished
        stamps = [event.at_s for event in self.heard]
        assert stamps == sorted(stamps)
        told = [event for event in self.heard if isinstance(event, events.FactFound)]
        assert [replace(event, at_s=0.0) for event in told] == list(result.facts)
        assert len(set(result.facts)) == len(result.facts)
        return result

    def _hear(self, event: Event) -> None:
        self.heard.append(event)
        self.on_event(event)

    def count(self, kind: type[Event]) -> int:
        return len([event for event in self.heard if isinstance(event, kind)])


def on_bench(story: Callable[[Bench], Coroutine[Any, Any, None]]) -> None:
    """Tell a story in virtual time."""

    async def tell() -> None:
        radio = open_virtual_radio(timed=True)
        try:
            await story(Bench(radio, await radio.open_link(interval_s=0.0075)))
        finally:
            await radio.close()

    run_in_virtual_time(tell())


def known(result: InspectionResult) -> dict[tuple[str, str], str]:
    """Facts by their name and how they are known; the last of each."""
    return {(fact.fact, fact.how.value): fact.value for fact in result.facts}


# Every unit of the gallery.


@pytest.mark.parametrize("name", RADIO_UNITS)
def test_without_probes_a_unit_is_read_where_it_is(name: str) -> None:
    async def story(bench: Bench) -> None:
        description = gallery_unit(name)
        unit, _ = bench.place(description)
        await asyncio.sleep(1)
        before, mode, log = flash_of(unit), unit.mode, len(unit.log)
        result = await bench.inspect(description.address)
        assert result.error is None
        assert (flash_of(unit), unit.mode, len(unit.log)) == (before, mode, log)
        assert result.finished.left_in is mode
        facts = known(result)
        assert description.softdevice is not None
        assert facts["softdevice_fwid", "remote_version"] == str(description.softdevice.fwid)
        assert facts["mode", "services"] == mode
        if mode is APPLICATION:
            assert facts["firmware_revision", "dis"] == unit.firmware_revision
            service = DFU_SERVICES[description.application_dfu]
            assert facts["dfu_service", "services"] == service
            assert facts["name", "advertising"] == name
        missing = {one.fact: one.why for one in result.missing}
        assert set(missing) >= {"hw_version", "app_version", "bootloader_version", "key_ok"}
        assert "--probes" in missing["hw_version"]
        assert bench.count(events.EnteringBootloader) == 0
        assert bench.count(events.ProbeRefused) == 0

    on_bench(story)


@pytest.mark.parametrize("name", RADIO_UNITS)
def test_with_probes_a_unit_tells_what_it_is_made_of_and_stays_the_same(
    name: str, pack: ProbePack
) -> None:
    async def story(bench: Bench) -> None:
        description = replace(gallery_unit(name), public_key=KEY.public_key)
        unit, _ = bench.place(description)
        await asyncio.sleep(1)
        before, mode, operations = flash_of(unit), unit.mode, unit.board.flash.operations
        revision = unit.firmware_revision
        result = await bench.inspect(description.address, pack)
        assert flash_of(unit) == before
        if description.application_dfu is not ApplicationDfu.BONDED:  # it leaves its keys there
            assert unit.board.flash.operations == operations
        code = DOES_NOT_ENTER.get(name) or BREAKS_OFF.get(name)
        assert (result.error.code if result.error else None) == code
        if name != "dead-crystal":  # silent until its power is removed
            assert unit.mode is mode
            assert result.finished.left_in is mode
            assert unit.firmware_revision == revision
        assert (mode is BOOTLOADER) == (name in WAITS_IN_BOOTLOADER)
        if code is None:
            check_probed(result, description)

    on_bench(story)


@pytest.mark.parametrize("stay", [False, True])
@pytest.mark.parametrize("profile", [SDK15_3_BLE, TALKATIVE], ids=lambda profile: profile.name)
def test_a_bootloader_is_asked_without_probes_where_that_is_wanted(
    profile: BootloaderProfile, stay: bool
) -> None:
    async def story(bench: Bench) -> None:
        unit, _ = bench.place(describe(profile=profile))
        before = flash_of(unit)
        result = await bench.inspect(ADDRESS, enter=True, stay=stay)
        assert result.error is None
        assert result.finished.left_in is (BOOTLOADER if stay else APPLICATION)
        assert unit.mode is result.finished.left_in
        assert flash_of(unit) == before
        facts = known(result)
        assert (("chip", "query") in facts) is (profile is TALKATIVE)
        assert facts["init_packet_held", "query"] == "0"
        assert bench.count(events.EnteringBootloader) == 1
        assert bench.count(events.ProbeRefused) == 0
        missing = {one.fact: one.why for one in result.missing}
        assert "--enter" not in "".join(missing.values())

    on_bench(story)


def check_probed(result: InspectionResult, description: UnitDescription) -> None:
    facts = known(result)
    assert description.softdevice is not None
    assert facts["softdevice_fwid", "probe"] == str(description.softdevice.fwid)
    assert facts["softdevice_fwid", "remote_version"] == facts["softdevice_fwid", "probe"]
    assert facts["hw_version", "probe"] == str(description.profile.hw_version)
    assert facts["app_version", "probe"] == str(description.application_version)
    assert facts["bootloader_version", "probe"] == str(description.bootloader_version)
    assert facts["key_ok", "probe"] == "yes"
    assert [one.fact for one in result.missing] == ["chip"]


def test_a_legacy_bootloader_is_named_and_left_to_return_by_itself() -> None:
    async def story(bench: Bench) -> None:
        unit, _ = bench.place(gallery_unit("legacy-bootloader"))
        result = await bench.inspect(unit.address, ON_DEMAND)
        assert ("mode", "services", "legacy_bootloader") in [
            (fact.fact, fact.how.value, fact.value) for fact in result.facts
        ]
        assert result.error is not None
        assert "legacy DFU service" in result.error.message
        assert result.finished.left_in is APPLICATION
        assert result.finished.duration_s > 100

    on_bench(story)


def test_a_bootloader_without_receive_buffers_is_recognised() -> None:
    async def story(bench: Bench) -> None:
        unit, _ = bench.place(gallery_unit("leaked-buffers"))
        result = await bench.inspect(unit.address, ON_DEMAND)
        assert result.error is not None
        assert "lost its receive buffers" in result.error.hint
        assert bench.count(events.ProbeRefused) == 0

    on_bench(story)


def test_what_was_found_before_the_link_broke_is_kept() -> None:
    async def story(bench: Bench) -> None:
        unit, _ = bench.place(replace(gallery_unit("watchdog-rr7"), public_key=KEY.public_key))
        result = await bench.inspect(unit.address, ON_DEMAND)
        assert known(result)["hw_version", "probe"] == "52"
        assert ("bootloader_version", "probe") not in known(result)
        assert result.missing == ()

    on_bench(story)


# What probes tell, and do not.


def test_another_key_is_a_fact_and_no_failure() -> None:
    async def story(bench: Bench) -> None:
        unit, _ = bench.place(describe(public_key=OTHER_KEY.public_key))
        result = await bench.inspect(ADDRESS, ON_DEMAND)
        assert result.error is None
        assert known(result)["key_ok", "probe"] == "no"
        assert known(result)["softdevice_fwid", "remote_version"] == "0x0103"
        missing = {one.fact: one.why for one in result.missing}
        assert "does not trust the key" in missing["hw_version"]
        assert bench.count(events.ProbeRefused) == 1
        assert unit.mode is APPLICATION

    on_bench(story)


def test_hardware_that_was_not_asked_for_is_said_to_be_other() -> None:
    async def story(bench: Bench) -> None:
        bench.place(describe(profile=replace(describe().profile, hw_version=99)))
        result = await bench.inspect(ADDRESS, ON_DEMAND)
        assert result.error is None
        missing = {one.fact: one.why for one in result.missing}
        assert missing["hw_version"] == (
            "Its hardware version is none of those asked for (51, 52)."
        )
        assert missing["app_version"].endswith("which hides the rest.")

    on_bench(story)


def test_a_softdevice_that_was_not_asked_for_is_known_from_the_radio_alone() -> None:
    async def story(bench: Bench) -> None:
        usual = describe().softdevice
        assert usual is not None
        softdevice = replace(usual, fwid=Fwid(0x0999))
        bench.place(describe(softdevice=softdevice))
        result = await bench.inspect(ADDRESS, ON_DEMAND)
        assert result.error is None
        assert known(result)["softdevice_fwid", "remote_version"] == "0x0999"
        assert ("softdevice_fwid", "probe") not in known(result)
        assert [one.fact for one in result.missing] == ["chip"]

    on_bench(story)


def test_a_version_outside_the_pack_is_a_range() -> None:
    async def story(bench: Bench) -> None:
        bench.place(describe(version=100))
        result = await bench.inspect(ADDRESS, ON_DEMAND)
        assert known(result)["app_version", "probe"] == "64 to 127"

    on_bench(story)


def test_a_bootloader_that_talks_is_asked_first() -> None:
    async def story(bench: Bench) -> None:
        unit, _ = bench.place(describe(profile=TALKATIVE))
        result = await bench.inspect(ADDRESS, ON_DEMAND)
        facts = known(result)
        assert facts["chip", "query"] == "nrf52832-512k"
        assert facts["chip_variant", "query"] == "AAE0"
        assert facts["flash_size", "query"] == str(unit.board.flash.size)
        assert facts["softdevice_version", "query"] == "7.2.0"
        assert facts["bootloader_start", "query"] == "0x78000"
        assert facts["app_size", "query"] == "20000"
        assert facts["app_version", "query"] == facts["app_version", "probe"] == "3"
        assert result.missing == ()

    on_bench(story)


# The unit that was meant, and no other.


def test_of_ten_equal_units_only_the_pinned_one_is_touched() -> None:
    async def story(bench: Bench) -> None:
        placed = []
        for index in range(10):
            address = BleAddress(bytes.fromhex("C6050403A0") + bytes([0x10 * index + 1]))
            placed.append(bench.place(describe(address=address, serial_number=f"U-{index}")))
        await asyncio.sleep(1)
        for unit, peripheral in placed[6:]:
            unit.board.registers.gpregret = 0xB1
            unit.reset(ResetKind.SOFT, now_s=bench.radio.now_s())
            peripheral.settle()
        await asyncio.sleep(1)
        units = [unit for unit, _ in placed]
        pinned, others = units[3], [*units[:3], *units[4:]]
        before = [(unit.mode, flash_of(unit), len(unit.log)) for unit in others]
        result = await bench.inspect(pinned.address, ON_DEMAND)
        assert result.error is None
        assert known(result)["serial_number", "dis"] == "U-3"
        touched = {event.address for event in bench.heard if isinstance(event, events.Connected)}
        assert touched == {pinned.address, pinned.address.plus_one()}
        assert [(unit.mode, flash_of(unit), len(unit.log)) for unit in others] == before

    on_bench(story)


def test_the_application_of_the_next_address_is_not_taken_for_the_bootloader() -> None:
    async def story(bench: Bench) -> None:
        neighbour, _ = bench.place(describe(address=ADDRESS.plus_one()))
        before = flash_of(neighbour)
        result = await bench.inspect(ADDRESS, ON_DEMAND)
        assert result.error is not None
        assert result.error.code is Code.WRONG_UNIT
        assert result.findings.probes_sent == 0
        assert bench.count(events.RequestSent) == 0
        assert (flash_of(neighbour), neighbour.mode) == (before, APPLICATION)

    on_bench(story)


def test_a_unit_that_is_not_there_is_not_found() -> None:
    async def story(bench: Bench) -> None:
        result = await bench.inspect(ADDRESS, ON_DEMAND)
        assert result.error is not None
        assert result.error.code is Code.UNIT_NOT_FOUND
        assert result.facts == ()
        assert result.finished.left_in is None

    on_bench(story)


# The way back.


def test_a_unit_may_stay_in_its_bootloader() -> None:
    async def story(bench: Bench) -> None:
        unit, _ = bench.place(describe())
        result = await bench.inspect(ADDRESS, ON_DEMAND, stay=True)
        assert result.error is None
        assert result.finished.left_in is BOOTLOADER
        assert unit.mode is BOOTLOADER

    on_bench(story)


def test_an_interrupted_inspection_leaves_the_unit_to_return_by_itself() -> None:
    async def story(bench: Bench) -> None:
        unit, _ = bench.place(describe())
        before = flash_of(unit)

        def on_event(event: Event) -> None:
            if isinstance(event, events.ProbeRefused):
                task.cancel()

        bench.on_event = on_event
        task = asyncio.create_task(bench.inspect(ADDRESS, ON_DEMAND))
        with pytest.raises(asyncio.CancelledError):
            await task
        last = bench.heard[-1]
        assert isinstance(last, events.InspectionFinished)
        assert last.code == Code.INTERRUPTED
        assert unit.mode is BOOTLOADER
        await asyncio.sleep(121)
        assert (unit.mode, flash_of(unit)) == (APPLICATION, before)

    on_bench(story)


def test_a_unit_that_does_not_come_back_is_said_so() -> None:
    async def story(bench: Bench) -> None:
        unit, _ = bench.place(describe())

        def on_event(event: Event) -> None:
            if isinstance(event, events.RequestSent) and event.request == "abort":
                # As when the application was damaged by something else in between.
                unit.board.flash.load(unit.board.bank_0_start, b"\xff" * 16)

        bench.on_event = on_event
        result = await bench.inspect(ADDRESS, ON_DEMAND)
        assert result.error is not None
        assert (result.error.code, result.exit_code) == (Code.UNIT_DID_NOT_RETURN, 5)
        assert result.finished.left_in is BOOTLOADER
        assert known(result)["key_ok", "probe"] == "yes"

    on_bench(story)


def test_a_bootloader_that_ignores_abort_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Dialogue, "say", deaf_to_abort())

    async def story(bench: Bench) -> None:
        unit, _ = bench.place(describe())
        result = await bench.inspect(ADDRESS, ON_DEMAND)
        assert result.error is None
        assert result.finished.left_in is APPLICATION
        assert result.finished.duration_s > 120
        assert unit.mode is APPLICATION

    on_bench(story)


def deaf_to_abort() -> Any:
    say = Dialogue.say

    async def to_nobody(self: Dialogue, request: Request) -> None:
        if not isinstance(request, Abort):
            await say(self, request)

    return to_nobody


# An update that was begun.


def update_of(bench: Bench, *, version: int) -> Update:
    contents = package(seed="next", application_version=FwVersion(version))
    plan = plan_for(
        contents,
        b"",
        package_name="update.zip",
        unit_name="sim:unit",
        pin=ADDRESS,
        pacing=FOR_BLUETOOTH,
    )
    return Update(plan, link=bench.link, report=bench._hear)


async def break_off(bench: Bench) -> None:
    """An update that is cancelled in the middle of its image."""

    def on_event(event: Event) -> None:
        if isinstance(event, events.ObjectExecuted) and event.object_type == "data":
            task.cancel()

    bench.on_event = on_event
    task = asyncio.create_task(update_of(bench, version=4).run())
    with pytest.raises(asyncio.CancelledError):
        await task
    bench.on_event = lambda _event: None


def test_an_update_that_was_begun_is_not_thrown_away_unasked() -> None:
    async def story(bench: Bench) -> None:
        unit, _ = bench.place(describe())
        await break_off(bench)
        result = await bench.inspect(ADDRESS, ON_DEMAND)
        assert result.error is not None
        assert (result.error.code, result.exit_code) == (Code.PROBE_PROGRESS, 2)
        assert "4,096 bytes of an image" in result.error.message
        assert known(result)["image_held", "query"] == "4096"
        assert result.findings.probes_sent == 0
        assert unit.mode is BOOTLOADER
        bench.heard.clear()
        assert (await update_of(bench, version=4).run()).finished.size == 20_000
        assert bench.count(events.Resumed) == 2, "it goes on where it was"

    on_bench(story)


def test_an_update_that_was_begun_is_thrown_away_on_demand() -> None:
    async def story(bench: Bench) -> None:
        bench.place(describe())
        await break_off(bench)
        result = await bench.inspect(ADDRESS, ON_DEMAND, discard_progress=True)
        assert result.error is None
        assert known(result)["app_version", "probe"] == "3"
        bench.heard.clear()
        await update_of(bench, version=4).run()
        assert bench.count(events.Resumed) == 0

    on_bench(story)


def test_reading_without_probes_leaves_an_update_where_it_is() -> None:
    async def story(bench: Bench) -> None:
        bench.place(describe())
        await break_off(bench)
        result = await bench.inspect(ADDRESS)
        assert result.error is None
        assert known(result)["image_held", "query"] == "4096"
        bench.heard.clear()
        await update_of(bench, version=4).run()
        assert bench.count(events.Resumed) == 2

    on_bench(story)


def test_a_finished_update_leaves_nothing_that_probes_would_throw_away() -> None:
    async def story(bench: Bench) -> None:
        bench.place(describe())
        assert (await update_of(bench, version=7).run()).error is None
        result = await bench.inspect(ADDRESS, ON_DEMAND)
        assert result.error is None
        assert known(result)["app_version", "probe"] == "7"

    on_bench(story)


# Units that do not do what they should.


def test_a_probe_that_is_accepted_ends_the_inspection() -> None:
    """No bootloader does that; one that would must not be sent another."""

    async def story(bench: Bench) -> None:
        unit, _ = bench.place(describe())
        connect = bench.link.connect

        async def with_a_lie(address: BleAddress, *, timeout_s: float) -> Connection:
            connection = await connect(address, timeout_s=timeout_s)
            receive = connection.receive

            async def lying(*, timeout_s: float) -> Any:
                received = await receive(timeout_s=timeout_s)
                if received.data[:2] == b"\x60\x04":
                    return replace(received, data=b"\x60\x04\x01")
                return received

            connection.receive = lying  # type: ignore[method-assign]
            return connection

        bench.link.connect = with_a_lie  # type: ignore[method-assign, assignment]
        result = await bench.inspect(ADDRESS, ON_DEMAND)
        assert result.error is not None
        assert result.error.code is Code.ANSWER_UNEXPECTED
        assert result.findings.probes_sent == 1
        assert result.finished.left_in is APPLICATION
        assert unit.mode is APPLICATION

    on_bench(story)


def test_a_defect_of_ours_is_not_taken_for_a_unit_s_fault() -> None:
    class Nothing:
        catalogue = CATALOGUE

        def packet(self, _probe: object) -> bytes:
            raise LocalProtocolError("A probe was asked for that its pack does not hold.")

    async def story(bench: Bench) -> None:
        unit, _ = bench.place(describe())
        result = await bench.inspect(ADDRESS, Nothing())
        assert result.exit_code == 70
        assert unit.mode is APPLICATION, "it is sent back all the same"

    on_bench(story)


def test_a_bootloader_that_answers_nonsense_is_left_where_it_is() -> None:
    async def story(bench: Bench) -> None:
        unit = ScriptedUnit(name="DfuTarg", address=HOME.plus_one())
        bench.radio.add_unit(unit)
        result = await bench.inspect(HOME, ON_DEMAND)
        facts = known(result)
        assert facts["mode", "services"] == "bootloader"
        assert facts["softdevice_fwid", "remote_version"] == "0x0103"
        assert result.error is not None
        assert (result.error.code, result.exit_code) == (Code.ANSWER_MALFORMED, 3)
        assert result.finished.left_in is BOOTLOADER
        assert unit.boots == 1, "it was not sent anywhere"

    on_bench(story)


def test_an_open_bootloader_under_the_address_of_the_application_is_another_unit_s() -> None:
    async def story(bench: Bench) -> None:
        unit = ScriptedUnit(name="DfuTarg")
        bench.radio.add_unit(unit)
        result = await bench.inspect(HOME, ON_DEMAND)
        assert result.error is not None
        assert result.error.code is Code.UNIT_NOT_FOUND
        assert ("mode", "services") not in known(result)
        assert bench.count(events.RequestSent) == 0

    on_bench(story)


def test_a_bootloader_under_the_address_of_the_application_is_known_by_its_bond() -> None:
    async def story(bench: Bench) -> None:
        profile = replace(SDK15_3_BLE, requires_bond=True)
        unit, _ = bench.place(describe(profile=profile, application_dfu=ApplicationDfu.BONDED))
        assert (await bench.inspect(ADDRESS, ON_DEMAND, stay=True)).error is None
        assert unit.mode is BOOTLOADER
        result = await bench.inspect(ADDRESS)
        assert result.error is None
        assert known(result)["mode", "services"] == "bootloader"
        assert result.finished.left_in is BOOTLOADER

    on_bench(story)


def test_a_battery_level_is_a_fact_where_the_application_offers_it() -> None:
    async def story(bench: Bench) -> None:
        bench.radio.add_unit(ScriptedUnit(channels=frozenset(), battery_level=87))
        result = await bench.inspect(HOME)
        assert result.error is None
        facts = known(result)
        assert facts["battery_level", "battery_service"] == "87"
        assert facts["dfu_service", "services"] == "none"

    on_bench(story)


def test_an_application_without_the_buttonless_service_cannot_be_taken_anywhere() -> None:
    async def story(bench: Bench) -> None:
        bench.radio.add_unit(
            ScriptedUnit(channels=frozenset(), device_information=((0x2A26, "5"),))
        )
        result = await bench.inspect(HOME, ON_DEMAND)
        assert result.error is not None
        assert "no buttonless DFU service" in result.error.message
        assert known(result)["firmware_revision", "dis"] == "5"
        assert result.finished.left_in is APPLICATION

    on_bench(story)
