"""How one build of the bootloader behaves, as a value (ADR: profiles, not flags).

The numbers are those of the SDK's example builds (secure-dfu-bootloader spec, sections 1 and 6); a
product may change any of them, so each is a field.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from firmline.device.chips import Chip
from firmline.protocol.channels import Channel


@dataclass(frozen=True, slots=True, kw_only=True)
class BootloaderProfile:
    """One bootloader build.

    Attributes:
        name: Key, e.g. ``sdk15.3-ble``.
        sdk: SDK version, e.g. ``15.3.0``.
        channel: Where its requests arrive: CONTROL for Bluetooth LE, SERIAL for UART and USB.
        reduced_protocol: Whether it refuses opcodes 00, 07, 09, 0A and 0B with 02
            (NRF_DFU_PROTOCOL_REDUCED; set in the BLE example).
        hw_version: NRF_DFU_HW_VERSION; packages must name exactly this.
        bootloader_size: Size of the bootloader's region, bytes.
        app_data_size: Kept free below the bootloader by builds that are not BLE, bytes
            (NRF_DFU_APP_DATA_AREA_SIZE); what BLE builds keep depends on the chip.
        inactivity_timeout_s: Seconds in DFU mode without progress until it resets.
        continuation_timeout_s: The same after a SoftDevice update, while an application may follow.
        copy_step_pages: Pages copied between two saves of the progress in activation.
        bootloader_validation_index: Which boot validation entry of an SD+BL packet is the
            bootloader's: 0 on SDK 15.3 and 16, which reuse the SoftDevice's; 1 on 17.1 (section 7).
        exact_gpregret: DFU mode is entered only by the magic itself (17.1), not by any value that
            shares a bit with it (section 10, W1).
        reloads_settings_after_link_loss: A lost link throws the progress in RAM away (16 and 17.1;
            section 4.1, S13).
        checks_softdevice_family: A new SoftDevice must be of the installed one's family (16 and
            17.1; section 7.3).
        abort_disconnects: ABORT drops the link first, and does no reset ever where flash work is
            still going on: a known defect (16 and 17.1; section 2.5).
        receive_buffers: Buffers for data packets over Bluetooth LE (section 11); UART and USB
            have 3 of `mtu` bytes (section 13).
        mtu: Largest ATT MTU (BLE) or frame (serial), bytes.
        requires_bond: Whether it lets in only the host whose keys the application has left, and
            keeps the application's address (NRF_DFU_BLE_REQUIRES_BONDS; section 11).
        needs_usb: Whether it is reached over the chip's own USB.
        verified: Whether recorded transcripts confirm this profile.
    """

    name: str
    sdk: str
    channel: Channel
    reduced_protocol: bool
    hw_version: int = 52
    bootloader_size: int = 0x6000
    app_data_size: int = 0x3000
    inactivity_timeout_s: float = 120.0
    continuation_timeout_s: float = 10.0
    copy_step_pages: int = 8
    bootloader_validation_index: int = 0
    exact_gpregret: bool = False
    reloads_settings_after_link_loss: bool = False
    checks_softdevice_family: bool = False
    abort_disconnects: bool = False
    receive_buffers: int = 17
    mtu: int = 247
    requires_bond: bool = False
    needs_usb: bool = False
    verified: bool = True

    @property
    def is_ble(self) -> bool:
        """Whether it is reached over Bluetooth LE."""
        return self.channel is Channel.CONTROL


class Transport(StrEnum):
    """How a bootloader build is reached."""

    BLE = "ble"
    UART = "uart"
    USB = "usb"


_MTU: Final = {Transport.BLE: 247, Transport.UART: 131, Transport.USB: 2051}
"""Largest ATT MTU (section 11), and the answer to MTU_GET (section 13), bytes."""
_USB_BOOTLOADER_SIZE: Final = 0xA000
"""The USB example begins at 0xF4000 (section 6)."""


def _profile(sdk: str, transport: Transport, **differences: bool | int) -> BootloaderProfile:
    """The SDK's example build for one transport (spec sections 1 and 13)."""
    short = ".".join(sdk.split(".")[:2])
    is_ble, is_usb = transport is Transport.BLE, transport is Transport.USB
    if is_usb:
        differences |= {"bootloader_size": _USB_BOOTLOADER_SIZE, "needs_usb": True}
    return BootloaderProfile(
        name=f"sdk{short}-{transport}",
        sdk=sdk,
        channel=Channel.CONTROL if is_ble else Channel.SERIAL,
        reduced_protocol=is_ble,
        mtu=_MTU[transport],
        **differences,  # type: ignore[arg-type] # mypy cannot tell the fields apart here
    )


_UNVERIFIED: Final[dict[str, bool | int]] = {"verified": False}
"""No transcript was recorded from SDK 16, nor over USB."""
_SINCE_16: Final[dict[str, bool | int]] = {
    "reloads_settings_after_link_loss": True,
    "checks_softdevice_family": True,
    "abort_disconnects": True,
}
_SINCE_17_1: Final[dict[str, bool | int]] = {
    **_SINCE_16,
    "exact_gpregret": True,
    "bootloader_validation_index": 1,
}
SDK15_3_BLE = _profile("15.3.0", Transport.BLE)
SDK15_3_UART = _profile("15.3.0", Transport.UART)
SDK15_3_USB = _profile("15.3.0", Transport.USB, **_UNVERIFIED)
SDK16_BLE = _profile("16.0.0", Transport.BLE, **_UNVERIFIED, **_SINCE_16)
SDK16_UART = _profile("16.0.0", Transport.UART, **_UNVERIFIED, **_SINCE_16)
SDK16_USB = _profile("16.0.0", Transport.USB, **_UNVERIFIED, **_SINCE_16)
SDK17_1_BLE = _profile("17.1.0", Transport.BLE, **_SINCE_17_1)
SDK17_1_UART = _profile("17.1.0", Transport.UART, **_SINCE_17_1)
SDK17_1_USB = _profile("17.1.0", Transport.USB, **_UNVERIFIED, **_SINCE_17_1)
PROFILES = {
    profile.name: profile
    for profile in (
        *(SDK15_3_BLE, SDK15_3_UART, SDK15_3_USB),
        *(SDK16_BLE, SDK16_UART, SDK16_USB),
        *(SDK17_1_BLE, SDK17_1_UART, SDK17_1_USB),
    )
}


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryMap:
    """Where things are in flash; addresses in bytes (spec section 6).

    The two pages at the top are the MBR's parameters, which also hold the backup of the settings,
    and the settings.
    """

    page_size: int
    bootloader_start: int
    bootloader_size: int
    backup_page: int
    settings_page: int
    region_end: int

    @classmethod
    def of(cls, chip: Chip, profile: BootloaderProfile) -> MemoryMap:
        """The map of a chip with a bootloader of this profile."""
        start = chip.flash_size - 2 * chip.page_size - profile.bootloader_size
        return cls(
            page_size=chip.page_size,
            bootloader_start=start,
            bootloader_size=profile.bootloader_size,
            backup_page=chip.flash_size - 2 * chip.page_size,
            settings_page=chip.flash_size - chip.page_size,
            region_end=start
            - (chip.ble_app_data_size if profile.is_ble else profile.app_data_size),
        )

    def page_align(self, size: int) -> int:
        """``size`` rounded up to whole pages."""
        return -(-size // self.page_size) * self.page_size
