"""Facts from what was read: names, values, how; and what is missing, with the reason."""

from __future__ import annotations

import pytest

from firmline.cli.facts_text import LABELS
from firmline.events import FactFound
from firmline.formats.probes import ProbeCatalogue
from firmline.formats.probes_versions import VersionLimits, VersionRange
from firmline.links.base import RemoteVersion
from firmline.links.gatt import LEGACY_DFU_SERVICE, SMP_SERVICE
from firmline.protocol.answers import FirmwareVersion, HardwareVersion
from firmline.protocol.channels import Channel
from firmline.protocol.codes import ImageType
from firmline.protocol.probing import Findings, SoftDeviceFound
from firmline.protocol.reading import HeldObjects, ToldVersions
from firmline.updater.inspection.facts import (
    WANTED,
    facts_of_application,
    facts_of_findings,
    facts_of_information,
    facts_of_progress,
    facts_of_radio,
    facts_of_versions,
    known_chip,
    what_is_missing,
)
from firmline.values import Fwid

CATALOGUE = ProbeCatalogue(
    hw_versions=(51, 52),
    softdevices=(Fwid(0xB7),),
    app_limits=VersionLimits.every(),
    bootloader_limits=VersionLimits.every(),
)
Plain = list[tuple[str, str, str]]


def plain(facts: object) -> Plain:
    """Facts as three strings each."""
    found = list(facts)  # type: ignore[call-overload]
    assert all(isinstance(fact, FactFound) for fact in found)
    assert {fact.fact for fact in found} <= set(LABELS), "every fact has its line in the report"
    return [(fact.fact, fact.value, fact.how.value) for fact in found]


def hardware(**changes: int) -> HardwareVersion:
    usual = {
        "part": 0x52832,
        "variant": 0x41414530,
        "flash_size": 0x80000,
        "ram_size": 0x10000,
        "page_size": 0x1000,
    }
    return HardwareVersion(**{**usual, **changes})


def test_a_nordic_radio_says_the_fwid() -> None:
    radio = RemoteVersion(version=9, company=0x0059, subversion=0x00B7)
    assert plain(facts_of_radio(radio)) == [("softdevice_fwid", "0x00B7", "remote_version")]


def test_another_radio_says_nothing_of_a_softdevice() -> None:
    radio = RemoteVersion(version=9, company=0x000F, subversion=0x00B7)
    assert plain(facts_of_radio(radio)) == [("radio_company", "0x000F", "remote_version")]


@pytest.mark.parametrize(
    ("channels", "services", "service"),
    [
        ({Channel.BUTTONLESS}, {"FE59", LEGACY_DFU_SERVICE}, "buttonless"),
        (set(), {LEGACY_DFU_SERVICE}, "legacy"),
        (set(), {SMP_SERVICE}, "smp"),
        (set(), {"180A"}, "none"),
        (set(), set(), "none"),
    ],
)
def test_the_update_service_of_an_application(
    channels: set[Channel], services: set[str], service: str
) -> None:
    facts = facts_of_application(frozenset(services), frozenset(channels))
    assert plain(facts) == [
        ("mode", "application", "services"),
        ("dfu_service", service, "services"),
    ]


def test_what_an_application_says_of_itself_is_taken_word_for_word() -> None:
    information = {"firmware_revision": "1.2", "serial_number": "FL-1"}
    assert plain(facts_of_information(information)) == [
        ("firmware_revision", "1.2", "dis"),
        ("serial_number", "FL-1", "dis"),
    ]


def test_progress_is_told_in_bytes() -> None:
    assert plain(facts_of_progress(HeldObjects(init_packet=141, image=0))) == [
        ("init_packet_held", "141", "query"),
        ("image_held", "0", "query"),
    ]


def test_a_talkative_bootloader_tells_all_of_this() -> None:
    images = (
        FirmwareVersion(image_type=ImageType.BOOTLOADER, version=1, address=0x78000, size=0x6000),
        FirmwareVersion(
            image_type=ImageType.SOFTDEVICE, version=6_001_001, address=0x1000, size=0x26000
        ),
        FirmwareVersion(image_type=ImageType.APPLICATION, version=3, address=0x26000, size=400),
    )
    facts = plain(facts_of_versions(ToldVersions(hardware=hardware(), images=images)))
    assert {how for _, _, how in facts} == {"query"}
    assert [(name, value) for name, value, _ in facts] == [
        ("chip", "nrf52832-512k"),
        ("chip_part", "0x52832"),
        ("chip_variant", "AAE0"),
        ("flash_size", "524288"),
        ("ram_size", "65536"),
        ("bootloader_version", "1"),
        ("bootloader_start", "0x78000"),
        ("softdevice_version", "6.1.1"),
        ("softdevice_end", "0x26000"),
        ("app_version", "3"),
        ("app_size", "400"),
    ]


def test_a_bootloader_that_lists_neither_softdevice_nor_application_has_neither() -> None:
    bootloader = FirmwareVersion(
        image_type=ImageType.BOOTLOADER, version=1, address=0x78000, size=0x6000
    )
    facts = plain(facts_of_versions(ToldVersions(hardware=None, images=(bootloader,))))
    assert ("softdevice_fwid", "none", "query") in facts
    assert ("app_size", "0", "query") in facts


def test_a_bootloader_that_says_nothing_tells_nothing() -> None:
    assert plain(facts_of_versions(ToldVersions(hardware=None, images=()))) == []


def test_a_chip_that_is_not_in_the_table_has_numbers_and_no_name() -> None:
    odd = hardware(part=0x99999, variant=0x00FF0001)
    found = plain(facts_of_versions(ToldVersions(hardware=odd, images=())))
    facts = {name: value for name, value, _ in found}
    assert "chip" not in facts
    assert facts["chip_part"] == "0x99999"
    assert facts["chip_variant"] == "0x00FF0001"


@pytest.mark.parametrize(
    ("part", "flash_size", "ram_size", "name"),
    [
        (0x52832, 0x80000, 0x10000, "nrf52832-512k"),
        (0x52832, 0x40000, 0x8000, "nrf52832-256k"),
        (0x52840, 0x100000, 0x40000, "nrf52840"),
        (0x52810, 0x30000, 0x6000, "nrf52810"),
        (0x52832, 0x30000, 0x6000, None),
    ],
)
def test_a_chip_is_known_by_part_and_sizes(
    part: int, flash_size: int, ram_size: int, name: str | None
) -> None:
    row = known_chip(hardware(part=part, flash_size=flash_size, ram_size=ram_size))
    assert (row.name if row else None) == name


def test_findings_become_facts_as_far_as_they_go() -> None:
    assert plain(facts_of_findings(Findings())) == []
    assert plain(facts_of_findings(Findings(key_ok=False))) == [("key_ok", "no", "probe")]
    whole = Findings(
        key_ok=True,
        hw_version=52,
        softdevice=SoftDeviceFound(is_present=True, fwid=Fwid(0xB7)),
        app_version=VersionRange(first=64, last=127),
        bootloader_version=VersionRange(first=1, last=1),
    )
    assert [(name, value) for name, value, _ in plain(facts_of_findings(whole))] == [
        ("key_ok", "yes"),
        ("hw_version", "52"),
        ("app_version", "64 to 127"),
        ("softdevice_fwid", "0x00B7"),
        ("bootloader_version", "1"),
    ]


def test_no_softdevice_is_a_fact_and_an_unknown_one_is_none() -> None:
    absent = Findings(softdevice=SoftDeviceFound(is_present=False))
    assert plain(facts_of_findings(absent)) == [("softdevice_fwid", "none", "probe")]
    unknown = Findings(softdevice=SoftDeviceFound(is_present=True))
    assert plain(facts_of_findings(unknown)) == []


def missing(
    *names: str, in_bootloader: bool = True, probes: bool = True, findings: Findings | None = None
) -> dict[str, str]:
    """What is missing of a unit of which ``names`` are known, and why."""
    known = list(facts_of_information(dict.fromkeys(names, "1")))
    found = what_is_missing(
        known,
        in_bootloader=in_bootloader,
        catalogue=CATALOGUE if probes else None,
        findings=findings or Findings(),
    )
    return {one.fact: one.why for one in found}


def test_what_is_known_is_not_missing() -> None:
    assert missing(*WANTED) == {}
    assert list(missing(*WANTED[1:])) == ["chip"]


def test_without_probes_they_are_asked_for() -> None:
    why = missing(in_bootloader=False, probes=False)
    assert list(why) == list(WANTED)
    assert all("--probes" in text for text in why.values())


def test_every_reason_is_a_sentence_of_its_own() -> None:
    trusted = Findings(key_ok=True)
    unknown = Findings(
        key_ok=True, hw_version=52, softdevice=SoftDeviceFound(is_present=True, fwid=None)
    )
    assert "reduced protocol" in missing()["chip"]
    assert "does not trust the key" in missing(findings=Findings(key_ok=False))["app_version"]
    assert missing(findings=trusted)["hw_version"].endswith("asked for (51, 52).")
    assert "hides the rest" in missing(findings=trusted)["bootloader_version"]
    assert "none of the 1" in missing(findings=unknown)["softdevice_fwid"]
    assert missing(findings=unknown)["bootloader_version"] == "The search of probes ended before."
