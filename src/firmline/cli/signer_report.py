"""What ``firmline pkg signer`` finds out, and how it says so."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from firmline.cli.failures import say
from firmline.cli.files import read_file
from firmline.cli.parameters import KeySource
from firmline.cli.secrets_input import load_public_key
from firmline.cli.signer_text import (
    SignedPackage,
    failure_fields,
    key_error,
    key_fields,
    key_lines,
    key_title,
    named_keys,
    signature_title,
    signer_fields,
    unsigned_error,
    wrong_signatures,
)
from firmline.cli.style import printable
from firmline.errors import Code, SignerError, shortened
from firmline.formats.key_search import FoundKey, find_any_keys, find_keys, parse_dump
from firmline.formats.keys import PublicKey
from firmline.formats.package import read_package
from firmline.formats.signers import FoundSigner, PackageSignature, find_signers
from firmline.formats.spans import Span

MAX_OTHERS = 8
"""How many keys in a dump are listed for people; a table of points may hold hundreds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Searched:
    """A bootloader or dump that was searched.

    Attributes:
        name: As the user named it.
        found: Where keys lie that may have signed.
        others: The other keys in it; looked for only where a signer is not in it.
        absent: The signers none of whose keys is in it.
    """

    name: str
    found: tuple[FoundKey, ...]
    others: tuple[FoundKey, ...]
    absent: tuple[FoundSigner, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SignerReport:
    """Everything that was found out.

    Attributes:
        packages: In the user's order.
        signatures: All of them, each with the package that it is in.
        signers: Whose members are indices into ``signatures``.
        searched: The files of ``--in``.
        key: The key of ``--key``, and the name of its file.
    """

    packages: tuple[SignedPackage, ...]
    signatures: tuple[tuple[SignedPackage, PackageSignature], ...]
    signers: tuple[FoundSigner, ...]
    searched: tuple[Searched, ...]
    key: tuple[PublicKey, str] | None

    @property
    def nobodys(self) -> list[tuple[SignedPackage, PackageSignature]]:
        """The signatures that no key can have made."""
        return [each for each in self.signatures if not each[1].candidates]

    @property
    def is_one_key(self) -> bool | None:
        """Whether one key signed all of it; None where nothing is signed."""
        if not self.signatures:
            return None
        complete = not self.nobodys and not any(package.unsigned for package in self.packages)
        return complete and len(self.signers) == 1

    @property
    def failure(self) -> SignerError | None:
        """The first thing that was asked for and is not so."""
        return next(self._failures(), None)

    def _failures(self) -> Iterator[SignerError]:
        if self.key is not None:
            for package in self.packages:
                error = key_error(package, *self.key)
                if error is not None:
                    yield error
        for searched in self.searched:
            for absent in searched.absent:
                yield self._not_in(searched, absent)
        if self.searched:
            for package, signature in self.nobodys:
                yield _nobodys_error(package, signature)
            for package in self.packages:
                error = unsigned_error(package)
                if error is not None:
                    yield error

    def _not_in(self, searched: Searched, absent: FoundSigner) -> SignerError:
        names = dict.fromkeys(shortened(self.signatures[index][0].name) for index in absent.members)
        what = "the key that" if absent.is_certain else "no key that can have"
        verb = "does not hold" if absent.is_certain else "holds"
        return SignerError(
            Code.SIGNER_NOT_FOUND,
            f"{shortened(searched.name)} {verb} {what} signed {' and '.join(names)}.",
        )


def run(
    zipfiles: Sequence[Path], *, dumps: Sequence[Path], key_file: KeySource | None, as_json: bool
) -> None:
    """The command; ends with exit code 5 where something asked for is not so."""
    report = _find_out(zipfiles, dumps=dumps, key_file=key_file)
    failure = report.failure
    if as_json:
        click.echo(json.dumps({**_fields(report), **failure_fields(failure)}))
    else:
        for line in _lines(report):
            click.echo(printable(line))
        if failure is not None:
            say(failure)
    if failure is not None:
        raise click.exceptions.Exit(failure.exit_code)


def _find_out(
    zipfiles: Sequence[Path], *, dumps: Sequence[Path], key_file: KeySource | None
) -> SignerReport:
    packages = tuple(
        SignedPackage.of(path, read_package(read_file(path, what="package"), name=str(path)))
        for path in zipfiles
    )
    key = load_public_key(key_file) if key_file is not None else None
    memories = [
        (str(path), parse_dump(read_file(path, what="dump"), name=str(path))) for path in dumps
    ]
    signatures = tuple((package, each) for package in packages for each in package.signatures)
    candidates = {found for _, each in signatures for found in each.candidates}
    wanted = sorted(candidates | named_keys(key), key=lambda each: (each.x, each.y))
    found = [find_keys(spans, wanted) for _, spans in memories]
    named = named_keys(key, *(each.key for keys in found for each in keys))
    signers = find_signers([each for _, each in signatures], named=named)
    return SignerReport(
        packages=packages,
        signatures=signatures,
        signers=signers,
        searched=tuple(
            _searched(name, spans, keys, signers)
            for (name, spans), keys in zip(memories, found, strict=True)
        ),
        key=(key, str(key_file)) if key is not None else None,
    )


def _searched(
    name: str, spans: Sequence[Span], known: Sequence[FoundKey], signers: Sequence[FoundSigner]
) -> Searched:
    present = {each.key for each in known}
    absent = tuple(signer for signer in signers if present.isdisjoint(signer.keys))
    signing = {key for signer in signers for key in signer.keys}
    everything = {*known, *find_any_keys(spans)} if absent or not signers else known
    in_order = sorted(everything, key=lambda each: each.address)
    return Searched(
        name=name,
        found=tuple(each for each in in_order if each.key in signing),
        others=tuple(each for each in in_order if each.key not in signing),
        absent=absent,
    )


def _nobodys_error(package: SignedPackage, signature: PackageSignature) -> SignerError:
    return SignerError(
        Code.SIGNER_WRONG,
        f"No key can have made the signature of {signature_title(signature)} in"
        f" {shortened(package.name)}.",
        hint="The package was damaged or put together by hand. Make it again.",
    )


def _fields(report: SignerReport) -> dict[str, Any]:
    return {
        "type": "result",
        "one_key": report.is_one_key,
        "packages": [
            {
                "package": printable(package.name),
                "signatures": len(package.signatures),
                "unsigned": package.unsigned,
            }
            for package in report.packages
        ],
        "signers": [
            {
                **signer_fields(signer),
                "signed": [
                    _signature_fields(*report.signatures[index]) for index in signer.members
                ],
            }
            for signer in report.signers
        ],
        "nobodys": [_signature_fields(*each) for each in report.nobodys],
        "in": [
            {
                "file": printable(searched.name),
                "trusted": not searched.absent and bool(report.signers),
                "found": [_found_fields(each) for each in searched.found],
                "others": [_found_fields(each) for each in searched.others],
            }
            for searched in report.searched
        ],
        "key": _key_answer(report),
    }


def _signature_fields(package: SignedPackage, signature: PackageSignature) -> dict[str, str]:
    return {
        "package": printable(package.name),
        "kind": signature.kind.value,
        "of": signature.of,
    }


def _found_fields(found: FoundKey) -> dict[str, Any]:
    return {**key_fields(found.key), "address": f"0x{found.address:08X}"}


def _key_answer(report: SignerReport) -> dict[str, Any] | None:
    if report.key is None:
        return None
    key, name = report.key
    return {
        **key_fields(key),
        "file": printable(name),
        "verified": all(key_error(package, key, name) is None for package in report.packages),
        "wrong": [
            _signature_fields(package, signature)
            for package in report.packages
            for signature in wrong_signatures(package, key)
        ],
    }


def _lines(report: SignerReport) -> Iterator[str]:
    yield _headline(report)
    for signer in report.signers:
        yield ""
        for key in signer.keys:
            yield from key_lines(key)
        label = "signed"
        for index in signer.members:
            package, signature = report.signatures[index]
            yield f"  {label:<11}  {package.name}: {signature_title(signature)}"
            label = ""
    rest = [
        f"No key can have made the signature of {signature_title(signature)} in {package.name}."
        for package, signature in report.nobodys
    ]
    rest += [
        f"Not signed: {package.name}: {', '.join(package.unsigned)}."
        for package in report.packages
        if package.unsigned
    ]
    if report.key is not None and report.failure is None:
        rest.append(f"Every signature verifies with the key in {report.key[1]}.")
    rest += [line for searched in report.searched for line in _search_lines(searched)]
    if rest:
        yield ""
        yield from rest


def _headline(report: SignerReport) -> str:
    match report.signers:
        case ():
            return "Nothing here is signed by any key."
        case (signer,) if not signer.is_certain:
            return "One key signed it, one of these; a single signature does not tell which:"
        case (_,) if report.is_one_key:
            return "One key signed all of it:"
        case (_,):
            return "One key signed what is signed here:"
        case _:
            return f"{len(report.signers)} keys signed these packages:"


def _search_lines(searched: Searched) -> Iterator[str]:
    for each in searched.found:
        yield f"{searched.name} holds {key_title(each.key)} at 0x{each.address:08X}."
    if not searched.found:
        yield f"{searched.name} holds none of the keys that can have signed this."
    if searched.absent and not searched.others and not searched.found:
        yield (
            "  It holds no public key at all in the form of the SDK's bootloaders: it is not the"
            " whole of one, or it keeps its key in another form."
        )
    for each in searched.others[:MAX_OTHERS]:
        yield f"  It also holds another key: {key_title(each.key)} at 0x{each.address:08X}."
    if len(searched.others) > MAX_OTHERS:
        yield f"  ... and {len(searched.others) - MAX_OTHERS} more (all with --json)."
    if searched.absent and len(searched.others) == 1 and not searched.found:
        yield "  A bootloader that trusts that key refuses what is signed here."
