"""Bad input of every kind: the right code, one sentence, the next thing to do, and nothing left."""

from __future__ import annotations

import io
import json
import os
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from firmline.cli.files import MAX_SIZE
from firmline.cli.style import printable
from firmline.errors import Code, ExitCode
from unit.cli.makers import APPLICATION, GENERATE, KEY, VERSIONS, inputs, package
from unit.cli.program import (
    Program,
    as_ordinary_user,
    assert_failed,
    files_in,
    nobody_listens,
    run_process,
)
from unit.formats.makers import hex_file, image, softdevice_image, zip_file

SIM = "sim:ble-reference?key=private.key"
PASSWORD = b"correct horse"


class Case(NamedTuple):
    """One bad input: how it comes about, and what is said of it."""

    name: str
    make: Callable[[Path], object]
    words: tuple[str, ...]
    code: Code
    exit_code: ExitCode = ExitCode.INPUT


def nothing(_: Path) -> None:
    pass


def written(name: str, content: bytes) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_bytes(content)


def made_folder(name: str) -> Callable[[Path], object]:
    return lambda folder: (folder / name).mkdir()


def sparse(name: str, size: int) -> Callable[[Path], object]:
    def make(folder: Path) -> None:
        (folder / name).touch()
        os.truncate(folder / name, size)

    return make


def record(line: int, change: Callable[[str], str]) -> bytes:
    """``app.hex`` with one of its lines (counted from 1) changed."""
    lines = hex_file((0x26000, APPLICATION)).decode().splitlines()
    lines[line - 1] = change(lines[line - 1])
    return "\n".join(lines).encode() + b"\n"


def generate(application: str = "bad.hex", *more: str, key: str = "private.key") -> tuple[str, ...]:
    return (*GENERATE, "--application", application, "--key-file", key, *more, "new.zip")


def with_options(*words: str) -> tuple[str, ...]:
    """The command with these in place of its versions."""
    return ("pkg", "generate", *words, "--application", "app.hex", "new.zip")


def without(option: str) -> tuple[str, ...]:
    at = VERSIONS.index(option)
    return with_options(*VERSIONS[:at], *VERSIONS[at + 2 :])


def replaced(option: str, value: str) -> tuple[str, ...]:
    at = VERSIONS.index(option)
    return with_options(*VERSIONS[: at + 1], value, *VERSIONS[at + 2 :])


def beside(softdevice: str, *more: str) -> tuple[str, ...]:
    """The command with ``bad.hex`` and a SoftDevice in one package."""
    return generate("bad.hex", "--softdevice", softdevice, *more)


def app_at(address: int) -> Callable[[Path], object]:
    """``bad.hex`` there, and ``bare.hex``: a SoftDevice's bytes that say nothing of themselves."""

    def make(folder: Path) -> None:
        (folder / "bad.hex").write_bytes(hex_file((address, APPLICATION)))
        (folder / "bare.hex").write_bytes(hex_file((0x1000, BARE)))

    return make


def requiring(sd_req: str, application: str = "bad.hex") -> tuple[str, ...]:
    words = ("--hw-version", "52", "--application-version", "5", "--sd-req", sd_req)
    return ("pkg", "generate", *words, "--application", application, "new.zip")


BARE = bytes(range(256)) * 586  # 150,016 bytes: reaches from 0x1000 to 0x25A00
OVERLAPS = Code.IMAGE_OVERLAPS_SOFTDEVICE
NO_SOFTDEVICE = Code.IMAGE_NOT_A_SOFTDEVICE
HEX = hex_file((0x26000, APPLICATION))
PLACES = [
    *(
        Case(
            f"at 0x{address:X} in a package with a SoftDevice",
            app_at(address),
            beside("bare.hex", "--sd-id", "0x124"),
            OVERLAPS,
        )
        for address in (0x1000, 0x10000, 0x25800)
    ),
    *(
        Case(
            f"merged with a SoftDevice that says nothing, {sd_req}",
            written("bad.hex", hex_file((0x1000, BARE), (0x26000, APPLICATION))),
            requiring(sd_req),
            OVERLAPS,
        )
        for sd_req in ("0x103", "0x124", "0xB7,0x124")
    ),
    *(
        Case(f"at 0x{address:X} for {sd_req}", app_at(address), requiring(sd_req), OVERLAPS)
        for address, sd_req in (
            (0x1000, "0x103"),
            (0x10000, "0x103"),
            (0x3000, "0x124"),
            (0x25000, "0xB7"),
            (0x25000, "0x101,0x100"),
            (0x26000, "0x100"),
        )
    ),
    Case(
        "for another SoftDevice than the one beside it",
        app_at(0x26000),
        beside("sd.hex", "--sd-id", "0x999"),
        Code.PACKAGE_COMBINATION,
    ),
    Case(
        "the application as the SoftDevice",
        nothing,
        generate("app.hex", "--softdevice", "app.hex", "--sd-id", "0x101"),
        NO_SOFTDEVICE,
    ),
    Case(
        "a bootloader as the SoftDevice",
        nothing,
        (*GENERATE[:-2], "--softdevice", "bl.hex", "new.zip"),
        NO_SOFTDEVICE,
    ),
    Case(
        "the application's bytes as the SoftDevice",
        written("bad.bin", APPLICATION),
        generate("bad.bin", "--softdevice", "bad.bin", "--sd-id", "0x101"),
        NO_SOFTDEVICE,
    ),
    Case(
        "a SoftDevice with its MBR in plain bytes",
        written("bad.bin", bytes(0x1000) + softdevice_image().data),
        (*GENERATE[:-2], "--softdevice", "bad.bin", "new.zip"),
        NO_SOFTDEVICE,
    ),
]
IMAGES = [
    Case("missing", nothing, generate("none.hex"), Code.FILE_MISSING),
    Case("missing folder", nothing, generate("none/app.hex"), Code.FILE_MISSING),
    Case("empty", written("bad.hex", b""), generate(), Code.FILE_EMPTY),
    Case("a folder", made_folder("bad.hex"), generate(), Code.FILE_UNREADABLE),
    Case("below a file", nothing, generate("app.hex/x"), Code.FILE_UNREADABLE),
    Case("oversized", sparse("bad.hex", MAX_SIZE + 1), generate(), Code.FILE_TOO_LARGE),
    Case("a huge hex", written("bad.hex", b"\n" * (33 << 20)), generate(), Code.FILE_TOO_LARGE),
    Case("a huge bin", sparse("bad.bin", 5 << 20), generate("bad.bin"), Code.IMAGE_TOO_LARGE),
    Case("a large bin", sparse("bad.bin", 1 << 20 | 4), generate("bad.bin"), Code.IMAGE_TOO_LARGE),
    Case(
        "a record past the last address",
        written("bad.hex", b":02000004FFFFFC\n:03FFFE00000000" + b"00\n:00000001FF\n"),
        generate(),
        Code.IMAGE_MALFORMED,
    ),
    Case("cut in a line", written("bad.hex", HEX[:-20]), generate(), Code.IMAGE_TRUNCATED),
    Case("cut at a line", written("bad.hex", HEX[:-12]), generate(), Code.IMAGE_TRUNCATED),
    Case("text", written("bad.hex", b"hello\n"), generate(), Code.IMAGE_MALFORMED),
    Case(
        "text in bytes", written("bad.dat", b"hello\n"), generate("bad.dat"), Code.IMAGE_MALFORMED
    ),
    Case("blank lines", written("bad.hex", b"\n\n"), generate(), Code.IMAGE_TRUNCATED),
    Case("random bytes", written("bad.hex", APPLICATION), generate(), Code.IMAGE_MALFORMED),
    Case(
        "a wrong checksum",
        written("bad.hex", record(3, lambda line: f"{line[:-2]}{int(line[-2:], 16) ^ 1:02X}")),
        generate(),
        Code.IMAGE_MALFORMED,
    ),
    Case(
        "a letter that is none",
        written("bad.hex", record(3, lambda line: line.replace("0", "O", 1))),
        generate(),
        Code.IMAGE_MALFORMED,
    ),
    Case(
        "an escape sequence inside",
        written("bad.hex", record(3, lambda _: "\x1b[2J")),
        generate(),
        Code.IMAGE_MALFORMED,
    ),
    Case(
        "overlapping records",
        written("bad.hex", record(3, lambda line: f"{line}\n{line}")),
        generate(),
        Code.IMAGE_OVERLAPPING_RECORDS,
    ),
    Case("two files in one", written("bad.hex", HEX + HEX), generate(), Code.IMAGE_MALFORMED),
    Case(
        "a stray record",
        written("bad.hex", hex_file((0x26000, APPLICATION), (0x0F00_0000, bytes(16)))),
        generate(),
        Code.IMAGE_TOO_LARGE,
    ),
    Case(
        "UICR only",
        written("bad.hex", hex_file((0x1000_1000, bytes(16)))),
        generate(),
        Code.IMAGE_NO_CODE,
    ),
    Case("a package", written("bad.zip", package()), generate("bad.zip"), Code.IMAGE_MALFORMED),
    Case("no ELF", written("bad.elf", APPLICATION), generate("bad.elf"), Code.IMAGE_MALFORMED),
    Case("half an ELF", written("bad.elf", b"\x7fELF"), generate("bad.elf"), Code.IMAGE_TRUNCATED),
    Case(
        "merged with the SoftDevice",
        written("bad.hex", hex_file((0x1000, softdevice_image().data), (0x26000, APPLICATION))),
        generate(),
        Code.IMAGE_OVERLAPS_SOFTDEVICE,
    ),
    Case(
        "inside the SoftDevice of the same package",
        written("bad.hex", hex_file((0x18000, APPLICATION))),
        generate("bad.hex", "--softdevice", "sd.hex", "--sd-id", "0x101"),
        Code.IMAGE_OVERLAPS_SOFTDEVICE,
    ),
    Case("a key", nothing, generate("private.key"), Code.IMAGE_MALFORMED),
]


def pem(key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


SIGN = generate("app.hex", key="bad.key")
KEYS = [
    Case("a missing key", nothing, SIGN, Code.FILE_MISSING),
    Case("an empty key", written("bad.key", b""), SIGN, Code.FILE_EMPTY),
    Case("a blank key", written("bad.key", b" \n"), SIGN, Code.FILE_EMPTY),
    Case("a garbage key", written("bad.key", APPLICATION), SIGN, Code.KEY_MALFORMED),
    Case("a huge key", sparse("bad.key", 1 << 20), SIGN, Code.FILE_TOO_LARGE),
    Case(
        "an encrypted key below a comment",
        written("bad.key", b"# a comment\n" + KEY.format_pem(PASSWORD)),
        SIGN,
        Code.KEY_ENCRYPTED,
    ),
    Case("half a key", written("bad.key", KEY.format_pem()[:150]), SIGN, Code.KEY_MALFORMED),
    Case(
        "a damaged key",
        written("bad.key", KEY.format_pem().replace(b"M", b"!")),
        SIGN,
        Code.KEY_MALFORMED,
    ),
    Case(
        "a public key", written("bad.key", KEY.public_key.format_pem()), SIGN, Code.KEY_NOT_PRIVATE
    ),
    Case(
        "a certificate",
        written("bad.key", b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"),
        SIGN,
        Code.KEY_NOT_PRIVATE,
    ),
    Case(
        "P-384",
        written("bad.key", pem(ec.generate_private_key(ec.SECP384R1()))),
        SIGN,
        Code.KEY_WRONG_CURVE,
    ),
    Case(
        "Ed25519",
        written("bad.key", pem(ed25519.Ed25519PrivateKey.generate())),
        SIGN,
        Code.KEY_WRONG_CURVE,
    ),
    Case(
        "an encrypted key", written("bad.key", KEY.format_pem(PASSWORD)), SIGN, Code.KEY_ENCRYPTED
    ),
    Case("a folder", made_folder("bad.key"), SIGN, Code.FILE_UNREADABLE),
    Case(
        "a firmware image",
        nothing,
        generate("app.hex", key="app.hex"),
        Code.KEY_MALFORMED,
    ),
    Case(
        "a key for a target",
        written("bad.key", b"x"),
        ("update", "dfu.zip", "--to", "sim:ble-reference?key=bad.key"),
        Code.KEY_MALFORMED,
    ),
    Case(
        "a key to show",
        written("bad.key", b"x"),
        ("keys", "display", "--key", "pk", "--format", "hex", "bad.key"),
        Code.KEY_MALFORMED,
    ),
    Case(
        "a public key to show the secret of",
        written("bad.key", KEY.public_key.format_pem()),
        ("keys", "display", "--key", "sk", "--format", "hex", "bad.key"),
        Code.KEY_NOT_PRIVATE,
    ),
    Case(
        "a key that is there",
        written("old.key", KEY.format_pem()),
        ("keys", "generate", "old.key"),
        Code.FILE_EXISTS,
    ),
    Case(
        "a folder that is there",
        made_folder("old.key"),
        ("keys", "generate", "old.key"),
        Code.FILE_NOT_WRITABLE,
    ),
    Case(
        "a folder by force",
        made_folder("old.key"),
        ("keys", "generate", "--force", "old.key"),
        Code.FILE_NOT_WRITABLE,
    ),
    Case("a key in a missing folder", nothing, ("keys", "generate", "a/b"), Code.FILE_NOT_WRITABLE),
    Case("a key in a file", nothing, ("keys", "generate", "app.hex/b"), Code.FILE_NOT_WRITABLE),
    Case(
        "a key of a name too long", nothing, ("keys", "generate", "k" * 300), Code.FILE_NOT_WRITABLE
    ),
]


def entries(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


GOOD = entries(package())


def changed(**files: bytes | None) -> bytes:
    """A package with entries replaced, added, or (``None``) left out."""
    names = {"manifest": "manifest.json", "bin": "app.bin", "dat": "app.dat"}
    content = GOOD | {names[name]: data for name, data in files.items() if data is not None}
    for name, data in files.items():
        if data is None:
            del content[names[name]]
    return zip_file(*content.items())


def manifest(**application: object) -> bytes:
    entry = {"bin_file": "app.bin", "dat_file": "app.dat", **application}
    return json.dumps({"manifest": {"application": entry}}).encode()


def naming(name: str) -> bytes:
    """A package whose image lies, and is named, somewhere else."""
    files = {**GOOD, "manifest.json": manifest(bin_file=name), name: GOOD["app.bin"]}
    return zip_file(*files.items())


def encrypted_zip() -> bytes:
    content = bytearray(package())
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = content.find(mark)
        content[start + at] |= 1
    return bytes(content)


BOMB = zip_file(("manifest.json", bytes(8 << 20)), deflated=True)
SHOW = ("pkg", "display", "bad.zip")
ZIP = package()
PACKAGES = [
    (name, content, code)
    for name, content, code in [
        ("empty", b"", Code.FILE_EMPTY),
        ("text", b"hello", Code.PACKAGE_NOT_A_ZIP),
        ("a hex file", HEX, Code.PACKAGE_NOT_A_ZIP),
        ("cut in half", ZIP[: len(ZIP) // 2], Code.PACKAGE_TRUNCATED),
        ("its last byte gone", ZIP[:-1], Code.PACKAGE_TRUNCATED),
        ("its first half gone", ZIP[len(ZIP) // 2 :], Code.PACKAGE_TRUNCATED),
        (
            "a byte of the image changed",
            ZIP.replace(APPLICATION, b"\xff" + APPLICATION[1:]),
            Code.PACKAGE_TRUNCATED,
        ),
        ("encrypted", encrypted_zip(), Code.PACKAGE_NOT_A_ZIP),
        ("a bomb", BOMB, Code.PACKAGE_TOO_LARGE),
        ("many entries", zip_file(*((f"{n}", b"") for n in range(100))), Code.PACKAGE_TOO_LARGE),
        ("no entry", zip_file(), Code.PACKAGE_NO_MANIFEST),
        ("no manifest", changed(manifest=None), Code.PACKAGE_NO_MANIFEST),
        ("no JSON", changed(manifest=b"{"), Code.PACKAGE_MANIFEST_MALFORMED),
        ("no text", changed(manifest=b"\xff\xfe{}"), Code.PACKAGE_MANIFEST_MALFORMED),
        ("deep JSON", changed(manifest=b"[" * 60_000), Code.PACKAGE_MANIFEST_MALFORMED),
        ("a list", changed(manifest=b"[]"), Code.PACKAGE_MANIFEST_MALFORMED),
        ("an empty object", changed(manifest=b"{}"), Code.PACKAGE_MANIFEST_MALFORMED),
        ("no image", changed(manifest=b'{"manifest": {}}'), Code.PACKAGE_MANIFEST_MALFORMED),
        (
            "an unknown kind",
            changed(manifest=b'{"manifest": {"\\u001b[2J": {}}}'),
            Code.PACKAGE_MANIFEST_MALFORMED,
        ),
        (
            "a number for a name",
            changed(manifest=manifest(bin_file=5)),
            Code.PACKAGE_MANIFEST_MALFORMED,
        ),
        (
            "the legacy bootloader's",
            changed(manifest=manifest(init_packet_data={})),
            Code.PACKAGE_MANIFEST_MALFORMED,
        ),
        ("no image file", changed(bin=None), Code.PACKAGE_ENTRY_MISSING),
        ("no init packet", changed(dat=None), Code.PACKAGE_ENTRY_MISSING),
        ("another image", changed(bin=APPLICATION[::-1]), Code.PACKAGE_IMAGE_MISMATCH),
        ("a longer image", changed(bin=APPLICATION + bytes(4)), Code.PACKAGE_IMAGE_MISMATCH),
        ("an empty image", changed(bin=b""), Code.PACKAGE_IMAGE_MISMATCH),
        ("an empty init packet", changed(dat=b""), Code.INIT_PACKET_MALFORMED),
        ("a garbage init packet", changed(dat=b"\xff" * 64), Code.INIT_PACKET_MALFORMED),
        ("a long init packet", changed(dat=bytes(513)), Code.INIT_PACKET_TOO_LARGE),
        (
            "the parts exchanged",
            changed(manifest=manifest(bin_file="app.dat", dat_file="app.bin")),
            Code.INIT_PACKET_TOO_LARGE,
        ),
        (
            "one file for two things",
            changed(manifest=manifest(dat_file="app.bin")),
            Code.PACKAGE_DUPLICATE_NAME,
        ),
        (
            "the manifest as an image",
            changed(manifest=manifest(bin_file="manifest.json")),
            Code.PACKAGE_DUPLICATE_NAME,
        ),
        ("an entry twice", zip_file(*GOOD.items(), ("app.bin", b"x")), Code.PACKAGE_DUPLICATE_NAME),
        ("a file above", naming("../app.bin"), Code.PACKAGE_UNSAFE_NAME),
        ("an absolute file", naming("/abs"), Code.PACKAGE_UNSAFE_NAME),
        ("a file on a drive", naming("C:\\x"), Code.PACKAGE_UNSAFE_NAME),
        ("a file with a stream", naming("app.bin:x"), Code.PACKAGE_UNSAFE_NAME),
        ("a file in a folder", naming("a/app.bin"), Code.PACKAGE_UNSAFE_NAME),
        ("an escape sequence", naming("\x1b[2J.bin"), Code.PACKAGE_UNSAFE_NAME),
        (
            "a file above that is not inside",
            changed(manifest=manifest(bin_file="../../private.key")),
            Code.PACKAGE_ENTRY_MISSING,
        ),
        (
            "a kind it is not",
            changed(manifest=manifest().replace(b"application", b"bootloader")),
            Code.PACKAGE_IMAGE_MISMATCH,
        ),
    ]
]
UPDATE = ("update", "bad.zip", "--to", SIM, "--trace", "t.jsonl")
FOR_MCUBOOT = [
    (
        "MCUboot's without an image",
        zip_file(
            ("manifest.json", b'{"format-version": 1, "files": [{"file": "a.bin"}]}'),
            ("a.bin", b"none"),
        ),
        (Code.MCUBOOT_NO_IMAGE, Code.PACKAGE_FOR_MCUBOOT),
    ),
    (
        "MCUboot's image, broken",
        bytes.fromhex("3db8f396") + bytes(60),
        (Code.MCUBOOT_IMAGE_MALFORMED, Code.PACKAGE_FOR_MCUBOOT),
    ),
]
BAD_PACKAGES = [
    Case(f"{words[0]} {name}", written("bad.zip", content), words, code)
    for name, content, code in PACKAGES
    for words in (SHOW, UPDATE)
] + [
    Case(f"{words[0]} {name}", written("bad.zip", content), words, code)
    for name, content, codes in FOR_MCUBOOT
    for words, code in zip((SHOW, UPDATE), codes, strict=True)
]
FILES = [
    Case("a missing package", nothing, ("pkg", "display", "none.zip"), Code.FILE_MISSING),
    Case("a folder", made_folder("bad.zip"), SHOW, Code.FILE_UNREADABLE),
    Case("a huge package", sparse("bad.zip", 20 << 20), SHOW, Code.PACKAGE_TOO_LARGE),
    Case("a dash is no name", nothing, ("pkg", "display", "-"), Code.USAGE),
    Case("no name", nothing, ("pkg", "display", ""), Code.USAGE),
    Case("a long name", nothing, ("pkg", "display", "z" * 300), Code.FILE_UNREADABLE),
    Case("a long path", nothing, ("pkg", "display", "z/" * 3000), Code.FILE_UNREADABLE),
    Case("no name of a key", nothing, generate("app.hex", key=""), Code.USAGE),
    Case("no name of an image", nothing, generate(""), Code.USAGE),
    Case("a dash for an image", nothing, generate("-"), Code.USAGE),
    Case("an option for a name", nothing, generate("--key-file"), Code.USAGE),
]

OCTAL, MALFORMED, RANGE = (
    Code.NUMBER_OCTAL_LOOKING,
    Code.NUMBER_MALFORMED,
    Code.NUMBER_OUT_OF_RANGE,
)
VALUES = {
    "--hw-version": {
        "-1": MALFORMED,
        "": MALFORMED,
        " ": MALFORMED,
        "-": MALFORMED,
        "none": Code.OPTION_MISSING,
        "1.2": MALFORMED,
        "0x": MALFORMED,
        "0b11": MALFORMED,
        "\x1b[2J": MALFORMED,
        "9" * 100: RANGE,
        "4294967296": RANGE,
        "0x100000000": RANGE,
        "99999999999": RANGE,
        "052": OCTAL,
        "010": OCTAL,
        "00": OCTAL,
    },
    "--application-version": {
        "-1": MALFORMED,
        "1.2.3": MALFORMED,
        "4294967296": RANGE,
        "010": OCTAL,
    },
    "--sd-req": {
        "zz": MALFORMED,
        "": MALFORMED,
        ",": MALFORMED,
        "0x103,": MALFORMED,
        ",0x103": MALFORMED,
        "0x101,,0x103": MALFORMED,
        "0x101, ": MALFORMED,
        "0x103 0x104": MALFORMED,
        "s132": Code.SOFTDEVICE_UNKNOWN,
        "sd132": MALFORMED,
        "0x10000": RANGE,
        "-1": MALFORMED,
        "0257": OCTAL,
    },
}
OPTIONS = [
    *(
        Case(f"{option} {value[:20]!a}", nothing, replaced(option, value), code)
        for option, values in VALUES.items()
        for value, code in values.items()
    ),
    *(
        Case(
            f"--application-version-string {value!r}",
            nothing,
            with_options(*VERSIONS[:4], "--application-version-string", value),
            code,
        )
        for value, code in {
            "1.2": MALFORMED,
            "": MALFORMED,
            "1.2.x": MALFORMED,
            "01.02.03": OCTAL,
            "1.2.300": RANGE,
            "1.200.3": RANGE,
            "9999999.0.0": RANGE,
        }.items()
    ),
    Case("no --hw-version", nothing, without("--hw-version"), Code.OPTION_MISSING),
    Case("no --sd-req", nothing, without("--sd-req"), Code.OPTION_MISSING),
    Case("no version", nothing, without("--application-version"), Code.OPTION_MISSING),
    Case("no --sd-id", nothing, generate("app.hex", "--softdevice", "sd.hex"), Code.OPTION_MISSING),
    Case(
        "a bad --sd-id",
        nothing,
        generate("app.hex", "--softdevice", "sd.hex", "--sd-id", "0x10000"),
        RANGE,
    ),
    Case("no image", nothing, (*GENERATE, "new.zip"), Code.OPTION_MISSING),
    Case(
        "both versions",
        nothing,
        generate("app.hex", "--application-version-string", "1.2.3"),
        Code.OPTION_CONFLICT,
    ),
    Case(
        "an option twice",
        nothing,
        generate("app.hex", "--sd-req", "0x104"),
        Code.OPTION_CONFLICT,
    ),
    Case(
        "bootloader and application",
        nothing,
        generate("app.hex", "--bootloader", "bl.hex", "--bootloader-version", "3"),
        Code.PACKAGE_COMBINATION,
    ),
    Case(
        "many SoftDevices",
        nothing,
        replaced("--sd-req", ",".join(str(fwid) for fwid in range(1, 18))),
        Code.INIT_PACKET_MALFORMED,
    ),
    Case("a bad choice", nothing, generate("app.hex", "--app-boot-validation", "CRC"), Code.USAGE),
    Case("two outputs", nothing, generate("app.hex", "other.zip"), Code.USAGE),
    Case("no output", nothing, generate("app.hex")[:-1], Code.USAGE),
]

MAKE = (*GENERATE, "--application", "app.hex", "--key-file", "private.key")
OUTPUTS = [
    Case("no folder", nothing, (*MAKE, "none/new.zip"), Code.FILE_NOT_WRITABLE),
    Case("a file as a folder", nothing, (*MAKE, "app.hex/new.zip"), Code.FILE_NOT_WRITABLE),
    Case("a folder", made_folder("new.zip"), (*MAKE, "new.zip"), Code.FILE_NOT_WRITABLE),
    Case("this folder", nothing, (*MAKE, "."), Code.FILE_NOT_WRITABLE),
    Case("the root", nothing, (*MAKE, "/"), Code.FILE_NOT_WRITABLE),
    Case("a device", nothing, (*MAKE, "/dev/null"), Code.FILE_NOT_WRITABLE),
    Case("no name", nothing, (*MAKE, ""), Code.USAGE),
    Case("a long name", nothing, (*MAKE, "z" * 300), Code.FILE_NOT_WRITABLE),
    Case("an input", nothing, (*MAKE, "private.key"), Code.OPTION_CONFLICT),
]


def update(target: str, *more: str) -> tuple[str, ...]:
    return ("update", "dfu.zip", "--to", target, *more)


TARGETS = [
    *(
        Case(f"target {target[:30]!a}", nothing, update(target, "--trace", "t.jsonl"), code)
        for target, code in {
            "": Code.TARGET_MALFORMED,
            "ble-reference": Code.TARGET_MALFORMED,
            "-": Code.TARGET_MALFORMED,
            "sim:": Code.TARGET_MALFORMED,
            "sim:?speed=1": Code.TARGET_MALFORMED,
            "sim:ble-reference?speed": Code.TARGET_MALFORMED,
            "sim:ble-reference?speed=1&speed=2": Code.TARGET_MALFORMED,
            "sim:ble-reference?speed=0": Code.TARGET_MALFORMED,
            "sim:ble-reference?speed=x": Code.TARGET_MALFORMED,
            "sim:ble-reference?speed=" + "9" * 5000: Code.TARGET_MALFORMED,
            "sim:ble-reference?interval=1": Code.TARGET_MALFORMED,
            "sim:ble-reference?pace=1": Code.TARGET_MALFORMED,
            "sim:nope": Code.TARGET_UNKNOWN_UNIT,
            "sim:\x1b[2J": Code.TARGET_UNKNOWN_UNIT,
            "sim:" + "n" * 9000: Code.TARGET_UNKNOWN_UNIT,
            "sim:ble-reference?key=none.key": Code.FILE_MISSING,
        }.items()
    ),
    *(
        Case(
            target,
            nothing,
            update(target, "--trace", "t.jsonl"),
            Code.PORT_NOT_FOUND,
            ExitCode.LINK,
        )
        for target in ("nrfconn:COM3/AA:BB:CC:DD:EE:FF",)
    ),
    *(
        Case(words[-1], nothing, words, code)
        for words, code in (
            (update("serial:/dev/ttyNOPE?baud=x"), Code.TARGET_MALFORMED),
            (update("hci:usb:0"), Code.TARGET_MALFORMED),
            (update("nrfconn:COM3"), Code.TARGET_MALFORMED),
            (update("nrfconn:COM3/AA:BB:CC:DD:EE:FF?phy=coded"), Code.TARGET_MALFORMED),
            (update("nrfconn:COM3/AA:BB:CC:DD:EE:FF", "--btsnoop", "b"), Code.OPTION_CONFLICT),
            (update("hci:pty/AA:BB:CC:DD:EE:FF"), Code.TARGET_MALFORMED),
            (update("hci:usb:0/AA:BB:CC:DD:EE:FF?phy=coded"), Code.TARGET_MALFORMED),
            (update("serial:/dev/ttyNOPE", "--btsnoop", "b"), Code.OPTION_CONFLICT),
            (update("usb:FL-0009?baud=115200"), Code.TARGET_MALFORMED),
            (update("usb:" + "9" * 127), Code.TARGET_MALFORMED),
            (update("serial:/dev/ttyNOPE?flow=maybe"), Code.TARGET_MALFORMED),
            (update("sim:uart-reference?interval=30"), Code.TARGET_MALFORMED),
            (update("sim:uart-reference", "--expect", ""), Code.USAGE),
            (update("sim:uart-reference", "--expect", "/(/"), Code.USAGE),
            (update("sim:uart-reference", "--expect-baud", "9600"), Code.OPTION_CONFLICT),
            (update(SIM, "--expect", "over a radio"), Code.OPTION_CONFLICT),
            (("dfu", "serial", "-pkg", "dfu.zip"), Code.OPTION_MISSING),
            (("dfu", "serial", "-pkg", "dfu.zip", "-p", ""), Code.OPTION_MISSING),
            (("dfu", "serial", "-pkg", "none.zip", "-p", "COM3"), Code.FILE_MISSING),
            (("dfu", "serial", "-pkg", "dfu.zip", "-p", "COM3", "-b", "0"), RANGE),
        )
    ),
    Case("a target twice", nothing, update(SIM, "--to", SIM), Code.OPTION_CONFLICT),
    *(
        Case(
            f"trace {path[:10]}",
            nothing,
            update(SIM, "--trace", path),
            Code.TRACE_NOT_WRITABLE,
            ExitCode.LINK,
        )
        for path in ("none/t.jsonl", "app.hex/t", ".", "t" * 300)
    ),
    Case("no trace", nothing, update(SIM, "--trace", ""), Code.USAGE),
    Case("an input as the trace", nothing, update(SIM, "--trace", "dfu.zip"), Code.OPTION_CONFLICT),
]


def named(cases: list[Case]) -> list[object]:
    return [pytest.param(case, id=case.name) for case in cases]


@pytest.fixture(autouse=True)
def files(folder: Path) -> None:
    inputs(folder)
    (folder / "dfu.zip").write_bytes(package())


@pytest.mark.parametrize(
    "case", named(IMAGES + PLACES + KEYS + BAD_PACKAGES + FILES + OPTIONS + OUTPUTS + TARGETS)
)
def test_bad_input_is_one_sentence_and_leaves_nothing(
    case: Case, firmline: Program, folder: Path
) -> None:
    is_one_sentence_and_leaves_nothing(case, firmline, folder)


def test_a_controller_that_nobody_serves_is_one_sentence_and_leaves_nothing(
    firmline: Program, folder: Path
) -> None:
    with nobody_listens() as where:
        words = update(f"hci:tcp-client:{where}/AA:BB:CC:DD:EE:FF")
        case = Case("nobody", nothing, words, Code.CONTROLLER_NOT_FOUND, ExitCode.LINK)
        is_one_sentence_and_leaves_nothing(case, firmline, folder)


def is_one_sentence_and_leaves_nothing(case: Case, firmline: Program, folder: Path) -> None:
    case.make(folder)
    before = state(folder)
    ran = firmline(*case.words)
    assert_failed(ran, case.code, case.exit_code)
    assert ran.out == ""
    assert len(ran.err) < 1000 + sum(len(word) for word in case.words)
    left = state(folder)
    if case.code is Code.PORT_NOT_FOUND:
        assert case.code in left.pop("t.jsonl").decode("ascii")  # the evidence of it
    assert left == before


def state(folder: Path) -> dict[str, bytes]:
    """Everything in the folder; of large files the name alone."""
    return {
        name: path.read_bytes() if path.is_file() and path.stat().st_size < 1 << 20 else b""
        for name in files_in(folder)
        if (path := folder / name)
    }


@pytest.mark.parametrize(
    "case",
    named(
        [
            BAD_PACKAGES[0],
            BAD_PACKAGES[1],
            next(case for case in TARGETS if case.code is Code.TARGET_UNKNOWN_UNIT),
            next(case for case in TARGETS if case.code is Code.PORT_NOT_FOUND),
            next(case for case in TARGETS if case.code is Code.TRACE_NOT_WRITABLE),
        ]
    ),
)
def test_bad_input_with_json_ends_with_the_result(
    case: Case, firmline: Program, folder: Path
) -> None:
    case.make(folder)
    ran = firmline(*case.words, "--json")
    assert_failed(ran, case.code, case.exit_code)
    assert len(ran.json_lines) == 1
    assert (ran.result["outcome"], ran.result["code"]) == ("failed", str(case.code))


@pytest.mark.parametrize(
    ("words", "next_thing"),
    [
        (with_options(*VERSIONS[:4], "--application-version-string", "1.2"), "such as 1.2.3."),
        (with_options(*VERSIONS[:4], "--application-version-string", "01.2.3"), "Write 1.2.3,"),
        (replaced("--sd-req", ",".join(str(fwid) for fwid in range(1, 19))), "at most 16 FWIDs"),
        (replaced("--sd-req", "0x103,"), "such as 0x101,0x103"),
        (requiring("0x103", "large.bin"), "Give the firmware image alone"),
        (requiring("0x103", "low.hex"), "not one merged with the SoftDevice"),
        (("pkg", "display", "legacy.zip"), "the tools of its own SDK"),
    ],
)
def test_the_next_thing_to_do_fits_what_was_wrong(
    words: tuple[str, ...], next_thing: str, firmline: Program, folder: Path
) -> None:
    (folder / "large.bin").write_bytes(bytes(1 << 20 | 4))
    (folder / "low.hex").write_bytes(hex_file((0x1000, APPLICATION)))
    (folder / "legacy.zip").write_bytes(changed(manifest=manifest(init_packet_data={})))
    assert next_thing in firmline(*words).err.splitlines()[-1]


@pytest.mark.parametrize("merged", [False, True])
def test_the_hex_files_of_the_evidence_do_not_lie_on_each_other(
    merged: bool, peer: Path, firmline: Program, folder: Path
) -> None:
    softdevice, application = (
        (peer / "in" / name).read_bytes().splitlines(keepends=True)
        for name in ("sd.hex", "file.hex")
    )
    content = [*softdevice[:-1], *application] if merged else application
    (folder / "whole.hex").write_bytes(b"".join(content))
    ran = firmline(*generate("whole.hex"))
    if not merged:
        assert ran.code == 0
        return
    assert_failed(ran, Code.IMAGE_OVERLAPS_SOFTDEVICE)
    assert "new.zip" not in files_in(folder)


def test_a_wrong_password_in_the_environment(
    firmline: Program, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "bad.key").write_bytes(KEY.format_pem(PASSWORD))
    monkeypatch.setenv("FIRMLINE_KEY_PASSWORD", "incorrect horse")
    before = files_in(folder)
    ran = firmline(*SIGN)
    assert_failed(ran, Code.KEY_WRONG_PASSWORD)
    assert "incorrect horse" not in ran.err
    assert files_in(folder) == before


@pytest.mark.parametrize("name", ["samename.zip", "upper.zip"])
def test_the_corrupt_packages_of_nrfutil_are_recognised(
    name: str, peer: Path, firmline: Program, folder: Path
) -> None:
    shutil.copy(peer / "edge" / name, folder)
    ran = firmline("pkg", "display", name)
    assert_failed(ran, Code.PACKAGE_DUPLICATE_NAME)
    assert "nrfutil makes such packages" in ran.err


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("keys/bad.key", Code.KEY_MALFORMED),
        ("keys/public_key.pem", Code.KEY_NOT_PRIVATE),
        ("edge/p384.key", Code.KEY_WRONG_CURVE),
    ],
)
def test_the_keys_that_broke_nrfutil_are_refused(
    name: str, code: Code, peer: Path, firmline: Program, folder: Path
) -> None:
    before = files_in(folder)
    assert_failed(firmline(*generate("app.hex", key=str(peer / name))), code)
    assert files_in(folder) == before


@pytest.mark.parametrize("name", ["pkcs8.key", "withparams.key"])
def test_the_keys_that_nrfutil_takes_are_taken(name: str, peer: Path, firmline: Program) -> None:
    assert firmline(*generate("app.hex", key=str(peer / "edge" / name))).code == 0


def test_a_hex_file_of_the_evidence_that_is_none(peer: Path, firmline: Program) -> None:
    ran = firmline(*generate(str(peer / "in" / "bad.hex")))
    assert_failed(ran, Code.IMAGE_MALFORMED)


# Without permission; these hold for root as well.


@pytest.fixture
def locked(firmline: Program) -> Iterator[Path]:
    """A folder with all inputs that an ordinary user may read but not write to."""
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        inputs(place)
        (place / "dfu.zip").write_bytes(package())
        (place / "secret").write_bytes(HEX)
        (place / "secret").chmod(0)
        # Once with permission: what is imported late is imported here.
        words = ("--application", f"{place}/app.hex", "--key-file", f"{place}/private.key")
        assert firmline(*GENERATE, *words, f"{place}/new.zip").code == 0
        assert firmline("update", f"{place}/new.zip", "--to", "sim:ble-reference").code == 4
        (place / "new.zip").unlink()
        place.chmod(0o555)
        yield place
        place.chmod(0o755)


@pytest.mark.parametrize(
    ("words", "code", "exit_code"),
    [
        ((*GENERATE, "--application", "{}/secret", "{}/new.zip"), Code.FILE_UNREADABLE, 2),
        ((*GENERATE, "--application", "{}/app.hex", "{}/new.zip"), Code.FILE_NOT_WRITABLE, 2),
        (("keys", "generate", "{}/new.key"), Code.FILE_NOT_WRITABLE, 2),
        (("keys", "generate", "--force", "{}/private.key"), Code.FILE_NOT_WRITABLE, 2),
        (("pkg", "display", "{}/secret"), Code.FILE_UNREADABLE, 2),
        (
            ("update", "{}/dfu.zip", "--to", "sim:ble-reference", "--trace", "{}/t"),
            Code.TRACE_NOT_WRITABLE,
            3,
        ),
    ],
)
def test_what_is_not_permitted_is_told(
    words: tuple[str, ...], code: Code, exit_code: int, locked: Path, firmline: Program
) -> None:
    before = files_in(locked)
    with as_ordinary_user():
        ran = firmline(*(word.format(locked) for word in words))
    assert_failed(ran, code, ExitCode(exit_code))
    assert "permission denied" in ran.err
    assert files_in(locked) == before


# Names that a terminal would obey, or cannot show.

STRANGE = [b"a\x1b[31mb", b"a\nerror: b", b"\xff\xfe", b"\xc2\x9b2J", b"\xe2\x80\xaegpj"]


@pytest.mark.parametrize("name", STRANGE)
def test_a_strange_name_of_a_missing_file_is_shown_harmless(name: bytes, firmline: Program) -> None:
    text = os.fsdecode(name)
    for words in (
        ("pkg", "display", text),
        generate(text),
        generate("app.hex", key=text),
        (*MAKE, f"{text}/new.zip"),
        (text,),
        ("pkg", "display", "dfu.zip", f"--{text}"),
        update(f"sim:{text}"),
        update(f"sim:ble-reference?key={text}"),
        update(SIM, "--trace", f"{text}/t"),
    ):
        ran = firmline(*words)
        assert ran.code in (ExitCode.INPUT, ExitCode.LINK)
        lines = ran.err.splitlines()
        assert [line[:7] for line in lines] == ["error: ", "  next:"]
        assert "".join(lines).isprintable()


@pytest.mark.slow
def test_a_strange_name_works_and_is_shown_harmless(folder: Path) -> None:
    """As whole processes: only there standard output is as strict as a user's."""
    name = b"".join(STRANGE)
    shutil.copy(folder / "app.hex", folder / os.fsdecode(name))
    zip_name = name + b".zip"
    out = ""
    for words in (
        (*GENERATE, "--application", name, "--key-file", "private.key", zip_name),
        ("pkg", "display", zip_name),
        ("pkg", "display", zip_name, "--json"),
        ("update", zip_name, "--to", SIM),
        ("update", zip_name, "--to", SIM, "--json", "--trace", name + b".jsonl"),
        ("keys", "generate", name + b".key"),
    ):
        ran = run_process(*words, cwd=folder)
        assert (ran.code, ran.err) == (0, "")
        out += ran.out
    lines = out.splitlines()
    assert "".join(lines).isprintable()
    told = [json.loads(line) for line in lines if line.startswith("{")]
    assert json.dumps(told, ensure_ascii=False).encode(), "programs in other languages read it"
    names = {line["package"] for line in told if "package" in line}
    assert names == {printable(os.fsdecode(zip_name))}


def test_a_package_may_have_the_longest_name_there_is(firmline: Program, folder: Path) -> None:
    name = "n" * 251 + ".zip"
    assert firmline(*MAKE, name).code == 0
    assert firmline("update", name, "--to", SIM, "--json").result["outcome"] == "updated"
    assert name in files_in(folder)


def test_a_dash_and_an_option_are_names_where_a_folder_stands_before_them(
    firmline: Program, folder: Path
) -> None:
    assert firmline(*MAKE, "./-").code == 0
    assert (folder / "-").read_bytes() == package(image(APPLICATION))
    assert firmline("pkg", "display", "./-").code == 0
    assert firmline("update", "./-", "--to", SIM, "--trace", "./--json").code == 0
    assert (folder / "--json").stat().st_size > 1000


def test_an_option_is_not_swallowed_as_the_name_of_a_file(firmline: Program, folder: Path) -> None:
    before = files_in(folder)
    ran = firmline("update", "dfu.zip", "--to", SIM, "--trace", "--json")
    assert_failed(ran, Code.USAGE)
    assert "--trace has to name a file, and --json is an option of this command." in ran.err
    assert files_in(folder) == before
