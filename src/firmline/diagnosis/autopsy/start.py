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
from firmline.device.chips import Chip
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
from firmline.formats.flash.vector_table import is_program
from firmline.formats.init_command import BootValidationType
from firmline.formats.key_search import find_any_keys
from firmline.formats.keys import PublicKey
from firmline.formats.known_keys import known_keys
from firmline.formats.softdevice import SOFTDEVICE_START, softdevice_version_text
from firmline.formats.spans import Span, clip_spans

STARTS: Final = 8
"""How many resets in a row are followed; more is a loop."""
_PROFILES: Final = {6: SDK15_3_BLE, 7: SDK17_1_BLE}
KNOWN: Final = (SDK15_3_BLE, SDK16_BLE, SDK17_1_BLE)
"""The bootloaders that are asked, whichever is assumed."""


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
        profile: The bootloader that was asked: its SDK is assumed.
        why: Why that one is, in words: from what it was found.
        activates: Whether it puts an image in place first.
        others: What the other bootloaders that are known come to, by their SDK.
    """

    into: Start
    profile: BootloaderProfile
    why: str
    activates: bool
    others: tuple[tuple[str, Start], ...]

    @property
    def is_sure(self) -> bool:
        """Whether every bootloader that is known comes to the same."""
        return all(into is self.into for _, into in self.others)


def profile_of(body: Body) -> tuple[BootloaderProfile, str]:
    """The bootloader that goes with a SoftDevice's version (spec section 15), and why it is taken.

    A dump does not name the SDK that its bootloader was built with: a bootloader of an older SDK
    runs with a newer SoftDevice, too.
    """
    info = body.layout.softdevice
    if info is None or info.version is None:
        return SDK15_3_BLE, "as nothing in the dump tells which it is"
    family = "" if info.family is None else f"S{info.family} "
    name = f"SoftDevice {family}{softdevice_version_text(info.version)}"
    major, rest = divmod(info.version, 1_000_000)
    if major == 7 and rest < 2000:
        return SDK16_BLE, f"from {name}"
    if major in _PROFILES:
        return _PROFILES[major], f"from {name}"
    return SDK15_3_BLE, f"as the nearest to {name} of those that are known here"


def start(body: Body) -> Outcome | None:
    """Start the unit; ``None``: the dump does not hold what that takes."""
    if not body.chips or not body.layout.is_whole or not body.tells_settings:
        return None
    if not is_program(body.dump.read(0, SOFTDEVICE_START), 0, SOFTDEVICE_START):
        return None  # the processor starts the MBR, and that the bootloader
    if body.layout.lacks_softdevice:
        return None
    ground = _ground(body)
    if ground is None:
        return None
    profile, why = profile_of(body)
    into, activates = _asked(body, ground, profile)
    others = tuple(
        (each.sdk, _asked(body, ground, each)[0]) for each in KNOWN if each is not profile
    )
    return Outcome(into=into, profile=profile, why=why, activates=activates, others=others)


def _asked(body: Body, ground: _Ground, profile: BootloaderProfile) -> tuple[Start, bool]:
    """What one bootloader does, and whether it puts an image in place."""
    board = _board(body, ground, profile)
    happened: list[str] = []
    board.log = lambda what, **_facts: happened.append(what)
    return _started(board), "activated" in happened


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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ground:
    """What every bootloader that is asked finds."""

    chip: Chip
    memory: MemoryMap
    public_key: PublicKey
    flash: tuple[Span, ...]


def _ground(body: Body) -> _Ground | None:
    """``None``: things do not lie where they can, or not all of them are in the dump."""
    layout, row = body.layout, body.chips[0]
    begin, backup, settings = layout.bootloader, layout.backup, layout.settings
    if begin is None or backup is None or settings is None:
        return None
    if not begin < backup < settings or settings + row.page_size > row.flash_size:
        return None
    if body.image(0, backup) is None:
        return None
    keys = find_any_keys(clip_spans(body.dump.flash, begin, backup))
    if len(keys) != 1 and _checks_signatures(body):
        return None
    memory = MemoryMap(
        page_size=row.page_size,
        bootloader_start=begin,
        bootloader_size=backup - begin,
        backup_page=backup,
        settings_page=settings,
        region_end=begin - DATA_SIZE,
    )
    return _Ground(
        chip=row,
        memory=memory,
        # Where nothing is checked by signature any key will do.
        public_key=keys[0].key if len(keys) == 1 else known_keys()[0].key,
        flash=clip_spans(body.dump.flash, 0, row.flash_size),
    )


def _board(body: Body, ground: _Ground, profile: BootloaderProfile) -> Board:
    """A board with this flash."""
    flash = NorFlash(size=ground.chip.flash_size, page_size=ground.chip.page_size)
    flash.tolerate()
    for span in ground.flash:
        flash.load(span.address, span.data)
    board = Board(
        chip=ground.chip,
        profile=profile,
        memory=ground.memory,
        flash=flash,
        public_key=ground.public_key,
    )
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
