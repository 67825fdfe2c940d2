"""Small inputs of the commands, made by hand; and the commands that use them."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from firmline.formats.firmware import FirmwareImage
from firmline.formats.keys import SigningKey
from firmline.formats.package import write_package
from firmline.formats.package_build import PackageSpec, build_package
from firmline.formats.probes import ProbeCatalogue
from firmline.formats.probes_pack import sign_probe_pack, write_probe_pack
from firmline.formats.probes_versions import VersionLimits, VersionRange
from firmline.values import Fwid, FwVersion
from unit.formats.makers import hex_file, image, softdevice_image
from unit.formats.programs import program

KEY = SigningKey.generate()
START = 0x19000  # behind S112 7.2.0, which is 0x103
APPLICATION = program(2048, base=START)
VERSIONS = ("--hw-version", "52", "--sd-req", "0x103", "--application-version", "5")
GENERATE = ("pkg", "generate", *VERSIONS)


def inputs(folder: Path) -> None:
    """``app.hex``, ``sd.hex``, ``bl.hex`` and ``private.key`` in a folder."""
    (folder / "app.hex").write_bytes(hex_file((START, APPLICATION)))
    (folder / "sd.hex").write_bytes(hex_file((0x1000, softdevice_image(end=START).data)))
    (folder / "bl.hex").write_bytes(hex_file((0x78000, program(512, base=0x78000))))
    (folder / "private.key").write_bytes(KEY.format_pem())


def spec(application: FirmwareImage | None = None) -> PackageSpec:
    """What ``GENERATE --application app.hex --key-file private.key`` means."""
    return PackageSpec(
        application=application or image(APPLICATION),
        application_version=FwVersion(5),
        hw_version=52,
        sd_req=(Fwid(0x103),),
        signing_key=KEY,
    )


def package(application: FirmwareImage | None = None) -> bytes:
    """A package of one application."""
    return write_package(build_package(spec(application)))


@cache
def probe_pack() -> bytes:
    """A small probe pack by :data:`KEY`, which finds the units of the gallery exactly."""
    catalogue = ProbeCatalogue(
        hw_versions=(51, 52),
        softdevices=(Fwid(0x0103), Fwid(0x00B7)),
        app_limits=VersionLimits.around([VersionRange(first=0, last=9)]),
        bootloader_limits=VersionLimits.around([VersionRange(first=0, last=9)]),
    )
    return write_probe_pack(sign_probe_pack(catalogue, KEY))
