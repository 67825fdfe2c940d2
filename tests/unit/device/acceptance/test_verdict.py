"""What a unit says to a package: the first check that fails, those behind it, and what follows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from firmline.device.acceptance.chip_unknown import sure_refusal, undecided
from firmline.device.acceptance.unit_terms import complete, read_terms, split_terms
from firmline.device.acceptance.verdict import Verdict, judge
from firmline.device.description import gallery_unit
from firmline.device.faults.plan import BootloaderMissing, FaultPlan, LegacyBootloader, LostPackets
from firmline.errors import Code
from firmline.events import UnitMode
from firmline.formats.init_command import BootValidation, BootValidationType
from firmline.formats.package import Package
from firmline.formats.package_build import sign_init_command
from firmline.protocol.codes import ExtError, ResultCode
from firmline.values import Fwid, FwVersion
from unit.device.acceptance.specimens import (
    KEY,
    OTHER_KEY,
    S132_6,
    S132_7,
    S140_6,
    application,
    bootloader,
    package,
    softdevice,
    unit,
)
from unit.device.makers import signing_key

ALONE: dict[str, Any] = {"application": None, "sd_req": (Fwid(0xB7),)}


def refused_by(verdict: Verdict) -> list[str]:
    """Names of the checks of the first image that say no."""
    return [check.check for check in verdict.images[0].checks if not check.ok]


def changed(**changes: Any) -> Package:
    """A signed application whose init command says something else."""
    (image,) = package().images
    command = replace(image.init_packet.command, **changes)
    return Package(images=(replace(image, init_packet=sign_init_command(command, KEY)),))


def test_a_package_that_fits_is_accepted_and_runs() -> None:
    verdict = judge(package(), unit())
    assert verdict.accepted
    assert verdict.refusal is None
    assert [check.check for check in verdict.images[0].checks] == [
        "signature",
        "type",
        "hash_type",
        "hw_version",
        "sd_req",
        "fw_version",
        "size",
        "space",
        "hash",
        "boot_validation",
    ]
    assert verdict.aftermath is not None
    assert verdict.aftermath.mode is UnitMode.APPLICATION
    assert verdict.aftermath.application_version == 4
    assert verdict.aftermath.softdevice == 0xB7


@pytest.mark.parametrize(
    ("sent", "to", "check", "result", "ext_error"),
    [
        (package(signing_key=OTHER_KEY), unit(), "signature", ResultCode.INVALID_OBJECT, None),
        (
            package(signing_key=None),
            unit(),
            "signature",
            ResultCode.EXTENDED_ERROR,
            ExtError.SIGNATURE_MISSING,
        ),
        (
            package(external_app=True),
            unit(),
            "type",
            ResultCode.EXTENDED_ERROR,
            ExtError.INIT_COMMAND_INVALID,
        ),
        (
            package(hw_version=51),
            unit(),
            "hw_version",
            ResultCode.EXTENDED_ERROR,
            ExtError.HW_VERSION_FAILURE,
        ),
        (
            package(sd_req=(Fwid(0x103),)),
            unit(),
            "sd_req",
            ResultCode.EXTENDED_ERROR,
            ExtError.SD_VERSION_FAILURE,
        ),
        (
            package(application_version=FwVersion(2)),
            unit(),
            "fw_version",
            ResultCode.EXTENDED_ERROR,
            ExtError.FW_VERSION_FAILURE,
        ),
        (
            package(application=application(300_000)),
            unit("nrf52832-256k", application_size=60_000),
            "space",
            ResultCode.INSUFFICIENT_RESOURCES,
            None,
        ),
        (
            package(**ALONE, bootloader=bootloader(0x6004)),
            unit(),
            "bootloader_size",
            ResultCode.INSUFFICIENT_RESOURCES,
            None,
        ),
        (
            package(**ALONE, softdevice=softdevice(S132_7)),
            unit(),
            "softdevice_major",
            ResultCode.INVALID_OBJECT,
            None,
        ),
        (
            package(**ALONE, softdevice=softdevice(S140_6)),
            unit(profile="sdk17.1-ble"),
            "softdevice_family",
            ResultCode.INVALID_OBJECT,
            None,
        ),
        (
            changed(
                boot_validations=(
                    BootValidation(
                        type=BootValidationType.VALIDATE_ECDSA_P256_SHA256, data=bytes(64)
                    ),
                )
            ),
            unit(),
            "boot_validation",
            ResultCode.INVALID_OBJECT,
            None,
        ),
        (
            changed(hash=bytes(32)),
            unit(),
            "hash",
            ResultCode.EXTENDED_ERROR,
            ExtError.VERIFICATION_FAILED,
        ),
        (
            changed(app_size=0),
            unit(),
            "size",
            ResultCode.EXTENDED_ERROR,
            ExtError.INIT_COMMAND_INVALID,
        ),
    ],
)
def test_the_first_check_that_says_no_is_named_with_its_codes(
    sent: Package, to: Any, check: str, result: ResultCode, ext_error: ExtError | None
) -> None:
    verdict = judge(sent, to)
    assert not verdict.accepted
    assert verdict.refusal is not None
    found = (verdict.refusal.check, verdict.refusal.result_code, verdict.refusal.ext_error)
    assert found == (check, result, ext_error)
    assert verdict.aftermath is None


def test_all_later_checks_that_say_no_are_named_too() -> None:
    sent = package(
        hw_version=51,
        sd_req=(Fwid(0x103),),
        application_version=FwVersion(1),
        application=application(400_000),
        signing_key=OTHER_KEY,
    )
    names = refused_by(judge(sent, unit()))
    assert names == ["signature", "hw_version", "sd_req", "fw_version", "space"]


def test_an_image_that_ends_within_a_word_never_passes_the_hash() -> None:
    (image,) = package(application=application(4_002)).images
    sent = Package(images=(image,))
    verdict = judge(sent, unit())
    assert refused_by(verdict) == ["hash"]
    assert "no multiple of 4" in verdict.images[0].checks[-2].why


def test_a_second_image_meets_the_unit_that_the_first_one_leaves() -> None:
    sent = package(softdevice=softdevice(S132_7), bootloader=bootloader(), sd_id=(Fwid(0x101),))
    verdict = judge(sent, unit())
    assert verdict.accepted
    assert [image.kind.value for image in verdict.images] == [
        "softdevice_bootloader",
        "application",
    ]
    second = {check.check: check.why for check in verdict.images[1].checks}
    assert "0x0101 (S132 7.2.0); the unit has 0x0101" in second["sd_req"]
    assert verdict.aftermath is not None
    assert verdict.aftermath.softdevice == 0x101
    assert verdict.aftermath.bootloader_version == 2
    assert verdict.aftermath.application_version == 4


def test_without_the_chip_a_verdict_is_what_the_chip_does_not_decide() -> None:
    sent = package(softdevice=softdevice(S132_7), bootloader=bootloader(), sd_id=(Fwid(0x101),))
    verdict = judge(sent, unit())
    assert sure_refusal(verdict) is None
    kept = undecided(verdict)
    assert kept.aftermath is None
    assert [image.assumes_installed for image in kept.images] == [False, True]
    assert [image.answer for image in kept.images] == [None, None]
    assert [image.checks for image in kept.images] == [image.checks for image in verdict.images]


def test_behind_a_refused_image_what_was_taken_before_it_is_not_forgotten() -> None:
    newer = replace(S132_6, fwid=Fwid(0xB8), version=6_002_000)
    sent = Package(
        images=(
            *package(**ALONE, softdevice=softdevice(newer)).images,
            *package(
                application=None,
                bootloader=bootloader(),
                bootloader_version=FwVersion(1),
                sd_req=(Fwid(0xB8),),
            ).images,
            *package(sd_req=(Fwid(0xB8),)).images,
        )
    )
    verdict = judge(sent, unit())
    assert [image.accepted for image in verdict.images] == [True, False, True]
    assert [image.assumes_installed for image in verdict.images] == [False, False, True]


def test_behind_a_refused_image_the_next_one_meets_the_unit_as_it_would_be() -> None:
    sent = package(
        softdevice=softdevice(S132_7),
        bootloader=bootloader(),
        bootloader_version=FwVersion(1),
        sd_id=(Fwid(0x101),),
    )
    first, second = judge(sent, unit()).images
    assert (first.accepted, first.assumes_installed) == (False, False)
    assert (second.accepted, second.assumes_installed) == (True, True)


def test_a_softdevice_of_another_major_version_takes_the_application_with_it() -> None:
    sent = package(**ALONE, softdevice=softdevice(S132_7), bootloader=bootloader())
    aftermath = judge(sent, unit()).aftermath
    assert aftermath is not None
    assert (aftermath.mode, aftermath.application_version) == (UnitMode.BOOTLOADER, None)


def test_over_uart_a_package_without_softdevice_takes_the_place_of_the_old_one() -> None:
    # As recorded from the SDK's UART bootloader in 256 kB (spec section 6).
    sent = package(
        **{**ALONE, "sd_req": (Fwid(0),)}, softdevice=softdevice(S132_6), bootloader=bootloader()
    )
    small = unit("nrf52832-256k", "sdk15.3-uart", application_size=30_000)
    verdict = judge(sent, small)
    assert verdict.accepted
    (image,) = verdict.images
    assert image.place is not None
    assert (image.place.keeps_softdevice, image.place.address) == (False, 0x1000)
    over_ble = judge(sent, unit("nrf52832-256k", application_size=30_000))
    assert over_ble.refusal is not None
    assert over_ble.refusal.check == "space"


@pytest.mark.parametrize(("size", "keeps"), [(221_184, True), (221_188, False)])
def test_whether_the_old_application_survives_is_said(size: int, keeps: bool) -> None:
    (image,) = judge(package(application=application(size)), unit()).images
    assert image.place is not None
    assert image.place.keeps_application is keeps


def test_the_unit_answers_as_an_error_with_its_code() -> None:
    (image,) = judge(package(hw_version=51), unit()).images
    assert image.answer is not None
    assert image.answer.code is Code.REFUSED_HW_VERSION


@pytest.mark.parametrize("fault", [BootloaderMissing(), LegacyBootloader()])
def test_a_unit_without_this_bootloader_accepts_nothing(fault: Any) -> None:
    verdict = judge(package(), unit(faults=FaultPlan(faults=(fault,))))
    assert not verdict.accepted
    assert verdict.refusal is not None
    assert (verdict.refusal.check, verdict.refusal.result_code) == ("bootloader", None)


def test_other_faults_and_an_empty_cell_do_not_count() -> None:
    faulty = unit(faults=FaultPlan(faults=(LostPackets(every=2),)), gpregret=0xB1, lost_buffers=16)
    assert judge(package(), faulty).accepted
    weak = gallery_unit("weak-coin-cell")
    trusted = replace(weak, public_key=KEY.public_key)
    required = () if weak.softdevice is None else (weak.softdevice.fwid,)
    assert judge(package(sd_req=required), trusted).accepted


def test_with_no_key_known_the_signer_of_the_package_is_trusted() -> None:
    terms = read_terms(split_terms("chip=nrf52832-512k,softdevice=0xB7,app-version=3"))
    sent = package(signing_key=OTHER_KEY)
    assumed = complete(terms, sent, public_key=None)
    (image,) = sent.images
    assert judge(sent, assumed.description).accepted
    assert assumed.lacks("signature", image) == "key"
    assert assumed.lacks("fw_version", image) is None
    assert assumed.lacks("hw_version", image) == "hw-version"
    assert assumed.lacks("boot_validation", image) is None


@pytest.mark.slow
@pytest.mark.parametrize("secret", range(1, 9))
@pytest.mark.parametrize(
    "changes",
    [
        {"app_boot_validation": BootValidationType.VALIDATE_ECDSA_P256_SHA256},
        {"softdevice": softdevice(S132_6), "sd_id": (Fwid(0xB7),)},
    ],
    ids=["a signature for every boot", "two init packets"],
)
def test_with_no_key_known_a_package_of_several_signatures_fits(
    secret: int, changes: dict[str, Any]
) -> None:
    # Each signature has two candidates, and one of them alone is the key of both.
    sent = package(signing_key=signing_key(secret), **changes)
    terms = read_terms(split_terms("chip=nrf52832-512k,softdevice=0xB7,hw-version=52"))
    assumed = complete(terms, sent, public_key=None)
    assert assumed.description.public_key == signing_key(secret).public_key
    verdict = judge(sent, assumed.description)
    assert verdict.accepted
    lacking = [assumed.lacks(check, sent.images[0]) for check in ("signature", "boot_validation")]
    assert lacking[0] == "key"
    assert lacking[1] == ("key" if "app_boot_validation" in changes else None)


def test_a_package_by_two_keys_is_accepted_by_no_unit() -> None:
    ours = package(softdevice=softdevice(S132_6), application=None)
    theirs = package(signing_key=OTHER_KEY)
    both = Package(images=(*ours.images, *theirs.images))
    terms = read_terms(split_terms("chip=nrf52832-512k,softdevice=0xB7,hw-version=52"))
    assert not judge(both, complete(terms, both, public_key=None).description).accepted


@pytest.mark.parametrize(("profile", "accepted"), [("sdk15.3-ble", False), ("sdk17.1-ble", True)])
def test_old_bootloaders_hold_a_new_one_against_the_signature_of_the_softdevice(
    profile: str, accepted: bool
) -> None:
    sent = package(
        **ALONE,
        softdevice=softdevice(S132_6),
        bootloader=bootloader(),
        sd_boot_validation=BootValidationType.VALIDATE_ECDSA_P256_SHA256,
    )
    verdict = judge(sent, unit(profile=profile))
    assert verdict.accepted is accepted
    if verdict.refusal is not None:
        assert verdict.refusal.check == "boot_validation"
        assert "with the SoftDevice's signature" in verdict.refusal.why


def test_every_image_of_a_package_has_a_verdict() -> None:
    sent = package(softdevice=softdevice(S132_6), sd_id=(Fwid(0xB7),))
    judged = judge(sent, unit()).images
    assert [image.kind for image in judged] == [image.kind for image in sent.images]
