"""The faults there are, and a plan of them.

A fault is a frozen value. Its name is what a unit file and a report call it; its meaning is one
line. What it does lies where it happens: flash faults in :mod:`firmline.device.flash`, faults of
the road in the packets that reach the unit, the others in the unit.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something that is wrong.

    Attributes:
        name: Stable name, as in a unit file.
        meaning: One line for people.
    """

    name: ClassVar[str] = ""
    meaning: ClassVar[str] = ""


def _between(least: float, most: float, **default: Any) -> Any:  # noqa: ANN401 - any field's type
    """A field whose value must lie in a range."""
    return field(metadata={"least": least, "most": most}, **default)


_MANY: Final = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class PacketFault(Fault):
    """Something happens to some of the packets of a direction.

    Attributes:
        first: The first packet it happens to, counted from 1 from when the unit is connected in
            its bootloader (serial: frames since the start).
        every: Then every so-manyth one; 0: no other.
        share: Instead of counting: which share of the packets, drawn at random; 0: counting.
        direction: Which packets.
    """

    first: int = _between(1, _MANY, default=1)
    every: int = _between(0, _MANY, default=0)
    share: float = _between(0.0, 1.0, default=0.0)
    direction: Direction = Direction.TO_UNIT


@dataclass(frozen=True, slots=True, kw_only=True)
class LostPackets(PacketFault):
    """Packets vanish between the radio and the program."""

    name: ClassVar[str] = "lost-packets"
    meaning: ClassVar[str] = "packets vanish on the way, as when a host's stack drops its queue"


@dataclass(frozen=True, slots=True, kw_only=True)
class DelayedPackets(PacketFault):
    """Packets come late, in their order."""

    name: ClassVar[str] = "delayed-packets"
    meaning: ClassVar[str] = "packets come late, and all behind them too"

    delay_s: float = _between(0.0, 60.0, default=0.5)


@dataclass(frozen=True, slots=True, kw_only=True)
class CorruptedPackets(PacketFault):
    """One bit of a packet is turned over."""

    name: ClassVar[str] = "corrupted-packets"
    meaning: ClassVar[str] = "one bit of a packet arrives turned over"


@dataclass(frozen=True, slots=True, kw_only=True)
class DuplicatedPackets(PacketFault):
    """A packet arrives twice."""

    name: ClassVar[str] = "duplicated-packets"
    meaning: ClassVar[str] = "packets arrive twice"


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkLoss(Fault):
    """The link is lost once, in the bootloader."""

    name: ClassVar[str] = "link-loss"
    meaning: ClassVar[str] = "the link is lost in the middle of the update, with an HCI reason"

    after_packets: int = _between(0, _MANY, default=20)
    reason: int = _between(1, 0xFF, default=0x08)
    times: int = _between(1, _MANY, default=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class HostGone(Fault):
    """The host's radio falls silent for good."""

    name: ClassVar[str] = "host-gone"
    meaning: ClassVar[str] = "the host vanishes in the middle of the update and says nothing"

    after_packets: int = _between(0, _MANY, default=20)


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerCutAt(Fault):
    """The power goes at one flash operation and comes back at once."""

    name: ClassVar[str] = "power-cut"
    meaning: ClassVar[str] = "the power goes at the N-th flash operation and comes back at once"

    operation: int = _between(1, 10 * _MANY)


@dataclass(frozen=True, slots=True, kw_only=True)
class BrownOut(Fault):
    """The supply does not carry one kind of load."""

    name: ClassVar[str] = "brown-out"
    meaning: ClassVar[str] = "the supply breaks down under one kind of load: cpu, radio or flash"

    load: str = field(default="flash", metadata={"choices": ("cpu", "radio", "flash")})


@dataclass(frozen=True, slots=True, kw_only=True)
class DroppedOperation(Fault):
    """One flash operation is silently not done."""

    name: ClassVar[str] = "dropped-operation"
    meaning: ClassVar[str] = "the N-th flash operation is silently not done"

    operation: int = _between(1, 10 * _MANY)


@dataclass(frozen=True, slots=True, kw_only=True)
class WornPage(Fault):
    """A page no longer erases to ones."""

    name: ClassVar[str] = "worn-page"
    meaning: ClassVar[str] = "one flash page keeps some bits at zero, however often it is erased"

    address: int = _between(0, 0xFF_FFFF)


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchdogRunning(Fault):
    """The application's watchdog goes on in the bootloader."""

    name: ClassVar[str] = "watchdog"
    meaning: ClassVar[str] = "the application's watchdog runs on in the bootloader"

    period_s: float = _between(0.001, 3600.0, default=5.0)
    reload_register: int = _between(0, 7, default=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class StuckGpregret(Fault):
    """GPREGRET holds a value that brings the unit back into its bootloader."""

    name: ClassVar[str] = "stuck-gpregret"
    meaning: ClassVar[str] = "GPREGRET keeps the unit in its bootloader until power is removed"

    value: int = _between(1, 0xFF, default=0x01)


@dataclass(frozen=True, slots=True, kw_only=True)
class StaleSettings(Fault):
    """The settings page belongs to another application than the one in flash."""

    name: ClassVar[str] = "stale-settings"
    meaning: ClassVar[str] = "the settings page belongs to another application"


@dataclass(frozen=True, slots=True, kw_only=True)
class BondMismatch(Fault):
    """The bootloader expects a bond whose keys the host does not have."""

    name: ClassVar[str] = "bond-mismatch"
    meaning: ClassVar[str] = "the bootloader expects a bond, and drops everyone with other keys"

    reason: int = _between(1, 0xFF, default=0x3D)


@dataclass(frozen=True, slots=True, kw_only=True)
class WrongAddress(Fault):
    """The bootloader advertises under another address than the next one."""

    name: ClassVar[str] = "wrong-address"
    meaning: ClassVar[str] = "the bootloader advertises under another address than the next one"

    offset: int = _between(0, 0xFF, default=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationCrash(Fault):
    """The application dies when it is to enter the bootloader."""

    name: ClassVar[str] = "application-crash"
    meaning: ClassVar[str] = "the application crashes before it jumps, and starts again"


@dataclass(frozen=True, slots=True, kw_only=True)
class CrystalDead(Fault):
    """The 32 kHz crystal does not start."""

    name: ClassVar[str] = "crystal"
    meaning: ClassVar[str] = "the 32 kHz crystal does not start, and the program waits for ever"

    program: str = field(
        default="bootloader", metadata={"choices": ("bootloader", "application", "both")}
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class BootloaderMissing(Fault):
    """There is no bootloader in flash."""

    name: ClassVar[str] = "bootloader-missing"
    meaning: ClassVar[str] = "there is no bootloader: the application simply starts again"


@dataclass(frozen=True, slots=True, kw_only=True)
class LegacyBootloader(Fault):
    """Another bootloader is in flash."""

    name: ClassVar[str] = "legacy-bootloader"
    meaning: ClassVar[str] = "another bootloader answers, with the legacy DFU service"


FAULTS: Final[dict[str, type[Fault]]] = {
    kind.name: kind
    for kind in (
        *(LostPackets, DelayedPackets, CorruptedPackets, DuplicatedPackets),
        *(LinkLoss, HostGone),
        *(PowerCutAt, BrownOut, DroppedOperation, WornPage),
        *(WatchdogRunning, StuckGpregret, StaleSettings),
        *(BondMismatch, WrongAddress, ApplicationCrash, CrystalDead),
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
