from __future__ import annotations

import pytest

from firmline.errors import Code, InputError
from firmline.formats.firmware import (
    FirmwareImage,
    find_softdevice,
    parse_firmware,
    parse_memory,
)
from firmline.values import ImageKind
from unit.formats.makers import elf_file, hex_file, image, refuses, softdevice_image

CODE = bytes(range(1, 17))


def parse(
    content: bytes, name: str = "app.hex", kind: ImageKind = ImageKind.APPLICATION
) -> FirmwareImage:
    return parse_firmware(content, name=name, kind=kind)


def test_a_plain_application() -> None:
    result = parse(hex_file((0x26000, CODE)))
    assert result == FirmwareImage(data=CODE, address=0x26000, source_name="app.hex", notes=())


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5])
def test_the_size_is_rounded_up_to_a_word(size: int) -> None:
    data = parse(hex_file((0x26000, CODE[:size]))).data
    assert data == CODE[:size] + b"\xff" * (-size % 4)
    assert parse(CODE[:size], "app.bin").data == data


def test_gaps_are_erased_flash() -> None:
    assert parse(hex_file((0x26000, CODE), (0x26020, CODE))).data == CODE + b"\xff" * 16 + CODE


def test_the_mbr_is_left_out_and_said_so() -> None:
    result = parse(hex_file((0x0, bytes(0x900)), (0x1000, CODE)), kind=ImageKind.BOOTLOADER)
    assert (result.data, result.address) == (CODE, 0x1000)
    assert result.notes == (
        "2304 bytes below 0x1000 were left out: the MBR lives there and is never updated.",
    )


def test_an_application_linked_at_0_is_told_what_it_lost() -> None:
    result = parse(hex_file((0x0, bytes(0x1000) + CODE)))
    assert (result.data, result.address) == (CODE, 0x1000)
    assert "first 4096 bytes" in result.notes[0]
    assert "linked at 0" in result.notes[0]


def test_uicr_and_ram_are_left_out_and_said_so() -> None:
    result = parse(
        hex_file((0x26000, CODE), (0x1000_1208, b"\xfe\xff\xff\xff"), (0x2000_0000, CODE))
    )
    assert result.data == CODE
    assert len(result.notes) == 1
    assert "20 bytes at 0x10000000 and above (UICR, RAM or external memory)" in result.notes[0]


def test_bytes_on_both_sides_of_a_limit_are_split_there() -> None:
    result = parse(hex_file((0x0FFF_FFF8, CODE)))
    assert (result.data, result.address) == (CODE[:8], 0x0FFF_FFF8)


def test_nothing_in_flash() -> None:
    with refuses(Code.IMAGE_NO_CODE, "nothing from 0x1000 to 0x10000000"):
        parse(hex_file((0x2000_0000, CODE)))
    with refuses(Code.IMAGE_NO_CODE, "app.hex"):
        parse(b":00000001FF\n")
    with refuses(Code.IMAGE_NO_CODE, "app.hex"):
        parse(hex_file((0x0, CODE)))


def test_a_stray_record_is_one_sentence_not_a_gigabyte() -> None:
    with refuses(Code.IMAGE_TOO_LARGE, "from 0x26000 to 0xFF00001"):
        parse(hex_file((0x26000, CODE), (0xFF0_0000, b"!")))


def test_the_largest_image_and_one_byte_more() -> None:
    limit = 1024 * 1024
    assert len(parse(hex_file((0x1000, b"a"), (0x1000 + limit - 1, b"z"))).data) == limit
    with refuses(Code.IMAGE_TOO_LARGE, f"{limit + 1} bytes"):
        parse(hex_file((0x1000, b"a"), (0x1000 + limit, b"z")))
    assert len(parse(bytes(limit), "app.bin").data) == limit


@pytest.mark.slow
@pytest.mark.parametrize("name", ["app.bin", "app.hex"])
def test_too_many_bytes_are_no_stray_record(name: str) -> None:
    size = 1024 * 1024 + 1
    content = bytes(size) if name == "app.bin" else hex_file((0x1000, bytes(size)))
    with pytest.raises(InputError, match=f"{name} holds {size} bytes; no nRF5x has") as caught:
        parse(content, name)
    assert caught.value.code is Code.IMAGE_TOO_LARGE
    assert "Give the firmware image alone" in caught.value.hint


@pytest.mark.parametrize("size", [0x6000, 0x6004])
def test_a_bootloader_larger_than_the_sdks_region_is_noted(size: int) -> None:
    result = parse(hex_file((0x72000, bytes(size))), "bl.hex", ImageKind.BOOTLOADER)
    notes = () if size == 0x6000 else ("bl.hex has 24,580 bytes",)
    assert tuple(note[:23] for note in result.notes) == notes
    assert parse(hex_file((0x26000, bytes(size)))).notes == ()


@pytest.mark.parametrize("name", ["app.hex", "APP.HEX", "app.bin", "app", "app.ihex", "a.b.Hex"])
def test_intel_hex_is_known_by_its_content(name: str) -> None:
    assert parse(hex_file((0x26000, CODE)), name).address == 0x26000


@pytest.mark.parametrize("name", ["app.elf", "APP.ELF", "app.bin", "app.out", "app"])
def test_elf_is_known_by_its_content(name: str) -> None:
    assert parse(elf_file([(0x26000, CODE)]), name).data == CODE


@pytest.mark.parametrize("name", ["app.s19", "APP.SREC", "app"])
def test_srec_is_known_by_its_content(name: str) -> None:
    assert parse(b"S107200001020304CE\nS9030000FC\n", name).address == 0x2000


@pytest.mark.parametrize("name", ["app.bin", "APP.BIN", "app.img", "app"])
def test_other_bytes_are_firmware_without_an_address(name: str) -> None:
    assert parse(b"\x00\x00\x01\x20rest", name).address is None


@pytest.mark.parametrize(
    ("content", "name", "fragment"),
    [
        (b"\x00\x01", "app.HEX", "Line 1 of app.HEX is not a record"),
        (b"\x00\x01", "app.s19", "Line 1 of app.s19 is not a record"),
        (b"\x00\x01", "app.Elf", "not an ELF file"),
        (b"# Read me\n", "README.md", "text file"),
        (b"PK\x03\x04....", "app.bin", "zip file"),
    ],
)
def test_a_file_that_is_not_what_its_name_says(content: bytes, name: str, fragment: str) -> None:
    with refuses(Code.IMAGE_MALFORMED, fragment):
        parse(content, name)


@pytest.mark.parametrize("name", ["app.bin", "app.hex", "app.elf"])
def test_an_empty_file(name: str) -> None:
    with refuses(Code.FILE_EMPTY, f"{name} is empty"):
        parse(b"", name)


def test_parse_memory_leaves_nothing_out() -> None:
    spans = parse_memory(hex_file((0x0, b"m"), (0x1000_0000, b"u")), name="dump.hex")
    assert spans is not None
    assert [span.address for span in spans] == [0x0, 0x1000_0000]
    assert parse_memory(b"\x00", name="dump.bin") is None


def test_an_image_knows_what_its_file_held_and_what_was_added() -> None:
    result = parse(hex_file((0x0, b"m"), (0x26000, CODE[:5]), (0x1000_1200, b"u")))
    assert [span.address for span in result.memory] == [0x0, 0x26000, 0x1000_1200]
    assert (result.data, result.padding) == (CODE[:5] + b"\xff" * 3, 3)
    plain = parse(CODE[:4], "app.bin")
    assert (plain.memory, plain.padding) == ((), 0)


@pytest.mark.parametrize("address", [0x1000, None])
def test_the_softdevice_inside_an_image_is_found(address: int | None) -> None:
    found = find_softdevice(image(softdevice_image().data, address=address))
    assert found is not None
    assert found.fwid == 0x101


def test_a_softdevice_behind_an_mbr_is_found_in_plain_bytes() -> None:
    whole = find_softdevice(image(bytes(0x1000) + softdevice_image().data, address=None))
    assert whole is not None
    assert whole.size_word == 0x26000


@pytest.mark.parametrize("address", [0x1000, 0x4000, None])
def test_an_image_without_a_softdevice(address: int | None) -> None:
    assert find_softdevice(image(bytes(0x4000), address=address)) is None
