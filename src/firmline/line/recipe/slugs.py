"""Slugs: the names that records keep of recipes, packages, steps and measurements."""

from __future__ import annotations

import re
from typing import Final

from firmline.errors import Code
from firmline.formats.toml_keys import Section

_SLUG: Final = re.compile("[a-z][a-z0-9]*(?:[-_][a-z0-9]+)*")


def is_slug(text: str) -> bool:
    """Whether a text can be the name of a recipe, a package, a step or a measurement."""
    return _SLUG.fullmatch(text) is not None


def checked_slug(section: Section, name: str, *, code: Code | None = None) -> str:
    """The value of a key that has to be a slug.

    Raises:
        InputError: It is none; by default with the code of the file's form.
    """
    slug: str = section.values[name]
    if not is_slug(slug):
        allowed = "lower-case letters and digits with single - or _ between, a letter first"
        raise section.wrong(name, allowed, hint="Write it as tag-a or as led_current.", code=code)
    return slug
