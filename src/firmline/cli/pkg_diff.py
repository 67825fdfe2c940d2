"""``firmline pkg diff``: what differs between two packages."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from firmline.cli.files import read_file
from firmline.cli.parameters import FilePath, OnceCommand
from firmline.cli.style import printable
from firmline.formats.known_softdevices import describe_fwid
from firmline.formats.manifest import KIND_TITLES

if TYPE_CHECKING:
    from firmline.formats.package_diff import FirmwareChange, ImageDiff, PackageDiff

LIKENESSES: Final = {
    "identical": "The files are the same, byte for byte.",
    "container": "The packages hold the same images and init packets; only the zip file around them"
    " differs (times, order or packing).",
    "signatures": "The packages are identical except for the signatures, which are by the same key."
    " nrfutil signs with a random number, so its packages differ in this every time.",
    "different": "The packages differ.",
}
LABELS: Final = {
    "type": "type",
    "fw_version": "version",
    "hw_version": "hardware",
    "sd_req": "SoftDevice",
    "sd_size": "SD size",
    "bl_size": "BL size",
    "app_size": "app size",
    "hash_type": "hash type",
    "hash": "hash",
    "is_debug": "debug",
    "boot_validation": "boot check",
    "signature_type": "signature",
    "bin_file": "image file",
    "dat_file": "init packet",
    "encoding": "encoding",
}
MAX_SHOWN: Final = 64
"""Characters of one value, for people; a list of SoftDevices is shown to its end."""


@click.command(cls=OnceCommand)
@click.argument("old", metavar="A.zip", type=FilePath())
@click.argument("new", metavar="B.zip", type=FilePath())
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def diff(old: Path, new: Path, as_json: bool) -> None:
    """Compare two DFU packages, image by image.

    Signatures are compared by the key that made them. The exit code is 0 whether or not the
    packages differ; in the result of --json, "same" says whether they do.
    """
    from firmline.formats.package import read_package  # noqa: PLC0415 - for a quick --help
    from firmline.formats.package_diff import diff_packages  # noqa: PLC0415 - likewise

    contents = [read_file(path, what="package") for path in (old, new)]
    first, second = (
        read_package(content, name=str(path))
        for content, path in zip(contents, (old, new), strict=True)
    )
    found = diff_packages(first, second, same_file=contents[0] == contents[1])
    if as_json:
        click.echo(json.dumps(_fields(found, old, new)))
        return
    for line in _lines(found, old, new):
        click.echo(printable(line))


def _fields(found: PackageDiff, old: Path, new: Path) -> dict[str, Any]:
    return {
        "type": "result",
        "old": printable(old),
        "new": printable(new),
        "same": found.likeness != "different",
        "verdict": found.likeness.value,
        **_level_fields(found),
        "inner": None if found.inner is None else _level_fields(found.inner),
    }


def _level_fields(found: PackageDiff) -> dict[str, Any]:
    return {
        "removed": [kind.value for kind in found.removed],
        "added": [kind.value for kind in found.added],
        "images": [_image_fields(image) for image in found.images],
    }


def _image_fields(image: ImageDiff) -> dict[str, Any]:
    firmware = image.firmware
    return {
        "kind": image.kind.value,
        "same": image.is_same,
        "signer": image.signer.value,
        "other_signatures": image.other_signatures,
        "changes": [
            {
                "field": change.field,
                "old": _json_value(change.field, change.old),
                "new": _json_value(change.field, change.new),
            }
            for change in image.changes
        ],
        "firmware": None
        if firmware is None
        else {
            "bytes": firmware.bytes,
            "first": firmware.first,
            "pages": firmware.pages,
            "of_pages": firmware.of_pages,
        },
    }


def _json_value(field: str, value: Any) -> Any:  # noqa: ANN401 - a value of any field
    """As ``pkg display --json`` has it."""
    match field:
        case "sd_req":
            return [f"0x{fwid:04X}" for fwid in value]
        case "boot_validation":
            return [{"type": kind, "bytes": data} for kind, data in value]
        case "bin_file" | "dat_file":
            return printable(value)
        case _:
            return value


def _lines(found: PackageDiff, old: Path, new: Path) -> Iterator[str]:
    yield f"- {old}"
    yield f"+ {new}"
    yield from _level_lines(found, old, new, where="")
    if found.inner is not None:
        yield from _level_lines(found.inner, old, new, where=" in the Zigbee file")
    yield ""
    yield LIKENESSES[found.likeness]


def _level_lines(found: PackageDiff, old: Path, new: Path, *, where: str) -> Iterator[str]:
    for image in found.images:
        yield ""
        yield f"{KIND_TITLES[image.kind]}{where}: {'the same' if image.is_same else 'differs'}"
        for change in image.changes:
            yield f"  {LABELS[change.field]:<11}  - {_shown(change.field, change.old)}"
            yield f"  {'':<11}  + {_shown(change.field, change.new)}"
        if image.firmware is None:
            yield f"  {'firmware':<11}  the same bytes"
        else:
            yield f"  {'firmware':<11}  {_firmware(image.firmware)}"
        yield f"  {'signer':<11}  {image.signer.value}" + (
            ", other signature bytes"
            if image.other_signatures and image.signer == "same key"
            else ""
        )
    for mark, name, kinds in (("-", old, found.removed), ("+", new, found.added)):
        for kind in kinds:
            yield ""
            yield f"{KIND_TITLES[kind]}{where}: only in {mark} {name}"


def _firmware(change: FirmwareChange) -> str:
    where = f"0x{change.first:X}"
    if change.bytes == 0:
        return f"the same up to {where}, where one of them ends"
    count = f"{change.bytes:,} bytes differ, the first" if change.bytes > 1 else "1 byte differs,"
    pages = f"pages of 4096 bytes that change: {change.pages} of {change.of_pages}"
    return f"{count} at {where}; {pages}"


def _shown(field: str, value: Any) -> str:  # noqa: ANN401 - a value of any field
    match field, value:
        case _, None:
            text = "none"
        case "is_debug", _:
            text = "yes" if value else "no"
        case "sd_req", _:
            return ", ".join(describe_fwid(fwid) for fwid in value) or "none named"
        case "boot_validation", _:
            text = ", ".join(kind + (f" {data}" if data else "") for kind, data in value) or "none"
        case "hw_version" | "fw_version", _:
            text = f"{value} (0x{value:08X})"
        case _:
            text = f"{value:,}" if isinstance(value, int) else str(value)
    return text if len(text) <= MAX_SHOWN else f"{text[: MAX_SHOWN - 3]}..."
