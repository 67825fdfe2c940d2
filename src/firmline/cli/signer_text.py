"""Keys and signers in words and in JSON fields; and what a package lacks, as an error.

Importing this module loads the cryptographic library, so commands import it when they run.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from firmline.cli.failures import next_thing
from firmline.cli.style import printable
from firmline.errors import Code, SignerError, shortened
from firmline.formats.inner_package import package_levels
from firmline.formats.keys import PublicKey
from firmline.formats.known_keys import known_key, known_keys
from firmline.formats.manifest import KIND_TITLES
from firmline.formats.package import Package
from firmline.formats.signers import FoundSigner, PackageSignature, find_signers, package_signatures


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedPackage:
    """A package with its signatures.

    Attributes:
        name: As the user named its file.
        package: What it holds.
        signatures: Those of its init packets and of its boot validations.
    """

    name: str
    package: Package
    signatures: tuple[PackageSignature, ...]

    @classmethod
    def of(cls, path: Path, package: Package) -> SignedPackage:
        """The signatures of a package that was read from a file."""
        return cls(name=str(path), package=package, signatures=package_signatures(package))

    @property
    def unsigned(self) -> list[str]:
        """Titles of the images whose init packets have no signature; the inner ones, too."""
        return [
            KIND_TITLES[image.kind] + where
            for level, where in zip(
                package_levels(self.package), ("", " in the Zigbee file"), strict=False
            )
            for image in level.images
            if image.init_packet.signature is None
        ]

    def signers(self, key: PublicKey | None = None) -> tuple[FoundSigner, ...]:
        """Who signed it; a key of the table, or the one given, is recognised."""
        return find_signers(self.signatures, named=named_keys(key))


def named_keys(*more: PublicKey | None) -> set[PublicKey]:
    """The keys of the table, and others."""
    return {known.key for known in known_keys()} | {key for key in more if key is not None}


def signature_title(signature: PackageSignature) -> str:
    """``application (init packet)``."""
    return f"{KIND_TITLES[signature.kind]} ({signature.of})"


def key_fields(key: PublicKey) -> dict[str, Any]:
    """A public key, for programs; ``pk`` as ``keys display --key pk --format hex`` shows it."""
    known = known_key(key)
    return {
        "fingerprint": key.fingerprint,
        "pk": key.le_bytes.hex(),
        "pem": key.format_pem().decode(),
        "name": known.name if known else None,
        "note": known.note if known else None,
    }


def key_lines(key: PublicKey) -> list[str]:
    """A public key, for people."""
    known = known_key(key)
    lines = [f"  fingerprint  {key.fingerprint}", f"  pk           {key.le_bytes.hex()}"]
    if known is not None:
        lines.append(f"  known as     {known.name}. {known.note}")
    return lines


def key_title(key: PublicKey) -> str:
    """A fingerprint, and the key's name where it has one."""
    known = known_key(key)
    return key.fingerprint + (f" ({known.name})" if known else "")


def signer_fields(signer: FoundSigner) -> dict[str, Any]:
    """A signer, for programs, without what it signed."""
    return {
        "certain": signer.is_certain,
        "candidates": [key_fields(key) for key in signer.keys],
    }


def signer_lines(package: SignedPackage, signers: Sequence[FoundSigner]) -> list[str]:
    """Who signed one package, for people, in short."""
    lines = []
    for signer in signers:
        of = ""
        if len(signers) > 1:
            titles = [signature_title(package.signatures[index]) for index in signer.members]
            of = f", of {', '.join(titles)}"
        if signer.is_certain:
            lines.append(f"Signed by the key {key_title(signer.keys[0])}{of}.")
        else:
            lines.append(f"Signed by one of these keys (one signature does not tell which){of}:")
            lines += [f"  {key_title(key)}" for key in signer.keys]
    nobody = [signature for signature in package.signatures if not signature.candidates]
    lines += [f"No key can have made the signature of {signature_title(each)}." for each in nobody]
    if package.unsigned:
        lines.append(f"Not signed: {', '.join(package.unsigned)}.")
    return lines


def unsigned_error(package: SignedPackage) -> SignerError | None:
    """What to say of a package that has to be signed and is not; None if it is."""
    if not package.unsigned:
        return None
    titles = " and ".join(package.unsigned)
    return SignerError(
        Code.SIGNER_MISSING, f"{shortened(package.name)} is not signed: its {titles} is not."
    )


def wrong_signatures(package: SignedPackage, key: PublicKey) -> list[PackageSignature]:
    """The signatures that do not hold for a key; those of types that no unit takes are among."""
    return [
        signature
        for signature in package.signatures
        if not (signature.candidates and key.verify(signature.data, signature.signature))
    ]


def key_error(package: SignedPackage, key: PublicKey, key_name: object) -> SignerError | None:
    """What to say of a package that a key did not sign wholly; None if it did."""
    wrong = wrong_signatures(package, key)
    if wrong:
        titles = ", ".join(signature_title(signature) for signature in wrong)
        return SignerError(
            Code.SIGNER_WRONG,
            f"{shortened(package.name)} was not signed with the key in {shortened(key_name)}:"
            f" it does not fit the signature of {titles}.",
        )
    return unsigned_error(package)


def failure_fields(error: SignerError | None) -> dict[str, str]:
    """The part of a result that says what is wrong; empty texts where nothing is."""
    if error is None:
        return {"code": "", "message": "", "next": ""}
    return {
        "code": str(error.code),
        "message": printable(error.message),
        "next": next_thing(error),
    }
