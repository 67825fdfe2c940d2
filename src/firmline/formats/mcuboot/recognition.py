"""Which family a file is for: told from its first bytes, before anything is read in full.

Rules of this module: nothing is refused here. A file that only looks as if it were for MCUboot is
read as such, and refused there with what is wrong with it.
"""

from __future__ import annotations

import json
import re
from typing import Final

from firmline.errors import Code, InputError
from firmline.formats.mcuboot.header import MAGICS, OLD_MAGIC

_HEX_START: Final = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?::[0-9A-Fa-f]{8}|S[0-9][0-9A-Fa-f]{6})")
_HEADS: Final = tuple(MAGICS)
_VERSION_KEY: Final = "version_MCUBOOT"
"""How the keys for the version of an image begin, one for each core; nRF Connect SDK, dfu zips."""


def is_mcuboot_image(content: bytes) -> bool:
    """Whether bytes begin as an image for MCUboot does."""
    return content.startswith((*_HEADS, OLD_MAGIC))


def looks_like_hex(content: bytes) -> bool:
    """Whether bytes begin as Intel HEX or S-records do, which a signed image may come as."""
    return _HEX_START.match(content) is not None


def is_hex_with_image(content: bytes) -> bool:
    """Whether a hex file has the beginning of an image in it, in one record as all tools write it.

    A program that looks for such images may have it, too.
    """
    if not looks_like_hex(content):
        return False
    digits = content.upper()
    return any(head.hex().upper().encode() in digits for head in _HEADS)


def is_sdk_manifest(document: object) -> bool:
    """Whether a JSON document is the manifest of an nRF Connect SDK's package."""
    if not isinstance(document, dict) or document.get("manifest") is not None:
        return False
    files = document.get("files")
    if not isinstance(files, list):
        return False
    keys = [key for file in files if isinstance(file, dict) for key in file]
    return "format-version" in document or any(key.startswith(_VERSION_KEY) for key in keys)


def holds_sdk_manifest(content: bytes) -> bool:
    """The same of the bytes of a ``manifest.json``."""
    try:
        return is_sdk_manifest(json.loads(content.decode("utf-8-sig")))
    except (ValueError, RecursionError):
        return False


def wrong_family(name: str, what: str) -> InputError:
    """The error of a package or image for MCUboot, where one of the nRF5 SDK is wanted.

    Args:
        name: The file.
        what: What it is, such as ``an image``.
    """
    return InputError(
        Code.PACKAGE_FOR_MCUBOOT,
        f"{name}: this is an MCUboot package: {what}, for units with the bootloader MCUboot; units"
        " with the bootloader of the nRF5 SDK take other packages.",
    )
