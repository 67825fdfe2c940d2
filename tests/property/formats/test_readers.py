"""Whatever bytes a reader gets, it returns a value or raises an InputError; nothing else."""

from __future__ import annotations

import struct
from collections.abc import Callable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from firmline.errors import InputError
from firmline.formats.elf import parse_elf
from firmline.formats.firmware import parse_firmware
from firmline.formats.init_packet import (
    FwType,
    InitCommand,
    decode_init_packet,
    encode_init_command,
    encode_init_packet,
    hash_firmware,
)
from firmline.formats.keys import PublicKey, SigningKey
from firmline.formats.manifest import parse_manifest
from firmline.formats.package import Package, PackageImage, read_package, write_package
from firmline.formats.package_zip import read_entries, write_entries
from firmline.formats.probes import ProbeCatalogue
from firmline.formats.probes_pack import read_probe_pack, sign_probe_pack, write_probe_pack
from firmline.formats.probes_versions import VersionLimits
from firmline.formats.records import parse_intel_hex, parse_srec
from firmline.formats.settings_file import read_settings_file
from firmline.formats.settings_page import SettingsPage, encode_settings_page, seal_settings_page
from firmline.formats.softdevice import parse_softdevice_info, softdevice_in_image
from firmline.values import Fwid, ImageKind
from unit.formats.makers import elf_file, hex_file, softdevice_image, zip_file

pytestmark = pytest.mark.slow

KEY = SigningKey.generate()
COMMAND = encode_init_command(
    InitCommand(kind=FwType.APPLICATION, app_size=4, hash=hash_firmware(b"appl"), sd_req=(0x101,))
)
PACKET = encode_init_packet(COMMAND, KEY.sign(COMMAND))
PACKAGE = write_package(
    Package(
        images=(
            PackageImage(
                kind=ImageKind.APPLICATION,
                firmware=b"appl",
                init_packet=decode_init_packet(PACKET),
                bin_name="a.bin",
                dat_name="a.dat",
            ),
        )
    )
)
PROBE_PACK = write_probe_pack(
    sign_probe_pack(
        ProbeCatalogue(
            hw_versions=(52,),
            softdevices=(Fwid(0xB7), Fwid(0x101)),
            app_limits=VersionLimits(runs=((0, 3),)),
            bootloader_limits=VersionLimits(runs=((1, 1),)),
        ),
        KEY,
    )
)
PROBE_FILES = read_entries(PROBE_PACK, name="p")
PAGE = encode_settings_page(seal_settings_page(SettingsPage()))
HEX = hex_file((0x1000, b"\x01" * 40), (0x7F000, PAGE))
SREC = b"S0030000FC\nS107200001020304CE\nS9030000FC\n"
ELF = elf_file([(0x26000, b"T" * 32), (0x26040, b"D" * 8)])

Reader = Callable[[bytes], object]
READERS: dict[str, tuple[Reader, list[bytes]]] = {
    "firmware, any name": (
        lambda content: parse_firmware(content, name="f", kind=ImageKind.SOFTDEVICE),
        [HEX, SREC, ELF, b"\x00\x01\x02"],
    ),
    "firmware, .hex": (
        lambda content: parse_firmware(content, name="f.HEX", kind=ImageKind.APPLICATION),
        [HEX],
    ),
    "intel hex": (lambda content: parse_intel_hex(content, name="f"), [HEX]),
    "s-records": (lambda content: parse_srec(content, name="f"), [SREC]),
    "elf": (lambda content: parse_elf(content, name="f"), [ELF]),
    "init packet": (decode_init_packet, [PACKET]),
    "manifest": (
        lambda content: parse_manifest(content, name="f"),
        [b'{"manifest": {"application": {"bin_file": "a", "dat_file": "b"}}}'],
    ),
    "zip": (
        lambda content: read_entries(content, name="f"),
        [PACKAGE, zip_file(("a", b"1" * 99), ("b", b"2"), deflated=True)],
    ),
    "package": (lambda content: read_package(content, name="f"), [PACKAGE]),
    "probe pack": (lambda content: read_probe_pack(content, name="f"), [PROBE_PACK]),
    "probe pack, its manifest": (
        lambda content: read_probe_pack(
            write_entries({**PROBE_FILES, "probes.json": content}), name="f"
        ),
        [PROBE_FILES["probes.json"]],
    ),
    "probe pack, its probes": (
        lambda content: read_probe_pack(
            write_entries({**PROBE_FILES, "probes.bin": content}), name="f"
        ),
        [PROBE_FILES["probes.bin"]],
    ),
    "settings": (lambda content: read_settings_file(content, name="f.bin"), [PAGE, HEX]),
    "private key": (
        lambda content: SigningKey.parse_pem(content, name="f", password=b"x"),
        [KEY.format_pem()],
    ),
    "public key": (
        lambda content: PublicKey.parse_pem(content, name="f"),
        [KEY.public_key.format_pem()],
    ),
    "public key, bytes": (PublicKey.from_le_bytes, [KEY.public_key.le_bytes]),
    "softdevice": (softdevice_in_image, [softdevice_image().data]),
    "softdevice, bare": (parse_softdevice_info, [softdevice_image().data[0x2000:]]),
}
READER_CASES = pytest.mark.parametrize("case", READERS)


@st.composite
def damaged(draw: st.DrawFn, originals: list[bytes]) -> bytes:
    """A good file with a few things done to it that happen to files, or that attackers do."""
    content = bytearray(draw(st.sampled_from(originals)))
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, max(len(content) - 1, 0)))
        match draw(st.sampled_from(["byte", "number", "cut", "insert", "repeat"])):
            case "byte":
                content[at : at + 1] = bytes([draw(st.integers(0, 255))])
            case "number":
                value = draw(st.sampled_from([0, 1, 0xFFFF, 0x7FFF_FFFF, 0xFFFF_FFFF]))
                content[at : at + 4] = struct.pack("<I", value)
            case "cut":
                del content[at : at + draw(st.integers(1, 64))]
            case "insert":
                content[at:at] = draw(st.binary(max_size=8))
            case _:
                content[at:at] = content[at : at + draw(st.integers(1, 64))]
    return bytes(content)


@READER_CASES
@settings(max_examples=60)
@given(content=st.binary(max_size=600))
@example(content=b"")
@example(content=b":")
@example(content=b"S")
@example(content=b"\x7fELF")
@example(content=b"PK\x05\x06")
@example(content=b"PK\x03\x04")
@example(content=b"-----BEGIN PRIVATE KEY-----")
@example(content=b"-----BEGIN EC PRIVATE KEY-----\n-----END EC PRIVATE KEY-----")
def test_arbitrary_bytes(case: str, content: bytes) -> None:
    check(case, content)


@READER_CASES
@settings(max_examples=60)
@given(data=st.data())
def test_damaged_files(case: str, data: st.DataObject) -> None:
    check(case, data.draw(damaged(READERS[case][1])))


@READER_CASES
def test_the_undamaged_files_are_good(case: str) -> None:
    # Otherwise the test above would look at files that never get past the first check.
    reader, originals = READERS[case]
    for content in originals:
        assert reader(content) is not None


def refusal(reader: Reader, content: bytes) -> InputError | None:
    """Why a reader refuses a file; None if it does not. Any other exception fails the test."""
    try:
        reader(content)
    except InputError as error:
        return error
    return None


def check(case: str, content: bytes) -> None:
    error = refusal(READERS[case][0], content)
    # A message is one printable sentence whatever the file holds: it goes to a terminal.
    assert error is None or (error.message.endswith(".") and error.message.isprintable())


@settings(max_examples=100)
@given(lines=st.lists(st.text("0123456789abcdefABCDEF:S ", max_size=44), max_size=6))
def test_lines_that_look_like_records(lines: list[str]) -> None:
    content = "\n".join(lines).encode()
    check("intel hex", content)
    check("s-records", content)


@settings(max_examples=100)
@given(data=st.data())
def test_a_package_that_is_read_has_the_image_its_packet_speaks_of(data: st.DataObject) -> None:
    try:
        package = read_package(data.draw(damaged([PACKAGE])), name="f")
    except InputError:
        return
    for image in package.images:
        command = image.init_packet.command
        assert len(image.firmware) == command.firmware_size
        assert hash_firmware(image.firmware) == command.hash
