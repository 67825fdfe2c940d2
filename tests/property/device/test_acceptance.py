"""Whatever package meets whatever unit: the unit answers what its checks foretell.

:func:`judge` sends every image to the virtual unit and raises where the answer is another one, so
these tests need no oracle of their own.
"""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from firmline.device.acceptance.verdict import judge
from firmline.device.chips import chip
from firmline.device.description import UnitDescription
from firmline.device.profile import PROFILES, MemoryMap
from firmline.formats.init_command import BootValidation, BootValidationType, InitCommand
from firmline.formats.keys import SigningKey
from firmline.formats.package import Package, PackageImage
from firmline.formats.package_build import PackageSpec, build_package, sign_init_command
from firmline.values import Fwid, FwVersion
from unit.device.acceptance.specimens import (
    KEY,
    OTHER_KEY,
    S132_6,
    S132_7,
    S140_6,
    application,
    bootloader,
    firmware,
    softdevice,
    unit,
)

VERSIONS = st.integers(0, 4).map(FwVersion)
FWIDS = st.lists(st.sampled_from([Fwid(0), Fwid(0xB7), Fwid(0x101), Fwid(0x103)]), max_size=4)
SOFTDEVICES = st.sampled_from(
    [
        softdevice(S132_6, 0x8000),
        softdevice(S132_7, 0x24000),
        softdevice(S140_6, 0x9000),
        softdevice(replace(S132_6, size_word=0x4000), 0x8000),
        firmware(bytes(0x3000)),
    ]
)
APPLICATION_SIZES = st.sampled_from([4, 50_000, 50_002, 62_000, 190_000])
BOOTLOADER_SIZES = st.sampled_from([0x5000, 0x6004])
KEYS = st.sampled_from([KEY, KEY, KEY, OTHER_KEY, None])


@st.composite
def units(draw: st.DrawFn) -> UnitDescription:
    """Units of several chips and builds."""
    row = chip(draw(st.sampled_from(["nrf52832-512k", "nrf52832-256k", "nrf52840"])))
    names = [name for name, profile in PROFILES.items() if row.has_usb or not profile.needs_usb]
    profile = PROFILES[draw(st.sampled_from(names))]
    choices = [S132_6, S132_7] if profile.is_ble else [S132_6, S132_7, None]
    installed = draw(st.sampled_from(choices))
    end = MemoryMap.of(row, profile).region_end
    room = end - (installed.size_word if installed is not None else 0x1000)
    size = draw(st.sampled_from([0, 4, 30_000, room // 2 // 4 * 4, room]))
    return unit(
        row.name,
        profile.name,
        softdevice=installed,
        application_size=size,
        application_version=draw(VERSIONS),
        bootloader_version=draw(VERSIONS),
    )


@st.composite
def packages(draw: st.DrawFn) -> Package:
    """Packages of all shapes, some of which contradict themselves."""
    shape = draw(st.sampled_from(["a", "s", "b", "sb", "sa", "sba"]))
    key = draw(KEYS)
    whole = PackageSpec(
        application_version=draw(st.none() | VERSIONS),
        bootloader_version=draw(st.none() | VERSIONS),
        hw_version=draw(st.sampled_from([52, 52, 52, 51, None])),
        sd_req=tuple(draw(FWIDS)),
        external_app=False,
        is_debug=draw(st.booleans()),
        signing_key=key,
    )
    specs = []
    if "s" in shape or "b" in shape:
        specs.append(
            replace(
                whole,
                application_version=None,
                softdevice=draw(SOFTDEVICES) if "s" in shape else None,
                bootloader=bootloader(draw(BOOTLOADER_SIZES)) if "b" in shape else None,
            )
        )
    if "a" in shape:
        specs.append(
            replace(
                whole,
                bootloader_version=None,
                application=application(draw(APPLICATION_SIZES)),
                sd_req=tuple(draw(FWIDS)),
                external_app=draw(st.sampled_from([False, False, False, True])),
            )
        )
    # One by one: together, pkg generate would refuse what contradicts itself.
    images = [image for spec in specs for image in build_package(spec).images]
    return Package(images=tuple(draw(tampered(image, key)) for image in images))


@st.composite
def tampered(draw: st.DrawFn, image: PackageImage, key: SigningKey | None) -> PackageImage:
    """An image as it is, or signed once more with something else in its init command."""
    command = image.init_packet.command
    kind = draw(st.sampled_from([*[None] * 5, "hash", "validation", "ecdsa"]))
    changes: dict[str, InitCommand] = {
        "hash": replace(command, hash=bytes(32)),
        "validation": replace(
            command,
            boot_validations=(
                BootValidation(type=draw(st.sampled_from(list(BootValidationType))), data=b""),
            ),
        ),
        "ecdsa": replace(
            command,
            boot_validations=(
                BootValidation(
                    type=BootValidationType.VALIDATE_ECDSA_P256_SHA256,
                    data=KEY.sign(image.firmware),
                ),
            ),
        ),
    }
    if kind is None:
        return image
    return replace(image, init_packet=sign_init_command(changes[kind], key))


@given(packages(), units())
def test_the_unit_answers_what_its_checks_foretell(
    package: Package, described: UnitDescription
) -> None:
    verdict = judge(package, described)
    assert len(verdict.images) == len(package.images)
    assert (verdict.aftermath is not None) is verdict.accepted
    for image in verdict.images:
        assert (image.answer is None) is image.accepted
        if image.accepted:
            assert image.place is not None
