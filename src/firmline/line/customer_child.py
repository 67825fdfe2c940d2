"""The process in which a customer's module is imported: ``FOLDER MODULE FUNCTION [call]``.

With ``call`` its function is called as well, with what standard input tells of the unit, a JSON
object: each field is an attribute of the one argument. The answer is one JSON object on what was
standard output when it began; what the module prints goes nowhere, so that it cannot be taken for
the answer.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import json
import os
import sys
import traceback
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

MOST: Final = 200
"""Characters of an exception's text that are told."""


def trouble_with(folder: str, module: str, function: str) -> str:
    """Why a function could not be called with one argument; empty: it could."""
    sys.path.insert(0, folder)
    try:
        loaded = importlib.import_module(module)
    except BaseException as problem:  # noqa: BLE001 - SystemExit, too: whatever it is, it is told
        return _of_import(problem, module)
    found = getattr(loaded, function, None)
    if found is None:
        names = sorted(name for name in vars(loaded) if not name.startswith("_"))
        there = ", ".join(name for name in names if inspect.isfunction(getattr(loaded, name)))
        return f"{module} has no function {function}; it has {there[:MOST] or 'none at all'}"
    if not callable(found):
        return f"{module}.{function} is no function, but of the type {type(found).__name__}"
    try:
        inspect.signature(found).bind(object())
    except TypeError:
        return f"{module}.{function} has to take exactly one argument, what it is told of the unit"
    except ValueError:
        return ""  # a function of C that does not tell
    return ""


def _of_import(problem: BaseException, module: str) -> str:
    if isinstance(problem, ModuleNotFoundError) and problem.name == module.split(".", 1)[0]:
        return f"there is no module {module} beside the recipe or among the installed ones"
    told = problem.msg if isinstance(problem, SyntaxError) else _one_line(problem)
    said = ": ".join(filter(None, (type(problem).__name__, told)))
    return f"importing {module} failed with {said}{_place(problem)}"


def _place(problem: BaseException) -> str:
    """Where in the customer's own files it was, for a message; empty: not in one of them."""
    if isinstance(problem, SyntaxError):
        file, line = problem.filename or "", problem.lineno
    else:
        frame = traceback.extract_tb(problem.__traceback__)[-1]
        file, line = frame.filename, frame.lineno
    return f" ({Path(file).name}, line {line})" if Path(file).is_file() else ""


def called(module: str, function: str, told: dict[str, Any]) -> dict[str, object]:
    """What a function returns that could be imported, or what is wrong with it.

    Args:
        module: Its module.
        function: Its name.
        told: What it is told of the unit.
    """
    try:
        returned = getattr(importlib.import_module(module), function)(SimpleNamespace(**told))
    except BaseException as problem:  # noqa: BLE001 - SystemExit, too: whatever it is, it is told
        text = ": ".join(filter(None, (type(problem).__name__, _one_line(problem))))
        return {"trouble": f"{module}.{function} raised {text}{_place(problem)}"}
    try:
        json.dumps(returned, allow_nan=False)
    except (TypeError, ValueError):
        name = type(returned).__name__
        return {
            "trouble": f"{module}.{function} returned a {name} with more than numbers and texts"
        }
    return {"trouble": "", "returned": returned}


def _one_line(problem: BaseException) -> str:
    return " ".join(str(problem).split())[:MOST]


def main(arguments: list[str]) -> None:
    """Answer, and end at once: threads that the module has started are not waited for."""
    answer = os.dup(1)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    folder, module, function, *wanted = arguments
    told = json.load(sys.stdin) if wanted else {}
    result: dict[str, object] = {"trouble": trouble_with(folder, module, function)}
    if wanted and not result["trouble"]:
        result = called(module, function, told)
    with os.fdopen(answer, "wb") as file:  # all of it, however large
        file.write(json.dumps(result).encode())
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1:])
