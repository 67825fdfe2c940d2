"""What to do about a refusal, in the package's own numbers."""

from __future__ import annotations

from typing import Any

import pytest

from firmline.errors import Code, TargetRefusedError
from firmline.formats.init_command import FwType, InitCommand
from firmline.protocol.answers import FirmwareVersion
from firmline.protocol.codes import ImageType
from firmline.protocol.refusals import FIRMWARE_PHASE, INIT_PACKET_PHASE
from firmline.updater.advice import Told, advice
from firmline.values import FwVersion


def advise(
    code: Code,
    *,
    fwid: int | None = None,
    versions: Told | None = None,
    phase: str = "",
    **fields: Any,
) -> str:
    command = InitCommand(**{"kind": FwType.APPLICATION, **fields})
    refused = TargetRefusedError(code, "No.", result=0x0B, phase=phase)
    return advice(refused, command, fwid=fwid, versions=versions)


@pytest.mark.parametrize(
    ("sd_req", "named"),
    [
        ((0x103,), "0x0103 (S112 7.2.0)"),
        ((0xB7, 0x999), "0x00B7 (S132 6.1.1), 0x0999"),
        ((), "none"),
        ((0,), "0x0000"),
    ],
)
def test_a_refused_softdevice_is_named(sd_req: tuple[int, ...], named: str) -> None:
    text = advise(Code.REFUSED_SOFTDEVICE, sd_req=sd_req)
    assert f"names SoftDevice {named} (--sd-req)" in text


def test_a_refused_hardware_version_is_named() -> None:
    assert "hardware version 52 (--hw-version)" in advise(Code.REFUSED_HW_VERSION, hw_version=52)


@pytest.mark.parametrize(
    ("kind", "relation"),
    [
        (FwType.APPLICATION, "lower than"),
        (FwType.SOFTDEVICE, "lower than"),
        (FwType.BOOTLOADER, "not higher than"),
        (FwType.SOFTDEVICE_BOOTLOADER, "not higher than"),
    ],
)
def test_a_refused_version_is_named_with_the_rule_of_its_kind(kind: FwType, relation: str) -> None:
    text = advise(Code.REFUSED_FW_VERSION, kind=kind, fw_version=FwVersion(7))
    assert f"has version 7, which is {relation} the unit's" in text


def test_the_units_own_softdevice_is_named_where_its_radio_told() -> None:
    text = advise(Code.REFUSED_SOFTDEVICE, sd_req=(0x103,), fwid=0xB7)
    assert (
        "names SoftDevice 0x0103 (S112 7.2.0) (--sd-req), and this unit's radio says that it has"
        in text
    )
    assert text.endswith("0x00B7.")
    assert "Find out" not in text


def told(version: int, end: int) -> Told:
    """A bootloader that has this SoftDevice, and itself."""
    return {
        ImageType.BOOTLOADER: FirmwareVersion(
            image_type=ImageType.BOOTLOADER, version=1, address=0x72000, size=24_576
        ),
        ImageType.SOFTDEVICE: FirmwareVersion(
            image_type=ImageType.SOFTDEVICE, version=version, address=0x1000, size=end
        ),
    }


@pytest.mark.parametrize(
    ("version", "end", "says", "cure"),
    [
        (7_002_000, 0x27000, "version 7.2.0, up to 0x27000, as S140 7.2.0 has it", "names 0x0100."),
        (7_002_000, 0x26000, "version 7.2.0, up to 0x26000, as S132 7.2.0 has it", "names 0x0101."),
        (7_002_000, 0x2A000, "version 7.2.0, up to 0x2A000. Use", "find out the FWID"),
        (99_001_002, 0x27000, "version 99.1.2, up to 0x27000. Use", "find out the FWID"),
    ],
)
def test_the_softdevice_that_a_bootloader_tells_of_is_named(
    version: int, end: int, says: str, cure: str
) -> None:
    text = advise(Code.REFUSED_SOFTDEVICE, sd_req=(0x103,), versions=told(version, end))
    assert f"(--sd-req), and this unit's bootloader tells of {says}" in text
    assert cure in text
    assert "Find out which" not in text


def test_a_bootloader_that_tells_of_no_softdevice_leads_to_packages_for_none() -> None:
    without = {ImageType.BOOTLOADER: told(1, 1)[ImageType.BOOTLOADER]}
    text = advise(Code.REFUSED_SOFTDEVICE, sd_req=(0x103,), versions=without)
    assert "bootloader tells of none" in text
    assert "--sd-req 0x00" in text


def test_a_bootloader_that_tells_nothing_leaves_it_open() -> None:
    text = advise(Code.REFUSED_SOFTDEVICE, sd_req=(0x103,), versions={})
    assert text == advise(Code.REFUSED_SOFTDEVICE, sd_req=(0x103,))
    assert "Find out which" in text


def test_the_radio_s_word_is_nearer_than_the_bootloader_s() -> None:
    versions = told(7_002_000, 0x27000)
    text = advise(Code.REFUSED_SOFTDEVICE, sd_req=(0x103,), fwid=0xB7, versions=versions)
    assert "radio says" in text
    assert "0x27000" not in text


def test_a_refused_signature_leads_to_the_keys() -> None:
    assert "key" in advise(Code.REFUSED_OBJECT, phase=INIT_PACKET_PHASE)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"app_size": 300}, "boot validation"),
        ({"kind": FwType.SOFTDEVICE, "sd_size": 300}, "of the installed one's family"),
        ({"kind": FwType.SOFTDEVICE_BOOTLOADER, "sd_size": 300, "bl_size": 3}, "major version"),
    ],
)
def test_an_image_refused_by_the_same_code_does_not(fields: dict[str, Any], words: str) -> None:
    text = advise(Code.REFUSED_OBJECT, phase=FIRMWARE_PHASE, **fields)
    assert words in text
    assert "Sign the package" not in text


def test_an_application_for_another_chip_is_named_where_its_init_packet_is_refused() -> None:
    assert "--external-app" in advise(
        Code.REFUSED_INIT_COMMAND, kind=FwType.EXTERNAL_APPLICATION, app_size=300
    )
    assert advise(Code.REFUSED_INIT_COMMAND, app_size=300) == ""


@pytest.mark.parametrize(
    ("kind", "size"),
    [(FwType.APPLICATION, 300), (FwType.SOFTDEVICE_BOOTLOADER, 30), (FwType.BOOTLOADER, 20)],
)
def test_an_image_that_does_not_fit_is_named_with_its_size(kind: FwType, size: int) -> None:
    text = advise(Code.REFUSED_RESOURCES, kind=kind, app_size=300, sd_size=10, bl_size=20)
    assert f"has {size} bytes" in text


@pytest.mark.parametrize("code", [Code.REFUSED_VERIFICATION, Code.REFUSED_BUTTONLESS])
def test_where_the_package_s_numbers_do_not_matter_there_is_no_advice(code: Code) -> None:
    assert advise(code) == ""
