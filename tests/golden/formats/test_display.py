"""Every field that nrfutil 6.1.7 displayed of a package is in ours, with the same value."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from firmline.cli.package_text import image_fields, image_lines
from firmline.formats.package import PackageImage, read_package

HERE = Path(__file__).resolve().parents[3].parent / "shared" / "data" / "nrfutil"
DISPLAYED = sorted(path.stem for path in HERE.glob("display/pkg_*.txt")) or ["none"]
FIELD = re.compile(r"^ +\|- ([a-z_]+)(?: \(little-endian\))?:? (.+)$", re.MULTILINE)
TYPES = {"sd_bl": "softdevice_bootloader"}
pytestmark = pytest.mark.skipif(not HERE.is_dir(), reason="../shared/data/nrfutil is not here")


def test_the_evidence_is_complete() -> None:
    assert len(DISPLAYED) == 24


def ours(image: PackageImage) -> dict[str, str]:
    """Our fields as nrfutil writes them."""
    fields = {name: value for name, value in image_fields(image).items() if value is not None}
    command = image.init_packet.command
    validations = [(entry.type.name, entry.data.hex()) for entry in command.boot_validations]
    return {
        "op_code": str(fields["op_code"]),
        "signature_type": str(fields.get("signature_type", "UNSIGNED")),
        "signature": f"b'{fields['signature']}'" if "signature" in fields else "N/A",
        "fw_version": f"0x{fields['fw_version']:08X} ({fields['fw_version']})",
        "hw_version": f"0x{fields['hw_version']:08X} ({fields['hw_version']})",
        "sd_req": ", ".join(f"0x{fwid:02X}" for fwid in command.sd_req),
        "type": str(fields["type"]),
        "sd_size": str(fields["sd_size"]),
        "bl_size": str(fields["bl_size"]),
        "app_size": str(fields["app_size"]),
        "hash_type": str(fields["hash_type"]),
        "hash": f"b'{fields['hash']}'",
        "boot_validation_type": str([kind for kind, _ in validations]),
        "boot_validation_signature": str([data.encode() for _, data in validations]),
        "is_debug": str(fields["is_debug"]),
    }


@pytest.mark.parametrize("name", DISPLAYED)
def test_the_fields_are_those_that_nrfutil_displays(name: str) -> None:
    text = (HERE / "display" / f"{name}.txt").read_text(encoding="utf-8")
    count, *theirs = re.split(r"^\|- Image #\d+:$", text, flags=re.MULTILINE)
    package = f"{name.removeprefix('pkg_')}.zip"
    images = read_package((HERE / "pkg" / package).read_bytes(), name=package).images
    assert f"|- Image count: {len(images)}\n" in count
    assert len(theirs) == len(images)
    for image, displayed in zip(images, theirs, strict=True):
        head, fields = displayed.split("Init packet file:")
        assert dict(FIELD.findall(fields)) == ours(image)
        shown = re.search(r"Type: (\S+)\n +\|- Image file: (.+)\n", head)
        assert shown is not None
        assert (TYPES.get(shown[1], shown[1]), shown[2]) == (image.kind.value, image.bin_name)
        assert fields.startswith(f" {image.dat_name}\n")


@pytest.mark.parametrize("name", DISPLAYED)
def test_our_words_hold_every_value_too(name: str) -> None:
    package = f"{name.removeprefix('pkg_')}.zip"
    for image in read_package((HERE / "pkg" / package).read_bytes(), name=package).images:
        words = "\n".join(image_lines(image))
        command, packet = image.init_packet.command, image.init_packet
        assert f"(0x{command.fw_version:08X})" in words or "none (0xFFFFFFFF)" in words
        assert f"(0x{command.hw_version:08X})" in words
        assert all(f"0x{fwid:04X}" in words for fwid in command.sd_req)
        assert all(entry.type.name in words for entry in command.boot_validations)
        assert command.hash[::-1].hex() in words
        signatures = [entry.data for entry in command.boot_validations] + [packet.signature or b""]
        for signature in signatures:
            assert signature[:32].hex() in words
            assert signature[32:].hex() in words
        for number in (command.sd_size, command.bl_size, command.app_size):
            assert not number or f"{number:,}" in words
        assert f"debug       {'yes' if command.is_debug else 'no'}" in words
        assert f"{image.bin_name}, {image.dat_name}" in words
