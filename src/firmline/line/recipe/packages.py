"""Whether a package is the one that a recipe means, and is made for its product."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from firmline.formats.init_command import ANY_SOFTDEVICE
from firmline.formats.known_softdevices import describe_fwid
from firmline.formats.package import Package, PackageImage
from firmline.formats.toml_text import KeyPath
from firmline.line.recipe.recipe import PackageReference, Product, Recipe
from firmline.line.recipe.steps import Update
from firmline.line.recipe.template import PackageFacts
from firmline.values import ImageKind

NO_SOFTDEVICE = 0
"""In ``sd_req``: a unit without one (spec section 5.2)."""
_BRINGS_ONE = frozenset({ImageKind.SOFTDEVICE, ImageKind.SOFTDEVICE_BOOTLOADER})


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement:
    """Something in which recipe and package do not agree.

    Attributes:
        path: Where the recipe says it.
        sentence: What is wrong.
        hint: What to do.
    """

    path: KeyPath
    sentence: str
    hint: str = ""


def check_digest(index: int, reference: PackageReference, content: bytes) -> Disagreement | None:
    """Whether these are the bytes that were released; None: they are, or nothing says which.

    Args:
        index: Which of the recipe's packages it is, from 0.
        reference: What the recipe says of it.
        content: The file.
    """
    found = hashlib.sha256(content).hexdigest()
    if reference.sha256 in ("", found):
        return None
    return Disagreement(
        path=("packages", index, "sha256"),
        sentence=f"{reference.file} is another file than the one that was released: its SHA-256 is"
        f" {found}, and here stands {reference.sha256}.",
        hint="Put the released package in its place; if this one was released, write its SHA-256"
        " here and raise the recipe's version.",
    )


def check_product(
    recipe: Recipe, packages: Sequence[tuple[PackageReference, Package]]
) -> Iterator[Disagreement]:
    """In what packages are not made for the recipe's product.

    Args:
        recipe: The recipe.
        packages: Its packages, in its order.
    """
    content = {reference.name: package for reference, package in packages}
    for reference, package in packages:
        yield from _hw_versions(recipe.product, reference, package)
    sent = [
        (recipe.package(step.action.package), image)
        for step in recipe.steps
        if isinstance(step.action, Update)
        for image in content[step.action.package].images
    ]
    yield from _softdevices(recipe.product, sent)


def _hw_versions(
    product: Product, reference: PackageReference, package: Package
) -> Iterator[Disagreement]:
    if product.hw_versions is None:
        return
    for image in package.images:
        version = image.init_packet.command.hw_version
        if version is not None and version not in product.hw_versions:
            allowed = ", ".join(map(str, product.hw_versions))
            yield Disagreement(
                path=("product", "hw_versions"),
                sentence=f"{reference.file} is for hardware version {version}, and the product has"
                f" {allowed}.",
                hint=f"Put the product's package in its place, or write {version} here if the"
                " product has it.",
            )


def _softdevices(
    product: Product, sent: Sequence[tuple[PackageReference, PackageImage]]
) -> Iterator[Disagreement]:
    if product.softdevices is None:
        return
    arriving: set[int] = set(product.softdevices) or {NO_SOFTDEVICE}
    for reference, image in _until_softdevice(sent):
        required = image.init_packet.command.sd_req
        if required and ANY_SOFTDEVICE not in required and not arriving & set(required):
            yield Disagreement(
                path=("product", "softdevices"),
                sentence=f"{reference.file} is for units with {_named(required)}, and the product's"
                f" come with {_named(sorted(arriving))}.",
                hint="Put the product's package in its place, or write here what its units come"
                " with; firmline inspect reads it.",
            )


def refused_softdevices(
    recipe: Recipe, packages: Sequence[tuple[PackageReference, Package]]
) -> list[int]:
    """SoftDevices that units may come with, and whose units would refuse the first package."""
    first = next((step.action for step in recipe.steps if isinstance(step.action, Update)), None)
    if first is None or not recipe.product.softdevices:
        return []
    package = next(each for reference, each in packages if reference.name == first.package)
    required = package.images[0].init_packet.command.sd_req
    if not required or ANY_SOFTDEVICE in required:
        return []
    return [each for each in recipe.product.softdevices if each not in required]


def _until_softdevice(
    sent: Iterable[tuple[PackageReference, PackageImage]],
) -> Iterator[tuple[PackageReference, PackageImage]]:
    """Those that meet the SoftDevice with which a unit arrives."""
    for reference, image in sent:
        yield reference, image
        if image.kind in _BRINGS_ONE:
            return


def _named(fwids: Iterable[int]) -> str:
    return " or ".join(
        "no SoftDevice" if fwid == NO_SOFTDEVICE else describe_fwid(fwid) for fwid in fwids
    )


def facts_of(file: str, content: bytes, package: Package) -> PackageFacts:
    """What a new recipe takes from a package."""
    commands = [image.init_packet.command for image in package.images]
    required = commands[0].sd_req
    knows = bool(required) and ANY_SOFTDEVICE not in required and max(required) <= 0xFFFF
    return PackageFacts(
        file=file,
        sha256=hashlib.sha256(content).hexdigest(),
        hw_versions=tuple(
            dict.fromkeys(each.hw_version for each in commands if each.hw_version is not None)
        ),
        softdevices=tuple(fwid for fwid in required if fwid != NO_SOFTDEVICE) if knows else (),
        knows_softdevices=knows,
    )
