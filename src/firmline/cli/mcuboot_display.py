"""What ``firmline pkg display`` prints of an image or package for MCUboot, and what a key says."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from firmline.cli.failures import say
from firmline.cli.mcuboot_text import file_fields, file_lines
from firmline.cli.parameters import KeySource
from firmline.cli.secrets_input import load_image_key
from firmline.cli.signer_text import failure_fields
from firmline.cli.style import printable
from firmline.errors import Code, SignerError, shortened
from firmline.formats.mcuboot.keys import ImageKey, Trust
from firmline.formats.mcuboot.package import McubootFile, McubootPackage, read_mcuboot

_SENTENCES = {
    Trust.OTHER_KEY: "says that another key signed it",
    Trust.OTHER_KIND: "is signed by a key of another kind",
    Trust.WRONG: "has a signature that this key has not made",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A package that is displayed.

    Attributes:
        path: Its file.
        content: The bytes of the file.
        package: The package.
        key: The key that it is verified with, and its file.
    """

    path: Path
    content: bytes
    package: McubootPackage
    key: tuple[ImageKey, KeySource] | None

    @property
    def failure(self) -> SignerError | None:
        """What the key says against it, if anything."""
        if self.key is None:
            return None
        key, name = self.key
        for file in self.package.files:
            error = _error(file, key, name, package=self.path)
            if error is not None:
                return error
        return None


def run(path: Path, content: bytes, *, key_file: KeySource | None, as_json: bool) -> None:
    """The command; ends with exit code 5 where a signature does not verify."""
    package = read_mcuboot(content, name=str(path))
    key = (load_image_key(key_file), key_file) if key_file is not None else None
    shown = Shown(path=path, content=content, package=package, key=key)
    failure = shown.failure
    if as_json:
        click.echo(json.dumps({**_fields(shown), **failure_fields(failure)}))
    else:
        for line in _lines(shown):
            click.echo(printable(line))
        if failure is not None:
            say(failure)
    if failure is not None:
        raise click.exceptions.Exit(failure.exit_code)


def _error(
    file: McubootFile, key: ImageKey, name: KeySource, *, package: Path
) -> SignerError | None:
    where = shortened(package) if file.listed is None else f"{file.name} in {shortened(package)}"
    if file.image is None:
        return SignerError(
            Code.SIGNER_MISSING, f"{where} is no image for MCUboot: nothing signs it."
        )
    match key.judge(file.image):
        case Trust.HOLDS:
            return None
        case Trust.UNSIGNED:
            return SignerError(Code.SIGNER_MISSING, f"{where} is not signed.")
        case Trust.UNKNOWN:
            return SignerError(
                Code.SIGNER_WRONG,
                f"Nobody can say whether the key in {shortened(name)} signed {where}: it is"
                " encrypted, and its signature is over what it was before.",
                hint="Check the image as it was signed, before it is encrypted.",
            )
        case verdict:
            return SignerError(
                Code.SIGNER_WRONG,
                f"{where} was not signed with the key in {shortened(name)} ({key.title}): it"
                f" {_SENTENCES[verdict]}.",
            )


def _fields(shown: Shown) -> dict[str, Any]:
    manifest = shown.package.manifest
    key = shown.key[0] if shown.key is not None else None
    return {
        "type": "result",
        "family": "mcuboot",
        "package": printable(shown.path.name),
        "size": len(shown.content),
        "sha256": hashlib.sha256(shown.content).hexdigest(),
        "format_version": manifest.format_version if manifest is not None else None,
        "name": printable(manifest.name) if manifest is not None and manifest.name else None,
        "files": [file_fields(file, key) for file in shown.package.files],
        "verified": None if key is None else shown.failure is None,
    }


def _lines(shown: Shown) -> Iterator[str]:
    package = shown.package
    count = f"{len(package.images)} image" + ("s" if len(package.images) > 1 else "")
    yield f"{shown.path}: an MCUboot package, {count}, {len(shown.content):,} bytes"
    manifest = package.manifest
    if manifest is not None:
        version = manifest.format_version
        told = "of no format version" if version is None else f"of format version {version}"
        yield f"manifest {told}" + (f", named {manifest.name}" if manifest.name else "")
    for file in package.files:
        yield ""
        yield from file_lines(file)
    if shown.key is not None and shown.failure is None:
        yield ""
        yield f"Every signature verifies with the key in {shown.key[1]}."
