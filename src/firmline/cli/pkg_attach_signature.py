"""``firmline pkg attach-signature``: the second step of signing with a key that is elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from firmline.cli.files import keep_apart, read_file, write_file
from firmline.cli.parameters import (
    FilePath,
    KeyName,
    KeySource,
    OnceCommand,
    option_name,
    required,
)
from firmline.cli.request_files import new_request, read_request, say_what_to_sign
from firmline.cli.secrets_input import load_public_key
from firmline.cli.style import printable
from firmline.errors import Code, InputError
from firmline.formats.package import read_package, write_package
from firmline.formats.signature_file import parse_signature
from firmline.formats.signing_request import (
    SIGNED,
    TO_SIGN,
    WantedSignature,
    attach_signatures,
    check_request,
    verify_boot_signatures,
    verify_signatures,
    wanted_signatures,
)

FILE = FilePath()


class NamedFile(click.ParamType[tuple[str, Path]]):
    """``NAME=FILE``."""

    name = "name=file"

    def convert(
        self,
        value: Any,  # noqa: ANN401 - click's signature
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> tuple[str, Path]:
        """Parse the text of an option."""
        if isinstance(value, tuple):
            return value
        name, equals, file = value.partition("=")
        if not (name and equals):
            raise InputError(
                Code.USAGE,
                f"{option_name(param)} {value[:60]!r} is not of the form NAME=FILE.",
                hint="Write it as --signature application=application.sig.",
            )
        return name, FILE.convert(file, param, ctx)


@click.command("attach-signature", cls=OnceCommand)
@click.argument("package", metavar="ZIP", type=FILE)
@click.argument("out", metavar="OUT", type=FILE)
@click.option(
    "--request",
    metavar="DIR",
    type=FILE,
    required=True,
    help="The folder that pkg generate --unsigned-request made together with ZIP.",
)
@click.option(
    "--public-key",
    metavar="FILE",
    type=KeyName(),
    required=True,
    help="The public key that every signature is verified with: PEM, public or certificate.",
)
@click.option(
    "--signature",
    "named",
    type=NamedFile(),
    multiple=True,
    help="A signature, where it is not NAME.sig in the request's folder; for each its own option.",
)
@click.option(
    "--next-request",
    metavar="DIR",
    type=FILE,
    help="Where the request for the next round goes, if boot validations were signed in this one.",
)
def attach_signature(
    *,
    package: Path,
    out: Path,
    request: Path,
    public_key: KeySource,
    named: tuple[tuple[str, Path], ...],
    next_request: Path | None,
) -> None:
    """Complete the unsigned package ZIP with signatures that were made elsewhere; write OUT.

    Signatures may be DER, 64 bytes (r and s, big-endian), or either in hexadecimal or base64. Each
    is verified before anything is written.
    """
    asked_for = request.glob("*.tosign")
    keep_apart(out, package, public_key, *(file for _, file in named), *asked_for)
    content = read_file(package, what="package")
    name = printable(package)
    unsigned = read_package(content, name=name)
    asked = read_request(request)
    wanted = check_request(asked, content, unsigned, name=name)
    signatures = _signatures(wanted, request, _by_name(named, wanted))
    key = load_public_key(public_key)
    verify_signatures(wanted, signatures, key)
    verify_boot_signatures(unsigned, key)
    result = attach_signatures(unsigned, signatures)
    written = write_package(result, time=asked.time)
    if not wanted_signatures(result):
        _refuse_next_request(next_request)
        write_file(out, written)
        click.echo(f"Signed package: {printable(out)} ({len(written):,} bytes)")
        return
    if next_request is None:
        raise required(
            "--next-request", "the boot validations are signed, and the init packets come next"
        )
    with new_request(next_request, written, result, time=asked.time, beside=out) as names:
        write_file(out, written)
    click.echo(f"Package with its boot validations signed: {printable(out)}")
    say_what_to_sign(next_request, names)


def _by_name(
    named: tuple[tuple[str, Path], ...], wanted: tuple[WantedSignature, ...]
) -> Mapping[str, Path]:
    files = dict(named)
    if len(files) < len(named):
        raise InputError(
            Code.OPTION_CONFLICT,
            "--signature names one signature twice.",
            hint="Give --signature NAME=FILE once for each name.",
        )
    wanted_names = [one.name for one in wanted]
    for name in files:
        if name not in wanted_names:
            raise InputError(
                Code.SIGNATURE_NOT_WANTED,
                f"The request does not ask for a signature named {name[:60]!r}.",
                hint=f"It asks for: {', '.join(wanted_names)}.",
            )
    return files


def _signatures(
    wanted: tuple[WantedSignature, ...], folder: Path, named: Mapping[str, Path]
) -> dict[str, bytes]:
    """The signatures by name, as they are read."""
    files = {one.name: named.get(one.name, folder / (one.name + SIGNED)) for one in wanted}
    missing = [name for name, file in files.items() if name not in named and not file.exists()]
    if missing:
        raise InputError(
            Code.SIGNATURE_MISSING,
            f"{printable(folder)} holds no {', '.join(name + SIGNED for name in missing)}.",
            hint=f"Sign {missing[0]}{TO_SIGN}, and put the signature beside it as"
            f" {missing[0]}{SIGNED}, or name it with --signature {missing[0]}=FILE.",
        )
    return {
        name: parse_signature(read_file(file, what="signature"), name=printable(file))
        for name, file in files.items()
    }


def _refuse_next_request(folder: Path | None) -> None:
    if folder is not None:
        raise InputError(
            Code.OPTION_CONFLICT,
            "--next-request was given, but with these signatures the package is complete.",
            hint="Leave --next-request out.",
        )
