"""``firmline settings generate``: what it writes and says, and what it refuses."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from firmline.errors import Code
from firmline.formats.settings_file import FoundPage, read_settings_file
from unit.cli.makers import APPLICATION, KEY, START, inputs
from unit.cli.program import Program, as_ordinary_user, assert_failed, files_in
from unit.formats.makers import hex_file, softdevice_image
from unit.formats.programs import program

BASE = ("settings", "generate", "--bootloader-version", "3")
V2 = (*BASE, "--bl-settings-version", "2", "--family", "nrf52833")
APP = ("--application", "app.hex", "--application-version", "5")
CRC, SHA256, ECDSA = (
    f"VALIDATE_{name}" for name in ("GENERATED_CRC", "GENERATED_SHA256", "ECDSA_P256_SHA256")
)


@pytest.fixture(autouse=True)
def _inputs(folder: Path) -> None:
    inputs(folder)


def pages(path: Path) -> tuple[FoundPage, ...]:
    return read_settings_file(path.read_bytes(), name=path.name)


# What it writes.


def test_a_page_and_its_backup(firmline: Program, folder: Path) -> None:
    ran = firmline(*V2, *APP, "new.hex")
    assert (ran.code, ran.err) == (0, "")
    main, backup = pages(folder / "new.hex")
    assert (main.address, backup.address) == (0x7F000, 0x7E000)
    assert main.page == backup.page
    assert (main.page.version, main.page.app_version, main.page.bootloader_version) == (2, 5, 3)
    bank = main.page.bank_0
    assert (bank.size, bank.crc) == (len(APPLICATION), zlib.crc32(APPLICATION))
    size = (folder / "new.hex").stat().st_size
    assert ran.out.startswith(f"Settings page: new.hex ({size:,} bytes)\n\n")
    assert "0x0007F000, settings page (NRF52833)\n" in ran.out
    assert "  backup             0x0007E000\n" in ran.out


@pytest.mark.parametrize("family", ["NRF52", "nrf52", "NRF52832", "nRF52833"])
def test_families_of_one_size_give_the_same_file(
    family: str, firmline: Program, folder: Path
) -> None:
    firmline(*V2, *APP, "one.hex")
    words = (*BASE, "--bl-settings-version", "2", "--family", family)
    assert firmline(*words, *APP, "other.hex").code == 0
    assert (folder / "other.hex").read_bytes() == (folder / "one.hex").read_bytes()


@pytest.mark.parametrize(
    ("family", "address"),
    [
        ("NRF51", 0x3FC00),
        ("NRF52QFAB", 0x3F000),
        ("NRF52820", 0x3F000),
        ("NRF52805", 0x2F000),
        ("NRF52811", 0x2F000),
        ("NRF52840", 0xFF000),
    ],
)
def test_where_the_page_of_each_family_lies(
    family: str, address: int, firmline: Program, folder: Path
) -> None:
    words = (*BASE, "--bl-settings-version", "2", "--family", family)
    assert firmline(*words, "new.hex").code == 0
    assert [found.address for found in pages(folder / "new.hex")] == [address, address - 0x1000]


@pytest.mark.parametrize(
    ("words", "addresses"),
    [
        (("--start-address", "0x7A000"), [0x7A000, 0x79000]),
        (("--backup-address", "0x7D000"), [0x7F000, 0x7D000]),
        (("--start-address", "499712", "--backup-address", "0x78000"), [0x7A000, 0x78000]),
        (("--start-address", "0x7A000", "--backup-address", "0x7B000"), [0x7B000, 0x7A000]),
        (("--no-backup",), [0x7F000]),
        (("--no-backup", "--start-address", "0x7A000"), [0x7A000]),
    ],
)
def test_places_of_ones_own(
    words: tuple[str, ...], addresses: list[int], firmline: Program, folder: Path
) -> None:
    assert firmline(*V2, *APP, *words, "new.hex").code == 0
    assert [found.address for found in pages(folder / "new.hex")] == addresses


def test_how_images_are_checked_at_boot(firmline: Program, folder: Path) -> None:
    words = ("--sd-boot-validation", SHA256, "--softdevice", "sd.hex")
    signed = ("--app-boot-validation", ECDSA, "--key-file", "private.key")
    ran = firmline(*V2, *APP, *words, *signed, "new.hex")
    assert (ran.code, ran.err) == (0, "")
    page = pages(folder / "new.hex")[0].page
    softdevice = softdevice_image(end=START).data
    assert page.sd_size == len(softdevice)
    assert page.validations is not None
    assert page.validations.softdevice.type == 2
    assert page.validations.softdevice.data[:32] == hashlib.sha256(softdevice).digest()
    assert page.validations.application.type == 3
    assert KEY.public_key.verify(APPLICATION, page.validations.application.data)
    assert "new.hex" in files_in(folder)
    once = (folder / "new.hex").read_bytes()
    firmline(*V2, *APP, *words, *signed, "new.hex")
    assert (folder / "new.hex").read_bytes() == once


def test_a_key_with_a_password_and_nobody_to_ask(firmline: Program, folder: Path) -> None:
    (folder / "locked.key").write_bytes(KEY.format_pem(b"pass"))
    words = (*V2, *APP, "--app-boot-validation", ECDSA, "--key-file", "locked.key", "new.hex")
    assert_failed(firmline(*words), Code.KEY_ENCRYPTED)
    assert "new.hex" not in files_in(folder)


def test_a_password_of_the_key(
    firmline: Program, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "locked.key").write_bytes(KEY.format_pem(b"pass"))
    monkeypatch.setenv("FIRMLINE_KEY_PASSWORD", "pass")
    words = (*V2, *APP, "--app-boot-validation", ECDSA, "--key-file", "locked.key", "new.hex")
    assert firmline(*words).code == 0


def test_without_an_application(firmline: Program, folder: Path) -> None:
    ran = firmline(*V2, "new.hex")
    assert ran.code == 0
    page = pages(folder / "new.hex")[0].page
    assert (page.app_version, page.bank_0.code) == (0, 0)
    assert "no valid application: the unit stays in DFU mode" in ran.out


def test_a_file_that_is_there_is_replaced(firmline: Program, folder: Path) -> None:
    (folder / "new.hex").write_bytes(b"old")
    assert firmline(*V2, *APP, "new.hex").code == 0
    assert len(pages(folder / "new.hex")) == 2


# What it says.


@pytest.mark.parametrize(
    ("make", "words", "said"),
    [
        (
            lambda: hex_file((0, bytes(64)), (START, APPLICATION), (0x1000_1000, b"UICR")),
            (),
            ("note: 64 bytes below 0x1000", "note: 4 bytes at 0x10000000"),
        ),
        (
            None,
            ("--key-file", "private.key"),
            ("note: --key-file was not used: no boot check is VALIDATE_ECDSA_P256_SHA256.",),
        ),
        (
            lambda: hex_file((0x27000, program(2048, base=0x27000))),
            ("--softdevice", "sd.hex"),
            ("warning: app.hex begins at 0x27000, but a bootloader looks for it at 0x19000",),
        ),
        (
            lambda: hex_file((START, bytes(2048))),
            (),
            ("warning: app.hex does not begin with a vector table",),
        ),
        (
            None,
            ("--softdevice", "bare.hex"),
            ("warning: bare.hex does not look like a SoftDevice: the information",),
        ),
    ],
    ids=[
        "left out",
        "key not used",
        "application behind its place",
        "no program",
        "not a SoftDevice",
    ],
)
def test_what_is_said(
    make: Callable[[], bytes] | None,
    words: tuple[str, ...],
    said: tuple[str, ...],
    firmline: Program,
    folder: Path,
) -> None:
    (folder / "bare.hex").write_bytes(hex_file((0x1000, bytes(4096))))
    if make is not None:
        (folder / "app.hex").write_bytes(make())
    ran = firmline(*V2, *APP, *words, "new.hex")
    assert ran.code == 0
    lines = ran.err.splitlines()
    assert len(lines) == len(said)
    for line, beginning in zip(lines, said, strict=True):
        assert line.startswith(beginning)


def test_with_strict_nothing_is_written(firmline: Program, folder: Path) -> None:
    assert firmline(*V2, *APP, "--strict", "new.hex").err == ""
    (folder / "new.hex").unlink()
    (folder / "app.hex").write_bytes(hex_file((START, bytes(2048))))
    assert_failed(firmline(*V2, *APP, "--strict", "new.hex"), Code.LINT_FINDINGS)
    assert "new.hex" not in files_in(folder)


@pytest.mark.parametrize(
    "words",
    [
        ("--application-version", "none", "--application-version-string", "1.2.3"),
        ("--application-version", "10203", "--application-version-string", "1.2.3"),
        ("--application-version-string", "1.2.3", "--start-address", "None"),
        ("--application-version-string", "1.2.3", "--backup-address", "none"),
    ],
)
def test_a_version_in_both_forms_and_the_word_none(
    words: tuple[str, ...], firmline: Program, folder: Path
) -> None:
    ran = firmline(*V2, "--application", "app.hex", *words, "new.hex")
    assert ran.code == 0, ran.err
    assert pages(folder / "new.hex")[0].page.app_version == 10203


def test_the_word_none_is_no_version(firmline: Program) -> None:
    for changes in ({"application_version": "none"}, {"bootloader_version": "none"}):
        assert_failed(firmline(*base(**changes), "new.hex"), MISSING)


def test_an_application_on_a_chip_with_small_pages(firmline: Program, folder: Path) -> None:
    end = 0x18400  # an nRF51 erases pages of 0x400: nothing has to be a multiple of 0x1000
    (folder / "sd51.hex").write_bytes(hex_file((0x1000, softdevice_image(end=end).data)))
    (folder / "app.hex").write_bytes(hex_file((end, program(2048, base=end))))
    words = (*base(family="NRF51", softdevice="sd51.hex"), "new.hex")
    assert firmline(*words).err == ""
    (folder / "app.hex").write_bytes(hex_file((0x19000, program(2048, base=0x19000))))
    assert "looks for it at 0x18400" in firmline(*words).err


def test_old_bootloaders_have_no_backup(firmline: Program) -> None:
    v1 = (*BASE, "--bl-settings-version", "1", "--family", "NRF51", *APP)
    assert "note: bootloaders before SDK 15.1 keep no backup page;" in firmline(*v1, "x.hex").err
    assert firmline(*v1, "--no-backup", "x.hex").err == ""


# What it refuses.


class Case(NamedTuple):
    """A command line that cannot be right."""

    words: tuple[str, ...]
    code: Code
    fragment: str


def base(**changes: str | None) -> tuple[str, ...]:
    """The options of a good command line, with some changed or, as None, left out."""
    options: dict[str, str | None] = {
        "family": "NRF52",
        "bootloader_version": "3",
        "bl_settings_version": "2",
        "application": "app.hex",
        "application_version": "5",
        **changes,
    }
    words = [
        (f"--{name.replace('_', '-')}", value)
        for name, value in options.items()
        if value is not None
    ]
    return ("settings", "generate", *(word for pair in words for word in pair))


MISSING, CONFLICT, PLACE = Code.OPTION_MISSING, Code.OPTION_CONFLICT, Code.SETTINGS_PLACE
BARE = {"application": None, "application_version": None}
CASES = [
    Case(base(family=None), MISSING, "--family is missing: it says where"),
    Case(base(family="NRF5340"), Code.USAGE, "known are NRF51, NRF52,"),
    Case(base(bootloader_version=None), MISSING, "--bootloader-version is missing"),
    Case(base(bl_settings_version=None), MISSING, "--bl-settings-version is missing"),
    Case(base(bl_settings_version="3"), Code.SETTINGS_VERSION, "of version 3, only of 1 and 2"),
    Case(base(bl_settings_version="0"), Code.SETTINGS_VERSION, "of version 0"),
    Case(base(bl_settings_version="02"), Code.NUMBER_OCTAL_LOOKING, "--bl-settings-version"),
    Case(base(bootloader_version="010"), Code.NUMBER_OCTAL_LOOKING, "--bootloader-version"),
    Case(base(bootloader_version="-1"), Code.NUMBER_MALFORMED, "--bootloader-version"),
    Case(base(application_version="4294967296"), Code.NUMBER_OUT_OF_RANGE, "--application-versi"),
    Case(base(application_version="1.2.3"), Code.NUMBER_MALFORMED, "--application-version"),
    Case(
        base(application_version=None, application_version_string="1.100.0"),
        Code.NUMBER_OUT_OF_RANGE,
        "--application-version-string",
    ),
    Case(base(application_version_string="1.2.3"), CONFLICT, "name two versions: 5 and 10203"),
    Case(base(application_version=None), MISSING, "--application-version is missing"),
    Case(base(application=None), CONFLICT, "--application is missing"),
    Case(
        base(**BARE, application_version_string="1.2.3"), CONFLICT, "but --application is missing"
    ),
    Case((*base(backup_address="0x7D000"), "--no-backup"), CONFLICT, "that --no-backup leaves out"),
    Case(base(bl_settings_version="1", app_boot_validation=CRC), CONFLICT, "holds no boot valid"),
    Case(base(bl_settings_version="1", sd_boot_validation=CRC), CONFLICT, "--sd-boot-validation"),
    Case(base(**BARE, app_boot_validation=CRC), MISSING, "--application is missing"),
    Case(base(sd_boot_validation=CRC), MISSING, "--softdevice is missing: --sd-boot-validation"),
    Case(base(app_boot_validation="CRC"), Code.USAGE, "--app-boot-validation"),
    Case(base(app_boot_validation=ECDSA), Code.KEY_REQUIRED, "needs a signing key"),
    Case(
        base(sd_boot_validation=ECDSA, softdevice="sd.hex"),
        Code.KEY_REQUIRED,
        "needs a signing key",
    ),
    Case(base(app_boot_validation=ECDSA, key_file="app.hex"), Code.KEY_MALFORMED, "app.hex"),
    Case(base(key_file="no.key"), Code.FILE_MISSING, "The key file no.key does not exist"),
    Case(base(start_address="0x7F004"), PLACE, "cannot begin at 0x7F004"),
    Case(base(start_address="0xFF000"), PLACE, "outside the flash of NRF52"),
    Case(base(start_address="0x1000"), PLACE, "no room for the backup"),
    Case(base(start_address="0"), PLACE, "the MBR's"),
    Case(base(start_address="0x100000000"), Code.NUMBER_OUT_OF_RANGE, "--start-address"),
    Case(base(start_address="7F000"), Code.NUMBER_MALFORMED, "--start-address"),
    Case(base(backup_address="0x7F000"), PLACE, "cannot both lie at 0x7F000"),
    Case(base(backup_address="0x19000"), PLACE, "the backup of the settings page lies in it"),
    Case(base(start_address="0x19000"), PLACE, "the settings page lies in it, at 0x19000"),
    Case(base(application="no.hex"), Code.FILE_MISSING, "The application file no.hex"),
    Case(base(application="empty.hex"), Code.FILE_EMPTY, "empty.hex is empty"),
    Case(base(application="cut.hex"), Code.IMAGE_TRUNCATED, "cut.hex is not complete"),
    Case(base(application="mbr.hex"), Code.IMAGE_NO_CODE, "mbr.hex holds nothing"),
    Case(base(application="merged.hex"), Code.IMAGE_OVERLAPS_SOFTDEVICE, "contains a SoftDevice"),
    Case(base(application="full.hex"), PLACE, "the settings page lies in it, at 0x7F000"),
    Case(base(application="full.bin"), Code.IMAGE_TOO_LARGE, "the flash of NRF52 ends at 0x80000"),
    Case(base(application="."), Code.FILE_UNREADABLE, "is a folder"),
    Case(base(softdevice="no.hex"), Code.FILE_MISSING, "The SoftDevice file no.hex"),
    Case(base(softdevice="app.hex"), Code.IMAGE_NOT_A_SOFTDEVICE, "begins at 0x19000"),
    Case(base(softdevice="merged.hex"), Code.IMAGE_NOT_A_SOFTDEVICE, "the SoftDevice in it ends"),
    Case(
        base(softdevice="sd.hex", application="low.hex"),
        Code.IMAGE_OVERLAPS_SOFTDEVICE,
        "low.hex begins at 0x18000, inside the SoftDevice in sd.hex",
    ),
    Case((*base(), "--family", "NRF52"), CONFLICT, "--family is given twice"),
]


def bad_inputs(folder: Path) -> None:
    softdevice = softdevice_image(end=START).data
    (folder / "empty.hex").touch()
    (folder / "cut.hex").write_bytes(hex_file((START, APPLICATION))[:1000])
    (folder / "mbr.hex").write_bytes(hex_file((0, bytes(0x800))))
    (folder / "merged.hex").write_bytes(hex_file((0x1000, softdevice), (START, APPLICATION)))
    (folder / "full.hex").write_bytes(hex_file((START, APPLICATION), (0x7F000, bytes(896))))
    (folder / "full.bin").write_bytes(bytes(0x80000))
    (folder / "low.hex").write_bytes(hex_file((0x18000, APPLICATION)))


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.fragment)
def test_what_is_refused(case: Case, firmline: Program, folder: Path) -> None:
    bad_inputs(folder)
    before = files_in(folder)
    ran = firmline(*case.words, "new.hex")
    assert_failed(ran, case.code)
    assert case.fragment in ran.err
    assert ran.out == ""
    assert files_in(folder) == before


@pytest.mark.parametrize(
    "output", ["app.hex", "./app.hex", "sd.hex", "private.key"], ids=lambda name: name
)
def test_an_input_is_never_written_over(output: str, firmline: Program, folder: Path) -> None:
    before = (folder / output).read_bytes()
    words = base(softdevice="sd.hex", key_file="private.key", app_boot_validation=ECDSA)
    assert_failed(firmline(*words, output), CONFLICT)
    assert (folder / output).read_bytes() == before


def test_an_output_that_cannot_be_written(firmline: Program, folder: Path) -> None:
    (folder / "locked").mkdir(mode=0o555)
    assert_failed(firmline(*base(), "none/new.hex"), Code.FILE_NOT_WRITABLE)
    assert_failed(firmline(*base(), "."), Code.FILE_NOT_WRITABLE)
    with as_ordinary_user():
        assert_failed(firmline(*base(**BARE), "locked/new.hex"), Code.FILE_NOT_WRITABLE)
    assert files_in(folder / "locked") == set()
    assert_failed(firmline(*base()), Code.USAGE)
