"""What to do about a refusal, in the package's own numbers."""

from __future__ import annotations

from typing import Any

import pytest

from firmline.errors import Code, TargetRefusedError
from firmline.formats.init_command import FwType, InitCommand
from firmline.protocol.refusals import FIRMWARE_PHASE, INIT_PACKET_PHASE
from firmline.updater.advice import advice
from firmline.values import FwVersion


def advise(code: Code, *, fwid: int | None = None, phase: str = "", **fields: Any) -> str:
    command = InitCommand(**{"kind": FwType.APPLICATION, **fields})
    return advice(TargetRefusedError(code, "No.", result=0x0B, phase=phase), command, fwid=fwid)


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
