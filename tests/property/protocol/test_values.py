"""Numbers and addresses: what is printed reads back, and no text does harm."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmline.errors import Code, InputError
from firmline.values import BleAddress, FwVersion, parse_number

U32 = st.integers(0, 2**32 - 1)
ADDRESSES = st.binary(min_size=6, max_size=6).map(BleAddress)


@given(U32, st.sampled_from(["{}", "{:#x}", "0X{:X}", "0x{:08x}", "  {} "]))
def test_a_number_reads_back_however_it_is_written(number: int, form: str) -> None:
    assert parse_number(form.format(number), name="n") == number


@given(st.text(max_size=12) | st.from_regex(r"\s?(0[xX])?[0-9A-Fa-f]{0,12}\s?", fullmatch=True))
def test_any_text_is_a_number_in_range_or_an_input_error(text: str) -> None:
    try:
        number = parse_number(text, name="n", maximum=1000)
    except InputError:
        return
    assert 0 <= number <= 1000
    written = text.strip().lower()
    assert number == (int(written, 16) if written.startswith("0x") else int(written))


@given(st.integers(0, 2**40), st.integers(1, 6))
def test_a_leading_zero_is_never_read_as_anything(number: int, zeros: int) -> None:
    with pytest.raises(InputError) as caught:
        parse_number("0" * zeros + str(number), name="n")
    assert caught.value.code is Code.NUMBER_OCTAL_LOOKING


@given(st.integers(0, 429495), st.integers(0, 99), st.integers(0, 99))
def test_dotted_versions_keep_their_order(major: int, minor: int, patch: int) -> None:
    version = FwVersion.parse_dotted(f"{major}.{minor}.{patch}")
    assert divmod(version // 100, 100) == (major, minor)
    assert version % 100 == patch


@given(ADDRESSES)
def test_an_address_reads_back(address: BleAddress) -> None:
    assert BleAddress.parse(str(address)) == address
    assert BleAddress.parse(str(address).lower().replace(":", "-")) == address


@given(st.text(max_size=20))
def test_any_text_is_an_address_or_an_input_error(text: str) -> None:
    try:
        address = BleAddress.parse(text)
    except InputError as error:
        assert error.code is Code.TARGET_MALFORMED  # noqa: PT017 - either end is right
    else:
        assert str(address) == text.strip().upper().replace("-", ":")


@given(ADDRESSES)
def test_the_bootloaders_address_differs_in_the_last_byte_alone_and_goes_round(
    address: BleAddress,
) -> None:
    bootloader = address.plus_one()
    assert bootloader.octets[:5] == address.octets[:5]
    assert (bootloader.octets[5] - address.octets[5]) % 256 == 1
    for _ in range(255):
        bootloader = bootloader.plus_one()
    assert bootloader == address
