"""``manifest.json``: which files of a package belong to which image.

The shape is nrfutil's (spec nrfutil-peer): one object ``manifest``, in it one entry per kind of
image with ``bin_file`` and ``dat_file``, and for SoftDevice + bootloader the sizes of both parts.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from firmline.errors import Code, InputError
from firmline.formats.mcuboot.recognition import is_sdk_manifest, wrong_family
from firmline.values import U32_MAX, ImageKind

MANIFEST_NAME = "manifest.json"
PROBES_NAME = "probes.json"  # ours: what a probe pack has in its place
MAX_MANIFEST_SIZE = 64 * 1024  # ours: nrfutil's have a few hundred bytes
KIND_TITLES = {
    ImageKind.APPLICATION: "application",
    ImageKind.SOFTDEVICE: "SoftDevice",
    ImageKind.BOOTLOADER: "bootloader",
    ImageKind.SOFTDEVICE_BOOTLOADER: "SoftDevice + bootloader",
}
"""The kinds of images as people write them."""
_METADATA = "info_read_only_metadata"
_LEGACY_KEYS = ("dfu_version", "init_packet_data")  # manifests before nRF5 SDK 12


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestEntry:
    """One image in a manifest.

    Attributes:
        kind: What it is.
        bin_file: Name of the entry with the image.
        dat_file: Name of the entry with the init packet.
        sd_size: Bytes of SoftDevice in the image, 32 bits; SoftDevice + bootloader only.
        bl_size: Bytes of bootloader behind it; likewise.
    """

    kind: ImageKind
    bin_file: str
    dat_file: str
    sd_size: int | None = None
    bl_size: int | None = None


def parse_manifest(content: bytes, *, name: str) -> tuple[ManifestEntry, ...]:
    """Read a manifest; entries come in the order of :class:`~firmline.values.ImageKind`.

    Args:
        content: The bytes of ``manifest.json``.
        name: What to call the package in a message.

    Raises:
        InputError: ``PACKAGE_MANIFEST_MALFORMED``, ``PACKAGE_DUPLICATE_NAME`` where two images
            share a file, ``PACKAGE_COMBINATION`` where SoftDevice + bootloader comes with either,
            ``PACKAGE_FOR_MCUBOOT`` for one of the nRF Connect SDK.
    """
    images = _load(content, name)
    unknown = sorted(set(images) - set(ImageKind))
    if unknown:
        raise _malformed(name, f"names an unknown kind of image, {unknown[0][:40]!a}")
    entries = tuple(_entry(kind, images[kind], name) for kind in ImageKind if kind in images)
    if not entries:
        raise _malformed(name, "names no image")
    _check_files(entries, name)
    parts = {ImageKind.SOFTDEVICE, ImageKind.BOOTLOADER} & images.keys()
    if ImageKind.SOFTDEVICE_BOOTLOADER in images and parts:
        raise InputError(
            Code.PACKAGE_COMBINATION,
            f"{name} holds a SoftDevice with bootloader and another of them as well.",
        )
    return entries


def format_manifest(entries: Iterable[ManifestEntry]) -> bytes:
    """Write a manifest: keys sorted, four spaces, no line end at the end, as nrfutil does."""
    images: dict[str, dict[str, object]] = {}
    for entry in entries:
        image: dict[str, object] = {"bin_file": entry.bin_file, "dat_file": entry.dat_file}
        if entry.kind is ImageKind.SOFTDEVICE_BOOTLOADER:
            image[_METADATA] = {"bl_size": entry.bl_size, "sd_size": entry.sd_size}
        images[entry.kind.value] = image
    return json.dumps({"manifest": images}, indent=4, sort_keys=True).encode()


def _load(content: bytes, name: str) -> dict[str, object]:
    if len(content) > MAX_MANIFEST_SIZE:
        raise _malformed(name, f"has {len(content)} bytes")
    try:
        document = json.loads(content.decode("utf-8-sig"), object_pairs_hook=_unique)
    except (ValueError, RecursionError):
        raise _malformed(name, "is not JSON, or names something twice") from None
    images = document.get("manifest") if isinstance(document, dict) else None
    if is_sdk_manifest(document):
        raise wrong_family(name, "the images of an nRF Connect SDK's build")
    if not isinstance(images, dict):
        raise _malformed(name, 'has no object "manifest"')
    legacy = [
        *images,
        *(key for image in images.values() if isinstance(image, dict) for key in image),
    ]
    if any(key in legacy for key in _LEGACY_KEYS):
        raise InputError(
            Code.PACKAGE_MANIFEST_MALFORMED,
            f"{name} was made for the legacy bootloader (nRF5 SDK 11 and older), which is another"
            " protocol than Secure DFU.",
            hint="A unit with the legacy bootloader needs the tools of its own SDK; for a unit with"
            " Secure DFU make the package anew with firmline pkg generate.",
        )
    return images


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """An object of a JSON document; a key that comes twice would hide one of its values."""
    if len(dict(pairs)) != len(pairs):
        raise ValueError("duplicate key")
    return dict(pairs)


def _entry(kind: ImageKind, image: object, name: str) -> ManifestEntry:
    if not isinstance(image, dict):
        raise _malformed(name, f"has no object for the {KIND_TITLES[kind]}")
    bin_file, dat_file = image.get("bin_file"), image.get("dat_file")
    if not (isinstance(bin_file, str) and isinstance(dat_file, str)):
        raise _malformed(name, f"does not name both files of the {KIND_TITLES[kind]}")
    metadata = image.get(_METADATA, {})
    if not isinstance(metadata, dict):
        raise _malformed(name, f"has sizes for the {KIND_TITLES[kind]} that are no object")
    return ManifestEntry(
        kind=kind,
        bin_file=bin_file,
        dat_file=dat_file,
        sd_size=_size(metadata.get("sd_size"), kind, name),
        bl_size=_size(metadata.get("bl_size"), kind, name),
    )


def _size(value: object, kind: ImageKind, name: str) -> int | None:
    if value is None or (type(value) is int and 0 <= value <= U32_MAX):
        return value
    raise _malformed(name, f"has a size for the {KIND_TITLES[kind]} that is not a whole number")


def _check_files(entries: tuple[ManifestEntry, ...], name: str) -> None:
    seen = {MANIFEST_NAME}
    for entry in entries:
        for file in (entry.bin_file, entry.dat_file):
            if file in seen:
                raise InputError(
                    Code.PACKAGE_DUPLICATE_NAME,
                    f"{name} is corrupt: its manifest uses {file[:60]!a} for two things, so"
                    " at least one image is missing.",
                    hint="nrfutil makes such packages of inputs with the same base name, or with"
                    " an extension in capitals. Build the package again with firmline.",
                )
            seen.add(file)


def _malformed(name: str, what: str) -> InputError:
    return InputError(Code.PACKAGE_MANIFEST_MALFORMED, f"The manifest of {name} {what}.")
