"""Copies the sample of recorded sessions that is kept with the tests (data/PROVENANCE.md).

Run from the top of the checkout, beside the recorded evidence::

    PYTHONPATH=src:tests .venv/bin/python tests/golden/device/regenerate_sample.py
"""

from __future__ import annotations

import gzip
import json
from pathlib import Path

PROFILE = "sdk15.3-ble"
SAMPLE_PATH = Path(__file__).parent / "data" / "sessions.jsonl.gz"
SAMPLE = (
    "boot/gpregret-ff",
    "boot/inactivity-dataexec",
    "boot/settings-adv-name",
    "boot/settings-stored-init-short",
    "boot/settings-v1-both",
    "happy/app-bv3-bad",
    "happy/app-mtu24",
    "happy/app-prn3",
    "happy/bl-5000",
    "happy/sd-fwid",
    "happy/sdbl-major",
    "init/encoding2/1",
    "init/malformed1/2",
    "init/sdreq1/1",
    "init/version/0",
    "objects/cccd",
    "objects/leak-long-20",
    "objects/obj7",
    "objects/unaligned-22",
    "optrace/abort",
    "optrace/app-far",
    "random/032",
    "random/128",
    "resume/cut-part",
    "resume/reset-power-exec",
)
"""Names without the profile: some of every kind that the virtual unit replays by now."""


def sample_of(transcripts: Path) -> list[str]:
    """The sampled sessions as recorded, one JSON line each, sorted by name."""
    wanted = {name.replace("/", f"/{PROFILE}/", 1) for name in SAMPLE}
    found = {}
    for path in sorted(transcripts.glob("*.jsonl.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            for line in lines:
                name = json.loads(line)["id"]
                if name in wanted:
                    found[name] = line.rstrip("\n")
    return [found[name] for name in sorted(wanted)]


def main() -> None:
    """Write the sample anew."""
    transcripts = Path(__file__).resolve().parents[4] / "shared" / "data" / "transcripts"
    text = "\n".join(sample_of(transcripts)) + "\n"
    SAMPLE_PATH.write_bytes(gzip.compress(text.encode(), mtime=0))


if __name__ == "__main__":
    main()
