"""A chip behind a debug probe, at the level of pyOCD's probes: ADIv5 requests and their answers.

Everything above is pyOCD's own: its session, debug port and access ports. Registers and access
ports are those of an nRF52832 (product specification, debug; Arm ADIv5.2). What is written to the
chip's memory, to its control port or to its reset line is kept: there must be nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pyocd.core import exceptions
from pyocd.probe.debug_probe import DebugProbe

from firmline.formats.flash.dump import FlashDump

DPIDR = 0x2BA0_1477
AHB_AP_IDR = 0x2477_0011
CTRL_AP_IDR = 0x1288_0000
CTRL_STAT, SELECT = 0x4, 0x8
POWER_REQUESTS = 0x5000_0000
CSW, TAR, DRW, CFG, BASE, IDR = 0x00, 0x04, 0x0C, 0xF4, 0xF8, 0xFC
APPROTECT_STATUS = 0x0C


class ChipAtProbe(DebugProbe):  # type: ignore[misc] # pyOCD has no types
    """A probe, and the chip that it is connected to.

    Args:
        memory: What the chip holds.
        protected: Whether APPROTECT is set.
        control_idr: What its second access port says it is; 0: there is none.
        unreadable: Addresses that answer with a fault.
        connected: Whether there is contact.
    """

    def __init__(
        self,
        memory: FlashDump,
        *,
        protected: bool = False,
        control_idr: int = CTRL_AP_IDR,
        unreadable: range = range(0),
        connected: bool = True,
    ) -> None:
        super().__init__()
        self.memory = memory
        self._flash = memory.read(0, 0x10_0000)
        self.protected = protected
        self.control_idr = control_idr
        self.unreadable = unreadable
        self.connected = connected
        self.intruded: list[str] = []
        self.requests = 0
        self.was_closed = False
        self._open = False
        self._protocol: Any = None
        self._select = 0
        self._ports: dict[int, int] = {CSW: 0x2300_0052, TAR: 0}

    # What a probe says of itself.

    vendor_name = "Virtual"
    product_name = "Probe"
    unique_id = "0685"
    supported_wire_protocols = (DebugProbe.Protocol.DEFAULT, DebugProbe.Protocol.SWD)
    capabilities = frozenset({DebugProbe.Capability.SWJ_SEQUENCE})

    @property
    def wire_protocol(self) -> Any:
        return self._protocol

    @property
    def is_open(self) -> bool:
        return self._open

    @property
    def powered(self) -> bool:
        """Whether the chip's debug domain, or its system for it, is still asked to be on."""
        return self.requests != 0

    def open(self) -> None:
        self._open = True

    def close(self) -> None:
        self._open = False
        self.was_closed = True

    def connect(self, protocol: Any = None) -> None:
        del protocol
        self._protocol = DebugProbe.Protocol.SWD

    def disconnect(self) -> None:
        self._protocol = None

    def swj_sequence(self, length: int, bits: int) -> None:
        """Selects the protocol."""

    def set_clock(self, frequency: float) -> None:
        """Any will do."""

    def reset(self) -> None:
        self.intruded.append("reset")

    def assert_reset(self, asserted: bool) -> None:
        if asserted:
            self.intruded.append("reset line")

    def is_reset_asserted(self) -> bool:
        return False

    def flush(self) -> None:
        """Nothing waits."""

    # The debug port.

    def read_dp(self, addr: int, now: bool = True) -> Any:
        self._check()
        value = DPIDR
        if addr == CTRL_STAT:
            value = self.requests | self.requests << 1  # each is acknowledged in the next bit
        return self._answer(value, now=now)

    def write_dp(self, addr: int, data: int) -> None:
        self._check()
        if addr == SELECT:
            self._select = data
        elif addr == CTRL_STAT:
            self.requests = data & POWER_REQUESTS

    # The access ports.

    def read_ap(self, addr: int, now: bool = True) -> Any:
        return self._answer(self._read_ap(addr), now=now)

    def write_ap(self, addr: int, data: int) -> None:
        self._check()
        port, register = self._where(addr)
        if port == 1:
            self.intruded.append(f"control port {register:#x}")
        elif register in self._ports:
            self._ports[register] = data
        elif register == DRW:
            self.intruded.append(f"memory {self._ports[TAR]:#x}")

    def read_ap_multiple(self, addr: int, count: int = 1, now: bool = True) -> Any:
        return self._answer([self._read_ap(addr) for _ in range(count)], now=now)

    def write_ap_multiple(self, addr: int, values: Any) -> None:
        for value in values:
            self.write_ap(addr, value)

    def _read_ap(self, addr: int) -> int:
        self._check()
        port, register = self._where(addr)
        match port, register:
            case 1, _ if register == IDR:
                return self.control_idr
            case 1, _ if register == APPROTECT_STATUS:
                return 0 if self.protected else 1
            case 0, _ if register == IDR:
                return AHB_AP_IDR
            case 0, _ if register == DRW:
                return self._read_memory()
            case 0, _:
                return self._ports.get(register, {BASE: 0xE00F_F003, CFG: 0}.get(register, 0))
            case _:
                return 0

    def _read_memory(self) -> int:
        address = self._ports[TAR]
        if self.protected or address in self.unreadable:
            raise exceptions.TransferFaultError(address)
        self._ports[TAR] += 4
        if address < len(self._flash):
            return int.from_bytes(self._flash[address : address + 4], "little")
        return int.from_bytes(self.memory.read(address, 4), "little")

    def _where(self, addr: int) -> tuple[int, int]:
        """Which access port, and which of its registers: pyOCD gives both in the address."""
        return addr >> 24, addr & 0xFF

    def _check(self) -> None:
        if not self.connected:
            raise exceptions.TransferError("No ACK")

    @staticmethod
    def _answer(value: Any, *, now: bool) -> Any:
        later: Callable[[], Any] = lambda: value  # noqa: E731 - pyOCD wants a function
        return value if now else later
