"""The served UART unit is updated by a client that we did not write: pc-nrfutil 6.1.7, unchanged.

``FIRMLINE_NRFUTIL`` names it where it is not on PATH. That it says "Device programmed." proves
little, since it takes silence for success; what proves it is the application that the unit runs.
"""

from __future__ import annotations

import shutil
import zlib
from pathlib import Path

import pytest

from firmline.formats.package import read_package
from integration.serving.nrfutil import find_nrfutil, send
from integration.serving.served import APPLICATION, Serving, make_update

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
