"""How an application takes its unit into the bootloader: which DFU service it offers."""

from __future__ import annotations

from enum import StrEnum

from firmline.protocol.channels import Channel


class ApplicationDfu(StrEnum):
    """The DFU service of an application."""

    BUTTONLESS = "buttonless"
    """8EC90003, open to everyone (SDK 13 and later; spec section 12)."""

    BONDED = "bonded"
    """8EC90004, for those with a bond, which the bootloader goes on with (spec sections 11, 12)."""

    EXPERIMENTAL = "experimental"
    """8E400001, the first one, of SDK 12: the same request, answered by a notification."""

    LEGACY = "legacy"
    """The service of SDKs before 12: it can be found, and every write is refused."""

    SMP = "smp"
    """MCUboot's management protocol: likewise."""

    TRIGGER = "trigger"
    """Nordic's DFU trigger interface, of applications over USB (protocol/usb_trigger.py)."""

    NONE = "none"
    """None."""

    @property
    def channels(self) -> frozenset[Channel]:
        """Where the unit can be asked into its bootloader."""
        match self:
            case ApplicationDfu.BUTTONLESS:
                return frozenset({Channel.BUTTONLESS})
            case ApplicationDfu.BONDED:
                return frozenset({Channel.BUTTONLESS_BONDED})
            case ApplicationDfu.EXPERIMENTAL:
                return frozenset({Channel.BUTTONLESS_EXPERIMENTAL})
            case _:
                return frozenset()
