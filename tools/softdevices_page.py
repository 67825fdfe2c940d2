"""Write ``docs/reference/softdevices.md`` from ``src/firmline/data/softdevices.toml``.

Usage: ``python tools/softdevices_page.py [--check]``. With ``--check`` nothing is written; the exit
status is 1 when the page is not what the data say.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Sequence
from pathlib import Path

from firmline.data import load_table
from firmline.formats.known_softdevices import KnownSoftDevice, known_softdevices

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "reference" / "softdevices.md"

INTRODUCTION = """\
# SoftDevices

<!-- Made by tools/softdevices_page.py from src/firmline/data/softdevices.toml: change it there. -->

The SoftDevices that firmline knows by name. `--sd-req` and `--sd-id` take the names beside numbers:
`s132-6.1.1`, or as Nordic's files are named, `s132_nrf52_6.1.1`; case does not matter. A SoftDevice
that is not here is used by its number (read it at flash address 0x300C); nothing refuses it.
`firmline pkg softdevices` prints this table, `--json` with the source of every figure.

*Application* is where an application for it begins: the first address behind the SoftDevice, MBR
included (what its own information says at 0x3008). In parentheses: where published applications for
it begin, an indirect figure which nothing is refused for. *Image* is the SoftDevice without the MBR
in bytes, as an update carries it. *RAM* is the least that it takes, counted from 0x20000000; most
configurations need more. What is not known is left empty. Small numbers name the sources below.
"""


def page() -> str:
    """The whole page."""
    rows = known_softdevices()
    texts = list(load_table("softdevices")["sources"].values())
    parts = [INTRODUCTION]
    for name, group in itertools.groupby(rows, key=lambda known: known.name):
        parts.append(f"\n## {name}\n\n| version | chip | FWID | application | image | RAM |\n")
        parts.append("|---|---|---|---|---|---|\n")
        parts += [_row(known, texts) for known in group]
    parts.append("\n## Sources\n\n")
    parts += [f"{number}. {text}\n" for number, text in enumerate(texts, 1)]
    return "".join(parts)


def _row(known: KnownSoftDevice, texts: Sequence[str]) -> str:
    def cell(figure: str, text: str) -> str:
        if getattr(known, figure) is None:
            return ""
        return f"{text} <sup>{texts.index(known.sources[figure]) + 1}</sup>"

    start = cell("end", f"`0x{known.end or 0:X}`")
    start = start or cell("linked_at", f"(`0x{known.linked_at or 0:X}`)")
    cells = (
        ", ".join((known.version, *known.also)),
        known.chip,
        cell("fwid", f"`{known.fwid}`"),
        start,
        cell("image_size", f"{known.image_size or 0:,}"),
        cell("ram", f"`0x{known.ram or 0:X}`"),
    )
    return f"| {' | '.join(cells)} |\n"


def main(arguments: list[str]) -> int:
    """Write the page, or compare it; the exit status."""
    text = page()
    if arguments == ["--check"]:
        fresh = PAGE.exists() and PAGE.read_text(encoding="utf-8") == text
        print("softdevices.md is as the data say" if fresh else "softdevices.md is stale")
        return 0 if fresh else 1
    PAGE.write_text(text, encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
