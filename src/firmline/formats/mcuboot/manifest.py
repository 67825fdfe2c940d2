"""``manifest.json`` of the nRF Connect SDK: which file of a package goes into which slot.

Format version 0 comes from the SDK up to 2.6, version 1 from 2.7 on (sysbuild). Both are one list
``files``; their keys differ a little from build to build, numbers come as numbers or as texts, and
anything that is not known here is left alone. A key that is used has to make sense.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final

from firmline.errors import Code, InputError
from firmline.formats.manifest import MAX_MANIFEST_SIZE
from firmline.formats.package_zip import check_entry_name
from firmline.values import U32_MAX

FORMAT_VERSIONS: Final = (0, 1)
MAX_FILES: Final = 16
"""Ours: an nRF53 with external flash has four, twice that where both slots have their own."""
_VERSION_KEYS: Final = ("version_MCUBOOT+XIP", "version_MCUBOOT")
_IMAGE_KEYS: Final = ("image_index", "image", "partition")
_BOOTLOADER: Final = "mcuboot"
_MAX_TEXT: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestFile:
    """One file of a package; None where the manifest says nothing.

    Attributes:
        file: The entry that holds it.
        size: Its bytes.
        kind: ``application``, ``mcuboot``, ...
        board: The board that it was built for.
        soc: The chip.
        load_address: Where the program runs.
        image: Which image of the unit it is; 0 where nothing is said.
        slot: Which of the image's slots it was built for; builds that run from both.
        slots: The numbers of primary and secondary slot.
        version: What MCUboot's header should have as its version.
        other_version: The version under another name, such as the network core's own.
        is_xip: Whether the bootloader runs images from both slots.
    """

    file: str
    size: int | None
    kind: str | None
    board: str | None
    soc: str | None
    load_address: int | None
    image: int
    slot: int | None
    slots: tuple[int | None, int | None]
    version: str | None
    other_version: str | None
    is_xip: bool

    @property
    def target(self) -> tuple[object, ...]:
        """Where it goes; two files of a package never go to one place.

        Of an update of the bootloader itself one of two files is taken: that for the place from
        which the other one does not run.
        """
        place = self.load_address if self.kind == _BOOTLOADER else None
        return (self.image, self.slot, self.slots, place)


@dataclass(frozen=True, slots=True, kw_only=True)
class SdkManifest:
    """A manifest.

    Attributes:
        format_version: 0 or 1; None where it says none.
        name: What the maker calls the package.
        files: At least one.
    """

    format_version: int | None
    name: str | None
    files: tuple[ManifestFile, ...]


def parse_sdk_manifest(content: bytes, *, name: str) -> SdkManifest:
    """Read a manifest.

    Args:
        content: The bytes of ``manifest.json``.
        name: What to call the package in a message.

    Raises:
        InputError: ``MCUBOOT_MANIFEST_MALFORMED``, ``MCUBOOT_SLOT_TWICE`` or
            ``PACKAGE_UNSAFE_NAME``.
    """
    document = _load(content, name)
    version = _number(document, "format-version", name)
    if version not in (None, *FORMAT_VERSIONS):
        raise _malformed(name, f"is of format version {version}; 0 and 1 are known")
    rows = document.get("files")
    if not isinstance(rows, list) or not rows:
        raise _malformed(name, 'lists no "files"')
    if len(rows) > MAX_FILES:
        raise _malformed(name, f"lists {len(rows)} files")
    files = tuple(_file(row, name) for row in rows)
    _check_targets(files, name)
    return SdkManifest(format_version=version, name=_text(document, "name", name), files=files)


def _load(content: bytes, name: str) -> dict[str, object]:
    if len(content) > MAX_MANIFEST_SIZE:
        raise _malformed(name, f"has {len(content)} bytes")
    try:
        document = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        raise _malformed(name, "is not JSON") from None
    if not isinstance(document, dict):
        raise _malformed(name, "is no object")
    return document


def _file(row: object, name: str) -> ManifestFile:
    if not isinstance(row, dict):
        raise _malformed(name, "lists a file that is no object")
    file = row.get("file")
    if not isinstance(file, str):
        raise _malformed(name, 'lists a file without its name ("file")')
    check_entry_name(file, package=f"The manifest of {name}")
    numbers = [_number(row, key, name) for key in _IMAGE_KEYS]
    images = [number for number in numbers if number is not None]
    texts = [_text(row, key, name) for key in _VERSION_KEYS]
    versions = [text for text in texts if text is not None]
    return ManifestFile(
        file=file,
        size=_number(row, "size", name),
        kind=_text(row, "type", name),
        board=_text(row, "board", name),
        soc=_text(row, "soc", name),
        load_address=_number(row, "load_address", name),
        image=images[0] if images else 0,
        slot=_number(row, "slot", name),
        slots=(
            _number(row, "slot_index_primary", name),
            _number(row, "slot_index_secondary", name),
        ),
        version=versions[0] if versions else None,
        other_version=_text(row, "version", name),
        is_xip=_text(row, _VERSION_KEYS[0], name) is not None,
    )


def _check_targets(files: tuple[ManifestFile, ...], name: str) -> None:
    seen: dict[tuple[object, ...], str] = {}
    names: set[str] = set()
    for file in files:
        if file.file in names:
            raise _malformed(name, f"lists {file.file[:60]!a} twice")
        names.add(file.file)
        first = seen.setdefault(file.target, file.file)
        if first != file.file:
            raise InputError(
                Code.MCUBOOT_SLOT_TWICE,
                f"{name} has two files for image {file.image} in one slot: {first[:60]!a} and"
                f" {file.file[:60]!a}.",
            )


def _number(row: dict[str, object], key: str, name: str) -> int | None:
    """A number below 2 to the power of 32, also where it is written as a text, such as 0xC000."""
    value = row.get(key)
    if isinstance(value, str) and len(value) <= _MAX_TEXT:
        value = _parsed(value, key, name)
    if value is None or (type(value) is int and 0 <= value <= U32_MAX):
        return value
    raise _malformed(name, f'has a "{key}" that is no number from 0 to {U32_MAX}')


def _parsed(text: str, key: str, name: str) -> int:
    try:
        return int(text, 0)
    except ValueError:
        raise _malformed(name, f'has a "{key}" that is no number') from None


def _text(row: dict[str, object], key: str, name: str) -> str | None:
    """A short text; numbers are taken as they are written."""
    value = row.get(key)
    if type(value) is int and abs(value) <= U32_MAX:
        return str(value)
    if value is None or (isinstance(value, str) and len(value) <= _MAX_TEXT):
        return value or None
    raise _malformed(name, f'has a "{key}" that is no short text')


def _malformed(name: str, what: str) -> InputError:
    return InputError(Code.MCUBOOT_MANIFEST_MALFORMED, f"The manifest of {name} {what}.")
