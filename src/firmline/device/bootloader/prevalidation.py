"""The checks of an init packet, in the bootloader's order; the first failure wins (section 5).

Each check is a value with a name, so that whoever wants to know whether a unit would accept a
package runs these very checks (:mod:`firmline.device.acceptance`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from firmline.device.board import Board
from firmline.device.bootloader.init_decoder import UnitInitCommand, UnitInitPacket
from firmline.device.bootloader.settings_ram import SettingsRam
from firmline.formats.init_command import FwType, HashType, SignatureType
from firmline.protocol.codes import ExtError, ResultCode

SIGNATURE_SIZE: Final = 64
_KNOWN_TYPES: Final = (
    FwType.APPLICATION,
    FwType.SOFTDEVICE,
    FwType.BOOTLOADER,
    FwType.SOFTDEVICE_BOOTLOADER,
)
BOOTLOADER_TYPES: Final = (FwType.BOOTLOADER, FwType.SOFTDEVICE_BOOTLOADER)


class RefusalError(Exception):
    """The bootloader says no.

    Args:
        result: The result code.
        ext_error: The extended error, where the result is EXTENDED_ERROR.
    """

    def __init__(self, result: ResultCode, ext_error: ExtError | None = None) -> None:
        super().__init__(result, ext_error)
        self.result = result
        self.ext_error = ext_error


def _refuse(ext_error: ExtError) -> RefusalError:
    return RefusalError(ResultCode.EXTENDED_ERROR, ext_error)


@dataclass(frozen=True, slots=True, kw_only=True)
class PacketCheck:
    """One check of an init packet.

    Attributes:
        name: Stable name, as ``pkg check`` shows it.
        run: Raises :class:`RefusalError` where the check says no; changes nothing.
    """

    name: str
    run: Callable[[UnitInitPacket, Board, SettingsRam], None]


def prevalidate(packet: UnitInitPacket, board: Board, settings: SettingsRam) -> None:
    """Signature, type, hash type, hardware, SoftDevice, version (spec section 5.1).

    Raises:
        RefusalError: A check fails.
    """
    for check in PACKET_CHECKS:
        check.run(packet, board, settings)


def image_size(command: UnitInitCommand, board: Board) -> int:
    """The size of the image that may now come, bytes (spec section 5.3; S14: modulo 2**32).

    Raises:
        RefusalError: No usable size, or a bootloader larger than its region.
    """
    check_bootloader_size(command, board)
    check_size(command)
    return _size(command)


def check_bootloader_size(command: UnitInitCommand, board: Board) -> None:
    """A bootloader has to fit into its region.

    Raises:
        RefusalError: It does not: result 04.
    """
    if command.type in BOOTLOADER_TYPES and command.bl_size > board.profile.bootloader_size:
        raise RefusalError(ResultCode.INSUFFICIENT_RESOURCES)


def check_size(command: UnitInitCommand) -> None:
    """The packet has to name a size for its type of image.

    Raises:
        RefusalError: It does not.
    """
    if _size(command) == 0:
        raise _refuse(ExtError.INIT_COMMAND_INVALID)


def _size(command: UnitInitCommand) -> int:
    match command.type:
        case FwType.SOFTDEVICE:
            return command.sd_size
        case FwType.BOOTLOADER:
            return command.bl_size
        case FwType.SOFTDEVICE_BOOTLOADER:
            return (command.sd_size + command.bl_size) & 0xFFFF_FFFF
        case _:
            return command.app_size


def _check_signature(packet: UnitInitPacket, board: Board, _settings: SettingsRam) -> None:
    if packet.signature_type is None:
        raise _refuse(ExtError.SIGNATURE_MISSING)
    if packet.signature_type != SignatureType.ECDSA_P256_SHA256:
        raise _refuse(ExtError.WRONG_SIGNATURE_TYPE)
    if len(packet.signature) != SIGNATURE_SIZE:
        raise RefusalError(ResultCode.OPERATION_FAILED)
    if not board.verify(packet.signed_range, packet.signature):
        raise RefusalError(ResultCode.INVALID_OBJECT)


def _check_type(packet: UnitInitPacket, _board: Board, _settings: SettingsRam) -> None:
    if packet.command.type not in _KNOWN_TYPES:
        raise _refuse(ExtError.INIT_COMMAND_INVALID)


def _check_hash_type(packet: UnitInitPacket, _board: Board, _settings: SettingsRam) -> None:
    if packet.command.hash_type != HashType.SHA256:
        raise _refuse(ExtError.WRONG_HASH_TYPE)


def _check_hw_version(packet: UnitInitPacket, board: Board, _settings: SettingsRam) -> None:
    hw_version = packet.command.hw_version
    if hw_version is None:
        raise _refuse(ExtError.INIT_COMMAND_INVALID)
    if hw_version != board.profile.hw_version:
        raise _refuse(ExtError.HW_VERSION_FAILURE)


def _check_sd_req(packet: UnitInitPacket, board: Board, _settings: SettingsRam) -> None:
    if not _softdevice_fits(packet.command, board):
        raise _refuse(ExtError.SD_VERSION_FAILURE)


def _softdevice_fits(command: UnitInitCommand, board: Board) -> bool:
    """The sd_req rule (spec section 5.2)."""
    sd_req = command.sd_req
    softdevice = board.softdevice
    if softdevice is None:
        return not (sd_req and sd_req[0] != 0) and command.fw_version is not None
    if not sd_req:
        return False
    if sd_req[0] != 0:
        return softdevice.fwid in sd_req
    if command.type in BOOTLOADER_TYPES:
        return True
    if command.type == FwType.APPLICATION and len(sd_req) == 1:
        return True
    is_application = command.type == FwType.APPLICATION
    return is_application and not board.profile.is_ble and softdevice.fwid in sd_req


def _check_fw_version(packet: UnitInitPacket, _board: Board, settings: SettingsRam) -> None:
    command = packet.command
    version = command.fw_version
    if version is None:
        if command.type != FwType.SOFTDEVICE:
            raise _refuse(ExtError.INIT_COMMAND_INVALID)
        return
    if command.type in BOOTLOADER_TYPES:
        accepted = version > settings.bootloader_version
    else:
        accepted = version >= settings.app_version
    if not accepted:
        raise _refuse(ExtError.FW_VERSION_FAILURE)


PACKET_CHECKS: Final = (
    PacketCheck(name="signature", run=_check_signature),
    PacketCheck(name="type", run=_check_type),
    PacketCheck(name="hash_type", run=_check_hash_type),
    PacketCheck(name="hw_version", run=_check_hw_version),
    PacketCheck(name="sd_req", run=_check_sd_req),
    PacketCheck(name="fw_version", run=_check_fw_version),
)
"""In the bootloader's order."""
