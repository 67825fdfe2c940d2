"""A unit in one line: what it means, what is assumed, and what is refused with a sentence."""

from __future__ import annotations

import pytest

from firmline.device.acceptance.unit_terms import AssumedUnit, complete, read_terms, split_terms
from firmline.device.profile import MemoryMap
from firmline.errors import Code, InputError
from unit.device.acceptance.specimens import KEY, application, bootloader, package

CHIP = "chip=nrf52832-512k"
SHORT = f"{CHIP},softdevice=s132-6.1.1"


def described(line: str) -> AssumedUnit:
    """The unit of a line, completed for an application of 50,000 bytes."""
    return complete(read_terms(split_terms(line)), package(), public_key=None)


def test_the_line_of_the_issue() -> None:
    line = f"{SHORT},bootloader-version=1,app-version=3,hw-version=51,app-size=4096"
    found = complete(read_terms(split_terms(line)), package(), public_key=KEY.public_key)
    unit = found.description
    assert (unit.chip.name, unit.profile.name) == ("nrf52832-512k", "sdk15.3-ble")
    assert unit.softdevice is not None
    assert (unit.softdevice.fwid, unit.softdevice.size_word) == (0xB7, 0x26000)
    assert (unit.bootloader_version, unit.application_version) == (1, 3)
    assert (unit.profile.hw_version, unit.application_size) == (51, 4096)
    assert unit.public_key == KEY.public_key
    assert found.unknown == frozenset()
    assert found.assumed == ("its bootloader is built as the SDK's example, sdk15.3-ble",)


def test_what_the_line_leaves_out_is_unknown_or_said_to_be_assumed() -> None:
    found = described(SHORT)
    assert found.unknown == {"key", "hw-version", "app-version", "bootloader-version"}
    assert found.description.profile.hw_version == 52
    assert found.description.application_size == 0xD000
    assert "its application has 53,248 bytes (app-size)" in found.assumed


def test_without_a_new_application_the_old_one_is_half_of_the_room() -> None:
    sent = package(application=None, bootloader=bootloader())
    found = complete(read_terms(split_terms(SHORT)), sent, public_key=None)
    assert found.description.application_size == 159_744


def test_a_large_application_is_assumed_no_larger_than_the_room() -> None:
    sent = package(application=application(400_000))
    found = complete(read_terms(split_terms(SHORT)), sent, public_key=None)
    assert found.description.application_size == 323_584


@pytest.mark.parametrize("name", ["s132-6.1.1", "S132-6.1.1", "0xB7", "183"])
def test_a_softdevice_is_named_or_numbered(name: str) -> None:
    softdevice = described(f"{CHIP},softdevice={name}").description.softdevice
    assert softdevice is not None
    assert (softdevice.fwid, softdevice.family) == (0xB7, 132)


def test_a_softdevice_nobody_knows_needs_its_end() -> None:
    with pytest.raises(InputError, match=r"0x0FFE.*not known") as caught:
        described(f"{CHIP},softdevice=0xFFE")
    assert "softdevice-end" in caught.value.hint
    softdevice = described(f"{CHIP},softdevice=0xFFE,softdevice-end=0x1C000").description.softdevice
    assert softdevice is not None
    assert softdevice.size_word == 0x1C000


def test_a_bootloader_of_another_size_and_another_data_area() -> None:
    unit = described(f"{SHORT},bootloader-start=0x72000,data-area=0x1000").description
    memory = MemoryMap.of(unit.chip, unit.profile)
    assert (memory.bootloader_start, memory.region_end) == (0x72000, 0x71000)
    serial = described(f"{SHORT},bootloader=sdk15.3-uart,data-area=0x1000").description
    assert MemoryMap.of(serial.chip, serial.profile).region_end == 0x77000


def test_no_softdevice_over_uart() -> None:
    unit = described(f"{CHIP},softdevice=none,bootloader=sdk17.1-uart").description
    assert unit.softdevice is None


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("", "'' where name=value is wanted"),
        ("chip", "'chip' where name=value"),
        (f"{CHIP},", "'' where name=value"),
        ("chip=,softdevice=none", "'chip=' where name=value"),
        ("softdevice=none", "lacks chip"),
        (CHIP, "lacks softdevice"),
        (f"{SHORT},chip=nrf52840", "has chip twice"),
        (f"{SHORT},app_version=3", "'app_version'; did you mean app-version"),
        (f"{SHORT},colour=red", "does not know 'colour'"),
        ("chip=nrf52,softdevice=none", "chip='nrf52'"),
        (f"{SHORT},bootloader=sdk12", "bootloader='sdk12'"),
        (f"{SHORT},bootloader=sdk15.3-usb", "has no USB"),
        (f"{CHIP},softdevice=none", "needs one for its radio"),
        (f"{CHIP},softdevice=s999-1.0.0", "names the SoftDevice 's999-1.0.0'"),
        (f"{CHIP},softdevice=0xFFE,softdevice-end=0x100", "ends at 0x100"),
        (f"{CHIP},softdevice=0xFFE,softdevice-end=0x76000", "ends at 0x76000"),
        (f"{SHORT},app-version=052", "begins with a zero"),
        (f"{SHORT},app-version=-1", "app-version in --for"),
        (f"{SHORT},app-version=4294967296", "app-version in --for"),
        (f"{SHORT},app-size=323588", "room for 323,584"),
        (f"{SHORT},bootloader-start=0x72001", "beginning of a page"),
        (f"{SHORT},bootloader-start=0x7E000", "below 0x7E000"),
        (f"{SHORT},data-area=0x80001", "data-area in --for"),
        (f"{SHORT},data-area=0x80000", "ends at 0x26000"),
    ],
)
def test_a_wrong_line_is_one_sentence(line: str, sentence: str) -> None:
    with pytest.raises(InputError) as caught:
        described(line)
    assert sentence in caught.value.message
    assert caught.value.code in {
        Code.USAGE,
        Code.NUMBER_MALFORMED,
        Code.NUMBER_OUT_OF_RANGE,
        Code.NUMBER_OCTAL_LOOKING,
        Code.SOFTDEVICE_UNKNOWN,
    }
