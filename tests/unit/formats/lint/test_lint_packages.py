"""What init packets ask for, and finished packages: one that fires, one near miss each."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from firmline.formats.init_command import BootValidation, BootValidationType, InitCommand
from firmline.formats.keys import SigningKey
from firmline.formats.known_keys import KnownKey
from firmline.formats.lint import Slug, lint_init_packets, lint_package, packages
from firmline.formats.package import Package
from firmline.formats.package_build import PackageSpec, build_package, sign_init_command
from firmline.values import Fwid, FwVersion, ImageKind
from unit.formats.makers import image
from unit.formats.programs import program, softdevice

KEY = SigningKey.generate()
BASE = 0x26000
APP = image(program(), address=BASE)
SD = image(softdevice(), address=0x1000, name="sd.hex")  # 0x101, ends at BASE
BL = image(program(base=0x78000), address=0x78000, name="bl.hex")
NOTHING = BootValidationType.NO_VALIDATION
UART = (Fwid(0), Fwid(0x101))


def built(**changes: Any) -> Package:
    """A package of an application that is as it should be, and what is changed of it."""
    spec = PackageSpec(
        application=APP,
        hw_version=52,
        application_version=FwVersion(5),
        sd_req=(Fwid(0x101),),
        signing_key=KEY,
    )
    return build_package(replace(spec, **changes))


def system(**changes: Any) -> Package:
    """A package of SoftDevice, bootloader and application."""
    plain: dict[str, Any] = {
        "softdevice": SD,
        "bootloader": BL,
        "bootloader_version": FwVersion(3),
        "sd_id": (Fwid(0x101),),
    }
    return built(**{**plain, **changes})


def found(package: Package, **options: Any) -> list[Slug]:
    """Slugs of a finished package; those of the init packets have to be among them."""
    slugs = [finding.slug for finding in lint_package(package, **options)]
    options.pop("application_start", None)
    assert set(slugs) >= {finding.slug for finding in lint_init_packets(package, **options)}
    return slugs


def with_command(package: Package, kind: ImageKind, **changes: Any) -> Package:
    """The package with another init command for one image, signed anew."""

    def changed(command: InitCommand) -> InitCommand:
        return replace(command, **changes)

    images = [
        replace(each, init_packet=sign_init_command(changed(each.init_packet.command), KEY))
        if each.kind is kind
        else each
        for each in package.images
    ]
    return Package(images=tuple(images))


@pytest.mark.parametrize("package", [built(), system()], ids=["application", "system"])
def test_a_package_that_is_as_it_should_be(package: Package) -> None:
    assert lint_package(package) == ()
    assert lint_package(package, previous=built(application_version=FwVersion(4))) == ()


# The images of a finished package.


def test_every_program_of_a_package_is_looked_at() -> None:
    package = system()
    both, application = package.images
    blank = Package(
        images=(
            replace(both, firmware=bytes(len(both.firmware))),
            replace(application, firmware=bytes(len(application.firmware))),
        )
    )
    assert [str(finding).split(" does not ")[0] for finding in lint_package(blank)] == [
        "the SoftDevice in sd_bl.bin",
        "the bootloader in sd_bl.bin",
        "app.bin",
    ]


def test_an_image_of_an_odd_length() -> None:
    package = built()
    (image_,) = package.images
    odd = Package(images=(replace(image_, firmware=image_.firmware[:-1]),))
    (finding,) = lint_package(odd)
    assert (finding.slug, "has 2,047 bytes" in finding.message) == (Slug.ODD_LENGTH, True)


def test_an_application_that_this_unit_would_put_elsewhere() -> None:
    assert found(built(), application_start=BASE) == []
    (finding,) = lint_package(built(), application_start=0x19000)
    assert finding.slug is Slug.LINKED_ELSEWHERE
    assert finding.message.endswith("looks for it at 0x19000: this unit has it there.")


def test_an_application_for_another_chip_is_none_of_ours() -> None:
    foreign = image(b"\x01\x02\x03\x04" * 20, address=None)
    assert found(built(application=foreign, external_app=True, sd_req=(Fwid(0),))) == []
    assert found(built(application=foreign)) == [Slug.VECTOR_TABLE]


# The SoftDevice of the package itself.


def test_a_softdevice_that_its_own_package_does_not_name() -> None:
    alone: dict[str, Any] = {"application": None, "application_version": None, "softdevice": SD}
    missing = built(**alone, sd_req=(Fwid(0xB7),))
    (finding,) = lint_package(missing)
    assert finding.slug is Slug.SD_REQ_MISSES_OWN_SOFTDEVICE
    assert "0x0101 (S132 7.2.0)" in finding.message
    assert found(built(**alone, sd_req=(Fwid(0xB7), Fwid(0x101)))) == []
    assert found(built(**alone, sd_req=(Fwid(0xB7),), sd_id=(Fwid(0x101),))) == []


# Boot validation.


def test_an_application_that_is_not_checked() -> None:
    assert found(built(app_boot_validation=NOTHING)) == [Slug.NO_BOOT_VALIDATION]
    for kind in BootValidationType:
        if kind is not NOTHING:
            assert found(built(app_boot_validation=kind)) == []


def test_a_softdevice_that_is_not_checked() -> None:
    (finding,) = lint_package(system(sd_boot_validation=NOTHING))
    assert finding.slug is Slug.NO_BOOT_VALIDATION
    assert "the SoftDevice is not checked" in finding.message


def test_a_bootloader_is_never_checked_and_an_empty_list_means_a_crc() -> None:
    alone = built(application=None, application_version=None, bootloader=BL, bootloader_version=3)
    none = (BootValidation(type=NOTHING),)
    assert found(with_command(alone, ImageKind.BOOTLOADER, boot_validations=none)) == []
    assert found(with_command(built(), ImageKind.APPLICATION, boot_validations=())) == []


def test_an_unchecked_application_behind_softdevices_of_different_sizes() -> None:
    twice = system(app_boot_validation=NOTHING, sd_req=(Fwid(0x103),))
    finding = next(each for each in lint_package(twice) if each.slug is Slug.UNCHECKED_APPLICATION)
    assert "0x0103 (S112 7.2.0) at 0x19000, 0x0101 (S132 7.2.0) at 0x26000" in finding.message
    assert found(system(sd_req=(Fwid(0x103),))) == []
    same = system(app_boot_validation=NOTHING, sd_req=(Fwid(0xB7), Fwid(0x999)))
    assert found(same) == [Slug.NO_BOOT_VALIDATION]


# The SoftDevice that would be removed.


@pytest.mark.parametrize("sd_req", [(Fwid(0),), UART])
def test_an_application_that_asks_for_no_softdevice(sd_req: tuple[Fwid, ...]) -> None:
    assert found(built(sd_req=sd_req)) == [Slug.REMOVES_SOFTDEVICE]


def test_an_application_that_asks_for_nothing_at_all() -> None:
    package = with_command(built(), ImageKind.APPLICATION, sd_req=())
    assert found(package) == [Slug.REMOVES_SOFTDEVICE]


def test_an_application_that_is_made_for_no_softdevice() -> None:
    bare = image(program(base=0x1000), address=0x1000)
    assert found(built(application=bare, sd_req=(Fwid(0),))) == []
    package = built(application=bare, sd_req=(Fwid(0),))
    assert lint_init_packets(package, application_address=0x1000) == ()
    (finding,) = lint_init_packets(package, application_address=0x26000)
    assert finding.slug is Slug.REMOVES_SOFTDEVICE


def test_an_application_that_asks_for_a_softdevice_first() -> None:
    assert found(built(sd_req=(Fwid(0x101), Fwid(0)))) == []


# Versions.


@pytest.mark.parametrize(
    ("version", "relation"),
    [(5, "has version 5, the same as that of the last release"), (4, "4, below 5, that of the")],
)
def test_an_application_version_that_was_not_raised(version: int, relation: str) -> None:
    (finding,) = lint_package(built(application_version=FwVersion(version)), previous=built())
    assert finding.slug is Slug.VERSION_NOT_RAISED
    assert finding.message.startswith("the application ")
    assert relation in finding.message
    assert found(built(application_version=FwVersion(6)), previous=built()) == []


def test_a_bootloader_version_counts_wherever_the_bootloader_is() -> None:
    alone = built(application=None, application_version=None, bootloader=BL, bootloader_version=3)
    assert found(system(), previous=alone) == [Slug.VERSION_NOT_RAISED]
    assert found(system(bootloader_version=FwVersion(4)), previous=alone) == []
    raised = system(bootloader_version=FwVersion(4), application_version=FwVersion(6))
    assert found(raised, previous=system()) == []
    assert found(built(), previous=alone) == []  # the last release had no application


def test_a_softdevice_has_no_version_to_raise() -> None:
    alone = built(application=None, application_version=None, softdevice=SD)
    assert found(alone, previous=alone) == []


# Signatures and the debug flag.


def test_a_package_without_a_signature() -> None:
    assert found(built(signing_key=None)) == [Slug.NOT_SIGNED]
    assert lint_init_packets(built(signing_key=None), is_signed_later=True) == ()


@pytest.mark.parametrize("is_secret", [False, True])
def test_a_key_that_everybody_has(is_secret: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """The SDK's private half is not ours to sign with, so a key of the test stands in its row."""
    known = KnownKey(
        name="key of the test", key=KEY.public_key, is_secret=is_secret, note="", source=""
    )
    monkeypatch.setattr(packages, "known_keys", lambda: (known,))
    assert found(built()) == ([] if is_secret else [Slug.EXAMPLE_KEY])
    assert found(built(signing_key=SigningKey.generate())) == []
    assert found(built(signing_key=None)) == [Slug.NOT_SIGNED]


def test_a_debug_package() -> None:
    assert found(built(is_debug=True)) == [Slug.DEBUG_FLAG]
