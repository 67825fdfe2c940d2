"""The recipe that ``firmline line init`` writes: commented, and one that can be run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from firmline.formats.known_softdevices import describe_fwid

DEFAULT_PACKAGE: Final = "dfu.zip"
"""The package of a recipe that was begun without one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageFacts:
    """What a recipe takes from its package.

    Attributes:
        file: Its name.
        sha256: Of the file, hexadecimal; empty: not known.
        hw_versions: Those that its init packets name.
        softdevices: FWIDs of those that a unit may have when it gets the package; empty: none.
        knows_softdevices: Whether the package says so.
    """

    file: str = DEFAULT_PACKAGE
    sha256: str = ""
    hw_versions: Sequence[int] = ()
    softdevices: Sequence[int] = ()
    knows_softdevices: bool = False


def recipe_text(facts: PackageFacts) -> str:
    """A recipe to start from, for this package."""
    return (
        _HEAD
        + _hardware(facts)
        + _PACKAGE.replace("FILE", _quoted(facts.file)).replace("SHA256\n", _sha256(facts))
        + _STEPS
    )


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _hardware(facts: PackageFacts) -> str:
    versions = ", ".join(map(str, facts.hw_versions))
    hardware = f"hw_versions = [{versions}]" if versions else "# hw_versions = [52]"
    fwids = ", ".join(f"0x{each:04X}" for each in facts.softdevices)
    known = ", ".join(describe_fwid(each) for each in facts.softdevices)
    softdevices = f"softdevices = [{fwids}]" if facts.knows_softdevices else _NO_SOFTDEVICES
    return f"{hardware}\n{softdevices}{f'  # {known}' if known else ''}\n"


def _sha256(facts: PackageFacts) -> str:
    if facts.sha256:
        return f'sha256 = "{facts.sha256}"\n'
    return (
        "# Which bytes were released; firmline pkg display prints it. Without it any package of"
        ' that\n# name is sent.\n# sha256 = "..."\n'
    )


_NO_SOFTDEVICES: Final = "# softdevices = [0x0103]"
_HEAD: Final = """\
# What is done to each unit, in this order. `firmline line check recipe.toml` reads it as a station
# does. Every key stands in the reference, "Recipes".

schema = 1                 # the form of this file
name = "my-product"        # what records call it
version = 1                # raise it with every change
title = "My product, final update"

[product]
name = "My product"
revision = "A"
# What its barcodes look like: \\d is a digit, [A-Z] one of several, {6} how many.
serial_number = '[A-Z0-9-]{4,20}'
# What a package has to be made for, and what a unit may have when it comes. Without a line it is
# not compared here; the unit's bootloader does so in any case.
"""
_PACKAGE: Final = """
[[packages]]
name = "application"
file = FILE
SHA256
# The first attempt of a unit is kept apart from its retests. After three failed runs it goes to
# rework; what was the station's fault (ERROR) does not count.
[retest]
strikes = 3
counted = ["fail"]
"""
_STEPS: Final = """
[[steps]]
kind = "scan"

[[steps]]
kind = "find"
by = "name"                # or address, usb (the barcode is its address, its serial number), slot
advertised = "Product {serial_number}"
timeout_s = 20
retries = 1

[[steps.limits]]
measurement = "rssi"
unit = "dBm"
at_least = -85
marginal = -75             # from -85 to -75 it passes, and is said to be marginal

[[steps]]
kind = "inspect"

# A weak cell fails here, not in the middle of the update. Take it out of a unit without a battery.
# [[steps]]
# kind = "battery"
# load_s = 2
#
# [[steps.limits]]
# measurement = "loaded_voltage"
# unit = "V"
# in_range = [2.2, 3.4]
# marginal_range = [2.5, 3.3]

[[steps]]
kind = "preflight"
package = "application"

[[steps]]
kind = "update"
package = "application"
timeout_s = 300

[[steps]]
kind = "verify"

[[steps]]
kind = "measure"

[[steps.limits]]
measurement = "duration"
unit = "s"
at_most = 180
marginal = 120

[[steps.limits]]
measurement = "attempts"
at_most = 3
marginal = 1

# A step of yours: def check_led(step): ... in fixture.py beside this file. What it returns, such as
# {"led_current": 4.1}, is compared with the limits.
# [[steps]]
# kind = "custom"
# name = "led"
# title = "Look at the LED"
# call = "fixture:check_led"
# timeout_s = 10
#
# [[steps.limits]]
# measurement = "led_current"
# unit = "mA"
# in_range = [3, 6]

[[steps]]
kind = "label"
text = "{product} {revision} {serial_number}"
on_fail = "go-on"          # a printer without paper does not fail the unit
"""
