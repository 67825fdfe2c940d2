"""What is written reads back as it was, and is the same bytes when it is written again."""

from __future__ import annotations

import string
from itertools import pairwise

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from firmline.formats.firmware import FirmwareImage, parse_firmware
from firmline.formats.init_packet import (
    BootValidation,
    BootValidationType,
    FwType,
    HashType,
    InitCommand,
    decode_init_packet,
    encode_init_command,
    encode_init_packet,
)
from firmline.formats.keys import PublicKey, SigningKey
from firmline.formats.package import read_package, write_package
from firmline.formats.package_build import PackageSpec, build_package
from firmline.formats.records import format_intel_hex, parse_intel_hex
from firmline.formats.settings_page import (
    Bank,
    PageValidation,
    PageValidations,
    Progress,
    SettingsPage,
    decode_settings_page,
    encode_settings_page,
    seal_settings_page,
)
from firmline.formats.softdevice import build_softdevice_info, parse_softdevice_info
from firmline.formats.spans import flatten_spans, join_spans, read_spans
from firmline.values import Fwid, FwVersion, ImageKind

KEY = SigningKey.generate()
U32 = st.integers(0, 0xFFFF_FFFF)
PIECES = st.lists(
    st.tuples(st.integers(0x1000, 0x21000), st.binary(min_size=1, max_size=40)), min_size=1
)
VALIDATIONS = st.lists(
    st.builds(
        BootValidation, type=st.sampled_from(BootValidationType), data=st.binary(max_size=64)
    ),
    max_size=3,
).map(tuple)
COMMANDS = st.builds(
    InitCommand,
    kind=st.sampled_from(FwType),
    fw_version=st.none() | st.builds(FwVersion, U32),
    hw_version=st.none() | U32,
    sd_req=st.lists(U32, max_size=16).map(tuple),
    sd_size=U32,
    bl_size=U32,
    app_size=U32,
    hash_type=st.just(HashType.SHA256),
    hash=st.binary(min_size=32, max_size=32),
    is_debug=st.booleans(),
    boot_validations=VALIDATIONS,
)
BANKS = st.builds(Bank, size=U32, crc=U32, code=U32)
ENTRIES = st.builds(
    PageValidation, type=st.integers(0, 255), data=st.binary(min_size=64, max_size=64)
)
BLOCKS = st.builds(
    PageValidations,
    crc=U32,
    softdevice=ENTRIES,
    application=ENTRIES,
    bootloader=ENTRIES,
    padding=st.integers(0, 255),
)


def separate(pieces: list[tuple[int, bytes]]) -> list[tuple[int, bytes]]:
    """Those pieces that do not overlap an earlier one in the list."""
    kept: list[tuple[int, bytes]] = []
    for at, data in pieces:
        if all(at + len(data) <= low or at >= low + len(other) for low, other in kept):
            kept.append((at, data))
    return kept


@given(PIECES.map(separate), st.randoms(use_true_random=False))
def test_joined_memory_does_not_depend_on_the_order(
    pieces: list[tuple[int, bytes]], random: object
) -> None:
    shuffled = list(pieces)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    spans = join_spans(shuffled, name="f")
    assert spans == join_spans(pieces, name="f")
    for low, high in pairwise(spans):
        assert low.end < high.address
    for at, data in pieces:
        assert read_spans(spans, at, len(data)) == data
    assert read_spans(spans, spans[0].address, spans[-1].end - spans[0].address) == flatten_spans(
        spans
    )


@given(PIECES.map(separate))
def test_intel_hex(pieces: list[tuple[int, bytes]]) -> None:
    spans = join_spans(pieces, name="f")
    text = format_intel_hex(spans)
    assert parse_intel_hex(text.encode(), name="f") == spans
    assert parse_intel_hex(text.replace("\n", "\r\n").lower().encode(), name="f") == spans


@given(PIECES.map(separate))
def test_an_image_holds_every_byte_at_its_place(pieces: list[tuple[int, bytes]]) -> None:
    text = format_intel_hex(join_spans(pieces, name="f"))
    image = parse_firmware(text.encode(), name="f.hex", kind=ImageKind.APPLICATION)
    assert image.address == min(at for at, _ in pieces)
    assert len(image.data) % 4 == 0
    for at, data in pieces:
        start = at - image.address
        assert image.data[start : start + len(data)] == data
    holes = len(image.data) - sum(len(data) for _, data in pieces)
    assert image.data.count(0xFF) >= holes


@given(COMMANDS, st.none() | st.binary(min_size=64, max_size=64))
def test_init_packets(command: InitCommand, signature: bytes | None) -> None:
    encoded = encode_init_command(command)
    content = encode_init_packet(encoded, signature)
    packet = decode_init_packet(content)
    assert packet.command == command
    assert packet.signed_bytes == encoded
    assert packet.signature == signature
    assert packet.encoded == content


@settings(max_examples=50)
@given(st.binary(max_size=100))
def test_signatures(data: bytes) -> None:
    signature = KEY.sign(data)
    assert signature == KEY.sign(data)
    public = PublicKey.from_le_bytes(KEY.public_key.le_bytes)
    assert public.verify(data, signature)
    assert not public.verify(data + b"\x00", signature)


@given(
    st.builds(
        SettingsPage,
        crc=U32,
        version=st.just(2),
        app_version=U32,
        bootloader_version=U32,
        bank_0=BANKS,
        bank_1=BANKS,
        write_offset=U32,
        sd_size=U32,
        progress=st.builds(Progress, command_size=U32, firmware_image_offset_last=U32),
        enter_buttonless_dfu=U32,
        init_command=st.binary(min_size=512, max_size=512),
        validations=BLOCKS,
        peer_data=st.binary(min_size=64, max_size=64),
        adv_name=st.binary(min_size=28, max_size=28),
    )
)
def test_settings_pages(page: SettingsPage) -> None:
    assert decode_settings_page(encode_settings_page(page)) == page
    sealed = seal_settings_page(page)
    assert sealed.validation_crc_ok
    assert sealed.crc_ok or sealed.crc == 0xFFFF_FFFF
    assert seal_settings_page(sealed) == sealed


@given(st.binary(min_size=896, max_size=896), st.sampled_from([1, 2]))
def test_any_flash_decodes_and_comes_back_bit_for_bit(flash: bytes, layout: int) -> None:
    encoded = encode_settings_page(decode_settings_page(flash, layout=layout))
    assert encoded == flash[: len(encoded)]
    assert len(encoded) == (896 if layout == 2 else 440)


@given(U32, st.integers(0, 0xFFFF), U32, st.integers(0, 0xFFFF_FFFF))
def test_softdevice_information(size_word: int, fwid: int, family: int, version: int) -> None:
    encoded = build_softdevice_info(
        size_word=size_word, fwid=Fwid(fwid), family=family, version=version
    )
    info = parse_softdevice_info(encoded)
    assert info is not None
    assert (info.size_word, info.fwid) == (size_word, fwid)
    assert (info.family, info.version) == (family, version)


NAMES = st.text(string.ascii_letters + "._-/\\: ä\x07", min_size=0, max_size=20)


def images_at(address: int) -> st.SearchStrategy[FirmwareImage]:
    return st.builds(
        FirmwareImage,
        data=st.binary(min_size=4, max_size=64).map(lambda data: data[: len(data) // 4 * 4]),
        address=st.none() | st.just(address),
        source_name=NAMES,
    )


@settings(max_examples=60)
@given(
    st.builds(
        PackageSpec,
        application=st.none() | images_at(0x30000),
        softdevice=st.none() | images_at(0x1000),
        bootloader=st.none() | images_at(0x78000),
        hw_version=st.none() | U32,
        sd_req=st.lists(st.builds(Fwid, st.integers(0, 0xFFFF)), max_size=8).map(tuple),
        sd_id=st.lists(st.builds(Fwid, st.integers(0, 0xFFFF)), max_size=8).map(tuple),
        app_boot_validation=st.sampled_from(BootValidationType),
        sd_boot_validation=st.sampled_from(BootValidationType),
        is_debug=st.booleans(),
        signing_key=st.just(KEY),
    )
)
def test_every_package_that_can_be_built_can_be_read(spec: PackageSpec) -> None:
    assume(spec.application or spec.softdevice or spec.bootloader)
    assume(spec.softdevice or not (spec.application and spec.bootloader))
    if spec.softdevice and spec.application:
        assume(spec.softdevice.data != spec.application.data)
    package = build_package(spec)
    content = write_package(package)
    assert read_package(content, name="p") == package
    assert write_package(build_package(spec)) == content
    # Packages are unpacked on file systems that ignore case, too.
    names = [name for image in package.images for name in (image.bin_name, image.dat_name)]
    assert len({name.lower() for name in names}) == len(names)
