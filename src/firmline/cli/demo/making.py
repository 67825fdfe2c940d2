"""What a maker has before a shift begins, written into the folder of the demonstration."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from firmline.cli.demo.gallery import unit_files
from firmline.device.synthetic import synthetic_program
from firmline.formats.keys import SigningKey
from firmline.formats.records import format_intel_hex
from firmline.formats.spans import Span

APPLICATION_SIZE: Final = 20_000
"""Bytes; with all steps about 14 s of a unit's time, so that forty fit into a minute of ours."""
APPLICATION_START: Final = 0x19000
"""Where S112 7.2.0 ends (``data/softdevices.toml``), whose FWID the virtual units have."""
RECIPE: Final = """\
schema = 1
name = "demo"
version = 1
title = "Demonstration"

[product]
name = "Tag"
serial_number = 'SN-\\d{4}'
softdevices = [0x0103]

[[packages]]
name = "application"
file = "dfu.zip"

[retest]
strikes = 3
counted = ["fail"]

[[steps]]
kind = "scan"

[[steps]]
kind = "find"
by = "name"
advertised = "Tag {serial_number}"
timeout_s = 20

[[steps]]
kind = "inspect"

[[steps]]
kind = "preflight"

[[steps]]
kind = "update"
timeout_s = 300

[[steps]]
kind = "verify"

[[steps]]
kind = "measure"

[[steps.limits]]
measurement = "duration"
unit = "s"
at_most = 30

[[steps.limits]]
measurement = "attempts"
at_most = 3
marginal = 1
"""


def application_hex() -> str:
    """The application of the demonstration, as a linker would write it."""
    program = synthetic_program("demo application", APPLICATION_SIZE, base=APPLICATION_START)
    return format_intel_hex([Span(address=APPLICATION_START, data=program)])


def write_units(folder: Path, key: Path) -> int:
    """Write the unit files, each named after its unit's serial number; how many there are.

    Args:
        folder: Where to; it is made.
        key: The maker's private key, whose public half the units trust.
    """
    public = SigningKey.parse_pem(key.read_bytes(), name=key.name).public_key
    files = unit_files(public)
    folder.mkdir()
    for serial, text in files.items():
        (folder / f"{serial}.toml").write_text(text, encoding="utf-8")
    return len(files)
