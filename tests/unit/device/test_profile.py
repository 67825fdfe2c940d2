"""The builds of the bootloader, and what tells them apart (spec sections 1, 13 and 15)."""

from __future__ import annotations

import pytest

from firmline.device.chips import chip
from firmline.device.profile import (
    PROFILES,
    SDK15_3_BLE,
    SDK15_3_UART,
    SDK16_BLE,
    SDK16_UART,
    SDK17_1_BLE,
    SDK17_1_UART,
    BootloaderProfile,
)
from firmline.protocol.channels import Channel
from firmline.protocol.requests import GetMtu
from unit.device.makers import Host, describe, unit_in_bootloader


def test_a_profile_is_found_by_its_name() -> None:
    assert list(PROFILES.values()) == [
        SDK15_3_BLE,
        SDK15_3_UART,
        SDK16_BLE,
        SDK16_UART,
        SDK17_1_BLE,
        SDK17_1_UART,
    ]
    assert all(profile.name == name for name, profile in PROFILES.items())


@pytest.mark.parametrize("profile", PROFILES.values(), ids=lambda profile: profile.name)
def test_name_sdk_and_transport_fit_together(profile: BootloaderProfile) -> None:
    sdk, transport = profile.name.split("-")
    assert sdk == "sdk" + ".".join(profile.sdk.split(".")[:2])
    assert profile.is_ble is (transport == "ble")
    assert profile.channel is (Channel.CONTROL if profile.is_ble else Channel.SERIAL)
    assert profile.reduced_protocol is profile.is_ble
    assert profile.mtu == (247 if profile.is_ble else 131)


def test_sdk_16_is_the_one_that_no_recording_confirms() -> None:
    unverified = {name for name, profile in PROFILES.items() if not profile.verified}
    assert unverified == {"sdk16.0-ble", "sdk16.0-uart"}


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
    assert host.ask(GetMtu()) == ("600702" if profile.is_ble else "6007018300")


@pytest.mark.parametrize("profile", PROFILES.values(), ids=lambda profile: profile.name)
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
