"""A watchdog that the application has started and nobody can stop but a reset (section 10).

It survives soft resets, and with them the jump into the bootloader. The bootloader reloads it once
it has started, except where the application has switched reload register 7 on, which the
bootloader's loop never reaches: a known defect up to SDK 17.1. Assumed: the application reloads it
up to its jump, and the bootloader up to its resets.
"""

from __future__ import annotations

from typing import Final

from firmline.device.faults.plan import WatchdogRunning
from firmline.device.radio_face import ResetKind

FORGOTTEN_REGISTER: Final = 7
"""The reload register that the bootloader never reaches."""


class Watchdog:
    """The watchdog of a unit whose application uses one.

    Args:
        fault: Its period and reload register.

    Attributes:
        due_s: When it resets the chip if nobody reloads it; ``None``: it is off, or is reloaded.
    """

    def __init__(self, fault: WatchdogRunning) -> None:
        self.due_s: float | None = None
        self._fault = fault
        self._runs_from_s: float | None = None

    def reset(self, kind: ResetKind, at_s: float) -> None:
        """The chip is reset: a soft reset leaves the watchdog as it is, the others stop it."""
        begun = self._runs_from_s is not None and self._runs_from_s <= at_s
        if kind is not ResetKind.SOFT or not begun:
            self._runs_from_s = None
            self.due_s = None
        elif self.due_s is None:
            self.due_s = at_s + self._fault.period_s

    def application_starts(self, at_s: float) -> None:
        """The application starts it, and reloads it from now on."""
        if self._runs_from_s is None:
            self._runs_from_s = at_s
        self._reload(at_s)

    def bootloader_starts(self, at_s: float) -> None:
        """The bootloader reloads it from now on, if it can."""
        if self._fault.reload_register != FORGOTTEN_REGISTER:
            self._reload(at_s)

    def _reload(self, at_s: float) -> None:
        """Before this the boot reloads nothing: a shorter period ends in the boot itself."""
        if self.due_s is not None and self.due_s >= at_s:
            self.due_s = None
