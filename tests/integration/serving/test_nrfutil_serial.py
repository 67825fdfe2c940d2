"""The served UART unit is updated by a client that we did not write: pc-nrfutil 6.1.7, unchanged.

``FIRMLINE_NRFUTIL`` names it where it is not on PATH. That it says "Device programmed." proves
little, since it takes silence for success; what proves it is the application that the unit runs.
"""

from __future__ import annotations

import shutil
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from firmline.errors import ExitCode
from firmline.formats.keys import SigningKey
from firmline.formats.package import read_package, write_package
from firmline.formats.package_build import PackageSpec, build_package
from firmline.values import Fwid, FwVersion
from integration.serving.nrfutil import find_nrfutil, send
from integration.serving.served import APPLICATION, Serving, make_update
from unit.cli.program import run_process
from unit.formats.makers import image, softdevice_image

pytestmark = pytest.mark.slow

AT_ONCE = ("-cd", "0", "-t", "1")
"""Without its fixed delay, and without 30 s of looking for a USB port."""


@pytest.fixture(scope="module")
def nrfutil() -> str:
    return find_nrfutil()


@pytest.mark.parametrize(
    "options",
    [AT_ONCE, (*AT_ONCE, "-prn", "5"), (*AT_ONCE, "-fc", "0"), ()],
    ids=["at once", "with PRN", "no flow control", "its own defaults"],
)
def test_nrfutil_updates_the_unit(options: tuple[str, ...], nrfutil: str, tmp_path: Path) -> None:
    package, key_file = make_update(tmp_path)
    with Serving("--key-file", str(key_file), cwd=tmp_path) as serving:
        said = send(nrfutil, package, serving.first["pty"], *options)
        revision = f"2+{zlib.crc32(APPLICATION):08x}"
        runs = serving.until("runs", mode="application")
        assert runs["firmware_revision"] == revision
        result = serving.end()
    assert "Device programmed." in said
    assert (result["mode"], result["firmware_revision"]) == ("application", revision)
    whats = [line["what"] for line in serving.lines[:-1]]
    assert whats == ["boot", "runs", "reset", "activated", "boot", "boot", "runs"]


def test_a_package_of_nrfutils_own_fits_the_unit_as_it_is(
    nrfutil: str, shared: Path, tmp_path: Path
) -> None:
    package = tmp_path / "app.zip"
    shutil.copy(shared / "data" / "nrfutil" / "pkg" / "app_user_shape.zip", package)
    (image,) = read_package(package.read_bytes(), name="app.zip").images
    with Serving("--baud", "1000000", cwd=tmp_path) as serving:
        send(nrfutil, package, serving.first["pty"], *AT_ONCE)
        runs = serving.until("runs", mode="application")
        serving.end()
    assert runs["firmware_revision"] == f"5+{zlib.crc32(image.firmware):08x}"


UNIT = """
chip = "nrf52832-512k"
profile = "sdk15.3-uart"
[softdevice]
fwid = 0x0103
version = 7_001_000
size_word = 0x26000
"""
"""Without an application it waits in its bootloader, also behind a new SoftDevice."""
Host = Callable[[Path, str], None]


@pytest.mark.parametrize("ours_first", [False, True], ids=["nrfutil first", "ours first"])
def test_nrfutils_host_and_ours_finish_on_the_same_served_unit(
    ours_first: bool, nrfutil: str, tmp_path: Path
) -> None:
    """One brings a SoftDevice, behind which the bootloader is there again; one the application."""
    key = SigningKey.generate()
    (tmp_path / "private.key").write_bytes(key.format_pem())
    (tmp_path / "unit.toml").write_text(UNIT)
    softdevice, application = tmp_path / "sd.zip", tmp_path / "app.zip"
    new = Fwid(0x104)
    common = PackageSpec(hw_version=52, sd_req=(Fwid(0x103), new), signing_key=key)
    for_softdevice = replace(common, softdevice=softdevice_image(fwid=new), sd_id=(new,))
    for_application = replace(
        common, application=image(APPLICATION), application_version=FwVersion(2)
    )
    softdevice.write_bytes(write_package(build_package(for_softdevice)))
    application.write_bytes(write_package(build_package(for_application)))

    def theirs(package: Path, port: str) -> None:
        assert "Device programmed." in send(nrfutil, package, port, *AT_ONCE)

    def ours(package: Path, port: str) -> None:
        expect = ("--expect", "application 2+") if package == application else ()
        ran = run_process("update", str(package), "--to", f"serial:{port}", *expect, cwd=tmp_path)
        assert ran.code == ExitCode.DONE, ran.err

    hosts: tuple[Host, Host] = (ours, theirs) if ours_first else (theirs, ours)
    unit = ("--unit", "unit.toml", "--key-file", "private.key")
    with Serving(*unit, cwd=tmp_path) as serving:
        for host, package in zip(hosts, (softdevice, application), strict=True):
            host(package, serving.first["pty"])
        runs = serving.until("runs", mode="application")
        assert runs["firmware_revision"] == f"2+{zlib.crc32(APPLICATION):08x}"
        activated = [line for line in serving.lines if line["what"] == "activated"]
        assert len(activated) == len(hosts)
        serving.end()
