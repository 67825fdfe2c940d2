"""Chip, UICR, registers, and what the unit does when it starts."""

from __future__ import annotations

import pytest

from firmline.device.chips import chip
from firmline.device.description import gallery_unit
from firmline.device.dump import dump_unit
from firmline.diagnosis.autopsy.examination import combined, examine
from firmline.diagnosis.autopsy.finding import Finding, Place, Weight
from firmline.diagnosis.evidence import Evidence, Incident, Origin
from firmline.diagnosis.ranking import rank
from firmline.formats.flash.dump import FlashDump
from firmline.formats.flash.information import APPROTECT, BOOTLOADER_ADDRESS, RESET_PINS
from firmline.formats.flash.registers import Registers
from firmline.formats.spans import Span
from unit.diagnosis.autopsy.bodies import finding, flags, made, opened, without, write_uicr

UNIT = made()


@pytest.mark.parametrize(
    ("value", "weight", "words"),
    [
        (0xFFFF_FFFF, Weight.RIGHT, "open on chips of an older revision"),
        (0xFFFF_FF5A, Weight.RIGHT, "also on chips of a newer revision"),
        (0xFFFF_FF00, Weight.REMARK, "APPROTECT is set"),
        (0, Weight.REMARK, "APPROTECT is set"),
    ],
)
def test_protection(value: int, weight: Weight, words: str) -> None:
    unit = made()
    write_uicr(unit, APPROTECT, value)
    found = finding(opened(unit), "approtect")
    assert found.weight is weight
    assert words in found.text


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ((18, 18), "P0.18 resets"),
        ((0x20, 0x20), "P1.00 resets"),
        ((0xFFFF_FFFF, 0xFFFF_FFFF), "No pin resets"),
        ((21, 0xFFFF_FFFF), "do not agree"),
    ],
)
def test_the_reset_pin(values: tuple[int, int], words: str) -> None:
    unit = made()
    for address, value in zip(RESET_PINS, values, strict=True):
        write_uicr(unit, address, value)
    assert words in finding(opened(unit), "reset-pin").text


def test_an_address_that_cannot_be() -> None:
    unit = made()
    write_uicr(unit, BOOTLOADER_ADDRESS, 0x2000_0000)
    assert finding(opened(unit), "uicr-bootloader").weight is Weight.FAULT


@pytest.mark.parametrize(
    ("value", "shown", "cause"),
    [
        (0x2, {"watchdog_reset_seen", "reset_reason_not_soft"}, "wdt-not-fed"),
        (0x4, set(), None),
        (0x8, {"reset_reason_lockup", "reset_reason_not_soft"}, "jump-app-crashes"),
        (0x1, {"reset_reason_not_soft"}, None),
        (0x6, {"watchdog_reset_seen"}, "wdt-not-fed"),
        (0x0, {"reset_register_empty"}, "power-brownout-coincell"),
    ],
)
def test_the_reset_reason_that_somebody_names(
    value: int, shown: set[str], cause: str | None
) -> None:
    autopsy = opened(UNIT, Registers(resetreas=value))
    assert flags(autopsy) == shown
    assert finding(autopsy, "resetreas").causes == (() if cause is None else (cause,))


@pytest.mark.parametrize("value", [0x1, 0x2, 0x4, 0x8, 0x10000])
def test_a_bit_that_is_set_is_not_what_a_brownout_leaves(value: int) -> None:
    incident = opened(UNIT, Registers(resetreas=value)).incident
    assert "reset_reason_brownout" in incident.looked_for_in_vain()["flags"]
    causes = {each.slug: each.probability for each in rank(incident).causes}
    without = {each.slug: each.probability for each in rank(Incident()).causes}
    assert causes["power-brownout-coincell"] < without["power-brownout-coincell"]


def test_no_reset_reason_in_a_dump_is_no_evidence_of_a_brownout() -> None:
    autopsy = opened(UNIT)
    assert flags(autopsy) == set()
    assert "--resetreas 0" in finding(autopsy, "resetreas").text


@pytest.mark.parametrize(
    ("value", "weight", "shown"),
    [
        (0x00, Weight.RIGHT, set()),
        (0xB1, Weight.REMARK, set()),
        (0xB5, Weight.REMARK, set()),
        (0x01, Weight.FAULT, {"gpregret_stuck"}),
        (0xFF, Weight.FAULT, {"gpregret_stuck"}),
        (0xB0, Weight.FAULT, {"gpregret_stuck"}),
        (0x40, Weight.REMARK, {"gpregret_used_by_app"}),
    ],
)
def test_gpregret(value: int, weight: Weight, shown: set[str]) -> None:
    autopsy = opened(UNIT, Registers(gpregret=value))
    assert finding(autopsy, "gpregret").weight is weight
    assert flags(autopsy) == shown


def test_a_stuck_register_is_seen_in_a_unit_that_runs() -> None:
    unit = made(gallery_unit("stuck-gpregret"))
    unit.power_on(now_s=0)
    autopsy = opened(unit)
    assert rank(autopsy.incident).causes[0].slug == "gpregret-stuck"
    assert "skips" not in finding(autopsy, "gpregret").text


def test_gpregret2_that_skips_the_check() -> None:
    assert "skips the CRC" in finding(opened(UNIT, Registers(gpregret2=0xA9)), "gpregret2").text


def test_a_chip_that_somebody_names() -> None:
    dump = without(dump_unit(UNIT), 0x1000_0000, 1 << 32)
    autopsy = examine(dump, given=chip("nrf52833"))
    assert "taken for an nrf52833" in finding(autopsy, "chip-not-named").text
    assert autopsy.outcome is not None


def test_an_nrf51_is_told_as_one() -> None:
    pages = (0x400).to_bytes(4, "little") + (256).to_bytes(4, "little")
    spans = (Span(address=0x1000, data=b"\1" * 64), Span(address=0x1000_0010, data=pages))
    autopsy = examine(FlashDump(name="nrf51.hex", spans=spans))
    assert "An nRF51" in finding(autopsy, "chip-nrf51").text
    assert autopsy.incident.by_field()["chip"] == ("nrf51",)
    assert autopsy.outcome is None


def test_a_trace_comes_before_a_dump_where_both_tell() -> None:
    seen = Evidence(field="end_state", value="gone_silent", origin=Origin.TRACE)
    unit = made()
    for address in (0x7E000, 0x7F000):
        unit.board.flash.load(address, b"\xff" * 0x1000)
    both = combined(Incident(evidence=(seen,)), [opened(unit)])
    assert both.by_field()["end_state"] == ("gone_silent",)
    assert "settings_page_blank_or_bad_crc" in both.by_field()["flags"]
    assert both.contradictions() == ()


def test_a_finding_names_causes_of_the_catalogue_alone() -> None:
    with pytest.raises(ValueError, match="no causes"):
        Finding(slug="x", place=Place.MBR, weight=Weight.FAULT, text="x", causes=("nonsense",))
