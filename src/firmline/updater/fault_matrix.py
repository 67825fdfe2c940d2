"""The fault matrix: every fault of the virtual unit on every kind of link, and what comes of it.

An update of a faulty unit may end in many ways, and only one is forbidden: to be called updated
when it is not. The virtual unit's true state is known, so that the outcome is compared with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final, assert_never

from firmline.device.application import GPREGRET_ENTER_DFU
from firmline.device.application_dfu import ApplicationDfu
from firmline.device.cuts.flows import SOFTDEVICE, Flow, FlowSetup, set_up, sweep_key
from firmline.device.cuts.sweep import running_parts
from firmline.device.fabrication import fabricate, physics_of
from firmline.device.faults.plan import (
    FAULTS,
    ApplicationCrash,
    ApplicationStays,
    BondMismatch,
    BootloaderMissing,
    BrownOut,
    CorruptedPackets,
    CrystalDead,
    DelayedPackets,
    Direction,
    DroppedOperation,
    DuplicatedPackets,
    Fault,
    FaultPlan,
    HostGone,
    LegacyBootloader,
    LinkLoss,
    LostPackets,
    PowerCutAt,
    ResetBrownOut,
    StaleSettings,
    StuckGpregret,
    WatchdogRunning,
    WornPage,
    WrongAddress,
)
from firmline.device.profile import PROFILES, MemoryMap
from firmline.device.unit import VirtualUnit
from firmline.events import Event, LadderStepped, Outcome, SessionRepeated, UnitMode
from firmline.links.serial.options import DEFAULT_BAUD
from firmline.links.serial.virtual import virtual_serial_link
from firmline.links.usb.link import UsbLink
from firmline.links.usb.virtual import VirtualBus
from firmline.links.virtual_radio import open_virtual_radio
from firmline.links.virtual_time import run_in_virtual_time
from firmline.protocol.pacing import AHEAD, NO_PAUSES
from firmline.updater.expectation import expectation
from firmline.updater.update import Update, UpdatePlan, UpdateResult, plan_for

IMAGE_SIZE: Final = 20_000
"""Bytes of the old application and of the new one: five pages each."""
NEW_APPLICATION: Final = "virtual application 4+"
"""What the new application prints on a serial port, and nothing else does."""
SEED: Final = 1
SERIAL_NUMBER: Final = "FL-0001"
"""By which a unit on USB is followed."""
FROM_UNIT: Final = Direction.FROM_UNIT

# Flash operations of an update of this size, counted from 1: a saving of both settings pages has
# 2 erasures and 448 words, the image 5 and 5,000.
IN_FIRST_SAVING, IN_IMAGE, BEFORE_COMMIT, AFTER_COMMIT, IN_ACTIVATION = 100, 2500, 5500, 5800, 8000


class LinkKind(StrEnum):
    """How a unit is reached."""

    RADIO = "radio"
    UART = "uart"
    USB = "usb"


class Truth(StrEnum):
    """What a unit really does after an update."""

    NEW = "new"
    """It runs the new application, to the last byte."""
    OLD = "old"
    """It runs another application."""
    BOOTLOADER = "bootloader"
    NOTHING = "nothing"


class Verdict(StrEnum):
    """How an update of a faulty unit ended."""

    RECOVERED = "recovered"
    REFUSED = "refused"
    """The unit said no, or the update was given up: with the reason."""
    UNVERIFIED = "unverified"
    FALSE_SUCCESS = "false success"


PROFILE_OF: Final = {
    LinkKind.RADIO: "sdk15.3-ble",
    LinkKind.UART: "sdk15.3-uart",
    LinkKind.USB: "sdk15.3-usb",
}


@dataclass(frozen=True, slots=True)
class Case:
    """One fault on one link."""

    fault: Fault
    link: LinkKind

    @property
    def applies(self) -> bool:
        """Whether the fault does anything there."""
        return self.link is LinkKind.RADIO or not self.fault.needs_radio

    @property
    def text(self) -> str:
        """The fault in a few words, the same on every link."""
        if not isinstance(self.fault, WornPage):
            return fault_text(self.fault)
        is_settings = self.fault.address == _memory(self.link).settings_page
        return f"{self.fault.name} ({'settings' if is_settings else 'image'})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """What came of a case.

    Attributes:
        case: The case.
        outcome: What the update said.
        code: The error's stable code; empty where there is none.
        message: Its sentence.
        truth: What the unit really does.
        struck: Whether the fault did anything in this update, as the unit's log tells; one that
            keeps a peer out does nothing but that, and is in no log.
        steps: What was done to recover, in order.
        seconds: Of the update, by the unit's clock.
    """

    case: Case
    outcome: Outcome
    code: str
    message: str
    truth: Truth
    struck: bool
    steps: tuple[str, ...]
    seconds: float

    @property
    def verdict(self) -> Verdict:
        """In one word."""
        match self.outcome:
            case Outcome.UPDATED:
                is_true = self.truth is Truth.NEW
                return Verdict.RECOVERED if is_true else Verdict.FALSE_SUCCESS
            case Outcome.UNVERIFIED:
                return Verdict.UNVERIFIED
            case _:
                return Verdict.REFUSED


def fault_text(fault: Fault) -> str:
    """A fault in a few words: its name, and what is not as usual."""
    shown = [
        f"{field.name}={getattr(fault, field.name)}"
        for field in fields(fault)
        if getattr(fault, field.name) != field.default
    ]
    return " ".join([fault.name, *shown])


def cases(*, fault: str | None = None, link: LinkKind | None = None) -> list[Case]:
    """Every fault in its variants, on every link; or those of one name, or on one link."""
    return [
        Case(each, kind)
        for kind in (LinkKind if link is None else (link,))
        for each in _faults(kind)
        if fault in (None, each.name)
    ]


def _faults(link: LinkKind) -> Iterator[Fault]:
    """The faults with the addresses of this link's unit, in the order of their list."""
    memory = _memory(link)
    received_at = SOFTDEVICE.size_word + -(-IMAGE_SIZE // memory.page_size) * memory.page_size
    variants: tuple[Fault, ...] = (
        *_packet_faults(),
        LinkLoss(),
        LinkLoss(after_packets=0, times=3),
        LinkLoss(after_packets=25, times=1000),
        LinkLoss(after_packets=0, times=1000),
        HostGone(),
        *(
            PowerCutAt(operation=number)
            for number in (IN_FIRST_SAVING, IN_IMAGE, BEFORE_COMMIT, AFTER_COMMIT, IN_ACTIVATION)
        ),
        BrownOut(load="flash"),
        BrownOut(load="radio"),
        BrownOut(load="cpu"),
        *(
            DroppedOperation(operation=number)
            for number in (IN_FIRST_SAVING, IN_IMAGE, BEFORE_COMMIT, AFTER_COMMIT, IN_ACTIVATION)
        ),
        WornPage(address=received_at),
        WornPage(address=memory.settings_page),
        WatchdogRunning(),
        WatchdogRunning(period_s=7.0),
        WatchdogRunning(reload_register=0),
        StuckGpregret(),
        StaleSettings(),
        BondMismatch(),
        WrongAddress(),
        ApplicationCrash(),
        ApplicationCrash(when="on-request"),
        ApplicationStays(),
        ResetBrownOut(),
        ResetBrownOut(times=1000),
        CrystalDead(),
        CrystalDead(program="application"),
        BootloaderMissing(),
        LegacyBootloader(),
    )
    order = list(FAULTS)
    yield from sorted(variants, key=lambda each: order.index(each.name))


def _packet_faults() -> Iterator[Fault]:
    """Packets that are lost, late, spoiled or doubled: one, some, and too many."""
    for kind in (LostPackets, CorruptedPackets, DuplicatedPackets, DelayedPackets):
        yield kind(first=20)
        yield kind(share=0.02)
        yield kind(first=9, direction=FROM_UNIT)
        yield kind(share=0.02, direction=FROM_UNIT)
    yield LostPackets(share=1.0)
    yield LostPackets(share=1.0, direction=FROM_UNIT)


def run_case(case: Case) -> Ending:
    """Update the faulty unit, and look what it really does then.

    The same case always comes to the same ending.
    """
    setup = _setup(case.link)
    description = replace(setup.unit, faults=FaultPlan(faults=(case.fault,), seed=SEED))
    heard: list[Event] = []
    on_port = case.link is not LinkKind.RADIO
    unit = fabricate(description, physics=physics_of(description), greets=on_port)
    result = run_in_virtual_time(_OVER[case.link](unit, setup, heard))
    finished = result.finished
    return Ending(
        case=case,
        outcome=finished.outcome,
        code=str(finished.code),
        message=finished.message,
        truth=_truth(unit, setup),
        struck=any(entry.what == "fault" for entry in unit.log)
        or isinstance(case.fault, BondMismatch),
        steps=tuple(_step(event) for event in heard if _step(event)),
        seconds=finished.duration_s,
    )


def _step(event: Event) -> str:
    """What an event tells of recovery; empty: nothing."""
    match event:
        case LadderStepped(step=step):
            return step
        case SessionRepeated():
            return "resume"
        case _:
            return ""


@lru_cache
def _setup(link: LinkKind) -> FlowSetup:
    """The unit of a link as it is found there, without a fault, and its package."""
    profile = PROFILES[PROFILE_OF[link]]
    setup = set_up(Flow.APPLICATION, profile=profile, image_size=IMAGE_SIZE, key=sweep_key())
    match link:
        case LinkKind.RADIO:
            unit = setup.unit
        case LinkKind.UART:  # nobody can ask it into its bootloader
            unit = replace(setup.unit, gpregret=GPREGRET_ENTER_DFU)
        case LinkKind.USB:
            trigger = ApplicationDfu.TRIGGER
            unit = replace(setup.unit, application_dfu=trigger, serial_number=SERIAL_NUMBER)
        case _:
            assert_never(link)
    return replace(setup, unit=unit)


def _memory(link: LinkKind) -> MemoryMap:
    unit = _setup(link).unit
    return MemoryMap.of(unit.chip, unit.profile)


async def _over_the_air(unit: VirtualUnit, setup: FlowSetup, heard: list[Event]) -> UpdateResult:
    radio = open_virtual_radio(timed=True)
    try:
        unit.power_on(now_s=radio.now_s())
        radio.add_unit(unit)
        link = await radio.open_link()
        plan = _plan(setup, pin=setup.unit.address, pacing=AHEAD)
        return await Update(plan, link=link, report=heard.append).run()
    finally:
        await radio.close()


async def _over_usb(unit: VirtualUnit, setup: FlowSetup, heard: list[Event]) -> UpdateResult:
    """Its application is asked into the bootloader, and its port goes with every restart."""
    link = UsbLink(VirtualBus([unit]), SERIAL_NUMBER)
    try:
        plan = _plan(setup, pin=None, pacing=NO_PAUSES)
        return await Update(plan, link=link, report=heard.append).run()
    finally:
        await link.close()


async def _over_uart(unit: VirtualUnit, setup: FlowSetup, heard: list[Event]) -> UpdateResult:
    port = virtual_serial_link(unit, baud=DEFAULT_BAUD)
    plan = _plan(setup, pin=None, pacing=NO_PAUSES, expectation=expectation(NEW_APPLICATION))
    return await Update(plan, link=port, report=heard.append).run()


_OVER: Final = {
    LinkKind.RADIO: _over_the_air,
    LinkKind.UART: _over_uart,
    LinkKind.USB: _over_usb,
}


def _plan(setup: FlowSetup, **how: Any) -> UpdatePlan:  # noqa: ANN401 - as plan_for has it
    return plan_for(setup.package, b"", package_name="update.zip", unit_name=setup.unit.name, **how)


def _truth(unit: VirtualUnit, setup: FlowSetup) -> Truth:
    """Look into the unit, as no host can."""
    if unit.mode is UnitMode.BOOTLOADER:
        return Truth.BOOTLOADER
    if unit.mode is None:
        return Truth.NOTHING
    (image,) = setup.package.images
    return Truth.NEW if running_parts(unit)[-1] == image.firmware else Truth.OLD
