"""Where a settings page and its backup may lie, and which images they cannot be written for.

Rules of this module: only what is certain is refused, as in :mod:`firmline.formats.placement`. A
bootloader erases and rewrites whole flash pages, so a settings page begins one, and nothing else
lies in it. An application lies behind the SoftDevice, and both lie below the settings pages.
"""

from __future__ import annotations

from dataclasses import dataclass

from firmline.errors import Code, InputError
from firmline.formats.families import BACKUP_DISTANCE, Family
from firmline.formats.firmware import FirmwareImage, find_softdevice
from firmline.formats.placement import check_images, softdevice_end
from firmline.formats.softdevice import SOFTDEVICE_START


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsPlaces:
    """Where the pages lie.

    Attributes:
        family: In whose flash.
        address: Of the settings page.
        backup_address: Of its backup; None if there is none.
    """

    family: Family
    address: int
    backup_address: int | None

    @property
    def pages(self) -> tuple[tuple[str, int], ...]:
        """What lies where: the settings page, and its backup if there is one."""
        backup = self.backup_address
        main = ("settings page", self.address)
        return (main,) if backup is None else (main, ("backup of the settings page", backup))


def place_settings(
    family: Family,
    *,
    address: int | None = None,
    backup_address: int | None = None,
    has_backup: bool = True,
) -> SettingsPlaces:
    """The places that nrfutil chooses where none are given, and only such as can be.

    Args:
        family: In whose flash.
        address: Of the settings page; None: as the family's bootloaders have it.
        backup_address: Of its backup; None: 0x1000 below.
        has_backup: Whether there is a backup at all.

    Raises:
        InputError: ``SETTINGS_PLACE``.
    """
    main = family.settings_address if address is None else address
    _check_page("The settings page", main, family)
    if not has_backup:
        return SettingsPlaces(family=family, address=main, backup_address=None)
    backup = main - BACKUP_DISTANCE if backup_address is None else backup_address
    if backup_address is None and backup < SOFTDEVICE_START:
        raise _no_place(
            f"There is no room for the backup 0x{BACKUP_DISTANCE:X} below the settings page at"
            f" 0x{main:X}.",
            "Name its place with --backup-address, or leave it out with --no-backup.",
        )
    _check_page("The backup page", backup, family)
    if abs(backup - main) < family.page_size:
        raise _no_place(
            f"The settings page and its backup cannot both lie at 0x{main:X}.",
            "The backup of the SDK's bootloaders lies 0x1000 below the settings page.",
        )
    return SettingsPlaces(family=family, address=main, backup_address=backup)


def _check_page(what: str, address: int, family: Family) -> None:
    if address % family.page_size:
        raise _no_place(
            f"{what} cannot begin at 0x{address:X}: a flash page of {family.name} begins at a"
            f" multiple of 0x{family.page_size:X}.",
            "Take the address from the bootloader's linker script.",
        )
    if address + family.page_size > family.flash_size:
        raise _no_place(
            f"{what} at 0x{address:X} is outside the flash of {family.name}, which ends at"
            f" 0x{family.flash_size:X}.",
            "See that --family names the chip; the address is counted from 0.",
        )
    if address < SOFTDEVICE_START:
        raise _no_place(
            f"{what} cannot lie at 0x{address:X}: flash below 0x{SOFTDEVICE_START:X} is the MBR's.",
            "Take the address from the bootloader's linker script.",
        )


def check_settings_images(
    places: SettingsPlaces,
    *,
    application: FirmwareImage | None,
    softdevice: FirmwareImage | None,
) -> None:
    """Refuse images that no unit with such a settings page can hold.

    Args:
        places: Where the pages lie.
        application: That the page describes.
        softdevice: That the page describes.

    Raises:
        InputError: As :func:`~firmline.formats.placement.check_images`; ``IMAGE_TOO_LARGE`` (it
            does not fit into the flash), or ``SETTINGS_PLACE`` (a page lies in an image).
    """
    info = find_softdevice(softdevice) if softdevice is not None else None
    check_images(
        application=application,
        softdevice=softdevice,
        application_sd_req=() if info is None else (info.fwid,),
        page_size=places.family.page_size,
    )
    if softdevice is not None:
        _check_clear(softdevice, SOFTDEVICE_START, places)
    if application is not None:
        end = SOFTDEVICE_START if softdevice is None else softdevice_end(softdevice)
        _check_clear(application, end, places)


def _check_clear(image: FirmwareImage, lowest: int, places: SettingsPlaces) -> None:
    """Refuse an image that reaches into a page, or past the end of the flash.

    Args:
        image: Which.
        lowest: Where it begins at the earliest; plain bytes do not say where.
        places: Where the pages lie.
    """
    start = lowest if image.address is None else image.address
    end = start + len(image.data)
    name, family = image.source_name, places.family
    reach = f"{name} reaches {'at least ' if image.address is None else ''}to 0x{end:X}"
    if end > family.flash_size:
        raise InputError(
            Code.IMAGE_TOO_LARGE,
            f"{reach}, and the flash of {family.name} ends at 0x{family.flash_size:X}.",
            hint="See that --family names the chip, and that the file is one image alone.",
        )
    for what, address in places.pages:
        if start < address + family.page_size and address < end:
            raise _no_place(
                f"{reach}, and the {what} lies in it, at 0x{address:X}.",
                "Give the image's own hex file, not one merged for a programmer, and see that"
                " --family names the chip.",
            )


def _no_place(message: str, hint: str) -> InputError:
    return InputError(Code.SETTINGS_PLACE, message, hint=hint)
