"""``firmline pkg check --to``: a package before a unit that is read, not described."""

from __future__ import annotations

from pathlib import Path

import pytest

from firmline.errors import Code, ExitCode
from unit.cli.makers import KEY, package, probe_pack
from unit.cli.program import Program, assert_failed

TRUSTING = "sim:ble-reference?key=public.pem"
CHECK = ("pkg", "check", "dfu.zip", "--to")
CHIP = ("--for", "chip=nrf52832-512k")
WITH_PROBES = ("--probes", "probes.zip")


@pytest.fixture(autouse=True)
def files(folder: Path) -> None:
    """A package of application 5 for hardware 52 and S112 7.2.0, and probes by the same key."""
    for name in ("dfu.zip", "old.zip"):
        (folder / name).write_bytes(package())
    (folder / "public.pem").write_bytes(KEY.public_key.format_pem())
    (folder / "private.key").write_bytes(KEY.format_pem())
    (folder / "probes.zip").write_bytes(probe_pack())


def test_what_the_radio_says_is_enough_to_refuse(firmline: Program) -> None:
    ran = firmline(*CHECK, "sim:other-softdevice", *CHIP, "--json")
    assert ran.code == ExitCode.REFUSED
    assert (ran.result["result_code"], ran.result["ext_error"]) == (0x0B, 0x07)
    assert {"fact": "softdevice_fwid", "value": "0x00B7", "how": "remote_version"} in ran.result[
        "facts"
    ]


def test_what_was_not_read_counts_as_unknown(firmline: Program) -> None:
    result = firmline(*CHECK, TRUSTING, *CHIP, "--json").result
    assert result["accepted"] is True
    assert {one["check"] for one in result["not_checked"]} == {
        "signature",
        "hw_version",
        "fw_version",
    }
    ran = firmline(*CHECK, TRUSTING, *CHIP)
    assert "read from the unit:\n  mode" in ran.out
    assert "not known: app-version, hw-version, key." in ran.out


@pytest.mark.slow
def test_with_probes_every_check_is_answered(firmline: Program) -> None:
    ran = firmline(*CHECK, TRUSTING, *CHIP, *WITH_PROBES, "--json")
    assert ran.code == 0
    assert (ran.result["accepted"], ran.result["not_checked"]) == (True, [])
    assert [check["ok"] for check in ran.result["checks"]] == [True] * len(ran.result["checks"])
    with_key = firmline(*CHECK, TRUSTING, *CHIP, "--key-file", "private.key", "--json").result
    assert with_key["not_checked"] == []


def test_a_key_that_the_unit_does_not_trust_refuses_a_package_signed_with_it(
    firmline: Program,
) -> None:
    ran = firmline(*CHECK, "sim:ble-reference", *CHIP, *WITH_PROBES, "--json")
    assert ran.code == ExitCode.REFUSED
    assert ran.result["result_code"] == 5


def test_without_the_chip_nobody_can_tell_and_what_was_checked_is_listed(
    firmline: Program,
) -> None:
    ran = firmline(*CHECK, TRUSTING, *WITH_PROBES)
    assert ran.code == ExitCode.INPUT
    assert "unit: chip not known" in ran.out
    assert "application: not known" in ran.out
    assert "  ok   sd_req" in ran.out
    assert "  ok   signature" in ran.out
    assert "  NO " not in ran.out
    assert "  ?    space             Not checked: add chip= to --for" in ran.out
    assert ran.out.endswith("Neither accepted nor refused; not known: chip.\n")
    assert "nrf52840" not in ran.out  # nothing of what stands in for the chip
    assert "what is known lets the package pass" in ran.err
    assert "Add --for chip=" in ran.err
    assert "--enter" not in ran.err  # a bootloader for Bluetooth LE does not say it, either


def test_so_it_is_for_programs(firmline: Program) -> None:
    ran = firmline(*CHECK, TRUSTING, "--json")
    assert ran.code == ExitCode.INPUT
    result = ran.result
    assert (result["accepted"], result["code"]) == (None, Code.OPTION_MISSING)
    assert (result["result_code"], result["ext_error"]) == (None, None)
    assert "Add --for chip=" in result["next"]
    assert {check["check"] for check in result["checks"]} >= {"sd_req", "type"}
    assert all(check["ok"] for check in result["checks"])
    missing = {one["check"]: one["missing"] for one in result["not_checked"]}
    assert {check for check, term in missing.items() if term == "chip"} == {
        *("size", "space", "hash", "boot_validation")
    }
    assert missing["signature"] == "key"
    assert (result["images"], result["afterwards"]) == ([], None)


@pytest.mark.slow
@pytest.mark.parametrize("asked", [(), ("--enter",), ("--key-file", "private.key")])
def test_a_package_for_another_softdevice_is_refused_whatever_the_chip_is(
    firmline: Program, asked: tuple[str, ...]
) -> None:
    unit = "sim:other-softdevice?key=public.pem"
    ran = firmline(*CHECK, unit, *asked)
    assert ran.code == ExitCode.REFUSED, ran.err
    assert "Not accepted: the application fails at sd_req [DFU-UNIT-107]." in ran.out
    assert "unit: chip not known" in ran.out
    assert "Not checked: add chip= to --for" in ran.out
    assert "what this unit can ever take" not in ran.out
    assert "nrf52840" not in ran.out  # nothing of what stands in for the chip
    result = firmline(*CHECK, unit, *asked, "--json").result
    assert (result["accepted"], result["code"]) == (False, Code.REFUSED_SOFTDEVICE)
    assert [check["check"] for check in result["checks"] if not check["ok"]] == ["sd_req"]
    assert (result["images"], result["assumed"], result["afterwards"]) == ([], [], None)
    without_chip = {one["check"] for one in result["not_checked"] if one["missing"] == "chip"}
    assert without_chip == {"size", "space", "hash", "boot_validation"}


def test_a_key_that_is_not_trusted_refuses_whatever_the_chip_is(firmline: Program) -> None:
    ran = firmline(*CHECK, "sim:ble-reference", *WITH_PROBES, "--json")
    assert (ran.code, ran.result["result_code"]) == (ExitCode.REFUSED, 5)


def test_no_picture_is_drawn_of_a_chip_that_nobody_knows(firmline: Program, folder: Path) -> None:
    ran = firmline(*CHECK, "sim:other-softdevice", "--svg", "map.svg")
    assert_failed(ran, Code.OPTION_MISSING)
    assert not (folder / "map.svg").exists()


PLUGGED = "sim:nrf52840-usb?key=private.key"


def test_the_bootloader_of_a_unit_on_usb_completes_what_is_known(firmline: Program) -> None:
    ran = firmline(*CHECK, PLUGGED, "--key-file", "private.key", "--json")
    assert ("chip", "nrf52840") in {(fact["fact"], fact["value"]) for fact in ran.result["facts"]}
    # The package is for another SoftDevice than this unit has.
    refused = [check["check"] for check in ran.result["checks"] if check["ok"] is False]
    assert (ran.code, refused) == (ExitCode.REFUSED, ["sd_req"])
    assert any("sdk15.3-usb" in text for text in ran.result["assumed"])


def test_the_version_that_a_bootloader_tells_is_its_softdevice(firmline: Program) -> None:
    ran = firmline(*CHECK, PLUGGED, "--enter", "--json")
    assert (ran.code, ran.result["code"]) == (ExitCode.REFUSED, Code.REFUSED_SOFTDEVICE)
    assert any("its SoftDevice is 0x0100 (S140 7.2.0)" in each for each in ran.result["assumed"])
    ran = firmline(*CHECK, PLUGGED, "--enter", "--for", "softdevice=0x0100", "--json")
    assert ran.code == ExitCode.REFUSED
    assert not any("its SoftDevice is" in each for each in ran.result["assumed"])


def test_an_application_on_usb_alone_tells_too_little(firmline: Program) -> None:
    ran = firmline(*CHECK, PLUGGED)
    assert_failed(ran, Code.OPTION_MISSING)
    assert "--enter" in ran.err


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--for", "chip=nrf52832-512k,softdevice=s132-6.1.1"), Code.OPTION_CONFLICT),
        (("--for", "chip=nrf52832-512k,hw-version=51", *WITH_PROBES), Code.OPTION_CONFLICT),
        (("--for", "chips=nrf52832-512k"), Code.USAGE),
        (("--unit", "ble-reference"), Code.OPTION_CONFLICT),
        ((*CHIP, *WITH_PROBES, "--key-file", "private.key"), Code.OPTION_CONFLICT),
        ((*CHIP, "--stay"), Code.OPTION_CONFLICT),
        ((*CHIP, "--trace", "dfu.zip"), Code.OPTION_CONFLICT),
        ((*CHIP, "--trace", "old.zip", "--previous", "old.zip"), Code.OPTION_CONFLICT),
        ((*CHIP, *WITH_PROBES, "--trace", "probes.zip"), Code.OPTION_CONFLICT),
    ],
)
def test_what_does_not_go_together_is_refused(
    firmline: Program, words: tuple[str, ...], code: Code
) -> None:
    assert_failed(firmline(*CHECK, TRUSTING, *words), code)


@pytest.mark.parametrize(
    "words",
    [
        *(WITH_PROBES, ("--key-file", "private.key"), ("--enter",), ("--stay",)),
        ("--trace", "x.jsonl"),
    ],
)
def test_nothing_is_read_without_a_target(
    firmline: Program, folder: Path, words: tuple[str, ...]
) -> None:
    assert_failed(firmline("pkg", "check", "dfu.zip", *words), Code.OPTION_CONFLICT)
    assert not (folder / "x.jsonl").exists()


def test_a_unit_that_cannot_be_read_is_no_verdict(firmline: Program) -> None:
    ran = firmline(*CHECK, "sim:no-bootloader", *CHIP, *WITH_PROBES)
    assert_failed(ran, Code.UNIT_STAYED_IN_APPLICATION, ExitCode.LINK)
    assert "Accepted" not in ran.out
