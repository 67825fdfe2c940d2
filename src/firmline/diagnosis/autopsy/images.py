"""Findings on what lies in flash: MBR, SoftDevice, application, bootloader."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Final

from firmline.diagnosis.autopsy.body import Body, is_empty
from firmline.diagnosis.autopsy.finding import Finding, Place, fact, fault, flag, remark, right
from firmline.diagnosis.autopsy.layout import MBR_BOOTLOADER_WORD, MBR_PARAMETERS_WORD
from firmline.diagnosis.evidence import Evidence
from firmline.formats.boot_check import passes_boot_check
from firmline.formats.flash.dump import FLASH_END
from firmline.formats.flash.information import ERASED_WORD
from firmline.formats.flash.signs import mcuboot_images
from firmline.formats.flash.vector_table import TABLE_SIZE, is_program, table_problem
from firmline.formats.known_softdevices import describe_fwid
from firmline.formats.settings_page import BankCode, PageValidation, SettingsPage
from firmline.formats.softdevice import SOFTDEVICE_START, SoftDeviceInfo, softdevice_version_text

MBR_COMMAND_COPY: Final = 0
"""First word of the MBR's parameters while it copies a bootloader (``sd_mbr_command_t``)."""
WORN_WORDS: Final = 8
"""So many words of an erased page with a bit at zero are those of a page that wears out; ours."""
_WORD: Final = 4
_SDK_OF: Final = {2: "sdk_le11", 3: "sdk_12", 4: "sdk_13_14", 5: "sdk_13_14"}
"""SDK generation by the major version of the SoftDevice that goes with it (its release notes)."""


def image_findings(body: Body) -> Iterator[Finding]:
    """MBR, SoftDevice, application and bootloader, in their order in flash."""
    yield from _mbr(body)
    yield from _softdevice(body)
    yield from _application(body)
    yield from _worn_pages(body)
    yield from _bootloader(body)


# MBR.


def _mbr(body: Body) -> Iterator[Finding]:
    page = body.image(0, SOFTDEVICE_START)
    if page is None:
        text = "The MBR's page (0x0 to 0x1000) is not in the dump."
        yield remark("mbr-not-in-dump", Place.MBR, text)
        return
    if not page.strip(b"\xff"):
        text = (
            "The MBR's page is erased: nothing on this chip starts, whatever else it holds. The"
            " image of the SoftDevice has the MBR in it."
        )
        where = "0x0 to 0x1000"
        evidence = (flag("no_softdevice_in_flash", where), fact("end_state", "gone_silent", where))
        yield fault("mbr-erased", Place.MBR, text, "serial-softdevice-missing", evidence=evidence)
        return
    if not is_program(page, 0, SOFTDEVICE_START):
        yield from _no_mbr(body, page)
        return
    words = [body.dump.word(each) for each in (MBR_BOOTLOADER_WORD, MBR_PARAMETERS_WORD)]
    told = [
        f"{what} 0x{word:X}"
        for what, word in zip(("bootloader at", "parameters at"), words, strict=True)
        if word not in (None, ERASED_WORD)
    ]
    own = f", whose last words say {' and '.join(told)}" if told else ""
    yield right("mbr", Place.MBR, f"An MBR is in its place{own}.")
    yield from _mbr_command(body)


def _no_mbr(body: Body, page: bytes) -> Iterator[Finding]:
    if is_program(page, 0, FLASH_END):
        text = (
            "At address 0 stands a program and not the MBR: units with a SoftDevice and the SDK's"
            " Secure DFU have the MBR there."
        )
        yield fault("mbr-replaced", Place.MBR, text, "jump-bootloader-missing")
    else:
        problem = table_problem(page, 0, SOFTDEVICE_START, where="the MBR's page")
        text = f"What is at address 0 is no MBR: {problem}."
        yield fault("mbr-damaged", Place.MBR, text, "jump-bootloader-missing")
    at = _mcuboot_image(body)
    if at is not None:
        where = f"image header at 0x{at:X}"
        text = f"An image for MCUboot begins at 0x{at:X}: this unit has another bootloader."
        yield remark("mcuboot", Place.MBR, text, evidence=(fact("bootloader", "mcuboot", where),))


def _mcuboot_image(body: Body) -> int | None:
    return next(mcuboot_images(body.dump.flash), None)


def _mbr_command(body: Body) -> Iterator[Finding]:
    """A copy of a bootloader that a loss of power has interrupted."""
    at, bootloader = body.layout.backup, body.layout.bootloader
    if at is None or bootloader is None or not body.dump.held(at, at + 3 * _WORD):
        return
    command, source, words = (body.dump.word(at + _WORD * index) for index in range(3))
    if command != MBR_COMMAND_COPY or source is None or not words:
        return
    if SOFTDEVICE_START <= source < bootloader and source + words * _WORD <= bootloader:
        text = (
            f"The MBR has a copy to finish: {words * _WORD:,} bytes from 0x{source:X} become the"
            " bootloader. The power went while it was at it; it goes on at the next start."
        )
        found = flag("image_waits_in_flash", f"MBR parameters at 0x{at:X}")
        yield remark("mbr-copies", Place.MBR, text, "power-loss-mid-update", evidence=(found,))


# SoftDevice.


def _softdevice(body: Body) -> Iterator[Finding]:
    info = body.layout.softdevice
    if info is not None:
        yield from _known_softdevice(body, info)
        return
    if body.image(SOFTDEVICE_START, 0x2100) is None:
        text = "The SoftDevice's place (from 0x1000 on) is not in the dump."
        yield remark("softdevice-not-in-dump", Place.SOFTDEVICE, text)
        return
    found = flag("no_softdevice_in_flash", "0x3004")
    if body.layout.lacks_softdevice:
        yield _softdevice_gone(body, found)
        return
    text = (
        "There is no SoftDevice: at 0x3004 its magic word is missing. A bootloader or an"
        " application with Bluetooth cannot run; a UART or USB bootloader can do without."
    )
    yield remark(
        "softdevice-missing",
        Place.SOFTDEVICE,
        text,
        "serial-softdevice-missing",
        evidence=(found,),
    )


def _softdevice_gone(body: Body, found: Evidence) -> Finding:
    """It is not where the application has been linked to have it."""
    start = body.layout.application or SOFTDEVICE_START
    there = body.dump.read(SOFTDEVICE_START, start - SOFTDEVICE_START)
    state = "was erased" if not there.strip(b"\xff") else "was written over"
    text = (
        f"The SoftDevice {state}: its place, 0x{SOFTDEVICE_START:X} to 0x{start:X}, has none, and"
        " the application that the settings describe lies whole behind it. Neither it nor a"
        " bootloader with Bluetooth can run until the SoftDevice is programmed again."
    )
    return fault(
        "softdevice-erased",
        Place.SOFTDEVICE,
        text,
        "serial-softdevice-missing",
        evidence=(found,),
    )


def _known_softdevice(body: Body, info: SoftDeviceInfo) -> Iterator[Finding]:
    version = "" if info.version is None else f" {softdevice_version_text(info.version)}"
    family = "" if info.family is None else f", family S{info.family}{version}"
    text = f"SoftDevice FWID {describe_fwid(info.fwid)}{family}, up to 0x{info.size_word:X}."
    sdk = _sdk(info)
    evidence = () if sdk is None else (fact("sdk", sdk, f"assumed from SoftDevice{version}"),)
    yield right("softdevice", Place.SOFTDEVICE, text, evidence=evidence)
    settings = body.settings
    if settings is None or settings.validations is None:
        return
    entry = settings.validations.softdevice
    checked = _passes(body, entry, SOFTDEVICE_START, settings.sd_size)
    if checked is False:
        text = (
            f"The SoftDevice in flash is not the one that the settings describe ("
            f"{settings.sd_size:,} bytes): the bootloader starts no application over it."
        )
        found = flag("app_differs_from_settings", "boot validation of the SoftDevice")
        yield fault(
            "softdevice-differs", Place.SOFTDEVICE, text, "app-invalid-settings", evidence=(found,)
        )


def _sdk(info: SoftDeviceInfo) -> str | None:
    """The SDK generation that a SoftDevice's version goes with, as far as it says (spec 15)."""
    if info.version is None:
        return None
    major, rest = divmod(info.version, 1_000_000)
    minor, patch = divmod(rest, 1_000)
    match major:
        case 6:
            return "sdk_15_3" if (minor, patch) >= (1, 1) else "sdk_15"
        case 7:
            return "sdk_16" if minor < 2 else "sdk_17"
        case _:
            return _SDK_OF.get(major)


# Application.


def _application(body: Body) -> Iterator[Finding]:
    start = body.layout.application
    if start is None or body.image(start, TABLE_SIZE) is None:
        place = "" if start is None else f" (from 0x{start:X} on)"
        text = f"The application's place{place} is not in the dump."
        yield remark("application-not-in-dump", Place.APPLICATION, text)
        return
    blank = not body.dump.read(start, TABLE_SIZE).strip(b"\xff")
    settings = body.settings
    if settings is None:
        text = f"At 0x{start:X} {'nothing lies' if blank else 'something lies'}, and no settings"
        yield remark("application-unrecorded", Place.APPLICATION, f"{text} say what it is.")
    elif settings.bank_0.code == BankCode.APPLICATION:
        yield from _recorded(body, settings, start, blank=blank)
    else:
        yield from _not_recorded(settings, start, blank=blank)
    if not blank:
        yield from _vectors(body, settings, start)


def _recorded(body: Body, settings: SettingsPage, start: int, *, blank: bool) -> Iterator[Finding]:
    bank = settings.bank_0
    image = body.image(start, bank.size)
    what = f"{bank.size:,} bytes from 0x{start:X} on"
    if image is None:
        text = f"Of the application ({what}) the dump holds a part: its checksum cannot be seen."
        yield remark("application-in-part", Place.APPLICATION, text)
        return
    crc = zlib.crc32(image)
    if crc == bank.crc and _validation_holds(body, settings, start) is not False:
        text = f"The application, version {settings.app_version}, is the one that the settings"
        text = f"{text} describe: {what}, CRC-32 0x{crc:08X}."
        vain = (flag("app_differs_from_settings", "CRC-32 of bank 0", seen=False),)
        yield right("application-valid", Place.APPLICATION, text, evidence=vain)
        return
    if blank:
        told = "that place is erased"
    elif crc == bank.crc:
        told = "its CRC agrees, and the check that the bootloader makes at every boot fails"
    else:
        told = f"the CRC-32 there is 0x{crc:08X} instead of 0x{bank.crc:08X}"
    text = (
        f"The settings describe another application than the one in flash ({what}): {told}. The"
        " bootloader starts nothing and waits for an update."
    )
    found = flag("app_differs_from_settings", f"CRC-32 0x{crc:08X}, 0x{bank.crc:08X} recorded")
    yield fault(
        "application-differs", Place.APPLICATION, text, "app-invalid-settings", evidence=(found,)
    )


def _validation_holds(body: Body, settings: SettingsPage, start: int) -> bool | None:
    block = settings.validations
    if block is None:
        return None
    return _passes(body, block.application, start, settings.bank_0.size)


def _passes(body: Body, entry: PageValidation, start: int, size: int) -> bool | None:
    """Whether an image passes its boot check (spec 7, 16.2 S4); ``None``: that cannot be seen."""
    image = body.image(start, size)
    if image is None:
        return None
    # Without a key: the virtual bootloader checks signatures, where the key is in the dump.
    return passes_boot_check(entry.type, entry.data, image)


def _not_recorded(settings: SettingsPage, start: int, *, blank: bool) -> Iterator[Finding]:
    bank = settings.bank_0
    unfinished = settings.progress.command_size > 0
    if bank.size and not settings.bank_1.code:
        text = (
            f"The settings call the application of {bank.size:,} bytes not valid, and nothing waits"
            " to take its place: an image was received whole, and what came to lie in its place"
            " was not the same."
        )
        found = flag("app_copy_invalid", "bank 0")
        yield fault(
            "application-copy",
            Place.APPLICATION,
            text,
            *("flash-page-worn", "flash-op-lost-silently", "power-loss-mid-update"),
            evidence=(found,),
        )
    elif settings.bank_1.code:
        return  # told with the image that waits
    elif unfinished:
        text = (
            "The settings record no application, and hold an update that was begun: the old"
            " application was given up for it, and the update has not come to its end."
        )
        found = flag("app_given_up", "bank 0 empty, init packet stored")
        causes = ("app-erased-for-space", "power-loss-mid-update")
        yield fault("application-given-up", Place.APPLICATION, text, *causes, evidence=(found,))
    elif not blank and is_empty(settings):
        text = (
            f"An application lies at 0x{start:X}, and the settings are those that a bootloader"
            " writes where it finds neither page valid: what they said of it is lost, or never was"
            " there."
        )
        found = flag("settings_page_blank_or_bad_crc", "the settings are empty")
        yield fault(
            "settings-lost",
            Place.APPLICATION,
            text,
            *("settings-page-damaged", "app-invalid-settings"),
            evidence=(found,),
        )
    elif blank:
        text = f"There is no application: none is recorded, and 0x{start:X} is erased."
        yield remark("application-missing", Place.APPLICATION, text)
    else:
        text = (
            f"The settings record no application, and one lies at 0x{start:X}: it came by wire"
            " without a settings page that fits, so that the bootloader does not start it."
        )
        found = flag("app_differs_from_settings", "bank 0 empty")
        yield fault(
            "application-unknown",
            Place.APPLICATION,
            text,
            "app-invalid-settings",
            evidence=(found,),
        )


def _vectors(body: Body, settings: SettingsPage | None, start: int) -> Iterator[Finding]:
    size = settings.bank_0.size if settings is not None else 0
    end = start + size if size else body.layout.bootloader or FLASH_END
    program = body.dump.read(start, TABLE_SIZE)
    problem = table_problem(program, start, end, where=f"its place, 0x{start:X} to 0x{end:X}")
    if problem is None:
        vector = body.dump.word(start + _WORD)
        text = f"Its vector table is that of a program linked for there (reset 0x{vector:08X})."
        yield right("application-vectors", Place.APPLICATION, text)
        return
    text = (
        f"What lies at 0x{start:X}, where the bootloader starts the application, does not begin"
        f" with the vector table of a program for that place: {problem}."
    )
    found = flag("app_linked_elsewhere", f"vector table at 0x{start:X}")
    yield fault(
        "application-vectors", Place.APPLICATION, text, "pkg-app-link-address", evidence=(found,)
    )


def _worn_pages(body: Body) -> Iterator[Finding]:
    """Pages that ought to be erased and keep single bits at zero."""
    layout = body.layout
    begin, end = layout.application, layout.bootloader
    if begin is None or end is None:
        return
    page = layout.page_size
    worn = [
        at
        for at in range(begin, end, page)
        if body.dump.held(at, at + page) == page and _is_worn(body.dump.read(at, page))
    ]
    if worn:
        places = ", ".join(f"0x{at:X}" for at in worn[:4])
        text = (
            f"Of {len(worn)} page{'s' if len(worn) > 1 else ''} ({places}) single bits stay at"
            " zero while the rest is erased: a page that does not erase any more."
        )
        found = flag("page_does_not_erase", f"page 0x{worn[0]:X}")
        yield fault("page-worn", Place.APPLICATION, text, "flash-page-worn", evidence=(found,))


def _is_worn(page: bytes) -> bool:
    """Whether every word of a page is erased but for one bit at the most, and many are not."""
    if not page.strip(b"\xff"):
        return False  # most pages of most units, at once
    words = 0
    for offset in range(0, len(page), _WORD):
        zeros = 32 - int.from_bytes(page[offset : offset + _WORD], "little").bit_count()
        if zeros > 1:
            return False
        words += zeros
    return words >= WORN_WORDS


# Bootloader.


def _bootloader(body: Body) -> Iterator[Finding]:
    layout = body.layout
    start = layout.bootloader
    if start is None:
        if layout.settings is None:
            text = "Where a bootloader and its settings would lie nothing in the dump tells."
            yield remark("bootloader-not-in-dump", Place.BOOTLOADER, text)
            return
        if body.image(layout.settings - 0x7000, 0x6000) is None:
            text = "Where the bootloader lies is not in the dump."
            yield remark("bootloader-not-in-dump", Place.BOOTLOADER, text)
            return
        text = "There is no bootloader in front of the settings pages."
        found = flag("bootloader_not_in_flash", "in front of the settings pages")
        yield fault(
            "bootloader-missing",
            Place.BOOTLOADER,
            text,
            "jump-bootloader-missing",
            evidence=(found,),
        )
        return
    if body.image(start, TABLE_SIZE) is None:
        text = f"The bootloader (at 0x{start:X}) is not in the dump."
        yield remark("bootloader-not-in-dump", Place.BOOTLOADER, text)
        return
    end = layout.backup or FLASH_END
    program = body.dump.read(start, TABLE_SIZE)
    where = f"its place, 0x{start:X} to 0x{end:X}"
    problem = table_problem(program, start, end, where=where)
    if problem is None:
        text = f"A bootloader lies at 0x{start:X} (told by {layout.bootloader_told_by})."
        vain = (flag("bootloader_not_in_flash", f"0x{start:X}", seen=False),)
        yield right("bootloader", Place.BOOTLOADER, text, evidence=vain)
        return
    what = "is erased" if not program.strip(b"\xff") else f"is no bootloader: {problem}"
    text = f"What {layout.bootloader_told_by} calls the bootloader, at 0x{start:X}, {what}."
    found = flag("bootloader_not_in_flash", f"0x{start:X}")
    yield fault(
        "bootloader-missing", Place.BOOTLOADER, text, "jump-bootloader-missing", evidence=(found,)
    )
