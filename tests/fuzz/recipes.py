"""Recipes: good ones, with lines exchanged, and such as no editor writes."""

from __future__ import annotations

import random
import re

from firmline.formats.toml_text import decode_toml
from firmline.line.recipe.document import RecipeDocument
from firmline.line.recipe.keys import LIMIT, PACKAGE, PRODUCT, RECIPE, RECIPE_FILE, RETEST, STEP
from firmline.line.recipe.kinds import KINDS
from firmline.line.recipe.reading import read_recipe
from firmline.line.recipe.template import PackageFacts, recipe_text
from firmline.line.recipe.words import action_in_words, hardware_in_words, rules_in_words
from fuzz.damage import damaged
from fuzz.files import Target

GOOD = recipe_text(PackageFacts(hw_versions=(52,), softdevices=(0x103,), knows_softdevices=True))
FULL = re.sub(r"^# (?=\[\[|(?!sha256)\w+ = )", "", GOOD, flags=re.MULTILINE)
_TABLES = (RECIPE, PRODUCT, PACKAGE, RETEST, STEP, LIMIT, *(each.rows for each in KINDS.values()))
_KEYS = sorted({str(key) for table in _TABLES for key in table})
_VALUES = (
    *("true", "nan", "-inf", "0", "-1", "1e999", "[]", "{}", "1979-05-27", "''", "9" * 900),
    *('"\\u001b[2J"', '"\\u202e"', '"update"', '"s"', '"name"', "[1, 2]", "[2, 1]", "0x0103"),
    *('"{serial_number}"', '"{{"', "'[A-Z]{1,64}'", "'(a+)+'", '"../x"', '"a:b"', "[" * 900),
)
_HEADERS = ("[product]", "[[packages]]", "[retest]", "[[steps]]", "[[steps.limits]]", "[steps.x]")


def _draw(rng: random.Random) -> bytes:
    rows = rng.choice([GOOD, FULL]).split("\n")
    for _ in range(rng.choice([0, 0, 1, 1, 2, 5])):
        at = rng.randrange(len(rows))
        rows[at : at + rng.randrange(3)] = [_row(rng, rows)]
    content = "\n".join(rows).encode("utf-8", "surrogatepass")
    return damaged(rng, [content]) if rng.random() < 0.2 else content


def _row(rng: random.Random, rows: list[str]) -> str:
    match rng.randrange(4):
        case 0:
            return rng.choice(_HEADERS)
        case 1:
            return rng.choice(rows)
        case _:
            return f"{rng.choice(_KEYS)} = {rng.choice(_VALUES)}"


def _read(content: bytes) -> RecipeDocument:
    return read_recipe(decode_toml(content, where="r.toml", form=RECIPE_FILE), where="r.toml")


def _check(_content: bytes, document: RecipeDocument) -> None:
    recipe = document.recipe
    assert hardware_in_words(recipe.product).isprintable()
    assert recipe.steps[0].kind == "scan"
    for step in recipe.steps:
        assert all(line.isprintable() for line in rules_in_words(step))
        assert action_in_words(step.action).isprintable()


TARGET = Target(name="recipe", draw=_draw, read=_read, check=_check)
