"""The Zigbee options of ``firmline pkg generate``, as nrfutil has them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from firmline.cli.files import file_to_be, keep_apart, keep_outputs_apart
from firmline.cli.numbers import Number, Version
from firmline.cli.parameters import KeySource, OrNone, YesNo, required
from firmline.cli.style import printable
from firmline.errors import Code, InputError
from firmline.values import FwVersion

if TYPE_CHECKING:
    from firmline.formats.package import Package
    from firmline.formats.package_build import PackageSpec
    from firmline.formats.zigbee_ota import ZigbeeOta
    from firmline.formats.zigbee_package import ZigbeeSpec

MAX_ID: Final = 0xFFFF
_C = TypeVar("_C", bound=Callable[..., object])

_OPTIONS = (
    click.option(
        "--zigbee",
        type=YesNo(),
        metavar="BOOLEAN",
        default=False,
        help="Make a package for a Zigbee DFU server, and the .zigbee file in it beside ZIP.",
    ),
    click.option(
        "--zigbee-manufacturer-id",
        type=Number(MAX_ID),
        help="Manufacturer code in the Zigbee OTA header.",
    ),
    click.option("--zigbee-image-type", type=Number(MAX_ID), help="Image type in that header."),
    click.option(
        "--zigbee-comment",
        metavar="TEXT",
        help="Text in that header and in the .zigbee file's name; up to 30 characters.",
    ),
    click.option(
        "--zigbee-ota-hw-version", type=OrNone(Number()), help="Hardware version of the DFU server."
    ),
    click.option(
        "--zigbee-ota-fw-version",
        type=OrNone(Version()),
        help="Version of the package for the server.",
    ),
    click.option(
        "--zigbee-ota-min-hw-version",
        type=OrNone(Number(MAX_ID)),
        help="Lowest hardware version of the devices that may take the .zigbee file.",
    ),
    click.option(
        "--zigbee-ota-max-hw-version",
        type=OrNone(Number(MAX_ID)),
        help="Highest hardware version of the devices that may take it.",
    ),
)


def zigbee_options(command: _C) -> _C:
    """Add the options to a command."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def take_zigbee(options: dict[str, Any]) -> ZigbeeSpec | None:
    """Take the Zigbee options out of a command's; None where no Zigbee package is wanted.

    Raises:
        InputError: ``OPTION_MISSING``, ``OPTION_CONFLICT`` or ``ZIGBEE_COMMENT``.
    """
    wanted = options.pop("zigbee")
    given = {name: options.pop(name) for name in tuple(options) if name.startswith("zigbee_")}
    if not wanted:
        for name, value in given.items():
            if value is not None:
                option = "--" + name.replace("_", "-")
                raise InputError(
                    Code.OPTION_CONFLICT,
                    f"{option} means nothing without --zigbee True.",
                    hint=f"Add --zigbee True, or leave out {option}.",
                )
        return None
    if options["unsigned_request"] is not None:
        raise InputError(
            Code.OPTION_CONFLICT,
            "--unsigned-request does not go with --zigbee: the package in the Zigbee file and the"
            " one around it are signed one after the other.",
            hint="Sign a Zigbee package with --key-file, a file or a token.",
        )
    if given["zigbee_ota_hw_version"] is None:
        raise required("--zigbee-ota-hw-version", "the unit that serves the file compares it")
    from firmline.formats.zigbee_ota import (  # noqa: PLC0415 - few packages are for Zigbee
        ANY_IMAGE_TYPE,
        ANY_MANUFACTURER,
        check_comment,
    )
    from firmline.formats.zigbee_package import ZigbeeSpec  # noqa: PLC0415

    comment = given["zigbee_comment"] or ""
    check_comment(comment)
    return ZigbeeSpec(
        ota_hw_version=given["zigbee_ota_hw_version"],
        ota_fw_version=given["zigbee_ota_fw_version"] or FwVersion(0),
        manufacturer=_or(given["zigbee_manufacturer_id"], ANY_MANUFACTURER),
        image_type=_or(given["zigbee_image_type"], ANY_IMAGE_TYPE),
        comment=comment,
        hw_versions=_range(given["zigbee_ota_min_hw_version"], given["zigbee_ota_max_hw_version"]),
    )


def build_zigbee(spec: PackageSpec, zigbee: ZigbeeSpec) -> tuple[Package, ZigbeeOta]:
    """The package for the server and the file in it; warns of what the user may not know.

    Raises:
        InputError: As :func:`~firmline.formats.zigbee_package.build_zigbee_package`.
    """
    from firmline.formats.zigbee_ota import ANY_IMAGE_TYPE, ANY_MANUFACTURER  # noqa: PLC0415
    from firmline.formats.zigbee_package import build_zigbee_package  # noqa: PLC0415

    package, ota = build_zigbee_package(spec, zigbee)
    if zigbee.manufacturer == ANY_MANUFACTURER:
        _warn("the .zigbee file names no manufacturer (0xFFFF): devices of every maker may ask.")
    if zigbee.image_type == ANY_IMAGE_TYPE:
        _warn("the .zigbee file names no image type (0xFFFF): devices of every kind may ask.")
    if zigbee.hw_versions is not None and spec.hw_version is not None:
        low, high = zigbee.hw_versions
        if not low <= spec.hw_version <= high:
            _warn(
                f"no device takes this update if its two hardware versions are one number:"
                f" --hw-version {spec.hw_version} is not in the range {low} to {high}."
            )
    return package, ota


@contextmanager
def zigbee_file(ota: ZigbeeOta | None, package: Path, *inputs: KeySource | None) -> Iterator[None]:
    """The file beside the package, under the name that its header makes; there only with it.

    Args:
        ota: The file; None for a package without one.
        package: Where the body writes the package.
        inputs: What the command reads, and must not be replaced.

    Raises:
        InputError: ``OPTION_CONFLICT`` or ``FILE_NOT_WRITABLE``.
    """
    if ota is None:
        yield
        return
    from firmline.formats.zigbee_ota import encode_zigbee_ota  # noqa: PLC0415

    path = package.with_name(ota.file_name)
    keep_apart(path, *inputs)
    keep_outputs_apart(package, path)
    with file_to_be(path, encode_zigbee_ota(ota)):
        yield
    click.echo(f"Zigbee file: {printable(path)}")


def _range(low: int | None, high: int | None) -> tuple[int, int] | None:
    if low is None and high is None:
        return None
    if low is None or high is None:
        missing = "min" if low is None else "max"
        raise required(f"--zigbee-ota-{missing}-hw-version", "a range has two ends")
    if low > high:
        raise InputError(
            Code.OPTION_CONFLICT,
            f"--zigbee-ota-min-hw-version {low} is above --zigbee-ota-max-hw-version {high}.",
            hint="Give the lower of the two as the smallest.",
        )
    return low, high


def _or(value: int | None, default: int) -> int:
    return default if value is None else value


def _warn(text: str) -> None:
    click.echo(f"warning: {text}", err=True)
