"""The builds of the bootloader, and what tells them apart (spec sections 1, 13 and 15)."""

from __future__ import annotations

import pytest

from firmline.device.chips import chip, chip_names
from firmline.device.profile import (
    PROFILES,
    SDK15_3_BLE,
    SDK15_3_UART,
    SDK15_3_USB,
    BootloaderProfile,
    MemoryMap,
)
from firmline.protocol.channels import Channel
from firmline.protocol.requests import GetMtu
from unit.device.makers import Host, describe, unit_in_bootloader


def test_a_profile_is_found_by_its_name() -> None:
    assert [*PROFILES] == [
        f"sdk{sdk}-{transport}"
        for sdk in ("15.3", "16.0", "17.1")
        for transport in ("ble", "uart", "usb")
    ]
    assert all(profile.name == name for name, profile in PROFILES.items())


@pytest.mark.parametrize("profile", PROFILES.values(), ids=lambda profile: profile.name)
def test_name_sdk_and_transport_fit_together(profile: BootloaderProfile) -> None:
    sdk, transport = profile.name.split("-")
    assert sdk == "sdk" + ".".join(profile.sdk.split(".")[:2])
    assert profile.is_ble is (transport == "ble")
    assert profile.channel is (Channel.CONTROL if profile.is_ble else Channel.SERIAL)
    assert profile.reduced_protocol is profile.is_ble
    assert profile.mtu == {"ble": 247, "uart": 131, "usb": 2051}[transport]
    assert profile.needs_usb is (transport == "usb")


def test_what_no_recording_confirms_is_marked() -> None:
    verified = {name for name, profile in PROFILES.items() if profile.verified}
    assert verified == {"sdk15.3-ble", "sdk15.3-uart", "sdk17.1-ble", "sdk17.1-uart"}
    assert [name for name in chip_names() if chip(name).verified] == [
        "nrf52832-512k",
        "nrf52832-256k",
    ]


@pytest.mark.parametrize(
    ("chip_name", "profile", "places"),
    [
        ("nrf52832-512k", SDK15_3_BLE, (0x78000, 0x7E000, 0x7F000, 0x75000)),
        ("nrf52832-256k", SDK15_3_BLE, (0x38000, 0x3E000, 0x3F000, 0x35000)),
        ("nrf52840", SDK15_3_BLE, (0xF8000, 0xFE000, 0xFF000, 0xF5000)),
        ("nrf52840", SDK15_3_USB, (0xF4000, 0xFE000, 0xFF000, 0xF1000)),
        ("nrf52810", SDK15_3_BLE, (0x28000, 0x2E000, 0x2F000, 0x26000)),
        ("nrf52811", SDK15_3_UART, (0x28000, 0x2E000, 0x2F000, 0x25000)),
        ("nrf52833", SDK15_3_USB, (0x74000, 0x7E000, 0x7F000, 0x71000)),
        ("nrf52820", SDK15_3_UART, (0x38000, 0x3E000, 0x3F000, 0x35000)),
        ("nrf52805", SDK15_3_BLE, (0x28000, 0x2E000, 0x2F000, 0x26000)),
    ],
)
def test_where_things_are_on_each_chip(
    chip_name: str, profile: BootloaderProfile, places: tuple[int, int, int, int]
) -> None:
    """Spec section 6, and section 1 for the data area of the e-variants."""
    memory = MemoryMap.of(chip(chip_name), profile)
    assert places == (
        memory.bootloader_start,
        memory.backup_page,
        memory.settings_page,
        memory.region_end,
    )


@pytest.mark.parametrize(
    ("feature", "since"),
    [
        ("reloads_settings_after_link_loss", "16"),
        ("checks_softdevice_family", "16"),
        ("exact_gpregret", "17"),
        ("bootloader_validation_index", "17"),
    ],
)
def test_what_changed_with_which_sdk(feature: str, since: str) -> None:
    for profile in PROFILES.values():
        assert bool(getattr(profile, feature)) is (profile.sdk >= since), profile.name


@pytest.mark.parametrize("profile", PROFILES.values(), ids=lambda profile: profile.name)
def test_every_profile_makes_a_unit_that_answers(profile: BootloaderProfile) -> None:
    host = Host(unit_in_bootloader(profile=profile))
    assert host.ask(b"\x06\x01") == "60060100020000" + "00" * 8
    assert host.ask(GetMtu()) == (
        "600702" if profile.is_ble else f"600701{profile.mtu.to_bytes(2, 'little').hex()}"
    )


@pytest.mark.parametrize(
    "profile",
    [profile for profile in PROFILES.values() if not profile.needs_usb],
    ids=lambda profile: profile.name,
)
def test_every_profile_fits_the_small_chip_too(profile: BootloaderProfile) -> None:
    small = chip("nrf52832-256k")
    unit = unit_in_bootloader(chip=small, profile=profile)
    assert unit.board.memory.settings_page == small.flash_size - small.page_size == 0x3F000
    if not profile.is_ble:
        version = Host(unit).ask(b"\x0b\x00")
        assert version.startswith("600b0102")
        assert version.endswith("00800300" + "00600000")


def test_the_small_chip_says_what_it_is() -> None:
    row = chip("nrf52832-256k")
    assert (row.variant.to_bytes(4, "big"), row.flash_size, row.ram_size) == (
        b"AAB0",
        0x40000,
        0x8000,
    )
    assert describe(chip=row).chip.page_size == 0x1000
