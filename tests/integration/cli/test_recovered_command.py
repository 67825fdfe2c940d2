"""The command that ``pkg display`` names, run on the entries, makes a package with the same fields.

For every package that nrfutil 6.1.7 left in the evidence.
"""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path
from typing import Any

import pytest

from firmline.formats.inner_package import inner_package
from firmline.formats.package import read_package
from firmline.values import ImageKind
from unit.cli.program import Program

PACKAGES = [
    "app_NO_VALIDATION",
    "app_VALIDATE_ECDSA_P256_SHA256",
    "app_VALIDATE_GENERATED_CRC",
    "app_VALIDATE_GENERATED_SHA256",
    "app_bigver",
    "app_bin",
    "app_debug",
    "app_default",
    "app_external",
    "app_multi_sdreq",
    "app_unsigned",
    "app_user_shape",
    "app_vstr",
    "bl_only",
    "octal",
    "sd_app",
    "sd_bl",
    "sd_bl_app",
    "sd_bl_app_val",
    "sd_bl_ecdsa",
    "sd_only",
    "sd_only_default",
    "sd_sha",
    "zigbee_app",
]
EDGES = ["app0", "bl_uicr", "gap.hex", "mbr_sd", "odd.bin", "odd.hex", "uicr.hex"]
CORRUPT = ["samename", "upper"]
NAMES = [*(f"pkg/{name}" for name in PACKAGES), *(f"edge/{name}" for name in EDGES)]


def test_every_package_of_the_evidence_is_named_here(peer: Path) -> None:
    assert sorted(path.stem for path in (peer / "pkg").glob("*.zip")) == sorted(PACKAGES)
    assert sorted(path.stem for path in (peer / "edge").glob("*.zip")) == sorted(EDGES + CORRUPT)


def comparable(result: dict[str, Any]) -> list[dict[str, Any]]:
    """The images of a result, without what two runs of nrfutil differ in: random signatures."""
    images: list[dict[str, Any]] = result["images"]
    if result["zigbee"] is not None:
        del images[0]["hash"]  # over the signatures of the package in the file
        images = [*images, *result["zigbee"]["images"]]
    for image in images:
        image["signature"] = image["signature"] is not None
        for entry in image["boot_validation"]:
            entry["bytes"] = len(entry["bytes"])
    return images


def extract(package: Path, folder: Path) -> None:
    """The entries of a package as files; SoftDevice and bootloader in files of their own."""
    outer = read_package(package.read_bytes(), name=package.name)
    if (inner := inner_package(outer)) is not None:
        (image,) = inner.package.images
        (folder / f"{image.kind.value}.bin").write_bytes(image.firmware)
        return
    for image in outer.images:
        if image.kind is ImageKind.SOFTDEVICE_BOOTLOADER:
            (folder / "softdevice.bin").write_bytes(image.firmware[: image.sd_size])
            (folder / "bootloader.bin").write_bytes(image.firmware[image.sd_size :])
        else:
            (folder / image.bin_name).write_bytes(image.firmware)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_the_named_command_makes_a_package_with_the_same_fields(
    name: str, peer: Path, firmline: Program, folder: Path
) -> None:
    source = peer / f"{name}.zip"
    extract(source, folder)
    shutil.copy(peer / "keys" / "private.key", folder)

    theirs = firmline("pkg", "display", str(source), "--json").result
    words = shlex.split(theirs["generate"])
    assert (words[0], words[-1]) == ("firmline", source.name)
    made = firmline(*words[1:])
    assert made.code == 0, made.err
    ours = firmline("pkg", "display", source.name, "--json").result

    assert shlex.split(ours["generate"]) == words
    assert comparable(ours) == comparable(theirs)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_the_words_and_the_fields_name_the_same_command(
    name: str, peer: Path, firmline: Program
) -> None:
    source = str(peer / f"{name}.zip")
    shown = firmline("pkg", "display", source)
    assert (shown.code, shown.err) == (0, "")
    command = firmline("pkg", "display", source, "--json").result["generate"]
    assert shown.out.endswith(f"A package like this is made by:\n  {command}\n")
