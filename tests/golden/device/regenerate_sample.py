"""Copies the sample of recorded sessions that is kept with the tests (data/PROVENANCE.md).

Run from the top of the checkout, beside the recorded evidence::

    PYTHONPATH=src:tests .venv/bin/python tests/golden/device/regenerate_sample.py
"""

from __future__ import annotations

import gzip
import json
from pathlib import Path

SAMPLE_PATH = Path(__file__).parent / "data" / "sessions.jsonl.gz"
SAMPLE = (
    # Registers, timers, settings pages of every kind.
    "boot/sdk15.3-ble/gpregret-ff",
    "boot/sdk15.3-ble/inactivity-dataexec",
    "boot/sdk15.3-ble/settings-adv-name",
    "boot/sdk15.3-ble/settings-stored-init-short",
    "boot/sdk15.3-uart-256k/reset-pin",
    "boot/sdk15.3-uart/settings-bank1-sd-nomagic",
    "boot/sdk15.3-uart/settings-stored-init-progress",
    "boot/sdk15.3-uart/settings-v1-adv",
    "boot/sdk17.1-ble/gpregret-b5",
    "boot/sdk17.1-uart/gpregret2-ab",
    # One flash operation silently lost.
    "dropop/sdk15.3-ble/app-final-3000",
    "dropop/sdk17.1-uart/app-data-700",
    # Whole updates.
    "happy/sdk15.3-ble-256k/bl-then-app",
    "happy/sdk15.3-ble/app-bv3-bad",
    "happy/sdk15.3-ble/app-mtu24",
    "happy/sdk15.3-ble/app-prn3",
    "happy/sdk15.3-ble/sd-fwid",
    "happy/sdk15.3-uart-256k/info",
    "happy/sdk17.1-ble/sd-family",
    "happy/sdk17.1-uart/mbronly-sdbl",
    # Init packets.
    "init/sdk15.3-ble-256k/malformed2/1",
    "init/sdk15.3-ble/sdreq1/1",
    "init/sdk15.3-uart/encoding1/0",
    "init/sdk17.1-uart/hash/1",
    # Objects, receipts, the buffers that refused writes cost.
    "objects/sdk15.3-ble/cccd",
    "objects/sdk15.3-ble/leak-long-20",
    "objects/sdk15.3-ble/unaligned-22",
    "objects/sdk15.3-uart/leak-long-3",
    "objects/sdk15.3-uart/leak-noinit-4",
    "objects/sdk17.1-uart/prn-errors2",
    # Every flash operation, power cuts among them.
    "optrace/sdk15.3-ble/abort",
    "optrace/sdk15.3-uart/app-powerloss-2600",
    "optrace/sdk17.1-ble/sdbl-powerloss-5500",
    # Power lost at one operation.
    "powerloss/sdk15.3-ble/app-init-100",
    "powerloss/sdk15.3-uart/app-init-100",
    "powerloss/sdk15.3-uart/upgrade-v1-100",
    "powerloss/sdk17.1-ble/sd-final-4423",
    "powerloss/sdk17.1-uart/bl-final-2954",
    # Whatever a random host did.
    "random/sdk15.3-ble-256k/025",
    "random/sdk15.3-uart-256k/003",
    "random/sdk15.3-uart/063",
    "random/sdk17.1-ble/113",
    # Cut off, and taken up again.
    "resume/sdk15.3-ble/reset-power-exec",
    "resume/sdk15.3-uart-256k/cut-multi",
    "resume/sdk17.1-ble/cut-part2",
    # Raw SLIP bytes.
    "slip/sdk15.3-uart-256k/reset-inside",
    "slip/sdk15.3-uart/long-132",
    "slip/sdk15.3-uart/short-create",
    "slip/sdk17.1-uart/escape-end",
    # 256 kB, where not everything fits.
    "space256/sdk15.3-ble-256k/app30724-app57344",
    "space256/sdk15.3-uart-256k/sd-small-empty",
)
"""Some of every category and of every recorded profile, and what the spec's section 16 leans on."""


def sample_of(transcripts: Path) -> list[str]:
    """The sampled sessions as recorded, one JSON line each, in the order of :data:`SAMPLE`."""
    found = {}
    for path in sorted(transcripts.glob("*.jsonl.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            for line in lines:
                name = json.loads(line)["id"]
                if name in SAMPLE:
                    found[name] = line.rstrip("\n")
    return [found[name] for name in SAMPLE]


def main() -> None:
    """Write the sample anew."""
    transcripts = Path(__file__).resolve().parents[4] / "shared" / "data" / "transcripts"
    text = "\n".join(sample_of(transcripts)) + "\n"
    SAMPLE_PATH.write_bytes(gzip.compress(text.encode(), mtime=0))


if __name__ == "__main__":
    main()
