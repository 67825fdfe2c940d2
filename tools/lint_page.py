"""Write ``docs/reference/lint.md`` from ``src/firmline/data/lint.toml``.

Usage: ``python tools/lint_page.py [--check]``. With ``--check`` nothing is written; the exit status
is 1 when the page is not what the data say.
"""

from __future__ import annotations

import sys
from pathlib import Path

from firmline.data import load_table
from firmline.formats.lint import Slug

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "reference" / "lint.md"

INTRODUCTION = """\
# Lint

<!-- Made by tools/lint_page.py from src/firmline/data/lint.toml: change it there. -->

What firmline finds in firmware and packages that are well-formed and still probably a mistake. `pkg
generate` prints each finding as a warning that ends with its name in brackets, and makes the
package; with `--strict` any finding ends the command with exit code 2 before a file is written
([DFU-LINT-001](errors.md#dfu-lint-001)). `pkg check` prints the same findings of a package that is
there, and with `--strict` does not let it pass. What is certainly wrong is refused in any case.
Names never change.

An application for another chip (`--external-app`) is not looked into. Files of plain bytes do not
say where they begin: what needs an address is not found in them, except that their reset vector
tells what they were linked for.
"""


def page() -> str:
    """The whole page, in the order of the findings."""
    table = load_table("lint")
    return INTRODUCTION + "".join(
        f"\n## {slug}\n\n**{table[slug]['title']}.** {table[slug]['meaning']}\n\n"
        f"*Next:* {table[slug]['do']}\n"
        for slug in Slug
    )


def main(arguments: list[str]) -> int:
    """Write the page, or compare it; the exit status."""
    text = page()
    if arguments == ["--check"]:
        fresh = PAGE.exists() and PAGE.read_text(encoding="utf-8") == text
        print("lint.md is as the data say" if fresh else "lint.md is stale")
        return 0 if fresh else 1
    PAGE.write_text(text, encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
