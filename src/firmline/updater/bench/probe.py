"""The debug probe: what it reads without stopping or resetting the unit.

RESETREAS alone does not tell a loss of power from no reset at all: both leave it empty, once it was
cleared. S_RESET_ST of the debug port does: it says that there was a reset since it was last read.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from enum import StrEnum
from typing import Final

from firmline.device.description import UnitDescription
from firmline.device.dump import dump_unit
from firmline.device.fabrication import fabricate
from firmline.device.unit import VirtualUnit
from firmline.diagnosis.autopsy.examination import Autopsy, examine
from firmline.formats.flash.registers import RESETREAS, ResetReason

POLL_S: Final = 0.01
"""How often the probe looks; a chip that restarts takes longer."""


class Reason(StrEnum):
    """Why the chip was reset, as its register tells."""

    SOFT = "soft"
    PIN = "pin"
    WATCHDOG = "watchdog"
    POWER = "power"
    """No bit is set: power-on or brown-out."""


_REASONS: Final = (
    (ResetReason.WATCHDOG, Reason.WATCHDOG),
    (ResetReason.PIN, Reason.PIN),
    (ResetReason.SOFT, Reason.SOFT),
)


class Probe:
    """A probe at a unit.

    Args:
        unit: The unit.
    """

    def __init__(self, unit: VirtualUnit) -> None:
        self._unit = unit
        self._has_cleared = False

    @asynccontextmanager
    async def resets_watched(self) -> AsyncIterator[list[Reason]]:
        """While the block runs, every reset is noted with its reason, in order."""
        found: list[Reason] = []
        self._take_reset()
        watching = asyncio.get_running_loop().create_task(self._watch(found))
        try:
            yield found
        finally:
            watching.cancel()

    async def _watch(self, found: list[Reason]) -> None:
        while True:
            await asyncio.sleep(POLL_S)
            reason = self._take_reset()
            if reason is not None:
                found.append(reason)

    def _take_reset(self) -> Reason | None:
        """Read both registers, and clear them; ``None``: there was no reset since the last time."""
        registers = self._unit.board.registers
        was_reset, bits = registers.was_reset, registers.resetreas
        self._has_cleared = True
        registers.was_reset, registers.resetreas = False, 0
        if not was_reset:
            return None
        return next((reason for bit, reason in _REASONS if bits & bit), Reason.POWER)

    @property
    def processor_awaits_clock(self) -> bool:
        """Whether the low frequency clock was started and does not run (LFCLKRUN, LFCLKSTAT)."""
        return self._unit.board.awaits_clock

    def examine(self) -> Autopsy:
        """Read flash, information registers and retained registers, and say what they tell.

        Who has cleared RESETREAS leaves it out: it tells of the probe then, not of the unit.
        """
        dump = dump_unit(self._unit)
        if self._has_cleared:
            kept = tuple(each for each in dump.spans if each.address != RESETREAS)
            dump = replace(dump, spans=kept)
        return examine(dump)

    def program_settings(self, description: UnitDescription) -> None:
        """Write the settings page and its backup as the factory had them."""
        board, fresh = self._unit.board, fabricate(description).board.flash
        for page in (board.memory.settings_page, board.memory.backup_page):
            self._program(page, fresh.read(page, board.flash.page_size))

    def program_all(self, description: UnitDescription) -> None:
        """Write the whole flash as the factory had it."""
        fresh = fabricate(description).board
        self._program(0, fresh.flash.read(0, fresh.flash.size))
        self._unit.board.uicr = fresh.uicr

    def _program(self, address: int, data: bytes) -> None:
        """Erase and write; what a worn page keeps, it keeps."""
        self._unit.board.flash.reprogram(address, data)
