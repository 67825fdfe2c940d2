"""FICR, what the factory has written into a chip, and UICR, what its user has.

Sources: nRF52832, nRF52840 and nRF52833 product specifications, chapters FICR and UICR; of the
nRF51, nRF51 Series Reference Manual, the same. How APPROTECT is to be read depends on the
revision of the chip: older ones are open unless it says 0x00; newer ones, whose protection is in
hardware, are protected unless it says 0x5A (Nordic, *Working with the nRF52 Series' improved
APPROTECT*).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

from firmline.formats.flash.dump import INFORMATION, FlashDump

FICR: Final = INFORMATION.start
UICR: Final = FICR + 0x1000
ERASED_WORD: Final = 0xFFFF_FFFF
BOOTLOADER_ADDRESS: Final = UICR + 0x14  # NRFFW[0]
MBR_PARAMETERS_ADDRESS: Final = UICR + 0x18  # NRFFW[1]
RESET_PINS: Final = (UICR + 0x200, UICR + 0x204)  # PSELRESET[0], [1]
APPROTECT: Final = UICR + 0x208
UICR_SIZE: Final = 0x310  # up to the last register of an nRF52840, REGOUT0 and DEBUGCTRL among them
NRF51_PAGE_SIZE: Final = 0x400
NRF52_PAGE_SIZE: Final = 0x1000
NRF52_PARTS: Final = range(0x52800, 0x52900)
"""What INFO.PART says on every nRF52."""
_NOT_CONNECTED: Final = 1 << 31
_PIN: Final = 0x3F
_LETTERS: Final = range(0x20, 0x7F)
_KIB: Final = 1024


class Protection(Enum):
    """What UICR says of access through the debug port."""

    OPEN_IF_OLD = "open on chips of an older revision, protected on newer ones"
    OPEN = "open, also on chips of a newer revision"
    PROTECTED = "protected"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ficr:
    """What the factory says of a chip; ``None`` wherever the dump does not hold it.

    Attributes:
        part: 0x52832; ``None`` on an nRF51, too, which does not say.
        variant: Four letters, ``AAE0``.
        flash_size: Bytes.
        page_size: Bytes.
        ram_size: Bytes.
        device_id: 64 bits.
        address: The Bluetooth address that the factory gave, 48 bits, as digits with colons.
    """

    part: int | None = None
    variant: str | None = None
    flash_size: int | None = None
    page_size: int | None = None
    ram_size: int | None = None
    device_id: int | None = None
    address: str | None = None

    @property
    def is_of_nrf5(self) -> bool:
        """Whether what it says can be an nRF5x's: its part, or where none is named, its pages."""
        if self.part is not None:
            return self.part in NRF52_PARTS
        return self.page_size in (None, NRF51_PAGE_SIZE, NRF52_PAGE_SIZE)

    @property
    def is_nrf51(self) -> bool:
        """Whether its pages are those of an nRF51."""
        return self.part is None and self.page_size == NRF51_PAGE_SIZE


@dataclass(frozen=True, slots=True, kw_only=True)
class Uicr:
    """What UICR says; ``None`` wherever the dump does not hold it.

    Attributes:
        bootloader_address: NRFFW[0]; 0xFFFFFFFF: none.
        mbr_parameters_address: NRFFW[1]; likewise.
        reset_pins: PSELRESET[0] and [1].
        approtect: APPROTECT.
    """

    bootloader_address: int | None = None
    mbr_parameters_address: int | None = None
    reset_pins: tuple[int | None, int | None] = (None, None)
    approtect: int | None = None

    @property
    def reset_pin(self) -> int | None:
        """The number of the pin that resets the chip, port 1 from 32 on; ``None``: none does.

        Both registers have to say the same, or no pin does.
        """
        first, second = self.reset_pins
        if first is None or first != second or first & _NOT_CONNECTED:
            return None
        return first & _PIN

    @property
    def protection(self) -> Protection | None:
        """Whether the debug port is open; ``None``: that is not in the dump."""
        if self.approtect is None:
            return None
        match self.approtect & 0xFF:
            case 0x5A:
                return Protection.OPEN
            case 0xFF:
                return Protection.OPEN_IF_OLD
            case _:
                return Protection.PROTECTED


def ficr_of(dump: FlashDump) -> Ficr | None:
    """What FICR says; ``None``: none of it is in the dump."""
    if not dump.held(FICR, UICR):
        return None
    page, pages = _known(dump, 0x10), _known(dump, 0x14)
    low, high = _known(dump, 0x60), _known(dump, 0x64)
    variant, ram = _known(dump, 0x104), _known(dump, 0x10C)
    return Ficr(
        part=_known(dump, 0x100),
        variant=None if variant is None else _letters(variant),
        flash_size=None if page is None or pages is None else page * pages,
        page_size=page,
        ram_size=None if ram is None else ram * _KIB,
        device_id=None if low is None or high is None else high << 32 | low,
        address=_address(_known(dump, 0xA4), _known(dump, 0xA8)),
    )


def uicr_of(dump: FlashDump) -> Uicr | None:
    """What UICR says; ``None``: none of it is in the dump."""
    if not dump.held(UICR, UICR + UICR_SIZE):
        return None
    return Uicr(
        bootloader_address=dump.word(BOOTLOADER_ADDRESS),
        mbr_parameters_address=dump.word(MBR_PARAMETERS_ADDRESS),
        reset_pins=(dump.word(RESET_PINS[0]), dump.word(RESET_PINS[1])),
        approtect=dump.word(APPROTECT),
    )


def _known(dump: FlashDump, offset: int) -> int | None:
    """A word of FICR; what the factory has left erased it does not say."""
    value = dump.word(FICR + offset)
    return None if value == ERASED_WORD else value


def _letters(variant: int) -> str:
    """``AAE0``; the register holds the first letter in its highest byte."""
    raw = variant.to_bytes(4, "big")
    return raw.decode("ascii") if all(each in _LETTERS for each in raw) else f"0x{variant:08X}"


def _address(low: int | None, high: int | None) -> str | None:
    if low is None or high is None:
        return None
    whole = ((high & 0xFFFF) << 32 | low) | 0xC000_0000_0000  # a random static address (nRF52 FICR)
    return ":".join(f"{byte:02X}" for byte in whole.to_bytes(6, "big"))
