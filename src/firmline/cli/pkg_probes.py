"""``firmline pkg probes``: probes that are signed once, and used where the key is not."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from firmline.cli.files import keep_apart, read_file, write_file
from firmline.cli.parameters import (
    FilePath,
    FwidList,
    KeyName,
    KeySource,
    OnceCommand,
    option_name,
    required,
)
from firmline.cli.secrets_input import load_public_key, load_signing_key
from firmline.cli.style import printable
from firmline.errors import Code, InputError
from firmline.formats.known_softdevices import known_softdevice
from firmline.formats.probes import ProbeCatalogue, with_known_softdevices
from firmline.formats.probes_versions import VersionLimits, VersionRange
from firmline.values import Fwid, parse_number

if TYPE_CHECKING:
    from firmline.formats.probes_pack import ProbePack

FILE = FilePath()
APP_VERSIONS: Final = "0-999"
BOOTLOADER_VERSIONS: Final = "0-99"
"""What is told exactly unless something else is asked for."""


class HwVersions(click.ParamType[tuple[int, ...]]):
    """Hardware versions, separated by commas; the order is kept."""

    name = "number,..."

    def convert(
        self,
        value: Any,  # noqa: ANN401 - click's signature
        param: click.Parameter | None,
        ctx: click.Context | None,  # noqa: ARG002 - click's signature
    ) -> tuple[int, ...]:
        """Parse the text of an option; one that comes twice counts once."""
        if isinstance(value, tuple):
            return value
        numbers = (parse_number(part, name=option_name(param)) for part in value.split(","))
        return tuple(dict.fromkeys(numbers))


class VersionRanges(click.ParamType[tuple[VersionRange, ...]]):
    """Versions and ranges of versions, separated by commas, such as ``0-300,10000-10299``."""

    name = "first-last,..."

    def convert(
        self,
        value: Any,  # noqa: ANN401 - click's signature
        param: click.Parameter | None,
        ctx: click.Context | None,  # noqa: ARG002 - click's signature
    ) -> tuple[VersionRange, ...]:
        """Parse the text of an option."""
        if isinstance(value, tuple):
            return value
        name = option_name(param)
        return tuple(_range(part, name) for part in value.split(","))


def _range(text: str, name: str) -> VersionRange:
    first, dash, last = text.partition("-")
    if not first.strip() or (dash and not last.strip()) or "-" in last:
        raise InputError(
            Code.NUMBER_MALFORMED,
            f"{name} {text[:40]!r} is neither a version nor a range of two.",
            hint="Write versions as 7 or 0-300, several of them with commas between.",
        )
    low = parse_number(first, name=name)
    high = parse_number(last, name=name) if dash else low
    if high < low:
        raise InputError(
            Code.NUMBER_OUT_OF_RANGE,
            f"{name} {low}-{high} goes from the higher version to the lower.",
            hint=f"Write it as {high}-{low}.",
        )
    return VersionRange(first=low, last=high)


@click.command(cls=OnceCommand)
@click.argument("zipfile", metavar="ZIP", type=FILE)
@click.option(
    "--key-file",
    metavar="FILE",
    type=KeyName(),
    help="Private key that signs the probes: a PEM file, or the pkcs11: URI of a key on a token.",
)
@click.option(
    "--hw-version",
    "hw_versions",
    type=HwVersions(),
    help="Hardware versions that a unit may have, the likeliest first; e.g. 52.",
)
@click.option(
    "--app-versions",
    type=VersionRanges(),
    help="Application versions to be told exactly; others are found within a power of two."
    f"  [default: {APP_VERSIONS}]",
)
@click.option(
    "--bootloader-versions",
    type=VersionRanges(),
    help=f"The same for the bootloader.  [default: {BOOTLOADER_VERSIONS}]",
)
@click.option(
    "--softdevice",
    "softdevices",
    type=FwidList(),
    help="FWIDs to ask for before the known ones: the likeliest ones, or ones not known here.",
)
@click.option("--show", is_flag=True, help="Check the pack ZIP and show it instead of making one.")
@click.option(
    "--key",
    metavar="FILE",
    type=KeyName(),
    help="With --show: the key, private or public, that must have signed it.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def probes(
    zipfile: Path,
    *,
    key_file: KeySource | None,
    hw_versions: tuple[int, ...] | None,
    app_versions: tuple[VersionRange, ...] | None,
    bootloader_versions: tuple[VersionRange, ...] | None,
    softdevices: tuple[Fwid, ...] | None,
    show: bool,
    key: KeySource | None,
    as_json: bool,
) -> None:
    """Sign the probe pack ZIP once, so that units can be inspected without the key.

    A probe is an init packet for an image of 0 bytes: no unit can accept it, but how a unit refuses
    it says which hardware version, SoftDevice, application and bootloader it has.
    """
    making = (key_file, hw_versions, app_versions, bootloader_versions, softdevices)
    if show:
        if any(option is not None for option in making):
            raise InputError(
                Code.OPTION_CONFLICT,
                "--show looks at a pack; the options that make one are for a new pack.",
                hint="Leave out --show to make a pack, or the others to look at one.",
            )
        _show(zipfile, key, as_json=as_json)
        return
    if key is not None:
        raise InputError(
            Code.OPTION_CONFLICT,
            "--key goes with --show only; a new pack is signed by --key-file.",
            hint="Add --show to look at a pack, or write --key-file to make one.",
        )
    if key_file is None:
        raise required("--key-file", "a unit tells nothing to a probe that is not signed")
    if hw_versions is None:
        raise required("--hw-version", "the bootloader compares it before anything else is told")
    keep_apart(zipfile, key_file)
    catalogue = _catalogue(hw_versions, app_versions, bootloader_versions, softdevices or ())
    _make(zipfile, key_file, catalogue, as_json=as_json)


def _catalogue(
    hw_versions: tuple[int, ...],
    app_versions: tuple[VersionRange, ...] | None,
    bootloader_versions: tuple[VersionRange, ...] | None,
    softdevices: tuple[Fwid, ...],
) -> ProbeCatalogue:
    if 0 in softdevices:
        raise InputError(
            Code.NUMBER_OUT_OF_RANGE,
            "--softdevice 0 means no SoftDevice, which is asked for in any case.",
            hint="Leave it out.",
        )
    app = app_versions or (_range(APP_VERSIONS, "--app-versions"),)
    bootloader = bootloader_versions or (_range(BOOTLOADER_VERSIONS, "--bootloader-versions"),)
    return ProbeCatalogue(
        hw_versions=hw_versions,
        softdevices=with_known_softdevices(softdevices),
        app_limits=VersionLimits.around(app),
        bootloader_limits=VersionLimits.around(bootloader),
    )


def _make(zipfile: Path, key_file: KeySource, catalogue: ProbeCatalogue, *, as_json: bool) -> None:
    # cryptography loads late
    from firmline.formats.probes_pack import sign_probe_pack, write_probe_pack  # noqa: PLC0415

    catalogue.check_count(str(zipfile))  # before anybody is asked for a password
    pack = sign_probe_pack(catalogue, load_signing_key(key_file))
    content = write_probe_pack(pack)
    write_file(zipfile, content)
    _print(zipfile, pack, content, as_json=as_json)


def _show(zipfile: Path, key: KeySource | None, *, as_json: bool) -> None:
    from firmline.formats.probes_pack import read_probe_pack  # noqa: PLC0415 - likewise

    content = read_file(zipfile, what="probe pack")
    public_key = None if key is None else load_public_key(key)
    pack = read_probe_pack(content, name=str(zipfile), public_key=public_key)
    _print(zipfile, pack, content, as_json=as_json)


def _print(zipfile: Path, pack: ProbePack, content: bytes, *, as_json: bool) -> None:
    catalogue = pack.catalogue
    if as_json:
        result = {
            "type": "result",
            "pack": printable(zipfile.name),
            "size": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
            "probes": catalogue.count,
            "public_key": pack.public_key.le_bytes.hex(),
            "hw_versions": list(catalogue.hw_versions),
            "softdevices": [str(fwid) for fwid in catalogue.softdevices],
            "app_versions": _pairs(catalogue.app_limits),
            "bootloader_versions": _pairs(catalogue.bootloader_limits),
        }
        click.echo(json.dumps(result))
        return
    size = f"{catalogue.count:,} probes, {len(content):,} bytes"
    click.echo(f"Probe pack: {printable(zipfile)} ({size})")
    click.echo("Without the key it tells of a unit:")
    for label, text in (
        ("key", f"whether its bootloader trusts {pack.public_key.le_bytes.hex()[:16]}..."),
        ("hardware", f"whether its version is {_or(map(str, catalogue.hw_versions))}"),
        ("SoftDevice", f"{_softdevices(catalogue.softdevices)}, none, or another one"),
        ("application", _versions(catalogue.app_limits)),
        ("bootloader", _versions(catalogue.bootloader_limits)),
    ):
        click.echo(f"  {label:<11} {text}")
    click.echo("No unit can accept a probe: each announces an image of 0 bytes.")


def _pairs(limits: VersionLimits) -> list[list[int]]:
    return [[part.first, part.last] for part in limits.told_exactly]


def _versions(limits: VersionLimits) -> str:
    exact = _or(map(str, limits.told_exactly))
    return f"its version, exactly where it is {exact}; others within a range"


def _softdevices(fwids: tuple[Fwid, ...]) -> str:
    known = sum(known_softdevice(fwid) is not None for fwid in fwids)
    further = len(fwids) - known
    return f"which of {known} known ones" + (f" and {further} further" if further else "")


def _or(words: Any) -> str:  # noqa: ANN401 - any iterable of words
    *front, last = words
    return f"{', '.join(front)} or {last}" if front else last
