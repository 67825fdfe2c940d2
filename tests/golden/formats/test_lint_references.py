"""Lint of what others made: nrfutil's reference packages, and real firmware that nrfutil brings."""

from __future__ import annotations

import pytest

from firmline.formats.firmware import FirmwareImage, find_softdevice, parse_firmware
from firmline.formats.known_softdevices import known_softdevice
from firmline.formats.lint import Slug, lint_package, lint_sources
from firmline.formats.package import read_package
from firmline.values import ImageKind
from house_tree import ROOT

PACKAGES = ROOT.parent / "shared" / "data" / "nrfutil" / "pkg"
FIRMWARE = sorted(ROOT.glob(".nrfutil/lib/*/site-packages/pc_ble_driver_py/hex"))
with_packages = pytest.mark.skipif(not PACKAGES.is_dir(), reason="../shared is not here")
with_firmware = pytest.mark.skipif(not FIRMWARE, reason="nrfutil is not installed (make nrfutil)")

APP, BL, SD = Slug.VECTOR_TABLE, Slug.VECTOR_TABLE, Slug.NOT_A_SOFTDEVICE
# Random bytes stand for the images, so each lacks its table or its information.
EXPECTED = {
    "app_default.zip": [APP],
    "app_bin.zip": [APP],
    "app_multi_sdreq.zip": [APP],
    "app_NO_VALIDATION.zip": [APP, Slug.NO_BOOT_VALIDATION],
    "app_VALIDATE_ECDSA_P256_SHA256.zip": [APP],
    "app_unsigned.zip": [APP, Slug.NOT_SIGNED],
    "app_debug.zip": [APP, Slug.DEBUG_FLAG],
    "app_bigver.zip": [APP, Slug.REMOVES_SOFTDEVICE],
    "app_external.zip": [],
    "bl_only.zip": [BL],
    "sd_only.zip": [SD],
    "sd_bl.zip": [SD, BL],
    "sd_bl_app.zip": [SD, BL, APP],
}


def firmware(name: str, kind: ImageKind) -> FirmwareImage:
    (path,) = FIRMWARE[0].rglob(name)
    return parse_firmware(path.read_bytes(), name=name, kind=kind)


@with_packages
@pytest.mark.parametrize("name", EXPECTED)
def test_the_reference_packages_are_warned_about(name: str) -> None:
    package = read_package((PACKAGES / name).read_bytes(), name=name)
    assert [finding.slug for finding in lint_package(package)] == EXPECTED[name]


@with_firmware
@pytest.mark.parametrize(
    "name",
    [
        "s130_nrf51_2.0.1_softdevice.hex",
        "s132_nrf52_2.0.1_softdevice.hex",
        "s132_nrf52_5.1.0_softdevice.hex",
    ],
)
def test_a_real_softdevice_has_no_findings_and_is_what_the_table_says(name: str) -> None:
    image = firmware(name, ImageKind.SOFTDEVICE)
    info = find_softdevice(image)
    assert info is not None
    known = known_softdevice(info.fwid)
    assert known is not None
    assert f"{known.name.lower()}_{known.chip}_{known.version}_softdevice.hex" == name
    assert (known.end, known.image_size) == (info.size_word, len(image.data))
    assert lint_sources(softdevice=image) == ()


@with_firmware
@pytest.mark.parametrize(
    ("fwid", "slugs"),
    [(0xA5, [Slug.GAP]), (0x91, [Slug.LINKED_ELSEWHERE, Slug.GAP])],
)
def test_a_real_application_is_found_where_it_belongs(fwid: int, slugs: list[Slug]) -> None:
    """It is made for S132 5.1.0, and has its version far behind its code."""
    application = firmware("connectivity_4.1.4_usb_for_s132_5.1.0.hex", ImageKind.APPLICATION)
    findings = lint_sources(application=application, application_sd_req=(fwid,))
    assert [finding.slug for finding in findings] == slugs
