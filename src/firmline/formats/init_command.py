"""The values inside an init packet, and the limits of the decoder in every bootloader.

Rules of this module: values only; how they become bytes is :mod:`firmline.formats.init_packet`,
which exports these names too. Numbers are those of the wire (spec section 16.2 S1).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from firmline.errors import Code, InputError
from firmline.values import Fwid, FwVersion

MAX_INIT_PACKET_SIZE = 512  # the bootloader's buffer, init_command of the settings page (section 8)
SIGNATURE_SIZE = 64  # r and s of P-256 (section 5)
MAX_SD_REQ = 16  # decoder limits of the bootloader, in entries and bytes (section 5)
MAX_BOOT_VALIDATIONS = 3
MAX_BOOT_VALIDATION_SIZE = 64
MAX_HASH_SIZE = 32
ANY_SOFTDEVICE = Fwid(0xFFFE)
"""In ``sd_req`` of external applications: any SoftDevice will do (section 5.2). nrfutil names it
where nothing is said; in other packages it is an FWID that no unit has."""


class FwType(IntEnum):
    """What an init packet says the image is (spec section 5.1)."""

    APPLICATION = 0
    SOFTDEVICE = 1
    BOOTLOADER = 2
    SOFTDEVICE_BOOTLOADER = 3
    EXTERNAL_APPLICATION = 4


class HashType(IntEnum):
    """How the image is hashed; bootloaders accept SHA-256 alone (spec section 5.1)."""

    NO_HASH = 0
    CRC = 1
    SHA128 = 2
    SHA256 = 3
    SHA512 = 4


class SignatureType(IntEnum):
    """How the init command is signed; bootloaders accept ECDSA alone (spec section 5.1)."""

    ECDSA_P256_SHA256 = 0
    ED25519 = 1


class BootValidationType(IntEnum):
    """How an installed image is checked at every boot (spec section 16.2 S4)."""

    NO_VALIDATION = 0
    VALIDATE_GENERATED_CRC = 1
    VALIDATE_GENERATED_SHA256 = 2
    VALIDATE_ECDSA_P256_SHA256 = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class BootValidation:
    """One boot validation entry of an init command.

    Attributes:
        type: The check.
        data: Empty, or for ECDSA a signature of 64 bytes over the image, r then s, each
            little-endian.
    """

    type: BootValidationType
    data: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class InitCommand:
    """The content of an init packet.

    Attributes:
        kind: What the image is.
        fw_version: The image's version; None where the packet names none.
        hw_version: The hardware it is for (32 bits); None where the packet names none.
        sd_req: FWIDs of the SoftDevices it may meet, in the packet's order. 32 bits each on the
            wire and kept so; values above 0xFFFF match no SoftDevice. 0 first means "none".
        sd_size: Bytes of SoftDevice in the image.
        bl_size: Bytes of bootloader in the image.
        app_size: Bytes of application in the image.
        hash_type: How ``hash`` was made.
        hash: As transmitted: little-endian, the digest with its bytes reversed.
        is_debug: Asks a debug bootloader to skip the version checks.
        boot_validations: How each part is checked at boot; for SD+BL the SoftDevice's comes first.
    """

    kind: FwType
    fw_version: FwVersion | None = None
    hw_version: int | None = None
    sd_req: tuple[int, ...] = ()
    sd_size: int = 0
    bl_size: int = 0
    app_size: int = 0
    hash_type: HashType = HashType.SHA256
    hash: bytes = b""
    is_debug: bool = False
    boot_validations: tuple[BootValidation, ...] = ()

    @property
    def firmware_size(self) -> int:
        """The size in bytes of the image that the unit will expect (spec section 5.3)."""
        match self.kind:
            case FwType.APPLICATION | FwType.EXTERNAL_APPLICATION:
                return self.app_size
            case FwType.SOFTDEVICE:
                return self.sd_size
            case FwType.BOOTLOADER:
                return self.bl_size
            case FwType.SOFTDEVICE_BOOTLOADER:
                return self.sd_size + self.bl_size


@dataclass(frozen=True, slots=True, kw_only=True)
class InitPacket:
    """An init packet, with the bytes it came from.

    Attributes:
        command: The content.
        encoded: The whole packet as received; this is what a unit gets.
        signed_bytes: The encoded init command inside ``encoded``; what a signature covers.
        signature_type: How it is signed; None if it is not.
        signature: 64 bytes, r then s, each little-endian; None if it is not signed.
    """

    command: InitCommand
    encoded: bytes
    signed_bytes: bytes
    signature_type: SignatureType | None = None
    signature: bytes | None = None


def boot_signature_needs_key() -> InputError:
    """The error for a boot validation that is a signature, where there is no key to make it."""
    name = BootValidationType.VALIDATE_ECDSA_P256_SHA256.name
    return InputError(
        Code.KEY_REQUIRED, f"Boot validation {name} is a signature, which needs a signing key."
    )
