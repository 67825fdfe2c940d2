"""Recipes for tests: a whole one, and how it is changed."""

from __future__ import annotations

import re
from typing import Any

import pytest

from firmline.errors import Code, InputError
from firmline.line.recipe.reading import read_recipe
from firmline.line.recipe.recipe import Recipe
from firmline.line.recipe.steps import Step

HEAD = """\
schema = 1
name = "tag-a"
version = 7
title = "Tag A, Endprüfung"

[product]
name = "Tag A"
revision = "C"
serial_number = 'TAG-\\d{6}'
hw_versions = [52]
softdevices = [0x0103, 0x00B7]
"""
PACKAGES = f"""
[[packages]]
name = "application"
file = "packages/dfu.zip"
sha256 = "{"A" * 64}"
"""
STEPS = """
[[steps]]
kind = "scan"
[[steps]]
kind = "find"
by = "slot"
[[steps]]
kind = "update"
[[steps]]
kind = "verify"
"""
RELEASED = f"""\
schema = 1
name = "tag"
version = {{version}}
title = "Tag"
[product]
name = "Tag"
serial_number = 'SN-\\d{{{{4}}}}'
[[packages]]
name = "application"
file = "released/dfu.zip"
{STEPS}"""
"""A recipe as it is released on a share, by its version."""
BEFORE = (HEAD + PACKAGES + STEPS).count("\n")
"""Lines before what a test puts behind a whole recipe."""


def recipe(text: str) -> Recipe:
    return read_recipe(text, where="r.toml").recipe


def with_step(lines: str) -> str:
    """A whole recipe with one more step at its end."""
    return f"{HEAD}{PACKAGES}{STEPS}[[steps]]\n{lines}\n"


def last_step(lines: str) -> Step:
    return recipe(with_step(lines)).steps[-1]


def measuring(limit: str) -> str:
    """A recipe that ends in a limit of ``measure``, whose header is in line ``BEFORE + 3``."""
    return with_step(f'kind = "measure"\n[[steps.limits]]\n{limit}')


def refused(text: str, code: Code = Code.RECIPE_MALFORMED, line: int = 0) -> InputError:
    """The error of a recipe, which has to name file and line."""
    with pytest.raises(InputError) as caught:
        read_recipe(text, where="r.toml")
    error = caught.value
    assert error.code is code, error
    found = re.match(r"r\.toml, line (\d+): ", error.message)
    assert found, error.message
    assert line in (0, int(found[1])), error.message
    context: dict[str, Any] = error.context
    assert context == {"line": int(found[1])}
    assert error.message.endswith((".", "?"))
    return error
