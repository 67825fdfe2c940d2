"""Values check themselves once, and speak in the numbers people use."""

from __future__ import annotations

import pytest

from firmline.errors import Code, InputError
from firmline.values import (
    AdvertisedName,
    BleAddress,
    Crc32,
    Fwid,
    FwVersion,
    ImageKind,
    PeripheralId,
    parse_number,
)
from unit.protocol.expect import fails


def test_the_kinds_of_images_are_named_as_in_a_manifest() -> None:
    assert [kind.value for kind in ImageKind] == [
        "application",
        "softdevice",
        "bootloader",
        "softdevice_bootloader",
    ]


@pytest.mark.parametrize(
    ("value", "text", "representation"),
    [
        (Fwid(0x0103), "0x0103", "Fwid(0x0103)"),
        (Fwid(0xFFFF), "0xFFFF", "Fwid(0xFFFF)"),
        (Crc32(0xEDB8), "0x0000EDB8", "Crc32(0x0000EDB8)"),
        (FwVersion(10203), "10203", "FwVersion(10203)"),
        (FwVersion(0xFFFF_FFFF), "4294967295", "FwVersion(4294967295)"),
    ],
)
def test_numbers_print_the_way_their_users_write_them(
    value: int, text: str, representation: str
) -> None:
    assert str(value) == text
    assert f"{value}" == text
    assert repr(value) == representation


@pytest.mark.parametrize(
    ("kind", "value", "largest"),
    [(Fwid, 0x1_0000, 65535), (Fwid, -1, 65535), (Crc32, 2**32, 2**32 - 1), (FwVersion, -1, None)],
)
def test_a_number_that_does_not_fit_its_width_is_refused(
    kind: type[int], value: int, largest: int | None
) -> None:
    expected = f"{kind.__name__} {value} is outside 0 to {largest or 2**32 - 1}."
    with fails(InputError, Code.NUMBER_OUT_OF_RANGE, expected):
        kind(value)


def test_the_refusal_carries_the_number_for_programs() -> None:
    with pytest.raises(InputError) as caught:
        Fwid(70_000)
    assert caught.value.context == {"value": 70_000}


@pytest.mark.parametrize(
    ("text", "version"),
    [("0.0.0", 0), ("1.2.3", 10203), ("0.99.99", 9999), ("15.3.0", 150300)],
)
def test_a_dotted_version_is_packed_as_nrfutil_packs_it(text: str, version: int) -> None:
    parsed = FwVersion.parse_dotted(text)
    assert parsed == version
    assert type(parsed) is FwVersion


@pytest.mark.parametrize(
    "text", ["", "1", "1.2", "1.2.3.4", "1.2.x", "1..3", "-1.2.3", "1.2.3 ", "1.2.٣", "0x1.2.3"]
)
def test_what_is_not_three_numbers_is_no_dotted_version(text: str) -> None:
    with fails(InputError, Code.NUMBER_MALFORMED, f"--version {text!r} is not of the form X.Y.Z"):
        FwVersion.parse_dotted(text, name="--version")


def test_a_dotted_version_that_is_none_comes_with_an_example() -> None:
    with pytest.raises(InputError) as caught:
        FwVersion.parse_dotted("1.2")
    assert "such as 1.2.3" in caught.value.hint


@pytest.mark.parametrize(
    ("text", "plain"), [("01.02.03", "1.2.3"), ("1.02.3", "1.2.3"), ("1.2.00", "1.2.0")]
)
def test_a_dotted_version_with_leading_zeros_is_refused(text: str, plain: str) -> None:
    with pytest.raises(InputError, match="a part that begins with a zero") as caught:
        FwVersion.parse_dotted(text)
    assert caught.value.code is Code.NUMBER_OCTAL_LOOKING
    assert f"Write {plain}," in caught.value.hint


@pytest.mark.parametrize("text", ["1.100.0", "1.0.100"])
def test_a_part_that_would_run_into_its_neighbour_is_refused(text: str) -> None:
    with fails(InputError, Code.NUMBER_OUT_OF_RANGE, f"The version {text!r} has a second or third"):
        FwVersion.parse_dotted(text)


def test_the_largest_dotted_version_is_the_last_that_fits_32_bits() -> None:
    assert FwVersion.parse_dotted("429496.72.95") == 2**32 - 1
    with fails(InputError, Code.NUMBER_OUT_OF_RANGE, "429496.72.96' does not fit into the 32 bits"):
        FwVersion.parse_dotted("429496.72.96")


@pytest.mark.parametrize(
    ("text", "number"),
    [("0", 0), ("52", 52), (" 52\n", 52), ("0x34", 52), ("0X34", 52), ("0x0034", 52), ("255", 255)],
)
def test_numbers_are_read_the_way_a_person_means_them(text: str, number: int) -> None:
    assert parse_number(text, name="--hw-version", maximum=255) == number


@pytest.mark.parametrize(
    ("text", "plain"), [("052", "52"), ("00", "0"), ("000", "0"), (" 08", "8")]
)
def test_a_number_that_looks_octal_is_refused_with_both_ways_out(text: str, plain: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_number(text, name="--hw-version")
    assert caught.value.code is Code.NUMBER_OCTAL_LOOKING
    assert f"--hw-version {text.strip()} begins with a zero" in caught.value.message
    assert f"Write {plain} for decimal" in caught.value.hint


@pytest.mark.parametrize(
    "text", ["", " ", "x", "-1", "+1", "1.0", "1e3", "0x", "0xG", "٣", "1_000"]
)
def test_what_is_no_number_is_refused(text: str) -> None:
    told = f"--size {text!r} is not a whole number from 0 to 9."
    with fails(InputError, Code.NUMBER_MALFORMED, told):
        parse_number(text, name="--size", maximum=9)


@pytest.mark.parametrize("text", ["256", "0x100", "9999999999999999999999"])
def test_a_number_above_the_largest_is_refused(text: str) -> None:
    with fails(InputError, Code.NUMBER_OUT_OF_RANGE, f"{text} is above the largest value, 255."):
        parse_number(text, name="--index", maximum=255)


@pytest.mark.parametrize("text", ["22", "0", "0x16"])
def test_a_number_below_the_smallest_is_refused_with_both_bounds(text: str) -> None:
    told = f"{text} is below the smallest value, 23."
    with pytest.raises(InputError, match=told) as caught:
        parse_number(text, name="--mtu", minimum=23, maximum=517)
    assert caught.value.code is Code.NUMBER_OUT_OF_RANGE
    assert caught.value.hint == "It goes from 23 to 517."
    assert parse_number("23", name="--mtu", minimum=23, maximum=517) == 23


def test_a_number_has_32_bits_unless_told_otherwise() -> None:
    assert parse_number("0xFFFFFFFF", name="n") == 2**32 - 1
    with fails(InputError, Code.NUMBER_OUT_OF_RANGE, "the largest value, 4294967295"):
        parse_number("4294967296", name="n")


@pytest.mark.parametrize("text", ["z" * 500, "9" * 500])
def test_messages_quote_no_more_than_40_characters(text: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_number(text, name="n")
    assert text[:40] in caught.value.message
    assert text[:41] not in caught.value.message


@pytest.mark.parametrize(
    "text", ["C6:05:04:03:02:01", "c6-05-04-03-02-01", " C6:05:04:03:02:01 ", "C6:05-04:03-02:01"]
)
def test_an_address_is_read_with_either_separator_and_in_any_case(text: str) -> None:
    address = BleAddress.parse(text)
    assert address == BleAddress(bytes.fromhex("C60504030201"))
    assert str(address) == "C6:05:04:03:02:01"


@pytest.mark.parametrize(
    "text",
    ["", "C6", "C605:0403:0201", "C6:05:04:03:02", "C6:05:04:03:02:01:00", "G6:05:04:03:02:01"],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with fails(InputError, Code.TARGET_MALFORMED, f"{text!r} is not a Bluetooth address"):
        BleAddress.parse(text)


@pytest.mark.parametrize("size", [0, 5, 7])
def test_an_address_has_six_bytes(size: int) -> None:
    with fails(InputError, Code.TARGET_MALFORMED, f"has 6 bytes, not {size}."):
        BleAddress(bytes(size))


@pytest.mark.parametrize(
    ("application", "bootloader"),
    [
        ("C6:05:04:03:02:01", "C6:05:04:03:02:02"),
        ("C6:05:04:03:02:FE", "C6:05:04:03:02:FF"),
        ("C6:05:04:03:02:FF", "C6:05:04:03:02:00"),
    ],
)
def test_the_bootloader_adds_one_to_the_last_byte_without_carry(
    application: str, bootloader: str
) -> None:
    assert str(BleAddress.parse(application).plus_one()) == bootloader


def test_addresses_are_ordered_as_printed_and_can_be_keys() -> None:
    first, second = BleAddress.parse("00:00:00:00:00:02"), BleAddress.parse("01:00:00:00:00:01")
    assert sorted({second, first, BleAddress.parse(str(second))}) == [first, second]


@pytest.mark.parametrize("text", ["1" * 5000, "0x" + "F" * 5000])
def test_a_number_of_thousands_of_digits_is_refused_in_one_sentence(text: str) -> None:
    with pytest.raises(InputError, match="not a whole number from 0 to") as caught:
        parse_number(text, name="--hw-version")
    assert caught.value.code is Code.NUMBER_MALFORMED
    assert len(caught.value.message) < 200


def test_a_dotted_version_of_thousands_of_digits_is_refused_in_one_sentence() -> None:
    with pytest.raises(InputError, match="not of the form") as caught:
        FwVersion.parse_dotted("1." * 2 + "1" * 5000)
    assert len(caught.value.message) < 200


@pytest.mark.parametrize("last", range(0, 256, 51))
def test_the_address_before_is_the_reverse_of_the_next(last: int) -> None:
    address = BleAddress(bytes([0xC6, 5, 4, 3, 2, last]))
    assert address.plus_one().minus_one() == address == address.minus_one().plus_one()


# What a unit is pinned by, where it is no address.

UUID_TEXT = "6B1FE2A8-5C0D-4E8A-9C3B-0123456789AB"


@pytest.mark.parametrize("text", [UUID_TEXT, UUID_TEXT.lower(), f" {UUID_TEXT} "])
def test_a_peripheral_identifier_is_read_in_any_case(text: str) -> None:
    assert str(PeripheralId.parse(text)) == UUID_TEXT


@pytest.mark.parametrize(
    "text",
    ["", UUID_TEXT[:-1], UUID_TEXT.replace("-", ""), f"{{{UUID_TEXT}}}", "G" + UUID_TEXT[1:]],
)
def test_what_is_no_peripheral_identifier_is_refused(text: str) -> None:
    with fails(InputError, Code.TARGET_MALFORMED, "is not a peripheral identifier"):
        PeripheralId.parse(text)


@pytest.mark.parametrize("text", ["T", "Tag 7 (kitchen)", "Türöffner", "N" * 248])
def test_a_name_is_kept_as_it_is(text: str) -> None:
    assert str(AdvertisedName(text)) == text


@pytest.mark.parametrize("text", ["", "N" * 249, "Tag\n", "\x1b[31m"], ids=repr)
def test_what_no_unit_can_be_called_is_refused(text: str) -> None:
    with fails(InputError, Code.TARGET_MALFORMED, "is no name that a unit could advertise"):
        AdvertisedName(text)
