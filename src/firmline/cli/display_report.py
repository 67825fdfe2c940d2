"""What ``firmline pkg display`` prints: the packet's fields, their meaning, and who signed them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from firmline.cli import mcuboot_display
from firmline.cli.failures import say
from firmline.cli.files import read_file
from firmline.cli.package_meaning import meanings, order_sentence
from firmline.cli.package_text import image_fields, image_lines, zigbee_fields, zigbee_lines
from firmline.cli.parameters import KeySource
from firmline.cli.secrets_input import load_public_key
from firmline.cli.signer_text import (
    SignedPackage,
    failure_fields,
    key_error,
    signer_fields,
    signer_lines,
)
from firmline.cli.style import printable
from firmline.errors import SignerError
from firmline.formats.inner_package import InnerPackage, inner_package
from firmline.formats.keys import PublicKey
from firmline.formats.mcuboot.package import is_for_mcuboot
from firmline.formats.package import Package, read_package
from firmline.formats.package_recipe import generate_command


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A package that is displayed.

    Attributes:
        path: Its file.
        content: The bytes of the file.
        signed: The package.
        key: The key it was verified with, if one was given.
        key_file: The file of the key.
        failure: What that key says against it, if anything.
    """

    path: Path
    content: bytes
    signed: SignedPackage
    key: PublicKey | None
    key_file: KeySource | None
    failure: SignerError | None

    @property
    def inner(self) -> InnerPackage | None:
        """The package inside the package."""
        return inner_package(self.signed.package)

    @property
    def command(self) -> str | None:
        """The command line that would build a package like it."""
        return generate_command(self.signed.package, self.path.name)


def run(path: Path, *, key_file: KeySource | None, as_json: bool) -> None:
    """The command; ends with exit code 5 where a signature does not verify."""
    content = read_file(path, what="package")
    if is_for_mcuboot(content, name=str(path)):
        mcuboot_display.run(path, content, key_file=key_file, as_json=as_json)
        return
    signed = SignedPackage.of(path, read_package(content, name=str(path)))
    key = load_public_key(key_file) if key_file is not None else None
    failure = key_error(signed, key, key_file) if key is not None else None
    shown = Shown(
        path=path, content=content, signed=signed, key=key, key_file=key_file, failure=failure
    )
    if as_json:
        click.echo(json.dumps(_fields(shown)))
    else:
        for line in _lines(shown):
            click.echo(printable(line))
        if failure is not None:
            say(failure)
    if failure is not None:
        raise click.exceptions.Exit(failure.exit_code)


def _fields(shown: Shown) -> dict[str, Any]:
    signed, command, inner = shown.signed, shown.command, shown.inner
    package = signed.package
    return {
        "type": "result",
        "package": printable(shown.path.name),
        "size": len(shown.content),
        "sha256": hashlib.sha256(shown.content).hexdigest(),
        "order": order_sentence(package),
        "images": _images(package),
        "zigbee": None
        if inner is None
        else {**zigbee_fields(inner.ota), "images": _images(inner.package)},
        "signers": [
            {
                **signer_fields(signer),
                "signed": [
                    {"kind": signed.signatures[index].kind.value, "of": signed.signatures[index].of}
                    for index in signer.members
                ],
            }
            for signer in signed.signers(shown.key)
        ],
        "verified": None if shown.key is None else shown.failure is None,
        "generate": None if command is None else printable(command),
        **failure_fields(shown.failure),
    }


def _images(package: Package) -> list[dict[str, Any]]:
    return [
        {**image_fields(image), "meaning": sentences}
        for image, sentences in zip(package.images, meanings(package), strict=True)
    ]


def _lines(shown: Shown) -> Iterator[str]:
    package = shown.signed.package
    count = f"{len(package.images)} image" + ("s" if len(package.images) > 1 else "")
    yield f"{shown.path}: {count}, {len(shown.content):,} bytes"
    order = order_sentence(package)
    if order is not None:
        yield order
    yield from _image_lines(package)
    inner = shown.inner
    if inner is not None:
        yield ""
        yield from zigbee_lines(inner.ota)
        yield from _image_lines(inner.package)
    yield ""
    yield from signer_lines(shown.signed, shown.signed.signers(shown.key))
    if shown.key is not None and shown.failure is None:
        yield f"Every signature verifies with the key in {shown.key_file}."
    if shown.command is not None:
        yield ""
        yield "A package like this is made by:"
        yield f"  {shown.command}"


def _image_lines(package: Package) -> Iterator[str]:
    for image, sentences in zip(package.images, meanings(package), strict=True):
        yield ""
        yield from image_lines(image)
        yield from (f"  - {sentence}" for sentence in sentences)
