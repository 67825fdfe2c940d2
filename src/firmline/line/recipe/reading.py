"""Recipes in TOML files: a text in, a recipe with the lines of its keys out.

What each key is stands in ``docs/reference/recipe.md``, what is allowed in :mod:`.keys` and
:mod:`.kinds`; here is what one key means for another.
"""

from __future__ import annotations

import hashlib
import re
from typing import Final

from firmline.errors import Code
from firmline.formats.toml_keys import Section
from firmline.formats.toml_text import TomlText
from firmline.line.outcomes import StepOutcome
from firmline.line.recipe.document import RecipeDocument
from firmline.line.recipe.keys import (
    DEFAULT_STRIKES,
    PACKAGE,
    PRODUCT,
    RECIPE,
    RECIPE_FILE,
    RETEST,
    SCHEMA,
    keys_of,
)
from firmline.line.recipe.order import check_order
from firmline.line.recipe.reading_steps import read_step, step_sections
from firmline.line.recipe.recipe import PackageReference, Product, Recipe
from firmline.line.recipe.retest import RetestRule
from firmline.line.recipe.serial_numbers import SerialPattern
from firmline.line.recipe.slugs import checked_slug
from firmline.line.recipe.steps import Find, FindBy, Step
from firmline.values import Fwid

ADDRESS_SIZES: Final = (12, 17)
"""Characters of a Bluetooth address, without and with marks between its bytes."""
MOST_PACKAGES: Final = 10
"""Ours; three are a SoftDevice, a bootloader and an application by themselves."""
_PART: Final = r"[^/\\:\x00-\x1f]+"
_INSIDE: Final = re.compile(rf"{_PART}(?:/{_PART})*")
"""A path that does not leave the folder, once ``..`` is refused as well."""
_SHA256: Final = re.compile("[0-9a-fA-F]{64}")


def read_recipe(text: str, *, where: str) -> RecipeDocument:
    """The recipe that a file describes.

    Args:
        text: What the file holds.
        where: What a message calls the file.

    Raises:
        InputError: ``RECIPE_MALFORMED``, ``RECIPE_SCHEMA``, ``RECIPE_LIMIT`` or ``RECIPE_STEPS``,
            naming the line.
    """
    file = TomlText(text, where=where, form=RECIPE_FILE)
    _check_schema(file)
    whole = Section(file, (), file.content, keys_of(RECIPE))
    name = checked_slug(whole, "name")
    packages = _packages(whole)
    steps = [(section, read_step(section, packages)) for section in step_sections(whole)]
    check_order(whole, steps)
    product = _product(whole)
    for section, step in steps:
        _check_found(section, step, product)
    recipe = Recipe(
        name=name,
        version=whole.values["version"],
        title=whole.get("title", name),
        sha256=hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest(),
        product=product,
        packages=packages,
        retest=_retest(whole),
        steps=tuple(step for _, step in steps),
    )
    return RecipeDocument(recipe=recipe, text=file)


def _check_schema(file: TomlText) -> None:
    """First of all: a newer recipe may have keys that would only be told as unknown."""
    schema = file.content.get("schema")
    if type(schema) is int and schema != SCHEMA:
        raise file.error(
            ("schema",),
            f"this is a recipe of schema {str(schema)[:20]}, and this firmline reads schema"
            f" {SCHEMA}.",
            code=Code.RECIPE_SCHEMA,
        )


def _product(whole: Section) -> Product:
    section = whole.part("product", keys_of(PRODUCT))
    hw_versions = section.get("hw_versions", None)
    softdevices = section.get("softdevices", None)
    if hw_versions == []:
        raise section.error(
            "hw_versions",
            "product.hw_versions is empty, so that no package would fit.",
            hint="Name the hardware versions, or take the line out: then they are not compared.",
        )
    return Product(
        name=section.values["name"],
        revision=section.get("revision", ""),
        serial_pattern=_serial_pattern(section),
        hw_versions=None if hw_versions is None else tuple(hw_versions),
        softdevices=None if softdevices is None else tuple(Fwid(each) for each in softdevices),
    )


def _serial_pattern(section: Section) -> SerialPattern:
    try:
        return SerialPattern(section.values["serial_number"])
    except ValueError as problem:
        raise section.error(
            "serial_number",
            f"product.serial_number is no pattern: {problem}.",
            hint=r"Write it as 'TAG-\d{6}' or '[A-Z0-9]{8,12}', between single quotes.",
        ) from None


def _check_found(section: Section, step: Step, product: Product) -> None:
    """A barcode that is to be an address has to be able to be one."""
    if not (isinstance(step.action, Find) and step.action.by is FindBy.ADDRESS):
        return
    least, most = product.serial_pattern.sizes
    if not any(least <= size <= most for size in ADDRESS_SIZES):
        sizes = " or ".join(map(str, ADDRESS_SIZES))
        raise section.error(
            "by",
            f"a barcode that is a Bluetooth address has {sizes} characters, and"
            f" product.serial_number takes {least if least == most else f'{least} to {most}'}.",
            hint="Write serial_number = '[0-9A-F]{12}', or find the unit by another mark.",
        )


def _packages(whole: Section) -> tuple[PackageReference, ...]:
    packages: list[PackageReference] = []
    for path, content in whole.items("packages"):
        section = whole.item(path, content, keys_of(PACKAGE))
        name = checked_slug(section, "name")
        if len(packages) == MOST_PACKAGES:
            raise section.error("", f"a recipe has at most {MOST_PACKAGES} packages.")
        if any(each.name == name for each in packages):
            raise section.error("name", f"there are two packages with the name {name!r}.")
        packages.append(PackageReference(name=name, file=_file(section), sha256=_sha256(section)))
    return tuple(packages)


def _file(section: Section) -> str:
    file: str = section.values["file"]
    if not _INSIDE.fullmatch(file) or {".", ".."} & set(file.split("/")):
        raise section.wrong(
            "file",
            "a path from the recipe's folder, with / between folders and not out of it",
            hint="Put the package beside the recipe, and write its name alone.",
        )
    return file


def _sha256(section: Section) -> str:
    sha256: str = section.get("sha256", "")
    if sha256 and not _SHA256.fullmatch(sha256):
        raise section.wrong(
            "sha256",
            "64 hexadecimal digits",
            hint="firmline pkg display prints the SHA-256 of a package.",
        )
    return sha256.lower()


def _retest(whole: Section) -> RetestRule:
    section = whole.section("retest", keys_of(RETEST))
    values = {} if section is None else section.values
    return RetestRule(
        strikes=values.get("strikes", DEFAULT_STRIKES),
        counted=frozenset(map(StepOutcome, values.get("counted", [StepOutcome.FAIL]))),
        repeat_passed=values.get("repeat_passed", False),
    )
