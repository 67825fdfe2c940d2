"""Faults of a connection to the bootloader: when one ends that nobody has ended."""

from __future__ import annotations

from typing import Final

from firmline.device.faults.plan import BondMismatch, FaultPlan, HostGone, LinkLoss

SUPERVISION_S: Final = 6.0
"""How long a side waits for one that is not heard any more (bootloader spec, section 11)."""

LinkFault = LinkLoss | HostGone | BondMismatch


class _Waiting:
    """A fault that still has to strike, once or more often."""

    def __init__(self, fault: LinkLoss | HostGone) -> None:
        self.fault = fault
        self.times = fault.times if isinstance(fault, LinkLoss) else 1


class LinkFaults:
    """Counts the packets of each connection, and tells what ends it.

    Args:
        plan: What is wrong.
    """

    def __init__(self, plan: FaultPlan) -> None:
        self._bond = plan.one(BondMismatch)
        self._waiting = [
            _Waiting(fault) for fault in plan.faults if isinstance(fault, LinkLoss | HostGone)
        ]
        self._packets = 0

    def connected(self) -> LinkFault | None:
        """A connection begins; what ends it at once."""
        self._packets = 0
        return self._bond or self._struck()

    def packet(self) -> LinkFault | None:
        """A packet has come; what ends the connection behind it."""
        self._packets += 1
        return self._struck()

    def _struck(self) -> LinkFault | None:
        for waiting in self._waiting:
            if waiting.times and waiting.fault.after_packets == self._packets:
                waiting.times -= 1
                return waiting.fault
        return None
