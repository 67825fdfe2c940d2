"""``-`` is a standard stream to many programs: no command makes a file of that name by mistake."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from firmline.errors import Code, ExitCode
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


@pytest.mark.skipif(sys.platform == "win32", reason="the current folder cannot be removed there")
@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("keys generate ./-", Code.FILE_MISSING),
        ("keys generate k", Code.FILE_NOT_WRITABLE),
        ("pkg display a.zip", Code.FILE_MISSING),
        ("update a.zip --to sim:ble-reference", Code.FILE_MISSING),
        ("sim units own.toml", Code.FILE_MISSING),
        ("bonds list", Code.BONDS_UNUSABLE),
    ],
)
def test_a_folder_that_was_removed_under_the_program_is_no_defect_of_it(
    line: str, code: Code, firmline: Program, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = folder / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    monkeypatch.setenv("FIRMLINE_STATE", "state")
    gone.rmdir()
    ran = firmline(*line.split())
    exit_code = ExitCode.LINK if code is Code.BONDS_UNUSABLE else ExitCode.INPUT
    assert_failed(ran, code, exit_code)
