"""Images for MCUboot: what imgtool writes is read, field by field; flipped bits are found."""

from __future__ import annotations

import hashlib
import json
import random
import struct
from typing import Any

import pytest

from firmline.errors import Code, InputError
from firmline.formats.mcuboot.header import Flags
from firmline.formats.mcuboot.image import Integrity, McubootImage, decode_image
from firmline.formats.mcuboot.keys import ImageKey, Trust, known_image_key
from firmline.formats.mcuboot.package import is_for_mcuboot, read_image, read_mcuboot
from firmline.formats.mcuboot.tlv import TlvType
from firmline.formats.mcuboot.version import ImageVersion
from firmline.formats.package import read_package
from unit.formats.makers import hex_file, refuses, zip_file
from unit.formats.mcuboot_maker import (
    KINDS,
    PROGRAM,
    SLOT,
    listed,
    package,
    private_pem,
    sign,
    two_images,
)

VERSION = ImageVersion(major=1, minor=2, revision=3, build=4)
UUID = "12345678-1234-5678-1234-567812345678"
OPTIONS: dict[str, tuple[str, ...]] = {
    "plain": (),
    "counter": ("-s", "7"),
    "counter from the version": ("-s", "auto"),
    "dependencies": ("-d", "(1, 2.0.1+5),(2, 0.9.0)"),
    "own TLVs": ("--custom-tlv", "0xa0", "0x0102", "--custom-tlv", "0x1a7", "text"),
    "boot record": ("--boot-record", "APP"),
    "identity": ("--vid", UUID, "--cid", "camera"),
    "full key": ("--public-key-format", "full"),
    "padded": ("--pad",),
    "confirmed": ("--confirm",),
    "to be tested": ("--test",),
    "large alignment": ("--confirm", "--max-align", "32"),
    "overwrite only": ("--pad", "--overwrite-only"),
    "erased as zeros": ("--pad", "-R", "0"),
    "for RAM": ("-L", "0x20001000"),
    "for one place": ("-F", "0x10000"),
    "not bootable": ("--non-bootable",),
    "compressed": ("--compression", "lzma2armthumb"),
    "big-endian": ("-e", "big", "-s", "7", "-d", "(1, 2.0.1+5)", "--custom-tlv", "0xa0", "0x01"),
    "larger header": ("-H", "0x800"),
    "padded signature": ("--pad-sig",),
    "in the clear": ("-E", "key:ecdsa-p256", "--clear"),
}


def key_of(kind: str, name: str = "ours") -> ImageKey:
    return ImageKey.parse_pem(private_pem(kind, name), name="key.pem")


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_what_imgtool_makes_is_read_and_its_hash_and_signature_hold(
    options: tuple[str, ...],
) -> None:
    image = decode_image(sign(*options), name="f")
    assert image.header.version == VERSION
    assert image.integrity is Integrity.HOLDS
    assert key_of("ecdsa-p256").judge(image) is Trust.HOLDS
    assert not image.rogue
    assert image.stray == 0
    assert not image.is_encrypted


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_key_verifies_its_own_and_no_other(kind: str) -> None:
    image = decode_image(sign(key=kind), name="f")
    assert key_of(kind).judge(image) is Trust.HOLDS
    assert key_of(kind, "other").judge(image) is Trust.OTHER_KEY
    others = [key_of(other).judge(image) for other in KINDS if other != kind]
    assert set(others) == {Trust.OTHER_KEY}


@pytest.mark.parametrize(
    ("options", "key", "hashed"),
    [
        (("--sha", "512"), "ed25519", TlvType.SHA512),
        (("--sha", "384"), None, TlvType.SHA384),
        (("--sha", "512"), None, TlvType.SHA512),
        ((), "ecdsa-p384", TlvType.SHA384),
        (("--pure",), "ed25519", TlvType.SHA512),
    ],
)
def test_hashes_of_other_lengths_are_checked(
    options: tuple[str, ...], key: str | None, hashed: TlvType
) -> None:
    image = decode_image(sign(*options, key=key), name="f")
    assert [kind for kind, _ in image.hashes] == [hashed]
    assert image.integrity is Integrity.HOLDS
    assert image.is_pure is ("--pure" in options)
    if key is not None:
        assert key_of(key).judge(image) is Trust.HOLDS
    else:
        assert key_of("ed25519").judge(image) is Trust.UNSIGNED


@pytest.mark.parametrize("kind", ["ecdsa-p256", "x25519", "rsa-2048"])
@pytest.mark.parametrize("length", ["128", "256"])
def test_of_an_encrypted_image_the_signature_is_checked_and_the_hash_cannot_be(
    kind: str, length: str
) -> None:
    signer = "ed25519" if kind == "x25519" else kind
    data = sign("-E", f"key:{kind}", "--encrypt-keylen", length, key=signer)
    image = decode_image(data, name="f")
    assert image.is_encrypted
    assert image.encryption not in (None, "not said")
    assert image.integrity is Integrity.UNKNOWN
    assert key_of(signer).judge(image) is Trust.HOLDS
    assert PROGRAM[:64] not in data


def test_fields_are_those_that_imgtool_was_told() -> None:
    image = decode_image(sign(*OPTIONS["counter"], *OPTIONS["dependencies"]), name="f")
    assert image.security_counter == 7
    assert [(each.image, str(each.version)) for each in image.dependencies] == [
        (1, "2.0.1+5"),
        (2, "0.9.0+0"),
    ]
    assert decode_image(sign(*OPTIONS["big-endian"]), name="f").security_counter == 7
    own = decode_image(sign(*OPTIONS["own TLVs"]), name="f")
    assert [(tlv.kind, tlv.value) for tlv in own.protected] == [(0xA0, b"\1\2"), (0x1A7, b"text")]
    at = decode_image(sign(*OPTIONS["for one place"]), name="f").header
    assert (at.flags, at.load_address) == (Flags.ROM_FIXED, 0x10000)


@pytest.mark.parametrize("method", ["lzma2", "lzma2armthumb"])
@pytest.mark.parametrize("options", [(), ("-E", "key:ecdsa-p256")])
def test_a_compressed_image_says_how_large_it_becomes(
    method: str, options: tuple[str, ...]
) -> None:
    program = b"firmware" * 2000
    image = decode_image(sign("--compression", method, *options, program=program), name="f")
    assert image.is_compressed
    assert image.unpacked_size == len(program)
    assert image.size < len(program)
    assert image.is_encrypted is bool(options)
    assert key_of("ecdsa-p256").judge(image) is Trust.HOLDS
    # Random bytes do not become smaller, and imgtool leaves such a program as it is.
    assert not decode_image(sign("--compression", method), name="f").is_compressed


@pytest.mark.parametrize(
    ("name", "confirmed", "alignment"),
    [("padded", False, 8), ("confirmed", True, 8), ("to be tested", False, 8),
     ("large alignment", True, 32), ("overwrite only", False, 8), ("erased as zeros", False, 8)],
)  # fmt: skip
def test_a_padded_image_says_whether_it_is_confirmed(
    name: str, confirmed: bool, alignment: int
) -> None:
    image = decode_image(sign(*OPTIONS[name]), name="f")
    assert image.trailer is not None
    assert (image.trailer.is_confirmed, image.trailer.alignment) == (confirmed, alignment)
    assert image.file_size == SLOT
    assert decode_image(sign(), name="f").trailer is None


@pytest.mark.parametrize("options", [(), ("--confirm",)])
def test_a_signed_hex_file_is_the_same_image_at_its_place(options: tuple[str, ...]) -> None:
    text = sign(*options, "-x", "0xC000", suffix="hex")
    image = read_image(text, name="zephyr.signed.hex")
    assert image.address == 0xC000
    assert image.integrity is Integrity.HOLDS
    assert (image.trailer is not None) is bool(options)
    assert image.hashed == decode_image(sign(*options), name="f").hashed


def test_the_image_of_a_merged_hex_file_is_found_behind_the_bootloader() -> None:
    bootloader = bytes(0x200) + struct.pack("<I", 0x96F3B83D) + b"\1" * 60
    merged = hex_file((0, bootloader), (0xC000, sign()))
    assert read_image(merged, name="merged.hex").address == 0xC000
    twice = hex_file((0xC000, sign()), (0x20000, sign()))
    with refuses(Code.MCUBOOT_IMAGE_MALFORMED, "two images for MCUboot, at 0xC000 and 0x20000"):
        read_image(twice, name="merged.hex")
    with refuses(Code.MCUBOOT_IMAGE_MALFORMED, "holds no image for MCUboot"):
        read_image(hex_file((0, bootloader)), name="merged.hex")


def _finds_nothing(data: bytes, key: ImageKey) -> bool:
    """Whether an image counts as good in every respect."""
    try:
        image: McubootImage = decode_image(data, name="f")
    except InputError:
        return False
    told = image.rogue or image.stray or not image.key_hashes
    return image.integrity is Integrity.HOLDS and key.judge(image) is Trust.HOLDS and not told


@pytest.mark.parametrize("kind", ["ecdsa-p256", "rsa-2048", "ed25519"])
def test_every_flipped_bit_is_found(kind: str) -> None:
    good = sign("-s", "7", "-d", "(1, 2.0.1)", key=kind)
    key = key_of(kind)
    assert _finds_nothing(good, key)
    image = decode_image(good, name="f")
    behind = range(len(image.hashed) * 8, len(good) * 8)
    rng = random.Random(kind)
    bits = [*range(32 * 8), *rng.sample(range(len(image.hashed) * 8), 300)]
    for bit in [*bits, *rng.sample(behind, min(len(behind), 600))]:
        changed = bytearray(good)
        changed[bit // 8] ^= 1 << bit % 8
        assert not _finds_nothing(bytes(changed), key), bit


@pytest.mark.parametrize("size", [4, 31, 32, 600, 6511, 6512, 6514, 6516, 6600])
def test_a_truncated_image_is_refused(size: int) -> None:
    data = sign()
    assert size < len(data)
    with pytest.raises(InputError) as caught:
        decode_image(data[:size], name="f")
    expected = {Code.MCUBOOT_IMAGE_TRUNCATED, Code.MCUBOOT_IMAGE_MALFORMED}
    assert caught.value.code in expected


def test_a_tlv_that_is_too_long_and_an_area_that_is_are_refused() -> None:
    data = bytearray(sign())
    at = 0x200 + len(PROGRAM)
    data[at + 6 : at + 8] = b"\xff\xff"
    with refuses(Code.MCUBOOT_IMAGE_MALFORMED, "too long"):
        decode_image(bytes(data), name="f")
    data[at + 2 : at + 4] = b"\xff\xff"
    with refuses(Code.MCUBOOT_IMAGE_TRUNCATED, "its TLVs end at"):
        decode_image(bytes(data), name="f")


def test_wrong_magics_are_told() -> None:
    with refuses(Code.MCUBOOT_IMAGE_MALFORMED, "begins with 00000000"):
        decode_image(bytes(64), name="f")
    with refuses(Code.MCUBOOT_IMAGE_MALFORMED, "before MCUboot 1.0"):
        decode_image(bytes.fromhex("3cb8f396") + bytes(64), name="f")
    with refuses(Code.MCUBOOT_IMAGE_MALFORMED, "to be signed elsewhere"):
        decode_image(sign()[: 0x200 + len(PROGRAM)], name="f")
    with refuses(Code.FILE_TOO_LARGE, "more than any slot"):
        decode_image(sign() + bytes(16 * 2**20), name="f")


def test_an_image_that_was_changed_is_no_package() -> None:
    data = bytearray(sign())
    data[0x300] ^= 1
    with refuses(Code.MCUBOOT_IMAGE_CHANGED, "is not as it was made: its SHA256"):
        read_mcuboot(bytes(data), name="f")


def test_a_signature_of_somebody_else_with_our_key_hash_is_wrong() -> None:
    data, other = bytearray(sign("-s", "7")), sign("-s", "8")
    ours = decode_image(bytes(data), name="f").signatures[0][1]
    theirs = decode_image(other, name="f").signatures[0][1]
    if len(ours) != len(theirs):
        theirs = bytes(len(ours))
    resigned = bytes(data).replace(ours, theirs)
    assert key_of("ecdsa-p256").judge(decode_image(resigned, name="f")) is Trust.WRONG


def test_development_keys_are_known_by_their_hash() -> None:
    data = sign()
    digest = key_of("ecdsa-p256").hash()
    known = bytes.fromhex("e30466f6b8470c1f29070b17f1e2d3e94d445e3f608087fdc711e4382bb538b6")
    found = known_image_key(decode_image(data.replace(digest, known), name="f"))
    assert found is not None
    assert "root-ec-p256" in found.name
    assert known_image_key(decode_image(data, name="f")) is None


def test_a_package_for_two_cores_is_read() -> None:
    read = read_mcuboot(two_images(), name="dfu_application.zip")
    assert read.manifest is not None
    assert read.manifest.format_version == 1
    assert [(file.number, str(image.header.version)) for file, image in read.images] == [
        (0, "1.2.3+4"),
        (1, "7.0.0+0"),
    ]


@pytest.mark.parametrize(
    ("more", "index"),
    [
        ({"format-version": 0}, "0"),
        ({"format-version": 0}, 1),
        ({"name": None}, "1"),
    ],
)
def test_older_manifests_are_read(more: dict[str, Any], index: object) -> None:
    data = sign()
    row = listed("app_update.bin", data, image_index=index, load_address="0xC000")
    read = read_mcuboot(package((row, data), **more), name="f")
    assert read.files[0].number == int(str(index))
    assert read.files[0].listed is not None
    assert read.files[0].listed.load_address == 0xC000


def test_builds_for_both_slots_are_no_clash() -> None:
    first, second = sign(), sign("-F", "0x80000")
    rows = []
    for slot, data in enumerate([first, second]):
        row = {"slot": str(slot), "version_MCUBOOT+XIP": "1.2.3+4", "version_MCUBOOT": None}
        row |= {"slot_index_primary": None, "slot_index_secondary": None}
        rows.append((listed(f"app{slot}.bin", data, **row), data))
    read = read_mcuboot(package(*rows), name="f")
    assert [file.listed.is_xip for file in read.files if file.listed] == [True, True]


APP = sign()
BAD: dict[str, tuple[bytes, Code, str]] = {
    "two in one slot": (
        package((listed("a.bin", APP), APP), (listed("b.bin", APP), APP)),
        Code.MCUBOOT_SLOT_TWICE,
        "'a.bin' and 'b.bin'",
    ),
    "not there": (
        zip_file(("manifest.json", json.dumps({"files": [listed("a.bin", APP)]}).encode())),
        Code.PACKAGE_ENTRY_MISSING,
        "'a.bin', which is not in the package",
    ),
    "another size": (
        package((listed("a.bin", APP, size=5), APP)),
        Code.MCUBOOT_MANIFEST_DISAGREES,
        "instead of 5",
    ),
    "another version": (
        package((listed("a.bin", APP, version_MCUBOOT="1.2.4+4"), APP)),
        Code.MCUBOOT_MANIFEST_DISAGREES,
        "version 1.2.3+4 instead of 1.2.4+4",
    ),
    "no image": (
        package((listed("a.bin", b"SUIT", version_MCUBOOT=None, type="suit-envelope"), b"SUIT")),
        Code.MCUBOOT_NO_IMAGE,
        "suit-envelope",
    ),
    "a later format": (
        package((listed("a.bin", APP), APP), **{"format-version": 2}),
        Code.MCUBOOT_MANIFEST_MALFORMED,
        "format version 2",
    ),
    "a path": (
        package((listed("../a.bin", APP), APP)),
        Code.PACKAGE_UNSAFE_NAME,
        "not a plain file name",
    ),
    "a number that is none": (
        package((listed("a.bin", APP, image_index="x"), APP)),
        Code.MCUBOOT_MANIFEST_MALFORMED,
        '"image_index" that is no number',
    ),
    "too many": (
        package(*[(listed(f"{n}.bin", b"", image_index=n), b"") for n in range(17)]),
        Code.MCUBOOT_MANIFEST_MALFORMED,
        "lists 17 files",
    ),
    "a bomb": (
        package((listed("a.bin", bytes(5 * 2**20)), bytes(5 * 2**20))),
        Code.PACKAGE_TOO_LARGE,
        "has an entry of",
    ),
}


@pytest.mark.parametrize(("content", "code", "words"), BAD.values(), ids=BAD)
def test_a_bad_package_is_refused_in_one_sentence(content: bytes, code: Code, words: str) -> None:
    with refuses(code, words):
        read_mcuboot(content, name="p.zip")


def test_each_family_is_told_from_the_other() -> None:
    assert is_for_mcuboot(APP, name="f")
    assert is_for_mcuboot(two_images(), name="f")
    assert not is_for_mcuboot(zip_file(("manifest.json", b'{"manifest": {}}')), name="f")
    assert not is_for_mcuboot(b"Some text", name="f")
    assert not is_for_mcuboot(hex_file((0, bytes(64))), name="f")
    assert is_for_mcuboot(hex_file((0xC000, APP)), name="f")
    for content in (APP, two_images(), hex_file((0xC000, APP))):
        with refuses(Code.PACKAGE_FOR_MCUBOOT, "p.zip: this is an MCUboot package: "):
            read_package(content, name="p.zip")


@pytest.mark.parametrize("kind", KINDS)
def test_a_key_names_itself_as_imgtool_does(kind: str) -> None:
    image = decode_image(sign(key=kind), name="f")
    hashed = TlvType.SHA384 if kind == "ecdsa-p384" else TlvType.SHA256
    assert image.key_hashes == (key_of(kind).hash(hashed),)
    assert image.hashes[0][1] == hashlib.new(
        hashed.name.lower(), image.hashed
    ).digest()  # fmt: skip


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", Code.FILE_EMPTY),
        (b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", Code.KEY_MALFORMED),
        (b"x" * 70_000, Code.FILE_TOO_LARGE),
    ],
)
def test_a_bad_key_is_refused(content: bytes, code: Code) -> None:
    with refuses(code, "k.pem"):
        ImageKey.parse_pem(content, name="k.pem")
    with refuses(Code.KEY_WRONG_CURVE, "MCUboot verifies nothing with"):
        ImageKey.parse_pem(private_pem("x25519"), name="k.pem")


@pytest.mark.parametrize("text", ["1", "1.2", "1.2.3", "255.255.65535+4294967295"])
def test_versions_are_read(text: str) -> None:
    version = ImageVersion.parse(text)
    assert version is not None
    assert ImageVersion.parse(str(version)) == version


@pytest.mark.parametrize("text", ["", "v1", "256", "1.2.65536", "1.2.3.4", "1.2.3+4294967296"])
def test_what_is_no_version_is_none(text: str) -> None:
    assert ImageVersion.parse(text) is None
