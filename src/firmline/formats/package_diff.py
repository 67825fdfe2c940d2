"""What differs between two packages.

Rules of this module: values only, no words. What a unit would act on is compared value by value;
signatures are compared by who made them, because nrfutil signs with a random number and makes
other bytes of the same inputs every time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from firmline.formats.init_command import BootValidationType
from firmline.formats.inner_package import inner_package
from firmline.formats.package import Package, PackageImage
from firmline.formats.signers import FoundSigner, PackageSignature, find_signers, package_signatures
from firmline.formats.zigbee_ota import ZigbeeOta
from firmline.values import ImageKind

PAGE_SIZE: Final = 4096  # of flash (spec section 6); an image begins at the beginning of a page


class Likeness(StrEnum):
    """How much two packages differ; the first that holds."""

    IDENTICAL = "identical"
    """The files are the same, byte for byte."""
    CONTAINER = "container"
    """Images and init packets are the same; the zip file around them is not (times, order)."""
    SIGNATURES = "signatures"
    """The signatures are other bytes, by the same keys over the same values."""
    DIFFERENT = "different"
    """Something that a unit acts on, or a name, differs."""


class SignerAnswer(StrEnum):
    """Whether an image was signed by the same key in both packages."""

    SAME = "same key"
    DIFFERENT = "different keys"
    ONE_UNSIGNED = "only one is signed"
    UNSIGNED = "neither is signed"
    UNKNOWN = "cannot tell"
    """A signature is one that no key can have made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A value that differs.

    Attributes:
        field: Its name, as ``pkg display --json`` has it.
        old: In the first package.
        new: In the second.
    """

    field: str
    old: object
    new: object


@dataclass(frozen=True, slots=True, kw_only=True)
class FirmwareChange:
    """How the bytes of an image differ.

    Attributes:
        bytes: How many differ, among those that both images have.
        first: The offset of the first that differs; where one image only goes on, its end.
        pages: How many pages of 4096 bytes would be written with other bytes.
        of_pages: How many pages the second image has.
    """

    bytes: int
    first: int
    pages: int
    of_pages: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageDiff:
    """One kind of image that both packages have.

    Attributes:
        kind: Which.
        changes: The values that differ, but for signatures.
        firmware: How its bytes differ; None where they are the same.
        signer: Whether one key signed both.
        other_signatures: Whether any signature is other bytes.
    """

    kind: ImageKind
    changes: tuple[Change, ...]
    firmware: FirmwareChange | None
    signer: SignerAnswer
    other_signatures: bool

    @property
    def is_same(self) -> bool:
        """Whether nothing differs, but perhaps the bytes of signatures by the same key."""
        agree = self.signer in (SignerAnswer.SAME, SignerAnswer.UNSIGNED)
        unsure = self.signer is SignerAnswer.UNKNOWN and not self.other_signatures
        return not self.changes and self.firmware is None and (agree or unsure)


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageDiff:
    """What differs between two packages.

    Attributes:
        likeness: In one word.
        removed: Kinds of image that only the first has.
        added: Kinds of image that only the second has.
        images: Those that both have, in the order in which a unit takes them.
        inner: What differs between the packages that they carry for other units; None unless both
            carry one.
    """

    likeness: Likeness
    removed: tuple[ImageKind, ...]
    added: tuple[ImageKind, ...]
    images: tuple[ImageDiff, ...]
    inner: PackageDiff | None = None


def diff_packages(old: Package, new: Package, *, same_file: bool) -> PackageDiff:
    """Compare two packages.

    Args:
        old: The first.
        new: The second.
        same_file: Whether their zip files are the same bytes.

    Raises:
        InputError: As :func:`~firmline.formats.inner_package.inner_package`.
    """
    signed = _Signed.of(old, new)
    one, other = inner_package(old), inner_package(new)
    if one is None or other is None:
        return _diff_level(old, new, signed, same_file=same_file)
    inner = _diff_level(
        one.package, other.package, replace(signed, is_inner=True), same_file=same_file
    )
    found = _diff_level(old, new, signed, same_file=same_file)
    if inner.likeness is Likeness.SIGNATURES and _bare(one.ota) == _bare(other.ota):
        # The images, which hold the inner signatures, differ in those alone.
        images = [_without_contents(image) for image in found.images]
        likeness = _likeness(images, same=all(image.is_same for image in images), same_file=False)
        found = replace(found, images=tuple(images), likeness=likeness)
    return replace(found, inner=inner)


def _diff_level(old: Package, new: Package, signed: _Signed, *, same_file: bool) -> PackageDiff:
    removed = tuple(image.kind for image in old.images if new.image(image.kind) is None)
    added = tuple(image.kind for image in new.images if old.image(image.kind) is None)
    images = []
    for image in old.images:
        other = new.image(image.kind)
        if other is not None:
            images.append(_diff_images(image, other, signed.answer(image.kind)))
    same = not removed and not added and all(image.is_same for image in images)
    return PackageDiff(
        likeness=_likeness(images, same=same, same_file=same_file),
        removed=removed,
        added=added,
        images=tuple(images),
    )


def _bare(ota: ZigbeeOta) -> ZigbeeOta:
    """What a Zigbee file says beside its package."""
    return replace(ota, init_packet=b"", firmware=b"")


def _without_contents(image: ImageDiff) -> ImageDiff:
    """The outer image, if what differs in its bytes is signatures: so do they and their hash."""
    changes = tuple(change for change in image.changes if change.field != "hash")
    return replace(image, changes=changes, firmware=None, other_signatures=True)


def diff_firmware(old: bytes, new: bytes) -> FirmwareChange | None:
    """How two images differ; None where they are the same. Pages are compared before bytes."""
    if old == new:
        return None
    common = min(len(old), len(new))
    count, pages, first = 0, 0, common
    for start in range(0, len(new), PAGE_SIZE):
        one, other = old[start : start + PAGE_SIZE], new[start : start + PAGE_SIZE]
        if one == other:
            continue
        pages += 1
        offsets = [
            index for index in range(min(len(one), len(other))) if one[index] != other[index]
        ]
        count += len(offsets)
        if offsets:
            first = min(first, start + offsets[0])
    return FirmwareChange(bytes=count, first=first, pages=pages, of_pages=-(-len(new) // PAGE_SIZE))


def _likeness(images: Sequence[ImageDiff], *, same: bool, same_file: bool) -> Likeness:
    if same_file:
        return Likeness.IDENTICAL
    if not same:
        return Likeness.DIFFERENT
    if any(image.other_signatures for image in images):
        return Likeness.SIGNATURES
    return Likeness.CONTAINER


def _diff_images(old: PackageImage, new: PackageImage, signer: SignerAnswer) -> ImageDiff:
    fields = zip(_values(old), _values(new), strict=True)
    changes = [Change(field=field, old=a, new=b) for (field, a), (_, b) in fields if a != b]
    if not changes and _unsigned_bytes(old) != _unsigned_bytes(new):
        # The same values in other bytes: a zero that one of them leaves out.
        changes.append(
            Change(
                field="encoding",
                old=old.init_packet.signed_bytes.hex(),
                new=new.init_packet.signed_bytes.hex(),
            )
        )
    return ImageDiff(
        kind=old.kind,
        changes=tuple(changes),
        firmware=diff_firmware(old.firmware, new.firmware),
        signer=signer,
        other_signatures=_signature_bytes(old) != _signature_bytes(new),
    )


def _values(image: PackageImage) -> Iterator[tuple[str, object]]:
    """What is compared of an image, by name."""
    packet, command = image.init_packet, image.init_packet.command
    yield "type", command.kind.name
    yield "fw_version", command.fw_version
    yield "hw_version", command.hw_version
    yield "sd_req", command.sd_req
    yield "sd_size", command.sd_size
    yield "bl_size", command.bl_size
    yield "app_size", command.app_size
    yield "hash_type", command.hash_type.name
    yield "hash", command.hash.hex()
    yield "is_debug", command.is_debug
    yield (
        "boot_validation",
        tuple(
            (entry.type.name, "" if _is_signature(entry.type) else entry.data.hex())
            for entry in command.boot_validations
        ),
    )
    yield "signature_type", None if packet.signature_type is None else packet.signature_type.name
    yield "bin_file", image.bin_name
    yield "dat_file", image.dat_name


def _is_signature(kind: BootValidationType) -> bool:
    return kind is BootValidationType.VALIDATE_ECDSA_P256_SHA256


def _signature_bytes(image: PackageImage) -> tuple[bytes | None, ...]:
    """Every signature of an image as it stands there."""
    entries = image.init_packet.command.boot_validations
    at_boot = [entry.data for entry in entries if _is_signature(entry.type)]
    return (image.init_packet.signature, *at_boot)


def _unsigned_bytes(image: PackageImage) -> bytes:
    """The init command as it is encoded, with zeros in place of signatures."""
    encoded = image.init_packet.signed_bytes
    for entry in image.init_packet.command.boot_validations:
        if entry.data and _is_signature(entry.type):
            encoded = encoded.replace(entry.data, bytes(len(entry.data)))
    return encoded


@dataclass(frozen=True, slots=True, kw_only=True)
class _Signed:
    """The signatures of two packages, and who made them."""

    before: tuple[PackageSignature, ...]
    after: tuple[PackageSignature, ...]
    signers: tuple[FoundSigner, ...]
    is_inner: bool = False

    @classmethod
    def of(cls, old: Package, new: Package) -> _Signed:
        before, after = package_signatures(old), package_signatures(new)
        return cls(before=before, after=after, signers=find_signers([*before, *after]))

    def answer(self, kind: ImageKind) -> SignerAnswer:
        """Who signed an image here and there; boot validations count as its init packet does."""
        sides = [
            {
                _group(index + start, self.signers)
                for index, each in enumerate(found)
                if each.kind is kind and each.is_inner is self.is_inner
            }
            for found, start in ((self.before, 0), (self.after, len(self.before)))
        ]
        if not any(sides):
            return SignerAnswer.UNSIGNED
        if not all(sides):
            return SignerAnswer.ONE_UNSIGNED
        if None in sides[0] | sides[1]:
            return SignerAnswer.UNKNOWN
        return SignerAnswer.SAME if sides[0] == sides[1] else SignerAnswer.DIFFERENT


def _group(index: int, signers: Sequence[FoundSigner]) -> int | None:
    """Which of the signers made a signature."""
    return next((n for n, signer in enumerate(signers) if index in signer.members), None)
