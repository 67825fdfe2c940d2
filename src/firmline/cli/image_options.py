"""What ``pkg generate`` and ``settings generate`` have in common: images and their versions.

Rules of this module: an option of both commands means the same in both, and is refused for the same
reasons. A number may be the word ``none``, which nrfutil reads as if the option was not there.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

import click

from firmline.cli.files import read_file
from firmline.cli.numbers import Number, Version
from firmline.cli.parameters import FilePath, OrNone
from firmline.cli.style import printable
from firmline.errors import Code, InputError
from firmline.formats.firmware import FirmwareImage, parse_firmware
from firmline.formats.init_command import BootValidationType
from firmline.formats.manifest import KIND_TITLES
from firmline.values import FwVersion, ImageKind

FILE: Final = FilePath()
NUMBER: Final = OrNone(Number())
VERSION: Final = OrNone(Version())
DEFAULT_VALIDATION: Final = BootValidationType.VALIDATE_GENERATED_CRC
VALIDATIONS: Final = click.Choice([kind.name for kind in BootValidationType])
VALIDATION_NAMES: Final = ", ".join(kind.name for kind in BootValidationType)


def application_version(
    number: FwVersion | None, text: FwVersion | None, *, application: Path | None
) -> FwVersion | None:
    """The application's version, which may be given as a number and as X.Y.Z, if they agree.

    Args:
        number: ``--application-version``.
        text: ``--application-version-string``.
        application: The image that it is the version of.

    Raises:
        InputError: ``OPTION_CONFLICT``: two versions, or a version of nothing.
    """
    if None not in (number, text) and number != text:
        raise InputError(
            Code.OPTION_CONFLICT,
            "--application-version and --application-version-string name two versions:"
            f" {number} and {text}.",
            hint="Leave out one of the two.",
        )
    version = text if number is None else number
    if version is not None and application is None:
        raise without_image("an application version", "--application")
    return version


def without_image(given: str, image: str) -> InputError:
    """The error for a version of something that is not there; nrfutil refuses it, too."""
    return InputError(
        Code.OPTION_CONFLICT,
        f"With {given} an image is wanted, but {image} is missing.",
        hint=f"Add {image}, or leave out its version.",
    )


def read_image(path: Path | None, kind: ImageKind) -> FirmwareImage | None:
    """The image that an option names, if it does.

    Raises:
        InputError: A file or image code.
    """
    if path is None:
        return None
    content = read_file(path, what=f"{KIND_TITLES[kind]} file")
    return parse_firmware(content, name=path.name, kind=kind)


def tell_notes(images: Iterable[FirmwareImage | None]) -> None:
    """Say what was left out of images, or added to them."""
    for image in images:
        for note in image.notes if image else ():
            click.echo(f"note: {printable(note)}", err=True)
