"""A recipe as a value: what station, records and page read of it."""

from __future__ import annotations

from dataclasses import dataclass

from firmline.line.recipe.retest import RetestRule
from firmline.line.recipe.serial_numbers import SerialPattern
from firmline.line.recipe.steps import Step
from firmline.values import Fwid


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """What the units are.

    Attributes:
        name: For people.
        revision: Of the hardware; empty where there is none.
        serial_pattern: What the barcodes look like.
        hw_versions: Those that a package may name; None: not compared.
        softdevices: Those that a unit may arrive with, empty for units without one; None: not
            compared.
    """

    name: str
    revision: str
    serial_pattern: SerialPattern
    hw_versions: tuple[int, ...] | None
    softdevices: tuple[Fwid, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageReference:
    """A package that the recipe sends.

    Attributes:
        name: What steps call it.
        file: Where it lies, from the recipe's folder, with ``/`` between folders.
        sha256: Of the file, 64 lower-case digits; empty: not pinned, any package of that name.
    """

    name: str
    file: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """The ordered steps of one product revision.

    Attributes:
        name: Its slug; what records call it.
        version: Its author's number, raised with every change.
        title: For people.
        sha256: Of its file, 64 hexadecimal digits: two of one name and version with different ones
            are a mistake that a record shows.
        product: What the units are.
        packages: What is sent, in the file's order.
        retest: How often a unit may try.
        steps: In the order in which they are done.
    """

    name: str
    version: int
    title: str
    sha256: str
    product: Product
    packages: tuple[PackageReference, ...]
    retest: RetestRule
    steps: tuple[Step, ...]

    @property
    def is_pinned(self) -> bool:
        """Whether it names the bytes of every package."""
        return all(each.sha256 for each in self.packages)

    def package(self, name: str) -> PackageReference:
        """The package that a step names."""
        return next(each for each in self.packages if each.name == name)
