"""Who signed packages, as far as the packages themselves can tell.

Rules of this module: only what is certain is called certain. A key is certain where two different
signatures have it in common, or where somebody names it beforehand (a key file, a table, the flash
of a bootloader) and a signature holds for it. A signature alone has two possible keys, and both are
told.

An init packet's signature is one; a boot validation by ECDSA is another, over the image's own bytes
(spec section 16.2 S4), by the same key where the package was made by nrfutil or firmline.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from firmline.formats.init_command import BootValidationType, SignatureType
from firmline.formats.inner_package import package_levels
from firmline.formats.key_recovery import recover_keys
from firmline.formats.keys import PublicKey
from firmline.formats.manifest import KIND_TITLES
from firmline.formats.package import Package, PackageImage
from firmline.values import ImageKind


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageSignature:
    """One signature of a package.

    Attributes:
        kind: The image that it is for.
        of: ``init packet``, or ``boot validation`` of the image or of its part; with the words
            ``in the Zigbee file`` where it is one of the inner package.
        is_inner: It belongs to the package inside the package.
        data: What was signed.
        signature: 64 bytes, r then s, each little-endian; in a malformed packet other bytes.
        candidates: The keys that can have made it: two, or none where no key can have.
    """

    kind: ImageKind
    of: str
    data: bytes
    signature: bytes
    candidates: tuple[PublicKey, ...]
    is_inner: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundSigner:
    """What made some of several signatures.

    Attributes:
        keys: One: it was this key. Two: it was one of these.
        members: Which of the signatures, as indices.
    """

    keys: tuple[PublicKey, ...]
    members: tuple[int, ...]

    @property
    def is_certain(self) -> bool:
        """Whether the key is known, not only one of two."""
        return len(self.keys) == 1


def package_signatures(package: Package) -> tuple[PackageSignature, ...]:
    """Every signature in a package, init packets first within each image; then the inner ones.

    Raises:
        InputError: As :func:`~firmline.formats.inner_package.inner_package`.
    """
    outer, *inner = package_levels(package)
    found = [each for image in outer.images for each in _signatures_of(image)]
    found += [
        replace(each, of=f"{each.of} in the Zigbee file", is_inner=True)
        for level in inner
        for image in level.images
        for each in _signatures_of(image)
    ]
    return tuple(found)


def find_signers(
    signatures: Sequence[PackageSignature], *, named: Collection[PublicKey] = ()
) -> tuple[FoundSigner, ...]:
    """Who made which of these signatures; those that no key can have made are in none.

    Args:
        signatures: Of one package or of several.
        named: Keys that are known from elsewhere; one that a signature holds for is its signer.

    Returns:
        In the order of their first signatures. Two of them are two keys for certain.
    """
    certain = _certain_keys([signature.candidates for signature in signatures], named)
    groups: dict[tuple[PublicKey, ...], list[int]] = {}
    for index, signature in enumerate(signatures):
        if signature.candidates:
            known = [key for key in certain if key in signature.candidates]
            groups.setdefault((known[0],) if known else signature.candidates, []).append(index)
    return tuple(FoundSigner(keys=keys, members=tuple(found)) for keys, found in groups.items())


def _certain_keys(
    candidates: Sequence[tuple[PublicKey, ...]], named: Collection[PublicKey]
) -> list[PublicKey]:
    """Keys that are beyond doubt, those that explain most signatures first.

    The same signature in two packages counts once: it tells no more than it does alone.
    """
    uses = Counter(key for keys in dict.fromkeys(candidates) for key in keys)
    return [key for key, count in uses.most_common() if count > 1 or key in named]


def _signatures_of(image: PackageImage) -> Iterator[PackageSignature]:
    packet = image.init_packet
    if packet.signature is not None:
        is_ecdsa = packet.signature_type is SignatureType.ECDSA_P256_SHA256
        yield PackageSignature(
            kind=image.kind,
            of="init packet",
            data=packet.signed_bytes,
            signature=packet.signature,
            candidates=recover_keys(packet.signed_bytes, packet.signature) if is_ecdsa else (),
        )
    parts = image.boot_parts
    for entry, part in zip(packet.command.boot_validations, parts, strict=False):
        if entry.type is BootValidationType.VALIDATE_ECDSA_P256_SHA256:
            whose = f" of the {KIND_TITLES[part.kind]}" if len(parts) > 1 else ""
            yield PackageSignature(
                kind=image.kind,
                of=f"boot validation{whose}",
                data=part.data,
                signature=entry.data,
                candidates=recover_keys(part.data, entry.data),
            )
