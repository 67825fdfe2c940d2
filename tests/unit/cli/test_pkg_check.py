"""``firmline pkg check``: the answer, its exit code, its JSON, and what it leaves behind."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from firmline.device.description import gallery_text
from unit.cli.makers import KEY, inputs, package
from unit.cli.program import Program

FITS = "chip=nrf52832-512k,softdevice=s112-7.2.0,app-version=3,hw-version=52,bootloader-version=1"
TOO_OLD = FITS.replace("app-version=3", "app-version=6")


@pytest.fixture
def dfu(folder: Path) -> Path:
    """A package of application 5 for hardware 52 and S112 7.2.0."""
    (folder / "dfu.zip").write_bytes(package())
    (folder / "public.pem").write_bytes(KEY.public_key.format_pem())
    return folder / "dfu.zip"


@pytest.mark.usefixtures("dfu")
def test_a_package_that_fits_is_accepted(firmline: Program) -> None:
    ran = firmline("pkg", "check", "dfu.zip", "--for", f"{FITS},key=public.pem")
    assert (ran.code, ran.err) == (0, "")
    assert "application: fits" in ran.out
    assert "Accepted.\n  afterwards: application 5 runs" in ran.out
    assert "It lies at" not in ran.out
    assert "stays until it is complete (dual bank)" in ran.out


@pytest.mark.usefixtures("dfu")
def test_what_is_not_known_is_not_claimed(firmline: Program) -> None:
    ran = firmline("pkg", "check", "dfu.zip", "--for", FITS)
    assert ran.code == 0
    assert "Accepted, as far as it is known; not known: key." in ran.out
    assert "Not checked: add key= to --for" in ran.out
    result = firmline("pkg", "check", "dfu.zip", "--for", FITS, "--json").result
    assert result["accepted"] is True
    assert "signature" not in [check["check"] for check in result["checks"]]
    assert result["not_checked"] == [
        {"image": "application", "check": "signature", "missing": "key"}
    ]


@pytest.mark.usefixtures("dfu")
def test_versions_that_nobody_named_are_not_invented(firmline: Program) -> None:
    terms = "chip=nrf52832-512k,softdevice=s112-7.2.0"
    ran = firmline("pkg", "check", "dfu.zip", "--for", terms)
    assert "afterwards: application 5 runs, with 0x0103 (S112 7.2.0)\n" in ran.out
    result = firmline("pkg", "check", "dfu.zip", "--for", terms, "--json").result
    assert result["afterwards"]["application_version"] == 5
    assert result["afterwards"]["bootloader_version"] is None


@pytest.mark.usefixtures("dfu")
def test_a_package_that_is_refused_exits_with_4(firmline: Program) -> None:
    ran = firmline("pkg", "check", "dfu.zip", "--for", TOO_OLD)
    assert (ran.code, ran.err) == (4, "")
    assert "It answers 60 04 0B 05." in ran.out
    assert "Not accepted: the application fails at fw_version [DFU-UNIT-105].\n  next: " in ran.out


@pytest.mark.usefixtures("dfu")
def test_the_result_line_is_the_contract(firmline: Program) -> None:
    ran = firmline("pkg", "check", "dfu.zip", "--for", TOO_OLD, "--json")
    assert ran.code == 4
    result = ran.result
    assert (result["accepted"], result["result_code"], result["ext_error"]) == (False, 0x0B, 0x05)
    (failed,) = [check for check in result["checks"] if not check["ok"]]
    assert failed["check"] == "fw_version"
    assert failed["why"].startswith("Its version is 5; the installed application has 6")
    assert all(type(check["ok"]) is bool for check in result["checks"])
    accepted = firmline("pkg", "check", "dfu.zip", "--for", FITS, "--json").result
    assert (accepted["result_code"], accepted["ext_error"]) == (None, None)
    (image,) = accepted["images"]
    assert (image["address"], image["keeps_application"]) == (0x1A000, True)
    assert image["flash_map"][0] == {"region": "mbr", "start": 0, "end": 0x1000, "used": 0x1000}
    assert accepted["afterwards"] == {
        "mode": "application",
        "application_version": 5,
        "bootloader_version": 1,
        "softdevice": "0x0103",
    }


@pytest.mark.usefixtures("dfu")
def test_another_key_is_the_first_thing_that_fails(firmline: Program) -> None:
    result = firmline("pkg", "check", "dfu.zip", "--unit", "ble-reference", "--json").result
    assert (result["result_code"], result["ext_error"], result["code"]) == (5, None, "DFU-UNIT-005")


def test_a_unit_file_is_a_unit(firmline: Program, dfu: Path) -> None:
    text = gallery_text("ble-reference")
    lines = [line for line in text.splitlines() if not line.startswith("public_key")]
    public = KEY.public_key.le_bytes.hex()
    (dfu.parent / "mine.toml").write_text("\n".join([f'public_key = "{public}"', *lines]))
    ran = firmline("pkg", "check", "dfu.zip", "--unit", "mine.toml")
    assert (ran.code, ran.err) == (0, "")
    assert "not known" not in ran.out


def test_the_flash_map_as_a_picture(firmline: Program, dfu: Path) -> None:
    picture = dfu.parent / "map.svg"
    assert firmline("pkg", "check", "dfu.zip", "--for", FITS, "--svg", "map.svg").code == 0
    root = ET.fromstring(picture.read_text())  # noqa: S314 - our own picture
    texts = [element.text or "" for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert "application" in texts
    assert any(text.startswith("bank 1: the image that comes, 2,048 bytes") for text in texts)
    assert "0x78000" in texts
    first = picture.read_bytes()
    assert firmline("pkg", "check", "dfu.zip", "--for", FITS, "--svg", "map.svg").code == 0
    assert picture.read_bytes() == first


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("--svg", "map.svg"), "DFU-ARG-005", "--svg shows the flash of a unit"),
        (("--previous", "nope.zip"), "DFU-FILE-001", "nope.zip does not exist"),
        (("--previous", "public.pem"), "DFU-PKG-001", "public.pem is not a zip file"),
        (("--for", FITS, "--unit", "ble-reference"), "DFU-ARG-006", "both describe the unit"),
        (("--for", "chip"), "DFU-ARG-001", "where name=value is wanted"),
        (("--for", f"{FITS},key=nope.pem"), "DFU-FILE-001", "nope.pem does not exist"),
        (("--for", f"{FITS},key=dfu.zip"), "DFU-KEY-001", "dfu.zip"),
        (("--unit", "nope"), "DFU-ARG-008", "no virtual unit called 'nope'"),
        (("--unit", "nope.toml"), "DFU-FILE-001", "nope.toml does not exist"),
        (("--for", FITS, "--svg", "dfu.zip"), "DFU-ARG-006", "dfu.zip is read by this command"),
        (("--for", FITS, "--svg", "no/map.svg"), "DFU-FILE-005", "there is no folder no"),
        (("--for", FITS, "--for", FITS), "DFU-ARG-006", "--for is given twice"),
    ],
)
def test_a_mistake_is_one_sentence(
    words: tuple[str, ...], code: str, says: str, firmline: Program, dfu: Path
) -> None:
    before = {path.name: path.read_bytes() for path in dfu.parent.iterdir()}
    ran = firmline("pkg", "check", "dfu.zip", *words)
    assert ran.code == 2
    assert says in ran.err
    assert f"[{code}]" in ran.err
    assert "Traceback" not in ran.err
    assert {path.name: path.read_bytes() for path in dfu.parent.iterdir()} == before


@pytest.mark.usefixtures("dfu")
def test_without_a_unit_nobody_is_asked(firmline: Program) -> None:
    ran = firmline("pkg", "check", "dfu.zip")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == (
        "The package agrees with itself; nothing that looks like a mistake.\n"
        "  Whether a unit accepts it was not asked: describe one with --for or --unit,"
        " or read one with --to.\n"
    )
    result = firmline("pkg", "check", "dfu.zip", "--json").result
    assert (result["accepted"], result["checks"], result["images"]) == (None, [], [])


@pytest.mark.usefixtures("dfu")
def test_what_is_probably_a_mistake_is_told_and_strict_refuses_it(firmline: Program) -> None:
    words = ("pkg", "check", "dfu.zip", "--for", f"{FITS},key=public.pem", "--previous", "dfu.zip")
    ran = firmline(*words)
    assert (ran.code, ran.err) == (0, "")
    assert "warning: the application has version 5, the same as" in ran.out
    assert "Accepted.\n" in ran.out
    strict = firmline(*words, "--strict", "--json")
    assert strict.code == 2
    assert "[DFU-LINT-001]" in strict.err
    assert strict.result["accepted"] is True
    assert strict.result["code"] == "DFU-LINT-001"
    assert f"next: {strict.result['next']}\n" in strict.err
    assert [finding["slug"] for finding in strict.result["findings"]] == ["version-not-raised"]
    assert firmline(*words, "--json").result["code"] is None
    refused = firmline("pkg", "check", "dfu.zip", "--for", TOO_OLD, "--strict", "--json")
    assert (refused.code, refused.result["code"]) == (4, "DFU-UNIT-105")


def test_a_package_that_leaves_no_application_is_accepted_and_told(
    firmline: Program, folder: Path
) -> None:
    inputs(folder)
    words = ("--hw-version", "52", "--sd-req", "0x103", "--key-file", "private.key")
    made = firmline(
        *("pkg", "generate", "--bootloader", "bl.hex", "--bootloader-version", "2"),
        *words,
        "bl.zip",
    )
    assert made.code == 0
    # Its application fills the room, so the bootloader comes in its place.
    terms = f"{FITS},app-size=376832"
    ran = firmline("pkg", "check", "bl.zip", "--for", terms)
    assert ran.code == 0
    assert "warning: the unit takes it and then runs no application until" in ran.out
    strict = firmline("pkg", "check", "bl.zip", "--for", terms, "--strict")
    assert strict.code == 2
    assert "[DFU-LINT-001]" in strict.err


@pytest.mark.usefixtures("dfu")
def test_an_application_for_another_place_is_told(firmline: Program) -> None:
    # The unit's SoftDevice is S132: its application begins at 0x26000, not at 0x19000.
    terms = FITS.replace("s112-7.2.0", "0x103,softdevice-end=0x26000")
    result = firmline("pkg", "check", "dfu.zip", "--for", terms, "--json").result
    assert [finding["slug"] for finding in result["findings"]] == ["linked-elsewhere"]


def test_what_is_no_package_is_refused(firmline: Program, folder: Path) -> None:
    (folder / "app.hex").write_text(":00000001FF\n")
    ran = firmline("pkg", "check", "app.hex", "--for", FITS)
    assert (ran.code, ran.out) == (2, "")
    assert "[DFU-PKG-001]" in ran.err
