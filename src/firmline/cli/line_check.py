"""``firmline line check``: a recipe with all that it names, read as a station does."""

from __future__ import annotations

import json
from pathlib import Path

import click

from firmline.cli.files import read_file
from firmline.cli.parameters import FilePath, OnceCommand


@click.command(cls=OnceCommand)
@click.argument("recipe", metavar="RECIPE", type=FilePath())
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def check(*, recipe: Path, as_json: bool) -> None:
    """Read RECIPE, the packages that it names and the customer's steps that it calls.

    When this prints, every step can be done in its order, every package is the one that was
    released and is made for the product, and every function of yours can be imported. That is done
    in a process of its own, and none is called. Then the steps are shown with their limits.
    """
    from firmline.cli.recipe_text import recipe_fields, recipe_lines  # noqa: PLC0415
    from firmline.line.loading import load_recipe  # noqa: PLC0415 - formats load late

    checked = load_recipe(recipe, read=read_file)
    if as_json:
        click.echo(json.dumps({"type": "result", **recipe_fields(checked)}))
        return
    for line in recipe_lines(checked):
        click.echo(line)
