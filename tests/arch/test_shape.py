"""The shape of the house: short functions, modules of one screenful of ideas, no back doors."""

from __future__ import annotations

import ast

from house_tree import ROOT, SOURCE, modules

LONGEST_MODULE = 600
LONGEST_FUNCTION = 60


def test_no_module_is_too_long() -> None:
    long = [
        f"{module.name}: {module.lines}" for module in modules() if module.lines > LONGEST_MODULE
    ]
    assert long == []


def test_no_function_is_too_long() -> None:
    long = []
    for module in modules():
        for node in ast.walk(module.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                if length > LONGEST_FUNCTION:
                    long.append(f"{module.name}:{node.lineno} {node.name}: {length} lines")
    assert long == []


def test_every_module_states_its_contract() -> None:
    bare = [module.name for module in modules() if not ast.get_docstring(module.tree)]
    assert bare == []


def test_no_module_takes_a_private_name_of_another() -> None:
    taken = []
    for module in modules():
        for node in ast.walk(module.tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("firmline"):
                private = [alias.name for alias in node.names if alias.name.startswith("_")]
                public = [name for name in private if not name.startswith("__")]
                taken += [f"{module.name}:{node.lineno} {name}" for name in public]
    assert taken == []


def test_imports_are_absolute() -> None:
    relative = [
        f"{module.name}:{node.lineno}"
        for module in modules()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ImportFrom) and node.level
    ]
    assert relative == []


def test_every_room_is_a_package_with_its_rules() -> None:
    rooms = {path.parent for path in SOURCE.glob("*/*.py")}
    assert len(rooms) > 3
    assert [room.name for room in sorted(rooms) if not (room / "__init__.py").exists()] == []


def test_no_test_takes_anything_of_another_test() -> None:
    """What several of them need stands in a module that is no test, as ``integration.story``."""
    taken = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in sorted((ROOT / "tests").rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        for name in _imported(node)
        if any(part.startswith("test_") for part in name.split("."))
    ]
    assert taken == []


def _imported(node: ast.AST) -> list[str]:
    """The full names of what an import takes."""
    match node:
        case ast.Import(names=names):
            return [each.name for each in names]
        case ast.ImportFrom(module=module, names=names):
            return [f"{module or ''}.{each.name}" for each in names]
        case _:
            return []
