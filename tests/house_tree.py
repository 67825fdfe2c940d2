"""The checkout as the tests of the house see it: its files, its modules, their syntax trees."""

from __future__ import annotations

import ast
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src" / "firmline"
BUILT = {".git", "site", "dist", "__pycache__", ".hypothesis"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Module:
    """One module of firmline that people wrote (generated protobuf code is left out)."""

    path: Path
    lines: int
    tree: ast.Module

    @property
    def name(self) -> str:
        """Where it lies below ``src/firmline``."""
        return self.path.relative_to(SOURCE).as_posix()

    @property
    def room(self) -> str:
        """The room it belongs to: ``formats``, ``protocol``, ``errors`` ..."""
        return self.path.relative_to(SOURCE).parts[0].removesuffix(".py")


@cache
def modules() -> tuple[Module, ...]:
    """Every module of firmline."""
    found = []
    for path in sorted(SOURCE.rglob("*.py")):
        if not path.stem.endswith("_pb2"):
            text = path.read_text(encoding="utf-8")
            lines = len(text.splitlines())
            found.append(Module(path=path, lines=lines, tree=ast.parse(text)))
    return tuple(found)


@cache
def project_files() -> tuple[Path, ...]:
    """Every file that is, or is about to be, in the repository."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listing = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return tuple(path for path in sorted(ROOT.rglob("*")) if _belongs(path))
    names = listing.decode().split("\0")
    return tuple(ROOT / name for name in names if name and (ROOT / name).is_file())


def _belongs(path: Path) -> bool:
    """Whether a file of an unpacked archive (no git) belongs to the project."""
    parts = path.relative_to(ROOT).parts
    hidden = any(part.startswith((".venv", ".mypy", ".ruff", ".pytest")) for part in parts)
    return path.is_file() and not hidden and not BUILT.intersection(parts)
