"""What is said where an optional part of the installation is missing: the same of each."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from firmline.errors import Code, TransportError, TransportReason
from firmline.links.bumble.problems import part_missing
from firmline.links.extras import extra_missing
from firmline.links.serial import problems as serial_problems
from firmline.links.usb import problems as usb_problems

PYPROJECT = Path(__file__).parents[3] / "pyproject.toml"
ERRORS = [
    ("hci", part_missing("usb:0", ImportError(name="libusb1"))),
    ("serial", serial_problems.extra_missing()),
    ("usb", usb_problems.extra_missing()),
    ("ble", extra_missing("ble", "Bluetooth needs Bleak", alternative="use none")),
]


@pytest.mark.parametrize(("extra", "error"), ERRORS, ids=[extra for extra, _ in ERRORS])
def test_the_command_that_installs_an_extra_is_told(extra: str, error: TransportError) -> None:
    assert (error.code, error.reason) == (Code.LINK_EXTRA_MISSING, TransportReason.NOT_AVAILABLE)
    assert error.message.endswith(", which is not installed here.")
    # Whoever works in a clone is not sent to a registry.
    in_a_clone = f"Install it: pip install '.[{extra}]' in a clone of firmline, "
    assert error.hint.startswith(f"{in_a_clone}pip install 'firmline[{extra}]' otherwise")
    extras = tomllib.loads(PYPROJECT.read_text())["project"]["optional-dependencies"]
    assert extra in extras
