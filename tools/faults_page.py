"""Write ``docs/reference/faults.md`` from ``firmline.device.faults.plan``.

Usage: ``python tools/faults_page.py [--check]``. With ``--check`` nothing is written; the exit
status is 1 when the page is not what the faults say.
"""

from __future__ import annotations

import sys
from dataclasses import MISSING, Field, fields
from pathlib import Path
from typing import Any

from firmline.device.faults.plan import FAULTS, Fault, PacketFault

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "reference" / "faults.md"

INTRODUCTION = """\
# Faults of the virtual unit

<!-- Made by tools/faults_page.py from src/firmline/device/faults/plan.py: change it there. -->

What can be wrong with a virtual unit, its road or its host, each under one name. A unit can have
any number of faults. The same faults with the same seed give the same run, to the byte of the
unit's log. A fault that strikes is in that log as `fault` with its name; one that can do nothing to
the unit that has it is there once, as `fault_without_effect` with the reason.

Faults *of packets* concern writes to the packet characteristic and serial frames, or the
bootloader's answers. They are counted over all of the unit's time in its bootloader, so that what
is counted is met once, and not again after a retry.
"""


def page() -> str:
    """The whole page."""
    return INTRODUCTION + "".join(_section(kind) for kind in FAULTS.values())


def _section(kind: type[Fault]) -> str:
    rows = "".join(_row(field) for field in fields(kind))
    table = f"| field | default | values | |\n|---|---|---|---|\n{rows}\n" if rows else ""
    about = " *Of packets.*" if issubclass(kind, PacketFault) else ""
    needs = " ".join(_needs(kind))
    return (
        f"\n## {kind.name}\n\n{_sentence(kind.meaning)}{about}\n\n"
        f"*Symptom:* {kind.symptom}.\n\n{needs and needs + chr(10) * 2}{table}"
    ).rstrip() + "\n"


def _needs(kind: type[Fault]) -> list[str]:
    said = []
    if kind.needs_physics:
        said.append("Needs physics: in lock step it does nothing.")
    if kind.needs_radio:
        said.append("Bluetooth LE only: to a UART or USB bootloader it does nothing.")
    return said


def _row(field: Field[Any]) -> str:
    about = field.metadata
    default = "needed" if field.default is MISSING else f"`{field.default}`"
    if "choices" in about:
        values = ", ".join(f"`{choice}`" for choice in about["choices"])
    else:
        values = f"{about['least']} to {about['most']}"
    return f"| `{field.name}` | {default} | {values} | {about['says']} |\n"


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."


def main(arguments: list[str]) -> int:
    """Write the page, or compare it; the exit status."""
    text = page()
    if arguments == ["--check"]:
        fresh = PAGE.exists() and PAGE.read_text(encoding="utf-8") == text
        print("faults.md is as the faults say" if fresh else "faults.md is stale")
        return 0 if fresh else 1
    PAGE.write_text(text, encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
