"""Findings on the settings pages: which of them counts, what waits, what was under way."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Final

from firmline.diagnosis.autopsy.body import Body, is_empty, is_taken
from firmline.diagnosis.autopsy.finding import Finding, Place, fact, fault, flag, remark, right
from firmline.diagnosis.evidence import Evidence
from firmline.errors import InputError
from firmline.formats.settings_page import BankCode, SettingsPage
from firmline.formats.stored_packet import stored_packet

NOT_COMPARED: Final = {"crc", "peer_data", "adv_name", "enter_buttonless_dfu"}
"""Of two pages: what a bootloader takes from the primary alone, and what follows from the rest."""
_WAITING: Final = {
    BankCode.APPLICATION: "application",
    BankCode.SOFTDEVICE: "SoftDevice",
    BankCode.BOOTLOADER: "bootloader",
    BankCode.SOFTDEVICE_BOOTLOADER: "SoftDevice with its bootloader",
}
_FIRST_PACKETS: Final = 0.015
"""About one percent of an image, by the definition of the vocabulary."""
_OBJECT: Final = 4096


def settings_findings(body: Body) -> Iterator[Finding]:
    """The two pages, and what the one that counts says of updates."""
    if not body.holds_settings:
        text = "The settings pages are not in the dump: nothing can be said of updates."
        yield remark("settings-not-in-dump", Place.SETTINGS, text)
        return
    yield from _pages(body)
    if body.settings is not None:
        yield from _update(body.settings)
        yield from _waiting(body, body.settings)


def _pages(body: Body) -> Iterator[Finding]:
    at, behind = body.layout.settings, body.layout.backup
    ok = body.primary is not None and is_taken(body.primary, is_backup=False)
    backup_ok = body.backup is not None and is_taken(body.backup, is_backup=True)
    where = f"0x{at or 0:X} and 0x{behind or 0:X}"
    if not ok and not backup_ok and body.holds_page(at) and body.holds_page(behind):
        states = [_state(body, at, body.primary), _state(body, behind, body.backup)]
        told = f"both {states[0]}" if states[0] == states[1] else " and ".join(states)
        text = (
            f"Settings page and backup ({where}) are {told}: the bootloader knows of no"
            " application, and stays in DFU mode."
        )
        found = flag("settings_page_blank_or_bad_crc", where)
        yield fault(
            "settings-damaged", Place.SETTINGS, text, "settings-page-damaged", evidence=(found,)
        )
        return
    if not (ok or backup_ok):
        yield _half(body)
        return
    secure = fact("bootloader", "secure", f"settings page at {where}")
    if ok and backup_ok:
        yield from _both(body, secure)
        return
    bad, good = ("backup", "settings page") if ok else ("settings page", "backup")
    place, page = (behind, body.backup) if ok else (at, body.primary)
    text = (
        f"The {bad} (0x{place or 0:X}) is {_state(body, place, page)}; the {good} is right, and the"
        " bootloader goes by it"
    )
    is_held = body.holds_page(place)
    if is_held:
        text += f" and mends the {bad} at its next start."
    else:
        text += "." if ok is False else ", unless the backup is right as well and says another."
    if bad == "backup" and page is None and is_held:
        text += " A fresh unit that was programmed without a backup looks like this, too."
    evidence = [secure]
    if is_held and page is None and body.settings is not None and not is_empty(body.settings):
        where = f"the {good} is right"
        evidence.append(flag("settings_page_blank_or_bad_crc", where, seen=False))
    if is_held and page is not None:
        causes = ("power-loss-mid-update", "flash-page-worn")
        yield fault("settings-one-page", Place.SETTINGS, text, *causes, evidence=tuple(evidence))
        return
    yield remark("settings-one-page", Place.SETTINGS, text, evidence=tuple(evidence))


def _half(body: Body) -> Finding:
    """One page that is not right, and the other not in the dump."""
    at, behind = body.layout.settings, body.layout.backup
    text = (
        f"The settings page (0x{at or 0:X}) is {_state(body, at, body.primary)}, its backup"
        f" (0x{behind or 0:X}) {_state(body, behind, body.backup)}: whether the bootloader finds"
        " its settings is not in the dump."
    )
    return remark("settings-in-part", Place.SETTINGS, text)


def _both(body: Body, secure: Evidence) -> Iterator[Finding]:
    both_right = flag("settings_page_blank_or_bad_crc", "both checksums are right", seen=False)
    is_lost = body.settings is None or is_empty(body.settings)
    evidence = (secure,) if is_lost else (secure, both_right)
    names = page_difference(body)
    if not names:
        text = "Settings page and backup are right, and say the same."
        yield right("settings", Place.SETTINGS, text, evidence=evidence)
        return
    text = (
        f"Settings page and backup are both right and differ in {', '.join(names)}: the bootloader"
        " goes by the backup, which is older where a write was cut off in between."
    )
    yield remark(
        "settings-differ",
        Place.SETTINGS,
        text,
        "power-loss-mid-update",
        evidence=evidence,
    )


def page_difference(body: Body) -> tuple[str, ...]:
    """In which fields the two pages differ that a bootloader takes from one of them."""
    if body.primary is None or body.backup is None:
        return ()
    return tuple(
        name
        for name in SettingsPage.__dataclass_fields__
        if name not in NOT_COMPARED and getattr(body.primary, name) != getattr(body.backup, name)
    )


def _state(body: Body, at: int | None, page: SettingsPage | None) -> str:
    """What is wrong with a page that no bootloader takes."""
    if not body.holds_page(at):
        return "not in the dump"
    if page is None:
        return "erased"
    return "damaged (wrong checksum)" if not page.crc_ok else "of another version, or damaged"


# What was under way.


def _update(page: SettingsPage) -> Iterator[Finding]:
    progress = page.progress
    if not progress.command_size:
        yield right("update", Place.SETTINGS, "No update is under way in the settings.")
        return
    packet = stored_packet(page)
    if packet is None:
        text = (
            f"An init packet is left over, {progress.command_offset} of"
            f" {progress.command_size} bytes: an update broke off while it was sent."
        )
        stood = fact("phase", "init_transfer", "half an init packet in the settings")
        yield remark("update-init", Place.SETTINGS, text, evidence=(stood,))
        return
    if isinstance(packet, InputError):
        text = f"What is left over as an init packet is none: {packet.message}"
        yield remark("update-init-damaged", Place.SETTINGS, text)
        return
    command = packet.command
    offset = progress.firmware_image_offset
    far = (
        f"{offset:,} of {command.firmware_size:,} bytes are recorded"
        if offset
        else f"of its {command.firmware_size:,} bytes none is recorded (the SDK's example records"
        " none while they come)"
    )
    text = (
        f"An update was begun and not finished: {command.kind.name.lower()} version"
        f" {command.fw_version} was accepted; {far}. A unit that is asked for the same update goes"
        " on from here."
    )
    evidence = [fact("phase", "data_transfer", "an init packet that was accepted, and no end")]
    if offset and command.firmware_size:
        evidence.append(fact("progress", _how_far(offset, command.firmware_size), "settings page"))
    if command.firmware_size % 4:
        evidence.append(flag("image_length_not_multiple_of_4", "init packet in the settings"))
    yield remark("update-unfinished", Place.SETTINGS, text, evidence=tuple(evidence))


def _how_far(offset: int, size: int) -> str:
    if offset >= size:
        return "end"
    if offset / size <= _FIRST_PACKETS:
        return "first_packets"
    return "first_object" if offset <= _OBJECT else "random_offset"


def _waiting(body: Body, page: SettingsPage) -> Iterator[Finding]:
    bank = page.bank_1
    if bank.code == BankCode.INVALID:
        return
    what = _WAITING.get(BankCode(bank.code)) if bank.code in _codes() else None
    if what is None:
        text = f"Bank 1 has the code 0x{bank.code:02X}, on which no bootloader acts."
        yield remark("bank-1-unknown", Place.SETTINGS, text)
        return
    copied = f"; {page.write_offset:,} bytes are in place already" if page.write_offset else ""
    source = page.progress.firmware_image_crc  # update_start_address lies there then (spec 8)
    text = (
        f"A {what} of {bank.size:,} bytes was received whole and waits at 0x{source:X} to be put in"
        f" place{copied}: the unit lost its power or was not started since."
    )
    found = flag("image_waits_in_flash", "bank 1")
    yield remark("image-waits", Place.SETTINGS, text, "power-loss-mid-update", evidence=(found,))
    if bank.code == BankCode.APPLICATION and not page.write_offset:
        yield from _waiting_image(body, source, bank.size, bank.crc)


def _waiting_image(body: Body, source: int, size: int, crc: int) -> Iterator[Finding]:
    image = body.image(source, size)
    if image is not None and zlib.crc32(image) != crc:
        text = (
            f"The image that waits at 0x{source:X} is not the one that was received: CRC-32"
            f" 0x{zlib.crc32(image):08X} instead of 0x{crc:08X}. It will not be started."
        )
        found = flag("app_copy_invalid", f"image at 0x{source:X}")
        causes = ("flash-page-worn", "flash-op-lost-silently")
        yield fault("image-damaged", Place.SETTINGS, text, *causes, evidence=(found,))


def _codes() -> set[int]:
    return {code.value for code in BankCode}
