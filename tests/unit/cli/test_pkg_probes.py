"""``firmline pkg probes``: what is signed, what is said of it, and what cannot be asked for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from firmline.errors import Code
from firmline.formats.package_zip import read_entries, write_entries
from firmline.formats.probes import MAX_PROBES, with_known_softdevices
from firmline.formats.probes_pack import ProbePack, read_probe_pack
from unit.cli.makers import KEY, package
from unit.cli.program import Program, assert_failed, files_in

SIGN = ("pkg", "probes", "p.zip", "--key-file", "private.key")
SIGN_52 = (*SIGN, "--hw-version", "52")
SMALL = (*SIGN_52, "--app-versions", "0-9", "--bootloader-versions", "1-2")
SHOW = ("pkg", "probes", "p.zip", "--show")


@pytest.fixture(autouse=True)
def keys(folder: Path) -> None:
    (folder / "private.key").write_bytes(KEY.format_pem())
    (folder / "public.pem").write_bytes(KEY.public_key.format_pem())


def made(folder: Path) -> ProbePack:
    return read_probe_pack((folder / "p.zip").read_bytes(), name="p.zip")


@pytest.mark.slow
def test_one_command_makes_a_pack(firmline: Program, folder: Path) -> None:
    ran = firmline(*SIGN_52)
    assert (ran.code, ran.err) == (0, "")
    pack = made(folder)
    assert pack.public_key == KEY.public_key
    size = (folder / "p.zip").stat().st_size
    assert ran.out.startswith(f"Probe pack: p.zip ({len(pack.packets):,} probes, {size:,} bytes)")
    assert f"which of {len(with_known_softdevices())} known ones, none, or another one" in ran.out
    assert "  application its version, exactly where it is 0 to 999;" in ran.out
    assert "  bootloader  its version, exactly where it is 0 to 99;" in ran.out
    assert "No unit can accept a probe" in ran.out
    assert files_in(folder) == {"private.key", "public.pem", "p.zip"}


def test_the_options_say_what_it_can_find(firmline: Program, folder: Path) -> None:
    ran = firmline(
        *(*SIGN, "--hw-version", "52,0x33,52", "--softdevice", "0x1234,0xB7"),
        *("--app-versions", "7,100-110,0-9", "--bootloader-versions", "5"),
    )
    assert (ran.code, ran.err) == (0, "")
    catalogue = made(folder).catalogue
    assert catalogue.hw_versions == (52, 51)
    assert catalogue.softdevices[:2] == (0x1234, 0xB7)
    assert "whether its version is 52 or 51\n" in ran.out
    assert "known ones and 1 further, none, or another one" in ran.out
    assert [str(part) for part in catalogue.app_limits.told_exactly] == ["0 to 9", "100 to 110"]
    assert "exactly where it is 0 to 9 or 100 to 110;" in ran.out
    assert [str(part) for part in catalogue.bootloader_limits.told_exactly] == ["0 to 1", "4 to 5"]


def test_the_same_command_gives_the_same_bytes(firmline: Program, folder: Path) -> None:
    assert firmline(*SMALL).code == 0
    first = (folder / "p.zip").read_bytes()
    assert firmline(*SMALL).code == 0
    assert (folder / "p.zip").read_bytes() == first


def test_a_pack_is_shown_as_it_was_made(firmline: Program, folder: Path) -> None:
    made_text = firmline(*SMALL).out
    for words in (SHOW, (*SHOW, "--key", "public.pem"), (*SHOW, "--key", "private.key")):
        ran = firmline(*words)
        assert (ran.code, ran.out, ran.err) == (0, made_text, "")
    assert firmline(*SHOW, "--json").result == firmline(*SMALL, "--json").result
    assert files_in(folder) == {"private.key", "public.pem", "p.zip"}


def test_for_programs_it_is_one_object(firmline: Program, folder: Path) -> None:
    result = firmline(*SMALL, "--json").result
    pack = made(folder)
    assert result["pack"] == "p.zip"
    assert result["size"] == (folder / "p.zip").stat().st_size
    assert result["probes"] == len(pack.packets)
    assert result["public_key"] == KEY.public_key.le_bytes.hex()
    assert result["hw_versions"] == [52]
    assert result["softdevices"] == [str(fwid) for fwid in pack.catalogue.softdevices]
    assert result["app_versions"] == [[0, 9]]
    assert result["bootloader_versions"] == [[0, 3]], "3 is the next power of two, less one"


@pytest.mark.parametrize(
    ("words", "code", "fragment"),
    [
        (("pkg", "probes", "p.zip", "--hw-version", "52"), Code.OPTION_MISSING, "--key-file"),
        (SIGN, Code.OPTION_MISSING, "--hw-version is missing"),
        ((*SIGN, "--hw-version", ""), Code.NUMBER_MALFORMED, "--hw-version ''"),
        ((*SIGN, "--hw-version", "52,"), Code.NUMBER_MALFORMED, "--hw-version ''"),
        ((*SIGN, "--hw-version", "052"), Code.NUMBER_OCTAL_LOOKING, "begins with a zero"),
        ((*SIGN, "--hw-version", "-1"), Code.NUMBER_MALFORMED, "--hw-version '-1'"),
        ((*SIGN, "--hw-version", "4294967296"), Code.NUMBER_OUT_OF_RANGE, "above the largest"),
        (
            (*SIGN, "--hw-version", ",".join(map(str, range(17)))),
            Code.PROBE_TOO_MANY,
            "17 hardware versions are too many",
        ),
        ((*SIGN_52, "--app-versions", "300-0"), Code.NUMBER_OUT_OF_RANGE, "from the higher"),
        ((*SIGN_52, "--app-versions", "0-"), Code.NUMBER_MALFORMED, "neither a version nor"),
        ((*SIGN_52, "--app-versions", "-5"), Code.NUMBER_MALFORMED, "neither a version nor"),
        ((*SIGN_52, "--app-versions", "0--5"), Code.NUMBER_MALFORMED, "neither a version nor"),
        ((*SIGN_52, "--app-versions", "1-2-3"), Code.NUMBER_MALFORMED, "neither a version nor"),
        ((*SIGN_52, "--app-versions", ""), Code.NUMBER_MALFORMED, "neither a version nor"),
        ((*SIGN_52, "--app-versions", "1,,2"), Code.NUMBER_MALFORMED, "neither a version nor"),
        ((*SIGN_52, "--app-versions", "1.2.3"), Code.NUMBER_MALFORMED, "'1.2.3'"),
        ((*SIGN_52, "--app-versions", "0-4294967296"), Code.NUMBER_OUT_OF_RANGE, "4294967295"),
        ((*SIGN_52, "--app-versions", "0-010"), Code.NUMBER_OCTAL_LOOKING, "begins with a zero"),
        ((*SIGN_52, "--app-versions", "0-4294967295"), Code.PROBE_TOO_MANY, "would need 4,294,"),
        (
            (*SIGN_52, "--bootloader-versions", f"0-{MAX_PROBES}"),
            Code.PROBE_TOO_MANY,
            f"at most {MAX_PROBES:,}",
        ),
        ((*SIGN_52, "--softdevice", "0x10000"), Code.NUMBER_OUT_OF_RANGE, "--softdevice 0x10000"),
        ((*SIGN_52, "--softdevice", "0x101,0"), Code.NUMBER_OUT_OF_RANGE, "means no SoftDevice"),
        (
            (*SIGN_52, "--softdevice", ",".join(map(str, range(1000, 1600)))),
            Code.PROBE_TOO_MANY,
            "SoftDevices are too many",
        ),
        ((*SIGN_52, "--key", "public.pem"), Code.OPTION_CONFLICT, "--key goes with --show"),
        ((*SIGN_52, "--show"), Code.OPTION_CONFLICT, "--show looks at a pack"),
        ((*SIGN_52, "--hw-version", "51"), Code.OPTION_CONFLICT, "given twice"),
    ],
)
def test_what_cannot_be_asked_for(
    words: tuple[str, ...], code: Code, fragment: str, firmline: Program, folder: Path
) -> None:
    ran = firmline(*words)
    assert_failed(ran, code)
    assert fragment in ran.err
    assert files_in(folder) == {"private.key", "public.pem"}


@pytest.mark.parametrize(
    ("key", "code"),
    [
        (None, Code.FILE_MISSING),
        (b"", Code.FILE_EMPTY),
        (b"hello", Code.KEY_MALFORMED),
        (KEY.public_key.format_pem(), Code.KEY_NOT_PRIVATE),
        (KEY.format_pem(password=b"x"), Code.KEY_ENCRYPTED),
    ],
)
def test_a_key_that_cannot_sign(
    key: bytes | None, code: Code, firmline: Program, folder: Path
) -> None:
    if key is not None:
        (folder / "bad.key").write_bytes(key)
    ran = firmline("pkg", "probes", "p.zip", "--key-file", "bad.key", "--hw-version", "52")
    assert_failed(ran, code)
    assert not (folder / "p.zip").exists()


def test_the_key_is_not_written_over(firmline: Program, folder: Path) -> None:
    words = ("pkg", "probes", "private.key", "--key-file", "private.key", "--hw-version", "52")
    assert_failed(firmline(*words), Code.OPTION_CONFLICT)
    assert (folder / "private.key").read_bytes() == KEY.format_pem()


@pytest.mark.parametrize(
    ("content", "code", "fragment"),
    [
        (None, Code.FILE_MISSING, "The probe pack p.zip does not exist"),
        (b"hello", Code.PACKAGE_NOT_A_ZIP, "not a zip file"),
        (package(), Code.PROBE_PACK_MALFORMED, "is a DFU package"),
        (write_entries({"a": b""}), Code.PROBE_PACK_MALFORMED, "not with the two entries"),
    ],
)
def test_what_is_no_pack_is_not_shown(
    content: bytes | None, code: Code, fragment: str, firmline: Program, folder: Path
) -> None:
    if content is not None:
        (folder / "p.zip").write_bytes(content)
    ran = firmline(*SHOW)
    assert_failed(ran, code)
    assert fragment in ran.err


def test_a_pack_of_another_key_is_not_shown_as_ours(firmline: Program) -> None:
    firmline("keys", "generate", "other.key")
    assert firmline(*SMALL).code == 0
    ran = firmline(*SHOW, "--key", "other.key")
    assert_failed(ran, Code.PROBE_PACK_KEY)
    assert ran.out == ""


def test_a_forged_pack_is_not_shown(firmline: Program, folder: Path) -> None:
    assert firmline(*SMALL).code == 0
    files = read_entries((folder / "p.zip").read_bytes(), name="p")
    manifest = json.loads(files["probes.json"]) | {"hw_versions": [53]}
    forged = write_entries({**files, "probes.json": json.dumps(manifest).encode()})
    (folder / "p.zip").write_bytes(forged)
    assert_failed(firmline(*SHOW), Code.PROBE_PACK_UNSAFE)


def test_pkg_display_names_the_command_for_a_pack(firmline: Program) -> None:
    assert firmline(*SMALL).code == 0
    ran = firmline("pkg", "display", "p.zip")
    assert_failed(ran, Code.PACKAGE_NO_MANIFEST)
    assert "is a probe pack" in ran.err
    assert "firmline pkg probes --show" in ran.err
