"""What happens when the last byte of an image has come (spec section 7)."""

from __future__ import annotations

import hashlib
from typing import Final

from firmline.device.board import SOFTDEVICE_FAMILY_ADDRESS, SOFTDEVICE_VERSION_ADDRESS, Board
from firmline.device.bootloader.init_decoder import UnitInitCommand
from firmline.device.bootloader.prevalidation import RefusalError
from firmline.device.bootloader.settings_ram import Bank, BootValidationEntry, SettingsRam
from firmline.formats.boot_check import boot_check_value
from firmline.formats.init_command import BootValidationType, FwType
from firmline.formats.softdevice import INFO_IMAGE_OFFSET, parse_softdevice_info
from firmline.protocol.codes import ExtError, ResultCode

_MBR_SIZE: Final = 0x1000
_FAMILY_IN_IMAGE: Final = INFO_IMAGE_OFFSET + 0x10
_VERSION_IN_IMAGE: Final = INFO_IMAGE_OFFSET + 0x14
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


def check_hash(command: UnitInitCommand, image: bytes) -> None:
    """The image has to be the one that the init packet speaks of.

    Raises:
        RefusalError: It is not.
    """
    if hashlib.sha256(image).digest()[::-1] != command.hash:
        raise _verification_failed()


def check_softdevice_info(command: UnitInitCommand, board: Board, image: bytes) -> None:
    """A SoftDevice has to say of itself that it is one, and to end behind its image.

    Raises:
        RefusalError: It does not: result 05.
    """
    info = parse_softdevice_info(image, offset=INFO_IMAGE_OFFSET)
    needed = board.memory.page_align(command.sd_size + _MBR_SIZE)
    if info is None or info.size_word < needed:
        raise RefusalError(ResultCode.INVALID_OBJECT)


def check_softdevice_family(board: Board, image: bytes) -> None:
    """Bootloaders since SDK 16 take a SoftDevice of the installed one's family alone (section 7.3).

    Raises:
        RefusalError: It is of another: result 05.
    """
    if board.profile.checks_softdevice_family and _family_changes(image, board):
        raise RefusalError(ResultCode.INVALID_OBJECT)


def check_softdevice_major(command: UnitInitCommand, board: Board, image: bytes) -> None:
    """Over BLE a SoftDevice that comes alone has to be of the installed one's major version.

    Raises:
        RefusalError: It is of another: result 05.
    """
    comes_alone = board.profile.is_ble and command.type == FwType.SOFTDEVICE
    if comes_alone and major_version_changes(image, board):
        raise RefusalError(ResultCode.INVALID_OBJECT)


def check_boot_validation(command: UnitInitCommand, board: Board, image: bytes) -> None:
    """What shall guard every later boot has to be known, and right where it is a signature.

    Raises:
        RefusalError: It is not: result 05.
    """
    for part, requested in _validated_parts(command, board, image):
        _validation_value(requested, part, board)


def _accept(
    command: UnitInitCommand | None, *, board: Board, settings: SettingsRam, address: int, size: int
) -> None:
    image = board.flash.read(address, size)
    if command is None:
        raise _verification_failed()
    check_hash(command, image)
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
    check_softdevice_info(command, board, image)
    check_softdevice_family(board, image)
    check_softdevice_major(command, board, image)
    if major_version_changes(image, board):
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


def major_version_changes(image: bytes, board: Board) -> bool:
    """No installed SoftDevice counts as a change (S6)."""
    if board.softdevice is None:
        return True
    new = int.from_bytes(image[_VERSION_IN_IMAGE : _VERSION_IN_IMAGE + 4], "little")
    installed = board.flash.read_word(SOFTDEVICE_VERSION_ADDRESS)
    return softdevice_major(new) != softdevice_major(installed)


def softdevice_major(version: int) -> int:
    """The major version in the version word of a SoftDevice (spec section 16.2 S3)."""
    return version // 1_000_000


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
    entry.set(requested[0], _validation_value(requested, image, board))


def _validation_value(requested: tuple[int, bytes], image: bytes, board: Board) -> bytes:
    kind, data = requested
    if kind == BootValidationType.VALIDATE_ECDSA_P256_SHA256 and board.verify(image, data):
        return data
    value = boot_check_value(kind, image)
    if value is None:
        raise RefusalError(ResultCode.INVALID_OBJECT)
    return value


def _validated_parts(
    command: UnitInitCommand, board: Board, image: bytes
) -> list[tuple[bytes, tuple[int, bytes]]]:
    """Each part of an image, and the boot validation that the bootloader makes for it."""
    crc, nothing = BootValidationType.VALIDATE_GENERATED_CRC, BootValidationType.NO_VALIDATION
    match command.type:
        case FwType.APPLICATION:
            return [(image, _requested(command, 0, crc))]
        case FwType.BOOTLOADER:
            return [(image, _requested(command, 0, nothing))]
        case FwType.SOFTDEVICE:
            return [(image[: command.sd_size], _requested(command, 0, crc))]
        case _:
            index = board.profile.bootloader_validation_index
            return [
                (image[: command.sd_size], _requested(command, 0, crc)),
                (image[command.sd_size :], _requested(command, index, nothing)),
            ]


def _requested(
    command: UnitInitCommand, index: int, default: BootValidationType
) -> tuple[int, bytes]:
    """The packet's boot validation with this index, or the default for the kind of image."""
    if index < len(command.boot_validations):
        return command.boot_validations[index]
    return default, b""


def _verification_failed() -> RefusalError:
    return RefusalError(ResultCode.EXTENDED_ERROR, ExtError.VERIFICATION_FAILED)
