"""What is wrong with a unit: every fault in its variants, on every link."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from typing import Final

from firmline.device.cuts.flows import SOFTDEVICE
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
from firmline.updater.fault_matrix.subjects import IMAGE_SIZE, LinkKind, Subject, memory_of

FROM_UNIT: Final = Direction.FROM_UNIT

# Flash operations of an update of this size, counted from 1: a saving of both settings pages has
# 2 erasures and 448 words, the image 5 and 5,000.
IN_FIRST_SAVING, IN_IMAGE, BEFORE_COMMIT, AFTER_COMMIT, IN_ACTIVATION = 100, 2500, 5500, 5800, 8000


@dataclass(frozen=True, slots=True)
class Case:
    """One fault of one unit that is sent one thing."""

    fault: Fault
    subject: Subject

    @property
    def link(self) -> LinkKind:
        """How the unit is reached."""
        return self.subject.link

    @property
    def applies(self) -> bool:
        """Whether the fault does anything there."""
        return self.link is LinkKind.RADIO or not self.fault.needs_radio

    @property
    def text(self) -> str:
        """The fault in a few words, the same on every link."""
        if not isinstance(self.fault, WornPage):
            return fault_text(self.fault)
        is_settings = self.fault.address == memory_of(self.subject).settings_page
        return f"{self.fault.name} ({'settings' if is_settings else 'image'})"


def fault_text(fault: Fault) -> str:
    """A fault in a few words: its name, and what is not as usual."""
    shown = [
        f"{field.name}={getattr(fault, field.name)}"
        for field in fields(fault)
        if getattr(fault, field.name) != field.default
    ]
    return " ".join([fault.name, *shown])


def cases(subjects: Iterable[Subject], *, fault: str | None = None) -> list[Case]:
    """Every fault in its variants, of every one of these units; or those of one name."""
    return [
        Case(each, subject)
        for subject in subjects
        for each in _faults(subject)
        if fault in (None, each.name)
    ]


def _faults(subject: Subject) -> Iterator[Fault]:
    """The faults with the addresses of this unit, in the order of their list."""
    flash = memory_of(subject)
    received_at = SOFTDEVICE.size_word + flash.page_align(IMAGE_SIZE)
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
        WornPage(address=flash.settings_page),
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
