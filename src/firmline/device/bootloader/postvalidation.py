"""What happens when the last byte of an image has come (spec section 7)."""

from __future__ import annotations

import hashlib
import zlib
from typing import Final

from firmline.device.board import SOFTDEVICE_FAMILY_ADDRESS, SOFTDEVICE_VERSION_ADDRESS, Board
from firmline.device.bootloader.init_decoder import UnitInitCommand
from firmline.device.bootloader.prevalidation import RefusalError
from firmline.device.bootloader.settings_ram import Bank, BootValidationEntry, SettingsRam
from firmline.formats.init_command import BootValidationType, FwType
from firmline.formats.softdevice import INFO_IMAGE_OFFSET, parse_softdevice_info
from firmline.protocol.codes import ExtError, ResultCode

_MBR_SIZE: Final = 0x1000
_FAMILY_IN_IMAGE: Final = INFO_IMAGE_OFFSET + 0x10
_VERSION_IN_IMAGE: Final = INFO_IMAGE_OFFSET + 0x14
_MAJOR: Final = 1_000_000
_CODES: Final = {
    FwType.SOFTDEVICE: Bank.SOFTDEVICE,
    FwType.BOOTLOADER: Bank.BOOTLOADER,
    FwType.SOFTDEVICE_BOOTLOADER: Bank.SOFTDEVICE_BOOTLOADER,
}


def postvalidate(
    command: UnitInitCommand | None, *, board: Board, settings: SettingsRam, address: int, size: int
) -> RefusalError | None:
    """Check the whole image in flash and prepare its activation in ``settings``.

    Returns:
        ``None`` where the image was accepted, else the refusal. Either way the progress is
        forgotten and the update start address is set.
    """
    crc = settings.image_crc
    refusal: RefusalError | None = None
    try:
        _accept(command, board=board, settings=settings, address=address, size=size)
        settings.bank_1.set(size=size, crc=crc, code=settings.bank_1.code)
    except RefusalError as error:
        refusal = error
        settings.bank_1.clear()
    settings.reset_progress()
    settings.update_start_address = address
    return refusal


def _accept(
    command: UnitInitCommand | None, *, board: Board, settings: SettingsRam, address: int, size: int
) -> None:
    image = board.flash.read(address, size)
    if command is None or hashlib.sha256(image).digest()[::-1] != command.hash:
        raise RefusalError(ResultCode.EXTENDED_ERROR, ExtError.VERIFICATION_FAILED)
    if command.type == FwType.APPLICATION:
        _accept_application(command, board, settings, image)
    elif command.type == FwType.BOOTLOADER:
        _accept_bootloader(command, board, settings, image, index=0)
        settings.bank_1.set_code(_CODES[FwType.BOOTLOADER])
    else:
        _accept_softdevice(command, board, settings, image)


def _accept_application(
    command: UnitInitCommand, board: Board, settings: SettingsRam, image: bytes
) -> None:
    requested = _requested(command, 0, BootValidationType.VALIDATE_GENERATED_CRC)
    _set_validation(settings.application_validation, requested, image, board)
    settings.bank_1.set_code(Bank.APPLICATION)
    settings.bank_0.set_code(Bank.INVALID)
    if command.fw_version is not None:
        settings.app_version = command.fw_version
    if not board.profile.is_ble and board.softdevice is not None and softdevice_may_go(command):
        board.forget_softdevice()  # S5


def _accept_bootloader(
    command: UnitInitCommand, board: Board, settings: SettingsRam, image: bytes, *, index: int
) -> None:
    """The entry is stored but never looked at by a boot (W9)."""
    requested = _requested(command, index, BootValidationType.NO_VALIDATION)
    _set_validation(settings.bootloader_validation, requested, image, board)
    if command.fw_version is not None:
        settings.bootloader_version = command.fw_version


def _accept_softdevice(
    command: UnitInitCommand, board: Board, settings: SettingsRam, image: bytes
) -> None:
    info = parse_softdevice_info(image, offset=INFO_IMAGE_OFFSET)
    needed = board.memory.page_align(command.sd_size + _MBR_SIZE)
    if info is None or info.size_word < needed:
        raise RefusalError(ResultCode.INVALID_OBJECT)
    if board.profile.checks_softdevice_family and _family_changes(image, board):
        raise RefusalError(ResultCode.INVALID_OBJECT)
    if _major_version_changes(image, board):
        if board.profile.is_ble and command.type == FwType.SOFTDEVICE:
            raise RefusalError(ResultCode.INVALID_OBJECT)
        settings.bank_0.clear()
    requested = _requested(command, 0, BootValidationType.VALIDATE_GENERATED_CRC)
    _set_validation(settings.softdevice_validation, requested, image[: command.sd_size], board)
    if command.type == FwType.SOFTDEVICE_BOOTLOADER:
        bootloader = image[command.sd_size :]
        index = board.profile.bootloader_validation_index
        _accept_bootloader(command, board, settings, bootloader, index=index)
    settings.sd_size = command.sd_size
    settings.bank_1.set_code(_CODES[FwType(command.type or 0)])


def _family_changes(image: bytes, board: Board) -> bool:
    """Whether the image is of another family than the installed SoftDevice (section 7.3)."""
    if board.softdevice is None:
        return False
    new = int.from_bytes(image[_FAMILY_IN_IMAGE : _FAMILY_IN_IMAGE + 4], "little")
    return new != board.flash.read_word(SOFTDEVICE_FAMILY_ADDRESS)


def _major_version_changes(image: bytes, board: Board) -> bool:
    """No installed SoftDevice counts as a change (S6)."""
    if board.softdevice is None:
        return True
    new = int.from_bytes(image[_VERSION_IN_IMAGE : _VERSION_IN_IMAGE + 4], "little")
    installed = board.flash.read_word(SOFTDEVICE_VERSION_ADDRESS)
    return new // _MAJOR != installed // _MAJOR


def softdevice_may_go(command: UnitInitCommand) -> bool:
    """Whether the package asks for no SoftDevice: sd_req empty or its first entry 0."""
    return not command.sd_req or command.sd_req[0] == 0


def _set_validation(
    entry: BootValidationEntry,
    requested: tuple[int, bytes],
    image: bytes,
    board: Board,
) -> None:
    """Make the boot validation entry that guards every later boot (spec section 7.2)."""
    kind, data = requested
    match kind:
        case BootValidationType.NO_VALIDATION:
            value = b""
        case BootValidationType.VALIDATE_GENERATED_CRC:
            value = zlib.crc32(image).to_bytes(4, "little")
        case BootValidationType.VALIDATE_GENERATED_SHA256:
            value = hashlib.sha256(image).digest()
        case BootValidationType.VALIDATE_ECDSA_P256_SHA256 if board.verify(image, data):
            value = data
        case _:
            raise RefusalError(ResultCode.INVALID_OBJECT)
    entry.set(kind, value)


def _requested(
    command: UnitInitCommand, index: int, default: BootValidationType
) -> tuple[int, bytes]:
    """The packet's boot validation with this index, or the default for the kind of image."""
    if index < len(command.boot_validations):
        return command.boot_validations[index]
    return default, b""
