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
from firmline.formats.known_softdevices import describe_fwid
from firmline.formats.softdevice import SOFTDEVICE_START, SoftDeviceInfo, softdevice_in_image


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
        InputError: ``IMAGE_NOT_A_SOFTDEVICE``, ``IMAGE_OVERLAPS_SOFTDEVICE``, ``IMAGE_TOO_LARGE``
            (it does not fit into the flash), or ``SETTINGS_PLACE`` (a page lies in an image).
    """
    if softdevice is not None:
        _check_softdevice(softdevice, application)
        _check_clear(softdevice, SOFTDEVICE_START, places)
    if application is None:
        return
    if (inside := find_softdevice(application)) is not None:
        raise InputError(
            Code.IMAGE_OVERLAPS_SOFTDEVICE,
            f"{application.source_name} is meant to be an application, but it contains a SoftDevice"
            f" in front of it, FWID {describe_fwid(inside.fwid)}.",
            hint="Give the application's own hex file, not the merged one for a programmer.",
        )
    end = SOFTDEVICE_START if softdevice is None else softdevice_end(softdevice)
    if softdevice is not None and application.address is not None and application.address < end:
        raise InputError(
            Code.IMAGE_OVERLAPS_SOFTDEVICE,
            f"{application.source_name} begins at 0x{application.address:X}, inside the SoftDevice"
            f" in {softdevice.source_name}, which reaches to 0x{end:X}.",
            hint="Link the application for the SoftDevice that the unit has.",
        )
    _check_clear(application, end, places)


def softdevice_end(softdevice: FirmwareImage) -> int:
    """The first address behind a SoftDevice, by its bytes and by its own word where it has one."""
    end = SOFTDEVICE_START + len(softdevice.data)
    info = find_softdevice(softdevice)
    return end if info is None else max(end, info.size_word)


def _check_softdevice(softdevice: FirmwareImage, application: FirmwareImage | None) -> None:
    name = softdevice.source_name
    info = find_softdevice(softdevice)
    hint = "Give the SoftDevice's own hex file, as its maker ships it."
    if softdevice.address not in (None, SOFTDEVICE_START):
        why = f"it begins at 0x{softdevice.address:X}, and every SoftDevice at 0x1000"
    elif info is None and application is not None and application.data == softdevice.data:
        why = f"it holds the same bytes as the application, {application.source_name}"
    elif info is not None and softdevice.address is None and not _is_bare(softdevice):
        why = "it begins with the MBR, which no boot check covers"
    elif info is not None and SOFTDEVICE_START + len(softdevice.data) > _page_behind(info):
        why = (
            f"it reaches to 0x{SOFTDEVICE_START + len(softdevice.data):X}, and the SoftDevice in it"
            f" ends at 0x{info.size_word:X}"
        )
    else:
        return
    raise InputError(
        Code.IMAGE_NOT_A_SOFTDEVICE, f"{name} is not a SoftDevice alone: {why}.", hint=hint
    )


def _is_bare(softdevice: FirmwareImage) -> bool:
    return softdevice_in_image(softdevice.data) is not None


def _page_behind(info: SoftDeviceInfo) -> int:
    """The end of the last flash page that a SoftDevice may use."""
    return info.size_word + -info.size_word % 0x1000


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
