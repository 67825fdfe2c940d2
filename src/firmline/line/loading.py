"""A recipe from a file, with everything that it names.

Its packages lie beside it, and are read; its customer's steps are imported in processes of their
own. How a file is read is the caller's, who knows whose it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from firmline.errors import Code, InputError, shortened
from firmline.formats.known_softdevices import describe_fwid
from firmline.formats.package import Package, read_package
from firmline.formats.toml_text import decode_toml
from firmline.line.customer_steps import trouble_with
from firmline.line.recipe.document import RecipeDocument
from firmline.line.recipe.keys import RECIPE_FILE
from firmline.line.recipe.packages import check_digest, check_product, refused_softdevices
from firmline.line.recipe.reading import read_recipe
from firmline.line.recipe.recipe import PackageReference, Recipe
from firmline.line.recipe.steps import Custom


class Reader(Protocol):
    """Reads a file with bounds, as :func:`firmline.cli.files.read_file`."""

    def __call__(self, path: Path, *, what: str) -> bytes:
        """Its bytes.

        Raises:
            InputError: It cannot be read.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedRecipe:
    """A recipe in which everything is as it says.

    Attributes:
        path: Its file.
        recipe: What it says.
        packages: What it sends, in its order.
        contents: The bytes of each package's file, in the same order.
        remarks: What may be a mistake, one sentence each.
    """

    path: Path
    recipe: Recipe
    packages: tuple[tuple[PackageReference, Package], ...]
    contents: tuple[bytes, ...]
    remarks: tuple[str, ...]

    def package(self, name: str) -> Package:
        """The package that a step names."""
        return next(package for reference, package in self.packages if reference.name == name)

    def content(self, name: str) -> bytes:
        """The bytes of the package that a step names."""
        names = [reference.name for reference, _ in self.packages]
        return self.contents[names.index(name)]


def load_recipe(path: Path, *, read: Reader) -> CheckedRecipe:
    """Read a recipe, its packages and its customer's steps.

    Args:
        path: The recipe.
        read: Reads it, and its packages.

    Raises:
        InputError: Any ``FILE_*`` or ``RECIPE_*`` code.
    """
    where = shortened(path)
    text = decode_toml(read(path, what="recipe"), where=where, form=RECIPE_FILE)
    document = read_recipe(text, where=where)
    recipe = document.recipe
    contents = tuple(
        _content(document, index, path.parent, read) for index in range(len(recipe.packages))
    )
    packages = tuple(
        (reference, _package(document, index, path.parent, contents[index]))
        for index, reference in enumerate(recipe.packages)
    )
    for found in check_product(recipe, packages):
        raise document.error(found.path, Code.RECIPE_PACKAGE, found.sentence, hint=found.hint)
    _check_customer_steps(document, path.parent)
    return CheckedRecipe(
        path=path,
        recipe=recipe,
        packages=packages,
        contents=contents,
        remarks=tuple(_remarks(recipe, packages)),
    )


def _content(document: RecipeDocument, index: int, folder: Path, read: Reader) -> bytes:
    """The file of a package, which has to be the one that the recipe means."""
    reference = document.recipe.packages[index]
    path = folder / reference.file
    with _told_in(document, index, hint="Put the package there, or name the one that is there."):
        content = read(path, what="package")
    found = check_digest(index, reference, content)
    if found is not None:
        raise document.error(found.path, Code.RECIPE_PACKAGE, found.sentence, hint=found.hint)
    return content


def _package(document: RecipeDocument, index: int, folder: Path, content: bytes) -> Package:
    name = shortened(folder / document.recipe.packages[index].file)
    with _told_in(document, index, hint="firmline pkg display shows what is in a package."):
        return read_package(content, name=name)


@contextmanager
def _told_in(document: RecipeDocument, index: int, *, hint: str) -> Iterator[None]:
    """Say what is wrong with a package where the recipe names its file.

    Raises:
        InputError: ``RECIPE_PACKAGE``.
    """
    try:
        yield
    except InputError as problem:
        raise document.error(
            ("packages", index, "file"),
            Code.RECIPE_PACKAGE,
            problem.message,
            hint=problem.hint or hint,
        ) from None


def _check_customer_steps(document: RecipeDocument, folder: Path) -> None:
    known: dict[tuple[str, str], str] = {}
    for index, step in enumerate(document.recipe.steps):
        if not isinstance(step.action, Custom):
            continue
        call = (step.action.module, step.action.function)
        if call not in known:
            known[call] = trouble_with(step.action, folder=folder)
        if known[call]:
            raise document.error(
                ("steps", index, "call"),
                Code.RECIPE_STEP_OF_CUSTOMER,
                f"the step {step.name!r} cannot be called: {known[call]}.",
            )


def _remarks(recipe: Recipe, packages: tuple[tuple[PackageReference, Package], ...]) -> list[str]:
    remarks = [
        f"{each.file} is not pinned: any package of that name would be sent. Write its sha256."
        for each in recipe.packages
        if not each.sha256
    ]
    refused = refused_softdevices(recipe, packages)
    if refused:
        named = ", ".join(map(describe_fwid, refused))
        remarks.append(
            f"A unit that comes with {named} is allowed here, and would refuse the first package."
        )
    return remarks
