"""Which Bluetooth stack is under Bleak on this computer, and what is different there."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bleak.backends.adapter import BaseBleakAdapter
    from bleak.backends.client import BaseBleakClient
    from bleak.backends.scanner import BaseBleakScanner


class System(StrEnum):
    """What speaks Bluetooth for Bleak."""

    BLUEZ = "BlueZ"
    WINRT = "Windows"
    CORE_BLUETOOTH = "CoreBluetooth"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """A Bluetooth stack, as Bleak offers it.

    Attributes:
        system: What is under Bleak.
        scanner: A scanner to use instead of the system's (Bleak: ``backend=``).
        client: A client, likewise.
        adapter: An adapter, likewise.
    """

    system: System
    scanner: type[BaseBleakScanner] | None = None
    client: type[BaseBleakClient] | None = None
    adapter: type[BaseBleakAdapter] | None = None

    @property
    def addresses_visible(self) -> bool:
        """Whether units are seen under their addresses; macOS shows identifiers of its own."""
        return self.system is not System.CORE_BLUETOOTH

    @property
    def remembers_services(self) -> bool:
        """Whether the services of a unit that was here before are not read again.

        BlueZ keeps them over reboots, for units without a bond, too, and Bleak cannot have it read
        them anew (hbldh/bleak#882). What it has forgotten, it reads.
        """
        return self.system is System.BLUEZ

    @property
    def remembers_bonded_services(self) -> bool:
        """Whether that is so of a unit with a bond, which is not forgotten for that.

        It has to indicate Service Changed then. Windows can be told to read them again.
        """
        return self.system is not System.WINRT


def this_stack(platform: str = sys.platform) -> Stack:
    """The stack of this computer."""
    match platform:
        case "darwin":
            return Stack(system=System.CORE_BLUETOOTH)
        case "win32":
            return Stack(system=System.WINRT)
        case _:
            return Stack(system=System.BLUEZ)
