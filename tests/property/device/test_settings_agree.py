"""The settings in RAM and the settings page of ``formats`` are the same 896 bytes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from firmline.device.bootloader.settings_ram import SIZE, SettingsRam
from firmline.formats.settings_page import decode_settings_page

LAYOUT_2 = 2


@given(st.binary(min_size=SIZE, max_size=SIZE))
def test_both_read_the_same_fields_from_the_same_bytes(content: bytes) -> None:
    ram, page = SettingsRam(content), decode_settings_page(content, layout=LAYOUT_2)
    progress, validations = page.progress, page.validations
    assert validations is not None
    assert (ram.version, ram.app_version) == (page.version, page.app_version)
    assert ram.bootloader_version == page.bootloader_version
    for mine, theirs in ((ram.bank_0, page.bank_0), (ram.bank_1, page.bank_1)):
        assert (mine.size, mine.crc, mine.code) == (theirs.size, theirs.crc, theirs.code)
    assert (ram.write_offset, ram.sd_size) == (page.write_offset, page.sd_size)
    assert (ram.command_size, ram.command_offset, ram.command_crc, ram.data_object_size) == (
        progress.command_size,
        progress.command_offset,
        progress.command_crc,
        progress.data_object_size,
    )
    assert (ram.image_crc, ram.image_crc_last, ram.image_offset, ram.image_offset_last) == (
        progress.firmware_image_crc,
        progress.firmware_image_crc_last,
        progress.firmware_image_offset,
        progress.firmware_image_offset_last,
    )
    assert ram.enter_buttonless_dfu == page.enter_buttonless_dfu
    assert ram.init_command == page.init_command
    for entry, validation in (
        (ram.softdevice_validation, validations.softdevice),
        (ram.application_validation, validations.application),
        (ram.bootloader_validation, validations.bootloader),
    ):
        assert (entry.type, entry.data) == (validation.type, validation.data)
    assert (ram.crc, ram.boot_validation_crc) == (page.crc, validations.crc)


@given(st.binary(min_size=SIZE, max_size=SIZE))
def test_both_say_the_same_of_the_checksums(content: bytes) -> None:
    ram = SettingsRam(content)
    ram.update_crcs()
    page = decode_settings_page(bytes(ram.data), layout=LAYOUT_2)
    assert page.crc_ok
    assert page.validation_crc_ok
    assert ram.boot_validation_crc_ok
