"""A recipe together with its text, so that what is found out later names its line as well."""

from __future__ import annotations

from dataclasses import dataclass

from firmline.errors import Code, InputError
from firmline.formats.toml_text import KeyPath, TomlText
from firmline.line.recipe.recipe import Recipe


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipeDocument:
    """A recipe that was read.

    Attributes:
        recipe: What it says.
        text: Where that stands.
    """

    recipe: Recipe
    text: TomlText

    def error(self, path: KeyPath, code: Code, sentence: str, *, hint: str = "") -> InputError:
        """The error for what stands there, e.g. ``("packages", 0, "sha256")``."""
        return self.text.error(path, sentence, hint=hint, code=code)
