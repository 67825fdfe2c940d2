"""A unit that is named the wrong way: the command says how it wants it."""

from __future__ import annotations

import pytest

from firmline.errors import Code
from unit.cli.program import Program, assert_failed

INSPECT = "The target stands there without an option: firmline inspect URI."
UPDATE = "Here --to names it: firmline update ... --to URI."
SCAN = "Here --on names it: firmline scan ... --on RADIO."
CHECK = "Here --to names it: firmline pkg check ... --to URI."


@pytest.mark.parametrize(
    ("line", "told", "instead"),
    [
        ("inspect --to sim:ble-reference", "No such option '--to'.", INSPECT),
        ("inspect --on ble", "No such option '--on'.", INSPECT),
        ("scan --to usb", "No such option '--to'.", SCAN),
        ("scan usb:", "unexpected extra argument (usb:)", SCAN),
        ("update a.zip --on sim:ble-reference", "No such option '--on'.", UPDATE),
        ("update a.zip sim:ble-reference", "Missing option '--to'.", UPDATE),
        ("update a.zip --to sim:a sim:b", "unexpected extra argument (sim:b)", UPDATE),
        ("pkg check a.zip ble:name=Tag", "unexpected extra argument (ble:name=Tag)", CHECK),
        ("dfu serial -pkg a.zip --to serial:x", "No such option '--to'.", "Here -p or -snr names"),
        ("dfu usb-serial -pkg a.zip usb:E1", "extra argument (usb:E1)", "Here -p or -snr names"),
        ("dfu ble -pkg a.zip --to ble:x", "No such option '--to'.", "Here -a or -n names"),
    ],
)
def test_a_unit_named_the_wrong_way_is_told_the_right_one(
    line: str, told: str, instead: str, firmline: Program
) -> None:
    ran = firmline(*line.split())
    assert_failed(ran, Code.USAGE)
    assert told in ran.err
    assert f"next: {instead}" in ran.err
    assert ran.err.rstrip().endswith(" --help.")
    assert "Did you mean" not in ran.err


@pytest.mark.parametrize(
    "line",
    [
        "trace show --on csv t.jsonl",
        "pkg display --to x",
        "update a.zip --to sim:a b.zip",
        "bonds list sim:ble-reference",
        "update a.zip --to sim:a --nope",
    ],
)
def test_what_is_no_unit_is_told_nothing_about_one(line: str, firmline: Program) -> None:
    ran = firmline(*line.split())
    assert_failed(ran, Code.USAGE)
    assert "  next: See firmline " in ran.err
