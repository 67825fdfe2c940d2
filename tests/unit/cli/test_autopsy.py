"""``firmline autopsy``: for people, for programs, and for whoever gives it something else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from firmline.device.description import gallery_unit
from firmline.device.dump import dump_unit
from firmline.device.fabrication import fabricate
from firmline.device.unit import VirtualUnit
from firmline.errors import Code
from firmline.formats.records import format_intel_hex
from unit.cli.makers import KEY
from unit.cli.program import Program, assert_failed, files_in
from unit.formats.makers import hex_file

Save = Callable[[VirtualUnit], None]


@pytest.fixture
def unit() -> VirtualUnit:
    return fabricate(gallery_unit("ble-reference"))


@pytest.fixture
def save(folder: Path) -> Save:
    """Writes the dump of a unit, ``dump.hex``."""

    def call(unit: VirtualUnit) -> None:
        content = format_intel_hex(dump_unit(unit).spans)
        (folder / "dump.hex").write_text(content, encoding="ascii")

    return call


def test_a_good_unit_is_told_part_by_part(firmline: Program, save: Save, unit: VirtualUnit) -> None:
    save(unit)
    ran = firmline("autopsy", "dump.hex")
    assert (ran.code, ran.err) == (0, "")
    titles = [line for line in ran.out.splitlines() if line and not line.startswith(" ")]
    assert titles[:10] == [
        "Autopsy of dump.hex",
        *("Chip", "MBR", "SoftDevice", "Application", "Bootloader", "Settings", "UICR"),
        *("Registers", "At its start"),
    ]
    assert "  . An MBR is in its place.\n" in ran.out
    assert "      bank 0             application, 120,000 bytes, CRC-32 0x" in ran.out
    assert "    0x7E000, backup: the same\n" in ran.out
    assert "Nothing is wrong in what was read." in ran.out
    assert "Causes" not in ran.out


def test_a_fault_names_its_causes_and_the_ranking_follows(
    firmline: Program, save: Save, unit: VirtualUnit
) -> None:
    unit.board.flash.load(0x30000, b"another build")
    save(unit)
    ran = firmline("autopsy", "dump.hex")
    assert "  ! The settings describe another application than the one in flash" in ran.out
    assert "    supports app-invalid-settings\n" in ran.out
    assert "Causes, by this alone\n    83 %  app-invalid-settings" in ran.out


def test_the_json_has_everything(firmline: Program, save: Save, unit: VirtualUnit) -> None:
    unit.board.flash.load(0x30000, b"another build")
    save(unit)
    told = firmline("autopsy", "dump.hex", "--golden", "sim:ble-reference", "--json").result
    assert told["chip"] == ["nrf52832-512k"]
    assert told["layout"]["bootloader"] == 0x78000
    assert told["softdevice"]["fwid"] == "0x0103"
    assert [page["address"] for page in told["settings_pages"]] == [0x7F000, 0x7E000]
    assert told["uicr"]["reset_pin"] == 21
    assert told["ficr"]["part"] == 0x52832
    assert told["registers"] == {
        "resetreas": 0,
        "reset_reasons": [],
        "gpregret": 0,
        "gpregret2": 0,
    }
    assert told["starts"] == "bootloader"
    assert told["causes"][0]["cause"] == "app-invalid-settings"
    (fault,) = (each for each in told["findings"] if each["weight"] == "fault")
    assert fault["finding"] == "application-differs"
    assert fault["evidence"][0]["value"] == "app_differs_from_settings"
    suspects = [each["region"] for each in told["golden"]["regions"] if each["suspect"]]
    assert suspects == ["application"]


def test_a_good_unit_to_compare_with(firmline: Program, save: Save, unit: VirtualUnit) -> None:
    unit.board.flash.load(0x79000, b"x")
    save(unit)
    out = firmline("autopsy", "dump.hex", "--golden", "sim:ble-reference").out
    assert "  DIFFERS  bootloader " in out
    assert "1 byte in 1 piece, from 0x79000 on\n" in out
    assert out.endswith("Good units do not differ in: bootloader.\n")


def test_a_good_unit_that_is_not_right_itself_is_told(firmline: Program, save: Save) -> None:
    save(fabricate(gallery_unit("no-bootloader")))
    out = firmline("autopsy", "sim:ble-reference", "--golden", "dump.hex").out
    assert "The good unit is not right itself: There is no bootloader" in out


def test_registers_that_somebody_has_read(firmline: Program) -> None:
    words = ("--resetreas", "0x2", "--gpregret", "0x01")
    out = firmline("autopsy", "sim:ble-reference", *words).out
    assert "RESETREAS 0x2: the watchdog." in out
    assert "  ! GPREGRET 0x01: it shares bits" in out


def test_a_register_that_tells_what_happened_is_not_called_nothing(firmline: Program) -> None:
    out = firmline("autopsy", "sim:ble-reference", "--resetreas", "0x2").out
    assert "RESETREAS 0x2: the watchdog." in out
    assert "Nothing is wrong" not in out
    assert "it tells of what\nhappened: the causes follow from that.\nCauses" in out


def test_a_request_that_is_left_over_is_not_called_nothing(firmline: Program) -> None:
    out = firmline("autopsy", "sim:ble-reference", "--gpregret", "0xB1").out
    assert "Nothing is wrong" not in out
    assert "what its registers tell of\nthe time before is above." in out


@pytest.mark.parametrize("value", ["0x100", "0xFFFFFFFF"])
def test_a_reset_reason_of_no_register_is_refused(firmline: Program, value: str) -> None:
    ran = firmline("autopsy", "sim:ble-reference", "--resetreas", value)
    assert_failed(ran, Code.NUMBER_OUT_OF_RANGE)


def test_plain_bytes_with_their_place(firmline: Program, folder: Path, unit: VirtualUnit) -> None:
    (folder / "part.bin").write_bytes(unit.board.flash.read(0x7E000, 0x2000))
    out = firmline("autopsy", "part.bin", "--at", "0x7E000", "--chip", "nrf52832-512k").out
    assert "Settings page and backup are right, and say the same." in out
    assert "The MBR's page (0x0 to 0x1000) is not in the dump." in out
    assert "Nothing is wrong in what the dump holds" in out


def test_what_was_read_is_kept(firmline: Program, folder: Path) -> None:
    ran = firmline("autopsy", "sim:stuck-gpregret", "--save", "kept.hex")
    assert ran.code == 0
    assert "  ! GPREGRET 0x01" in firmline("autopsy", "kept.hex").out
    assert files_in(folder) == {"kept.hex"} or list(files_in(folder)) == ["kept.hex"]


@pytest.mark.slow
def test_a_dump_goes_with_a_trace_or_alone(
    firmline: Program, folder: Path, save: Save, unit: VirtualUnit
) -> None:
    for page in (0x7E000, 0x7F000):
        unit.board.flash.load(page, b"\xff" * 0x1000)
    save(unit)
    (folder / "report.json").write_text('{"evidence": {"end_state": "stuck_in_dfu"}}')
    for words in (("--dump", "dump.hex"), ("report.json", "--dump", "dump.hex")):
        told = firmline("diagnose", *words, "--json").result
        assert told["causes"][0]["cause"] == "settings-page-damaged"
        assert "unit" in {each["origin"] for each in told["evidence"]}
        assert told["contradictions"] == []


# What is no dump.


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("stm32.hex", hex_file((0x0800_0000, b"\1" * 64)), Code.DUMP_OTHER_CHIP),
        ("nrf53.hex", hex_file((0x00FF_8000, b"\1" * 64)), Code.DUMP_OTHER_CHIP),
        ("locked.bin", bytes(0x80000), Code.DUMP_BLANK),
        ("erased.bin", b"\xff" * 0x80000, Code.DUMP_BLANK),
        ("empty.hex", b"", Code.FILE_EMPTY),
        ("notes.txt", b"dear diary", Code.IMAGE_MALFORMED),
        ("large.bin", b"\1" * (2 << 20), Code.IMAGE_TOO_LARGE),
        ("noise.bin", bytes(range(256)) * 0x800, Code.DUMP_UNKNOWN),
        ("drive.uf2", b"UF2\n" + bytes(508), Code.DUMP_UNKNOWN),
        ("beyond.hex", b":02000004FFFFFC\n:02FFFF000102FD\n", Code.IMAGE_MALFORMED),
        ("trace.jsonl", b'{"type": "update"}\n', Code.IMAGE_MALFORMED),
    ],
)
def test_what_is_no_dump_of_a_unit(
    name: str, content: bytes, code: Code, firmline: Program, folder: Path
) -> None:
    (folder / name).write_bytes(content)
    assert_failed(firmline("autopsy", name), code)
    assert firmline("autopsy", name, "--json").result["code"] == str(code)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("missing.hex",), Code.FILE_MISSING),
        (("-",), Code.USAGE),
        (("sim:nobody",), Code.TARGET_UNKNOWN_UNIT),
        (("sim:ble-reference", "--at", "0x1000"), Code.OPTION_CONFLICT),
        (("sim:ble-reference", "--chip", "nrf52832"), Code.USAGE),
        (("sim:ble-reference", "--chip", "z80"), Code.USAGE),
        (("sim:ble-reference", "--gpregret", "0x100"), Code.NUMBER_OUT_OF_RANGE),
        (("sim:ble-reference", "--resetreas", "x"), Code.NUMBER_MALFORMED),
        (("sim:ble-reference", "--golden", "missing.hex"), Code.FILE_MISSING),
        (("sim:ble-reference", "--save", "none/x.hex"), Code.FILE_NOT_WRITABLE),
        (("sim:ble-reference", "--save", "."), Code.FILE_NOT_WRITABLE),
        (("sim:",), Code.TARGET_MALFORMED),
        (("sim:ble-reference?key",), Code.TARGET_MALFORMED),
        (("sim:ble-reference?speed=2",), Code.TARGET_MALFORMED),
        (("sim:ble-reference?key=missing.pem",), Code.FILE_MISSING),
        (("sim:ble-reference?flash=missing.hex",), Code.FILE_MISSING),
        ((".",), Code.FILE_UNREADABLE),
    ],
)
def test_a_mistake_is_told(words: tuple[str, ...], code: Code, firmline: Program) -> None:
    assert_failed(firmline("autopsy", *words), code)


def test_a_dump_is_not_written_over(firmline: Program, folder: Path, save: Save) -> None:
    save(fabricate(gallery_unit("ble-reference")))
    before = (folder / "dump.hex").read_bytes()
    assert_failed(firmline("autopsy", "dump.hex", "--save", "dump.hex"), Code.OPTION_CONFLICT)
    again = firmline("autopsy", "sim:ble-reference", "--golden", "dump.hex", "--save", "dump.hex")
    assert_failed(again, Code.OPTION_CONFLICT)
    assert (folder / "dump.hex").read_bytes() == before


def test_no_dump_is_ever_written_over(firmline: Program, folder: Path) -> None:
    (folder / "only.hex").write_text("the only one\n")
    (folder / "link.hex").symlink_to(folder / "nowhere")
    for name in ("only.hex", "link.hex"):
        assert_failed(firmline("autopsy", "sim:ble-reference", "--save", name), Code.FILE_EXISTS)
    assert (folder / "only.hex").read_text() == "the only one\n"
    assert set(files_in(folder)) == {"only.hex", "link.hex"}


def test_a_virtual_unit_with_a_key_and_a_flash(
    firmline: Program, folder: Path, save: Save, unit: VirtualUnit
) -> None:
    unit.board.flash.load(0x30000, b"another build")
    save(unit)
    (folder / "k.pem").write_bytes(KEY.format_pem())
    told = firmline("autopsy", "sim:ble-reference?flash=dump.hex&key=k.pem", "--json").result
    assert told["starts"] == "bootloader"
    assert told["bootloader_assumed"] == {
        "sdk": "17.1.0",
        "why": "from SoftDevice S112 7.2.0",
        "others": {"15.3.0": "bootloader", "16.0.0": "bootloader"},
    }


def test_the_place_of_plain_bytes_is_not_that_of_the_good_unit(
    firmline: Program, folder: Path, unit: VirtualUnit
) -> None:
    (folder / "part.bin").write_bytes(unit.board.flash.read(0x7E000, 0x2000))
    out = firmline("autopsy", "part.bin", "--at", "0x7E000", "--golden", "sim:ble-reference").out
    assert "  same     bootloader settings " in out


def test_a_good_unit_of_another_chip_is_told(firmline: Program) -> None:
    out = firmline("autopsy", "sim:ble-reference", "--golden", "sim:nrf52840-ble").out
    told = " ".join(out.split())
    assert "its chip is nrf52840, and the other's is nrf52832-512k" in told


def test_bytes_that_are_no_settings_are_not_spelled_out(
    firmline: Program, save: Save, unit: VirtualUnit
) -> None:
    unit.board.flash.load(0x7E000, b"\x55" * 0x2000)
    save(unit)
    out = firmline("autopsy", "dump.hex").out
    assert "    0x7F000, settings page: its bytes are none" in out
    assert "NOT KNOWN" not in out


def test_a_chip_against_the_dumps_own_is_told(firmline: Program) -> None:
    out = firmline("autopsy", "sim:ble-reference", "--chip", "nrf52840").out
    assert "FICR in the dump says" in " ".join(out.split())
