"""Labels: printed by a command of the station's, or left in a folder that a printer watches."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from firmline.errors import Code, StoreError, shortened
from firmline.line.outcomes import StepOutcome
from firmline.line.recipe.steps import Label, LabelWhen
from firmline.line.station.steps.result import StepResult
from firmline.line.station.steps.work import Work

_FIELD: Final = re.compile(r"\{(\w+)\}")
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9._-]")


async def label(action: Label, work: Work) -> StepResult:
    """Print the unit's label."""
    if action.when is LabelWhen.PASS and not work.has_passed:
        return StepResult(outcome=StepOutcome.SKIP, message="Only units that passed get a label.")
    text = filled(action.text, work)
    await work.equipment.printer.print(work.serial, text)
    return StepResult(message=f"Printed: {text}")


def filled(text: str, work: Work) -> str:
    """The text of a label with its fields."""
    recipe = work.recipe
    fields = {
        "serial_number": work.serial,
        "product": recipe.product.name,
        "revision": recipe.product.revision,
        "recipe": recipe.name,
        "recipe_version": str(recipe.version),
    }
    return _FIELD.sub(lambda found: fields[found[1]], text)


class CommandPrinter:
    """Gives each label to a command on its standard input.

    Args:
        command: The program and its arguments, e.g. ``lp -d zebra``.
    """

    def __init__(self, command: Sequence[str]) -> None:
        self._command = tuple(command)

    async def print(self, serial: str, text: str) -> None:  # noqa: ARG002 - a command prints texts
        """See :class:`~.work.LabelPrinter`."""
        try:
            process = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.PIPE,
            )
        except OSError as problem:
            raise _not_printed(self._command[0], problem.strerror or str(problem)) from problem
        try:
            _, told = await process.communicate(f"{text}\n".encode())
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode:
            reason = told.decode(errors="replace").strip() or f"exit code {process.returncode}"
            raise _not_printed(self._command[0], reason)


class FolderPrinter:
    """Leaves each label as a text file in a folder, as label programs watch them.

    Args:
        folder: Which; it is made with the first label.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def print(self, serial: str, text: str) -> None:
        """See :class:`~.work.LabelPrinter`."""
        place = self._folder / f"{_UNSAFE.sub('_', serial)}.txt"
        partial = place.with_suffix(".part")  # nobody who watches sees half a label
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            partial.write_text(f"{text}\n", encoding="utf-8")
            partial.replace(place)
        except OSError as problem:
            raise _not_printed(shortened(place), problem.strerror or str(problem)) from problem


def _not_printed(where: str, reason: str) -> StoreError:
    return StoreError(
        Code.LABEL_NOT_PRINTED,
        f"The label was not printed by {shortened(where)}: {shortened(reason)}.",
    )
