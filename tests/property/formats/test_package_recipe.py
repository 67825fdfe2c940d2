"""The recovered command makes the very package it was recovered from, or there is none."""

from __future__ import annotations

import shlex
from dataclasses import replace
from datetime import datetime
from typing import Any

import click
from hypothesis import given
from hypothesis import strategies as st

from firmline.cli.generate_options import Options, check_options
from firmline.cli.lint_options import take_lint
from firmline.cli.pkg_generate import generate
from firmline.cli.zigbee_options import take_zigbee
from firmline.errors import InputError
from firmline.formats.firmware import FirmwareImage, parse_firmware
from firmline.formats.init_command import BootValidation, BootValidationType
from firmline.formats.inner_package import inner_package
from firmline.formats.keys import SigningKey
from firmline.formats.package import Package, PackageImage, read_package, write_package
from firmline.formats.package_build import PackageSpec, build_package, sign_init_command
from firmline.formats.package_recipe import find_recipe, generate_command
from firmline.formats.zigbee_package import ZigbeeSpec, build_zigbee_package
from firmline.values import U32_MAX, Fwid, FwVersion, ImageKind
from unit.formats.makers import softdevice_image

KEY = SigningKey.generate()
U32 = st.integers(0, U32_MAX)
VERSIONS = st.none() | st.builds(FwVersion, U32)
FWIDS = st.lists(
    st.sampled_from([0, 0x101, 0x103, 0xFFFE]).map(Fwid), min_size=1, max_size=4, unique=True
).map(tuple)
VALIDATIONS = st.sampled_from(BootValidationType)
NAMES = st.sampled_from(["app.hex", "a.b.bin", "softdevice.bin", "bootloader", "-x.hex", "a b.hex"])


def programs() -> st.SearchStrategy[FirmwareImage]:
    """Plain bytes that begin as no other kind of file does."""
    data = st.binary(max_size=15).map(lambda some: (b"\x00" + some).ljust(16, b"\xff"))
    return st.builds(FirmwareImage, data=data, address=st.none(), source_name=NAMES)


SPECS = st.builds(
    PackageSpec,
    application=st.none() | programs(),
    softdevice=st.sampled_from([None, softdevice_image(), softdevice_image(fwid=0x103)]),
    bootloader=st.none() | programs(),
    hw_version=st.none() | U32,
    application_version=VERSIONS,
    bootloader_version=VERSIONS,
    sd_req=FWIDS,
    sd_id=FWIDS,
    app_boot_validation=VALIDATIONS,
    sd_boot_validation=VALIDATIONS,
    is_debug=st.booleans(),
    external_app=st.booleans(),
    signing_key=st.none() | st.just(KEY),
)
ZIGBEES = st.builds(
    ZigbeeSpec,
    ota_hw_version=U32,
    ota_fw_version=st.builds(FwVersion, U32),
    manufacturer=st.integers(0, 0xFFFF),
    image_type=st.integers(0, 0xFFFF),
    comment=st.sampled_from(["", "good", "two words", "-x"]),
    hw_versions=st.none() | st.tuples(st.integers(0, 0xFFFF), st.integers(0, 0xFFFF)),
)


PLAIN = PackageSpec(
    application=FirmwareImage(data=bytes(16), address=None, source_name="app.hex"),
    application_version=FwVersion(5),
    hw_version=52,
    sd_req=(Fwid(0x101),),
    signing_key=KEY,
)


@st.composite
def packages(draw: st.DrawFn) -> Package:
    """Packages that can be built; some of them changed afterwards, as others may make them."""
    spec, zigbee = draw(SPECS), draw(st.none() | ZIGBEES)
    try:
        if zigbee is not None:
            return build_zigbee_package(spec, zigbee)[0]
        package = build_package(spec)
    except InputError:
        package = build_package(replace(PLAIN, is_debug=spec.is_debug))
    return _changed(package, draw) if draw(st.booleans()) else package


def _changed(package: Package, draw: st.DrawFn) -> Package:
    images = list(package.images)
    index = draw(st.integers(0, len(images) - 1))
    image = images[index]
    command = image.init_packet.command
    changes: dict[str, Any] = draw(
        st.fixed_dictionaries(
            {},
            optional={
                "hw_version": st.none() | U32,
                "fw_version": st.none() | U32,
                "is_debug": st.booleans(),
                "sd_req": FWIDS | st.just(()),
                "boot_validations": st.just(())
                | VALIDATIONS.map(lambda k: (BootValidation(type=k),)),
            },
        )
    )
    packet = sign_init_command(replace(command, **changes), draw(st.none() | st.just(KEY)))
    images[index] = replace(image, init_packet=packet)
    return Package(images=tuple(images))


def files_of(package: Package) -> dict[str, bytes]:
    """The files that the command names, made of the package's own bytes."""
    recipe = find_recipe(package)
    assert recipe is not None
    inner = inner_package(package)
    parts = {
        part.kind: part.data
        for image in (package if inner is None else inner.package).images
        for part in image.boot_parts
    }
    spec = recipe.spec
    named = {
        ImageKind.APPLICATION: spec.application,
        ImageKind.SOFTDEVICE: spec.softdevice,
        ImageKind.BOOTLOADER: spec.bootloader,
    }
    return {image.source_name: parts[kind] for kind, image in named.items() if image is not None}


def run(command: str, files: dict[str, bytes], key: SigningKey | None) -> Package:
    """The package that the command line makes of these files, without any file on disk."""
    *_, zip_name = words = shlex.split(command)
    context = click.Context(generate, help_option_names=["-h", "--help"])  # as the program has it
    generate.parse_args(context, words[3:])
    options = dict(context.params)
    assert str(options.pop("zipfile")) == zip_name
    assert isinstance(options.pop("timestamp"), datetime)
    zigbee = take_zigbee(options)
    take_lint(options)
    chosen = Options(**options)
    check_options(chosen)

    def image(kind: ImageKind) -> FirmwareImage | None:
        path = options[kind.value]
        return None if path is None else parse_firmware(files[path.name], name=path.name, kind=kind)

    assert (chosen.key_file is None) == (key is None)
    spec = PackageSpec(
        application=image(ImageKind.APPLICATION),
        softdevice=image(ImageKind.SOFTDEVICE),
        bootloader=image(ImageKind.BOOTLOADER),
        hw_version=chosen.hw_version,
        application_version=chosen.version,
        bootloader_version=chosen.bootloader_version,
        sd_req=chosen.sd_req or (),
        sd_id=chosen.sd_id or (),
        app_boot_validation=BootValidationType[chosen.app_boot_validation],
        sd_boot_validation=BootValidationType[chosen.sd_boot_validation],
        is_debug=chosen.debug_mode,
        external_app=chosen.external_app,
        signing_key=key,
    )
    return build_package(spec) if zigbee is None else build_zigbee_package(spec, zigbee)[0]


def what_counts(images: tuple[PackageImage, ...]) -> list[tuple[ImageKind, bytes, bytes]]:
    return [(image.kind, image.firmware, image.init_packet.encoded) for image in images]


@given(packages())
def test_the_command_makes_the_same_package(package: Package) -> None:
    command = generate_command(package, "dfu.zip")
    if command is None:
        return
    key = KEY if package.images[0].init_packet.signature is not None else None
    made = run(command, files_of(package), key)
    assert what_counts(made.images) == what_counts(package.images)


@given(SPECS, st.none() | ZIGBEES)
def test_what_the_command_line_can_make_has_a_command(
    spec: PackageSpec, zigbee: ZigbeeSpec | None
) -> None:
    try:
        package = build_package(spec) if zigbee is None else build_zigbee_package(spec, zigbee)[0]
    except InputError:
        return
    complete = spec.is_debug or None not in (
        spec.hw_version,
        spec.application_version if spec.application else 0,
        spec.bootloader_version if spec.bootloader else 0,
    )
    is_range = (
        zigbee is None
        or zigbee.hw_versions is None
        or zigbee.hw_versions == tuple(sorted(zigbee.hw_versions))
    )
    read = read_package(write_package(package), name="p")
    assert (generate_command(read, "dfu.zip") is not None) == (complete and is_range)
