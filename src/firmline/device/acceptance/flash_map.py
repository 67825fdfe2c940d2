"""What lies where in a unit's flash while an image comes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from firmline.device.acceptance.candidate import Candidate
from firmline.device.bootloader.settings_ram import Bank
from firmline.formats.softdevice import SOFTDEVICE_START


class RegionKind(StrEnum):
    """What a piece of flash holds."""

    MBR = "mbr"
    SOFTDEVICE = "softdevice"
    BANK_0 = "bank_0"
    """The installed application."""
    BANK_1 = "bank_1"
    """The image that comes, beside what is installed."""
    IN_PLACE = "in_place"
    """The image that comes, in the place of what was installed."""
    FREE = "free"
    DATA = "application_data"
    BOOTLOADER = "bootloader"
    MBR_PARAMETERS = "mbr_parameters"
    """The MBR's parameters, which also hold the backup of the settings."""
    SETTINGS = "bootloader_settings"


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """A piece of flash.

    Attributes:
        kind: What it holds.
        start: Its first address.
        end: The first address behind it.
        used: Bytes that hold something, from ``start``; the rest of the last page is padding.
    """

    kind: RegionKind
    start: int
    end: int
    used: int

    @property
    def size(self) -> int:
        """Bytes from ``start`` to ``end``."""
        return self.end - self.start


def flash_map(candidate: Candidate) -> tuple[Region, ...]:
    """The whole flash, from address 0 to its end, as it is when the image has come.

    An image that finds no room is left out: the map then shows the room there is.
    """
    board, memory = candidate.board, candidate.board.memory
    pieces = [_region(RegionKind.MBR, 0, SOFTDEVICE_START)]
    place, application = candidate.place, candidate.settings.bank_0
    start = board.bank_0_start
    if start > SOFTDEVICE_START and (place is None or place.keeps_softdevice):
        used = board.softdevice.size_word if board.softdevice is not None else start
        pieces.append(_region(RegionKind.SOFTDEVICE, SOFTDEVICE_START, used, end=start))
    stays = place is None or place.keeps_application
    if stays and application.code == Bank.APPLICATION and application.size:
        end = start + application.size
        pieces.append(
            _region(RegionKind.BANK_0, start, end, end=start + memory.page_align(application.size))
        )
    if place is not None:
        size = candidate.command.firmware_size
        pieces.append(
            _region(
                RegionKind.BANK_1 if place.keeps_application else RegionKind.IN_PLACE,
                place.address,
                place.address + size,
                end=min(place.address + memory.page_align(size), memory.region_end),
            )
        )
    pieces += [
        _region(RegionKind.DATA, memory.region_end, memory.bootloader_start),
        _region(RegionKind.BOOTLOADER, memory.bootloader_start, memory.backup_page),
        _region(RegionKind.MBR_PARAMETERS, memory.backup_page, memory.settings_page),
        _region(RegionKind.SETTINGS, memory.settings_page, board.chip.flash_size),
    ]
    return tuple(_with_gaps(pieces))


def _region(kind: RegionKind, start: int, used_to: int, *, end: int | None = None) -> Region:
    return Region(kind=kind, start=start, end=used_to if end is None else end, used=used_to - start)


def _with_gaps(pieces: list[Region]) -> list[Region]:
    filled: list[Region] = []
    for piece in pieces:
        if piece.size <= 0:
            continue
        behind = filled[-1].end if filled else 0
        if piece.start > behind:
            filled.append(Region(kind=RegionKind.FREE, start=behind, end=piece.start, used=0))
        filled.append(piece)
    return filled
