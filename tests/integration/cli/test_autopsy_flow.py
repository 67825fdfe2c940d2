"""A unit that fails, its dump, the autopsy, and the same failing update on the unit of the dump."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from firmline.device.description import gallery_unit
from firmline.device.dump import dump_unit
from firmline.device.fabrication import fabricate
from firmline.formats.records import format_intel_hex
from integration.serving.served import Serving, ask, port
from unit.cli.makers import KEY, package
from unit.cli.program import Program

pytestmark = pytest.mark.slow
UPDATE = ("update", "dfu.zip", "--to")


@pytest.fixture(autouse=True)
def files(folder: Path) -> None:
    (folder / "dfu.zip").write_bytes(package())
    (folder / "k.pem").write_bytes(KEY.format_pem())


@pytest.mark.parametrize(
    ("unit", "code"),
    [
        ("other-softdevice", "DFU-UNIT-107"),
        ("no-bootloader", "DFU-LINK-007"),
        ("full-256k", ""),
        ("other-key", "DFU-UNIT-005"),
    ],
)
def test_the_update_ends_on_the_dump_as_it_did_on_the_unit(
    unit: str, code: str, firmline: Program
) -> None:
    assert firmline("autopsy", f"sim:{unit}", "--save", "dump.hex").code == 0
    key = "" if unit == "other-key" else "&key=k.pem"
    first = firmline(*UPDATE, f"sim:{unit}?speed=1000{key}", "--json").result
    # The build of the bootloader is what no dump tells: both have the reference's.
    again = firmline(*UPDATE, f"sim:ble-reference?flash=dump.hex&speed=1000{key}", "--json").result
    assert (first["outcome"], first["code"]) == (again["outcome"], again["code"])
    assert first["code"] == code


def test_a_unit_whose_update_was_cut_off_is_kept_examined_and_served_again(
    firmline: Program, folder: Path
) -> None:
    with Serving("--key-file", "k.pem", "--save", "left.hex", cwd=folder) as serving:
        with port(serving.first["pty"]) as client:
            assert ask(client, b"\x09\x42\xc0") == b"\x60\x09\x01\x42\xc0"
        serving.end(signal.SIGTERM)
    told = firmline("autopsy", "left.hex", "--json").result
    assert told["starts"] == "application"
    assert told["registers"]["resetreas"] is not None
    with Serving("--flash", "left.hex", cwd=folder) as serving:
        assert serving.first["unit"] == "uart-reference"
        assert serving.end()["mode"] == "application"


def test_a_dumped_unit_trusts_the_key_that_its_bootloader_holds(
    firmline: Program, folder: Path
) -> None:
    from dataclasses import replace  # noqa: PLC0415

    made = replace(gallery_unit("ble-reference"), public_key=KEY.public_key)
    dump = dump_unit(fabricate(made))
    (folder / "dump.hex").write_text(format_intel_hex(dump.spans), "ascii")
    ran = firmline(*UPDATE, "sim:ble-reference?flash=dump.hex&speed=1000", "--json")
    assert ran.result["outcome"] == "updated", json.dumps(ran.result)
