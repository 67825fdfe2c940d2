"""How an installed image is checked at every boot (spec sections 7 and 16.2 S4).

The settings page keeps a type and 64 bytes of data for an image; a bootloader computes the same
from flash, or checks the data as a signature.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable

from firmline.formats.init_command import BootValidationType


def boot_check_value(kind: int, image: bytes) -> bytes | None:
    """What a check without a key computes of an image, as the settings page keeps it.

    Args:
        kind: A :class:`BootValidationType`, or any other number.
        image: Its bytes in flash.

    Returns:
        Nothing where nothing is checked, 4 bytes of CRC-32 (little-endian), or 32 of SHA-256 (not
        reversed); ``None``: that computes none.
    """
    match kind:
        case BootValidationType.NO_VALIDATION:
            return b""
        case BootValidationType.VALIDATE_GENERATED_CRC:
            return zlib.crc32(image).to_bytes(4, "little")
        case BootValidationType.VALIDATE_GENERATED_SHA256:
            return hashlib.sha256(image).digest()
        case _:
            return None


def passes_boot_check(
    kind: int, data: bytes, image: bytes, *, verify: Callable[[bytes, bytes], bool] | None = None
) -> bool | None:
    """Whether an image passes its boot check; of a type that no bootloader knows none does.

    Args:
        kind: A :class:`BootValidationType`, or any other number.
        data: Of the settings page, 64 bytes.
        image: Its bytes in flash.
        verify: Checks a signature of an image; ``None``: there is no key.

    Returns:
        ``None``: a signature, and no key.
    """
    if kind == BootValidationType.VALIDATE_ECDSA_P256_SHA256:
        return None if verify is None else verify(image, data)
    value = boot_check_value(kind, image)
    return value is not None and data.startswith(value)
