"""Packages and recipes: the bytes that were released, for the product's hardware."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest

from firmline.formats.package import Package, read_package
from firmline.formats.package_build import PackageSpec, build_package
from firmline.line.recipe.packages import (
    check_digest,
    check_product,
    facts_of,
    refused_softdevices,
)
from firmline.line.recipe.recipe import Recipe
from firmline.line.recipe.template import recipe_text
from firmline.values import Fwid, FwVersion
from unit.cli.makers import package, spec
from unit.formats.makers import softdevice_image
from unit.line.recipes import HEAD, PACKAGES, STEPS, recipe

WHOLE = HEAD + PACKAGES + STEPS


def problems(made: Recipe, sent: Package) -> list[str]:
    return [each.sentence for each in check_product(made, [(made.packages[0], sent)])]


def test_the_released_bytes_are_the_ones_whose_digest_the_recipe_names() -> None:
    reference = recipe(WHOLE).packages[0]
    content = b"released"
    pinned = replace(reference, sha256=hashlib.sha256(content).hexdigest())
    assert check_digest(0, pinned, content) is None
    assert check_digest(0, replace(reference, sha256=""), content) is None
    found = check_digest(2, reference, content)
    assert found is not None
    assert found.path == ("packages", 2, "sha256")
    assert hashlib.sha256(content).hexdigest() in found.sentence


def test_a_package_for_the_product_has_no_disagreement() -> None:
    made = recipe(WHOLE)
    sent = build_package(spec())
    assert problems(made, sent) == []
    assert refused_softdevices(made, [(made.packages[0], sent)]) == [0xB7]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("[52]", "[51]", "is for hardware version 52, and the product has 51"),
        (
            "[0x0103, 0x00B7]",
            "[0x00B7]",
            "is for units with 0x0103 (S112 7.2.0), and the product's come with 0x00B7",
        ),
        ("[0x0103, 0x00B7]", "[]", "and the product's come with no SoftDevice"),
    ],
)
def test_a_package_for_another_product_is_told(old: str, new: str, words: str) -> None:
    (problem,) = problems(recipe(WHOLE.replace(old, new)), build_package(spec()))
    assert words in problem


def test_what_a_product_does_not_say_is_not_compared() -> None:
    text = WHOLE.replace("hw_versions = [52]\n", "").replace("softdevices = [0x0103, 0x00B7]\n", "")
    made = recipe(text)
    sent = build_package(replace(spec(), hw_version=7))
    assert problems(made, sent) == []
    assert refused_softdevices(made, [(made.packages[0], sent)]) == []


def test_behind_a_new_softdevice_the_one_that_a_unit_came_with_does_not_matter() -> None:
    both = PackageSpec(
        softdevice=softdevice_image(end=0x19000),
        application=spec().application,
        application_version=FwVersion(5),
        hw_version=52,
        sd_req=(Fwid(0xB7),),
        sd_id=(Fwid(0x0101),),
        signing_key=spec().signing_key,
    )
    assert problems(recipe(WHOLE), build_package(both)) == []


def test_a_new_recipe_takes_what_its_package_says() -> None:
    content = package()
    facts = facts_of("new.zip", content, read_package(content, name="new.zip"))
    made = recipe(recipe_text(facts))
    assert made.packages[0].file == "new.zip"
    assert made.is_pinned
    assert made.product.hw_versions == (52,)
    assert made.product.softdevices == (Fwid(0x103),)
    assert check_digest(0, made.packages[0], content) is None


def test_a_package_for_units_without_a_softdevice_is_one_for_such_a_product() -> None:
    sent = build_package(replace(spec(), sd_req=(Fwid(0),)))
    facts = facts_of("x.zip", b"x", sent)
    made = recipe(recipe_text(facts))
    assert made.product.softdevices == ()
    assert problems(made, sent) == []


@pytest.mark.parametrize("name", ['a"b.zip', "ä b.zip", "a'b.zip", "[x].zip", "#.zip"])
def test_any_name_of_a_package_can_stand_in_a_recipe(name: str) -> None:
    facts = facts_of(name, b"x", build_package(spec()))
    assert recipe(recipe_text(facts)).packages[0].file == name
