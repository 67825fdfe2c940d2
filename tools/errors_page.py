"""Write ``docs/reference/errors.md`` from ``src/firmline/data/errors.toml``.

Usage: ``python tools/errors_page.py [--check]``. With ``--check`` nothing is written; the exit
status is 1 when the page is not what the data say.
"""

from __future__ import annotations

import itertools
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / "src" / "firmline" / "data" / "errors.toml"
PAGE = ROOT / "docs" / "reference" / "errors.md"

INTRODUCTION = """\
# Error codes

<!-- Made by tools/errors_page.py from src/firmline/data/errors.toml: change it there. -->

Every failure has a stable code. A code is never renumbered and never used for something else. The
exit code of the command says whose turn it is: yours (2), the link's or the station's (3), the
unit's (4), nobody's yet, because the end was not seen or a signature does not hold (5), or ours
(70).
"""

#: The group of codes (the middle word), its heading and the exit code of its errors.
GROUPS = {
    "ARG": ("The command line", 2),
    "FILE": ("Files", 2),
    "IMG": ("Firmware images", 2),
    "KEY": ("Keys and signatures", 2),
    "TOKEN": ("Tokens that sign", 2),
    "SIGN": ("Signing in two steps", 2),
    "PKG": ("Packages", 2),
    "MCU": ("Images and packages for MCUboot", 2),
    "LINT": ("Lint", 2),
    "INIT": ("Init packets", 2),
    "PROBE": ("Probe packs", 2),
    "TRUST": ("Signatures that do not hold", 5),
    "OTA": ("Zigbee OTA Upgrade files", 2),
    "SET": ("Bootloader settings pages", 2),
    "SIM": ("Recorded sessions and virtual units", 2),
    "TRACE": ("Traces and captures that are read", 2),
    "DIAG": ("Failures that are to be diagnosed", 2),
    "DUMP": ("Dumps of a unit's flash", 2),
    "SWD": ("Debug probes", 3),
    "EXP": ("Experiments", 2),
    "PSU": ("Supplies of experiments", 3),
    "RCP": ("Recipes of a production line", 2),
    "STN": ("The station of a production line", 2),
    "PLAN": ("Campaigns and the queue", 2),
    "SYNC": ("Records on their way to the centre", 3),
    "LINK": ("The road to the unit", 3),
    "ENTER": ("Into the bootloader", 3),
    "BLE": ("The computer's own Bluetooth", 3),
    "PORT": ("Serial ports", 3),
    "USB": ("USB devices", 3),
    "HCI": ("Bluetooth controllers", 3),
    "NRF": ("nRF Connectivity dongles", 3),
    "PROTO": ("Answers that make no sense", 3),
    "UNIT": ("The unit said no", 4),
    "END": ("The end was not seen", 5),
    "REC": ("Records of the production line", 3),
    "ACC": ("Accounts and keys of the production line", 2),
    "AUDIT": ("The audit trail of the production line", 5),
    "WEB": ("Pages and the API of a line", 3),
    "STORE": ("Traces and what is printed", 3),
    "BUG": ("A defect of firmline", 70),
}


def group_of(code: str) -> str:
    """The middle word of a code: ``DFU-PKG-003`` -> ``PKG``."""
    return code.split("-")[1]


def page(errors: dict[str, dict[str, str]]) -> str:
    """The whole page for these entries, in their order."""
    parts = [INTRODUCTION]
    for group, codes in itertools.groupby(errors, key=group_of):
        heading, exit_code = GROUPS[group]
        parts.append(f"\n## {heading}\n\nExit code {exit_code}.\n")
        for code in codes:
            entry = errors[code]
            parts.append(
                f"\n### {code}\n\n**{entry['title']}.** {entry['meaning']}\n\n"
                f"*Next:* {entry['do']}\n"
            )
    return "".join(parts)


def main(arguments: list[str]) -> int:
    """Write the page, or compare it; the exit status."""
    text = page(tomllib.loads(DATA.read_text(encoding="utf-8")))
    if arguments == ["--check"]:
        fresh = PAGE.exists() and PAGE.read_text(encoding="utf-8") == text
        print("errors.md is as the data say" if fresh else "errors.md is stale: run make docs")
        return 0 if fresh else 1
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(text, encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
