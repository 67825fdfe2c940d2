"""``firmline pkg generate``: what goes together, what is said, and what the package then is."""

from __future__ import annotations

from pathlib import Path

import pytest

from firmline.errors import Code
from firmline.formats.init_command import BootValidationType, FwType
from firmline.formats.package import Package, read_package
from firmline.values import ImageKind
from unit.cli.makers import APPLICATION, GENERATE, KEY, START, inputs, package
from unit.cli.program import Program, assert_failed, files_in
from unit.formats.makers import hex_file
from unit.formats.programs import program

APP = ("--application", "app.hex")
SOFTDEVICE = ("--softdevice", "sd.hex")
BOOTLOADER = ("--bootloader", "bl.hex", "--bootloader-version", "3")
SIGNED = ("--key-file", "private.key")
INPUTS = {"app.hex", "sd.hex", "bl.hex", "private.key"}


@pytest.fixture(autouse=True)
def files(folder: Path) -> None:
    inputs(folder)


def made(folder: Path) -> Package:
    return read_package((folder / "dfu.zip").read_bytes(), name="dfu.zip")


def test_the_package_is_what_the_options_say(firmline: Program, folder: Path) -> None:
    ran = firmline(*GENERATE, *APP, *SIGNED, "dfu.zip")
    assert (ran.code, ran.err) == (0, "")
    content = (folder / "dfu.zip").read_bytes()
    assert content == package()
    assert ran.out == f"Package: dfu.zip ({len(content):,} bytes)\n"
    assert files_in(folder) == {*INPUTS, "dfu.zip"}


def test_the_same_command_gives_the_same_bytes(firmline: Program, folder: Path) -> None:
    for name in ("a.zip", "b.zip"):
        assert firmline(*GENERATE, *APP, *SIGNED, name).code == 0
    assert (folder / "a.zip").read_bytes() == (folder / "b.zip").read_bytes()


def test_numbers_may_be_hexadecimal(firmline: Program, folder: Path) -> None:
    words = ("--hw-version", "0x34", "--sd-req", "0x103", "--application-version", "0x5")
    assert firmline("pkg", "generate", *words, *APP, *SIGNED, "dfu.zip").code == 0
    assert (folder / "dfu.zip").read_bytes() == package()


def test_a_dotted_version_is_one_number(firmline: Program, folder: Path) -> None:
    words = ("--hw-version", "52", "--sd-req", "0x103", "--application-version-string", "1.2.3")
    assert firmline("pkg", "generate", *words, *APP, *SIGNED, "dfu.zip").code == 0
    assert made(folder).images[0].init_packet.command.fw_version == 10203


def test_an_extension_in_capitals_is_an_extension(firmline: Program, folder: Path) -> None:
    (folder / "app.hex").rename(folder / "APP.HEX")
    assert firmline(*GENERATE, "--application", "APP.HEX", *SIGNED, "dfu.zip").code == 0
    (image,) = made(folder).images
    assert image.firmware == APPLICATION
    assert (image.bin_name, image.dat_name) == ("APP.bin", "APP.dat")


def test_two_inputs_of_one_name_get_entries_of_their_own(firmline: Program, folder: Path) -> None:
    for name, source in (("a", "sd.hex"), ("b", "app.hex")):
        (folder / name).mkdir()
        (folder / source).rename(folder / name / "out.hex")
    words = ("--softdevice", "a/out.hex", "--application", "b/out.hex", "--sd-id", "0x101")
    assert firmline(*GENERATE, *words, *SIGNED, "dfu.zip").code == 0
    softdevice, application = made(folder).images
    assert softdevice.kind is ImageKind.SOFTDEVICE
    assert application.firmware == APPLICATION
    names = {softdevice.bin_name, softdevice.dat_name, application.bin_name, application.dat_name}
    assert len(names) == 4


def test_a_whole_system_is_two_images(firmline: Program, folder: Path) -> None:
    words = (*APP, *SOFTDEVICE, *BOOTLOADER, "--sd-id", "0x101", *SIGNED)
    assert firmline(*GENERATE, *words, "dfu.zip").code == 0
    system, application = (image.init_packet.command for image in made(folder).images)
    assert (system.kind, application.kind) == (FwType.SOFTDEVICE_BOOTLOADER, FwType.APPLICATION)
    assert (system.fw_version, application.fw_version) == (3, 5)
    assert (system.sd_req, application.sd_req) == ((0x103, 0x101), (0x101,))


@pytest.mark.parametrize("kind", list(BootValidationType))
def test_every_boot_validation_can_be_asked_for(
    kind: BootValidationType, firmline: Program, folder: Path
) -> None:
    words = (*APP, *SOFTDEVICE, "--sd-id", "0x101", *SIGNED)
    checks = ("--app-boot-validation", kind.name, "--sd-boot-validation", kind.name)
    assert firmline(*GENERATE, *words, *checks, "dfu.zip").code == 0
    for image in made(folder).images:
        (entry,) = image.init_packet.command.boot_validations
        assert entry.type is kind
        is_signature = kind is BootValidationType.VALIDATE_ECDSA_P256_SHA256
        assert bool(entry.data) is is_signature
        assert not is_signature or KEY.public_key.verify(image.firmware, entry.data)


def test_an_application_for_another_chip(firmline: Program, folder: Path) -> None:
    assert firmline(*GENERATE, *APP, *SIGNED, "--external-app", "dfu.zip").code == 0
    assert made(folder).images[0].init_packet.command.kind is FwType.EXTERNAL_APPLICATION


@pytest.mark.parametrize("mode", ["--debug-mode", "--external-app"])
def test_where_the_softdevice_does_not_matter_it_need_not_be_named(
    mode: str, firmline: Program, folder: Path
) -> None:
    words = ("--hw-version", "52", "--application-version", "5", *APP, *SIGNED)
    assert firmline("pkg", "generate", *words, mode, "dfu.zip").code == 0
    assert made(folder).images[0].init_packet.command.sd_req == (0xFFFE,)


def test_none_is_as_if_it_was_not_there(firmline: Program, folder: Path) -> None:
    words = ("--bootloader-version", "none", "--sd-id", "None", *APP, *SIGNED)
    assert firmline(*GENERATE, *words, "dfu.zip").code == 0
    assert (folder / "dfu.zip").read_bytes() == package()


def test_a_version_may_be_said_twice_if_it_is_one(firmline: Program, folder: Path) -> None:
    words = ("--application-version-string", "0.0.5", *APP, *SIGNED)
    assert firmline(*GENERATE, *words, "dfu.zip").code == 0
    assert (folder / "dfu.zip").read_bytes() == package()


# What is said.


def test_an_unsigned_package_is_made_with_a_warning(firmline: Program, folder: Path) -> None:
    ran = firmline(*GENERATE, *APP, "dfu.zip")
    assert ran.code == 0
    assert ran.err.startswith("warning: the package is not signed")
    assert made(folder).images[0].init_packet.signature is None


def test_a_debug_package_needs_no_versions_and_is_made_with_a_warning(
    firmline: Program, folder: Path
) -> None:
    words = ("--debug-mode", "--sd-req", "0x103", *APP, *SIGNED)
    ran = firmline("pkg", "generate", *words, "dfu.zip")
    assert ran.code == 0
    assert ran.err.startswith("warning: a debug package")
    command = made(folder).images[0].init_packet.command
    assert (command.is_debug, command.fw_version) == (True, None)


def test_what_was_left_out_of_an_image_is_told(firmline: Program, folder: Path) -> None:
    (folder / "app.hex").write_bytes(hex_file((START, APPLICATION), (0x1000_2000, bytes(4))))
    ran = firmline(*GENERATE, *APP, *SIGNED, "dfu.zip")
    assert ran.code == 0
    assert ran.err.startswith("note: 4 bytes at 0x10000000 and above")
    assert (folder / "dfu.zip").read_bytes() == package()


def test_an_sd_id_without_a_softdevice_is_told(firmline: Program, folder: Path) -> None:
    ran = firmline(*GENERATE, *APP, *SIGNED, "--sd-id", "0x101", "dfu.zip")
    assert (ran.code, ran.err) == (
        0,
        "note: --sd-id was not used: there is no SoftDevice in the package.\n",
    )
    assert (folder / "dfu.zip").read_bytes() == package()


def test_an_application_for_no_softdevice_may_cost_a_unit_its_own(firmline: Program) -> None:
    words = ("--hw-version", "52", "--application-version", "5", *APP, *SIGNED)
    ran = firmline("pkg", "generate", *words, "--sd-req", "0x00", "dfu.zip")
    assert ran.code == 0
    assert ran.err.startswith("warning: the application asks for no SoftDevice (0x00 first)")
    assert ran.err.count("\n") == 1
    for more in (("--external-app",), ("--sd-req", "0x103")):
        chosen = more if "--sd-req" in more else ("--sd-req", "0x00", *more)
        assert firmline("pkg", "generate", *words, *chosen, "dfu.zip").err == ""


def test_an_application_made_for_no_softdevice_is_none_of_lint_s_business(
    firmline: Program, folder: Path
) -> None:
    (folder / "app.hex").write_bytes(hex_file((0x1000, program(base=0x1000))))
    words = ("--hw-version", "52", "--application-version", "5", *APP, *SIGNED)
    ran = firmline("pkg", "generate", *words, "--sd-req", "0x00", "--strict", "dfu.zip")
    assert (ran.code, ran.err) == (0, "")


def test_a_softdevice_that_does_not_look_like_one_is_made_with_a_warning(
    firmline: Program, folder: Path
) -> None:
    (folder / "sd.hex").write_bytes(hex_file((0x1000, bytes(0x3000))))
    words = ("--hw-version", "52", "--sd-req", "0x103", *SOFTDEVICE, *SIGNED)
    ran = firmline("pkg", "generate", *words, "dfu.zip")
    assert (ran.code, made(folder).images[0].kind) == (0, ImageKind.SOFTDEVICE)
    assert ran.err.startswith("warning: sd.hex does not look like a SoftDevice")


def test_a_bootloader_larger_than_the_sdks_is_made_with_a_note(
    firmline: Program, folder: Path
) -> None:
    (folder / "bl.hex").write_bytes(hex_file((0x72000, bytes(0x6004))))
    words = ("--hw-version", "52", "--sd-req", "0x103", *BOOTLOADER, *SIGNED)
    ran = firmline("pkg", "generate", *words, "dfu.zip")
    assert ran.code == 0
    assert ran.err.startswith("note: bl.hex has 24,580 bytes")


def test_the_help_names_the_checks_and_stays_narrow(firmline: Program) -> None:
    out = firmline("pkg", "generate", "--help").out
    assert "--app-boot-validation CHECK" in out
    assert all(out.count(kind.name) >= 2 for kind in BootValidationType)
    assert max(len(line) for line in out.splitlines()) <= 80


@pytest.mark.parametrize(
    ("fwids", "where"),
    [("0x103,", "after"), (",0x103", "before"), ("0x101, ,0x103", "before"), (",", "after")],
)
def test_a_comma_without_a_number_is_told(fwids: str, where: str, firmline: Program) -> None:
    ran = firmline("pkg", "generate", "--sd-req", fwids, *APP, "dfu.zip")
    assert_failed(ran, Code.NUMBER_MALFORMED)
    assert f"--sd-req {fwids!r} lacks a number {where} a comma." in ran.err


def test_a_missing_softdevice_file_is_called_by_its_name(firmline: Program) -> None:
    ran = firmline(*GENERATE[:-2], "--softdevice", "none.hex", "dfu.zip")
    assert_failed(ran, Code.FILE_MISSING)
    assert "SoftDevice file" in ran.err
    assert "softdevice file" not in ran.err


# What does not go together.


@pytest.mark.parametrize(
    ("words", "code", "fragment"),
    [
        (SIGNED, Code.OPTION_MISSING, "--application is missing"),
        (
            ("--hw-version", "52", "--application-version", "5", *APP),
            Code.OPTION_MISSING,
            "--sd-req is missing",
        ),
        (
            ("--sd-req", "0", "--application-version", "5", *APP),
            Code.OPTION_MISSING,
            "--hw-version is missing",
        ),
        (
            ("--sd-req", "0", "--hw-version", "52", *APP),
            Code.OPTION_MISSING,
            "--application-version is missing",
        ),
        (
            ("--sd-req", "0", "--hw-version", "52", "--bootloader", "bl.hex"),
            Code.OPTION_MISSING,
            "--bootloader-version is missing",
        ),
        (
            (*GENERATE[2:], *APP, *SOFTDEVICE),
            Code.OPTION_MISSING,
            "--sd-id is missing",
        ),
        (
            (*GENERATE[2:], *APP, "--application-version-string", "0.0.6"),
            Code.OPTION_CONFLICT,
            "name two versions",
        ),
        ((*GENERATE[2:], *SOFTDEVICE), Code.OPTION_CONFLICT, "--application is missing"),
        (
            ("--debug-mode", "--sd-req", "0", "--application-version-string", "1.0.0", *SOFTDEVICE),
            Code.OPTION_CONFLICT,
            "--application is missing",
        ),
        (
            (*GENERATE[2:], *APP, "--bootloader-version", "3"),
            Code.OPTION_CONFLICT,
            "--bootloader is missing",
        ),
        (
            ("--debug-mode", "--sd-req", "0", *APP, "--bootloader-version", "3"),
            Code.OPTION_CONFLICT,
            "--bootloader is missing",
        ),
        (
            (*GENERATE[2:], *APP, *BOOTLOADER),
            Code.PACKAGE_COMBINATION,
            "do not go into one package",
        ),
        (
            ("--sd-req", "0", "--hw-version", "1", *SOFTDEVICE, "--external-app"),
            Code.PACKAGE_COMBINATION,
            "none is given",
        ),
        (
            (*GENERATE[2:], *APP, *SOFTDEVICE, "--sd-id", "0x101", "--external-app"),
            Code.PACKAGE_COMBINATION,
            "a package of its own",
        ),
        (
            (*GENERATE[2:], *APP, *SOFTDEVICE, "--sd-id", "0x999"),
            Code.PACKAGE_COMBINATION,
            "FWID 0x0101 (S132 7.2.0), but the application in the same package requires 0x0999",
        ),
        (
            (*GENERATE[2:], "--application", "bl.hex", "--softdevice", "bl.hex", "--sd-id", "1"),
            Code.IMAGE_NOT_A_SOFTDEVICE,
            "it begins at 0x78000",
        ),
        (
            (*GENERATE[2:], *APP, "--app-boot-validation", "VALIDATE_ECDSA_P256_SHA256"),
            Code.KEY_REQUIRED,
            "needs a signing key",
        ),
        (
            (*GENERATE[2:], *APP, "--sd-req", "0x104"),
            Code.OPTION_CONFLICT,
            "--sd-req is given twice",
        ),
    ],
)
def test_what_does_not_go_together_is_refused(
    words: tuple[str, ...], code: Code, fragment: str, firmline: Program, folder: Path
) -> None:
    ran = firmline("pkg", "generate", *words, "dfu.zip")
    assert_failed(ran, code)
    assert fragment in ran.err
    assert files_in(folder) == INPUTS


@pytest.mark.parametrize("name", sorted(INPUTS))
def test_an_input_is_never_written_over(name: str, firmline: Program, folder: Path) -> None:
    before = {path: path.read_bytes() for path in folder.iterdir()}
    words = (*APP, *SOFTDEVICE, *BOOTLOADER, "--sd-id", "0x101", *SIGNED)
    ran = firmline(*GENERATE, *words, f"./{name}")
    assert_failed(ran, Code.OPTION_CONFLICT)
    assert {path: path.read_bytes() for path in folder.iterdir()} == before
