"""One update of one faulty unit, and a look at what that really does then."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Any, Final

from firmline.device.cuts.flows import FlowSetup
from firmline.device.cuts.sweep import running_parts
from firmline.device.dump import dump_unit
from firmline.device.fabrication import fabricate, physics_of
from firmline.device.faults.plan import BondMismatch, FaultPlan
from firmline.device.unit import VirtualUnit
from firmline.events import Event, LadderStepped, SessionRepeated, UnitMode, UpdateFinished
from firmline.formats.flash.dump import FlashDump
from firmline.links.serial.options import DEFAULT_BAUD
from firmline.links.serial.virtual import virtual_serial_link
from firmline.links.usb.link import UsbLink
from firmline.links.usb.virtual import VirtualBus
from firmline.links.virtual_radio import open_virtual_radio
from firmline.links.virtual_time import run_in_virtual_time
from firmline.protocol.pacing import AHEAD, NO_PAUSES
from firmline.updater.expectation import expectation
from firmline.updater.fault_matrix.cases import Case
from firmline.updater.fault_matrix.endings import Ending, Truth
from firmline.updater.fault_matrix.subjects import SERIAL_NUMBER, LinkKind, Subject, setup_of
from firmline.updater.update import Update, UpdatePlan, UpdateResult, plan_for
from firmline.values import ImageKind

NEW_APPLICATION: Final = "virtual application 4+"
"""What the new application prints on a serial port, and nothing else does."""
SEED: Final = 1
COMES_TO_REST_S: Final = 10.0
"""After the end of an update, for the restart that a refusal brings about."""


def run_case(case: Case) -> Ending:
    """Update the faulty unit, and look what it really does then.

    The same case always comes to the same ending.
    """
    heard: list[Event] = []
    unit, finished = _update(case.subject, FaultPlan(faults=(case.fault,), seed=SEED), heard)
    return Ending(
        case=case,
        outcome=finished.outcome,
        code=str(finished.code),
        message=finished.message,
        truth=truth(unit, case.subject),
        struck=any(entry.what == "fault" for entry in unit.log)
        or isinstance(case.fault, BondMismatch),
        steps=tuple(_step(event) for event in heard if _step(event)),
        seconds=finished.duration_s,
    )


def run_faults(
    subject: Subject, faults: FaultPlan, heard: list[Event]
) -> tuple[Truth, UpdateFinished]:
    """Update a unit with these faults, and look what it really does then.

    Args:
        subject: The unit, and what it is sent.
        faults: What is wrong with it.
        heard: Takes the events of the update.

    Returns:
        What the unit really is, and how the update ended.
    """
    unit, finished = _update(subject, faults, heard)
    return truth(unit, subject), finished


def left_behind(subject: Subject, faults: FaultPlan, heard: list[Event]) -> tuple[FlashDump, Truth]:
    """What a debug probe finds in a unit after its update, and what the unit really is then.

    Arguments as of :func:`run_faults`.
    """
    unit, _ = _update(subject, faults, heard)
    return dump_unit(unit), truth(unit, subject)


def _update(
    subject: Subject, faults: FaultPlan, heard: list[Event]
) -> tuple[VirtualUnit, UpdateFinished]:
    """A unit with these faults after its update, and how that ended."""
    setup = setup_of(subject)
    description = replace(setup.unit, faults=faults)
    on_port = subject.link is not LinkKind.RADIO
    unit = fabricate(description, physics=physics_of(description), greets=on_port)
    finished = run_in_virtual_time(_OVER[subject.link](unit, setup, heard)).finished
    _come_to_rest(unit, finished.at_s + COMES_TO_REST_S)
    return unit, finished


def _come_to_rest(unit: VirtualUnit, until_s: float) -> None:
    """Let the unit end what it is at: a restart, mostly."""
    while (wakes_s := unit.next_wake_s()) is not None and wakes_s <= until_s:
        unit.wake(now_s=wakes_s)
        unit.take_outputs()


def _step(event: Event) -> str:
    """What an event tells of recovery; empty: nothing."""
    match event:
        case LadderStepped(step=step):
            return step
        case SessionRepeated():
            return "resume"
        case _:
            return ""


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
    has_new = setup.package.image(ImageKind.APPLICATION) is not None
    says = expectation(NEW_APPLICATION) if has_new else None
    plan = _plan(setup, pin=None, pacing=NO_PAUSES, expectation=says)
    try:
        return await Update(plan, link=port, report=heard.append).run()
    finally:
        await port.close()


_OVER: Final = {
    LinkKind.RADIO: _over_the_air,
    LinkKind.UART: _over_uart,
    LinkKind.USB: _over_usb,
}


def _plan(setup: FlowSetup, **how: Any) -> UpdatePlan:  # noqa: ANN401 - as plan_for has it
    return plan_for(setup.package, b"", package_name="update.zip", unit_name=setup.unit.name, **how)


State = tuple[UnitMode | None, tuple[bytes, ...]]
"""What runs on a unit, and all that could."""


@lru_cache
def healthy(subject: Subject) -> State:
    """The state of a healthy unit after its update, which is run once, in a loop of its own."""
    return _state(_update(subject, FaultPlan(), [])[0])


def _state(unit: VirtualUnit) -> State:
    return unit.mode, running_parts(unit)


def truth(unit: VirtualUnit, subject: Subject) -> Truth:
    """Look into the unit, as no host can."""
    if _state(unit) == healthy(subject):
        return Truth.NEW
    match unit.mode:
        case UnitMode.APPLICATION:
            return Truth.OLD
        case UnitMode.BOOTLOADER:
            return Truth.BOOTLOADER
        case None:
            return Truth.NOTHING
