"""The board of one virtual unit: the hardware and constants that all its programs share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Self

from firmline.device.application_dfu import ApplicationDfu
from firmline.device.chips import Chip
from firmline.device.flash import NorFlash
from firmline.device.physics.physics import Physics
from firmline.device.profile import BootloaderProfile, MemoryMap
from firmline.device.radio_face import ResetKind
from firmline.device.storage import Nvmc, Storage
from firmline.formats.flash.information import UICR_SIZE
from firmline.formats.flash.registers import ResetReason
from firmline.formats.keys import PublicKey
from firmline.formats.peer_data import PeerKeys
from firmline.formats.softdevice import (
    INFO_FLASH_ADDRESS,
    SOFTDEVICE_START,
    SoftDeviceInfo,
    parse_softdevice_info,
)
from firmline.formats.spans import ERASED
from firmline.values import BleAddress

SOFTDEVICE_MAGIC_ADDRESS: Final = INFO_FLASH_ADDRESS + 4
SOFTDEVICE_FAMILY_ADDRESS: Final = INFO_FLASH_ADDRESS + 0x10
SOFTDEVICE_VERSION_ADDRESS: Final = INFO_FLASH_ADDRESS + 0x14
"""Words of the SoftDevice's information structure in flash (spec section 16.2 S3)."""
_INFO_SIZE: Final = 0x18
_REASONS: Final = {
    ResetKind.PIN: ResetReason.PIN,
    ResetKind.WATCHDOG: ResetReason.WATCHDOG,
    ResetKind.SOFT: ResetReason.SOFT,
}


def _ignore(_what: str, **_facts: object) -> None:
    """Nobody listens yet."""


@dataclass(slots=True)
class Registers:
    """What survives a soft reset, and what made the resets so far (FORMAT.md, section 4.2)."""

    gpregret: int = 0
    gpregret2: int = 0
    resetreas: int = 0
    """Why it was reset: a bit for each kind that was, none for a loss of power (nRF52832 product
    specification, POWER)."""
    was_reset: bool = False
    """S_RESET_ST of DHCSR: whether it was reset since a probe has asked (ARMv7-M, C1.6.2)."""

    def note(self, kind: ResetKind) -> None:
        """RESETREAS adds up until the power goes, or a probe clears it."""
        reason = _REASONS.get(kind)
        self.resetreas = 0 if reason is None else self.resetreas | reason
        self.was_reset = True

    def clear(self) -> None:
        """What every reset but a soft one does."""
        self.gpregret = self.gpregret2 = 0


@dataclass(slots=True, kw_only=True)
class Board:
    """Flash, registers and constants of one unit.

    Attributes:
        chip: Its chip.
        profile: Its bootloader's build.
        memory: Where things are in flash.
        flash: Its flash.
        public_key: The key its bootloader trusts.
        registers: Retained registers.
        physics: What things cost; ``None``: lock step, nothing costs anything.
        storage: What its firmware writes flash through at present.
        log: Told of what happens inside: a name and plain facts.
        application_dfu: The DFU service that its application offers.
        uicr: What its user information holds, from its first byte.
        bonds: Whom its application has bonded with, by address; kept over resets, as a product's
            peer manager does.
        unaware: Those of them whom the application has still to tell that the services were others
            meanwhile; kept likewise.
        awaits_clock: Whether its processor waits for a 32 kHz clock that does not start.
    """

    chip: Chip
    profile: BootloaderProfile
    memory: MemoryMap
    flash: NorFlash
    public_key: PublicKey
    log: Callable[..., None] = _ignore
    registers: Registers = field(default_factory=Registers)
    application_dfu: ApplicationDfu = ApplicationDfu.BUTTONLESS
    uicr: bytes = ERASED * UICR_SIZE
    bonds: dict[BleAddress, PeerKeys] = field(default_factory=dict)
    unaware: set[BleAddress] = field(default_factory=set)
    physics: Physics | None = None
    awaits_clock: bool = False
    nvmc: Nvmc = field(init=False)
    storage: Storage = field(init=False)

    def __post_init__(self) -> None:
        self.nvmc = Nvmc(self.flash, self.physics)
        self.storage = self.nvmc

    @classmethod
    def of(
        cls,
        chip: Chip,
        profile: BootloaderProfile,
        flash: NorFlash,
        public_key: PublicKey,
        *,
        physics: Physics | None = None,
    ) -> Self:
        """A board with this chip and flash; where things are follows from the profile."""
        return cls(
            chip=chip,
            profile=profile,
            memory=MemoryMap.of(chip, profile),
            flash=flash,
            public_key=public_key,
            physics=physics,
        )

    def use_nvmc(self) -> None:
        """From now on the firmware drives the flash controller itself, as after every reset."""
        self.storage = self.nvmc

    def protect_bootloader(self) -> None:
        """From now to the next reset nobody changes the MBR and the bootloader (section 10)."""
        memory = self.memory
        self.flash.protect(0, SOFTDEVICE_START)
        self.flash.protect(memory.bootloader_start, memory.bootloader_size)

    def verify(self, message: bytes, signature: bytes) -> bool:
        """Check a signature with the key the bootloader trusts; that takes its time.

        Raises:
            PowerCut: The supply did not carry it.
        """
        if self.physics is not None:
            self.physics.compute(self.physics.timing.signature_check_s)
        return self.public_key.verify(message, signature)

    @property
    def softdevice(self) -> SoftDeviceInfo | None:
        """What the SoftDevice in flash says of itself; ``None`` without its magic word."""
        return parse_softdevice_info(self.flash.read(INFO_FLASH_ADDRESS, _INFO_SIZE))

    @property
    def bank_0_start(self) -> int:
        """Where the application lies: behind the SoftDevice, or behind the MBR (section 6).

        A size word near 2**32 wraps around, as in the C code.
        """
        softdevice = self.softdevice
        if softdevice is None:
            return SOFTDEVICE_START
        return self.memory.page_align(softdevice.size_word) & 0xFFFF_FFFF

    def forget_softdevice(self) -> None:
        """Zero the SoftDevice's magic word: from now on there is none (spec section 6)."""
        self.storage.write(SOFTDEVICE_MAGIC_ADDRESS, bytes(4))
