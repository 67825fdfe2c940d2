"""The faults there are, and a plan of them.

A fault is a frozen value. Its name is what a unit file and a report call it; its meaning and its
symptom are one line each, and ``docs/reference/faults.md`` is made from them. What it does lies
where it happens: flash faults in :mod:`firmline.device.flash`, a supply that breaks down in
:mod:`firmline.device.physics.supply`, settings in :mod:`firmline.device.faults.factory`, all others
in the modules beside this one. A fault without effect on the unit that has it is logged as such.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, ClassVar, Final, TypeVar


class Direction(StrEnum):
    """Which way packets go."""

    TO_UNIT = "to-unit"
    FROM_UNIT = "from-unit"


class Seat(StrEnum):
    """Where a fault sits: what has to be exchanged for it to be gone."""

    UNIT = "unit"
    """In this one unit: its chip, its board, what is in its memory."""
    BUILD = "build"
    """In its firmware: every unit of the build has it."""
    SUPPLY = "supply"
    """In what feeds the unit: its cell, its contact."""
    AIR = "air"
    """In the place where unit and host are."""
    HOST = "host"
    """In the host, with its radio, its adapter and its wires."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something that is wrong.

    Attributes:
        name: Stable name, as in a unit file.
        meaning: One line for people.
        symptom: One line: what a host sees of it.
        needs_physics: Whether it does nothing in lock step.
        needs_radio: Whether it does nothing to a bootloader for UART or USB.
        seat: Where it sits.
    """

    name: ClassVar[str] = ""
    meaning: ClassVar[str] = ""
    symptom: ClassVar[str] = ""
    needs_physics: ClassVar[bool] = False
    needs_radio: ClassVar[bool] = False
    seat: ClassVar[Seat] = Seat.UNIT


def _between(least: float, most: float, says: str, **default: Any) -> Any:  # noqa: ANN401 - a field
    """A field whose value must lie in a range, and what it is for."""
    return field(metadata={"least": least, "most": most, "says": says}, **default)


def _one_of(choices: tuple[str, ...], says: str, default: str) -> Any:  # noqa: ANN401 - a field
    """A field that takes one of these words, and what it is for."""
    return field(default=default, metadata={"choices": choices, "says": says})


_MANY: Final = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class PacketFault(Fault):
    """Something happens to some of the packets of a direction.

    To the unit these are writes to the packet characteristic or serial frames, from the unit its
    bootloader's answers. They are counted from 1 over all of the unit's time in its bootloader, so
    that what is counted is met once and not again after a retry.

    Attributes:
        first: The first packet it happens to.
        every: Then every so-manyth one; 0: no other.
        share: Instead of counting: which share of the packets, drawn at random; 0: counting.
        direction: Which packets.
    """

    seat: ClassVar[Seat] = Seat.HOST

    first: int = _between(1, _MANY, "the first packet it happens to, counted from 1", default=1)
    every: int = _between(0, _MANY, "then every so-manyth one; 0: no other", default=0)
    share: float = _between(
        0.0, 1.0, "instead of counting: a share of the packets, drawn at random", default=0.0
    )
    direction: Direction = field(
        default=Direction.TO_UNIT,
        metadata={"choices": tuple(Direction), "says": "which way the packets go"},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class LostPackets(PacketFault):
    """Packets vanish between the radio and the program."""

    name: ClassVar[str] = "lost-packets"
    meaning: ClassVar[str] = "packets vanish on the way, as when a host's stack drops its queue"
    symptom: ClassVar[str] = "CRC_GET tells a smaller offset than was sent; EXECUTE answers 08"


@dataclass(frozen=True, slots=True, kw_only=True)
class DelayedPackets(PacketFault):
    """Packets come late, in their order."""

    name: ClassVar[str] = "delayed-packets"
    meaning: ClassVar[str] = "packets come late, and all behind them too"
    symptom: ClassVar[str] = "answers come late, with the right offset and CRC"
    needs_physics: ClassVar[bool] = True

    delay_s: float = _between(0.0, 60.0, "how late, seconds", default=0.5)


@dataclass(frozen=True, slots=True, kw_only=True)
class CorruptedPackets(PacketFault):
    """One bit of a packet is turned over."""

    name: ClassVar[str] = "corrupted-packets"
    meaning: ClassVar[str] = "one bit of a packet arrives turned over"
    symptom: ClassVar[str] = "CRC_GET tells the right offset and another CRC"


@dataclass(frozen=True, slots=True, kw_only=True)
class DuplicatedPackets(PacketFault):
    """A packet arrives twice."""

    name: ClassVar[str] = "duplicated-packets"
    meaning: ClassVar[str] = "packets arrive twice"
    symptom: ClassVar[str] = (
        "CRC_GET tells a larger offset or another CRC; what exceeds the object is refused with 03,"
        " and loses a receive buffer"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkLoss(Fault):
    """The link is lost in the bootloader, on as many connections as it says."""

    name: ClassVar[str] = "link-loss"
    meaning: ClassVar[str] = "the link is lost in the middle of the update, with an HCI reason"
    symptom: ClassVar[str] = (
        "the host sees the reason; progress of the object is kept on SDK 15.3, lost since 16"
    )
    needs_radio: ClassVar[bool] = True
    seat: ClassVar[Seat] = Seat.AIR

    after_packets: int = _between(
        0, _MANY, "packets of a connection before it is lost; 0: at once", default=20
    )
    reason: int = _between(1, 0xFF, "HCI reason; 8: supervision timeout", default=0x08)
    times: int = _between(1, _MANY, "on how many connections", default=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class HostGone(Fault):
    """The host's radio falls silent for good."""

    name: ClassVar[str] = "host-gone"
    meaning: ClassVar[str] = "the host vanishes in the middle of the update and says nothing"
    symptom: ClassVar[str] = (
        "the unit gives the link up after 6 s, advertises again, and is reset for want of progress"
        " 120 s after the last object"
    )
    needs_radio: ClassVar[bool] = True
    seat: ClassVar[Seat] = Seat.HOST

    after_packets: int = _between(
        0, _MANY, "packets of the first connection before it goes; 0: at once", default=20
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerCutAt(Fault):
    """The power goes at one flash operation and comes back at once."""

    name: ClassVar[str] = "power-cut"
    meaning: ClassVar[str] = "the power goes at the N-th flash operation and comes back at once"
    symptom: ClassVar[str] = "the link is lost, and the unit comes back as whatever is valid"
    seat: ClassVar[Seat] = Seat.SUPPLY

    operation: int = _between(
        1, 10 * _MANY, "which operation, counted from when the unit is first switched on"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class BrownOut(Fault):
    """The supply does not carry one kind of load."""

    name: ClassVar[str] = "brown-out"
    meaning: ClassVar[str] = "the supply breaks down under one kind of load: cpu, radio or flash"
    symptom: ClassVar[str] = (
        "the unit is reset at every such load: in the update, and under radio whenever it is"
        " connected"
    )
    needs_physics: ClassVar[bool] = True
    seat: ClassVar[Seat] = Seat.SUPPLY

    load: str = _one_of(("cpu", "radio", "flash"), "which load it does not carry", "flash")


@dataclass(frozen=True, slots=True, kw_only=True)
class DroppedOperation(Fault):
    """One flash operation is silently not done."""

    name: ClassVar[str] = "dropped-operation"
    meaning: ClassVar[str] = "the N-th flash operation is silently not done"
    symptom: ClassVar[str] = "every CRC is right, and the last EXECUTE answers 0B 0C"

    operation: int = _between(
        1, 10 * _MANY, "which operation, counted from when the unit is first switched on"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class WornPage(Fault):
    """A page no longer erases to ones: here one bit of every word stays at zero."""

    name: ClassVar[str] = "worn-page"
    meaning: ClassVar[str] = "one flash page keeps some bits at zero, however often it is erased"
    symptom: ClassVar[str] = (
        "every CRC is right, and the last EXECUTE answers 0B 0C, each time again"
    )

    address: int = _between(0, 0xFF_FFFF, "an address in the page")


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchdogRunning(Fault):
    """The application's watchdog goes on in the bootloader.

    With reload register 7 the bootloader never reloads it: a known defect up to SDK 17.1
    (bootloader spec, section 10). With any other it does, so that only a period shorter than a boot
    does harm.
    """

    name: ClassVar[str] = "watchdog"
    meaning: ClassVar[str] = "the application's watchdog runs on in the bootloader"
    symptom: ClassVar[str] = (
        "the link is lost one period after the jump, and the unit is back as its application"
    )
    seat: ClassVar[Seat] = Seat.BUILD

    period_s: float = _between(0.001, 3600.0, "its period, seconds", default=5.0)
    reload_register: int = _between(
        0, 7, "which one the application has switched on; 7 is never reloaded", default=7
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class StuckGpregret(Fault):
    """GPREGRET holds a value that brings the unit back into its bootloader."""

    name: ClassVar[str] = "stuck-gpregret"
    meaning: ClassVar[str] = (
        "GPREGRET keeps the unit in its bootloader until a pin reset or a loss of power"
    )
    symptom: ClassVar[str] = (
        "the unit starts in its bootloader, and on SDK 15.3 and 16 again after every soft reset"
    )

    value: int = _between(1, 0xFF, "what it holds when the unit is first switched on", default=0x01)
    request: str = _one_of(
        ("alone", "added"),
        "whether the application clears that before it leaves its request, or adds the request to"
        " it, which SDK 17.1 takes for none",
        "alone",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class StaleSettings(Fault):
    """The settings page belongs to another application than the one in flash."""

    name: ClassVar[str] = "stale-settings"
    meaning: ClassVar[str] = "the settings page belongs to another application"
    symptom: ClassVar[str] = "the unit waits in its bootloader until it is updated"


@dataclass(frozen=True, slots=True, kw_only=True)
class BondMismatch(Fault):
    """The bootloader expects a bond whose keys the host does not have.

    0x3D is "connection terminated due to MIC failure": the sides encrypt with different keys (Core
    spec, Vol 1, Part F).
    """

    name: ClassVar[str] = "bond-mismatch"
    meaning: ClassVar[str] = "the bootloader expects a bond, and drops everyone with other keys"
    symptom: ClassVar[str] = (
        "the bootloader has the application's address, and every connection ends at once"
    )
    needs_radio: ClassVar[bool] = True
    seat: ClassVar[Seat] = Seat.BUILD

    reason: int = _between(1, 0xFF, "HCI reason; 61: MIC failure", default=0x3D)


@dataclass(frozen=True, slots=True, kw_only=True)
class WrongAddress(Fault):
    """The bootloader advertises under another address than the next one."""

    name: ClassVar[str] = "wrong-address"
    meaning: ClassVar[str] = "the bootloader advertises under another address than the next one"
    symptom: ClassVar[str] = "after the jump nobody answers at the application's address + 1"
    needs_radio: ClassVar[bool] = True
    seat: ClassVar[Seat] = Seat.BUILD

    offset: int = _between(
        0, 0xFF, "added to the last byte of the application's address, without carry", default=2
    )


ON_REQUEST, ON_CONFIRMATION = "on-request", "on-confirmation"
"""When an application crashes that is asked into its bootloader."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationCrash(Fault):
    """The application dies when it is to enter the bootloader."""

    name: ClassVar[str] = "application-crash"
    meaning: ClassVar[str] = "the application crashes before it jumps, and starts again"
    symptom: ClassVar[str] = (
        "the request is answered, the link is lost, and the application is back"
    )
    needs_radio: ClassVar[bool] = True
    seat: ClassVar[Seat] = Seat.BUILD

    when: str = _one_of(
        (ON_REQUEST, ON_CONFIRMATION),
        "before it has answered, or when its answer is confirmed",
        ON_CONFIRMATION,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationStays(Fault):
    """The application agrees to enter the bootloader, and does not restart."""

    name: ClassVar[str] = "application-stays"
    meaning: ClassVar[str] = "the application agrees to enter the bootloader, and never restarts"
    symptom: ClassVar[str] = "the request is answered and confirmed, and the link stands"
    needs_radio: ClassVar[bool] = True
    seat: ClassVar[Seat] = Seat.BUILD


@dataclass(frozen=True, slots=True, kw_only=True)
class ResetBrownOut(Fault):
    """The supply breaks down while the unit restarts into its bootloader, which loses GPREGRET."""

    name: ClassVar[str] = "reset-brown-out"
    meaning: ClassVar[str] = "the supply breaks down as the unit restarts, and GPREGRET is lost"
    symptom: ClassVar[str] = (
        "the request is answered, the link is lost, and the application is back; a later try works"
    )
    needs_radio: ClassVar[bool] = True
    seat: ClassVar[Seat] = Seat.SUPPLY

    times: int = _between(1, _MANY, "at how many restarts", default=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class CrystalDead(Fault):
    """The 32 kHz crystal does not start.

    The SoftDevice waits for it without an end. A UART or USB bootloader has no use for it.
    """

    name: ClassVar[str] = "crystal"
    meaning: ClassVar[str] = "the 32 kHz crystal does not start, and the program waits for ever"
    symptom: ClassVar[str] = "the unit is silent, until it is reset and starts another program"

    program: str = _one_of(
        ("bootloader", "application", "both"), "which program waits for it", "bootloader"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class BootloaderMissing(Fault):
    """There is no bootloader in flash."""

    name: ClassVar[str] = "bootloader-missing"
    meaning: ClassVar[str] = "there is no bootloader: the application simply starts again"
    symptom: ClassVar[str] = (
        "the request is answered, the link is lost, and the application is back"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class LegacyBootloader(Fault):
    """Another bootloader is in flash."""

    name: ClassVar[str] = "legacy-bootloader"
    meaning: ClassVar[str] = "another bootloader answers, with the legacy DFU service"
    symptom: ClassVar[str] = "DfuTarg is there at address + 1, without the Secure DFU service"
    needs_radio: ClassVar[bool] = True
    seat: ClassVar[Seat] = Seat.BUILD


FAULTS: Final[dict[str, type[Fault]]] = {
    kind.name: kind
    for kind in (
        *(LostPackets, DelayedPackets, CorruptedPackets, DuplicatedPackets),
        *(LinkLoss, HostGone),
        *(PowerCutAt, BrownOut, DroppedOperation, WornPage),
        *(WatchdogRunning, StuckGpregret, StaleSettings),
        *(BondMismatch, WrongAddress, ApplicationCrash, ApplicationStays, ResetBrownOut),
        *(CrystalDead,),
        *(BootloaderMissing, LegacyBootloader),
    )
}
"""Every fault there is, by name."""

_F = TypeVar("_F", bound=Fault)


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultPlan:
    """The faults of one unit.

    Attributes:
        faults: What is wrong, in no particular order.
        seed: Decides everything that is drawn at random.
    """

    faults: tuple[Fault, ...] = ()
    seed: int = 0

    def of(self, kind: type[_F]) -> Iterator[_F]:
        """The faults of one kind."""
        return (fault for fault in self.faults if isinstance(fault, kind))

    def one(self, kind: type[_F]) -> _F | None:
        """The first fault of a kind, if there is one."""
        return next(self.of(kind), None)


NO_FAULTS: Final = FaultPlan()
"""The plan of a healthy unit."""
