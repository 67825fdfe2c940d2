"""The registers that outlive a reset, and tell what made it.

Source: nRF52832 product specification, chapter POWER; the nRF52840's has VBUS besides.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntFlag
from typing import Final

from firmline.formats.flash.dump import FlashDump

RESETREAS: Final = 0x4000_0400
GPREGRET: Final = 0x4000_051C
GPREGRET2: Final = 0x4000_0520


class ResetReason(IntFlag):
    """Bits of RESETREAS; they add up until somebody clears them or the power goes."""

    PIN = 1 << 0
    WATCHDOG = 1 << 1
    SOFT = 1 << 2
    LOCKUP = 1 << 3
    OFF = 1 << 16
    LPCOMP = 1 << 17
    DEBUG = 1 << 18
    NFC = 1 << 19
    VBUS = 1 << 20


REASONS: Final = {
    ResetReason.PIN: "the reset pin",
    ResetReason.WATCHDOG: "the watchdog",
    ResetReason.SOFT: "a soft reset",
    ResetReason.LOCKUP: "a lock-up of the processor",
    ResetReason.OFF: "a wake-up from System OFF by a pin",
    ResetReason.LPCOMP: "a wake-up from System OFF by LPCOMP",
    ResetReason.DEBUG: "a wake-up from System OFF by a debugger",
    ResetReason.NFC: "a wake-up from System OFF by NFC",
    ResetReason.VBUS: "a wake-up from System OFF by VBUS",
}
"""What each bit says, in words."""
REASON_BITS: Final = sum(REASONS)
"""All of them; the others are reserved, and read as 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Registers:
    """What was read; ``None``: that is not known.

    Attributes:
        resetreas: Bits of :class:`ResetReason`; others mean nothing.
        gpregret: 8 bits.
        gpregret2: 8 bits.
    """

    resetreas: int | None = None
    gpregret: int | None = None
    gpregret2: int | None = None

    def with_more(self, other: Registers) -> Registers:
        """The same, and what another reading has where this one has nothing."""
        more = {
            name: getattr(other, name) for name in self.__slots__ if getattr(self, name) is None
        }
        return replace(self, **more)


def registers_of(dump: FlashDump) -> Registers:
    """The registers that a dump holds."""
    retained = [dump.word(address) for address in (GPREGRET, GPREGRET2)]
    gpregret, gpregret2 = (None if each is None else each & 0xFF for each in retained)
    return Registers(resetreas=dump.word(RESETREAS), gpregret=gpregret, gpregret2=gpregret2)
