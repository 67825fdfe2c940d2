"""What a check compared, in one sentence: the package's side and the unit's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from firmline.device.acceptance.candidate import Candidate
from firmline.device.bootloader.prevalidation import BOOTLOADER_TYPES
from firmline.formats.init_command import BootValidationType, FwType
from firmline.formats.known_softdevices import describe_fwid
from firmline.formats.softdevice import SoftDeviceInfo, softdevice_in_image


def reason(check: str, candidate: Candidate, *, ok: bool) -> str:
    """Why a check lets an image pass, or does not."""
    return _REASONS[check](candidate, ok)


def _init_packet(_candidate: Candidate, _ok: bool) -> str:
    return "The bootloader's decoder cannot read the init packet."


def _signature(candidate: Candidate, ok: bool) -> str:
    packet = candidate.image.init_packet
    if ok:
        return "It is signed with the key that the bootloader trusts."
    if packet.signature_type is None:
        return "The init packet is not signed, and the bootloader asks for a signature."
    if candidate.board.public_key.verify(packet.signed_bytes, packet.signature or b""):
        return f"Its signature is of the type {packet.signature_type.name}, which is not supported."
    return "It is signed with another key than the one that the bootloader trusts."


def _type(candidate: Candidate, ok: bool) -> str:
    kind = candidate.command.kind
    if ok:
        return f"The bootloader takes images of the type {kind.name}."
    return f"The bootloader takes no image of the type {kind.name}."


def _hash_type(candidate: Candidate, ok: bool) -> str:
    if ok:
        return "The image is hashed with SHA-256."
    return f"The image is hashed with {candidate.command.hash_type.name}, and SHA-256 is wanted."


def _hw_version(candidate: Candidate, ok: bool) -> str:
    wanted, unit = candidate.command.hw_version, candidate.board.profile.hw_version
    if ok:
        return f"It is for hardware version {wanted}, as the bootloader was built."
    if wanted is None:
        return "The init packet names no hardware version."
    return f"It is for hardware version {wanted}, and the bootloader was built for {unit}."


def _sd_req(candidate: Candidate, ok: bool) -> str:
    sd_req = candidate.command.sd_req
    wants_none = sd_req[:1] == (0,)
    names = ", ".join(describe_fwid(fwid) for fwid in sd_req)
    softdevice = candidate.board.softdevice
    if softdevice is None:
        return _sd_req_without(names, wants_one=bool(sd_req) and not wants_none, ok=ok)
    has = f"the unit has {describe_fwid(softdevice.fwid)}"
    if not sd_req:
        return f"It names no SoftDevice at all; {has}."
    if not wants_none:
        return f"It is for the SoftDevice {names}; {has}."
    return f"It asks for no SoftDevice (0x00 first){', which passes here' if ok else ''}; {has}."


def _sd_req_without(names: str, *, wants_one: bool, ok: bool) -> str:
    """The sentence for a unit without a SoftDevice."""
    if ok:
        return "It asks for no SoftDevice, and the unit has none."
    if wants_one:
        return f"It is for the SoftDevice {names}, and the unit has none."
    return "The unit has no SoftDevice, and then a version is wanted, which the packet lacks."


def _fw_version(candidate: Candidate, ok: bool) -> str:
    command, settings = candidate.command, candidate.settings
    version = command.fw_version
    if version is None:
        if ok:
            return "It names no version, which a SoftDevice need not."
        return "The init packet names no version."
    if command.kind in BOOTLOADER_TYPES:
        installed, rule = f"bootloader has {settings.bootloader_version}", "higher than that"
    else:
        installed, rule = f"application has {settings.app_version}", "that or higher"
    return f"Its version is {version}; the installed {installed}, and {rule} is taken."


def _bootloader_size(candidate: Candidate, ok: bool) -> str:
    size, room = candidate.command.bl_size, candidate.board.profile.bootloader_size
    if ok:
        return f"The bootloader has {size:,} bytes, and its region {room:,}."
    return f"The bootloader has {size:,} bytes, more than the {room:,} of its region."


def _size(candidate: Candidate, ok: bool) -> str:
    if ok:
        return f"The init packet announces {candidate.command.firmware_size:,} bytes."
    return "The init packet announces an image of 0 bytes."


def _space(candidate: Candidate, ok: bool) -> str:
    board = candidate.board
    size, end = candidate.command.firmware_size, board.memory.region_end
    room = max(0, end - board.bank_0_start)
    if not ok:
        return (
            f"The image has {size:,} bytes, and from 0x{board.bank_0_start:X} to 0x{end:X} there"
            f" are {room:,}."
        )
    place = candidate.find_place()
    if place.keeps_application:
        return f"There is room for {size:,} bytes at 0x{place.address:X}, behind what is installed."
    if place.keeps_softdevice:
        return (
            f"There is room for {size:,} bytes at 0x{place.address:X}, in the place of the"
            " installed application."
        )
    return (
        f"There is room for {size:,} bytes at 0x{place.address:X}, in the place of the installed"
        " SoftDevice and application."
    )


def _hash(candidate: Candidate, ok: bool) -> str:
    if ok:
        return "The image has the SHA-256 that the init packet names."
    if candidate.stored != candidate.image.firmware:
        return (
            f"The image has {len(candidate.image.firmware):,} bytes, no multiple of 4: flash is"
            " written in words, so its last bytes never arrive and its SHA-256 is wrong."
        )
    return "The image has another SHA-256 than the init packet names."


def _new_softdevice(candidate: Candidate) -> SoftDeviceInfo | None:
    return softdevice_in_image(candidate.image.firmware)


def _softdevice_info(candidate: Candidate, ok: bool) -> str:
    info = _new_softdevice(candidate)
    if ok and info is not None:
        return f"The image is a SoftDevice: {describe_fwid(info.fwid)}, to 0x{info.size_word:X}."
    if info is None:
        return (
            "The image is no SoftDevice: the information that every SoftDevice carries is missing."
        )
    return (
        f"The SoftDevice says that it ends at 0x{info.size_word:X}, which is before the end of its"
        " own image."
    )


def _softdevice_family(candidate: Candidate, ok: bool) -> str:
    if not candidate.board.profile.checks_softdevice_family:
        return f"SDK {candidate.board.profile.sdk} does not compare the SoftDevices' families."
    installed, new = candidate.board.softdevice, _new_softdevice(candidate)
    if installed is None:
        return "The unit has no SoftDevice whose family could differ."
    if ok:
        return f"The new SoftDevice is of the installed one's family, S{installed.family}."
    family = "unknown" if new is None or new.family is None else f"S{new.family}"
    return f"The new SoftDevice's family is {family}, and the installed one's S{installed.family}."


def _softdevice_major(candidate: Candidate, ok: bool) -> str:
    installed, new = candidate.board.softdevice, _new_softdevice(candidate)
    before = "none" if installed is None else installed.version_text or "unknown"
    after = "unknown" if new is None else new.version_text or "unknown"
    if not ok:
        return (
            f"The SoftDevice changes from version {before} to {after}, another major version;"
            " over Bluetooth LE that needs SoftDevice and bootloader in one package."
        )
    return f"The SoftDevice changes from version {before} to {after}."


def _boot_validation(candidate: Candidate, ok: bool) -> str:
    kinds = [entry.type for entry in candidate.command.boot_validations]
    if ok:
        names = ", ".join(kind.name for kind in kinds) or "the bootloader's own default"
        return f"What is checked at every boot can be prepared: {names}."
    if _meets_the_wrong_signature(candidate):
        sdk = candidate.board.profile.sdk
        return (
            f"A bootloader of SDK {sdk} checks the new bootloader with the SoftDevice's signature,"
            " which is never right: give the SoftDevice another check at boot."
        )
    if BootValidationType.VALIDATE_ECDSA_P256_SHA256 in kinds:
        return "The signature for the check at boot is not by the key that the bootloader trusts."
    return "The packet asks for a check at boot that the bootloader does not know."


def _meets_the_wrong_signature(candidate: Candidate) -> bool:
    """Whether the bootloader's part is held against the SoftDevice's entry (spec section 7)."""
    command = candidate.command
    return (
        command.kind is FwType.SOFTDEVICE_BOOTLOADER
        and candidate.board.profile.bootloader_validation_index == 0
        and command.boot_validations[:1] != ()
        and command.boot_validations[0].type is BootValidationType.VALIDATE_ECDSA_P256_SHA256
    )


_REASONS: Final[Mapping[str, Callable[[Candidate, bool], str]]] = {
    "init_packet": _init_packet,
    "signature": _signature,
    "type": _type,
    "hash_type": _hash_type,
    "hw_version": _hw_version,
    "sd_req": _sd_req,
    "fw_version": _fw_version,
    "bootloader_size": _bootloader_size,
    "size": _size,
    "space": _space,
    "hash": _hash,
    "softdevice_info": _softdevice_info,
    "softdevice_family": _softdevice_family,
    "softdevice_major": _softdevice_major,
    "boot_validation": _boot_validation,
}
