"""A package for MCUboot: an image by itself, or the files of a ``dfu_application.zip``.

Rules of this module: a package that was read agrees with itself. Every file has the size that its
manifest says, every image the version, and every hash that can be checked is right.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from firmline.errors import Code, InputError
from firmline.formats.firmware import parse_memory
from firmline.formats.manifest import MANIFEST_NAME, MAX_MANIFEST_SIZE
from firmline.formats.mcuboot.header import HEADER_SIZE, is_plausible_header, malformed
from firmline.formats.mcuboot.image import (
    MAX_IMAGE_SIZE,
    McubootImage,
    check_integrity,
    decode_image,
)
from firmline.formats.mcuboot.manifest import ManifestFile, SdkManifest, parse_sdk_manifest
from firmline.formats.mcuboot.recognition import (
    holds_sdk_manifest,
    is_hex_with_image,
    is_mcuboot_image,
    looks_like_hex,
)
from firmline.formats.mcuboot.version import ImageVersion
from firmline.formats.package_zip import read_entries
from firmline.formats.spans import Span, clip_spans, flatten_spans

_ZIP_START: Final = b"PK\x03\x04"
_SLOT_ALIGNMENT: Final = 0x200
"""Slots begin at pages; the smallest that are in use are of 512 bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class McubootFile:
    """A file of a package.

    Attributes:
        name: Of the file, or of the entry of the zip file.
        size: Its bytes.
        image: What it holds; None: it is no image for MCUboot.
        listed: What the manifest says of it; None: there is no manifest.
    """

    name: str
    size: int
    image: McubootImage | None
    listed: ManifestFile | None

    @property
    def number(self) -> int:
        """Which image of the unit it is."""
        return self.listed.image if self.listed is not None else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class McubootPackage:
    """What is brought to a unit in one go.

    Attributes:
        files: At least one that holds an image, in the order of the manifest.
        manifest: The manifest; None for an image by itself.
    """

    files: tuple[McubootFile, ...]
    manifest: SdkManifest | None

    @property
    def images(self) -> tuple[tuple[McubootFile, McubootImage], ...]:
        """The files that are images, with these."""
        return tuple((file, file.image) for file in self.files if file.image is not None)


def is_for_mcuboot(content: bytes, *, name: str) -> bool:
    """Whether a file is a package for MCUboot, good or bad.

    Args:
        content: The file.
        name: What to call it in a message.

    Raises:
        InputError: As :func:`~firmline.formats.package_zip.read_entries`, for a zip file.
    """
    if is_mcuboot_image(content) or is_hex_with_image(content):
        return True
    if not content.startswith(_ZIP_START):
        return False
    manifest = read_entries(content, name=name).get(MANIFEST_NAME, b"")
    return len(manifest) <= MAX_MANIFEST_SIZE and holds_sdk_manifest(manifest)


def read_mcuboot(content: bytes, *, name: str) -> McubootPackage:
    """Read a package and check that it agrees with itself.

    Args:
        content: A ``dfu_application.zip``, or an image as plain bytes, Intel HEX or S-records.
        name: What to call it in a message.

    Raises:
        InputError: A ``MCUBOOT_*`` or ``PACKAGE_*`` code, ``FILE_EMPTY``, ``FILE_TOO_LARGE``, or
            for a hex file an ``IMAGE_*`` code.
    """
    if content.startswith(_ZIP_START):
        return _read_zip(content, name)
    image = read_image(content, name=name)
    check_integrity(image, name=name)
    file = McubootFile(name=name, size=len(content), image=image, listed=None)
    return McubootPackage(files=(file,), manifest=None)


def read_image(content: bytes, *, name: str) -> McubootImage:
    """Read an image from a file, whether or not it has the hash that it names.

    Raises:
        InputError: ``MCUBOOT_IMAGE_MALFORMED``, ``MCUBOOT_IMAGE_TRUNCATED``, ``FILE_EMPTY``,
            ``FILE_TOO_LARGE``, or for a hex file an ``IMAGE_*`` code.
    """
    if not content:
        raise InputError(Code.FILE_EMPTY, f"{name} is empty.")
    if not looks_like_hex(content):
        return decode_image(content, name=name)
    spans = parse_memory(content, name=name)
    if spans is None:
        return decode_image(content, name=name)
    data, address = _slot(spans, name)
    return decode_image(data, name=name, address=address)


def _slot(spans: tuple[Span, ...], name: str) -> tuple[bytes, int]:
    """The one image of a hex file and what lies behind it, and its address."""
    places = [
        span.address + offset
        for span in spans
        for offset in (0, *range(-span.address % _SLOT_ALIGNMENT, len(span.data), _SLOT_ALIGNMENT))
        if is_plausible_header(span.data[offset : offset + HEADER_SIZE])
    ]
    if not places:
        raise malformed(name, "holds no image for MCUboot: nothing in it begins with its header")
    first = min(places)
    data = flatten_spans(clip_spans(spans, first, first + MAX_IMAGE_SIZE))
    end = first + decode_image(data, name=name).size
    others = sorted({place for place in places if place >= end})
    if others:
        raise malformed(name, f"holds two images for MCUboot, at 0x{first:X} and 0x{others[0]:X}")
    return data, first


def _read_zip(content: bytes, name: str) -> McubootPackage:
    entries = read_entries(content, name=name)
    if MANIFEST_NAME not in entries:
        raise InputError(
            Code.PACKAGE_NO_MANIFEST,
            f"{name} is a zip file without {MANIFEST_NAME}, so it is not a DFU package.",
        )
    manifest = parse_sdk_manifest(entries[MANIFEST_NAME], name=name)
    files = tuple(_file(listed, entries, name) for listed in manifest.files)
    if all(file.image is None for file in files):
        kinds = sorted({listed.kind for listed in manifest.files if listed.kind is not None})
        raise InputError(
            Code.MCUBOOT_NO_IMAGE,
            f"{name} is a package of the nRF Connect SDK without an image for MCUboot"
            f" ({', '.join(kinds)[:80] or 'of no type'}).",
        )
    return McubootPackage(files=files, manifest=manifest)


def _file(listed: ManifestFile, entries: dict[str, bytes], package: str) -> McubootFile:
    if listed.file not in entries:
        raise InputError(
            Code.PACKAGE_ENTRY_MISSING,
            f"The manifest of {package} names {listed.file[:60]!a}, which is not in the package.",
        )
    content = entries[listed.file]
    if listed.size is not None and listed.size != len(content):
        raise _disagrees(package, listed, f"has {len(content)} bytes instead of {listed.size}")
    image = None
    if is_mcuboot_image(content):
        name = f"{listed.file} in {package}"
        image = decode_image(content, name=name)
        check_integrity(image, name=name)
        _check_version(image, listed, package)
    elif listed.version is not None:
        raise _disagrees(package, listed, "is no image for MCUboot, whose version it names")
    return McubootFile(name=listed.file, size=len(content), image=image, listed=listed)


def _check_version(image: McubootImage, listed: ManifestFile, package: str) -> None:
    """Versions that are no numbers of MCUboot's, such as a network core's, say nothing."""
    said = ImageVersion.parse(listed.version or "")
    if said is not None and said != image.header.version:
        raise _disagrees(package, listed, f"has version {image.header.version} instead of {said}")


def _disagrees(package: str, listed: ManifestFile, what: str) -> InputError:
    return InputError(
        Code.MCUBOOT_MANIFEST_DISAGREES,
        f"{package} does not hold what its manifest says: {listed.file[:60]!a} {what}.",
    )
