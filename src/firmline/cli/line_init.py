"""``firmline line init``: a recipe to start from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from firmline.cli.files import read_file, write_file
from firmline.cli.parameters import FilePath, OnceCommand
from firmline.cli.style import printable
from firmline.errors import Code, InputError, shortened

if TYPE_CHECKING:
    from firmline.line.recipe.template import PackageFacts

RECIPE: Final = "recipe.toml"
MOST_NAME: Final = 200
"""Characters of a name that a recipe holds."""
_PLAIN: Final = frozenset("\\:/")
"""Marks that no name of a package in a recipe has."""


@click.command(cls=OnceCommand)
@click.argument("folder", metavar="[FOLDER]", type=FilePath(), default=".")
@click.option(
    "--package",
    metavar="ZIP",
    type=FilePath(),
    help="The package that is sent: its SHA-256, hardware version and SoftDevices go into the"
    " recipe.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def init(*, folder: Path, package: Path | None, as_json: bool) -> None:
    """Write a commented recipe into FOLDER (by default this one), as recipe.toml.

    It is a whole recipe: firmline line check takes it once the package lies beside it. A file that
    is there already is left as it is.
    """
    from firmline.line.recipe.template import PackageFacts, recipe_text  # noqa: PLC0415

    target = folder / RECIPE
    _check_free(target)
    facts = PackageFacts() if package is None else _facts(package)
    _make_folder(folder)
    write_file(target, recipe_text(facts).encode(), replace=False)
    beside = folder / facts.file
    is_there = beside.exists()
    if as_json:
        result = {"recipe": str(target), "package": str(beside), "package_is_there": is_there}
        click.echo(json.dumps({"type": "result", **result}))
        return
    click.echo(f"{printable(target)} is written.")
    if not is_there:
        what = "your package" if package is None else printable(package)
        click.echo(f"Put {what} beside it, as {printable(beside)}.")
    click.echo(f"Next: firmline line check {printable(target)}")


def _check_free(target: Path) -> None:
    """Before anything is read: what is there is somebody's work."""
    try:
        is_taken = target.is_symlink() or target.exists()
    except (OSError, ValueError):
        return  # whoever writes it says why it cannot be
    if is_taken:
        raise InputError(
            Code.FILE_EXISTS,
            f"{shortened(target)} is already there and was left as it is.",
            hint=f"Check it with firmline line check {shortened(target)}, or name another folder.",
        )


def _facts(path: Path) -> PackageFacts:
    """What the recipe says of a package, and under which name it lies beside it."""
    from firmline.formats.package import read_package  # noqa: PLC0415 - protobuf loads late
    from firmline.line.recipe.packages import facts_of  # noqa: PLC0415
    from firmline.line.recipe.template import DEFAULT_PACKAGE  # noqa: PLC0415

    content = read_file(path, what="package")
    found = read_package(content, name=shortened(path))
    name = path.name
    is_plain = name.isprintable() and not _PLAIN & set(name) and 1 <= len(name) <= MOST_NAME
    return facts_of(name if is_plain else DEFAULT_PACKAGE, content, found)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(exist_ok=True)
    except FileExistsError:
        raise InputError(
            Code.FILE_NOT_WRITABLE, f"{shortened(folder)} is a file, not a folder."
        ) from None
    except (OSError, ValueError) as problem:
        why = str(getattr(problem, "strerror", None) or problem).lower()
        raise InputError(
            Code.FILE_NOT_WRITABLE, f"The folder {shortened(folder)} cannot be made: {why}."
        ) from None
