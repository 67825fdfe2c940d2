"""``-`` is a standard stream to many programs: no command makes a file of that name by mistake."""

from __future__ import annotations

from pathlib import Path

import pytest

from firmline.errors import Code
from unit.cli.makers import APPLICATION, KEY, package
from unit.cli.program import Program, assert_failed, files_in

GENERATE = "pkg generate --hw-version 52 --sd-req 0x103 --application a.bin --application-version 1"
SETTINGS = (
    "settings generate --family NRF52 --bootloader-version 1 --bl-settings-version 2 --application"
    " a.bin --application-version 1"
)


@pytest.fixture(autouse=True)
def files(folder: Path) -> None:
    (folder / "a.zip").write_bytes(package())
    (folder / "a.bin").write_bytes(APPLICATION)
    (folder / "k.pem").write_bytes(KEY.format_pem())


@pytest.mark.parametrize(
    "line",
    [
        "keys generate -",
        "keys generate --force -",
        "keys display --key pk --format pem k.pem --out_file -",
        "keys display --key pk --format pem -",
        f"{GENERATE} --key-file k.pem -",
        f"{GENERATE} --unsigned-request - x.zip",
        f"{GENERATE} --key-file - x.zip",
        f"{SETTINGS} -",
        "pkg display -",
        "pkg check a.zip --for chip=nrf52840 --svg -",
        "pkg diff a.zip -",
        "pkg signer -",
        "pkg probes - --key-file k.pem --hw-version 52",
        "pkg attach-signature a.zip --request d --public-key k.pem -",
        "settings display -",
        "sim replay -",
        "sim serve --flash -",
        "update - --to sim:ble-reference",
        "update a.zip --to sim:ble-reference --trace -",
        "update a.zip --to sim:ble-reference --btsnoop -",
        "inspect sim:ble-reference --probes -",
        "dfu serial -p x -pkg -",
    ],
)
def test_a_stream_is_no_file(line: str, firmline: Program, folder: Path) -> None:
    before = files_in(folder)
    ran = firmline(*line.split())
    assert_failed(ran, Code.USAGE)
    assert "has to name a file; - is none." in ran.err
    assert files_in(folder) == before


def test_a_file_that_is_really_called_so_can_be_named(firmline: Program, folder: Path) -> None:
    made = firmline("keys", "generate", "./-")
    assert made.code == 0, made.err
    shown = firmline("keys", "display", "--key", "pk", "--format", "hex", str(folder / "-"))
    assert shown.code == 0, shown.err
    assert (folder / "-").read_text("ascii").startswith("-----BEGIN")
