"""What the bootloader does with this memory when the unit starts: the virtual one is asked.

It is the bootloader of the SDK's examples, of the release that goes with the SoftDevice, whose
answers are proven against recordings; the one in the dump may have been built with other settings.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from firmline.device.board import Board
from firmline.device.bootloader.boot import BootedInto, boot
from firmline.device.bootloader.settings_store import SettingsStore
from firmline.device.flash import FlashProtectedError, FlashRuleError, NorFlash
from firmline.device.profile import (
    SDK15_3_BLE,
    SDK16_BLE,
    SDK17_1_BLE,
    BootloaderProfile,
    MemoryMap,
)
from firmline.diagnosis.autopsy.body import Body
from firmline.diagnosis.autopsy.layout import DATA_SIZE
from firmline.formats.init_command import BootValidationType
from firmline.formats.key_search import find_any_keys
from firmline.formats.known_keys import known_keys
from firmline.formats.spans import clip_spans

STARTS: Final = 8
"""How many resets in a row are followed; more is a loop."""
_PROFILES: Final = {6: SDK15_3_BLE, 7: SDK17_1_BLE}


class Start(StrEnum):
    """What a start comes to."""

    APPLICATION = "application"
    BOOTLOADER = "bootloader"
    FAULT = "fault"
    """It stumbles over what is in flash."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What the bootloader does.

    Attributes:
        into: What runs then.
        profile: The bootloader that was asked.
        activates: Whether it puts an image in place first.
    """

    into: Start
    profile: BootloaderProfile
    activates: bool


def profile_of(body: Body) -> BootloaderProfile:
    """The bootloader that goes with a SoftDevice's version (spec section 15)."""
    info = body.layout.softdevice
    if info is None or info.version is None:
        return SDK15_3_BLE
    major, rest = divmod(info.version, 1_000_000)
    if major == 7 and rest < 2000:
        return SDK16_BLE
    return _PROFILES.get(major, SDK15_3_BLE)


def start(body: Body) -> Outcome | None:
    """Start the unit; ``None``: the dump does not hold what that takes."""
    layout, chips = body.layout, body.chips
    if not chips or not layout.is_whole or not body.holds_settings:
        return None
    if layout.bootloader is None or layout.settings is None or layout.backup is None:
        return None
    profile = profile_of(body)
    board = _board(body, profile)
    if board is None:
        return None
    happened: list[str] = []
    board.log = lambda what, **_facts: happened.append(what)
    into = _started(board)
    return Outcome(into=into, profile=profile, activates="activated" in happened)


def _started(board: Board) -> Start:
    store = SettingsStore(board)
    for _ in range(STARTS):
        try:
            match boot(board, store).into:
                case BootedInto.APPLICATION:
                    return Start.APPLICATION
                case BootedInto.BOOTLOADER:
                    return Start.BOOTLOADER
                case BootedInto.RESET:
                    continue
        except (FlashRuleError, FlashProtectedError):
            return Start.FAULT
    return Start.FAULT


def _board(body: Body, profile: BootloaderProfile) -> Board | None:
    """A board with this flash; ``None``: things do not lie where they can."""
    layout, row = body.layout, body.chips[0]
    begin, backup, settings = layout.bootloader, layout.backup, layout.settings
    if begin is None or backup is None or settings is None:
        return None
    if not begin < backup < settings or settings + row.page_size > row.flash_size:
        return None
    flash = NorFlash(size=row.flash_size, page_size=row.page_size)
    flash.tolerate()
    for span in clip_spans(body.dump.flash, 0, row.flash_size):
        flash.load(span.address, span.data)
    keys = find_any_keys(clip_spans(body.dump.flash, begin, backup))
    memory = MemoryMap(
        page_size=row.page_size,
        bootloader_start=begin,
        bootloader_size=backup - begin,
        backup_page=backup,
        settings_page=settings,
        region_end=begin - DATA_SIZE,
    )
    if len(keys) != 1 and _checks_signatures(body):
        return None
    # Where nothing is checked by signature any key will do.
    key = keys[0].key if len(keys) == 1 else known_keys()[0].key
    board = Board(chip=row, profile=profile, memory=memory, flash=flash, public_key=key)
    board.registers.gpregret = body.registers.gpregret or 0
    board.registers.gpregret2 = body.registers.gpregret2 or 0
    return board


def _checks_signatures(body: Body) -> bool:
    """Whether the settings have something checked by signature at every boot."""
    blocks = [each.validations for each in (body.primary, body.backup) if each is not None]
    return any(
        entry.type == BootValidationType.VALIDATE_ECDSA_P256_SHA256
        for block in blocks
        if block is not None
        for entry in (block.softdevice, block.application)
    )
